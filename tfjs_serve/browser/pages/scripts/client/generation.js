// Makes a model of a generation, or sets what has changed in one that runs.

import { disposerOf } from "../shared/disposing.js";
import { besideModel, fetchShards } from "./fetching.js";
import * as weights from "./weights.js";

/** How a model.json names the classes of layers.js, and the optimizer of training.js. */
const NEEDS_LAYERS = '"tfjs-serve/layers.js>';
const NEEDS_TRAINING = '"tfjs-serve/training.js>';
const OPTIMIZER = "optimizer";
const GRAPH = "graph-model";

/** What is known of the model that runs, to compare the next generation with. */
function memoryOf(document, sizes, model, dispose) {
  const isGraph = document.format === GRAPH;
  const places = isGraph ? [] : weights.placesOf(document, sizes);
  return {
    structure: weights.structureOf(document),
    metadata: metadataOf(document),
    marks: new Map(places.map(({ spec, mark }) => [spec.name, mark])),
    values: new Map(isGraph ? [] : [...variablesOf(model)].map(([name, one]) => [name, valueOf(one)])),
    sizes,
    model,
    dispose,
  };
}

const metadataOf = ({ userDefinedMetadata }) => JSON.stringify(userDefinedMetadata ?? {});

/** What is another object as soon as the variable has another value. */
const valueOf = (variable) => variable?.read().dataId;

/** Whether the weights of a generation can be set in the model that runs. */
export function fits(memory, document) {
  return memory?.structure === weights.structureOf(document) && document.format !== GRAPH;
}

const sizesOf = (shards) => [...shards].map(([path, { length }]) => [path, length]);

/** Load a generation as a new model; returns what is to be remembered of it, with the model. */
export async function loadNew(tf, url, { document, generation, root }, onProgress) {
  await loadScripts(tf, url, { document, generation, root });
  const shards = await fetchShards(url, weights.pathsOf(document), onProgress);
  const weightData = weights.joined(weights.pathsOf(document).map((path) => shards.get(path)));
  const load = async () =>
    tf.io.getModelArtifactsForJSON(document, async () => [weights.specsOf(document), weightData]);
  const isGraph = document.format === GRAPH;
  const model = await (isGraph ? tf.loadGraphModel({ load }) : tf.loadLayersModel({ load }));
  return memoryOf(document, new Map(sizesOf(shards)), model, disposerOf(model));
}

/** Make known what only layers.js and training.js have: pages need no further lines for them. */
async function loadScripts(tf, url, { document, generation, root }) {
  const { modelTopology, trainingConfig } = document;
  const needed = [];
  if (JSON.stringify(modelTopology).includes(NEEDS_LAYERS)) {
    const script = new URL(besideModel(url, "layers.mjs"));
    if (generation) script.searchParams.set("generation", generation);
    needed.push(script.href);
  }
  if (JSON.stringify(trainingConfig ?? null).includes(NEEDS_TRAINING)) {
    needed.push(root ? new URL("-/training.mjs", root).href : besideModel(url, "training.mjs"));
  }
  for (const script of needed) (await import(script)).register(tf);
}

/**
 * Set the weights that have changed in the model that runs; returns what is to be remembered.
 *
 * Everything is fetched and checked before the first weight is set, and then all are set without a
 * pause. So whatever predicts meanwhile sees the weights of one generation.
 *
 * @param signal ends it, as long as nothing is set
 */
export async function setChanged(tf, url, document, memory, onProgress, signal) {
  const { model } = memory;
  const { changed, sizes, shards, bytes } = await fetchChanged(url, document, memory, onProgress);
  signal?.throwIfAborted();
  const ofModel = changed.filter(({ spec }) => spec.group !== OPTIMIZER);
  const variables = variablesOf(model);
  const tensors = new Map();
  try {
    for (const place of changed) tensors.set(place.spec.name, decoded(tf, place, shards));
    for (const { spec } of ofModel) check(spec, variables.get(spec.name), tensors.get(spec.name));
    tf.tidy(() => {
      for (const { spec } of ofModel) variables.get(spec.name).write(tensors.get(spec.name));
    });
    setMetadata(document, memory);
    if (ofModel.length < changed.length) await setOptimizer(model, changed, tensors);
  } finally {
    tf.dispose([...tensors.values()]);
  }
  const names = ofModel.map(({ spec }) => spec.name);
  return { memory: memoryOf(document, sizes, model, memory.dispose), changed: names, bytes };
}

