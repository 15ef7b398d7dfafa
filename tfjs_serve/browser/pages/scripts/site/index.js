"use strict";
// The page of a published folder: complete lines to paste, and models run on random numbers.
// Nothing is loaded from anywhere before somebody asks for that.

const TENSORFLOW = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.es2017.min.js";
const INTEGRITY = "sha384-ODzrY1mCTIRZRerZfDIqCoTQafA1St1OwLVc9SsTefnkCF1MeIaVSZ88wuK/NKfH";
const ANY_SIZE = 8;
const ANY_PIXELS = 64;
const MOST_VALUES = 5;
const scripts = new Map();

function load(url, integrity) {
  if (!scripts.has(url)) {
    scripts.set(url, new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: url });
      if (integrity) Object.assign(script, { integrity, crossOrigin: "anonymous" });
      script.onload = resolve;
      script.onerror = () => {
        scripts.delete(url);
        reject(new Error(`${url} cannot be loaded`));
      };
      document.head.append(script);
    }));
  }
  return scripts.get(url);
}

function sizes(shape) {
  const any = shape.length === 4 ? ANY_PIXELS : ANY_SIZE;
  return shape.map((size, axis) => (size > 0 ? size : axis === 0 ? 1 : any));
}

function random({ name, shape, dtype }) {
  if (dtype === "string") throw new Error(`${name} takes texts, not numbers`);
  if (!shape) throw new Error(`the shape of ${name} is not known`);
  const whole = dtype === "int32" || dtype === "bool";
  // Small ones: they may be positions in a table.
  return whole ? tf.randomUniformInt(sizes(shape), 0, 2).cast(dtype) : tf.randomUniform(sizes(shape));
}

function inWords(value) {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

async function described(tensor, labels) {
  const values = [...(await tensor.data())];
  const isEachOfAClass = labels.length > 0 && values.length === labels.length;
  const order = values.map((_, index) => index);
  if (isEachOfAClass) order.sort((a, b) => values[b] - values[a]);
  const shown = order.slice(0, MOST_VALUES).map((index) =>
    isEachOfAClass ? `${labels[index]} ${inWords(values[index])}` : inWords(values[index]));
  const more = values.length > MOST_VALUES ? ", ..." : "";
  return `[${tensor.shape.join(", ")}]: ${shown.join(", ")}${more}`;
}

async function run({ model: url, loader, layers, labels }, say) {
  say("Loading TensorFlow.js ...");
  await load(TENSORFLOW, INTEGRITY);
  await tf.ready();
  if (layers) await load(new URL(layers, document.baseURI).href);
  say("Loading the model ...");
  const started = performance.now();
  const model = await tf[loader](new URL(url, document.baseURI).href);
  const loaded = performance.now();
  const inputs = model.inputs.map(random);
  const given = inputs.length === 1 ? inputs[0] : inputs;
  const result = model.executeAsync ? await model.executeAsync(given) : model.predict(given);
  const outputs = Array.isArray(result) ? result : [result];
  const texts = await Promise.all(
    outputs.map((tensor) => described(tensor, outputs.length === 1 ? JSON.parse(labels) : [])));
  const ended = performance.now();
  tf.dispose([inputs, outputs]);
  model.dispose();
  const times = `loaded in ${Math.round(loaded - started)} ms, run in ${Math.round(ended - loaded)} ms`;
  say([`${times} (${tf.getBackend()})`, ...texts].join("\n"));
}

for (const card of document.querySelectorAll("[data-model]")) {
  for (const place of card.querySelectorAll(".address")) {
    place.textContent = new URL(place.textContent, document.baseURI).href;
  }
  const button = card.querySelector("button");
  const output = card.querySelector("output");
  const say = (text) => { output.textContent = text; };
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await run(card.dataset, say);
    } catch (error) {
      say(`It did not work: ${error.message}`);
    }
    button.disabled = false;
  });
}
