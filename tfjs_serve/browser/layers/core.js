// Dropout and noise of layers that are called with training=True;
// `keras/src/layers/regularization`.

part("core", [], ({ tf, layer }) => {
  /** The shape of the noise; null stands for the size of the input. */
  const noiseShape = (x, given) => (given ?? x.shape).map((size, axis) => size ?? x.shape[axis]);

  layer("AlwaysDropout", ["rate", "noiseShape"], ([x], { args }) =>
    tf.dropout(x, args.rate, noiseShape(x, args.noiseShape)),
  );

  layer("AlwaysGaussianNoise", ["stddev"], ([x], { args }) =>
    tf.add(x, tf.randomNormal(x.shape, 0, args.stddev)),
  );

  layer("AlwaysGaussianDropout", ["rate"], ([x], { args }) =>
    tf.mul(x, tf.randomNormal(x.shape, 1, Math.sqrt(args.rate / (1 - args.rate)))),
  );

  layer("AlwaysAlphaDropout", ["rate", "noiseShape"], ([x], { args }) => {
    const { rate } = args;
    // The limit of selu far below zero: -alpha * scale.
    const lowest = -1.6732632423543772 * 1.0507009873554805;
    const noise = tf.randomUniform(noiseShape(x, args.noiseShape));
    const kept = tf.cast(tf.greaterEqual(noise, rate), "float32");
    const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * lowest ** 2));
    const mixed = tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), lowest));
    return tf.add(tf.mul(mixed, scale), -scale * lowest * rate);
  });
});
