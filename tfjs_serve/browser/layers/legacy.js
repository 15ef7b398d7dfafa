// Layers of Keras 1 and of Keras on Theano; `keras/layers/normalization.py` and
// `keras/backend/theano_backend.py` of Keras 1.2.

part("legacy", [], ({ tf, layer }) => {
  const LOWEST = -3.4e38;

  // Epsilon is added to the variance and to its root.
  layer("SampleNormalization", ["epsilon"], ([x], { args, weights }) => {
    const [{ epsilon }, { gamma, beta }] = [args, weights];
    const { mean, variance } = tf.moments(x, -1, true);
    const deviation = tf.add(tf.sqrt(tf.add(variance, epsilon)), epsilon);
    return tf.add(tf.mul(tf.div(tf.sub(x, mean), deviation), gamma), beta);
  });

  /** Pool one axis; the first window starts so many steps `before` the image. */
  function pooled(x, axis, size, stride, before, largest) {
    const count = Math.ceil(x.shape[axis] / stride);
    const edges = x.shape.map((_, other) => (other === axis ? [before, size] : [0, 0]));
    const padded = tf.pad(x, edges, largest ? LOWEST : 0);
    const inside = largest ? null : tf.pad(tf.onesLike(x), edges);
    const windows = Array.from({ length: count }, (_, index) => {
      const begin = x.shape.map((_, other) => (other === axis ? index * stride : 0));
      const sizes = x.shape.map((whole, other) => (other === axis ? size : whole));
      const window = tf.slice(padded, begin, sizes);
      if (largest) return tf.max(window, axis, true);
      return tf.div(tf.sum(window, axis, true), tf.sum(tf.slice(inside, begin, sizes), axis, true));
    });
    return tf.concat(windows, axis);
  }

  layer("HalfPaddedPooling", [
    "poolSize", "strides", "before", "largest", "channelsFirst",
  ], ([x], { args }) =>
    args.poolSize.reduce(
      (made, size, index) =>
        pooled(
          made,
          index + (args.channelsFirst ? 2 : 1),
          size,
          args.strides[index],
          args.before[index],
          args.largest,
        ),
      x,
    ),
  );
});
