// Convolutions, padding and cropping of tensors whose sizes the converter did not know;
// `keras/src/layers/convolutional` and `keras/src/layers/reshaping`.

part("convolutional", ["windows"], ({ tf, layer, around, withLastChannels }) => {
  /** The zeros around one axis: `padding_edges` in windows.py. */
  function edges(padding, size, extent, stride) {
    if (padding === "valid") return [0, 0];
    if (padding === "causal") return [extent - 1, 0];
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  }

  const extents = (sizes, dilation) => sizes.map((size, axis) => (size - 1) * dilation[axis] + 1);

  function padded(x, sizes, { strides, dilation, padding }) {
    const margins = extents(sizes, dilation).map((extent, axis) =>
      edges(padding, x.shape[axis + 1], extent, strides[axis]),
    );
    return margins.flat().some((count) => count) ? tf.pad(x, [[0, 0], ...margins, [0, 0]]) : x;
  }

  /** Apply strides after a dilated convolution: TF.js does not take both at once. */
  function subsampled(x, strides) {
    if (strides.every((stride) => stride === 1)) return x;
    return strides.length === 3
      ? tf.maxPool3d(x, [1, 1, 1], strides, "valid")
      : tf.maxPool(x, [1, 1], strides, "valid");
  }

  const dilated = (dilation) => dilation.some((rate) => rate > 1);

  /** Convolve without padding. `apply` gets strides or a dilation; the other is all ones. */
  function moved({ strides, dilation }, apply) {
    const ones = strides.map(() => 1);
    return dilated(dilation) ? subsampled(apply(ones, dilation), strides) : apply(strides, ones);
  }

  /** Treat a sequence as an image of one column. */
  function imagewise(x, kernels, how, compute) {
    if (how.strides.length > 1) return compute(x, kernels, how);
    const wide = { ...how, strides: [...how.strides, 1], dilation: [...how.dilation, 1] };
    const tall = kernels.map((kernel) => kernel && tf.expandDims(kernel, 1));
    return tf.squeeze(compute(tf.expandDims(x, 2), tall, wide), [2]);
  }

  function convolve(x, kernel, how) {
    const operation = how.strides.length === 3 ? tf.conv3d : tf.conv2d;
    const format = how.strides.length === 3 ? "NDHWC" : "NHWC";
    const { groups } = how;
    const inputs = groups > 1 ? tf.split(x, groups, -1) : [x];
    const filters = groups > 1 ? tf.split(kernel, groups, -1) : [kernel];
    const parts = inputs.map((part, index) =>
      moved(how, (strides, dilation) =>
        operation(part, filters[index], strides, "valid", format, dilation),
      ),
    );
    return parts.length > 1 ? tf.concat(parts, -1) : parts[0];
  }

  const biased = (x, bias) => (bias ? tf.add(x, bias) : x);

  layer("Convolution", [
    "strides", "dilation", "padding", "groups", "channelsFirst",
  ], ([x], { args, weights }) =>
    withLastChannels(x, args.strides.length, args.channelsFirst, (batch) =>
      imagewise(batch, [weights.kernel], args, (image, [kernel], how) => {
        const framed = padded(image, kernel.shape.slice(0, -2), how);
        return biased(convolve(framed, kernel, how), weights.bias);
      }),
    ),
  );

  // A separable convolution, if there is a pointwise kernel.
  layer("DepthwiseConvolution", [
    "strides", "dilation", "padding", "channelsFirst",
  ], ([x], { args, weights }) => {
    const { depthwise_kernel: depthwise, pointwise_kernel: pointwise, bias } = weights;
    const one = { strides: [1, 1], dilation: [1, 1], groups: 1 };
    return withLastChannels(x, args.strides.length, args.channelsFirst, (batch) =>
      imagewise(batch, [depthwise, pointwise], args, (image, [kernel, mixing], how) => {
        const framed = padded(image, kernel.shape.slice(0, -2), how);
        const each = moved(how, (strides, dilation) =>
          tf.depthwiseConv2d(framed, kernel, strides, "valid", "NHWC", dilation),
        );
        return biased(mixing ? convolve(each, mixing, one) : each, bias);
      }),
    );
  });

  /** Cut off steps at both ends of each axis; negative numbers add zeros. */
  function resizedEdges(x, margins) {
    const begin = margins.map(([before]) => Math.max(before, 0));
    const sizes = x.shape.map(
      (size, axis) => size - begin[axis] - Math.max(margins[axis][1], 0),
    );
    const added = margins.map((sides) => sides.map((count) => Math.max(-count, 0)));
    return tf.pad(tf.slice(x, begin, sizes), added);
  }

  /** Put zeros between the steps of the first axes, such as a dilated kernel skips. */
  function writtenOut(x, dilation) {
    return dilation.reduce((values, rate, axis) => {
      if (rate === 1) return values;
      const [before, size, after] = around(values, axis);
      const spread = tf.reshape(values, [before, size, 1, after]);
      const full = tf.pad(spread, [[0, 0], [0, 0], [0, rate - 1], [0, 0]]);
      const extent = (size - 1) * rate + 1;
      const cut = tf.slice(
        tf.reshape(full, [before, size * rate, after]),
        [0, 0, 0],
        [before, extent, after],
      );
      const shape = [...values.shape];
      shape[axis] = extent;
      return tf.reshape(cut, shape);
    }, x);
  }

  // Of volumes only: for sequences and images, the converter needs no sizes. The volume gets zeros
  // between its numbers and is convolved: conv3dTranspose is wrong on TensorFlow.js's wasm backend.
  layer("ConvolutionTranspose", [
    "strides", "dilation", "padding", "surplus", "channelsFirst",
  ], ([x], { args, weights }) =>
    withLastChannels(x, 3, args.channelsFirst, (volume) => {
      const kernel = writtenOut(weights.kernel, args.dilation);
      const extent = kernel.shape.slice(0, 3);
      const spread = writtenOut(volume, [1, ...args.strides]);
      const frame = extent.map((size, axis) => [
        size - 1,
        Math.max(size, args.strides[axis]) - 1,
      ]);
      const turned = tf.transpose(tf.reverse(kernel, [0, 1, 2]), [0, 1, 2, 4, 3]);
      const whole = tf.conv3d(tf.pad(spread, [[0, 0], ...frame, [0, 0]]), turned, 1, "valid");
      const cut = resizedEdges(whole, [[0, 0], ...args.surplus, [0, 0]]);
      return biased(cut, weights.bias);
    }),
  );

  layer("ZeroPadding", ["edges"], ([x], { args }) => tf.pad(x, args.edges));

  layer("Cropping", ["edges"], ([x], { args }) => resizedEdges(x, args.edges));
});
