// `check --run` in Node: `node proof-node.mjs REQUEST`, where the request is JSON:
// {from: the folder from which packages are looked for, source, proofUrl}; prints one line of JSON:
// {outcomes} or {error: why there are none}.

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { runInThisContext } from "node:vm";

import { fetchProof, proveAll } from "../proof/prove.js";

const WASM = "@tensorflow/tfjs-backend-wasm";
const { from, source, proofUrl, layersUrl } = JSON.parse(process.argv[2]);
const require = createRequire(`${from}/`);

answer()
  .catch((error) => ({ error: error.message }))
  .then((said) => process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit()));

async function answer() {
  const tf = require("@tensorflow/tfjs");
  globalThis.tf = tf;
  const wasm = found(WASM);
  wasm?.setWasmPaths(`${dirname(require.resolve(`${WASM}/package.json`))}/dist/`);
  if (layersUrl) runInThisContext(await (await fetch(layersUrl)).text());
  const outcomes = [];
  const proof = await fetchProof(proofUrl);
  await proveAll(tf, source, proof, wasm ? ["cpu", "wasm"] : ["cpu"], (one) => outcomes.push(one));
  return { outcomes };
}

function found(name) {
  try {
    return require(name);
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}
