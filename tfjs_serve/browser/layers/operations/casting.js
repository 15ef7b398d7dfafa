// Other dtypes, fewer digits, and functions that return their input;
// `keras/src/ops/numpy.py`, `keras/src/ops/core.py`.

family("casting", [], ({ tf, numeric, ofEach, taking }) => {
  const t = numeric.tensor;
  const where = (condition, one, other) => tf.where(tf.cast(condition, "bool"), one, other);
  const filled = (x, value) => tf.fill(x.shape, value);

  /** Halves are rounded to even numbers. */
  function rounded(x, decimals) {
    if (!decimals) return tf.round(x);
    const scale = 10 ** decimals;
    return decimals > 0
      ? tf.div(tf.round(tf.mul(x, scale)), scale)
      : tf.mul(tf.round(tf.div(x, 10 ** -decimals)), 10 ** -decimals);
  }

  function saturated(x, dtype) {
    if (dtype.includes("float") || dtype === "bool") return numeric.inDtype(x, dtype);
    const bits = Number(dtype.match(/\d+$/)[0]);
    const [low, high] = dtype.startsWith("u")
      ? [0, 2 ** bits - 1]
      : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
    return tf.clipByValue(numeric.inDtype(x, "int32"), low, high);
  }

  taking(["x", "dtype"], {
    cast: ({ x, dtype }) => numeric.inDtype(x, dtype),
    saturateCast: ({ x, dtype }) => saturated(t(x), dtype),
  });

  taking(["x", "dtype", "sparse", "ragged"], {
    array: ({ x, dtype }) => numeric.inDtype(x, dtype),
    convertToTensor: ({ x, dtype }) => numeric.inDtype(x, dtype),
  });

  ofEach({
    ceil: tf.ceil,
    conj: (x) => x,
    conjugate: (x) => x,
    copy: (x) => x,
    floor: tf.floor,
    imag: tf.zerosLike,
    positive: (x) => x,
    real: (x) => x,
    stopGradient: (x) => tf.customGrad((y) => ({ value: y.clone(), gradFunc: tf.zerosLike }))(x),
    trunc: (x) => tf.mul(tf.sign(x), tf.floor(tf.abs(x))),
  });

  taking(["x", "decimals"], {
    round: ({ x, decimals }) => rounded(t(x), decimals),
  });

  taking(["x", "nan", "posinf", "neginf"], {
    nanToNum: ({ x, nan, posinf, neginf }) => {
      const input = t(x);
      const most = 3.4028234663852886e38;
      const numbers = where(tf.isNaN(input), filled(input, nan), input);
      const below = where(tf.equal(input, Infinity), filled(input, posinf ?? most), numbers);
      return where(tf.equal(input, -Infinity), filled(input, neginf ?? -most), below);
    },
  });
});
