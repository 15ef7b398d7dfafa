// Makes a model of a generation, or sets what has changed in one that runs.

import { besideModel, fetchShards } from "./fetching.js";
import * as weights from "./weights.js";

/** How a model.json names the classes of layers.js, and the optimizer of training.js. */
const NEEDS_LAYERS = '"tfjs-serve/layers.js>';
const NEEDS_TRAINING = '"tfjs-serve/training.js>';
const OPTIMIZER = "optimizer";

/** What is known of the model that runs, to compare the next generation with. */
function memoryOf(document, sizes, model, optimizer) {
  return {
    structure: weights.structureOf(document),
    marks: new Map(weights.placesOf(document, sizes).map(({ spec, mark }) => [spec.name, mark])),
    sizes,
    model,
    optimizer,
  };
}

/** Dispose of a model and of the optimizer that it was loaded with, which TensorFlow.js leaves. */
export function disposeOf({ model, optimizer }) {
  model.dispose();
  optimizer?.dispose();
}

/** Whether the weights of a generation can be set in the model that runs. */
export function fits(memory, document) {
  return memory?.structure === weights.structureOf(document) && document.format !== "graph-model";
}

const sizesOf = (shards) => [...shards].map(([path, { length }]) => [path, length]);

/** Load a generation as a new model; returns what is to be remembered of it, with the model. */
export async function loadNew(tf, url, { document, generation, root }, onProgress) {
  await loadScripts(tf, url, { document, generation, root });
  const shards = await fetchShards(url, weights.pathsOf(document), onProgress);
  const weightData = weights.joined(weights.pathsOf(document).map((path) => shards.get(path)));
  const load = async () =>
    tf.io.getModelArtifactsForJSON(document, async () => [weights.specsOf(document), weightData]);
  const isGraph = document.format === "graph-model";
  const model = await (isGraph ? tf.loadGraphModel({ load }) : tf.loadLayersModel({ load }));
  return memoryOf(document, new Map(sizesOf(shards)), model, model.optimizer);
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
 */
export async function setChanged(tf, url, document, memory, onProgress) {
  const { model } = memory;
  const { changed, sizes, shards, bytes } = await fetchChanged(url, document, memory, onProgress);
  await untilIdle(model);
  const ofModel = changed.filter(({ spec }) => spec.group !== OPTIMIZER);
  const variables = variablesOf(model);
  const tensors = new Map();
  try {
    for (const place of changed) tensors.set(place.spec.name, decoded(tf, place, shards));
    for (const { spec } of ofModel) check(spec, variables.get(spec.name), tensors.get(spec.name));
    tf.tidy(() => {
      for (const { spec } of ofModel) variables.get(spec.name).write(tensors.get(spec.name));
    });
    if (ofModel.length < changed.length) await setOptimizer(model, changed, tensors);
  } finally {
    tf.dispose([...tensors.values()]);
  }
  const names = ofModel.map(({ spec }) => spec.name);
  return { memory: memoryOf(document, sizes, model, memory.optimizer), changed: names, bytes };
}

function decoded(tf, place, shards) {
  return tf.io.decodeWeights(weights.bytesAt(place, shards), [place.spec])[place.spec.name];
}

/** Fetch the shards that are new, and of others those without which a weight is not whole. */
async function fetchChanged(url, document, memory, onProgress) {
  const fresh = weights.pathsOf(document).filter((path) => !memory.sizes.has(path));
  const shards = await fetchShards(url, fresh, onProgress);
  const bytes = [...shards.values()].reduce((sum, { length }) => sum + length, 0);
  const sizes = new Map([...memory.sizes, ...sizesOf(shards)]);
  const places = weights.placesOf(document, sizes);
  const isChanged = ({ spec, mark }) => memory.marks.get(spec.name) !== mark;
  const withState = places.some((one) => one.spec.group === OPTIMIZER && isChanged(one));
  const changed = places.filter(
    (one) => isChanged(one) || (withState && one.spec.group === OPTIMIZER),
  );
  const needed = new Set(changed.flatMap(({ pieces }) => pieces.map(({ path }) => path)));
  const kept = [...needed].filter((path) => !shards.has(path));
  for (const [path, body] of await fetchShards(url, kept)) shards.set(path, body);
  const current = new Set(weights.pathsOf(document));
  for (const path of sizes.keys()) if (!current.has(path)) sizes.delete(path);
  return { changed, sizes, shards, bytes };
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
 * Let a training in the page end: it would go on with weights that it did not compute.
 *
 * A sequential model is trained by the model inside it.
 */
async function untilIdle(model) {
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
