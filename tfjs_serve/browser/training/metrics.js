// Keras's metrics that are means over samples: accuracy_metrics.py, regression_metrics.py,
// correlation_metrics.py, and those of losses, in keras/src/metrics.

part("metrics", ["metric", "losses", "crossentropies", "loss"], (kit) => {
  const { tf, Metric, Mean, metric, meanOf, weightsOf, cosineOf } = kit;
  const { float, sameRank, divideNoNan, EPSILON, insist, offered } = kit;
  const { losses } = offered;

  // --- Accuracies ------------------------------------------------------------------------------

  const equal = (one, other) => float(tf.equal(one, other));
  const bestOf = (values) => float(tf.argMax(values, -1));

  function accuracy(yTrue, yPred) {
    return equal(...sameRank(yTrue, yPred));
  }

  function binaryAccuracy(yTrue, yPred, { threshold }) {
    const [targets, predictions] = sameRank(yTrue, yPred);
    return equal(targets, float(tf.greater(predictions, threshold)));
  }

  const categoricalAccuracy = (yTrue, yPred) => equal(bestOf(yTrue), bestOf(yPred));

  /** Classes for predictions of them, without a last dimension of 1. */
  const classesFor = (yTrue, yPred) =>
    yTrue.rank === yPred.rank && yTrue.shape.at(-1) === 1 ? tf.squeeze(yTrue, [-1]) : yTrue;

  const sparseAccuracy = (yTrue, yPred) => equal(classesFor(yTrue, yPred), bestOf(yPred));

  /** Whether no more than k classes are likelier than the right one: Keras's `in_top_k`. */
  function topK(classes, yPred, { k }) {
    const count = yPred.shape.at(-1);
    const right = tf.sum(tf.mul(float(tf.oneHot(tf.cast(classes, "int32"), count)), yPred), -1);
    const { values } = tf.topk(yPred, Math.min(k, count));
    return float(tf.greaterEqual(right, tf.min(values, -1)));
  }

  function sparseTopK(yTrue, yPred, args) {
    const classes = classesFor(yTrue, yPred);
    if (!args.fromSortedIds) return topK(classes, yPred, args);
    const first = yPred.slice(
      yPred.shape.map(() => 0),
      [...yPred.shape.slice(0, -1), args.k],
    );
    return float(tf.any(tf.equal(tf.expandDims(classes, -1), first), -1));
  }

  // --- Regression ------------------------------------------------------------------------------

  class RootMeanSquared extends Mean {
    update(yTrue, yPred, given) {
      const [targets, predictions] = sameRank(yTrue, yPred);
      this.addValues(tf.square(tf.sub(predictions, targets)), weightsOf(given));
    }

    compute() {
      return tf.sqrt(super.compute());
    }
  }

  const centered = (values, axis) => tf.sub(values, tf.mean(values, axis, true));
  const varianceOf = (values, axis) => tf.mean(tf.square(centered(values, axis)), axis, true);

  function pearson(yTrue, yPred, { axis }) {
    const [one, other] = sameRank(yTrue, yPred).map((values) => {
      const own = centered(values, axis);
      return tf.div(own, tf.sqrt(varianceOf(own, axis)));
    });
    return tf.mean(tf.mul(one, other), axis);
  }

  function concordance(yTrue, yPred, { axis }) {
    const [targets, predictions] = sameRank(yTrue, yPred);
    const middle = tf.mean(predictions, axis, true);
    const apart = tf.square(tf.sub(tf.mean(targets, axis, true), middle));
    const norm = tf.add(tf.add(varianceOf(targets, axis), varianceOf(predictions, axis)), apart);
    const shared = tf.mul(tf.sub(targets, middle), tf.sub(predictions, middle));
    return tf.mean(tf.div(tf.mul(2, shared), tf.add(norm, EPSILON)), axis);
  }

  class Determination extends Metric {
    update(yTrue, yPred, given) {
      const [targets, predictions] = sameRank(yTrue, yPred);
      const sampleWeight = weightsOf(given);
      const weights = sampleWeight?.rank === 1 ? tf.expandDims(sampleWeight, 1) : sampleWeight;
      const each = weights ? tf.broadcastTo(float(weights), targets.shape) : tf.onesLike(targets);
      const weighted = tf.mul(targets, each);
      this.add("sum", tf.sum(weighted, 0));
      this.add("squares", tf.sum(tf.mul(targets, weighted), 0));
      const errors = tf.square(tf.sub(targets, predictions));
      this.add("errors", tf.sum(tf.mul(errors, each), 0));
      this.add("count", tf.sum(each, 0));
      this.add("samples", tf.scalar(targets.size));
    }

    compute({ classAggregation, numRegressors }) {
      const sum = this.sum("sum");
      const total = tf.sub(this.sum("squares"), tf.mul(sum, tf.div(sum, this.sum("count"))));
      const raw = tf.sub(1, divideNoNan(this.sum("errors"), total));
      const scores = tf.mul(raw, float(tf.notEqual(total, 0)));
      const score = aggregated(scores, total, classAggregation);
      if (!numRegressors) return score;
      const samples = this.sum("samples");
      const left = tf.sub(tf.sub(samples, numRegressors), 1);
      const adjusted = tf.sub(1, divideNoNan(tf.mul(tf.sub(1, score), tf.sub(samples, 1)), left));
      return tf.where(tf.greater(left, 0), adjusted, score);
    }
  }

  function aggregated(scores, total, how) {
    if (how === "uniform_average") return tf.mean(scores);
    if (how === null) return scores;
    return tf.div(tf.sum(tf.mul(total, scores)), tf.sum(total));
  }

  const AGGREGATIONS = ["uniform_average", "variance_weighted_average", null];
  const isAggregation = ({ classAggregation: value }) =>
    insist(
      AGGREGATIONS.includes(value),
      "R2Score",
      "classAggregation",
      AGGREGATIONS.join(", "),
      value,
    );

  // --- Losses as metrics -----------------------------------------------------------------------

  /** The mean of a loss; any loss can be a metric. */
  function lossMetric(className, label) {
    const make = losses[className];
    const { reduction: _, dtype: __, ...defaults } = make.defaults;
    return meanOf(
      className,
      label ?? defaults.name,
      { ...defaults, fn: null },
      (yTrue, yPred, args) => {
        const { fn: ___, ...own } = args;
        return make(own).call(yTrue, yPred);
      },
    );
  }

  const ofLosses = Object.fromEntries(
    Object.keys(losses)
      .filter((name) => name !== "CosineSimilarity")
      .map((name) => [name, lossMetric(name)]),
  );

  const metrics = {
    ...ofLosses,
    LogCoshError: lossMetric("LogCosh", "logcosh"),
    Accuracy: meanOf("Accuracy", "accuracy", {}, accuracy),
    BinaryAccuracy: meanOf("BinaryAccuracy", "binary_accuracy", { threshold: 0.5 }, binaryAccuracy),
    CategoricalAccuracy: meanOf(
      "CategoricalAccuracy",
      "categorical_accuracy",
      {},
      categoricalAccuracy,
    ),
    SparseCategoricalAccuracy: meanOf(
      "SparseCategoricalAccuracy",
      "sparse_categorical_accuracy",
      {},
      sparseAccuracy,
    ),
    TopKCategoricalAccuracy: meanOf(
      "TopKCategoricalAccuracy",
      "top_k_categorical_accuracy",
      { k: 5 },
      (yTrue, yPred, args) => topK(bestOf(yTrue), yPred, args),
    ),
    SparseTopKCategoricalAccuracy: meanOf(
      "SparseTopKCategoricalAccuracy",
      "sparse_top_k_categorical_accuracy",
      { k: 5, fromSortedIds: false },
      sparseTopK,
    ),
    CosineSimilarity: meanOf(
      "CosineSimilarity",
      "cosine_similarity",
      { axis: -1 },
      (yTrue, yPred, args) => cosineOf(...sameRank(yTrue, yPred), args),
    ),
    PearsonCorrelation: meanOf("PearsonCorrelation", "pearson_correlation", { axis: -1 }, pearson),
    ConcordanceCorrelation: meanOf(
      "ConcordanceCorrelation",
      "concordance_correlation",
      { axis: -1 },
      concordance,
    ),
    RootMeanSquaredError: metric(
      "RootMeanSquaredError",
      "root_mean_squared_error",
      {},
      RootMeanSquared,
    ),
    R2Score: metric(
      "R2Score",
      "r2_score",
      { classAggregation: "uniform_average", numRegressors: 0 },
      Determination,
      isAggregation,
    ),
  };
  return { metrics };
});
