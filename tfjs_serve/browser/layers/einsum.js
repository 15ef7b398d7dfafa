// Products of two tensors whose axes have numbers; axes with the same number are the same axis.

part("einsum", ["activations"], ({ tf, layer, settingsOf, activate }) => {
  const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

  /** Take the diagonal of each pair of axes that have the same number. */
  function diagonal(x, axes) {
    const again = axes.findIndex((axis, place) => axes.indexOf(axis) < place);
    if (again < 0) return [x, axes];
    const first = axes.indexOf(axes[again]);
    const order = axes.map((_, place) => place).filter((place) => place !== first && place !== again);
    const moved = tf.transpose(x, [...order, first, again]);
    const size = x.shape[again];
    const shape = moved.shape.slice(0, -2);
    const column = tf.matMul(
      tf.reshape(tf.mul(moved, tf.eye(size)), [-1, size]),
      tf.ones([size, 1]),
    );
    return diagonal(tf.reshape(column, [...shape, size]), [...order.map((at) => axes[at]), axes[first]]);
  }

  /** Multiply two tensors and sum over the axes that are not in the output. */
  function einsum(left, right, leftAxes, rightAxes, outputAxes) {
    let [x, xAxes] = diagonal(left, leftAxes);
    const [y, yAxes] = diagonal(right, rightAxes);
    const alone = xAxes.filter((axis) => !yAxes.includes(axis) && !outputAxes.includes(axis));
    x = tf.sum(x, alone.map((axis) => xAxes.indexOf(axis)));
    xAxes = xAxes.filter((axis) => !alone.includes(axis));
    const shared = xAxes.filter((axis) => yAxes.includes(axis) && outputAxes.includes(axis));
    const summed = xAxes.filter((axis) => yAxes.includes(axis) && !outputAxes.includes(axis));
    const free = xAxes.filter((axis) => !yAxes.includes(axis));
    const made = yAxes.filter((axis) => !xAxes.includes(axis));
    const sizes = new Map([
      ...yAxes.map((axis, place) => [axis, y.shape[place]]),
      ...xAxes.map((axis, place) => [axis, x.shape[place]]),
    ]);
    const total = (axes) => product(axes.map((axis) => sizes.get(axis)));
    const matrices = (tensor, axes, rows, columns) =>
      tf.reshape(
        tf.transpose(tensor, [...shared, ...rows, ...columns].map((axis) => axes.indexOf(axis))),
        [total(shared), total(rows), total(columns)],
      );
    const multiplied = tf.matMul(
      matrices(x, xAxes, free, summed),
      matrices(y, yAxes, summed, made),
    );
    const axes = [...shared, ...free, ...made];
    const apart = tf.reshape(multiplied, axes.map((axis) => sizes.get(axis)));
    return tf.transpose(apart, outputAxes.map((axis) => axes.indexOf(axis)));
  }

  layer("EinsumDense", ["source", "kernel", "output", "activation?"], ([x], { args, weights }) => {
    let output = einsum(x, weights.kernel, args.source, args.kernel, args.output);
    if (weights.bias) output = tf.add(output, weights.bias);
    return args.activation ? activate(args.activation, output) : output;
  }, ({ activation }) => activation && settingsOf(activation));

  layer("RandomFourierFeatures", [], ([x], { weights }) => {
    const kernel = tf.div(weights.unscaled_kernel, weights.kernel_scale);
    return tf.cos(tf.add(tf.matMul(x, kernel), weights.bias));
  });
});
