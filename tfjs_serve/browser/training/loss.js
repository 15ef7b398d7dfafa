// What all losses share: LossFunctionWrapper in losses.py of keras/src/losses.
//
// A loss is a function of targets and predictions, as `model.compile` of TensorFlow.js takes it.

part("loss", ["reduction"], (kit) => {
  const { tf, settings, insist, float, sameRank, REDUCTIONS, reduced } = kit;

  /** What the activation of a layer made a prediction of: `{logits, activation}` by tensor. */
  const activated = new WeakMap();

  /** The masks that a loss itself makes, by the tensor of its values. */
  const ownMasks = new WeakMap();

  const both = (one, other) =>
    one && other ? tf.mul(float(one), float(other)) : (one ?? other ?? null);

  /**
   * Declare a loss.
   *
   * `values(yTrue, yPred, args)` returns a loss for each sample, of tensors of the same rank. Targets
   * are float32, except where `keepsTargets`, for classes.
   */
  function loss(name, label, defaults, values, { keepsTargets = false, inspect = () => {} } = {}) {
    const all = { name: label, reduction: "sum_over_batch_size", dtype: null, ...defaults };

    function make(given) {
      const args = settings(name, all, given);
      const { reduction } = args;
      insist(REDUCTIONS.includes(reduction), name, "reduction", REDUCTIONS.join(", "), reduction);
      inspect(args);

      /** The loss of each sample, as metrics want it. */
      function call(yTrue, yPred) {
        const [targets, predictions] = sameRank(yTrue, yPred);
        check(name, targets, predictions, keepsTargets);
        return values(keepsTargets ? targets : float(targets), predictions, args);
      }

      function compute(yTrue, yPred, { sampleWeight = null, mask = null } = {}) {
        return tf.tidy(() => {
          const losses = call(yTrue, yPred);
          const kept = both(mask, ownMasks.get(losses));
          return reduced(losses, { sampleWeight, mask: kept, reduction });
        });
      }
      // TensorFlow.js logs a function among the metrics under its name.
      Object.defineProperty(compute, "name", { value: args.name ?? label });
      return Object.assign(compute, { className: name, args, call });
    }
    make.className = name;
    make.defaults = all;
    return make;
  }

  /** Shapes that differ would be broadcast to a number that means nothing. */
  function check(name, targets, predictions, areClasses) {
    if (areClasses || targets.shape.join() === predictions.shape.join()) return;
    throw new Error(
      `${name} got targets of shape [${targets.shape}] for predictions of shape ` +
        `[${predictions.shape}]`,
    );
  }

  return { loss, activated, ownMasks };
});
