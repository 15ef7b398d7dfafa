// Keras's AUC, F scores and intersections over unions: confusion_metrics.py, f_score_metrics.py and
// iou_metrics.py in keras/src/metrics.

part("areas", ["metric", "confusion"], (kit) => {
  const { tf, Metric, metric, weightsOf, Confusion, sensitivity, precision, specificity } = kit;
  const { float, divideNoNan, EPSILON, insist } = kit;

  // --- Areas under curves ----------------------------------------------------------------------

  const CURVES = ["ROC", "PR", "PRGAIN"];
  const SUMMATIONS = ["interpolation", "majoring", "minoring"];

  const fromStart = (values) => values.slice([0, 0], [values.shape[0] - 1, values.shape[1]]);
  const toEnd = (values) => values.slice([1, 0], [values.shape[0] - 1, values.shape[1]]);

  /** Precision and recall, by the area of a curve between them that is no line. */
  function interpolated({ truePositives, falsePositives, falseNegatives }) {
    const gained = tf.sub(fromStart(truePositives), toEnd(truePositives));
    const positives = tf.add(truePositives, falsePositives);
    const [before, after] = [fromStart(positives), toEnd(positives)];
    const slope = divideNoNan(gained, tf.relu(tf.sub(before, after)));
    const intercept = tf.sub(toEnd(truePositives), tf.mul(slope, after));
    const areBoth = tf.logicalAnd(tf.greater(before, 0), tf.greater(after, 0));
    const ratio = tf.where(areBoth, divideNoNan(before, tf.relu(after)), tf.onesLike(after));
    const grown = tf.add(gained, tf.mul(intercept, tf.log(ratio)));
    const all = tf.relu(tf.add(toEnd(truePositives), toEnd(falseNegatives)));
    return divideNoNan(tf.mul(slope, grown), all);
  }

  /** Gains over a classifier that always says yes. */
  function gains({ truePositives, falsePositives, trueNegatives, falseNegatives }) {
    const scale = divideNoNan(
      tf.add(truePositives, falseNegatives),
      tf.add(trueNegatives, falsePositives),
    );
    const gain = (wrong) => tf.sub(1, tf.mul(scale, divideNoNan(wrong, truePositives)));
    const isNone = tf.equal(truePositives, 0);
    const recall = tf.where(isNone, tf.zerosLike(truePositives), gain(falseNegatives));
    const exact = tf.where(isNone, tf.onesLike(truePositives), gain(falsePositives));
    return [tf.relu(recall), exact];
  }

  function curveOf(curve, counts) {
    if (curve === "PRGAIN") return gains(counts);
    const recall = sensitivity(counts);
    return curve === "ROC" ? [falseRate(counts), recall] : [recall, precision(counts)];
  }
  const falseRate = ({ falsePositives, trueNegatives }) =>
    divideNoNan(falsePositives, tf.add(falsePositives, trueNegatives));

  function heightsOf(values, summation) {
    const [before, after] = [fromStart(values), toEnd(values)];
    if (summation === "minoring") return tf.minimum(before, after);
    if (summation === "majoring") return tf.maximum(before, after);
    return tf.div(tf.add(before, after), 2);
  }

  class Area extends Confusion {
    thresholdsOf({ thresholds, numThresholds }) {
      const inner = thresholds
        ? [...thresholds].sort((one, other) => one - other)
        : [...Array(numThresholds - 2).keys()].map((index) => (index + 1) / (numThresholds - 1));
      return [-EPSILON, ...inner, 1 + EPSILON];
    }

    update(yTrue, yPred, given) {
      super.update(yTrue, this.args.fromLogits ? tf.sigmoid(yPred) : yPred, given);
    }

    compute({ curve, summationMethod, labelWeights, multiLabel }) {
      if (!this.sums.truePositives) return tf.scalar(0);
      const areas = tf.sum(this.parts(curve.toUpperCase(), summationMethod.toLowerCase()), 0);
      if (!multiLabel) return tf.sum(areas);
      if (labelWeights === null) return tf.mean(areas);
      return divideNoNan(tf.sum(tf.mul(areas, labelWeights)), tf.sum(tf.tensor1d(labelWeights)));
    }

    parts(curve, summation) {
      const { counts } = this;
      if (curve === "PR" && summation === "interpolation") return interpolated(counts);
      const [x, y] = curveOf(curve, counts);
      return tf.mul(tf.sub(fromStart(x), toEnd(x)), heightsOf(y, summation));
    }
  }

  function isArea({ curve, summationMethod, numThresholds }) {
    insist(CURVES.includes(curve.toUpperCase()), "AUC", "curve", CURVES.join(", "), curve);
    const isKnown = SUMMATIONS.includes(summationMethod.toLowerCase());
    insist(isKnown, "AUC", "summationMethod", SUMMATIONS.join(", "), summationMethod);
    insist(numThresholds > 1, "AUC", "numThresholds", "above 1", numThresholds);
  }

  // --- F scores --------------------------------------------------------------------------------

  class Score extends Metric {
    get axis() {
      return this.args.average === "micro" ? undefined : 0;
    }

    update(yTrue, yPred, given) {
      const { threshold } = this.args;
      const isAbove =
        threshold === null
          ? tf.logicalAnd(
              tf.greaterEqual(yPred, tf.max(yPred, -1, true)),
              tf.greater(tf.abs(yPred), 1e-9),
            )
          : tf.greater(yPred, threshold);
      const weights = weightsOf(given);
      const sum = (values) =>
        tf.sum(weights ? tf.mul(values, tf.reshape(float(weights), [-1, 1])) : values, this.axis);
      const yes = float(isAbove);
      this.add("right", sum(tf.mul(yes, yTrue)));
      this.add("wrong", sum(tf.mul(yes, tf.sub(1, yTrue))));
      this.add("missed", sum(tf.mul(tf.sub(1, yes), yTrue)));
      this.add("weights", sum(yTrue));
    }

    compute({ average, beta = 1 }) {
      const [right, weights] = [this.sum("right"), this.sum("weights")];
      const of = (others) => tf.div(right, tf.add(tf.add(right, others), EPSILON));
      const [exact, recall] = [of(this.sum("wrong")), of(this.sum("missed"))];
      const sum = tf.add(tf.mul(beta * beta, exact), recall);
      const mean = tf.div(tf.mul(exact, recall), tf.add(sum, EPSILON));
      const scores = tf.mul(mean, 1 + beta * beta);
      if (average === null) return scores;
      if (average !== "weighted") return tf.mean(scores);
      return tf.sum(tf.mul(scores, tf.div(weights, tf.add(tf.sum(weights), EPSILON))));
    }
  }

  const AVERAGES = [null, "micro", "macro", "weighted"];
  const isScore =
    (name) =>
    ({ average, beta = 1, threshold }) => {
      insist(AVERAGES.includes(average), name, "average", AVERAGES.join(", "), average);
      insist(beta > 0, name, "beta", "above 0", beta);
      const isChance = threshold === null || (threshold > 0 && threshold <= 1);
      insist(isChance, name, "threshold", "in 0...1", threshold);
    };

  // --- Intersections over unions ---------------------------------------------------------------

  class Union extends Metric {
    /** Classes, from what may be chances of them. */
    classesOf(values, isSparse) {
      const { axis = -1 } = this.args;
      const classes = isSparse ? values : tf.argMax(values, (axis + values.rank) % values.rank);
      return tf.cast(tf.reshape(classes, [-1]), "int32");
    }

    update(yTrue, yPred, given) {
      const { sparseYTrue = true, sparseYPred = true, ignoreClass = null } = this.args;
      const targets = this.classesOf(yTrue, this.constructor.isOneHot ? false : sparseYTrue);
      const weights = weightsOf(given);
      this.count(targets, this.classesOf(yPred, sparseYPred), weights, ignoreClass);
    }

    count(targets, predictions, weights, ignoreClass) {
      const classes = this.args.numClasses ?? 2;
      const whole = weights ? tf.floor(tf.reshape(float(weights), [-1])) : tf.ones([targets.size]);
      const kept =
        ignoreClass === null ? whole : tf.mul(whole, float(tf.notEqual(targets, ignoreClass)));
      const rows = tf.mul(
        float(tf.oneHot(targets, classes)),
        tf.expandDims(tf.broadcastTo(kept, [targets.size]), 1),
      );
      this.add("confusion", tf.matMul(rows, float(tf.oneHot(predictions, classes)), true, false));
    }

    compute({ numClasses = 2, targetClassIds }) {
      const table = this.sum("confusion");
      if (table.rank === 0) return table;
      const right = tf.sum(tf.mul(table, tf.eye(numClasses)), 0);
      const sums = tf.sub(tf.add(tf.sum(table, 0), tf.sum(table, 1)), right);
      const ids = targetClassIds ?? [...Array(numClasses).keys()];
      const [common, union] = [right, sums].map((all) => tf.gather(all, ids));
      const isThere = float(tf.greater(union, 1e-9));
      const shares = tf.mul(tf.div(common, tf.add(union, EPSILON)), isThere);
      return tf.div(tf.sum(shares), tf.add(tf.sum(isThere), EPSILON));
    }
  }

  class BinaryUnion extends Union {
    update(yTrue, yPred, given) {
      const classes = float(tf.greaterEqual(yPred, this.args.threshold));
      super.update(yTrue, classes, given);
    }
  }

  class OneHotUnion extends Union {
    static isOneHot = true;
  }

  const REQUIRED = undefined;
  const areClasses =
    (name) =>
    ({ targetClassIds: ids, numClasses = 2 }) =>
      insist(
        !ids || ids.every((id) => id < numClasses),
        name,
        "targetClassIds",
        `below ${numClasses}`,
        ids,
      );
  const union = { numClasses: REQUIRED, ignoreClass: null, sparseYPred: true, axis: -1 };
  const hot = { ...union, sparseYPred: false };
  const ids = { targetClassIds: REQUIRED };
  const plain = { ...union, sparseYTrue: true };

  const metrics = {
    AUC: metric(
      "AUC",
      "auc",
      {
        numThresholds: 200,
        curve: "ROC",
        summationMethod: "interpolation",
        thresholds: null,
        multiLabel: false,
        numLabels: null,
        labelWeights: null,
        fromLogits: false,
      },
      Area,
      isArea,
    ),
    FBetaScore: metric(
      "FBetaScore",
      "fbeta_score",
      { average: null, beta: 1, threshold: null },
      Score,
      isScore("FBetaScore"),
    ),
    F1Score: metric(
      "F1Score",
      "f1_score",
      { average: null, threshold: null },
      Score,
      isScore("F1Score"),
    ),
    IoU: metric("IoU", "io_u", { ...plain, ...ids }, Union, areClasses("IoU")),
    MeanIoU: metric("MeanIoU", "mean_io_u", plain, Union),
    BinaryIoU: metric(
      "BinaryIoU",
      "binary_io_u",
      { targetClassIds: [0, 1], threshold: 0.5 },
      BinaryUnion,
      areClasses("BinaryIoU"),
    ),
    OneHotIoU: metric(
      "OneHotIoU",
      "one_hot_io_u",
      { ...hot, ...ids },
      OneHotUnion,
      areClasses("OneHotIoU"),
    ),
    OneHotMeanIoU: metric("OneHotMeanIoU", "one_hot_mean_io_u", hot, OneHotUnion),
  };
  return { metrics };
});
