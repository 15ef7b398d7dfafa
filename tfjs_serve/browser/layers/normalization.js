// Normalization of tensors whose sizes the converter did not know;
// `keras/src/layers/normalization`.

part("normalization", [], ({ tf, layer }) => {
  const others = (x, axes) => [...x.shape.keys()].filter((axis) => !axes.includes(axis));

  /** Reshape a weight, which has one number for each step of some axes, to the rank of x. */
  const along = (x, axes, weight) =>
    weight && tf.reshape(weight, x.shape.map((size, axis) => (axes.includes(axis) ? size : 1)));

  /** x * scale + offset; each may be missing. */
  function scaled(x, scale, offset) {
    const product = scale ? tf.mul(x, scale) : x;
    return offset ? tf.add(product, offset) : product;
  }

  const standardized = (x, mean, variance, epsilon) =>
    tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));

  function update(variable, value, momentum) {
    const mixed = tf.add(
      tf.mul(variable.read(), momentum),
      tf.mul(tf.reshape(value, variable.shape), 1 - momentum),
    );
    variable.write(mixed);
  }

  /** In Keras 3, the result of integers is cut off to integers. */
  const rounded = (x, rounds) => (rounds ? tf.mul(tf.sign(x), tf.floor(tf.abs(x))) : x);

  layer("BatchNormalization", [
    "axes", "epsilon", "momentum", "always?",
  ], ([x], { args, weights, training, layer: own }) => {
    const { axes, epsilon, momentum, always } = args;
    let [mean, variance] = [along(x, axes, weights.mean), along(x, axes, weights.variance)];
    if (always || (training && own.trainable)) {
      ({ mean, variance } = tf.moments(x, others(x, axes), true));
      if (training) {
        update(own.variable.mean, mean, momentum);
        update(own.variable.variance, variance, momentum);
      }
    }
    const [gamma, beta] = [along(x, axes, weights.gamma), along(x, axes, weights.beta)];
    return scaled(standardized(x, mean, variance, epsilon), gamma, beta);
  });

  layer("LayerNormalization", ["axes", "epsilon", "rms", "rounds"], ([x], { args, weights }) => {
    const { axes, epsilon, rms, rounds } = args;
    const { mean, variance } = tf.moments(x, axes, true);
    const made = standardized(x, rms ? 0 : mean, variance, epsilon);
    const all = scaled(made, along(x, axes, weights.gamma), along(x, axes, weights.beta));
    return rounded(all, rounds);
  });

  layer("GroupNormalization", ["axis", "groups", "epsilon", "rounds"], ([x], { args, weights }) => {
    const { axis, groups, epsilon, rounds } = args;
    const count = groups === -1 ? x.shape[axis] : groups;
    const before = tf.util.sizeFromShape(x.shape.slice(1, axis));
    const after = tf.util.sizeFromShape(x.shape.slice(axis + 1));
    const parts = tf.reshape(x, [x.shape[0], before, count, -1, after]);
    const { mean, variance } = tf.moments(parts, [1, 3, 4], true);
    const made = tf.reshape(standardized(parts, mean, variance, epsilon), x.shape);
    const all = scaled(made, along(x, [axis], weights.gamma), along(x, [axis], weights.beta));
    return rounded(all, rounds);
  });

  layer("RMSNormalization", ["axes", "epsilon", "rounds"], ([x], { args, weights }) => {
    const { axes, epsilon, rounds } = args;
    const square = tf.mean(tf.square(x), axes, true);
    // Keras broadcasts the scale along the last axes, whichever were normalized.
    const made = tf.mul(tf.mul(x, tf.rsqrt(tf.add(square, epsilon))), weights.scale);
    return rounded(made, rounds);
  });

  layer("UnitNormalization", ["axes", "smallest"], ([x], { args: { axes, smallest } }) =>
    tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), axes, true), smallest))),
  );

  layer("LayerScale", [], ([x], { weights }) => tf.mul(x, weights.gamma));
});
