// What the layers of a loaded model tell of the numbers that it takes.

import { namesOf } from "./engine.js";

/**
 * The layers that an input goes into, inside of models in the model, too.
 *
 * @param model a loaded layers model; graph models have no layers, and tell nothing
 */
function consumersOf(model, name) {
  if (!model.layers) return [];
  const position = namesOf(model.inputs, model.inputNames).indexOf(name);
  return position < 0 ? [] : consumers(model, model.inputs[position]);
}

const consumers = (model, tensor) =>
  model.layers.flatMap((layer) =>
    (layer.inboundNodes ?? []).flatMap((node) => {
      const position = node.inputTensors.indexOf(tensor);
      if (position < 0) return [];
      return layer.layers ? consumers(layer, layer.inputs[position]) : [layer];
    }),
  );

const className = (layer) => layer.getClassName().split(">").pop();

/** How many different tokens an input has, if it goes into an embedding or the like; otherwise 0. */
export function tokensIn(model, name) {
  for (const layer of consumersOf(model, name)) {
    if (className(layer) === "Embedding") return layer.inputDim;
    if (className(layer) === "CategoryEncoding") return layer.numTokens ?? 0;
  }
  return 0;
}

/**
 * The range of numbers that the model itself brings to 0 to 1 or -1 to 1; `null` if it does not.
 *
 * @returns {[number, number] | null}
 */
export function rangeOf(model, name) {
  const layer = consumersOf(model, name).find((one) => className(one) === "Rescaling");
  if (!layer) return null;
  const { scale, offset } = layer;
  if (!(Number.isFinite(scale) && scale && Number.isFinite(offset))) return null;
  const low = offset === -1 ? -1 : 0;
  return [tidy((low - offset) / scale), tidy((1 - offset) / scale)];
}

/** A number without what divisions by 255 in 32 bits leave. */
const tidy = (value) => (Math.abs(value - Math.round(value)) < 1e-3 ? Math.round(value) : value);
