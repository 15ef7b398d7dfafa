// What the runner does with training.js; tests/parity/training_node.py sends these commands:
//   {op: "load", script} -> {}; from now on, for all models: gradients of kernels stay registered
//   {op: "schedules", script, cases: [{class_name, config, steps}]} -> {results: [[rate, ...], ...]}
//   {op: "optimize", script, class_name, config, weights: [{name, tensor}], state, gradients}
//       -> {weights: [tensor, ...], state: [{name, tensor}, ...], leaked}
//   {op: "losses", script, cases: [{class_name, config, yTrue, yPred, ...}]}
//       -> {results: [{value, gradient} or {error}, ...]}
//   {op: "metrics", script, cases: [{class_name, config, batches: [{yTrue, yPred, ...}]}]}
//       -> {results: [{value} or {error}, ...], leaked}
//   {op: "learn", script, url, inputs, targets, validation, sampleWeight, fit, batchSize}
//       -> {before, after, history, names, weights, state, leaked, again}
//   {op: "state", script, url} -> {trained: [name, ...], state: [{name, tensor}, ...], isCompiled}
// `script` is the text of training.js; a state is a list of tensors.

/** Return the operations, for a TensorFlow.js and the runner's ways with tensors. */
export function trainingOperations(tf, { decodeTensor, encodeTensor, asArray, loadModel }) {
  let known = null;

  /** Load training.js, as a page does; the same text only once. */
  function load(script) {
    if (known?.script !== script) {
      new Function(script)();
      globalThis.tfjsServeTraining.register(tf);
      known = { script, training: globalThis.tfjsServeTraining };
    }
    return known.training;
  }

  const decoded = (tensor) => (tensor ? decodeTensor(tensor) : null);
  const shown = (tensor) => encodeTensor(tf.cast(tensor, "float32"));
  const attempt = (compute) => {
    try {
      return compute();
    } catch (error) {
      return { error: error.message };
    }
  };

  function lossOf({ class_name: name, config, yTrue, yPred, ...rest }, losses) {
    const loss = losses[name](config);
    const options = {
      mask: decoded(rest.mask),
      sampleWeight: decoded(rest.sampleWeight),
    };
    const [targets, predictions] = [decoded(yTrue), decoded(yPred)];
    const value = loss(targets, predictions, options);
    const gradient = tf.grad((values) => tf.sum(loss(targets, values, options)))(predictions);
    return { value: shown(value), gradient: shown(gradient) };
  }

  function metricOf({ class_name: name, config, batches }, metrics) {
    const metric = new metrics[name](config);
    for (const { yTrue, yPred, mask, sampleWeight, dialect } of batches) {
      const options = { mask: decoded(mask), dialect };
      metric.updateState(decoded(yTrue), decoded(yPred), decoded(sampleWeight), options);
    }
    const value = shown(metric.result());
    metric.dispose();
    return { value };
  }

  const savedState = async (optimizer) =>
    (await optimizer.getWeights()).map(({ name, tensor }) => ({ name, tensor: shown(tensor) }));

  /** Save a model with its optimizer and load it again. */
  async function savedAgain(model) {
    let saved;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = { ...artifacts, ...JSON.parse(JSON.stringify({ ...artifacts, weightData: null })) };
        saved.weightData = artifacts.weightData;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
      }),
      { includeOptimizer: true },
    );
    return tf.loadLayersModel(tf.io.fromMemory(saved));
  }

  const single = (list) => (list.length === 1 ? list[0] : list);
  const numbers = (results) =>
    asArray(results).map((tensor) => (tensor.rank ? [...tensor.dataSync()] : tensor.dataSync()[0]));

  return {
    async load({ script }) {
      load(script);
    },
    async schedules({ script, cases }) {
      const { schedules } = load(script);
      const rates = ({ class_name: name, config, steps }) => {
        const schedule = new schedules[name](config);
        return steps.map((step) => schedule.at(step));
      };
      return { results: cases.map(rates) };
    },
    async optimize({ script, class_name: name, config, weights, state, gradients }) {
      const optimizer = new (load(script).optimizers[name])(config);
      const variables = weights.map(({ name: own, tensor }) => ({
        name: own,
        variable: tf.variable(decodeTensor(tensor)),
      }));
      optimizer.expect(variables);
      if (state) {
        await optimizer.setWeights(
          state.map((tensor) => ({ name: "", tensor: decodeTensor(tensor) })),
        );
      }
      let leaked = 0;
      for (const [index, step] of gradients.entries()) {
        const before = tf.memory().numTensors;
        const given = step.map((tensor, own) => ({
          name: variables[own].variable.name,
          tensor: decodeTensor(tensor),
        }));
        optimizer.applyGradients(given);
        tf.dispose(given.map(({ tensor }) => tensor));
        if (index > 0) leaked += tf.memory().numTensors - before; // the first makes the slots
      }
      const answer = {
        weights: variables.map(({ variable }) => encodeTensor(variable)),
        state: await savedState(optimizer),
      };
      optimizer.dispose();
      return { ...answer, leaked };
    },
    async losses({ script, cases }) {
      const { losses } = load(script);
      return { results: cases.map((given) => attempt(() => tf.tidy(() => lossOf(given, losses)))) };
    },
    async metrics({ script, cases }) {
      const { metrics } = load(script);
      const before = tf.memory().numTensors;
      const results = cases.map((given) => attempt(() => tf.tidy(() => metricOf(given, metrics))));
      return { results, leaked: tf.memory().numTensors - before };
    },
    async state({ script, url }) {
      load(script);
      const model = await loadModel({ url });
      const state = (await model.optimizer?.getWeights()) ?? [];
      return {
        trained: model.trainableWeights.map((weight) => weight.originalName),
        state: state.map(({ name, tensor }) => ({ name, tensor: encodeTensor(tensor) })),
        isCompiled: model.optimizer != null,
      };
    },
    async learn({ script, url, inputs, targets, validation, fit, batchSize, ...rest }) {
      load(script);
      const weights = rest.sampleWeight ? { sampleWeight: decodeTensor(rest.sampleWeight) } : {};
      const model = await loadModel({ url });
      const [x, y] = [inputs, targets].map((list) => single(list.map(decodeTensor)));
      const evaluated = (of) => tf.tidy(() => numbers(of.evaluate(x, y, { batchSize, ...weights })));
      const before = evaluated(model);
      const seen = [];
      const callbacks = { onEpochEnd: async (_, logs) => void seen.push({ ...logs }) };
      const sides = validation?.map((list) => single(list.map(decodeTensor)));
      const validationData = sides && [...sides, ...Object.values(weights)];
      const options = { ...fit, ...weights, batchSize, shuffle: false, verbose: 0, callbacks };
      const all = { ...options, ...(validationData ? { validationData } : {}) };
      const { history } = await model.fit(x, y, all);
      const answer = {
        before,
        history,
        seen: [...seen],
        names: model.metricsNames,
        after: evaluated(model),
        weights: model.weights.map((weight) => ({
          name: weight.originalName,
          tensor: encodeTensor(weight.read()),
        })),
        state: await savedState(model.optimizer),
      };
      const second = await savedAgain(model);
      answer.again = { evaluated: evaluated(second), state: await savedState(second.optimizer) };
      second.optimizer.dispose();
      const count = tf.memory().numTensors;
      await model.fit(x, y, { ...all, epochs: 1 });
      return { ...answer, leaked: tf.memory().numTensors - count };
    },
  };
}
