// Shapes of tensors as models tell them: with the batch axis first, `null` for an axis of any size.

/** How many numbers a tensor has. */
export const count = (shape) => shape.reduce((product, size) => product * size, 1);

/** The axes after the batch axis whose size the page has to choose. */
export const freeAxes = (shape) =>
  shape.map((size, axis) => (axis > 0 && size === null ? axis : -1)).filter((axis) => axis > 0);

/**
 * The shape of one sample, without the batch axis.
 *
 * @param sizes chosen ones, by axis
 */
export const sampleShape = (shape, sizes = {}) =>
  shape.slice(1).map((size, index) => size ?? sizes[index + 1]);

/** How many samples the model always takes at once; 1 where it takes any number. */
export const batchOf = (shape) => shape[0] ?? 1;

export const readable = (shape) =>
  shape ? `[${shape.map((size) => size ?? "any").join(", ")}]` : "of a shape that is not known";

/** What an image is in an input: its axes, `null` for a size to be chosen; `null` if it is none. */
export function imageLayout(shape) {
  const [, ...sample] = shape;
  if (sample.length === 3 && [1, 3, 4].includes(sample[2])) {
    return { height: sample[0], width: sample[1], channels: sample[2] };
  }
  if (sample.length === 2 && sample[0] === sample[1] && sample[0] >= SMALLEST_SIDE) {
    return { height: sample[0], width: sample[1], channels: 1 };
  }
  const side = Math.sqrt(sample[0] ?? NaN);
  if (sample.length === 1 && FLAT_SIDES.includes(side)) {
    return { height: side, width: side, channels: 1, isFlat: true };
  }
  return null;
}

/** Squares of these sides are commonly fed as one row of numbers. */
const FLAT_SIDES = [8, 16, 20, 28, 32, 64];
const SMALLEST_SIDE = 8;

/**
 * Repeat or cut rows so that there is a whole number of batches.
 *
 * @param rows arrays of equal length
 * @param batch what the model takes at once, or 1
 * @returns batches, of which the last one is filled up with its last row
 */
export function batches(rows, batch) {
  if (batch <= 1) return [rows];
  const result = [];
  for (let start = 0; start < rows.length; start += batch) {
    const chunk = rows.slice(start, start + batch);
    while (chunk.length < batch) chunk.push(chunk[chunk.length - 1]);
    result.push(chunk);
  }
  return result;
}
