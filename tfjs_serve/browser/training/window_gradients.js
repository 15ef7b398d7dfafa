// Gradients of pooling, resizing and convolutions that TensorFlow.js 4.22 gets wrong or does not have.

part("window_gradients", ["gradients"], ({ tf, registerGradient: register, kernel }) => {
  // --- Pooling ----------------------------------------------------------------------------------

  /**
   * What the gradients of an averaging pool must be multiplied by, along one axis: TensorFlow.js
   * divides by the length of the window where, at the border, fewer numbers were averaged.
   */
  function shares(size, count, window, stride, before) {
    return Array.from({ length: count }, (_, index) => {
      const start = index * stride - before;
      return window / (Math.min(start + window, size) - Math.max(start, 0));
    });
  }

  function registerPooling() {
    const averaging = (rank, kernelName, infoOf, axes) =>
      register(kernelName, {
        inputsToSave: ["x"],
        gradFunc: (dy, [x], attrs) => {
          const { filterSize, strides, pad, dimRoundingMode } = attrs;
          const info = infoOf(x.shape, filterSize, strides, pad, dimRoundingMode);
          const even = () =>
            axes.reduce((gradient, [name, side], index) => {
              const [size, count, window, stride] = ["in", "out", "filter", "stride"].map(
                (what) => info[`${what}${name}`],
              );
              const factors = shares(size, count, window, stride, info.padInfo[side]);
              const shape = Array(rank + 2).fill(1);
              shape[index + 1] = count;
              return tf.mul(gradient, tf.tensor(factors, shape));
            }, dy);
          return { x: () => kernel(`${kernelName}Grad`, { dy: even(), input: x }, attrs) };
        },
      });
    const { computePool2DInfo, computePool3DInfo } = tf.backend_util;
    const [height, width] = [["Height", "top"], ["Width", "left"]];
    averaging(
      2, "AvgPool", (shape, size, strides, pad, rounding) =>
        computePool2DInfo(shape, size, strides, 1, pad, rounding),
      [height, width],
    );
    averaging(
      3, "AvgPool3D", (shape, size, strides, pad, rounding) =>
        computePool3DInfo(shape, size, strides, 1, pad, rounding),
      [["Depth", "front"], height, width],
    );

    // TensorFlow.js's cpu backend mixes up height and width of windows. The largest number of a
    // volume is the largest of those of its images.
    register("MaxPool3D", {
      inputsToSave: ["x"],
      outputsToSave: [true],
      gradFunc: (dy, [x, y], { filterSize, strides, pad, dimRoundingMode }) => {
        const { computePool3DInfo: infoOf } = tf.backend_util;
        const info = infoOf(x.shape, filterSize, strides, 1, pad, dimRoundingMode);
        const { batchSize, inDepth, inHeight, inWidth, inChannels } = info;
        const { outDepth, outHeight, outWidth, filterDepth, filterHeight, filterWidth } = info;
        const images = tf.reshape(x, [batchSize * inDepth, inHeight, inWidth, inChannels]);
        const inPlane = {
          filterSize: [filterHeight, filterWidth],
          strides: [info.strideHeight, info.strideWidth],
          pad, dimRoundingMode,
        };
        const along = {
          filterSize: [filterDepth, 1], strides: [info.strideDepth, 1], pad, dimRoundingMode,
        };
        const lines = (tensor, depth) =>
          tf.reshape(tensor, [batchSize, depth, outHeight * outWidth, inChannels]);
        const back = (slope, input, output, attrs) =>
          kernel("MaxPoolGrad", { dy: slope, input, output }, attrs);
        return {
          x: () => {
            const largest = kernel("MaxPool", { x: images }, inPlane);
            const [slope, result] = [lines(dy, outDepth), lines(y, outDepth)];
            const between = back(slope, lines(largest, inDepth), result, along);
            const made = back(tf.reshape(between, largest.shape), images, largest, inPlane);
            return tf.reshape(made, x.shape);
          },
        };
      },
    });
  }

  // --- Resizing ---------------------------------------------------------------------------------

  function registerResizing() {
    const known = tf.getGradient("ResizeNearestNeighbor");
    // TensorFlow.js's cpu backend takes all images of a batch for the first one. Layers repeat
    // pixels, so the gradient is a sum.
    register("ResizeNearestNeighbor", {
      ...known,
      gradFunc: (dy, saved, attrs) => {
        const [batch, height, width, channels] = saved[0].shape;
        const [down, across] = [dy.shape[1] / height, dy.shape[2] / width];
        if (!Number.isInteger(down) || !Number.isInteger(across) || attrs.alignCorners) {
          return known.gradFunc(dy, saved, attrs);
        }
        return {
          images: () => {
            const rows = tf.reshape(dy, [batch * height, down, width * across * channels]);
            const pixels = tf.reshape(tf.sum(rows, 1), [batch * height * width, across, channels]);
            return tf.reshape(tf.sum(pixels, 1), [batch, height, width, channels]);
          },
        };
      },
    });
  }

  // --- Convolutions -----------------------------------------------------------------------------

  /** Put zeros between the steps of a filter: so it needs no dilation. */
  function spread(filter, dilations) {
    return dilations.reduce((made, dilation, axis) => {
      if (dilation === 1) return made;
      const [before, size, after] = around(made.shape, axis);
      const apart = tf.reshape(made, [before, size, 1, after]);
      const wide = tf.pad(apart, [[0, 0], [0, 0], [0, dilation - 1], [0, 0]]);
      const length = (size - 1) * dilation + 1;
      const cut = tf.slice(tf.reshape(wide, [before, size * dilation, after]), [0, 0, 0], [
        before, length, after,
      ]);
      return tf.reshape(cut, made.shape.map((one, other) => (other === axis ? length : one)));
    }, filter);
  }

  /** Take the steps of a filter out of one that was spread. */
  function gathered(filter, dilations) {
    return dilations.reduce((made, dilation, axis) => {
      if (dilation === 1) return made;
      const [before, length, after] = around(made.shape, axis);
      const size = (length - 1) / dilation + 1;
      const whole = tf.pad(tf.reshape(made, [before, length, after]), [
        [0, 0], [0, dilation - 1], [0, 0],
      ]);
      const apart = tf.reshape(whole, [before, size, dilation, after]);
      const kept = tf.slice(apart, [0, 0, 0, 0], [before, size, 1, after]);
      return tf.reshape(kept, made.shape.map((one, other) => (other === axis ? size : one)));
    }, filter);
  }

  function around(shape, axis) {
    const product = (sizes) => sizes.reduce((total, size) => total * size, 1);
    return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
  }

  function registerConvolutions() {
    const all = (value, rank) => (Array.isArray(value) ? value : Array(rank).fill(value ?? 1));

    /** Gradients of a convolution: `names` are those of the kernels for its input and its filter. */
    const convolution = (kernelName, rank, [forInput, forFilter]) =>
      register(kernelName, {
        inputsToSave: ["x", "filter"],
        gradFunc: (dy, [x, filter], { dilations, ...attrs }) => {
          const steps = all(dilations, rank);
          const wide = spread(filter, steps);
          const plain = kernelName === "DepthwiseConv2dNative" ? { ...attrs, dilations: [1, 1] } : attrs;
          return {
            x: () => kernel(forInput, { dy, filter: wide }, { ...plain, inputShape: x.shape }),
            filter: () => {
              const slope = kernel(forFilter, { x, dy }, { ...plain, filterShape: wide.shape });
              return gathered(slope, steps);
            },
          };
        },
      });
    convolution("Conv2D", 2, ["Conv2DBackpropInput", "Conv2DBackpropFilter"]);
    convolution("Conv3D", 3, ["Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"]);
    convolution("DepthwiseConv2dNative", 2, [
      "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter",
    ]);

    // This is what a transposed convolution computes.
    register("Conv3DBackpropInputV2", {
      inputsToSave: ["dy", "filter"],
      gradFunc: (ddx, [dy, filter], { pad, strides }) => ({
        dy: () => tf.conv3d(ddx, filter, strides, pad),
        filter: () =>
          kernel("Conv3DBackpropFilterV2", { x: ddx, dy }, {
            pad, strides, filterShape: filter.shape,
          }),
      }),
    });
  }

  registerPooling();
  registerResizing();
  registerConvolutions();
});
