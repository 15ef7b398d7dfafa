// Sorting, searching, counting and ranges; `keras/src/ops/numpy.py`, `keras/src/ops/math.py`.

part(({ tf, operations, numeric }) => {
  const t = (value) => numeric.tensor(value);
  const float = (x) => tf.cast(x, "float32");

  /** Ascending order of the last axis; equal elements keep theirs, which tf.topk does not grant. */
  function order(x) {
    const size = x.shape[x.rank - 1];
    const rows = tf.reshape(x, [-1, size]).arraySync();
    const indices = rows.map((row) =>
      [...row.keys()].sort((one, other) => row[one] - row[other]),
    );
    return tf.reshape(tf.tensor2d(indices, [rows.length, size]), x.shape);
  }

  const sorted = (compute) => ({ x, axis = -1 }) =>
    axis === null
      ? compute(tf.reshape(t(x), [-1]))
      : numeric.atEnd(t(x), axis, compute);

  function topK({ x, k }) {
    const input = t(x);
    const { indices } = tf.topk(input, k, true);
    return [numeric.takeAlong(input, float(indices)), float(indices)];
  }

  /** How many of a sorted vector lie before each value. */
  function before(sequence, values, side) {
    const wide = tf.expandDims(values, -1);
    const compare = side === "right" ? tf.lessEqual : tf.less;
    return tf.sum(float(compare(sequence, wide)), -1);
  }

  const isIn = ({ x1, x2, invert = false }) => {
    const found = tf.any(tf.equal(tf.expandDims(t(x1), -1), tf.reshape(t(x2), [-1])), -1);
    return invert ? tf.logicalNot(found) : found;
  };

  function spaced(start, stop, { num = 50, endpoint = true, axis = 0 }) {
    const [one, other] = numeric.together(t(start), t(stop));
    const parts = endpoint ? Math.max(num - 1, 1) : num;
    const steps = [...Array(num).keys()].map((index) => {
      const share = index / parts;
      return tf.add(tf.mul(one, 1 - share), tf.mul(other, share));
    });
    return tf.stack(steps, numeric.axes(one.rank + 1, axis)[0]);
  }

  Object.assign(operations, {
    sort: sorted((x) => numeric.ascending(x)),
    argsort: sorted(order),
    topK,
    searchsorted: ({ sortedSequence, values, side = "left" }) =>
      before(t(sortedSequence), t(values), side),
    digitize: ({ x, bins }) => before(t(bins), t(x), "right"),
    isin: isIn,
    bincount: ({ x, weights = null, minlength = 0 }) => {
      const input = numeric.integers(t(x));
      const size = Math.max(minlength, Math.max(-1, ...numeric.values(input)) + 1);
      const hot = float(tf.oneHot(tf.reshape(input, [-1]), size));
      const rows = tf.reshape(hot, [...input.shape, size]);
      const weighed =
        weights === null ? rows : tf.mul(rows, tf.expandDims(t(weights), -1));
      return tf.sum(weighed, input.rank - 1);
    },
    zerosLike: ({ x }) => tf.zerosLike(t(x)),
    emptyLike: ({ x }) => tf.zerosLike(t(x)),
    onesLike: ({ x }) => tf.onesLike(t(x)),
    fullLike: ({ x, fillValue }) => tf.broadcastTo(t(fillValue), t(x).shape),
    full: ({ fillValue, shape }) => tf.broadcastTo(t(fillValue), numeric.sizes(shape)),
    arange: ({ start, stop = null, step = null }) => {
      const [first, last] = stop === null ? [0, start] : [start, stop];
      const [from, to, by] = [first, last, step ?? 1].map(numeric.number);
      const count = Math.max(Math.ceil((to - from) / by), 0);
      return tf.tensor1d([...Array(count).keys()].map((index) => from + index * by));
    },
    linspace: ({ start, stop, ...options }) => spaced(start, stop, options),
    logspace: ({ start, stop, base = 10, ...options }) =>
      tf.pow(numeric.number(base), spaced(start, stop, options)),
    geomspace: ({ start, stop, ...options }) => {
      const sign = tf.sign(t(start));
      const logs = [start, stop].map((value) => tf.log(tf.abs(t(value))));
      const made = tf.exp(spaced(...logs, options));
      return tf.mul(made, t(start).rank ? tf.expandDims(sign, options.axis ?? 0) : sign);
    },
    vander: ({ x, N = null, increasing = false }) => {
      const input = t(x);
      const count = N ?? input.shape[0];
      const powers = [...Array(count).keys()].map((index) =>
        tf.pow(input, tf.scalar(increasing ? index : count - 1 - index)),
      );
      return tf.stack(powers, 1);
    },
  });
});
