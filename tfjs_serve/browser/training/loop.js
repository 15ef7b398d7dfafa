// Evaluation and training of one model with Keras's numbers.
//
// `LayersModel` reads the training configuration of a model.json in `loadTrainingConfig`. Where the
// converter has written `keras` into it, the model that is loaded gets functions of its own in place
// of those of TensorFlow.js, until a page compiles it anew. Other models are not touched.

part("loop", ["model_settings", "run", "regularizers", "tally", "optimizer", "sample_weights"], (kit) => {
  const { tf, asList, modelSettings, graphOf, run, penaltiesOf, Tally } = kit;
  const { sampleWeightsOf, validationOf } = kit;

  const replaced = tf.LayersModel.prototype.loadTrainingConfig;
  tf.LayersModel.prototype.loadTrainingConfig = function loadTrainingConfig(config) {
    if (config?.keras) trainAsKeras(this, config);
    else replaced.call(this, config);
  };

  function trainAsKeras(model, config) {
    const settings = modelSettings(config.keras, model.outputs.length);
    const { optimizer, losses } = settings;
    const nothing = () => tf.scalar(0);
    model.compile({ optimizer, loss: losses.map((loss) => loss ?? nothing), metrics: [] });
    const graph = graphOf(model);
    optimizer.expect(
      graph.collectedTrainableWeights.map(({ originalName, val }) => ({
        name: originalName,
        variable: val,
      })),
    );
    // Targets of losses are checked by the losses: classes have no last dimension.
    graph.feedOutputShapes = graph.outputs.map(() => null);
    new Loop(model, graph, settings, config).install();
  }

  /** A list that TensorFlow.js's History takes for a tensor of one number, which is the list. */
  class Values extends Array {
    async data() {
      return [this];
    }
    dispose() {}
  }

  async function valueOf(tensor) {
    const values = await tensor.data();
    const value = tensor.rank === 0 ? values[0] : Values.from(values);
    tensor.dispose();
    return value;
  }

  class Loop {
    constructor(model, graph, settings, config) {
      Object.assign(this, { model, graph, settings, config });
      this.penalties = penaltiesOf(graph, settings);
      this.tally = new Tally(settings);
      this.lists = new Map(); // results of the last evaluation that are no numbers
      this.names = [graph.outputNames, settings.outputs];
      this.testWeights = []; // weights of the samples that are evaluated
    }

    // --- In place of TensorFlow.js's functions ---------------------------------------------------

    install() {
      const { model, graph, settings, tally } = this;
      const own = {
        makeTrainFunction: () => (data) => this.train(data),
        makeTestFunction() {
          this.testFunction = () => {};
        },
        standardizeUserData: (...given) => this.standardized(...given),
        evaluate: (x, y, args = {}) => this.evaluated(x, y, args),
        testLoop: (_, data, batchSize, ...rest) => this.test(data, batchSize, ...rest),
        evaluateDataset: (dataset, args) => this.testDataset(dataset, args),
        fit: (x, y, args = {}) => this.fitted("fit", x, y, args),
        fitDataset: (dataset, args) => this.fitted("fitDataset", dataset, args),
      };
      const shared = {
        resetMetrics: () => tally.reset(),
        getTrainingConfig: () => this.savedConfig(),
        compile: (args) => {
          this.uninstall(Object.keys(own), Object.keys(shared));
          this.freeState();
          return model.compile(args);
        },
      };
      Object.assign(graph, own, shared);
      Object.assign(model, shared);
      for (const each of [graph, model]) each.metricsNames = tally.labels;
      model.isOptimizerOwned = true;
      settings.optimizer.dispose = () => {
        this.freeState();
        Object.getPrototypeOf(settings.optimizer).dispose.call(settings.optimizer);
      };
    }

    uninstall(own, shared) {
      for (const name of [...own, ...shared]) delete this.graph[name];
      for (const name of shared) delete this.model[name];
    }

    freeState() {
      this.tally.reset();
      tf.dispose([...this.lists.values()]);
      this.lists.clear();
    }

    /** What `model.save(..., {includeOptimizer: true})` writes, to be read by this script again. */
    savedConfig() {
      const { optimizer } = this.settings;
      const keras = JSON.parse(JSON.stringify(this.config.keras));
      const { rate } = optimizer;
      keras.optimizer.config.learning_rate =
        typeof rate === "number"
          ? rate
          : { class_name: rate.constructor.className, config: rate.getConfig() };
      const className = optimizer.getClassName();
      return { ...this.config, optimizer_config: { class_name: className, config: {} }, keras };
    }

    // --- One batch -------------------------------------------------------------------------------

    /** Inputs, targets and weights of samples in a batch, and how many there are. */
    split(data) {
      const { inputs, outputs } = this.graph;
      const [first, last] = [inputs.length, inputs.length + outputs.length];
      const batch = { targets: data.slice(first, last), sampleWeights: data.slice(last) };
      return { ...batch, inputs: data.slice(0, first), size: data[0].shape[0] };
    }

    /** Compute losses, and count the batch; returns the total. */
    pass(batch, training, tally) {
      const { losses: functions, lossWeights } = this.settings;
      const { onOutput, penalties } = this.penalties();
      const sources = batch.inputs.map((value) => ({ value, mask: null }));
      const kept = [];
      const options = { ...this.settings, training, onOutput, kept };
      const outputs = run(this.graph, sources, options);
      const losses = functions.map((loss, index) => {
        const { value, mask } = outputs[index];
        const sampleWeight = batch.sampleWeights[index] ?? null;
        return loss?.(batch.targets[index], value, { mask, sampleWeight });
      });
      const weighted = losses.map((loss, index) => loss && tf.mul(loss, lossWeights[index]));
      const terms = [...weighted.filter(Boolean), ...penalties()].map((term) => tf.sum(term));
      const total = terms.length ? terms.reduce((sum, term) => tf.add(sum, term)) : tf.scalar(0);
      tally.update({ ...batch, outputs, losses, total });
      tf.dispose(kept);
      return total;
    }

    train(data) {
      const { optimizer, collectedTrainableWeights: weights } = this.graph;
      return tf.tidy(() => {
        const batch = this.split(data);
        const compute = () => this.pass(batch, true, this.tally);
        const variables = weights.map(({ val }) => val);
        if (variables.length) optimizer.minimize(compute, false, variables);
        else compute();
        for (const { val, constraint } of weights) {
          if (constraint) val.assign(constraint.apply(val));
        }
        return this.tally.results();
      });
    }

    // --- Evaluation ------------------------------------------------------------------------------

    /** The state of one evaluation; training has its own. */
    evaluating() {
      const tally = new Tally(this.settings);
      return {
        tally,
        count: (batch) => tf.tidy(() => void this.pass(this.split(batch), false, tally)),
      };
    }

    finished(tally) {
      const results = tally.results();
      tally.reset();
      tally.labels.forEach((label, index) => {
        if (results[index].rank === 0) return;
        this.lists.get(label)?.dispose();
        this.lists.set(label, tf.keep(results[index].clone()));
      });
      return results;
    }

    evaluated(x, y, args) {
      const { testWeights } = this;
      this.testWeights = sampleWeightsOf(args.sampleWeight, this.names, x);
      try {
        return tf.LayersModel.prototype.evaluate.call(this.graph, x, y, args);
      } finally {
        tf.dispose(this.testWeights);
        this.testWeights = testWeights;
      }
    }

    test(tensors, batchSize, verbose = 0, steps = null) {
      const data = [...tensors, ...this.testWeights];
      if (verbose > 0) throw new Error("evaluate has no verbose mode in TensorFlow.js");
      if (steps !== null)
        throw new Error("evaluate has no steps; give all samples and a batchSize");
      const { tally, count } = this.evaluating();
      const samples = data[0].shape[0];
      for (let start = 0; start < samples; start += batchSize) {
        tf.tidy(() => {
          const size = Math.min(batchSize, samples - start);
          count(data.map((values) => values && rowsOf(values, start, size)));
        });
      }
      return this.finished(tally);
    }

    async testDataset(dataset, { batches = Infinity } = {}) {
      const { tally, count } = this.evaluating();
      const iterator = typeof dataset.next === "function" ? dataset : await dataset.iterator();
      for (let batch = 0; batch < batches; batch += 1) {
        const { value, done } = await iterator.next();
        if (value) {
          const data = this.batchOf(value);
          count(data);
          tf.dispose(data);
        }
        if (done) break;
      }
      const results = this.finished(tally);
      return results.length === 1 ? results[0] : results;
    }

    /** Inputs and targets that a dataset gives: tensors, lists of them, or by their names. */
    batchOf({ xs, ys }) {
      const flat = (given, names) =>
        given instanceof tf.Tensor
          ? [given]
          : names.map((name, index) => given[name] ?? given[index]);
      return [...flat(xs, this.graph.inputNames), ...flat(ys, this.graph.outputNames)];
    }

    // --- Training --------------------------------------------------------------------------------

    /** TensorFlow.js's check of inputs and targets, and weights, which it refuses. */
    async standardized(x, y, sampleWeight, classWeight, ...rest) {
      const check = tf.LayersModel.prototype.standardizeUserData;
      if (sampleWeight && classWeight) {
        throw new Error("fit takes sampleWeight or classWeight, and not both");
      }
      const all = await check.call(this.graph, x, y, null, classWeight, ...rest);
      if (!sampleWeight) return all;
      const [inputs, targets] = all;
      return [inputs, targets, sampleWeightsOf(sampleWeight, this.names, inputs)];
    }

    async fitted(method, ...given) {
      const call = tf.LayersModel.prototype[method];
      const { args, weights } = validationOf(given[0], given.pop() ?? {}, this.names);
      const callbacks = [this.callback(), ...callbacksOf(args)];
      this.testWeights = weights;
      try {
        return await call.call(this.graph, ...given, { ...args, callbacks });
      } finally {
        tf.dispose(weights);
        this.testWeights = [];
      }
    }

    /**
     * Puts the running results into the logs of an epoch, before other callbacks see them, where
     * TensorFlow.js puts a mean of those after each batch.
     */
    callback() {
      const { tally, lists } = this;
      return new tf.CustomCallback(
        {
          onEpochBegin: async () => tally.reset(),
          onEpochEnd: async (_, logs) => {
            const results = tally.results();
            for (const [index, label] of tally.labels.entries()) {
              logs[label] = await valueOf(results[index]);
            }
            for (const [label, tensor] of lists) {
              if (`val_${label}` in logs) logs[`val_${label}`] = await valueOf(tensor.clone());
            }
          },
          onTrainEnd: async () => this.settings.optimizer.finalizeVariableValues(),
        },
        "never",
      );
    }
  }

  const rowsOf = (values, start, size) =>
    values.slice([start, ...values.shape.slice(1).map(() => 0)], [size, ...values.shape.slice(1)]);

  /** The callbacks that a page gives to `fit`, as TensorFlow.js makes objects of them. */
  function callbacksOf({ callbacks, yieldEvery } = {}) {
    const isObject = (callback) => typeof callback.setModel === "function";
    return asList(callbacks ?? {}).map((callback) =>
      isObject(callback) ? callback : new tf.CustomCallback(callback, yieldEvery),
    );
  }
});
