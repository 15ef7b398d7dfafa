// The backends that TensorFlow.js has in a page, and those that come in scripts of their own.

import { inTurn, tensorflow, withScript } from "./engine.js";

const BACKENDS = ["cpu", "wasm", "webgl", "webgpu"];

/**
 * TensorFlow.js as the server tells of it.
 *
 * @typedef {{url: string, integrity: string, backends: {[name: string]: {url: string,
 *   integrity: string, folder: string}}}} Scripts what lies in `folder`, the backend fetches itself
 */

/** The same with URLs. @param absolute makes one of a path on the server */
export function withUrls(tfjs, absolute) {
  const backends = Object.entries(tfjs.backends).map(([name, one]) => [
    name, { ...one, url: absolute(one.url), folder: absolute(one.folder) },
  ]);
  return { ...tfjs, url: absolute(tfjs.url), backends: Object.fromEntries(backends) };
}

/**
 * Load TensorFlow.js with all of its backends.
 *
 * @param {Scripts} tfjs
 * @returns `{tf, names, missing}`: backends that can be tried, and why others cannot be
 */
export async function withBackends(tfjs) {
  const tf = await tensorflow(tfjs);
  const missing = {};
  for (const name of Object.keys(tfjs.backends)) {
    await addBackend(tf, tfjs, name).catch((error) => (missing[name] = error.message));
  }
  return { tf, names: BACKENDS.filter((name) => tf.findBackendFactory(name)), missing };
}

/** Load the script of a backend, if it has one that is not there yet. */
export function addBackend(tf, tfjs, name) {
  return inTurn(async () => {
    const script = tfjs.backends[name];
    if (!script || tf.findBackendFactory(name)) return;
    await withScript(script);
    if (script.folder) tf[name]?.setWasmPaths?.(script.folder);
  });
}

/**
 * The backends to choose from, those of other scripts included.
 *
 * @returns `{name, lacks}[]`: why the browser cannot have one, empty if it may
 */
export function backendsOf(tf, tfjs) {
  const names = new Set([...Object.keys(tf.engine().registryFactory), ...Object.keys(tfjs.backends)]);
  const known = BACKENDS.filter((name) => names.delete(name));
  return [...known, ...names].map((name) => ({ name, lacks: name === "webgpu" ? lackOfWebGpu() : "" }));
}

/** Pages get it over https or from localhost only, and not in every browser. */
function lackOfWebGpu() {
  if (navigator.gpu) return "";
  return globalThis.isSecureContext === false ? "only over https" : "not in this browser";
}
