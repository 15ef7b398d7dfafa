// Keras's activations; `keras/src/activations/activations.py`, `keras/src/backend/*/nn.py`.
//
// `activations[name](x, args)` computes any of them, TensorFlow.js's own among them; `args` has
// all arguments of those that take some. TF.js makes camel case of the names that the converter
// writes.

part(({ tf, layer, activations }) => {
  const clip = (x, low, high) => tf.clipByValue(x, low, high);
  const alongAxis = (x, axis) => (axis < 0 ? axis + x.rank : axis);

  function relu(x, { negativeSlope = 0, maxValue = null, threshold = 0 } = {}) {
    let above = threshold ? tf.mul(x, tf.cast(tf.greater(x, threshold), x.dtype)) : tf.relu(x);
    if (maxValue !== null) above = clip(above, 0, maxValue);
    if (!negativeSlope) return above;
    const below = tf.relu(tf.sub(threshold, x));
    return tf.sub(above, tf.mul(below, negativeSlope));
  }

  /** Compute `of` over the last axis of x with `axis` in its place. TF.js's softmax needs that. */
  function overAxis(x, axis, of) {
    const given = alongAxis(x, axis);
    if (given === x.rank - 1) return of(x);
    const order = [...x.shape.keys()];
    [order[given], order[x.rank - 1]] = [order[x.rank - 1], order[given]];
    return tf.transpose(of(tf.transpose(x, order)), order);
  }

  function softmax(x, { axis = -1 } = {}) {
    if (!Array.isArray(axis)) return overAxis(x, axis, (y) => tf.softmax(y));
    if (axis.length === 1) return softmax(x, { axis: axis[0] });
    return tf.exp(tf.sub(x, tf.logSumExp(x, axis, true)));
  }

  function gelu(x, { approximate = false } = {}) {
    if (!approximate) return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(inner, Math.sqrt(2 / Math.PI))), 1));
  }

  function glu(x, { axis = -1 } = {}) {
    const [values, gates] = tf.split(x, 2, alongAxis(x, axis));
    return tf.mul(values, tf.sigmoid(gates));
  }

  /** The largest k values of each row lie above the threshold that makes them sum to 1. */
  function sparsemaxOfRows(x) {
    const count = x.shape[x.rank - 1];
    const { values } = tf.topk(x, count, true);
    const ranks = tf.range(1, count + 1);
    const support = tf.cast(
      tf.greater(tf.sub(values, tf.div(tf.sub(tf.cumsum(values, x.rank - 1), 1), ranks)), 0),
      "float32",
    );
    const size = tf.sum(support, -1, true);
    return [tf.div(tf.sub(tf.sum(tf.mul(values, support), -1, true), 1), size), size];
  }

  // topk has no gradient in TF.js. The output's is dy minus its mean over the support.
  const sparsemaxWithGradient = tf.customGrad((x, save) => {
    const y = tf.relu(tf.sub(x, sparsemaxOfRows(x)[0]));
    save([y]);
    const gradFunc = (dy, [saved]) => {
      const support = tf.cast(tf.greater(saved, 0), "float32");
      const inside = tf.mul(dy, support);
      const mean = tf.div(tf.sum(inside, -1, true), tf.sum(support, -1, true));
      return tf.sub(inside, tf.mul(support, mean));
    };
    return { value: y, gradFunc };
  });

  const hardSigmoid = (x) => clip(tf.add(tf.div(x, 6), 0.5), 0, 1);
  const softShrink = (x, { threshold = 0.5 } = {}) =>
    tf.where(
      tf.greater(x, threshold),
      tf.sub(x, threshold),
      tf.where(tf.less(x, -threshold), tf.add(x, threshold), tf.zerosLike(x)),
    );
  const sparsePlus = (x) =>
    tf.add(tf.div(tf.square(clip(tf.add(x, 1), 0, 2)), 4), tf.relu(tf.sub(x, 1)));

  Object.assign(activations, {
    celu: (x, { alpha = 1 } = {}) => tf.mul(tf.elu(tf.div(x, alpha)), alpha),
    elu: (x, { alpha = 1 } = {}) => tf.leakyRelu(tf.elu(x), alpha),
    exponential: (x) => tf.exp(x),
    gelu,
    glu,
    hardShrink: (x, { threshold = 0.5 } = {}) =>
      tf.mul(x, tf.cast(tf.greater(tf.abs(x), threshold), x.dtype)),
    hardSigmoid,
    hardSigmoidKeras2: (x) => clip(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
    hardSilu: (x) => tf.mul(x, hardSigmoid(x)),
    hardTanh: (x) => clip(x, -1, 1),
    leakyRelu: (x, { negativeSlope = 0.2 } = {}) => tf.leakyRelu(x, negativeSlope),
    linear: (x) => x,
    logSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
    logSoftmax: (x, { axis = -1 } = {}) => overAxis(x, axis, (y) => tf.logSoftmax(y)),
    mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    relu,
    relu6: (x) => clip(x, 0, 6),
    selu: (x) => tf.selu(x),
    sigmoid: (x) => tf.sigmoid(x),
    silu: (x) => tf.mul(x, tf.sigmoid(x)),
    softShrink,
    softmax,
    softplus: (x) => tf.softplus(x),
    softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
    sparsePlus,
    sparseSigmoid: (x) => clip(tf.add(tf.mul(x, 0.5), 0.5), 0, 1),
    sparsemax: (x, { axis = -1 } = {}) => overAxis(x, axis, sparsemaxWithGradient),
    squareplus: (x, { b = 4 } = {}) => tf.div(tf.add(x, tf.sqrt(tf.add(tf.square(x), b))), 2),
    tanh: (x) => tf.tanh(x),
    tanhShrink: (x) => tf.sub(x, tf.tanh(x)),
    threshold: (x, { threshold = 0, defaultValue = 0 } = {}) =>
      tf.where(tf.greater(x, threshold), x, tf.fill(x.shape, defaultValue)),
  });

  layer("Activation", ([x], { args }) => activations[args.function](x, args));
});
