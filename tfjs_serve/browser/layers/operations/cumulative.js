// Running sums and products, and the differences that undo them; `keras/src/ops/numpy.py`.

family("cumulative", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;

  /** Combine each element of the last axis with all before it; `neutral` changes nothing. */
  function running(x, combine, neutral) {
    let made = x;
    const size = x.shape[x.rank - 1];
    // Each pass doubles the number of elements that a result combines.
    for (let step = 1; step < size; step *= 2) {
      const padding = Array(x.rank).fill([0, 0]);
      padding[x.rank - 1] = [step, 0];
      const earlier = tf.slice(tf.pad(made, padding, neutral), Array(x.rank).fill(0), x.shape);
      made = combine(made, earlier);
    }
    return made;
  }

  const cumulated = (compute, fill = null) => ({ x, axis, dtype }) => {
    let input = t(x);
    if (dtype) input = numeric.inDtype(input, dtype);
    if (fill !== null) input = numeric.where(tf.isNaN(input), fill, input);
    if (axis === null) return compute(tf.reshape(input, [-1]));
    return numeric.atEnd(input, axis, compute);
  };

  const sums = (x) => tf.cumsum(x, x.rank - 1);
  const products = (x) => running(x, tf.mul, 1);

  taking(["x", "axis", "dtype"], {
    cumsum: cumulated(sums),
    cumprod: cumulated(products),
    nancumsum: cumulated(sums, 0),
    nancumprod: cumulated(products, 1),
  });

  taking(["a", "n", "axis"], {
    diff: ({ a, n, axis }) =>
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
