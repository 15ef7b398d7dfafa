// How pictures become numbers: chosen by the person, begun with what the model's layers tell.

import { SCALINGS, between, numbersOf, resized } from "../feeding/pixels.js";
import { choice, checkbox, h, numberField } from "../ui/dom.js";

const FITS = [["crop", "cut to its middle"], ["pad", "whole, with borders"], ["stretch", "stretched"]];
const AS_THE_MODEL_SAYS = "as the model says";
const OTHER = "other";

/**
 * @param layout `{height, width, channels}` without free sizes
 * @param range the numbers that the model itself rescales, or null
 * @param onChange called after each choice
 * @returns {{element, numbersIn: (picture) => {values, pixels}}}
 */
export function pixelOptions({ layout, range, dtype, fit = "crop", hasFit = true }, onChange) {
  const state = { fit, isInverted: false, name: firstScaling(range, dtype), low: 0, high: 1 };
  const set = (changes) => {
    Object.assign(state, changes);
    bounds.hidden = state.name !== OTHER;
    summary.textContent = told(state, range, hasFit);
    onChange();
  };
  const bounds = h("span", { class: "fields", hidden: true },
    numberField("black", 0, (low) => set({ low })), numberField("white", 1, (high) => set({ high })));
  const summary = h("summary", {}, told(state, range, hasFit));
  const ofModel = range ? [[AS_THE_MODEL_SAYS, `${AS_THE_MODEL_SAYS}: ${range[0]} to ${range[1]}`]] : [];
  const fields = h("div", { class: "fields" },
    choice("Numbers", [...ofModel, ...Object.keys(SCALINGS), [OTHER, "others"]], state.name, (name) => set({ name })),
    bounds,
    hasFit && choice("Picture", FITS, fit, (chosen) => set({ fit: chosen })),
    checkbox("Invert (dark becomes light)", false, (isInverted) => set({ isInverted })));
  const scaling = () => {
    if (state.name === AS_THE_MODEL_SAYS) return between(...range);
    return state.name === OTHER ? between(state.low, state.high) : SCALINGS[state.name];
  };
  return {
    element: h("details", { class: "options" }, summary, fields),
    numbersIn(picture) {
      const pixels = resized(picture, layout.width, layout.height, state.fit);
      const values = numbersOf(pixels, layout.channels, scaling(), state.isInverted);
      return { values, pixels: seen(pixels, layout, state.isInverted) };
    },
  };
}

/** In words, what becomes of a picture. */
function told({ name, low, high, fit, isInverted }, range, hasFit) {
  const fitted = hasFit ? `, the picture ${FITS.find(([one]) => one === fit)[1]}` : "";
  return `Pixels become ${scaled(name, low, high, range)}${fitted}${isInverted ? ", inverted" : ""}`;
}

function scaled(name, low, high, range) {
  if (name === AS_THE_MODEL_SAYS) return `numbers from ${range[0]} to ${range[1]}, which the model rescales`;
  if (name === OTHER) return `numbers from ${low} to ${high}`;
  return name.startsWith("ImageNet") ? `numbers by ${name}` : `numbers from ${name}`;
}

/** Pixels are bytes where a model takes integers, and otherwise most often from 0 to 1. */
function firstScaling(range, dtype) {
  if (range) return AS_THE_MODEL_SAYS;
  return dtype === "int32" ? "0 to 255" : "0 to 1";
}

/** What the model sees, for people. */
function seen(pixels, { width, height, channels }, isInverted) {
  const numbers = numbersOf(pixels, channels, SCALINGS["0 to 255"], isInverted);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      data[4 * pixel + channel] = numbers[pixel * channels + (channels === 1 ? 0 : channel)];
    }
  }
  return { width, height, data };
}
