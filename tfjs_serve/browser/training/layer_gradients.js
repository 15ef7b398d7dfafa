// Layers of TensorFlow.js 4.22 that no gradient reaches through, however their kernels are mended.

part("layer_gradients", ["gradients"], ({ tf }) => {
  /** Replace the method of a class of layers by one that calls it in another way. */
  function wrap(cls, name, around_) {
    const original = cls.prototype[name];
    if (original.isMended) return;
    cls.prototype[name] = function (...args) {
      return around_(this, () => original.apply(this, args), args);
    };
    cls.prototype[name].isMended = true;
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

  function mendLayers() {
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const classOf = (name) => classNameMap[name][0];

    // No gradient reaches through normalizations that lack the scale or the offset: where ones and
    // zeros stand for them, it does.
    for (const name of ["BatchNormalization", "LayerNormalization"]) {
      wrap(classOf(name), "call", (layer, call, [inputs]) => {
        if (layer.center && layer.scale) return call();
        const input = Array.isArray(inputs) ? inputs[0] : inputs;
        const axes = Array.isArray(layer.axis) ? layer.axis : [layer.axis];
        const shape = axes.map((axis) => input.shape[axis < 0 ? axis + input.rank : axis]);
        const constant = (make) => ({ read: () => make(shape) });
        return tf.tidy(() =>
          during(
            layer,
            {
              ...(layer.center ? {} : { center: true, beta: constant(tf.zeros) }),
              ...(layer.scale ? {} : { scale: true, gamma: constant(tf.ones) }),
            },
            call,
          ),
        );
      });
    }

    // A fused convolution has a gradient of its own, which knows no dilation.
    wrap(classOf("Conv2D"), "call", (layer, call, [inputs]) => {
      if (layer.dilationRate.every((rate) => rate === 1)) return call();
      return tf.tidy(() => {
        const input = Array.isArray(inputs) ? inputs[0] : inputs;
        const isFirst = layer.dataFormat === "channelsFirst";
        const x = isFirst ? tf.transpose(input, [0, 2, 3, 1]) : input;
        const { strides, padding, dilationRate } = layer;
        let y = tf.conv2d(x, layer.kernel.read(), strides, padding, "NHWC", dilationRate);
        if (layer.bias) y = tf.add(y, layer.bias.read());
        return layer.activation.apply(isFirst ? tf.transpose(y, [0, 3, 1, 2]) : y);
      });
    });
  }
  mendLayers();
});
