// Times tf.loadLayersModel in Node: node load_in_node.mjs FOLDER ROUNDS URL...
//
// FOLDER has node_modules with TensorFlow.js. The URLs are loaded in turn, ROUNDS times, after one
// load of each that does not count. Prints, for each URL, its milliseconds as JSON.
import { createRequire } from "node:module";

const [folder, rounds, ...urls] = process.argv.slice(2);
const print = console.log;
console.log = console.info = console.warn = () => {}; // TensorFlow.js greets
const tf = createRequire(`${folder}/`)("@tensorflow/tfjs");

const times = Object.fromEntries(urls.map((url) => [url, []]));
for (let round = 0; round <= Number(rounds); round++) {
  for (const url of urls) {
    const start = performance.now();
    const model = await tf.loadLayersModel(url);
    if (round > 0) times[url].push(performance.now() - start);
    model.dispose();
  }
}
print(JSON.stringify(times));
