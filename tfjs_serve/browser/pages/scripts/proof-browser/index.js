// `check --run` in Chromium: compares, and sends what came of it to where the page is from.

import { withBackends } from "../try/backends.js";
import { fetchProof, proveAll } from "../proof/prove.js";

const data = JSON.parse(document.getElementById("proof-data").textContent);
const here = (path) => new URL(path, location.href).href;

async function answer() {
  const backends = Object.entries(data.tfjs.backends).map(([name, one]) => [
    name, { ...one, url: here(one.url), folder: one.folder && here(one.folder) },
  ]);
  const tfjs = { ...data.tfjs, url: here(data.tfjs.url), backends: Object.fromEntries(backends) };
  const { tf, names } = await withBackends(tfjs);
  const outcomes = [];
  const source = { ...data, url: here(data.url) };
  await proveAll(tf, source, await fetchProof(here(data.proofUrl)), names, (one) => outcomes.push(one));
  return { outcomes };
}

answer()
  .catch((error) => ({ error: error.message }))
  .then((said) => fetch(here("outcome"), { method: "POST", body: JSON.stringify(said) }));
