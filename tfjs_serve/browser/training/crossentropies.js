// Keras's cross entropies: losses.py in keras/src/losses and nn.py in keras/src/backend.
//
// Where the predictions come from a softmax or a sigmoid of the last layer, the loss is computed of
// what went into it, as Keras does with TensorFlow. So a saturated prediction has its gradient,
// too; with JAX and PyTorch, Keras clips it at 1e-7.

part("crossentropies", ["loss"], (kit) => {
  const { tf, loss, activated, ownMasks, EPSILON, float, insist } = kit;
  const clipped = (values) => tf.clipByValue(values, EPSILON, 1 - EPSILON);
  const normalized = (values, axis) => tf.div(values, tf.sum(values, axis, true));
  const softmaxed = (values, axis) => tf.exp(logSoftmaxOf(values, axis));

  function logSoftmaxOf(values, axis) {
    if (axis === -1 || axis === values.rank - 1) return tf.logSoftmax(values);
    const shifted = tf.sub(values, tf.max(values, axis, true));
    return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), axis, true)));
  }

  /** What went into an activation of the last layer, if it was this one. */
  function logitsOf(yPred, activation) {
    const found = activated.get(yPred);
    return found?.activation === activation ? found.logits : null;
  }

  /** Logarithms of probabilities. */
  function logsOf(yPred, { fromLogits, axis }) {
    const isLast = axis === -1 || axis === yPred.rank - 1;
    const logits = fromLogits ? yPred : isLast ? logitsOf(yPred, "softmax") : null;
    return logits ? logSoftmaxOf(logits, axis) : tf.log(clipped(normalized(yPred, axis)));
  }

  // --- Of several classes ----------------------------------------------------------------------

  function smoothed(yTrue, share) {
    if (!share) return yTrue;
    return tf.add(tf.mul(yTrue, 1 - share), share / yTrue.shape[yTrue.rank - 1]);
  }

  const entropy = (yTrue, logs, axis) => tf.neg(tf.sum(tf.mul(yTrue, logs), axis));
  const categorical = (yTrue, yPred, args) =>
    entropy(smoothed(yTrue, args.labelSmoothing), logsOf(yPred, args), args.axis);

  function focal(yTrue, yPred, { alpha, gamma, fromLogits, labelSmoothing, axis }) {
    const chances = fromLogits ? softmaxed(yPred, axis) : yPred;
    const output = clipped(normalized(chances, axis));
    const factor = tf.mul(tf.pow(tf.sub(1, output), gamma), alpha);
    const losses = tf.mul(tf.neg(smoothed(yTrue, labelSmoothing)), tf.log(output));
    return tf.sum(tf.mul(factor, losses), axis);
  }

  /** One of the classes on an axis, from their numbers. */
  function oneHot(classes, count, axis, rank) {
    const last = float(tf.oneHot(tf.cast(classes, "int32"), count));
    const own = (axis + rank) % rank;
    if (own === rank - 1) return last;
    const order = [...Array(rank - 1).keys()];
    return tf.transpose(last, [...order.slice(0, own), rank - 1, ...order.slice(own)]);
  }

  function checkClasses(owner, classes, yPred, axis) {
    const wanted = yPred.shape.filter((_, index) => index !== (axis + yPred.rank) % yPred.rank);
    if (classes.shape.join() === wanted.join()) return;
    throw new Error(
      `${owner} got classes of shape [${classes.shape}] for predictions of shape [${yPred.shape}]`,
    );
  }

  function sparse(yTrue, yPred, args) {
    const { axis, ignoreClass } = args;
    const isSingle = yTrue.rank === yPred.rank && yTrue.shape.at(axis) === 1;
    const classes = isSingle ? tf.squeeze(yTrue, [(axis + yPred.rank) % yPred.rank]) : yTrue;
    checkClasses("SparseCategoricalCrossentropy", classes, yPred, axis);
    const count = yPred.shape.at(axis);
    const losses = entropy(oneHot(classes, count, axis, yPred.rank), logsOf(yPred, args), axis);
    if (ignoreClass === null) return losses;
    const isKept = tf.notEqual(float(classes), ignoreClass);
    const kept = tf.mul(losses, float(isKept));
    ownMasks.set(kept, isKept);
    return kept;
  }

  function generalized(yTrue, yPred, { q }) {
    const classes = yTrue.rank === yPred.rank ? tf.squeeze(yTrue, [-1]) : yTrue;
    const chances = oneHot(classes, yPred.shape.at(-1), -1, yPred.rank);
    const right = tf.sum(tf.mul(yPred, chances), -1);
    return tf.div(tf.sub(1, tf.pow(right, q)), q);
  }

  // --- Of two classes --------------------------------------------------------------------------

  const smoothedBinary = (yTrue, share) =>
    share ? tf.add(tf.mul(yTrue, 1 - share), 0.5 * share) : yTrue;

  /** Of each number. */
  function binaryOf(yTrue, yPred, fromLogits) {
    const logits = fromLogits ? yPred : logitsOf(yPred, "sigmoid");
    const output = logits ?? clipped(yPred);
    const yes = logits ? tf.neg(tf.softplus(tf.neg(output))) : tf.log(output);
    const no = logits ? tf.neg(tf.softplus(output)) : tf.log(tf.sub(1, output));
    return tf.neg(tf.add(tf.mul(yTrue, yes), tf.mul(tf.sub(1, yTrue), no)));
  }

  const binary = (yTrue, yPred, { fromLogits, labelSmoothing, axis }) =>
    tf.mean(binaryOf(smoothedBinary(yTrue, labelSmoothing), yPred, fromLogits), axis);

  function binaryFocal(yTrue, yPred, args) {
    const targets = smoothedBinary(yTrue, args.labelSmoothing);
    const others = tf.sub(1, targets);
    const output = args.fromLogits ? tf.sigmoid(yPred) : yPred;
    const losses = binaryOf(targets, output, false);
    const right = tf.add(tf.mul(targets, output), tf.mul(others, tf.sub(1, output)));
    const focused = tf.mul(tf.pow(tf.sub(1, right), args.gamma), losses);
    const { alpha } = args;
    const balance = tf.add(tf.mul(targets, alpha), tf.mul(others, 1 - alpha));
    return tf.mean(args.applyClassBalancing ? tf.mul(balance, focused) : focused, args.axis);
  }

  // --- Declared --------------------------------------------------------------------------------

  const entropies = { fromLogits: false, labelSmoothing: 0, axis: -1 };
  const focals = { alpha: 0.25, gamma: 2, ...entropies };
  const areClasses = { keepsTargets: true };
  const isShare = ({ q }) =>
    insist(q > 0 && q < 1, "CategoricalGeneralizedCrossEntropy", "q", "between 0 and 1", q);

  const losses = {
    BinaryCrossentropy: loss("BinaryCrossentropy", "binary_crossentropy", entropies, binary),
    BinaryFocalCrossentropy: loss(
      "BinaryFocalCrossentropy",
      "binary_focal_crossentropy",
      { applyClassBalancing: false, ...focals },
      binaryFocal,
    ),
    CategoricalCrossentropy: loss(
      "CategoricalCrossentropy",
      "categorical_crossentropy",
      entropies,
      categorical,
    ),
    CategoricalFocalCrossentropy: loss(
      "CategoricalFocalCrossentropy",
      "categorical_focal_crossentropy",
      focals,
      focal,
    ),
    SparseCategoricalCrossentropy: loss(
      "SparseCategoricalCrossentropy",
      "sparse_categorical_crossentropy",
      { fromLogits: false, ignoreClass: null, axis: -1 },
      sparse,
      areClasses,
    ),
    CategoricalGeneralizedCrossEntropy: loss(
      "CategoricalGeneralizedCrossEntropy",
      "categorical_generalized_cross_entropy",
      { q: 0.5 },
      generalized,
      { ...areClasses, inspect: isShare },
    ),
  };
  return { losses };
});
