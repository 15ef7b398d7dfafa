// Keras's metrics of thresholds and of classes: confusion_metrics.py, f_score_metrics.py and
// iou_metrics.py, with metrics_utils.py, in keras/src/metrics.

part("confusion", ["metric"], (kit) => {
  const { tf, Metric, metric, weightsOf, insist, asList } = kit;
  const { float, sameRank, divideNoNan, EPSILON, f32 } = kit;

  const LOWEST = -1e10;
  /** Comparisons at a time, so that thresholds times predictions do not fill the memory. */
  const MAX_COMPARISONS = 1 << 22;

  // --- Counts of right and wrong ---------------------------------------------------------------

  const isEven = (thresholds) =>
    thresholds.length > 2 &&
    thresholds.every((value, index) => {
      const even = f32(index / (thresholds.length - 1));
      return Math.abs(value - even) <= EPSILON + 1e-5 * even; // numpy's allclose
    });

  function keepTopK(values, k) {
    const { indices } = tf.topk(values, k);
    const kept = tf.sum(float(tf.oneHot(indices, values.shape.at(-1))), -2);
    return tf.add(tf.mul(values, kept), tf.mul(LOWEST, tf.sub(1, kept)));
  }

  const ofClass = (values, index) => tf.gather(values, [index], values.rank - 1);

  /** Whether a prediction is above each threshold, with the thresholds as the first axis. */
  function areAbove(predictions, { thresholds, isEven: isGrid }) {
    const count = thresholds.length;
    const column = (values) => tf.tensor3d(values, [count, 1, 1]);
    if (!isGrid) return float(tf.greater(predictions, column(thresholds)));
    // Keras sorts into buckets between even thresholds, with rounding of its own.
    const scaled = tf.mul(tf.clipByValue(predictions, 0, 1), count - 1);
    const buckets = tf.sub(tf.ceil(scaled), 1);
    const isPadded = thresholds[0] < 0 || thresholds[count - 1] > 1;
    const own = isPadded ? tf.relu(buckets) : buckets;
    return float(tf.greaterEqual(own, column([...Array(count).keys()])));
  }

  /** Sums over the samples of weights where a prediction is above a threshold. */
  function countAbove(predictions, weights, grid) {
    const [samples, labels] = predictions.shape;
    const size = Math.max(1, Math.floor(MAX_COMPARISONS / (grid.thresholds.length * labels)));
    const sums = weights.map(() => tf.zeros([grid.thresholds.length, labels]));
    for (let start = 0; start < samples; start += size) {
      const rows = (values) =>
        tf.expandDims(values.slice([start, 0], [Math.min(size, samples - start), labels]), 0);
      const above = areAbove(rows(predictions), grid);
      weights.forEach((weight, index) => {
        sums[index] = tf.add(sums[index], tf.sum(tf.mul(above, rows(weight)), 1));
      });
    }
    return sums;
  }

  class Confusion extends Metric {
    constructor(given) {
      super(given);
      const thresholds = this.thresholdsOf(this.args);
      this.grid = { thresholds, isEven: isEven(thresholds) };
    }

    /** Count right and wrong predictions at each threshold. */
    update(yTrue, yPred, given) {
      const { topK = null, classId = null, multiLabel = false, labelWeights = null } = this.args;
      let [predictions, targets] = sameRank(float(yPred), yTrue);
      let weights = weightsOf(given);
      if (weights) [, weights] = sameRank(targets, tf.expandDims(float(weights), -1), false);
      if (topK !== null) predictions = keepTopK(predictions, topK);
      if (classId !== null) {
        [predictions, targets] = [predictions, targets].map((values) => ofClass(values, classId));
      }
      let each = weights ? tf.broadcastTo(weights, predictions.shape) : tf.onesLike(predictions);
      if (labelWeights !== null && !multiLabel) each = tf.mul(each, labelWeights);
      const columns = multiLabel ? predictions.shape.at(-1) : 1;
      this.count(...[targets, predictions, each].map((all) => tf.reshape(all, [-1, columns])));
    }

    count(targets, predictions, weights) {
      const isTrue = float(tf.cast(targets, "bool"));
      const rights = tf.mul(isTrue, weights);
      const wrongs = tf.mul(tf.sub(1, isTrue), weights);
      const [truePositives, falsePositives] = countAbove(predictions, [rights, wrongs], this.grid);
      this.add("truePositives", truePositives);
      this.add("falsePositives", falsePositives);
      this.add("falseNegatives", tf.sub(tf.sum(rights, 0), truePositives));
      this.add("trueNegatives", tf.sub(tf.sum(wrongs, 0), falsePositives));
    }

    get counts() {
      const names = ["truePositives", "falsePositives", "trueNegatives", "falseNegatives"];
      return Object.fromEntries(names.map((name) => [name, this.sum(name)]));
    }
  }

  const share = (part, rest) => divideNoNan(part, tf.add(part, rest));

  /** A number for one threshold, a list for several. */
  const ofThresholds = (values) =>
    values.size === 1 ? tf.reshape(values, []) : tf.reshape(values, [-1]);

  const areChances =
    (name) =>
    ({ thresholds }) =>
      insist(
        thresholds === null || asList(thresholds).every((value) => value >= 0 && value <= 1),
        name,
        "thresholds",
        "in 0...1",
        thresholds,
      );

  function atThresholds(name, label, compute, defaults = {}) {
    class AtThresholds extends Confusion {
      thresholdsOf({ thresholds, topK = null }) {
        return asList(thresholds ?? (topK === null ? 0.5 : LOWEST));
      }

      compute() {
        return ofThresholds(compute(this.counts));
      }
    }
    return metric(name, label, { thresholds: null, ...defaults }, AtThresholds, areChances(name));
  }

  const gridOf = (count) =>
    count === 1 ? [0.5] : [...Array(count).keys()].map((index) => index / (count - 1));

  // --- One share where another is high enough --------------------------------------------------

  const sensitivity = ({ truePositives, falseNegatives }) => share(truePositives, falseNegatives);
  const specificity = ({ trueNegatives, falsePositives }) => share(trueNegatives, falsePositives);
  const precision = ({ truePositives, falsePositives }) => share(truePositives, falsePositives);

  /** The best of one share, where another is at least the setting `bound`. */
  function constrained(name, label, bound, constraint, best) {
    class Constrained extends Confusion {
      thresholdsOf({ numThresholds }) {
        return gridOf(numThresholds);
      }

      compute() {
        const isFine = float(tf.greaterEqual(constraint(this.counts), this.args[bound]));
        return tf.max(tf.mul(isFine, best(this.counts)));
      }
    }
    const inspect = ({ numThresholds, [bound]: value }) => {
      insist(value >= 0 && value <= 1, name, bound, "in 0...1", value);
      insist(numThresholds > 0, name, "numThresholds", "above 0", numThresholds);
    };
    const defaults = { [bound]: undefined, numThresholds: 200, classId: null };
    return metric(name, label, defaults, Constrained, inspect);
  }

  const ofClasses = { topK: null, classId: null };
  const metrics = {
    TruePositives: atThresholds("TruePositives", "true_positives", (all) => all.truePositives),
    FalsePositives: atThresholds("FalsePositives", "false_positives", (all) => all.falsePositives),
    TrueNegatives: atThresholds("TrueNegatives", "true_negatives", (all) => all.trueNegatives),
    FalseNegatives: atThresholds("FalseNegatives", "false_negatives", (all) => all.falseNegatives),
    Precision: atThresholds("Precision", "precision", precision, ofClasses),
    Recall: atThresholds("Recall", "recall", sensitivity, ofClasses),
    SensitivityAtSpecificity: constrained(
      "SensitivityAtSpecificity",
      "sensitivity_at_specificity",
      "specificity",
      specificity,
      sensitivity,
    ),
    SpecificityAtSensitivity: constrained(
      "SpecificityAtSensitivity",
      "specificity_at_sensitivity",
      "sensitivity",
      sensitivity,
      specificity,
    ),
    PrecisionAtRecall: constrained(
      "PrecisionAtRecall",
      "precision_at_recall",
      "recall",
      sensitivity,
      precision,
    ),
    RecallAtPrecision: constrained(
      "RecallAtPrecision",
      "recall_at_precision",
      "precision",
      precision,
      sensitivity,
    ),
  };

  return { metrics, Confusion, share, sensitivity, specificity, precision };
});
