// What all metrics share: metric.py and reduction_metrics.py in keras/src/metrics.
//
// A metric has sums over the batches so far. It asks for no values of tensors, so that a page that
// computes on a graphics card does not wait for it.

part("metric", ["reduction"], ({ tf, settings, divideNoNan, float, sameRank, masked }) => {
  class Metric {
    constructor(given) {
      const { metricName, label, defaults, inspect } = this.constructor;
      this.args = settings(metricName, { name: label, dtype: null, ...defaults }, given);
      inspect?.(this.args);
      this.sums = {};
    }

    get name() {
      return this.args.name;
    }

    /** Count one batch. */
    updateState(yTrue, yPred, sampleWeight = null, { mask = null, dialect = "keras3" } = {}) {
      tf.tidy(() => this.update(float(yTrue), yPred, { sampleWeight, mask, dialect }));
    }

    /** What the metric is after all batches, as a tensor. */
    result() {
      return tf.tidy(() => this.compute(this.args));
    }

    /** Begin anew. */
    resetState() {
      tf.dispose(this.sums);
      this.sums = {};
    }

    dispose() {
      this.resetState();
    }

    /** Add to one of the sums. */
    add(key, change) {
      const earlier = this.sums[key];
      this.sums[key] = tf.keep(earlier ? tf.add(earlier, change) : change.clone());
      earlier?.dispose();
    }

    /** One of the sums, 0 before the first batch. */
    sum(key) {
      return this.sums[key] ?? tf.scalar(0);
    }
  }

  /** Mean over the axes from one on, if there are any. */
  const meanFrom = (values, first) =>
    values.rank > first ? tf.mean(values, [...values.shape.keys()].slice(first)) : values;

  /** A value and a weight for each sample: Keras's `reduce_to_samplewise_values`. */
  function bySample(values, sampleWeight) {
    if (!sampleWeight) return [meanFrom(values, 1), null];
    const [all, weight] = sameRank(values, float(sampleWeight));
    const reduced = meanFrom(all, weight.rank);
    const broad = tf.broadcastTo(weight, reduced.shape);
    return [meanFrom(tf.mul(reduced, broad), 1), meanFrom(broad, 1)];
  }

  /** Mean of values, each of which may have a weight. */
  class Mean extends Metric {
    addValues(values, sampleWeight) {
      const [each, weights] = bySample(float(values), sampleWeight);
      this.add("total", tf.sum(each));
      this.add("count", weights ? tf.sum(weights) : tf.scalar(each.rank ? each.shape[0] : 1));
    }

    compute() {
      return divideNoNan(this.sum("total"), this.sum("count"));
    }
  }

  /** Weights for a metric that is no mean: Keras 3 masks only means, tf_keras everything. */
  const weightsOf = ({ sampleWeight, mask, dialect }) =>
    dialect === "keras3" ? sampleWeight : masked(sampleWeight, mask, "sum");

  /** Declare a metric of a class that has `update` and `compute`. */
  function metric(metricName, label, defaults, parent, inspect) {
    const cls = class extends parent {};
    return Object.assign(cls, { metricName, label, defaults, inspect });
  }

  /** Declare the mean of a function of targets and predictions: Keras's `MeanMetricWrapper`. */
  function meanOf(name, label, defaults, values) {
    class Wrapped extends Mean {
      update(yTrue, yPred, { sampleWeight, mask }) {
        const each = values(yTrue, yPred, this.args);
        this.addValues(each, masked(sampleWeight, mask, "sum"));
      }
    }
    return metric(name, label, defaults, Wrapped);
  }

  return { Metric, Mean, metric, meanOf, weightsOf };
});
