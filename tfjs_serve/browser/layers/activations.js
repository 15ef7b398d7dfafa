// Keras's activations; `keras/src/activations/activations.py`, `keras/src/backend/*/nn.py`.
//
// `activations[name](x, args)` computes any of them, TensorFlow.js's own among them; `args` has
// all arguments of those that take some. TF.js makes camel case of the names that the converter
// writes. Comparisons are made with step(), because greater() and less() have no gradients.

part(({ tf, layer, activations }) => {
  const clip = (x, low, high) => tf.clipByValue(x, low, high);
  const alongAxis = (x, axis) => (axis < 0 ? axis + x.rank : axis);

  function relu(x, { negativeSlope = 0, maxValue = null, threshold = 0 } = {}) {
    let above = threshold ? tf.mul(x, tf.step(tf.sub(x, threshold))) : tf.relu(x);
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
    if (Number.isInteger(axis)) return overAxis(x, axis, (y) => tf.softmax(y));
    if (axis?.length === 1) return softmax(x, { axis: axis[0] });
    return tf.exp(logSoftmax(x, { axis }));
  }

  /** `axis` is one, several or, if it is null, all. */
  function logSoftmax(x, { axis = -1 } = {}) {
    if (Number.isInteger(axis)) return overAxis(x, axis, (y) => tf.logSoftmax(y));
    return tf.sub(x, tf.logSumExp(x, axis, true));
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

  /** The sorted values of each row, their places, and which of them count: those before `size`. */
  function sortedRows(x) {
    const count = x.shape[1];
    const { values, indices } = tf.topk(x, count, true);
    const sums = tf.cumsum(values, 1);
    const limits = tf.div(tf.sub(sums, 1), tf.range(1, count + 1));
    const support = tf.step(tf.sub(values, limits));
    return { indices, sums, support, size: tf.sum(support, 1, true) };
  }

  // Keras adds up the sums of the sorted values where the paper adds up the values. The largest
  // one is in all `size` of these sums, the next one in one less, and so on.
  const sparsemaxOfRows = tf.customGrad((x, save) => {
    const { sums, support, size } = sortedRows(x);
    const limit = tf.div(tf.sub(tf.sum(tf.mul(sums, support), 1, true), 1), size);
    const y = tf.relu(tf.sub(x, limit));
    save([x, y]);
    // topk has no gradient in TF.js.
    const gradFunc = (dy, [given, made]) => {
      const sorted = sortedRows(given);
      const left = tf.sub(sorted.size, tf.range(0, given.shape[1]));
      const shares = tf.div(tf.mul(left, sorted.support), sorted.size);
      const places = tf.topk(tf.neg(tf.cast(sorted.indices, "float32")), given.shape[1], true);
      const inside = tf.mul(dy, tf.step(made));
      const limits = tf.gather(shares, places.indices, 1, 1);
      return tf.sub(inside, tf.mul(tf.sum(inside, 1, true), limits));
    };
    return { value: y, gradFunc };
  });

  const sparsemax = (x) => {
    const size = x.shape[x.rank - 1];
    return tf.reshape(sparsemaxOfRows(tf.reshape(x, [-1, size])), x.shape);
  };

  const hardSigmoid = (x) => clip(tf.add(tf.div(x, 6), 0.5), 0, 1);

  function softShrink(x, { threshold = 0.5 } = {}) {
    const [lower, upper] = [tf.sub(x, threshold), tf.add(x, threshold)];
    const above = tf.step(lower);
    const below = tf.mul(tf.sub(1, above), tf.step(tf.neg(upper)));
    return tf.add(tf.mul(lower, above), tf.mul(upper, below));
  }

  function threshold(x, { threshold: limit = 0, defaultValue = 0 } = {}) {
    const above = tf.step(tf.sub(x, limit));
    return tf.add(tf.mul(x, above), tf.mul(tf.sub(1, above), defaultValue));
  }

  const sparsePlus = (x) =>
    tf.add(tf.div(tf.square(clip(tf.add(x, 1), 0, 2)), 4), tf.relu(tf.sub(x, 1)));

  Object.assign(activations, {
    celu: (x, { alpha = 1 } = {}) => tf.mul(tf.elu(tf.div(x, alpha)), alpha),
    elu: (x, { alpha = 1 } = {}) => tf.leakyRelu(tf.elu(x), alpha),
    exponential: (x) => tf.exp(x),
    gelu,
    glu,
    hardShrink: (x, { threshold: limit = 0.5 } = {}) =>
      tf.mul(x, tf.step(tf.sub(tf.abs(x), limit))),
    hardSigmoid,
    hardSigmoidKeras2: (x) => clip(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
    hardSilu: (x) => tf.mul(x, hardSigmoid(x)),
    hardTanh: (x) => clip(x, -1, 1),
    leakyRelu: (x, { negativeSlope = 0.2 } = {}) => tf.leakyRelu(x, negativeSlope),
    linear: (x) => x,
    logSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
    logSoftmax,
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
    sparsemax: (x, { axis = -1 } = {}) => overAxis(x, axis, sparsemax),
    squareplus: (x, { b = 4 } = {}) => tf.div(tf.add(x, tf.sqrt(tf.add(tf.square(x), b))), 2),
    tanh: (x) => tf.tanh(x),
    tanhShrink: (x) => tf.sub(x, tf.tanh(x)),
    threshold,
  });

  layer("Activation", ([x], { args }) => activations[args.function](x, args));

  /** The mask is the last input; it broadcasts to the first one from the last axis on. */
  layer("MaskedSoftmax", ([x, given], { args: { axis, clears, replaces } }) => {
    const mask = tf.cast(given, "float32");
    const lowered = replaces
      ? tf.where(tf.greater(tf.mul(mask, tf.onesLike(x)), 0.5), x, tf.fill(x.shape, -1e9))
      : tf.add(x, tf.mul(tf.sub(1, mask), -1e9));
    const y = softmax(lowered, { axis });
    return clears ? tf.mul(y, mask) : y;
  });
});
