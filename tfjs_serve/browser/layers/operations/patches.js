// Windows and blocks of images and sequences; `keras/src/ops/image.py`, `nn.py`.

family("patches", ["operations/convolutions"], ({ tf, numeric, taking, framed }) => {
  const t = numeric.tensor;
  const { several, channelsLast } = numeric;
  const count = (length) => [...Array(length).keys()];

  /** Cut an axis into windows: [.., size, ..] becomes [.., number of windows, window, ..]. */
  function windows(x, axis, length, step, rate) {
    const reach = (length - 1) * rate + 1;
    const total = Math.floor((x.shape[axis] - reach) / step) + 1;
    const indices = count(total).map((row) => count(length).map((at) => row * step + at * rate));
    return tf.gather(x, tf.tensor2d(indices, [total, length], "int32"), axis);
  }

  function unfolded({ x, kernelSize, dilation, padding, stride }) {
    const [sizes, rates, pads, steps] = [kernelSize, dilation, padding, stride].map((value) =>
      several(value, 2),
    );
    const image = tf.pad(t(x), [[0, 0], [0, 0], [pads[0], pads[0]], [pads[1], pads[1]]]);
    const rows = windows(image, 2, sizes[0], steps[0], rates[0]);
    const made = windows(rows, 4, sizes[1], steps[1], rates[1]);
    const [batch, channels, height, , width] = made.shape;
    return tf.reshape(tf.transpose(made, [0, 1, 3, 5, 2, 4]), [
      batch, channels * sizes[0] * sizes[1], height * width,
    ]);
  }

  /** Join the windows of an axis again, and add them where they overlap. */
  function summed(x, axis, size, step, rate) {
    const [total, length] = [x.shape[axis], x.shape[axis + 1]];
    const places = count(total).flatMap((row) => count(length).map((at) => row * step + at * rate));
    const order = [...x.shape.keys()].filter((one) => one !== axis && one !== axis + 1);
    const flat = tf.reshape(tf.transpose(x, [axis, axis + 1, ...order]), [total * length, -1]);
    const hot = numeric.oneHot(tf.tensor1d(places), size);
    const made = tf.matMul(hot, flat, true, false);
    const rest = order.map((one) => x.shape[one]);
    const back = count(rest.length).map((one) => one + 1);
    back.splice(axis, 0, 0);
    return tf.transpose(tf.reshape(made, [size, ...rest]), back);
  }

  function folded({ x, outputSize, kernelSize, dilation, padding, stride }) {
    const [out, sizes, rates, pads, steps] = [outputSize, kernelSize, dilation, padding, stride].map(
      (value) => several(value, 2),
    );
    const full = out.map((size, axis) => size + 2 * pads[axis]);
    const cells = full.map((size, axis) =>
      Math.floor((size - ((sizes[axis] - 1) * rates[axis] + 1)) / steps[axis]) + 1,
    );
    const [batch, depth] = t(x).shape;
    const channels = depth / (sizes[0] * sizes[1]);
    const split = tf.reshape(t(x), [batch, channels, ...sizes, ...cells]);
    const ordered = tf.transpose(split, [0, 1, 4, 2, 5, 3]);
    const columns = summed(ordered, 4, full[1], steps[1], rates[1]);
    const made = summed(columns, 2, full[0], steps[0], rates[0]);
    return tf.slice(made, [0, 0, ...pads], [batch, channels, ...out]);
  }

  /** Make channels of patches, ordered by row, column and channel of the patch. */
  function patches({ images, size, strides, dilationRate, padding, dataFormat }) {
    const axes = Array.isArray(size) ? size.length : 2;
    const x = t(images);
    const single = x.rank === axes + 1;
    const made = channelsLast(single ? tf.expandDims(x, 0) : x, dataFormat, (batch) => {
      const lengths = several(size, axes);
      const steps = several(strides ?? size, axes);
      const rates = several(dilationRate, axes);
      let all = framed(batch, padding, lengths, steps, rates);
      lengths.forEach((length, axis) => {
        all = windows(all, 1 + 2 * axis, length, steps[axis], rates[axis]);
      });
      const cells = lengths.map((_, axis) => 1 + 2 * axis);
      const inside = cells.map((axis) => axis + 1);
      const moved = tf.transpose(all, [0, ...cells, ...inside, all.rank - 1]);
      return tf.reshape(moved, [...moved.shape.slice(0, axes + 1), -1]);
    });
    return single ? tf.squeeze(made, [0]) : made;
  }

  const deeper = (block) => (x) => {
    const [batch, height, width, channels] = x.shape;
    const cells = [height / block, block, width / block, block * channels];
    const turned = tf.transpose(tf.reshape(x, [batch, ...cells]), [0, 1, 3, 2, 4]);
    return tf.reshape(turned, [batch, height / block, width / block, block ** 2 * channels]);
  };

  const wider = (block) => (x) => {
    const [batch, height, width, channels] = x.shape;
    const depth = channels / block ** 2;
    const split = tf.reshape(x, [batch, height, width, block, block * depth]);
    const turned = tf.transpose(split, [0, 1, 3, 2, 4]);
    return tf.reshape(turned, [batch, height * block, width * block, depth]);
  };

  /** Windows of some length along the last axis, which get an axis of their own before it. */
  function sequences(x, length, stride) {
    const count = 1 + Math.floor((x.shape[x.rank - 1] - length) / stride);
    const indices = [...Array(count).keys()].map((row) =>
      [...Array(length).keys()].map((step) => row * stride + step),
    );
    return tf.gather(x, tf.tensor2d(indices, [count, length], "int32"), x.rank - 1);
  }

  taking(["images", "size", "strides", "dilationRate", "padding", "dataFormat"], {
    extractPatches: patches,
  });

  taking(["x", "kernelSize", "dilation", "padding", "stride"], {
    unfold: unfolded,
  });

  taking(["x", "outputSize", "kernelSize", "dilation", "padding", "stride"], {
    fold: folded,
  });

  taking(["x", "sequenceLength", "sequenceStride"], {
    extractSequences: ({ x, sequenceLength, sequenceStride }) =>
      sequences(t(x), sequenceLength, sequenceStride),
  });

  taking(["x", "blockSize", "dataFormat"], {
    depthToSpace: ({ x, blockSize, dataFormat }) =>
      channelsLast(t(x), dataFormat, wider(blockSize)),
    spaceToDepth: ({ x, blockSize, dataFormat }) =>
      channelsLast(t(x), dataFormat, deeper(blockSize)),
  });

  return { sequences };
});
