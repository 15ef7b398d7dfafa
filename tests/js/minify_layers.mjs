// Minifies the parts of layers.js, or of training.js, and says what they declare;
// tools/minify_layers.py runs it.
//
// stdin:  {frame: text, parts: {name: text}}
// stdout: {frame: text, parts: [{name, needs, layers, operations, script}]}, each part after those
//         it needs; `layers` has the arguments of each class, `operations` has names.

import { readFileSync } from "node:fs";

import * as tf from "@tensorflow/tfjs";
import { transformSync } from "esbuild";

const OPTIONS = { minify: true, target: "es2020", charset: "utf8" };
const PACKAGE = "tfjs-serve/layers.js>";

const minified = (text) => transformSync(text, OPTIONS).code.trimEnd();

const classes = tf.serialization.SerializationMap.getMap().classNameMap;
const ownClasses = () => Object.keys(classes).filter((name) => name.startsWith(PACKAGE));

function run(frame, scripts) {
  return new Function([frame, ...scripts, "return { parts, register };"].join("\n"))();
}

/** The names of the parts that a file declares must be its own; return what they need. */
function needsOf(frame, name, script) {
  const { parts } = run(frame, [script]);
  const strangers = parts.map((part) => part.name).filter((other) => other !== name);
  if (strangers.length || !parts.length) {
    throw new Error(`${name}.js must declare part "${name}", not ${strangers.join(", ") || "none"}`);
  }
  return [...new Set(parts.flatMap((part) => part.needs))];
}

/** Return the parts, each after those it needs. */
function inOrder(parts) {
  const ordered = new Map();
  function add(name, path) {
    if (ordered.has(name)) return;
    if (!(name in parts)) throw new Error(`${path.join(" needs ")} needs ${name}, which is no file`);
    if (path.includes(name)) throw new Error(`in a circle: ${[...path, name].join(" needs ")}`);
    for (const need of parts[name].needs) add(need, [...path, name]);
    ordered.set(name, parts[name]);
  }
  for (const name of Object.keys(parts).sort()) add(name, []);
  return [...ordered.values()];
}

/** Return the names of a part and of all parts that it needs, in the order of `parts`. */
function closure(parts, name) {
  const wanted = new Set([name]);
  for (const part of [...parts].reverse()) {
    if (wanted.has(part.name)) part.needs.forEach((need) => wanted.add(need));
  }
  return parts.filter((part) => wanted.has(part.name));
}

/** Register a part with what it needs, and nothing else; return what these declare. */
function declared(frame, parts, name) {
  for (const own of ownClasses()) delete classes[own];
  run(frame, closure(parts, name).map((part) => part.script)).register(tf);
  const layers = ownClasses().map((own) => [own.slice(PACKAGE.length), classes[own][0].declared]);
  const { signatures = {} } = classes[`${PACKAGE}Operation`]?.[0] ?? {};
  return { layers: Object.fromEntries(layers), operations: Object.keys(signatures) };
}

function described(frame, parts, part) {
  const whole = declared(frame, parts, part.name);
  for (const need of part.needs) {
    const inner = declared(frame, parts, need);
    for (const name of Object.keys(inner.layers)) delete whole.layers[name];
    whole.operations = whole.operations.filter((name) => !inner.operations.includes(name));
  }
  const { name, needs, script } = part;
  return { name, needs, ...whole, script };
}

const given = JSON.parse(readFileSync(0, "utf8"));
const exported = ["part", "family", "parts", "register", "publish"].filter((name) =>
  given.frame.includes(`function ${name}(`) || name === "parts",
);
const frame = minified(
  `const { ${exported} } = (() => {\n${given.frame}\nreturn { ${exported} };\n})();`,
);
const parts = Object.fromEntries(
  Object.entries(given.parts).map(([name, text]) => {
    const script = minified(text);
    return [name, { name, needs: needsOf(frame, name, script), script }];
  }),
);
const ordered = inOrder(parts);
const answer = { frame, parts: ordered.map((part) => described(frame, ordered, part)) };
process.stdout.write(JSON.stringify(answer));