/** Labels belong to a generation, and so does what its Keras model is made of again. */
function setMetadata(document, { metadata, model }) {
  if (metadataOf(document) === metadata) return;
  model.setUserDefinedMetadata(document.userDefinedMetadata ?? {});
}

function decoded(tf, place, shards) {
  return tf.io.decodeWeights(weights.bytesAt(place, shards), [place.spec])[place.spec.name];
}

/**
 * Fetch the shards that are new, and of others those without which a weight is not whole. The model is
 * not trained when this returns.
 */
async function fetchChanged(url, document, memory, onProgress) {
  const fresh = weights.pathsOf(document).filter((path) => !memory.sizes.has(path));
  const shards = await fetchShards(url, fresh, onProgress);
  const bytes = [...shards.values()].reduce((sum, { length }) => sum + length, 0);
  const sizes = new Map([...memory.sizes, ...sizesOf(shards)]);
  const places = weights.placesOf(document, sizes);
  await untilIdle(memory.model);
  const lacking = () => shardsOf(changedOf(places, memory)).filter((path) => !shards.has(path));
  for (let kept = lacking(); kept.length > 0; kept = lacking()) {
    for (const [path, body] of await fetchShards(url, kept)) shards.set(path, body);
    await untilIdle(memory.model); // a training may have begun, and changes what has to be set
  }
  const current = new Set(weights.pathsOf(document));
  for (const path of sizes.keys()) if (!current.has(path)) sizes.delete(path);
  return { changed: changedOf(places, memory), sizes, shards, bytes };
}

const shardsOf = (places) => [
  ...new Set(places.flatMap(({ pieces }) => pieces.map(({ path }) => path))),
];

/**
 * Return what is to be set: what the server has changed, and then also what the page has, as by a
 * training, or the weights would be those of two models. The optimizer's state is set as a whole.
 */
function changedOf(places, { marks, values, model }) {
  const isNew = ({ spec, mark }) => marks.get(spec.name) !== mark;
  if (!places.some(isNew)) return [];
  const variables = variablesOf(model);
  const isOther = ({ spec }) => values.get(spec.name) !== valueOf(variables.get(spec.name));
  const isState = ({ spec }) => spec.group === OPTIMIZER;
  const ofModel = places.filter((one) => !isState(one) && (isNew(one) || isOther(one)));
  const state = places.filter(isState);
  return state.some(isNew) || ofModel.some(isOther) ? [...ofModel, ...state] : ofModel;
}

/** The variables of a model by the names that its file has for them. */
function variablesOf(model) {
  const found = new Map();
  for (const variable of model.weights) {
    const name = variable.originalName;
    if (found.has(name)) throw new Error(`two weights of the model are called ${name}`);
    found.set(name, variable);
  }
  return found;
}

/** Throw an error unless a tensor can be the value of a variable. */
function check({ name }, variable, tensor) {
  if (!variable) throw new Error(`the model in the page has no weight ${name}`);
  const is = `${variable.dtype} [${variable.shape}]`;
  const comes = `${tensor.dtype} [${tensor.shape}]`;
  if (is !== comes) throw new Error(`the weight ${name} is ${is} in the page, and ${comes} comes`);
}

/**
 * Let a training in the page end: it would go on with weights that it did not compute, or with none.
 *
 * A sequential model is trained by the model inside it.
 */
export async function untilIdle(model) {
  while (model.isTraining || model.model?.isTraining) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Give the optimizer its new state.
 *
 * TensorFlow.js's own do not dispose of what they had before. The number of steps, which is first,
 * is made for whoever asks.
 */
async function setOptimizer(model, changed, tensors) {
  const { optimizer } = model;
  if (!optimizer?.setWeights) return;
  const before = await optimizer.getWeights();
  const state = changed
    .filter(({ spec }) => spec.group === OPTIMIZER)
    .map(({ spec }) => ({ name: spec.name, tensor: tensors.get(spec.name) }));
  await optimizer.setWeights(state);
  const [steps, ...after] = await optimizer.getWeights();
  const kept = new Set(after.map(({ tensor }) => tensor));
  for (const { tensor } of [steps, ...before]) if (!kept.has(tensor)) tensor.dispose();
}
