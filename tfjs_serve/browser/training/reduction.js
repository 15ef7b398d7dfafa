// From a loss for each sample to one number: loss.py in keras/src/losses.

part("reduction", [], ({ tf, float, divideNoNan, sameRank }) => {
  const REDUCTIONS = [
    "sum_over_batch_size",
    "sum",
    null,
    "none",
    "mean",
    "mean_with_sample_weight",
  ];
  const MEANS = ["sum_over_batch_size", "mean"];

  const scaledToMean = (kept) => tf.mul(kept, divideNoNan(tf.scalar(kept.size), tf.sum(kept)));

  /** A function of a tensor, through which no gradient goes. */
  function constant(tensor, compute) {
    const cut = tf.customGrad((given) => ({
      value: compute(given),
      gradFunc: () => tf.zerosLike(given),
    }));
    return cut(tensor);
  }

  /** Weights with an axis for each of the values; tf_keras takes one weight for several steps. */
  function spread(weights, { rank, shape }) {
    if (weights.rank === 0 || weights.rank >= rank) return weights;
    const axes = shape.map((_, index) => weights.shape[index] ?? 1);
    return tf.broadcastTo(tf.reshape(weights, axes), shape);
  }

  /**
   * Weights of samples in which a mask has a part, or null: Keras's `apply_mask`.
   *
   * Where the mean is taken, what is left has more weight, so that it is the mean of that.
   */
  function masked(sampleWeight, mask, reduction) {
    if (!mask) return sampleWeight ? float(sampleWeight) : null;
    const isMean = MEANS.includes(reduction);
    const scaled = isMean ? constant(float(mask), scaledToMean) : float(mask);
    if (!sampleWeight) return scaled;
    const [one, other] = sameRank(scaled, float(sampleWeight));
    return tf.mul(one, spread(other, one));
  }

  /** One number of the losses, or the losses themselves: Keras's `reduce_weighted_values`. */
  function reduced(values, { sampleWeight = null, mask = null, reduction }) {
    const weights = masked(sampleWeight, mask, reduction);
    const [losses, fitting] = weights ? sameRank(values, weights) : [values, null];
    const each = fitting && spread(fitting, losses);
    const weighted = each ? tf.mul(losses, each) : losses;
    if (reduction === null || reduction === "none" || weighted.rank === 0) return weighted;
    const sum = tf.sum(weighted);
    if (reduction === "sum") return sum;
    const isByWeight = reduction === "mean_with_sample_weight" && each;
    return divideNoNan(sum, isByWeight ? tf.sum(each) : tf.scalar(weighted.size));
  }

  return { REDUCTIONS, constant, masked, reduced };
});
