// TensorFlow.js and models: load, predict, dispose. All that is known of tensors elsewhere is
// {shape, dtype, values}.

import { disposerOf } from "../shared/disposing.js";
import { bytesOf } from "./measures.js";

const WITHOUT_NETWORK =
  "Without the internet, start the server with --tfjs-url and the folder of the npm package @tensorflow/tfjs.";

/**
 * Do one thing after the other, as several scripts of a page share one TensorFlow.js, which has one
 * backend at a time.
 */
export function inTurn(action) {
  const done = (globalThis.tfjsServeTurn ?? Promise.resolve()).then(action);
  globalThis.tfjsServeTurn = done.catch(() => {});
  return done;
}

/** Load TensorFlow.js, if no other script of the page has. @param tfjs `{url, integrity}` */
export function tensorflow(tfjs) {
  return inTurn(async () => {
    if (!globalThis.tf?.loadLayersModel) await withScript(tfjs).catch(tellOfNetwork);
    return ready(tfjs);
  });
}

function tellOfNetwork({ message }) {
  throw new Error(`${message} ${WITHOUT_NETWORK}`);
}

async function ready(tfjs) {
  const { tf } = globalThis;
  if (!tf?.loadLayersModel) throw new Error(`${tfjs.url} is not TensorFlow.js.`);
  await tf.ready();
  return tf;
}

const scripts = new Map();

/** Run a script once; one that has failed is fetched again. */
export function withScript({ url, integrity }) {
  if (!scripts.has(url)) {
    scripts.set(url, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      if (integrity) Object.assign(script, { integrity, crossOrigin: "anonymous" });
      script.onload = resolve;
      script.onerror = () => {
        scripts.delete(url);
        script.remove();
        reject(new Error(`${url} could not be loaded.`));
      };
      document.head.append(script);
    }));
  }
  return scripts.get(url);
}

/**
 * A model, and how to use it.
 *
 * @typedef {{model: object, generation: string | null, bytes: object, milliseconds: number,
 *   warmUp: number | null, times: number[]}} Loaded `generation` is the ETag of its model.json
 */

/**
 * Load a model.
 *
 * @param source `{url, loader, needsLayers}`; whether it needs `layers.js` may not be known yet
 * @param onProgress called with how many bytes have come
 * @returns {Promise<Loaded>}
 */
export const load = (...given) => inTurn(() => loadNow(...given));

/** The same for who has the turn. */
export async function loadNow(tf, source, onProgress = () => {}) {
  performance.setResourceTimingBufferSize(MOST_TIMINGS);
  const start = performance.now();
  if (source.needsLayers) await withScript({ url: layersOf(source) });
  let received = 0;
  let generation = null;
  const fetchFunc = async (url, options) => {
    const response = await counted(url, options, (bytes) => onProgress((received += bytes)));
    generation ??= response.headers.get("ETag"); // TensorFlow.js asks for model.json first
    return response;
  };
  const load = () => tf[source.loader](source.url, { fetchFunc });
  const model = await load().catch(async (error) => {
    if (!LACKS_LAYERS.test(error.message)) throw error;
    await withScript({ url: `${layersOf(source)}?${Date.now()}` }); // perhaps after an older one
    return load();
  });
  const milliseconds = performance.now() - start;
  const bytes = await bytesSince(start, source);
  return { model, generation, milliseconds, bytes, warmUp: null, times: [] };
}

const MOST_TIMINGS = 100_000;
const LACKS_LAYERS = /tfjs-serve\/layers\.js>/;

/** The folder of a model.json. */
const folderOf = (url) => url.replace(/[^/]*$/, "");
const layersOf = ({ url }) => `${folderOf(url)}layers.js`;

/** A `fetch` that counts, and fails where TensorFlow.js would take an error page for weights. */
async function counted(url, options, onBytes) {
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(await reasonOf(response));
  if (!response.body) return response;
  const counter = new TransformStream({
    transform(chunk, controller) {
      onBytes(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
}

async function reasonOf(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `${new URL(response.url).pathname} was answered with ${response.status}.`;
}

/** What was fetched of the model since then, `layers.js` included. */
async function bytesSince(start, { url }) {
  await new Promise((resolve) => setTimeout(resolve)); // the last entry comes after its body
  const isOfModel = ({ name, startTime }) => startTime >= start && name.startsWith(folderOf(url));
  return bytesOf(performance.getEntriesByType("resource").filter(isOfModel));
}

/** The inputs of a loaded model: `{name, shape, dtype}`, the shape null where nothing tells it. */
export const inputsOf = ({ model }) =>
  namesOf(model.inputs, model.inputNames).map((name, index) => {
    const { shape, dtype } = model.inputs[index];
    return { name, shape: shape ?? null, dtype };
  });

/** Names that a model keeps when it is loaded again; those of its tensors get other numbers. */
export const namesOf = (tensors, names) =>
  names?.length === tensors.length ? names : tensors.map(({ sourceLayer, name }) => sourceLayer?.name ?? name);

/**
 * Predict. Leaves no tensors behind.
 *
 * @param given `{[name of the input]: {shape, dtype, values}}`
 * @returns {Promise<{outputs: {name, shape, dtype, values}[], milliseconds: number}>} until the
 *   numbers are there, without the time to make tensors of the inputs
 */
export const predict = (...given) => inTurn(() => predictNow(...given));

/** The same for who has the turn. */
export async function predictNow(tf, { model }, given) {
  const inputs = Object.fromEntries(
    Object.entries(given).map(([name, { values, shape, dtype }]) => [name, tf.tensor(values, shape, dtype)]),
  );
  let results = [];
  try {
    model.resetStates?.(); // each prediction stands for itself
    const start = performance.now();
    results = named(model, await run(tf, model, inputs));
    const values = await Promise.all(results.map(([, tensor]) => tensor.data()));
    const milliseconds = performance.now() - start;
    const outputs = results.map(([name, { shape, dtype }], index) => ({ name, shape, dtype, values: values[index] }));
    return { outputs, milliseconds };
  } finally {
    tf.dispose([results.map(([, tensor]) => tensor), inputs]);
  }
}

function run(tf, model, inputs) {
  if (!model.layers) return runGraph(tf, model, inputs);
  const listed = namesOf(model.inputs, model.inputNames).map((name) => inputs[name]);
  return tf.tidy(() => model.predict(listed.length === 1 ? listed[0] : listed));
}

/** Some graphs, such as those with loops, can only be executed asynchronously. */
async function runGraph(tf, model, inputs) {
  try {
    return tf.tidy(() => model.predict(inputs));
  } catch (error) {
    if (!/executeAsync/.test(error.message)) throw error;
    return model.executeAsync(inputs);
  }
}

/** The outputs with their names: models return one tensor, a list, or an object. */
function named(model, result) {
  if (!Array.isArray(result) && !("dataId" in result)) return Object.entries(result);
  const names = namesOf(model.outputs, model.outputNames);
  return [result].flat().map((tensor, index) => [names[index] ?? `output ${index}`, tensor]);
}

/** Free a model. */
export function dispose(loaded) {
  if (loaded) disposerOf(loaded.model)();
}
