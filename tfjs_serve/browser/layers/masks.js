// Masks as tensors of zeros and ones; `compute_mask` of Keras's layers.

part(({ tf, layer }) => {
  const differs = (x, value) => tf.cast(tf.notEqual(x, value), "float32");

  layer("Mask", ([x], { args }) => {
    const different = differs(x, args.value);
    return args.overFeatures ? tf.max(different, -1) : different;
  });

  layer("Ones", ([x], { args }) => tf.ones(args.full ? x.shape : x.shape.slice(0, 2)));

  layer("MergedMask", (masks, { args }) =>
    masks.reduce((one, other) => (args.union ? tf.maximum(one, other) : tf.minimum(one, other))),
  );

  // Inputs: the tensors that are joined, then the masks of those that have one. Keras 3 spreads a
  // mask over the features of its tensor, Keras 2 gives it a single one.
  layer("JoinedMask", (inputs, { args }) => {
    const tensors = inputs.slice(0, args.masked.length);
    const masks = inputs.slice(args.masked.length);
    const spread = tensors.map((x, index) => {
      const ones = tf.onesLike(x);
      if (!args.masked[index]) return ones;
      const mask = masks.shift();
      if (mask.rank >= x.rank) return mask;
      const column = tf.expandDims(mask, -1);
      return args.union ? tf.mul(column, ones) : column;
    });
    const joined = tf.concat(spread, args.axis);
    return args.union ? tf.max(joined, -1) : tf.min(joined, -1);
  });
});
