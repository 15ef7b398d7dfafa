// Norms, running sums and segments; `keras/src/ops/linalg.py`, `keras/src/ops/math.py`.

part(({ tf, operations, numeric }) => {
  const t = (value) => numeric.tensor(value);
  const float = (x) => tf.cast(x, "float32");

  function vectorNorm(x, order, axes) {
    if (order === null || order === 2 || order === "euclidean") {
      return tf.sqrt(tf.sum(tf.square(x), axes, true));
    }
    const size = tf.abs(x);
    if (order === Infinity || order === "inf") return tf.max(size, axes, true);
    if (order === -Infinity || order === "-inf") return tf.min(size, axes, true);
    if (order === 0) return tf.sum(float(numeric.truth(x)), axes, true);
    if (order === 1) return tf.sum(size, axes, true);
    return tf.pow(tf.sum(tf.pow(size, order), axes, true), 1 / order);
  }

  function matrixNorm(x, order, [rows, columns]) {
    if (order === null || order === "fro") return vectorNorm(x, 2, [rows, columns]);
    const [sum, reduce] =
      Math.abs(order) === 1 ? [rows, columns] : [columns, rows];
    const sums = tf.sum(tf.abs(x), [sum], true);
    return order > 0 ? tf.max(sums, [reduce], true) : tf.min(sums, [reduce], true);
  }

  function norm({ x, ord = null, axis = null, keepdims = false }) {
    const input = t(x);
    const axes = numeric.axes(input.rank, axis);
    const flat = axis === null && ord === null;
    const made =
      axes.length === 2 && !flat ? matrixNorm(input, ord, axes) : vectorNorm(input, ord, axes);
    return keepdims ? made : tf.squeeze(made, axes);
  }

  /** Running results along the last axis; `shift` puts what came before in front. */
  function running(x, combine, neutral) {
    let made = x;
    const size = x.shape[x.rank - 1];
    // Each pass doubles how many elements a result covers.
    for (let step = 1; step < size; step *= 2) {
      const padding = Array(x.rank).fill([0, 0]);
      padding[x.rank - 1] = [step, 0];
      const earlier = tf.slice(tf.pad(made, padding, neutral), Array(x.rank).fill(0), x.shape);
      made = combine(made, earlier);
    }
    return made;
  }

  const cumulated = (compute, fill = null) => ({ x, axis = null, dtype = null }) => {
    let input = t(x);
    if (dtype) input = numeric.inDtype(input, dtype);
    if (fill !== null) input = numeric.where(tf.isNaN(input), fill, input);
    if (axis === null) return compute(tf.reshape(input, [-1]));
    return numeric.atEnd(input, axis, compute);
  };
  const sums = (x) => tf.cumsum(x, x.rank - 1);
  const products = (x) => running(x, tf.mul, 1);

  const normalized = (x, axis, order, epsilon) => {
    const axes = numeric.axes(x.rank, axis);
    if (order === 2) {
      const squares = tf.sum(tf.square(x), axes, true);
      return tf.mul(x, tf.rsqrt(tf.maximum(squares, epsilon * epsilon)));
    }
    return tf.div(x, tf.maximum(vectorNorm(x, order, axes), epsilon));
  };

  /** One row per segment: what `combine` makes of the rows that have its number. */
  const segmented = (reduce, neutral) => ({ data, segmentIds, numSegments = null }) => {
    const rows = t(data);
    const ids = t(segmentIds);
    const count = numSegments ?? Math.max(...numeric.values(ids)) + 1;
    const wide = (x, rank) => tf.reshape(x, [...x.shape, ...Array(rank - x.rank).fill(1)]);
    const made = [...Array(count).keys()].map((segment) => {
      const inside = wide(float(tf.equal(ids, segment)), rows.rank);
      return reduce(numeric.where(tf.cast(inside, "bool"), rows, neutral), 0);
    });
    return tf.stack(made);
  };

  Object.assign(operations, {
    norm,
    normalize: ({ x, axis = -1, order = 2, epsilon = null }) =>
      normalized(t(x), axis, order, epsilon ?? 1e-7),
    l2Normalize: ({ x, axis = null, epsilon = 1e-12 }) => {
      const input = t(x);
      const squares = tf.sum(tf.square(input), numeric.axes(input.rank, axis), true);
      return tf.mul(input, tf.rsqrt(tf.maximum(squares, epsilon)));
    },
    cumsum: cumulated(sums),
    cumprod: cumulated(products),
    nancumsum: cumulated(sums, 0),
    nancumprod: cumulated(products, 1),
    segmentSum: segmented(tf.sum, 0),
    segmentProd: segmented(tf.prod, 1),
    segmentMax: segmented(tf.max, -Infinity),
    segmentMin: segmented(tf.min, Infinity),
    diff: ({ a, n = 1, axis = -1 }) =>
      numeric.atEnd(t(a), axis, (rest) => {
        let made = rest;
        for (let step = 0; step < n; step += 1) {
          const length = [...made.shape.slice(0, -1), made.shape[made.rank - 1] - 1];
          const begin = (from) => [...Array(made.rank - 1).fill(0), from];
          made = tf.sub(tf.slice(made, begin(1), length), tf.slice(made, begin(0), length));
        }
        return made;
      }),
  });
});
