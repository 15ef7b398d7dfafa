// What layers of windows and of upsampling share.

part("windows", [], ({ tf }) => {
  const product = (sizes) => sizes.reduce((one, other) => one * other, 1);

  /** Call `compute` with x as a batch of tensors with `rank` spatial axes and channels last. */
  function withLastChannels(x, rank, channelsFirst, compute) {
    const axes = [...x.shape.keys()];
    if (channelsFirst) axes.push(...axes.splice(x.rank - 1 - rank, 1));
    const turned = channelsFirst ? tf.transpose(x, axes) : x;
    const batch = turned.shape.slice(0, turned.rank - 1 - rank);
    const inner = turned.shape.slice(batch.length);
    const y = compute(tf.reshape(turned, [product(batch), ...inner]));
    const full = tf.reshape(y, [...batch, ...y.shape.slice(1)]);
    const back = axes.map((_, index) => axes.indexOf(index));
    return channelsFirst ? tf.transpose(full, back) : full;
  }

  /** The sizes before an axis, of the axis, and after it, as three products. */
  const around = (x, axis) => [
    product(x.shape.slice(0, axis)),
    x.shape[axis],
    product(x.shape.slice(axis + 1)),
  ];

  return { around, withLastChannels };
});
