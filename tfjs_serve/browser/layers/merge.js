// Merging of tensors whose sizes the converter did not know; `keras/src/layers/merging`.

part("merge", [], ({ tf, layer }) => {
  layer("Concatenate", ["axis"], (inputs, { args }) => tf.concat(inputs, args.axis));

  // Integers of few bits continue at the lowest one when they overflow.
  layer("Wrapped", ["lowest", "count"], ([x], { args: { lowest, count } }) =>
    tf.sub(x, tf.mul(tf.floor(tf.div(tf.sub(x, lowest), count)), count)),
  );

  layer("Truncated", [], ([x]) => tf.mul(tf.sign(x), tf.floor(tf.abs(x))));

  /** Make a matrix of each sample, whose rows run along `axis`; other axes are joined. */
  function matrix(x, axis) {
    const order = [...x.shape.keys()].filter((each) => each !== axis);
    return tf.reshape(tf.transpose(x, [...order, axis]), [x.shape[0], -1, x.shape[axis]]);
  }

  function ofUnitLength(x, axis, smallest) {
    return tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), axis, true), smallest)));
  }

  layer("Dot", ["axes", "normalize", "smallest"], (inputs, { args }) => {
    const { axes, normalize, smallest } = args;
    const factors = inputs.map((x, index) =>
      normalize ? ofUnitLength(x, axes[index], smallest) : x,
    );
    const [left, right] = factors.map((x, index) => matrix(x, axes[index]));
    const others = inputs.flatMap((x, index) =>
      x.shape.filter((_size, axis) => axis > 0 && axis !== axes[index]),
    );
    const shape = [inputs[0].shape[0], ...(others.length ? others : [1])];
    return tf.reshape(tf.matMul(left, right, false, true), shape);
  });
});
