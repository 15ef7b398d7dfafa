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
          const even = axes.reduce((gradient, [name, side], index) => {
            const [size, count, window, stride] = ["in", "out", "filter", "stride"].map(
              (what) => info[`${what}${name}`],
            );
            const factors = shares(size, count, window, stride, info.padInfo[side]);
            const shape = Array(rank + 2).fill(1);
            shape[index + 1] = count;
            return tf.mul(gradient, tf.tensor(factors, shape));
          }, dy);
          return { x: () => kernel(`${kernelName}Grad`, { dy: even, input: x }, attrs) };
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
        const largest = kernel("MaxPool", { x: images }, inPlane);
        const flat = [batchSize, inDepth, outHeight * outWidth, inChannels];
        const result = [batchSize, outDepth, outHeight * outWidth, inChannels];
        return {
          x: () => {
            const middle = tf.reshape(largest, flat);
            const inputs = { dy: tf.reshape(dy, result), input: middle, output: tf.reshape(y, result) };
            const slope = tf.reshape(kernel("MaxPoolGrad", inputs, along), largest.shape);
            const given = { dy: slope, input: images, output: largest };
            return tf.reshape(kernel("MaxPoolGrad", given, inPlane), x.shape);
          },
        };
      },
    });
  }

  // --- Resizing ---------------------------------------------------------------------------------

  /** Where the pixels of one axis come from: `[index, weight]` pairs for each new pixel. */
  function sources(size, target, { alignCorners, halfPixelCenters }, isNearest) {
    const scale = alignCorners && target > 1 ? (size - 1) / (target - 1) : size / target;
    return Array.from({ length: target }, (_, index) => {
      const place = halfPixelCenters ? (index + 0.5) * scale : index * scale;
      if (isNearest) {
        const chosen = alignCorners ? Math.round(place) : Math.floor(place);
        return [[Math.min(chosen, size - 1), 1]];
      }
      const exact = Math.max(halfPixelCenters ? place - 0.5 : place, 0);
      const [low, part] = [Math.min(Math.floor(exact), size - 1), exact - Math.floor(exact)];
      return [[low, 1 - part], [Math.min(low + 1, size - 1), part]];
    });
  }

  /** The matrix, of shape [size, target], that takes the gradient of an axis back. */
  function backwards(size, target, attrs, isNearest) {
    const values = new Float32Array(size * target);
    sources(size, target, attrs, isNearest).forEach((pairs, column) => {
      for (const [row, weight] of pairs) values[row * target + column] += weight;
    });
    return tf.tensor2d(values, [size, target]);
  }

  function registerResizing() {
    function resized(dy, images, attrs, isNearest) {
      const [batch, height, width, channels] = images.shape;
      const [, rows, columns] = dy.shape;
      if (isNearest && !attrs.alignCorners && rows % height === 0 && columns % width === 0) {
        const [down, across] = [rows / height, columns / width];
        const apart = tf.reshape(dy, [batch * height, down, width, across * channels]);
        const tall = tf.reshape(tf.sum(apart, 1), [batch * height * width, across, channels]);
        return tf.reshape(tf.sum(tall, 1), images.shape);
      }
      const vertical = backwards(height, rows, attrs, isNearest);
      const horizontal = backwards(width, columns, attrs, isNearest);
      const lines = tf.reshape(tf.transpose(dy, [1, 0, 2, 3]), [rows, -1]);
      const tall = tf.reshape(tf.matMul(vertical, lines), [height, batch, columns, channels]);
      const turned = tf.reshape(tf.transpose(tall, [2, 0, 1, 3]), [columns, -1]);
      const small = tf.reshape(tf.matMul(horizontal, turned), [width, height, batch, channels]);
      return tf.transpose(small, [2, 1, 0, 3]);
    }

    // TensorFlow.js's gradients know no halves of pixels, and that of the nearest, on the cpu
    // backend, only one image.
    for (const name of ["ResizeBilinear", "ResizeNearestNeighbor"]) {
      register(name, {
        inputsToSave: ["images"],
        gradFunc: (dy, [images], attrs) => ({
          images: () => resized(dy, images, attrs, name === "ResizeNearestNeighbor"),
        }),
      });
    }
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
