// Which weights of a model lie where, and which of them have changed. Pure.

const BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 };

/** Return all specs of a model.json, in the order of their bytes. */
export const specsOf = (document) => document.weightsManifest.flatMap((group) => group.weights);

/** Return the paths of all shards, in the order of their bytes. */
export const pathsOf = (document) => document.weightsManifest.flatMap((group) => group.paths);

/** Return how many bytes a weight takes as it is stored; NaN where only its bytes tell. */
export function bytesOf({ shape, dtype, quantization }) {
  return shape.reduce((product, size) => product * size, 1) * BYTES[quantization?.dtype ?? dtype];
}

/**
 * Return what two generations must have in common for weights of one to be set in the other: all
 * but the values of weights, and how they were quantized.
 */
export function structureOf(document) {
  const { modelTopology, trainingConfig = null, format = null } = document;
  const specs = specsOf(document).map(({ name, shape, dtype, group = null }) => {
    return { name, shape, dtype, group };
  });
  return JSON.stringify({ modelTopology, trainingConfig, format, specs });
}

/**
 * Return where each weight lies: `{spec, pieces: [{path, from, to}], mark}`.
 *
 * Shards are named by their bytes. So a weight whose mark is the same as before is the same.
 *
 * @param sizes bytes of each shard by its path
 */
export function placesOf(document, sizes) {
  return document.weightsManifest.flatMap(({ paths, weights }) => {
    const shards = shardsOf(paths, sizes);
    let at = 0;
    const places = weights.map((spec) => {
      const from = at;
      at += bytesOf(spec);
      const pieces = piecesOf(shards, from, at);
      return { spec, pieces, mark: JSON.stringify([pieces, spec.quantization ?? null]) };
    });
    const total = shards.at(-1)?.stop ?? 0;
    if (at !== total) throw new Error(`the weights have ${at} bytes, and their files ${total}`);
    return places;
  });
}

function shardsOf(paths, sizes) {
  let stop = 0;
  return paths.map((path) => {
    const start = stop;
    stop += sizes.get(path);
    return { path, start, stop };
  });
}

function piecesOf(shards, from, to) {
  return shards
    .filter(({ start, stop }) => start < to && stop > from)
    .map(({ path, start, stop }) => {
      return { path, from: Math.max(from, start) - start, to: Math.min(to, stop) - start };
    });
}

/** Return the bytes of a weight, from those of the shards it lies in. */
export function bytesAt({ pieces }, shards) {
  return joined(pieces.map(({ path, from, to }) => shards.get(path).subarray(from, to)));
}

/** Return several arrays of bytes as one `ArrayBuffer`. */
export function joined(arrays) {
  const whole = new Uint8Array(arrays.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole.buffer;
}
