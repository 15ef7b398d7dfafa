// Numbers on another scale; `keras/src/layers/preprocessing/{rescaling,normalization}.py`.

part("preprocessing", [], ({ tf, layer }) => {
  layer("Scale", ["scale", "offset"], ([x], { args }) =>
    tf.add(tf.mul(x, tf.tensor(args.scale)), tf.tensor(args.offset)),
  );

  // There is a mean and a variance for each step of `axes`.
  layer("Normalization", ["axes", "invert"], ([x], { args, weights }) => {
    const shape = x.shape.map((size, axis) => (args.axes.includes(axis) ? size : 1));
    const mean = tf.reshape(weights.mean, shape);
    const deviation = tf.maximum(tf.sqrt(tf.reshape(weights.variance, shape)), 1e-7);
    if (args.invert) return tf.add(mean, tf.mul(x, deviation));
    return tf.div(tf.sub(x, mean), deviation);
  });
});
