// The real TensorFlow.js, driven over JSON lines: one command per line on stdin, one reply per
// line on stdout, in order. Python's side is tests/parity/harness.py, which also kills this
// process when a command takes too long: a loader that never ends holds the only thread, where a
// deadline would never fire.
//
// Commands (`kind` is "layers" or "graph", "layers" if it is left out):
//   {id, op: "predict", kind, url, inputs: [tensor, ...]} -> {id, outputs: [tensor, ...],
//                                                            inputNames, outputNames}
//   {id, op: "weights", kind, url} -> {id, weights: [{name, ...tensor}, ...]}
//   {id, op: "manifest", url} -> the same, of a model.json that may have no topology
//   {id, op: "train", url, inputs, target, rate, epochs} -> {id, gradients, after, losses}
//   {id, op: "slopes", url, inputs, training, tolerance} -> {id, slopes: [{name, error, ...}, ...]}
//   {id, op: "compiled", url, inputs, targets, batch, epochs} -> {id, before, losses, after}
//   {id, op: "save", url, inputs} -> {id, before, after, layers: [{name, outputs}, ...]}
//   {id, op: "saveTo", url, inputs, to, headers, steps} -> {id, outputs, status, etag, answer}
//   {id, op: "memory"} -> {id, tensors, bytes}
//   {id, op: "block", seconds} -> {id}, after the thread was held for so long: tries the deadline
// and those of training_operations.mjs and saving.mjs.
// Any of them may answer {id, error: message}.
// A tensor is {shape, dtype, data}, data being base64 of little-endian float32, int32, or one
// byte per bool; a list of strings if that is the dtype.
//
// `train` answers with the gradients of the mean squared error with respect to all trainable
// weights, flat and one after another; with the predictions after one step of gradient descent;
// and with the loss in each epoch of `fit` from there.
//
// `slopes` answers as `slopes.mjs` says; an error is null where a number is NaN.
// `compiled` evaluates and trains a model as the loader has compiled it, and answers with what
// `evaluate` returned, with the loss in each epoch, and with predictions after that.
//
// `save` answers with the predictions of the model and of what it saved, loaded again, and with
// what a model that ends in each layer predicts, as a page finds its output.
//
// `saveTo` changes the weights of a model, predicts, and saves it to another URL; it answers with the
// predictions and with what the server answered. `headers` are null where the URL is all. With
// `steps`, it trains for so many with Adam, and saves the state of that as well.
//
// `predict` takes the inputs in the order of the model's inputs; a null among the dimensions of
// an input, or a missing input, is TF.js's to complain about.

import { createInterface } from "node:readline";

import { savingOperations } from "./saving.mjs";
import { slopes } from "./slopes.mjs";
import { trainingOperations } from "./training_operations.mjs";

// stdout belongs to the protocol; TF.js greets, and warns, with console.log and console.warn.
console.log = console.info = console.warn = console.error;

const tf = await import("@tensorflow/tfjs");

const ARRAY_TYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

function decodeTensor({ shape, dtype, data }) {
  if (dtype === "string") return tf.tensor(data, shape, dtype);
  const ArrayType = ARRAY_TYPES[dtype];
  if (ArrayType === undefined) throw new Error(`the runner knows no dtype ${dtype}`);
  // Buffer's small slices share one pool and need not be aligned, so copy.
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  return tf.tensor(new ArrayType(bytes.buffer), shape, dtype);
}

function encodeTensor(tensor) {
  const { shape, dtype } = tensor;
  if (dtype === "string") return { shape, dtype, data: tensor.dataSync() };
  const values = ARRAY_TYPES[tensor.dtype].from(tensor.dataSync());
  const data = Buffer.from(values.buffer).toString("base64");
  return { shape, dtype, data };
}

const asArray = (value) => (Array.isArray(value) ? value : [value]);

// A model gets the layers that are beside it, and not those of the models before it: they have to
// be enough.
async function loadLayers(url) {
  const classes = tf.serialization.SerializationMap.getMap().classNameMap;
  for (const name of Object.keys(classes)) {
    if (name.startsWith("tfjs-serve/layers.js>")) delete classes[name];
  }
  delete globalThis.tfjsServeLayers;
  const response = await fetch(new URL("layers.js", url)).catch(() => null);
  if (!response?.ok) return;
  new Function(await response.text())();
  globalThis.tfjsServeLayers.register(tf);
}

const loaded = []; // in this command

async function loadModel({ kind = "layers", url }) {
  if (kind === "layers") {
    await loadLayers(url);
    const model = await tf.loadLayersModel(url);
    loaded.push(model);
    return model;
  }
  if (kind === "graph") return tf.loadGraphModel(url);
  throw new Error(`the runner knows no kind of model ${kind}`);
}

function namesOf(model) {
  if (model.inputNames) return { inputNames: model.inputNames, outputNames: model.outputNames };
  const names = (tensors) => tensors.map((tensor) => tensor.name);
  return { inputNames: names(model.inputs), outputNames: names(model.outputs) };
}

function weightsOf(model) {
  if (model.layers) {
    // originalName is what the loader looked up; `name` has a suffix when the process has
    // loaded the same name before.
    return model.weights.map((weight) => [weight.originalName, weight.read()]);
  }
  return Object.entries(model.weights).flatMap(([name, tensors]) =>
    tensors.map((tensor) => [name, tensor]),
  );
}

const given = (command) => {
  const inputs = command.inputs.map(decodeTensor);
  return inputs.length === 1 ? inputs[0] : inputs;
};

// The gradients of the trainable weights, by name. Layers behave as at prediction.
function gradientsOf(model, inputs, target) {
  const output = () => asArray(model.apply(inputs, { training: false }))[0];
  const loss = () => tf.losses.meanSquaredError(target, output());
  const variables = model.trainableWeights.map((weight) => weight.val);
  const { grads } = tf.variableGrads(loss, variables);
  return variables.map(({ name }) => grads[name].flatten());
}

