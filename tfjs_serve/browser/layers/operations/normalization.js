// Norms, and normalization by them or by statistics; `keras/src/ops/nn.py`, `linalg.py`.

family("normalization", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;
  const optional = (value) => (value === null ? null : t(value));

  /** Reshape a parameter, which has one number for each step of some axes, to the rank of x. */
  function along(x, axes, value) {
    const given = optional(value);
    if (given === null || given.rank === x.rank) return given;
    return tf.reshape(given, x.shape.map((size, axis) => (axes.includes(axis) ? size : 1)));
  }

  const scaled = (x, factor, shift) => {
    const multiplied = factor === null ? x : tf.mul(x, factor);
    return shift === null ? multiplied : tf.add(multiplied, shift);
  };

  function vectorNorm(x, order, axes) {
    if (order === null || order === 2 || order === "euclidean") {
      return tf.sqrt(tf.sum(tf.square(x), axes, true));
    }
    const size = tf.abs(x);
    if (order === Infinity || order === "inf") return tf.max(size, axes, true);
    if (order === -Infinity || order === "-inf") return tf.min(size, axes, true);
    if (order === 0) return tf.sum(tf.cast(numeric.truth(x), "float32"), axes, true);
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

  function norm({ x, ord, axis, keepdims }) {
    const input = t(x);
    const axes = numeric.axes(input.rank, axis);
    const flat = axis === null && ord === null;
    const made =
      axes.length === 2 && !flat ? matrixNorm(input, ord, axes) : vectorNorm(input, ord, axes);
    return keepdims ? made : tf.squeeze(made, axes);
  }

  const normalized = (x, axis, order, epsilon) => {
    const axes = numeric.axes(x.rank, axis);
    if (order === 2) {
      const squares = tf.sum(tf.square(x), axes, true);
      return tf.mul(x, tf.rsqrt(tf.maximum(squares, epsilon * epsilon)));
    }
    return tf.div(x, tf.maximum(vectorNorm(x, order, axes), epsilon));
  };

  taking(["x", "mean", "variance", "offset", "scale", "axis", "epsilon"], {
    batchNorm: ({ x, mean, variance, offset, scale, axis, epsilon }) => {
      const input = t(x);
      const axes = numeric.axes(input.rank, axis);
      const wide = (value) => along(input, axes, value);
      const inverse = tf.rsqrt(tf.add(wide(variance), epsilon));
      return scaled(tf.mul(tf.sub(input, wide(mean)), inverse), wide(scale), wide(offset));
    },
  });

  taking(["x", "gamma", "beta", "axis", "epsilon", "rmsScaling"], {
    layerNorm: ({ x, gamma, beta, axis, epsilon, rmsScaling }) => {
      const input = t(x);
      const axes = numeric.axes(input.rank, axis);
      const small = epsilon ?? 1e-7;
      const spread = tf.rsqrt(tf.add(numeric.variance(input, axes, true), small));
      if (rmsScaling) return scaled(tf.mul(input, spread), along(input, axes, gamma), null);
      const centred = tf.sub(input, tf.mean(input, axes, true));
      return scaled(tf.mul(centred, spread), along(input, axes, gamma), along(input, axes, beta));
    },
  });

  taking(["x", "scale", "axis", "epsilon"], {
    rmsNorm: ({ x, scale, axis, epsilon }) => {
      const input = t(x);
      const axes = numeric.axes(input.rank, axis);
      const squares = tf.mean(tf.square(input), axes, true);
      const inverse = tf.rsqrt(tf.add(squares, epsilon ?? 1e-7));
      return scaled(tf.mul(input, inverse), along(input, axes, scale), null);
    },
  });

  taking(["x", "ord", "axis", "keepdims"], {
    norm,
  });

  taking(["x", "axis", "order", "epsilon"], {
    normalize: ({ x, axis, order, epsilon }) =>
      normalized(t(x), axis, order, epsilon ?? 1e-7),
  });

  taking(["x", "axis", "epsilon"], {
    l2Normalize: ({ x, axis, epsilon }) => {
      const input = t(x);
      const squares = tf.sum(tf.square(input), numeric.axes(input.rank, axis), true);
      return tf.mul(input, tf.rsqrt(tf.maximum(squares, epsilon)));
    },
  });
});
