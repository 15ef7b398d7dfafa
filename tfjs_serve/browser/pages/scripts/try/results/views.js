// How an output is shown. Pure.

/** The most bars that keep the order of the output; of more, the largest are shown. */
const MOST_BARS = 20;
const LARGEST_SHOWN = 10;
const SMALLEST_IMAGE_SIDE = 8;

/**
 * The ways to show one sample of an output, the one to begin with first.
 *
 * @param shape of one sample, without the batch axis
 * @returns subset of "bars", "number", "image", "numbers"
 */
export function viewsOf(shape, dtype = "float32") {
  if (dtype === "string") return ["numbers"];
  if (shape.every((size) => size === 1)) return ["number"];
  if (imageSides(shape)) return ["image", "numbers"];
  return vectorLength(shape) ? ["bars", "numbers"] : ["numbers"];
}

/** The one axis that is longer than 1, or 0 if there are several. */
function vectorLength(shape) {
  const long = shape.filter((size) => size > 1);
  return long.length === 1 ? long[0] : 0;
}

/** Height, width and channels of what can be an image; otherwise `null`. */
export function imageSides(shape) {
  const [height, width, channels = 1] = shape;
  const isImage = (shape.length === 2 || shape.length === 3) && [1, 3, 4].includes(channels);
  return isImage && Math.min(height, width) >= SMALLEST_IMAGE_SIDE ? { height, width, channels } : null;
}

/**
 * The bars of a list of numbers.
 *
 * @param labels names by index; others are called by their index
 * @returns {{bars: {index, label, value, part}[], more: number}} `part` of the full length, which
 *   is 1 for probabilities, else the largest absolute value
 */
export function barsOf(values, labels = []) {
  const all = Array.from(values, (value, index) => ({ index, label: labels[index] ?? String(index), value }));
  const shown = all.length > MOST_BARS
    ? all.sort((one, other) => other.value - one.value).slice(0, LARGEST_SHOWN)
    : all;
  const full = fullLength(values);
  return {
    bars: shown.map((bar) => ({ ...bar, part: Math.min(1, Math.abs(bar.value) / full) || 0 })),
    more: values.length - shown.length,
  };
}

/** What a whole bar stands for. */
export function fullLength(values) {
  if (areProbabilities(values)) return 1;
  return values.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0) || 1;
}

export const areProbabilities = (values) => values.every((value) => value >= 0 && value <= 1.000001);

/** The index of the largest number; -1 if there is none, as where all are NaN. */
export function largest(values) {
  let best = -1;
  values.forEach((value, index) => {
    if (!Number.isNaN(value) && (best < 0 || value > values[best])) best = index;
  });
  return best;
}

/** What one number stands for: with two labels and a probability, one of them. */
export function labelOfNumber(value, labels) {
  const isProbability = labels.length === 2 && value >= 0 && value <= 1;
  return isProbability ? labels[value >= 0.5 ? 1 : 0] : "";
}

/**
 * The bytes of an image whose numbers are from 0 to 1, -1 to 1, 0 to 255, or any others.
 *
 * @returns {{data: Uint8ClampedArray, range: string}} four bytes for each pixel
 */
export function pixelsOf(values, { height, width, channels }) {
  const { low, high, range } = rangeOf(values);
  const byte = (value) => (255 * (value - low)) / (high - low || 1);
  const data = new Uint8ClampedArray(height * width * 4);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < 4; channel++) {
      const from = channels === 1 && channel < 3 ? 0 : channel;
      data[4 * pixel + channel] = from < channels ? byte(values[pixel * channels + from]) : 255;
    }
  }
  return { data, range };
}

function rangeOf(values) {
  const [least, most] = extremes(values);
  if (least >= 0 && most <= 1) return { low: 0, high: 1, range: "0 to 1" };
  if (least >= -1 && most <= 1) return { low: -1, high: 1, range: "-1 to 1" };
  if (least >= 0 && most <= 255) return { low: 0, high: 255, range: "0 to 255" };
  return { low: least, high: most, range: `${inShort(least)} to ${inShort(most)}` };
}

function extremes(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/** Rows of numbers, for a table: the last axis lies across. */
export function tableOf(values, shape, mostRows = 20, mostColumns = 12) {
  const width = shape.length ? shape[shape.length - 1] : 1;
  const rows = [];
  for (let start = 0; start < values.length && rows.length < mostRows; start += width) {
    rows.push(Array.from(values.slice(start, start + Math.min(width, mostColumns))));
  }
  return { rows, moreRows: Math.ceil(values.length / width) - rows.length, moreColumns: Math.max(0, width - mostColumns) };
}

/** Least, most and mean, and how many are no numbers. */
export function statistics(values) {
  const [least, most] = extremes(values);
  const finite = Array.prototype.filter.call(values, Number.isFinite);
  const mean = finite.reduce((sum, value) => sum + value, 0) / (finite.length || 1);
  return { least, most, mean, notFinite: values.length - finite.length };
}

/** A number in few characters, but never as 0 what is none. */
export function inShort(value) {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

/** A score in a fixed width where all are probabilities. */
export function score(value, isProbability) {
  if (!isProbability || value === 0) return inShort(value);
  return value < 0.0001 ? "< 0.0001" : value.toFixed(4);
}
