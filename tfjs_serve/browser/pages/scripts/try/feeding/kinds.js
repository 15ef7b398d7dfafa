// In which ways an input can be fed. Pure.

import { count, imageLayout, sampleShape } from "../shapes.js";

/** The largest side of an image that people draw pixel for pixel. */
const LARGEST_DRAWN_SIDE = 64;
/** The most numbers that get a field each. */
const MOST_FIELDS = 40;

/**
 * The ways to feed an input, the one to begin with first.
 *
 * @param input `{shape, dtype}`
 * @param tokens how many numbers stand for tokens, if the input goes into an embedding
 * @returns subset of "draw", "image", "camera", "text", "tokens", "numbers", "random"
 */
export function kindsOf({ shape, dtype }, tokens = 0) {
  if (dtype === "string") return ["text"];
  if (!shape) return ["numbers"];
  const layout = imageLayout(shape);
  const pictures = layout ? picturesOf(layout) : [];
  const isSequence = shape.length === 2 && shape[1] !== 1 && (tokens > 0 || dtype === "int32");
  if (isSequence) return ["tokens", "numbers", "random"];
  const isMostlyNumbers = !layout || (layout.isFlat && layout.height * layout.width <= MOST_FIELDS * 2);
  return isMostlyNumbers
    ? ["numbers", "random", ...pictures]
    : [...pictures, "numbers", "random"];
}

/**
 * The dtype of the numbers that an input takes: those that were whole in Keras are float32 in a page.
 *
 * @param dtype in the page
 * @param keras in Keras, if the server knows it
 */
export function dtypeOf(dtype, keras = "") {
  if (dtype !== "float32") return dtype;
  return keras === "bool" ? "bool" : /^u?int/.test(keras) ? "int32" : dtype;
}

function picturesOf({ height, width, channels }) {
  const isSmall = height !== null && width !== null && Math.max(height, width) <= LARGEST_DRAWN_SIDE;
  return channels === 1 && isSmall ? ["draw", "image", "camera"] : ["image", "camera"];
}

/** Whether there is room for a field for each number. */
export const hasFields = (shape) =>
  Boolean(shape) && !shape.slice(1).includes(null) && count(sampleShape(shape)) <= MOST_FIELDS;

/** The size to begin with for an axis that the page chooses. */
export function firstSize(shape, axis, dtype) {
  if (imageLayout(shape) && axis < 3) return 224;
  return dtype === "int32" || shape.length === 2 ? 16 : 8;
}
