// Compares a model in TensorFlow.js with what Keras predicted: on each backend, and layer by layer.

import { dispose, inputsOf, inTurn, loadNow, predictNow } from "../try/engine.js";

/**
 * Up to which difference a prediction counts as that of Keras: relative to the largest number of
 * the tensor. docs/proof.md tells why.
 */
export const TOLERANCES = { cpu: 1e-4, wasm: 1e-4, webgl: 1e-3, webgpu: 1e-3 };

/** Of a model with layers that Keras computed in fewer digits than TensorFlow.js, on any backend. */
const TOLERANCES_OF_PRECISION = { float16: 1e-2, bfloat16: 8e-2 };

/** Of a backend with another name. */
const OTHER_TOLERANCE = 1e-3;

/**
 * What a model's page and `check --run` know of one backend.
 *
 * @typedef {{backend: string, tolerance: number, error?: string, largest: number,
 *   outputs: {name: string, difference: number}[], compared: number,
 *   first: {name: string, difference: number} | null, isRight: boolean}} Outcome
 */

/**
 * Fetch a proof.
 *
 * @param url of `proof.json`
 * @returns what it says, each tensor with its `values`
 */
export async function fetchProof(url) {
  const proof = await (await fetched(url)).json();
  const numbers = new Float32Array(await (await fetched(new URL(proof.numbers, url).href)).arrayBuffer());
  let start = 0;
  const valued = (tensor) => ({ ...tensor, values: numbers.subarray(start, (start += tensor.count)) });
  const inputs = proof.inputs.map(valued);
  const outputs = proof.outputs.map(valued);
  return { ...proof, inputs, outputs, layers: proof.layers.map(valued) };
}

async function fetched(url) {
  const response = await fetch(url, { cache: "no-cache" });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? `${url} was answered with ${response.status}.`);
}

/**
 * Compare on each backend that is there, one after the other; the backend afterwards is as before.
 *
 * @param source as for `load`
 * @param names of backends
 * @param onOutcome called with each `Outcome`; backends that are not there have none
 */
export function proveAll(tf, source, proof, names, onOutcome) {
  return inTurn(async () => {
    await tf.ready();
    const before = tf.getBackend();
    try {
      for (const name of names) {
        const outcome = await proveOn(tf, source, proof, name);
        if (outcome) onOutcome(outcome);
      }
    } finally {
      await tf.setBackend(before);
    }
  });
}

async function proveOn(tf, source, proof, backend) {
  const ofPrecision = TOLERANCES_OF_PRECISION[proof.precision] ?? 0;
  const tolerance = Math.max(TOLERANCES[backend] ?? OTHER_TOLERANCE, ofPrecision);
  const has = await tf.setBackend(backend).catch(() => false);
  if (!has || tf.getBackend() !== backend) return null;
  let loaded = null;
  try {
    loaded = await loadNow(tf, source);
    return { backend, tolerance, ...judged(await compared(tf, loaded, proof), tolerance) };
  } catch (error) {
    const failed = { largest: Infinity, outputs: [], compared: 0, first: null, isRight: false };
    return { backend, tolerance, ...failed, error: error.message };
  } finally {
    if (loaded) dispose(loaded);
  }
}

function judged({ outputs, layers }, tolerance) {
  const largest = Math.max(...outputs.map(({ difference }) => difference));
  const isRight = largest <= tolerance;
  // Where the outputs are right, a layer differs that stands for something else in the page.
  const first = isRight ? null : layers.find(({ difference }) => !(difference <= tolerance)) ?? null;
  return { largest, outputs, compared: layers.length, first, isRight };
}

/** Predict, and return the difference of each output and of each layer that both have. */
async function compared(tf, loaded, proof) {
  const watched = watch(tf, loaded.model, new Set(proof.layers.map(({ name }) => name)));
  try {
    const { outputs } = await predictNow(tf, loaded, feeds(loaded, proof.inputs));
    if (outputs.length !== proof.outputs.length) {
      throw new Error(`The proof has ${proof.outputs.length} outputs, and the model ${outputs.length}.`);
    }
    return {
      outputs: proof.outputs.map((expected, at) => ({
        name: expected.name, difference: differenceOf(outputs[at], expected),
      })),
      layers: await differences(proof.layers, watched.outputs),
    };
  } finally {
    watched.end();
  }
}

function feeds(loaded, given) {
  const inputs = inputsOf(loaded);
  if (inputs.length !== given.length) {
    throw new Error(`The proof has ${given.length} inputs, and the model ${inputs.length}.`);
  }
  return Object.fromEntries(inputs.map(({ name, dtype }, at) => {
    const { shape, values } = given[at];
    return [name, { shape, dtype, values: TYPES[dtype]?.from(values) ?? values }];
  }));
}

const TYPES = { int32: Int32Array, bool: Uint8Array };

async function differences(expected, outputs) {
  const found = [];
  for (const layer of expected) {
    const tensor = outputs.get(layer.name);
    // What became of another shape stands for something else in the page.
    if (!tensor || tensor.size !== sizeOf(layer.shape)) continue;
    const values = await tensor.data();
    const some = places(tensor.size, layer.count).map((place) => values[place]);
    found.push({ name: layer.name, difference: differenceOf({ values: some }, layer) });
  }
  return found;
}

const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);

/** Evenly spread; `sampled` in `proofs/model.py` computes the same. */
const places = (size, count) => Array.from({ length: count }, (_, at) => Math.floor((at * size) / count));

/** The largest difference of two numbers, relative to the largest of those that are expected. */
export function differenceOf({ values }, expected) {
  if (values.length !== expected.values.length) return Infinity;
  let [largest, scale] = [0, 0];
  for (const [at, right] of expected.values.entries()) {
    const value = values[at];
    if (Object.is(value, right) || value === right) largest = Math.max(largest, 0);
    else largest = Math.max(largest, Number.isFinite(value - right) ? Math.abs(value - right) : Infinity);
    if (Number.isFinite(right)) scale = Math.max(scale, Math.abs(right));
  }
  return scale ? largest / scale : largest;
}

/** Keep what layers make when they are first called. Models inside of models have layers, too. */
function watch(tf, model, names) {
  const outputs = new Map();
  const watched = [];
  for (const [path, layer] of layersIn(model)) {
    if (!names.has(path) || Object.hasOwn(layer, "call")) continue;
    watched.push(layer);
    layer.call = function (...given) {
      const made = Object.getPrototypeOf(this).call.apply(this, given);
      const first = [made].flat()[0];
      if (!outputs.has(path) && first?.dtype !== "string") outputs.set(path, tf.keep(tf.clone(first)));
      return made;
    };
  }
  return {
    outputs,
    end() {
      for (const layer of watched) delete layer.call;
      tf.dispose([...outputs.values()]);
    },
  };
}

function* layersIn(model, before = "") {
  for (const layer of model.layers ?? []) {
    const path = before + layer.name;
    yield [path, layer];
    yield* layersIn(layer, `${path}/`);
  }
}
