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
