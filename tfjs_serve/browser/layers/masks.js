// Masks as tensors of zeros and ones; `compute_mask` of Keras's layers.

part("masks", [], ({ tf, layer }) => {
  const differs = (x, value) => tf.cast(tf.notEqual(x, value), "float32");

  layer("Mask", ["value", "overFeatures"], ([x], { args }) => {
    const different = differs(x, args.value);
    return args.overFeatures ? tf.max(different, -1) : different;
  });

  layer("Ones", ["full"], ([x], { args }) => tf.ones(args.full ? x.shape : x.shape.slice(0, 2)));

  layer("MergedMask", ["union"], (masks, { args }) =>
    masks.reduce((one, other) => (args.union ? tf.maximum(one, other) : tf.minimum(one, other))),
  );

  // Inputs: the tensors that are merged, then a mask of each. Where a tensor is masked, the number
  // of the other one counts; in a product, it is 1, and the result is 0 where all are masked.
  layer("MaskedMerge", ["operation"], (inputs, { args: { operation } }) => {
    const count = inputs.length / 2;
    const rank = Math.max(...inputs.slice(0, count).map((x) => x.rank));
    const pairs = inputs.slice(0, count).map((x, index) => {
      const mask = inputs[count + index];
      // Keras ignores the mask of a tensor that gets further axes.
      if (x.rank < rank) {
        const ones = Array(rank - x.rank).fill(1);
        const full = tf.reshape(x, [x.shape[0], ...ones, ...x.shape.slice(1)]);
        return [full, tf.onesLike(full)];
      }
      return [x, tf.mul(tf.onesLike(x), mask.rank < x.rank ? tf.expandDims(mask, -1) : mask)];
    });
    const where = (mask, one, other) => tf.where(tf.greater(mask, 0), one, other);
    if (operation === "multiply") {
      const products = pairs.map(([x, mask]) => where(mask, x, tf.onesLike(x)));
      const any = pairs.map(([, mask]) => mask).reduce((one, other) => tf.maximum(one, other));
      return tf.mul(products.reduce((one, other) => tf.mul(one, other)), any);
    }
    const merge = operation === "maximum" ? tf.maximum : tf.minimum;
    const [merged] = pairs.reduce(([output, outputMask], [x, mask]) => {
      const filled = where(mask, x, output);
      return [merge(where(outputMask, output, filled), filled), tf.maximum(outputMask, mask)];
    });
    return merged;
  });

  // Inputs: the tensors that are joined, then the masks of those that have one. Keras 3 repeats a
  // mask for each feature of its tensor, Keras 2 does not.
  layer("JoinedMask", ["masked", "axis", "union"], (inputs, { args }) => {
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
