// Pooling of tensors whose sizes the converter did not know, and pooling with masks;
// `keras/src/layers/pooling`.

part("pooling", ["windows"], ({ tf, layer, withLastChannels }) => {
  const poolImages = (largest) => (largest ? tf.maxPool : tf.avgPool);

  /** Apply `step` to the first two axes of a volume, then to its last one, as to images. */
  function inImages(x, step) {
    const [batch, depth, height, width, channels] = x.shape;
    const first = step(tf.reshape(x, [batch, depth, height, width * channels]), [0, 1]);
    const [, rows, columns] = first.shape;
    const second = step(tf.reshape(first, [batch, rows * columns, width, channels]), [null, 2]);
    return tf.reshape(second, [batch, rows, columns, second.shape[2], channels]);
  }

  // Of volumes: TensorFlow.js's own layer pads wrongly if strides are larger than windows.
  layer("Pooling", [
    "poolSize", "strides", "padding", "largest", "channelsFirst",
  ], ([x], { args }) =>
    withLastChannels(x, 3, args.channelsFirst, (volume) =>
      inImages(volume, (image, axes) => {
        const of = (values) => axes.map((axis) => (axis === null ? 1 : values[axis]));
        const pool = poolImages(args.largest);
        return pool(image, of(args.poolSize), of(args.strides), args.padding);
      }),
    ),
  );

  /** Pool one axis to `count` windows: `parts` in adaptive_pooling.py. */
  function adapted(x, axis, count, largest) {
    const size = x.shape[axis];
    const windows = Array.from({ length: count }, (_, index) => {
      const start = Math.floor((index * size) / count);
      const length = Math.ceil(((index + 1) * size) / count) - start;
      const begin = x.shape.map((_, other) => (other === axis ? start : 0));
      const sizes = x.shape.map((whole, other) => (other === axis ? length : whole));
      const part = tf.slice(x, begin, sizes);
      return largest ? tf.max(part, axis, true) : tf.mean(part, axis, true);
    });
    return tf.concat(windows, axis);
  }

  layer("AdaptivePooling", ["sizes", "largest", "channelsFirst"], ([x], { args }) => {
    const first = args.channelsFirst ? 2 : 1;
    return args.sizes.reduce(
      (y, count, axis) => adapted(y, first + axis, count, args.largest),
      x,
    );
  });

  layer("GlobalPooling", ["axes", "largest", "keepdims"], ([x], { args }) => {
    const reduce = args.largest ? tf.max : tf.mean;
    return reduce(x, args.axes, args.keepdims);
  });

  // In Keras 2, the average of integers loses its fraction.
  layer("WholeAverage", ["axes", "keepdims"], ([x], { args: { axes, keepdims } }) => {
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    const mean = tf.div(tf.sum(x, axes, keepdims), count);
    return tf.mul(tf.sign(mean), tf.floor(tf.abs(mean)));
  });

  // Inputs: a sequence and its mask. Masked steps do not count.
  layer("GlobalAveragePooling1D", ["keepdims", "channelsFirst"], ([x, mask], { args }) => {
    const { channelsFirst, keepdims } = args;
    const axis = channelsFirst ? 2 : 1;
    const counts = tf.expandDims(mask, channelsFirst ? 1 : 2);
    const total = tf.sum(tf.where(tf.cast(counts, "bool"), x, tf.zerosLike(x)), axis, keepdims);
    const count = tf.sum(counts, axis, keepdims);
    // On webgl, 0/0 is 1.
    return tf.where(tf.greater(tf.mul(count, tf.onesLike(total)), 0), tf.div(total, count), NaN);
  });
});
