// Functions that move elements; `keras/src/ops/numpy.py`.

family("shaping", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;
  const { sizes } = numeric;
  const list = (value) => (Array.isArray(value) ? value : [value]);
  const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

  function transposed(x, order) {
    return tf.transpose(x, order ?? [...x.shape.keys()].reverse());
  }

  function swapped(x, one, other) {
    const order = [...x.shape.keys()];
    const [first, second] = numeric.axes(x.rank, [one, other]);
    [order[first], order[second]] = [second, first];
    return tf.transpose(x, order);
  }

  function moved(x, source, destination) {
    const sources = numeric.axes(x.rank, source);
    const targets = numeric.axes(x.rank, destination);
    const order = [...x.shape.keys()].filter((axis) => !sources.includes(axis));
    const pairs = targets.map((target, index) => [target, sources[index]]);
    pairs.sort(([one], [other]) => one - other);
    for (const [target, axis] of pairs) order.splice(target, 0, axis);
    return tf.transpose(x, order);
  }

  const reversed = (x, axis) => (x.rank ? tf.reverse(x, numeric.axes(x.rank, axis)) : x);

  function turned(x, k, [one, other]) {
    const times = ((k % 4) + 4) % 4;
    if (times === 0) return x;
    if (times === 2) return reversed(x, [one, other]);
    return times === 1
      ? reversed(swapped(x, one, other), [one])
      : swapped(reversed(x, [one]), one, other);
  }

  function expanded(x, axis) {
    const added = list(axis);
    const places = numeric.axes(x.rank + added.length, added);
    const shape = [...x.shape];
    for (const place of [...places].sort((one, other) => one - other)) shape.splice(place, 0, 1);
    return tf.reshape(x, shape);
  }

  function squeezed(x, axis) {
    const gone = axis === null ? null : numeric.axes(x.rank, axis);
    const kept = x.shape.filter((size, index) => (gone ? !gone.includes(index) : size !== 1));
    return tf.reshape(x, kept);
  }

  function rolled(x, shift, axis) {
    if (axis === null) return tf.reshape(rolled(tf.reshape(x, [-1]), shift, 0), x.shape);
    const shifts = list(shift);
    return numeric.axes(x.rank, axis).reduce((made, at, index) => {
      const size = made.shape[at];
      const by = ((shifts[index % shifts.length] % size) + size) % size;
      if (!by) return made;
      const [first, last] = tf.split(made, [size - by, by], at);
      return tf.concat([last, first], at);
    }, x);
  }

  function tiled(x, repeats) {
    const times = sizes(repeats);
    const rank = Math.max(times.length, x.rank);
    const ones = (count) => Array(Math.max(count, 0)).fill(1);
    const full = tf.reshape(x, [...ones(rank - x.rank), ...x.shape]);
    return tf.tile(full, [...ones(rank - times.length), ...times]);
  }

  function repeated(x, repeats, axis) {
    if (axis === null) return repeated(tf.reshape(x, [-1]), repeats, 0);
    const [at] = numeric.axes(x.rank, axis);
    const times = sizes(repeats);
    const indices = [...Array(x.shape[at]).keys()].flatMap((index) =>
      Array(times.length === 1 ? times[0] : times[index]).fill(index),
    );
    return tf.gather(x, tf.tensor1d(indices, "int32"), at);
  }

  function broadcastSizes(x, shape) {
    const missing = shape.length - x.rank;
    return shape.map((size, axis) => (size === -1 ? x.shape[axis - missing] : size));
  }

  taking(["x", "newshape"], {
    reshape: ({ x, newshape }) => tf.reshape(t(x), sizes(newshape)),
  });

  taking(["x"], {
    batchFlatten: ({ x }) => tf.reshape(t(x), [t(x).shape[0], -1]),
    ravel: ({ x }) => tf.reshape(t(x), [-1]),
  });

  taking(["x", "axes"], {
    transpose: ({ x, axes }) =>
      transposed(t(x), axes === null ? null : numeric.axes(t(x).rank, sizes(axes))),
  });

  taking(["x", "conjugate"], {
    matrixTranspose: ({ x }) => swapped(t(x), -2, -1),
  });

  taking(["x", "axis1", "axis2"], {
    swapaxes: ({ x, axis1, axis2 }) => swapped(t(x), axis1, axis2),
  });

  taking(["x", "source", "destination"], {
    moveaxis: ({ x, source, destination }) => moved(t(x), source, destination),
  });

  taking(["array", "k", "axes"], {
    rot90: ({ array, k, axes }) => turned(t(array), k, axes),
  });

  taking(["x", "axis"], {
    expandDims: ({ x, axis }) => expanded(t(x), axis),
    squeeze: ({ x, axis }) => squeezed(t(x), axis),
    flip: ({ x, axis }) => reversed(t(x), axis),
    fliplr: ({ x }) => reversed(t(x), 1),
    flipud: ({ x }) => reversed(t(x), 0),
  });

  taking(["x", "shape"], {
    broadcastTo: ({ x, shape }) => tf.broadcastTo(t(x), broadcastSizes(t(x), sizes(shape))),
  });

  taking(["x", "shift", "axis"], {
    roll: ({ x, shift, axis }) => rolled(t(x), shift, axis),
  });

  taking(["x", "repeats"], {
    tile: ({ x, repeats }) => tiled(t(x), repeats),
  });

  taking(["x", "repeats", "axis"], {
    repeat: ({ x, repeats, axis }) => repeated(t(x), repeats, axis),
  });

  taking(["x", "split", "order", "groups"], {
    rearrange: ({ x, split, order, groups }) => {
      const known = split.map((group, axis) => {
        const rest = product(group.filter((size) => size !== null));
        return group.map((size) => size ?? t(x).shape[axis] / rest);
      });
      const parts = tf.transpose(tf.reshape(t(x), known.flat()), order);
      let next = 0;
      const shape = groups.map((count) => product(parts.shape.slice(next, (next += count))));
      return tf.reshape(parts, shape);
    },
  });

  return { moved, repeated, swapped };
});
