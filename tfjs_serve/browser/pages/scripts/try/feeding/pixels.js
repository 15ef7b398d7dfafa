// From pixels to the numbers that a model takes. Pure; pictures are {width, height, data}, with four
// bytes for each pixel, as a canvas has them.

/** How the bytes of a channel become numbers: `mean` and `deviation` are in bytes. */
export const SCALINGS = {
  "0 to 1": { mean: 0, deviation: 255 },
  "-1 to 1": { mean: 127.5, deviation: 127.5 },
  "0 to 255": { mean: 0, deviation: 1 },
  "ImageNet's mean and deviation": {
    mean: [123.675, 116.28, 103.53],
    deviation: [58.395, 57.12, 57.375],
  },
  "ImageNet's mean, blue first": {
    mean: [103.939, 116.779, 123.68],
    deviation: 1,
    blueFirst: true,
  },
};

/** The scaling that takes black to `low` and white to `high`. */
export const between = (low, high) => {
  const deviation = 255 / (high - low || 1);
  return { mean: -low * deviation, deviation };
};

/**
 * The part of a picture that is looked at, and where it comes to lie.
 *
 * @param fit "stretch", "crop" (the middle), or "pad" (all, with borders)
 * @returns {{from: number[], to: number[]}} each x, y, width, height
 */
function placed(width, height, wide, high, fit) {
  const whole = [0, 0, width, height];
  const target = [0, 0, wide, high];
  const zoom = (fit === "pad" ? Math.min : Math.max)(wide / width, high / height);
  if (fit === "crop") {
    const [w, h] = [wide / zoom, high / zoom];
    return { from: [(width - w) / 2, (height - h) / 2, w, h], to: target };
  }
  if (fit === "pad") {
    const [w, h] = [Math.max(1, Math.round(width * zoom)), Math.max(1, Math.round(height * zoom))];
    return { from: whole, to: [Math.floor((wide - w) / 2), Math.floor((high - h) / 2), w, h] };
  }
  return { from: whole, to: target };
}

/**
 * A picture in another size: the mean of the area where it becomes smaller, else interpolated.
 *
 * @returns {Float32Array} [high, wide, 4], from 0 to 255; borders are 0
 */
export function resized(picture, wide, high, fit = "stretch") {
  const { from, to } = placed(picture.width, picture.height, wide, high, fit);
  const columns = weightsOf(from[0], from[2], to[2], picture.width);
  const rows = weightsOf(from[1], from[3], to[3], picture.height);
  const result = new Float32Array(high * wide * 4);
  const narrow = new Float32Array(picture.height * to[2] * 4);
  for (let y = 0; y < picture.height; y++) {
    columns.forEach((taps, x) => blend(picture.data, narrow, taps, (one) => (y * picture.width + one) * 4, (y * to[2] + x) * 4));
  }
  for (let x = 0; x < to[2]; x++) {
    rows.forEach((taps, y) => blend(narrow, result, taps, (one) => (one * to[2] + x) * 4, ((y + to[1]) * wide + x + to[0]) * 4));
  }
  return result;
}

function blend(source, target, taps, at, place) {
  for (const [index, weight] of taps) {
    for (let channel = 0; channel < 4; channel++) {
      target[place + channel] += weight * source[at(index) + channel];
    }
  }
}

/** Which pixels of one axis make up each new one: pairs of an index and a weight. */
function weightsOf(start, length, size, most) {
  const step = length / size;
  return Array.from({ length: size }, (_, index) =>
    step > 1 ? areaOf(start + index * step, start + (index + 1) * step) : around(start + (index + 0.5) * step - 0.5, most),
  );
}

function areaOf(from, to) {
  const taps = [];
  for (let index = Math.floor(from + 1e-9); index < to - 1e-9; index++) {
    taps.push([index, (Math.min(to, index + 1) - Math.max(from, index)) / (to - from)]);
  }
  return taps;
}

function around(place, most) {
  const clamped = Math.min(Math.max(place, 0), most - 1);
  const low = Math.floor(clamped);
  const part = clamped - low;
  return part ? [[low, 1 - part], [low + 1, part]] : [[low, 1]];
}

/**
 * The numbers of resized pixels, in the order of [height, width, channels].
 *
 * @param channels 1 (grey, by luminance), 3 or 4
 * @param scaling one of `SCALINGS`, or what `between` returns
 * @param isInverted whether dark becomes light; transparency stays
 */
export function numbersOf(pixels, channels, scaling, isInverted = false) {
  const values = new Float32Array((pixels.length / 4) * channels);
  const of = (list, channel) => (Array.isArray(list) ? list[channel % 3] : list);
  for (let pixel = 0; pixel < pixels.length / 4; pixel++) {
    const bytes = colours(pixels, pixel * 4, channels, scaling.blueFirst);
    for (let channel = 0; channel < channels; channel++) {
      const byte = isInverted && channel < 3 ? 255 - bytes[channel] : bytes[channel];
      values[pixel * channels + channel] = (byte - of(scaling.mean, channel)) / of(scaling.deviation, channel);
    }
  }
  return values;
}

function colours(pixels, at, channels, blueFirst) {
  const [red, green, blue, alpha] = pixels.subarray(at, at + 4);
  if (channels === 1) return [0.299 * red + 0.587 * green + 0.114 * blue];
  return blueFirst ? [blue, green, red, alpha] : [red, green, blue, alpha];
}

/** The smallest box around all that is not black; `null` if there is nothing. */
export function boundsOf({ width, height, data }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[4 * (y * width + x)] < 64) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  return right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
