// The backends that TensorFlow.js has in a page, and those that come in scripts of their own.

import { inTurn, tensorflow, withScript } from "../try/engine.js";

const BACKENDS = ["cpu", "wasm", "webgl", "webgpu"];

/**
 * Load TensorFlow.js with all of its backends.
 *
 * @param tfjs `{url, integrity, backends: {[name]: {url, integrity, folder}}}`; what lies in
 *   `folder`, the backend fetches itself
 * @returns `{tf, names, missing}`: backends that can be tried, and why others cannot be
 */
export async function withBackends(tfjs) {
  const tf = await tensorflow(tfjs);
  const missing = {};
  await inTurn(async () => {
    for (const [name, script] of Object.entries(tfjs.backends)) {
      if (!tf.findBackendFactory(name)) await added(tf, name, script).catch((error) => (missing[name] = error.message));
    }
  });
  return { tf, names: BACKENDS.filter((name) => tf.findBackendFactory(name)), missing };
}

async function added(tf, name, { url, integrity, folder }) {
  await withScript({ url, integrity });
  if (folder) tf[name]?.setWasmPaths?.(folder);
}
