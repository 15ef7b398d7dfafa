// Keras's losses of numbers, of margins and of regions: losses.py in keras/src/losses.

part("losses", ["loss", "reduction"], (kit) => {
  const { tf, loss, ownMasks, constant, EPSILON, float, sumOver } = kit;
  const mean = (values) => tf.mean(values, -1);

  // --- Regression ------------------------------------------------------------------------------

  const percentage = (yTrue, yPred) =>
    tf.mul(100, mean(tf.abs(tf.div(tf.sub(yTrue, yPred), tf.maximum(tf.abs(yTrue), EPSILON)))));

  const logOf = (values) => tf.log(tf.add(tf.maximum(values, EPSILON), 1));

  /** Of length 1, or as it is where it is nothing. */
  function normalized(values, axis) {
    const inverse = tf.rsqrt(tf.sum(tf.square(values), axis, true));
    return tf.mul(values, tf.minimum(inverse, 1 / EPSILON));
  }
  const cosine = (yTrue, yPred, axis) =>
    tf.sum(tf.mul(normalized(yTrue, axis), normalized(yPred, axis)), axis);

  // Without a choice by the size of the error, through which tf.where has no gradient.
  function huber(yTrue, yPred, { delta }) {
    const error = tf.abs(tf.sub(yPred, yTrue));
    const near = tf.minimum(error, delta);
    return mean(tf.add(tf.mul(0.5, tf.square(near)), tf.mul(delta, tf.sub(error, near))));
  }

  function logCosh(yTrue, yPred) {
    const error = tf.sub(yPred, yTrue);
    return mean(tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2));
  }

  const unit = (values) => tf.clipByValue(values, EPSILON, 1);
  function divergence(yTrue, yPred) {
    const [targets, predictions] = [unit(yTrue), unit(yPred)];
    return tf.sum(tf.mul(targets, tf.log(tf.div(targets, predictions))), -1);
  }

  const poisson = (yTrue, yPred) =>
    mean(tf.sub(yPred, tf.mul(yTrue, tf.log(tf.add(yPred, EPSILON)))));

  // --- Margins ---------------------------------------------------------------------------------

  /** Labels of -1 and 1, for those of 0 and 1. */
  function signed(yTrue) {
    const isBinary = float(tf.all(tf.logicalOr(tf.equal(yTrue, 0), tf.equal(yTrue, 1))));
    const changed = tf.sub(tf.mul(2, yTrue), 1);
    return tf.add(tf.mul(isBinary, changed), tf.mul(tf.sub(1, isBinary), yTrue));
  }
  const margin = (yTrue, yPred) => tf.relu(tf.sub(1, tf.mul(signed(yTrue), yPred)));

  function categoricalHinge(yTrue, yPred) {
    const right = tf.sum(tf.mul(yTrue, yPred), -1);
    const wrong = tf.max(tf.mul(tf.sub(1, yTrue), yPred), -1);
    return tf.relu(tf.add(tf.sub(wrong, right), 1));
  }

  // --- Regions ---------------------------------------------------------------------------------

  function dice(yTrue, yPred, { axis }) {
    const sums = tf.add(sumOver(yTrue, axis), sumOver(yPred, axis));
    const common = sumOver(tf.mul(yTrue, yPred), axis);
    return tf.sub(1, tf.div(tf.mul(2, common), tf.add(sums, EPSILON)));
  }

  function tversky(yTrue, yPred, { alpha, beta, axis }) {
    const common = sumOver(tf.mul(yTrue, yPred), axis);
    const missed = sumOver(tf.mul(tf.sub(1, yPred), yTrue), axis);
    const wrong = sumOver(tf.mul(yPred, tf.sub(1, yTrue)), axis);
    const whole = tf.add(tf.add(common, tf.mul(missed, alpha)), tf.mul(wrong, beta));
    return tf.sub(1, tf.div(common, tf.add(whole, EPSILON)));
  }

  // --- Similarity ------------------------------------------------------------------------------

  /** Which pairs of samples are of the same class, and which of others, as 0 and 1. */
  function pairs(labels, removeDiagonal) {
    const flat = tf.reshape(labels, [-1, 1]);
    const same = float(tf.equal(flat, tf.transpose(flat)));
    const others = tf.sub(1, same);
    return [removeDiagonal ? tf.sub(same, tf.eye(flat.size)) : same, others];
  }

  /** A sample may have no pairs; of nothing but -Infinity, the sum would be NaN. */
  const LEAST = -1e30;
  const ofPairs = (chosen, values) =>
    tf.logSumExp(tf.where(tf.cast(chosen, "bool"), values, tf.fill(values.shape, LEAST)), 1);

  function circle(yTrue, yPred, { gamma, margin: border, removeDiagonal }) {
    const distances = tf.relu(tf.sub(1, tf.matMul(yPred, yPred, false, true)));
    const [same, others] = pairs(yTrue, removeDiagonal);
    const nearness = tf.relu(tf.mul(tf.add(border, distances), same));
    const farness = tf.relu(tf.mul(tf.sub(1 + border, distances), others));
    const positive = tf.mul(tf.mul(-gamma, nearness), tf.sub(border, distances));
    const negative = tf.mul(tf.mul(gamma, farness), tf.sub(1 - border, distances));
    const losses = tf.softplus(tf.add(ofPairs(same, positive), ofPairs(others, negative)));
    ownMasks.set(
      losses,
      constant(losses, (values) => float(tf.greater(values, 0))),
    );
    return losses;
  }

  const areAcross = { keepsTargets: true };
  const losses = {
    MeanSquaredError: loss("MeanSquaredError", "mean_squared_error", {}, (yTrue, yPred) =>
      mean(tf.square(tf.sub(yTrue, yPred))),
    ),
    MeanAbsoluteError: loss("MeanAbsoluteError", "mean_absolute_error", {}, (yTrue, yPred) =>
      mean(tf.abs(tf.sub(yTrue, yPred))),
    ),
    MeanAbsolutePercentageError: loss(
      "MeanAbsolutePercentageError",
      "mean_absolute_percentage_error",
      {},
      percentage,
    ),
    MeanSquaredLogarithmicError: loss(
      "MeanSquaredLogarithmicError",
      "mean_squared_logarithmic_error",
      {},
      (yTrue, yPred) => mean(tf.square(tf.sub(logOf(yPred), logOf(yTrue)))),
    ),
    CosineSimilarity: loss(
      "CosineSimilarity",
      "cosine_similarity",
      { axis: -1 },
      (yTrue, yPred, { axis }) => tf.neg(cosine(yTrue, yPred, axis)),
    ),
    Huber: loss("Huber", "huber_loss", { delta: 1 }, huber),
    LogCosh: loss("LogCosh", "log_cosh", {}, logCosh),
    KLDivergence: loss("KLDivergence", "kl_divergence", {}, divergence),
    Poisson: loss("Poisson", "poisson", {}, poisson),
    Hinge: loss("Hinge", "hinge", {}, (yTrue, yPred) => mean(margin(yTrue, yPred))),
    SquaredHinge: loss("SquaredHinge", "squared_hinge", {}, (yTrue, yPred) =>
      mean(tf.square(margin(yTrue, yPred))),
    ),
    CategoricalHinge: loss("CategoricalHinge", "categorical_hinge", {}, categoricalHinge),
    Dice: loss("Dice", "dice", { axis: null }, dice),
    Tversky: loss("Tversky", "tversky", { alpha: 0.5, beta: 0.5, axis: null }, tversky),
    Circle: loss(
      "Circle",
      "circle",
      { gamma: 80, margin: 0.4, removeDiagonal: true },
      circle,
      areAcross,
    ),
  };

  const cosineOf = (yTrue, yPred, { axis }) => cosine(yTrue, yPred, axis);
  return { losses, cosineOf };
});
