// Convolutions with given kernels; `keras/src/ops/nn.py`.

family("convolutions", ["operations/indexing"], ({ tf, numeric, taking, sliced }) => {
  const t = numeric.tensor;
  const { several, channelsLast } = numeric;

  /** Pad the spatial axes, so that windows need no padding after that. */
  function framed(x, padding, windows, strides, rates, value = 0) {
    if (padding === "valid") return x;
    const widths = x.shape.slice(1, -1).map((size, axis) => {
      const reach = (windows[axis] - 1) * rates[axis] + 1;
      if (padding === "causal") return [reach - 1, 0];
      const total = Math.max((Math.ceil(size / strides[axis]) - 1) * strides[axis] + reach - size, 0);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    return tf.pad(x, [[0, 0], ...widths, [0, 0]], value);
  }

  /** Put zeros between the elements of a kernel: TF.js takes no strides with a dilation. */
  function dilated(kernel, rates) {
    return rates.reduce((made, rate, axis) => {
      if (rate === 1) return made;
      const parts = tf.split(made, made.shape[axis], axis);
      const shape = parts[0].shape.map((size, one) => (one === axis ? rate - 1 : size));
      const gap = tf.zeros(shape);
      return tf.concat(parts.flatMap((part, index) => (index ? [gap, part] : [part])), axis);
    }, kernel);
  }

  /** Convolve one to three axes, with one group and without padding. */
  function plain(x, kernel, strides) {
    if (strides.length === 1) {
      const image = tf.expandDims(x, 1);
      return tf.squeeze(tf.conv2d(image, tf.expandDims(kernel, 0), [1, strides[0]], "valid"), [1]);
    }
    return strides.length === 2
      ? tf.conv2d(x, kernel, strides, "valid")
      : tf.conv3d(x, kernel, strides, "valid");
  }

  function convolved(x, kernel, { strides, padding, dilationRate }) {
    const count = x.rank - 2;
    const [steps, rates] = [several(strides, count), several(dilationRate, count)];
    const full = framed(x, padding, kernel.shape, steps, rates);
    const wide = dilated(kernel, rates);
    const groups = x.shape[x.rank - 1] / kernel.shape[count];
    if (groups === 1) return plain(full, wide, steps);
    const inputs = tf.split(full, groups, x.rank - 1);
    const kernels = tf.split(wide, groups, kernel.rank - 1);
    return tf.concat(inputs.map((input, index) => plain(input, kernels[index], steps)), x.rank - 1);
  }

  /** Convolve each channel with filters of its own. */
  function depthwise(x, kernel, options) {
    const [channels, filters] = kernel.shape.slice(-2);
    const shape = [...kernel.shape.slice(0, -2), 1, channels * filters];
    return convolved(x, tf.reshape(kernel, shape), options);
  }

  /** Put zeros between the inputs and convolve with the reversed kernel. */
  function transposed(x, kernel, { strides, padding, outputPadding, dilationRate }) {
    const count = x.rank - 2;
    const [steps, rates] = [several(strides, count), several(dilationRate, count)];
    const extra = outputPadding === null
      ? Array(count).fill(null)
      : several(outputPadding, count);
    const wide = dilated(kernel, rates);
    const spread = steps.reduce((made, step, axis) => spreadAxis(made, axis + 1, step), x);
    const widths = steps.map((step, axis) =>
      margins(x.shape[axis + 1], wide.shape[axis], step, padding, extra[axis]),
    );
    const turned = tf.reverse(wide, [...Array(count).keys()]);
    const swapped = tf.transpose(turned, [...Array(count).keys(), count + 1, count]);
    const positive = widths.map((pair) => pair.map((width) => Math.max(width, 0)));
    const cropped = widths.map((pair) => pair.map((width) => Math.max(-width, 0)));
    let made = tf.pad(spread, [[0, 0], ...positive, [0, 0]]);
    made = tf.slice(
      made,
      [0, ...cropped.map(([before]) => before), 0],
      made.shape.map((size, axis) =>
        axis === 0 || axis === made.rank - 1
          ? size
          : size - cropped[axis - 1][0] - cropped[axis - 1][1],
      ),
    );
    return plain(made, swapped, Array(count).fill(1));
  }

  function spreadAxis(x, axis, step) {
    if (step === 1) return x;
    const wide = tf.expandDims(x, axis + 1);
    const widths = wide.shape.map((_, one) => (one === axis + 1 ? [0, step - 1] : [0, 0]));
    const shape = x.shape.map((size, one) => (one === axis ? size * step : size));
    return sliced(tf.reshape(tf.pad(wide, widths), shape), axis, [0, shape[axis] - step + 1, 1]);
  }

  /** `compute_conv_transpose_padding_args_for_jax` of keras/src/backend/common. */
  function margins(size, reach, step, padding, extra) {
    const length = extra === null
      ? (padding === "same" ? size * step : size * step + Math.max(reach - step, 0))
      : (size - 1) * step + reach - 2 * (padding === "same" ? Math.floor(reach / 2) : 0) + extra;
    const total = length - ((size - 1) * step + reach);
    let before = 0;
    if (padding === "same") {
      before = extra === null
        ? -Math.floor(Math.max(reach - step, 0) / 2)
        : -Math.floor(reach / 2);
      if (extra === null && reach < step) before = 0;
    }
    return [reach - 1 + before, reach - 1 + (total - before)];
  }

  const once = { strides: 1, padding: "valid", dilationRate: 1 };

  const ofImages = (compute) => ({ inputs, kernel, dataFormat, ...options }) =>
    channelsLast(t(inputs), dataFormat, (x) => compute(x, t(kernel), options));

  taking(["inputs", "kernel", "strides", "padding", "dataFormat", "dilationRate"], {
    conv: ofImages(convolved),
    depthwiseConv: ofImages(depthwise),
  });

  taking(
    [
      "inputs", "kernel", "strides", "padding", "outputPadding", "dataFormat", "dilationRate",
    ],
    {
      convTranspose: ofImages(transposed),
    },
  );

  taking(
    [
      "inputs", "depthwiseKernel", "pointwiseKernel", "strides", "padding", "dataFormat",
      "dilationRate",
    ],
    {
      separableConv: ({ inputs, depthwiseKernel, pointwiseKernel, dataFormat, ...options }) =>
        channelsLast(t(inputs), dataFormat, (x) =>
          convolved(depthwise(x, t(depthwiseKernel), options), t(pointwiseKernel), once),
        ),
    },
  );

  return { framed };
});
