// What the converter has written as `keras` into a model's training configuration, checked.

part("model_settings", ["optimizers", "whole_weights", "metrics", "areas"], (kit) => {
  const { settings, insist, called, spelledOut, offered } = kit;

  const REQUIRED = undefined;
  const DIALECTS = ["keras3", "tf_keras", "keras2", "keras1"];
  const OWNER = "trainingConfig.keras of model.json";
  const DEFAULTS = {
    dialect: "keras3",
    optimizer: REQUIRED,
    outputs: REQUIRED,
    losses: REQUIRED,
    lossWeights: null,
    metrics: [],
    weightedMetrics: [],
    activityRegularizers: [],
    weightRegularizers: [],
    inferenceLayers: [],
  };

  /** The optimizer; it may be of an older dialect than the rest, as those in `optimizers.legacy`. */
  function optimizerOf(given, dialect) {
    const { name, config } = spelledOut(given);
    return new (called(offered.optimizers, "optimizer", name))({ dialect, ...config });
  }

  function lossOf(given) {
    if (given === null) return null;
    const { name, config } = spelledOut(given);
    const loss = called(offered.losses, "loss", name)(config);
    const { reduction } = loss.args;
    insist(
      ![null, "none"].includes(reduction),
      name,
      "reduction",
      "one that gives a number",
      reduction,
    );
    return loss;
  }

  /** What makes the metric anew. */
  function metricOf(given) {
    const { name, config } = spelledOut(given);
    const cls = called(offered.metrics, "metric", name);
    const make = () => new cls(config);
    make().dispose(); // so that a wrong setting shows at once
    return make;
  }

  function listsOf(name, given, count, change) {
    const isFine = given.length === 0 || given.length === count;
    insist(isFine, OWNER, name, `a list for each of ${count} outputs`, given);
    return Array.from({ length: count }, (_, index) => (given[index] ?? []).map(change));
  }

  /** Return what a model trains with; throws an error that names what is wrong. */
  function modelSettings(given, outputCount) {
    const args = settings(OWNER, DEFAULTS, given);
    const { dialect, outputs, lossWeights } = args;
    insist(DIALECTS.includes(dialect), OWNER, "dialect", DIALECTS.join(", "), dialect);
    insist(outputs.length === outputCount, OWNER, "outputs", `${outputCount} names`, outputs);
    for (const [name, list] of [
      ["losses", args.losses],
      ["loss_weights", lossWeights],
    ]) {
      const isFine = list === null || list.length === outputCount;
      insist(isFine, OWNER, name, `a list for ${outputCount} outputs`, list);
    }
    return {
      ...args,
      optimizer: optimizerOf(args.optimizer, dialect),
      losses: args.losses.map(lossOf),
      lossWeights: lossWeights ?? outputs.map(() => 1),
      metrics: listsOf("metrics", args.metrics, outputCount, metricOf),
      weightedMetrics: listsOf("weighted_metrics", args.weightedMetrics, outputCount, metricOf),
    };
  }

  return { modelSettings };
});
