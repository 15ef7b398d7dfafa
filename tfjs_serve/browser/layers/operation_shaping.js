// Functions that move elements; `keras/src/ops/numpy.py`, `keras/src/ops/nn.py`.

part(({ tf, operations, numeric }) => {
  const t = (value) => numeric.tensor(value);
  const list = (value) => (Array.isArray(value) ? value : [value]);
  const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

  /** The numbers that a shape is made of; those that are not known are -1. */
  const sizes = (shape) =>
    numeric.isTensor(shape)
      ? numeric.values(shape)
      : list(shape).map((size) => (size === null ? -1 : Math.round(numeric.number(size))));

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
      return by ? tf.concat(tf.split(made, [size - by, by], at).reverse(), at) : made;
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

  /** Where each step of a padded axis comes from. */
  const sources = {
    edge: (index, size) => Math.min(Math.max(index, 0), size - 1),
    reflect: (index, size) => {
      if (size === 1) return 0;
      const period = 2 * (size - 1);
      const at = ((index % period) + period) % period;
      return at < size ? at : period - at;
    },
    symmetric: (index, size) => {
      const period = 2 * size;
      const at = ((index % period) + period) % period;
      return at < size ? at : period - 1 - at;
    },
    wrap: (index, size) => ((index % size) + size) % size,
  };

  function padded(x, widths, mode, value) {
    if (mode === "constant") return tf.pad(x, widths, numeric.number(value ?? 0));
    return widths.reduce((made, [before, after], axis) => {
      if (!before && !after) return made;
      const size = made.shape[axis];
      const indices = [...Array(size + before + after).keys()].map((index) =>
        sources[mode](index - before, size),
      );
      return tf.gather(made, tf.tensor1d(indices, "int32"), axis);
    }, x);
  }

  function widthsOf(padWidth, rank) {
    if (numeric.isTensor(padWidth)) return padWidth.arraySync();
    let widths = list(padWidth);
    if (!Array.isArray(widths[0])) widths = [widths.length === 1 ? [widths[0], widths[0]] : widths];
    const pairs = widths.map((width) => (width.length === 1 ? [width[0], width[0]] : width));
    return pairs.length === 1 ? Array(rank).fill(pairs[0]) : pairs;
  }

  /** Ones where a column is at least `k` to the right of its row. */
  const upper = (rows, columns, k) =>
    tf.cast(
      tf.greaterEqual(
        tf.sub(tf.range(0, columns), tf.expandDims(tf.range(0, rows), 1)),
        k,
      ),
      "float32",
    );
  const triangle = (x, mask) => numeric.where(tf.cast(mask, "bool"), x, 0);

  /** The diagonal of matrices in two axes as the last axis. */
  function diagonal(x, offset, axis1, axis2) {
    const [one, other] = numeric.axes(x.rank, [axis1, axis2]);
    const rest = [...x.shape.keys()].filter((axis) => axis !== one && axis !== other);
    const matrices = tf.transpose(x, [...rest, one, other]);
    const [rows, columns] = [x.shape[one], x.shape[other]];
    const flat = tf.reshape(matrices, [...rest.map((axis) => x.shape[axis]), rows * columns]);
    const indices = [];
    for (let row = 0; row < rows; row += 1) {
      const column = row + offset;
      if (column >= 0 && column < columns) indices.push(row * columns + column);
    }
    return tf.gather(flat, tf.tensor1d(indices, "int32"), flat.rank - 1);
  }

  function onDiagonal(x, k) {
    const size = x.shape[0] + Math.abs(k);
    const [row, column] = k < 0 ? [-k, 0] : [0, k];
    return tf.pad(tf.diag(x), [
      [row, size - x.shape[0] - row],
      [column, size - x.shape[0] - column],
    ]);
  }

  const withChannelsLast = (x, dataFormat, compute) =>
    dataFormat === "channelsFirst"
      ? tf.transpose(compute(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2])
      : compute(x);

  const deeper = (block) => (x) => {
    const [batch, height, width, channels] = x.shape;
    const cells = [height / block, block, width / block, block * channels];
    const turned = tf.transpose(tf.reshape(x, [batch, ...cells]), [0, 1, 3, 2, 4]);
    return tf.reshape(turned, [batch, height / block, width / block, block ** 2 * channels]);
  };

  const wider = (block) => (x) => {
    const [batch, height, width, channels] = x.shape;
    const depth = channels / block ** 2;
    const split = tf.reshape(x, [batch, height, width, block, block * depth]);
    const turned = tf.transpose(split, [0, 1, 3, 2, 4]);
    return tf.reshape(turned, [batch, height * block, width * block, depth]);
  };

  /** With the channels first: all pixels of a block follow each other within a channel. */
  function deeperChannels(x, block) {
    const [batch, channels, height, width] = x.shape;
    const cells = [channels, height / block, block, width / block, block];
    const turned = tf.transpose(tf.reshape(x, [batch, ...cells]), [0, 1, 3, 5, 2, 4]);
    return tf.reshape(turned, [batch, channels * block ** 2, height / block, width / block]);
  }

  function widerChannels(x, block) {
    const [batch, channels, height, width] = x.shape;
    const depth = channels / block ** 2;
    const split = tf.reshape(x, [batch, depth, block, block, height, width]);
    const turned = tf.transpose(split, [0, 1, 4, 2, 5, 3]);
    return tf.reshape(turned, [batch, depth, height * block, width * block]);
  }

  Object.assign(operations, {
    reshape: ({ x, newshape }) => tf.reshape(t(x), sizes(newshape)),
    batchFlatten: ({ x }) => tf.reshape(t(x), [t(x).shape[0], -1]),
    ravel: ({ x }) => tf.reshape(t(x), [-1]),
    transpose: ({ x, axes = null }) =>
      transposed(t(x), axes === null ? null : numeric.axes(t(x).rank, sizes(axes))),
    matrixTranspose: ({ x }) => swapped(t(x), -2, -1),
    swapaxes: ({ x, axis1, axis2 }) => swapped(t(x), axis1, axis2),
    moveaxis: ({ x, source, destination }) => moved(t(x), source, destination),
    rot90: ({ array, k = 1, axes = [0, 1] }) => turned(t(array), k, axes),
    expandDims: ({ x, axis }) => expanded(t(x), axis),
    squeeze: ({ x, axis = null }) => squeezed(t(x), axis),
    broadcastTo: ({ x, shape }) => tf.broadcastTo(t(x), broadcastSizes(t(x), sizes(shape))),
    flip: ({ x, axis = null }) => reversed(t(x), axis),
    fliplr: ({ x }) => reversed(t(x), 1),
    flipud: ({ x }) => reversed(t(x), 0),
    roll: ({ x, shift, axis = null }) => rolled(t(x), shift, axis),
    tile: ({ x, repeats }) => tiled(t(x), repeats),
    repeat: ({ x, repeats, axis = null }) => repeated(t(x), repeats, axis),
    pad: ({ x, padWidth, mode = "constant", constantValues = null }) =>
      padded(t(x), widthsOf(padWidth, t(x).rank), mode, constantValues),
    diag: ({ x, k = 0 }) => (t(x).rank === 1 ? onDiagonal(t(x), k) : diagonal(t(x), k, 0, 1)),
    diagflat: ({ x, k = 0 }) => onDiagonal(tf.reshape(t(x), [-1]), k),
    diagonal: ({ x, offset = 0, axis1 = 0, axis2 = 1 }) => diagonal(t(x), offset, axis1, axis2),
    trace: ({ x, offset = 0, axis1 = 0, axis2 = 1 }) =>
      tf.sum(diagonal(t(x), offset, axis1, axis2), -1),
    triu: ({ x, k = 0 }) => triangle(t(x), upper(...t(x).shape.slice(-2), k)),
    tril: ({ x, k = 0 }) => triangle(t(x), tf.sub(1, upper(...t(x).shape.slice(-2), k + 1))),
    depthToSpace: ({ x, blockSize, dataFormat, byChannel }) =>
      byChannel
        ? widerChannels(t(x), blockSize)
        : withChannelsLast(t(x), dataFormat, wider(blockSize)),
    spaceToDepth: ({ x, blockSize, dataFormat, byChannel }) =>
      byChannel
        ? deeperChannels(t(x), blockSize)
        : withChannelsLast(t(x), dataFormat, deeper(blockSize)),
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

  function broadcastSizes(x, shape) {
    const missing = shape.length - x.rank;
    return shape.map((size, axis) => (size === -1 ? x.shape[axis - missing] : size));
  }

  Object.assign(numeric, { sizes, padded, sources, withChannelsLast, upper });
});
