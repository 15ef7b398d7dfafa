// Functions that pick elements, or put them somewhere; `keras/src/ops/core.py`, `numpy.py`.

family("indexing", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;
  const float = (x) => tf.cast(x, "float32");

  const isSlice = (item) => item !== null && typeof item === "object" && "slice" in item;
  const isEllipsis = (item) => item !== null && typeof item === "object" && "ellipsis" in item;

  /** One subscript for each axis, and null for each new axis. */
  function subscripts(key, rank) {
    const keys = Array.isArray(key) ? key : [key];
    const used = keys.filter((item) => item !== null && !isEllipsis(item)).length;
    const rest = Array(rank - used).fill({ slice: [null, null, null] });
    const at = keys.findIndex(isEllipsis);
    return at < 0 ? [...keys, ...rest] : [...keys.slice(0, at), ...rest, ...keys.slice(at + 1)];
  }

  const integer = (value) => (value === null ? null : Math.round(numeric.number(value)));

  /** The first index, the step and the number of indices in a slice, as in Python. */
  function range([startGiven, stopGiven, stepGiven], size) {
    const [start, stop, step] = [integer(startGiven), integer(stopGiven), integer(stepGiven) ?? 1];
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const place = (value, other) =>
      value === null ? other : Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const first = place(start, step > 0 ? 0 : size - 1);
    const last = place(stop, step > 0 ? size : -1);
    return { first, step, count: Math.max(Math.ceil((last - first) / step), 0) };
  }

  function sliced(x, axis, parts) {
    const { first, step, count } = range(parts, x.shape[axis]);
    if (step === 1) {
      const begin = x.shape.map((_, one) => (one === axis ? first : 0));
      return tf.slice(x, begin, x.shape.map((size, one) => (one === axis ? count : size)));
    }
    const indices = [...Array(count).keys()].map((index) => first + index * step);
    return tf.gather(x, tf.tensor1d(indices, "int32"), axis);
  }

  function item(x, key) {
    let made = x;
    let axis = 0;
    for (const part of subscripts(key, x.rank)) {
      if (part === null) made = tf.expandDims(made, axis);
      else if (isSlice(part)) made = sliced(made, axis, part.slice);
      else {
        const index = integer(part);
        const at = index < 0 ? index + made.shape[axis] : index;
        made = tf.squeeze(sliced(made, axis, [at, at + 1, 1]), [axis]);
        continue;
      }
      axis += 1;
    }
    return made;
  }

  /** Indices as they are counted from the front; negative ones are counted from the end. */
  const counted = (indices, size) =>
    numeric.integers(tf.add(indices, tf.mul(float(tf.less(indices, 0)), size)));

  function taken(x, indices, axis) {
    if (axis === null) return taken(tf.reshape(x, [-1]), indices, 0);
    const [at] = numeric.axes(x.rank, axis);
    return tf.gather(x, counted(t(indices), x.shape[at]), at);
  }

  /**
   * Take one element of the last axis for each index. This multiplies by one-hot rows, because
   * TF.js's gather has no gradient for several batch axes.
   */
  function takeAlong(x, indices) {
    const size = x.shape[x.rank - 1];
    const shape = [...indices.shape, size];
    const hot = tf.reshape(numeric.oneHot(indices, size), shape);
    const wide = tf.expandDims(x, x.rank - 1);
    const chosen = numeric.where(tf.cast(hot, "bool"), wide, 0);
    return tf.sum(chosen, -1);
  }

  function takenAlong(x, indices, axis) {
    if (axis === null) return takenAlong(tf.reshape(x, [-1]), tf.reshape(indices, [-1]), 0);
    const [at] = numeric.axes(x.rank, axis);
    const order = [...x.shape.keys()].filter((one) => one !== at).concat(at);
    const back = order.map((_, index) => order.indexOf(index));
    const [from, which] = [tf.transpose(x, order), tf.transpose(indices, order)];
    const made = takeAlong(from, counted(which, x.shape[at]));
    return tf.transpose(made, back);
  }

  /** `tf.gather` with axes that are common to both tensors. */
  function takenInBatch(x, indices, axis, batch) {
    if (!batch) return taken(x, indices, axis);
    const [at] = numeric.axes(x.rank, axis);
    const rows = tf.unstack(x);
    const which = tf.unstack(t(indices));
    return tf.stack(rows.map((row, index) => takenInBatch(row, which[index], at - 1, batch - 1)));
  }

  function takenByRows(x, indices, batch) {
    if (!batch) return tf.gatherND(x, numeric.integers(indices));
    const which = tf.unstack(indices);
    return tf.stack(tf.unstack(x).map((row, index) => takenByRows(row, which[index], batch - 1)));
  }

  /** `inputs`, of which the part that begins at `starts` is replaced by `updates`. */
  function updated(inputs, starts, updates) {
    const padding = inputs.shape.map((size, axis) => {
      const before = Math.min(Math.max(starts[axis], 0), size - updates.shape[axis]);
      return [before, size - updates.shape[axis] - before];
    });
    const inside = tf.pad(tf.onesLike(updates), padding);
    return numeric.where(tf.cast(inside, "bool"), tf.pad(updates, padding), inputs);
  }

  function hot(x, classes, axis) {
    const made = tf.reshape(numeric.oneHot(x, classes), [...x.shape, classes]);
    const order = [...Array(x.rank).keys()];
    order.splice(numeric.axes(x.rank + 1, axis)[0], 0, x.rank);
    return tf.transpose(made, order);
  }

  const combined = {
    add: (old, sums) => tf.add(old, sums),
    max: tf.maximum,
    min: tf.minimum,
    mul: tf.mul,
  };

  /** Apply one update after another, so that the last one for an index counts. */
  function scattered(inputs, indices, updates, reduction) {
    const depth = indices.shape[indices.rank - 1];
    const size = (sizes) => sizes.reduce((total, one) => total * one, 1);
    const places = size(inputs.shape.slice(0, depth));
    const strides = inputs.shape.slice(0, depth).map((_, axis) =>
      size(inputs.shape.slice(axis + 1, depth)),
    );
    const flat = tf.reshape(inputs, [places, -1]);
    const which = tf.reshape(numeric.integers(indices), [-1, depth]).arraySync();
    const rows = tf.reshape(updates, [which.length, -1]);
    const lists = [...Array(places)].map(() => []);
    which.forEach((index, row) => {
      const place = index.reduce((sum, one, axis) => {
        const counted = one < 0 ? one + inputs.shape[axis] : one;
        return sum + counted * strides[axis];
      }, 0);
      lists[place].push(row);
    });
    const made = lists.map((list, place) => {
      const old = tf.gather(flat, place);
      if (!list.length) return old;
      const news = list.map((row) => tf.gather(rows, row));
      if (!reduction) return news[news.length - 1];
      return news.reduce((sum, one) => combined[reduction](sum, one), old);
    });
    return tf.reshape(tf.stack(made), inputs.shape);
  }

  taking(["x", "key"], {
    getItem: ({ x, key }) => item(t(x), key),
  });

  taking(["inputs", "startIndices", "shape"], {
    slice: ({ inputs, startIndices, shape }) => {
      const x = t(inputs);
      const starts = numeric.values(startIndices).map(Math.round);
      const lengths = numeric.sizes(shape);
      const full = lengths.map((size, axis) => (size === -1 ? x.shape[axis] - starts[axis] : size));
      // A window that would reach over the end is moved.
      const begin = starts.map((start, axis) =>
        Math.max(Math.min(start, x.shape[axis] - full[axis]), 0),
      );
      return tf.slice(x, begin, full);
    },
  });

  taking(["inputs", "startIndices", "updates"], {
    sliceUpdate: ({ inputs, startIndices, updates }) =>
      updated(t(inputs), numeric.values(startIndices), t(updates)),
  });

  taking(["indices", "values", "shape"], {
    scatter: ({ indices, values, shape }) =>
      scattered(tf.zeros(numeric.sizes(shape)), t(indices), t(values), "add"),
  });

  taking(["inputs", "indices", "updates", "reduction"], {
    scatterUpdate: ({ inputs, indices, updates, reduction }) =>
      scattered(t(inputs), t(indices), t(updates), reduction),
  });

  taking(["x", "indices", "axis"], {
    take: ({ x, indices, axis }) => taken(t(x), indices, axis),
    takeAlongAxis: ({ x, indices, axis }) => takenAlong(t(x), t(indices), axis),
  });

  taking(["x", "indices", "axis", "batchDims"], {
    batchTake: ({ x, indices, axis, batchDims }) => takenInBatch(t(x), indices, axis, batchDims),
  });

  taking(["x", "indices", "batchDims"], {
    takeNd: ({ x, indices, batchDims }) => takenByRows(t(x), t(indices), batchDims),
  });

  taking(["x", "numClasses", "axis", "dtype", "sparse"], {
    oneHot: ({ x, numClasses, axis }) => hot(t(x), numClasses, axis),
  });

  taking(["inputs", "numClasses", "axis", "dtype", "sparse", "numTokens?"], {
    multiHot: ({ inputs, numClasses, axis, numTokens }) => {
      const made = hot(t(inputs), numClasses ?? numTokens, axis);
      return tf.max(made, made.rank === 2 ? 0 : 1);
    },
  });

  taking(["indices", "shape"], {
    unravelIndex: ({ indices, shape }) => {
      let rest = t(indices);
      const total = shape.reduce((product, size) => product * size, 1);
      rest = tf.add(rest, tf.mul(float(tf.less(rest, 0)), total));
      return shape
        .map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
        .map((stride, axis) => tf.mod(tf.floor(tf.div(rest, stride)), shape[axis]));
    },
  });

  taking(["x"], {
    shape: ({ x }) => tf.tensor1d(t(x).shape),
    size: ({ x }) => tf.scalar(t(x).size),
    ndim: ({ x }) => tf.scalar(t(x).rank),
  });

  return { takeAlong, sliced, hot };
});