// The output of a layer in the model. A layer that became several is a model in the model; its first
// node is the one that it had before it was called.
const outputOf = (layer) => layer.getOutputAt(layer.inboundNodes.length - 1);

async function savedAgain(model) {
  let saved;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = JSON.parse(JSON.stringify({ ...artifacts, weightData: null }));
    saved.weightData = artifacts.weightData;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
  await model.save(handler);
  return tf.loadLayersModel(tf.io.fromMemory(saved));
}

async function trainWithAdam(model, inputs, epochs) {
  const target = tf.zerosLike(asArray(model.predict(inputs))[0]);
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  await model.fit(inputs, target, { epochs, batchSize: target.shape[0], verbose: 0 });
}

const trained = trainingOperations(tf, { decodeTensor, encodeTensor, asArray, loadModel });

const operations = {
  async compiled(command) {
    const model = await loadModel(command);
    const [inputs, targets] = [given(command), command.targets.map(decodeTensor)];
    const target = targets.length === 1 ? targets[0] : targets;
    const { batch: batchSize, epochs } = command;
    const before = asArray(model.evaluate(inputs, target, { batchSize }));
    const options = { epochs, batchSize, shuffle: false, verbose: 0 };
    const { history } = await model.fit(inputs, target, options);
    const after = asArray(model.predict(inputs))[0];
    return {
      before: encodeTensor(tf.stack(before.map((value) => value.asScalar()))),
      losses: history.loss,
      after: encodeTensor(after),
    };
  },
  ...trained,
  ...savingOperations(tf, {
    decodeTensor,
    encodeTensor,
    asArray,
    loadModel,
    training: (script) => trained.load({ script }),
  }),
  async save(command) {
    const model = await loadModel(command);
    const inputs = given(command);
    const predictions = (of) => asArray(of.predict(inputs)).map(encodeTensor);
    const layers = model.layers.map((layer) => {
      const cut = tf.model({ inputs: model.inputs, outputs: outputOf(layer) });
      return { name: layer.name, outputs: predictions(cut) };
    });
    const before = predictions(model);
    return { before, after: predictions(await savedAgain(model)), layers };
  },
  async saveTo(command) {
    const model = await loadModel(command);
    model.setWeights(model.getWeights().map((weight) => weight.mul(0.9).add(0.05)));
    const { to, headers, steps } = command;
    if (steps) await trainWithAdam(model, given(command), steps);
    const outputs = asArray(model.predict(given(command))).map(encodeTensor);
    const target = headers === null ? to : tf.io.http(to, { requestInit: { headers } });
    const { responses } = await model.save(target, { includeOptimizer: steps > 0 });
    const { status, headers: fields } = responses[0];
    return { outputs, status, etag: fields.get("ETag"), answer: await responses[0].json() };
  },
  async train(command) {
    const model = await loadModel(command);
    const [inputs, target] = [given(command), decodeTensor(command.target)];
    const gradients = gradientsOf(model, inputs, target);
    model.trainableWeights.forEach(({ val }, index) => {
      val.assign(val.sub(gradients[index].mul(command.rate).reshape(val.shape)));
    });
    const after = asArray(model.apply(inputs, { training: false }))[0];
    model.compile({ optimizer: tf.train.sgd(command.rate), loss: "meanSquaredError" });
    const options = { epochs: command.epochs, verbose: 0, shuffle: false };
    const { history } = await model.fit(inputs, target, options);
    return {
      gradients: encodeTensor(tf.concat(gradients)),
      after: encodeTensor(after),
      losses: history.loss,
    };
  },
  async slopes(command) {
    const model = await loadModel(command);
    const inputs = command.inputs.map(decodeTensor);
    return { slopes: await slopes(tf, model, inputs, command) };
  },
  async predict(command) {
    const model = await loadModel(command);
    const outputs = asArray(model.predict(given(command)));
    return { outputs: outputs.map(encodeTensor), ...namesOf(model) };
  },
  async weights(command) {
    const model = await loadModel(command);
    const named = weightsOf(model).map(([name, tensor]) => ({ name, ...encodeTensor(tensor) }));
    return { weights: named };
  },
  async manifest({ url }) {
    const { weightsManifest } = await (await fetch(url)).json();
    const weights = await tf.io.loadWeights(weightsManifest, new URL(".", url).href);
    const named = Object.entries(weights);
    return { weights: named.map(([name, tensor]) => ({ name, ...encodeTensor(tensor) })) };
  },
  async memory() {
    const { numTensors, numBytes } = tf.memory();
    return { tensors: numTensors, bytes: numBytes };
  },
  async block({ seconds }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
  },
};

// Everything that a command allocates dies with it, also when it fails half-way: intermediate
// tensors with the scope, the weights (variables, which outlive scopes) with disposeVariables, and
// what optimizers keep, such as SGD its learning rate, with them.
async function runScoped(operation, command) {
  tf.engine().startScope();
  try {
    return await operation(command);
  } finally {
    for (const { optimizer } of loaded.splice(0)) {
      optimizer?.dispose();
      optimizer?.c?.dispose(); // Momentum does not dispose of what it inherits from SGD
    }
    tf.engine().endScope();
    tf.disposeVariables();
  }
}

async function answer(line) {
  const command = JSON.parse(line);
  const operation = operations[command.op];
  try {
    if (operation === undefined) throw new Error(`the runner knows no operation ${command.op}`);
    return { id: command.id, ...(await runScoped(operation, command)) };
  } catch (error) {
    return { id: command.id, error: String(error?.message ?? error) };
  }
}

await tf.setBackend("cpu");
await tf.ready();
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
