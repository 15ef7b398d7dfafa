// Fetches files of weights, and says how much of them has come.

import { cutOff } from "./live_error.js";

/**
 * Fetch shards; returns a `Map` from their paths to their bytes.
 *
 * @param onProgress is given `{loadedBytes, totalBytes}`; the total is `undefined` until the server
 *     has said the size of each
 */
export async function fetchShards(modelUrl, paths, onProgress = () => {}) {
  const progress = progressOf(paths.length, onProgress);
  const fetching = Promise.all(paths.map((path) => fetchShard(modelUrl, path, progress)));
  const bodies = await fetching.catch(cutOff);
  return new Map(paths.map((path, index) => [path, bodies[index]]));
}

/** Return the URL of a file beside model.json, as TensorFlow.js makes it: with the same query. */
export function besideModel(modelUrl, path) {
  const { search } = new URL(modelUrl);
  return new URL(path + search, modelUrl).href;
}

async function fetchShard(modelUrl, path, progress) {
  const url = besideModel(modelUrl, path);
  const response = await fetch(url);
  // Its generation may be gone, and a newer one is there.
  if (!response.ok) throw new Error(`${url} is answered with status ${response.status}`);
  progress.sized(Number(response.headers.get("Content-Length") ?? NaN));
  const chunks = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    progress.came(part.value.length);
  }
  return whole(chunks);
}

function whole(chunks) {
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  return bytes;
}

function progressOf(count, onProgress) {
  let unsized = count;
  let loadedBytes = 0;
  let sum = 0;
  const tell = () => {
    const totalBytes = unsized || !Number.isFinite(sum) ? undefined : sum;
    onProgress({ loadedBytes, totalBytes });
  };
  return {
    sized(bytes) {
      unsized -= 1;
      sum += bytes;
      tell();
    },
    came(bytes) {
      loadedBytes += bytes;
      tell();
    },
  };
}
