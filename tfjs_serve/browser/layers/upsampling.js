// Upsampling of tensors whose sizes the converter did not know; `keras/src/layers/reshaping`.

part("upsampling", ["image", "windows"], ({ tf, layer, around, resizeImages }) => {
  /** Repeat each step along one axis. */
  function repeated(x, axis, count) {
    if (count === 1) return x;
    const [before, size, after] = around(x, axis);
    const copies = tf.tile(tf.reshape(x, [before * size, 1, after]), [1, count, 1]);
    const shape = [...x.shape];
    shape[axis] = size * count;
    return tf.reshape(copies, shape);
  }

  layer("UpSampling", [
    "factors", "method", "inFloat32", "rounds", "channelsFirst",
  ], ([x], { args }) => {
    const { factors, channelsFirst, method, inFloat32, rounds } = args;
    const first = channelsFirst ? 2 : 1;
    if (method === "nearest") {
      return factors.reduce((y, count, axis) => repeated(y, first + axis, count), x);
    }
    const [height, width] = factors.map((count, axis) => count * x.shape[first + axis]);
    const how = { height, width, channelsFirst, method, antialias: false, fit: "stretch", fill: 0 };
    const y = resizeImages(x, { ...how, inFloat32 });
    return rounds ? tf.minimum(tf.maximum(tf.round(y), tf.min(x)), tf.max(x)) : y;
  });
});
