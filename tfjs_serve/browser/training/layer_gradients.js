// Layers of TensorFlow.js 4.22 that no gradient reaches through, however their kernels are mended.

part("layer_gradients", [], ({ tf }) => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const only = (inputs) => (Array.isArray(inputs) ? inputs[0] : inputs);

  /** Let the layers of a class compute with `compute(layer, inputs, original)`. */
  function computing(className, compute) {
    const [{ prototype }] = classNameMap[className];
    const { call } = prototype;
    prototype.call = function (inputs, kwargs) {
      return compute(this, only(inputs), () => call.call(this, inputs, kwargs));
    };
  }

  /** Give an object other properties while something is computed. */
  function during(object, changes, compute) {
    const before = Object.fromEntries(Object.keys(changes).map((key) => [key, object[key]]));
    try {
      Object.assign(object, changes);
      return compute();
    } finally {
      Object.assign(object, before);
    }
  }

  // TensorFlow.js looks for the gradients of a scale and of an offset that are not there. So ones
  // and zeros stand for them.
  for (const className of ["BatchNormalization", "LayerNormalization"]) {
    computing(className, (layer, input, original) => {
      if (layer.center && layer.scale) return original();
      const axes = Array.isArray(layer.axis) ? layer.axis : [layer.axis];
      const shape = axes.map((axis) => input.shape[axis < 0 ? axis + input.rank : axis]);
      const constant = (make) => ({ read: () => make(shape) });
      const offset = layer.center ? {} : { center: true, beta: constant(tf.zeros) };
      const scale = layer.scale ? {} : { scale: true, gamma: constant(tf.ones) };
      return tf.tidy(() => during(layer, { ...offset, ...scale }, original));
    });
  }

  // A convolution that is fused with its activation has a gradient of its own: without dilation.
  computing("Conv2D", (layer, input, original) => {
    const { strides, padding, dilationRate } = layer;
    if (dilationRate.every((rate) => rate === 1)) return original();
    return tf.tidy(() => {
      const isFirst = layer.dataFormat === "channelsFirst";
      const x = isFirst ? tf.transpose(input, [0, 2, 3, 1]) : input;
      const y = tf.conv2d(x, layer.kernel.read(), strides, padding, "NHWC", dilationRate);
      const shifted = layer.bias ? tf.add(y, layer.bias.read()) : y;
      return layer.activation.apply(isFirst ? tf.transpose(shifted, [0, 3, 1, 2]) : shifted);
    });
  });
});
