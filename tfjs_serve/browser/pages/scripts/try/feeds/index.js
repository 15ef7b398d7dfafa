// The ways to feed an input, by the names that feeding/kinds.js uses.
//
// Each is a function of `{input, shape, isFree, range, tokens, vocabulary, changed, predictNow,
// failed}`: `shape` is that of one sample; `changed` tells that the input is another one, `failed`
// shows a message, `predictNow` predicts and is over when the outputs are shown. It returns
// `{element, isEmpty, read, stop}`: `read` returns one sample as `{shape, values}`, or throws an
// Error that says what is missing; `isEmpty` says that there is nothing to predict from yet.

import { camera } from "./camera.js";
import { draw } from "./draw.js";
import { image } from "./image.js";
import { numbers } from "./numbers.js";
import { random } from "./random.js";
import { text, tokens } from "./text.js";

export const FEEDS = { camera, draw, image, numbers, random, text, tokens };

export const NAMES = {
  draw: "drawing", image: "image", camera: "camera", text: "text", tokens: "text with a vocabulary",
  numbers: "numbers", random: "random numbers",
};
