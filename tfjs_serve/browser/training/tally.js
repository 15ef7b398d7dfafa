// What a model logs, over batches: CompileLoss and CompileMetrics in compile_utils.py, and the
// order of trainer.py, in keras/src/trainers.

part("tally", ["metric"], ({ tf, Mean, metric }) => {
  class BatchMean extends Mean {
    /** A loss of a batch counts as often as the batch has samples. */
    count(loss, size) {
      tf.tidy(() => {
        this.add("total", tf.mul(loss, size));
        this.add("count", tf.scalar(size));
      });
    }
  }
  const LossMean = metric("Loss", "loss", {}, BatchMean);

  /** Names of metrics as Keras logs them: by output, and numbered where they are the same. */
  function metricNames({ outputs, metrics, weightedMetrics }) {
    const counts = new Map();
    const prefix = (index) => (outputs.length > 1 ? `${outputs[index]}_` : "");

    function unique(name) {
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return count ? `${name}_${count}` : name;
    }
    const entriesOf = (lists, isWeighted) =>
      lists.flatMap((makers, index) =>
        makers.map((make) => {
          const { name } = make().args;
          const own = `${prefix(index)}${name}`;
          const isTaken = isWeighted && counts.has(own);
          const label = isTaken ? `${prefix(index)}weighted_${name}` : own;
          return { label: unique(label), index, make, isWeighted };
        }),
      );
    return [...entriesOf(metrics, false), ...entriesOf(weightedMetrics, true)];
  }

  const byLabel = (one, other) => (one.label < other.label ? -1 : 1);
  const byOutput = (one, other) => one.index - other.index;

  /** All that is logged, in the order in which Keras's `evaluate` returns it. */
  function entriesFor(settings) {
    const { outputs, losses, dialect } = settings;
    const withLoss = outputs.map((_, index) => index).filter((index) => losses[index]);
    const isNamed = (dialect === "keras3" ? withLoss : outputs).length > 1;
    const ofLosses = isNamed ? withLoss : [];
    const ofMetrics = metricNames(settings);
    const order = dialect === "keras3" ? byLabel : byOutput;
    return [
      { label: "loss", isTotal: true },
      ...ofLosses.map((index) => ({ label: `${outputs[index]}_loss`, index, isLoss: true })),
      ...(outputs.length > 1 ? ofMetrics.sort(order) : ofMetrics),
    ];
  }

  /** Losses and metrics since the last reset. */
  class Tally {
    constructor(settings) {
      this.dialect = settings.dialect;
      this.entries = entriesFor(settings).map((entry) => ({
        ...entry,
        metric: entry.make ? entry.make() : new LossMean(),
      }));
    }

    get labels() {
      return this.entries.map(({ label }) => label);
    }

    /** Count a batch: `{total, losses, targets, outputs, sampleWeights, size}`. */
    update(batch) {
      for (const { metric: own, index, isTotal, isLoss, isWeighted } of this.entries) {
        if (isTotal) own.count(batch.total, batch.size);
        else if (isLoss) own.count(batch.losses[index], batch.size);
        else {
          const { value, mask } = batch.outputs[index];
          const weight = isWeighted ? (batch.sampleWeights[index] ?? null) : null;
          own.updateState(batch.targets[index], value, weight, { mask, dialect: this.dialect });
        }
      }
    }

    /** Tensors, in the order of `labels`. */
    results() {
      return this.entries.map(({ metric: own }) => own.result());
    }

    reset() {
      this.entries.forEach(({ metric: own }) => own.resetState());
    }
  }

  return { Tally };
});
