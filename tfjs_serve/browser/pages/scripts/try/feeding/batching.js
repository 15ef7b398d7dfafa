// From samples to the tensors of one or more predictions, and back from their outputs. Pure.

/** The most rows of a table that are predicted at once. */
const MOST_AT_ONCE = 256;

const ARRAYS = { int32: Int32Array, bool: Uint8Array };

/**
 * The tensors of the inputs, for each prediction: as many samples as a model takes at once.
 *
 * @param inputs `{name, shape, dtype}[]`, the model's
 * @param samples for each sample, by the name of the input: `{shape, values}` without the batch
 *   axis; all have the same shapes
 * @returns {Record<string, {shape, dtype, values}>[]} a fixed batch is filled up with its last
 *   sample
 */
export function predictionsFor(inputs, samples) {
  const fixed = inputs.map(({ shape }) => shape?.[0]).find((size) => size > 0);
  const size = fixed ?? MOST_AT_ONCE;
  const result = [];
  for (let start = 0; start < samples.length; start += size) {
    const part = samples.slice(start, start + size);
    while (fixed && part.length < fixed) part.push(part[part.length - 1]);
    result.push(Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input, part)])));
  }
  return result;
}

function tensorOf({ name, dtype }, samples) {
  const parts = samples.map((sample) => sample[name]);
  const shape = [parts.length, ...parts[0].shape];
  const all = parts.length === 1 ? parts[0].values : parts.flatMap(({ values }) => Array.from(values));
  if (dtype === "string") return { shape, dtype, values: Array.from(all) };
  return { shape, dtype, values: (ARRAYS[dtype] ?? Float32Array).from(all) };
}

/**
 * The outputs of all samples.
 *
 * @param outcomes for each prediction: `{name, shape, dtype, values}[]`
 * @param count how many samples there were, before batches were filled up
 * @returns {{name, shape, dtype, rows}[]} `shape` without the batch axis, `rows` the values of each
 *   sample
 */
export function outputsOf(outcomes, count) {
  return outcomes[0].map(({ name, shape, dtype }, position) => {
    const rows = outcomes.flatMap((outputs) => rowsOf(outputs[position]));
    return { name, dtype, shape: shape.slice(1), rows: rows.slice(0, count) };
  });
}

function rowsOf({ shape, values }) {
  const batch = shape[0] ?? 1;
  const size = values.length / (batch || 1);
  return Array.from({ length: batch }, (_, row) => values.slice(row * size, (row + 1) * size));
}
