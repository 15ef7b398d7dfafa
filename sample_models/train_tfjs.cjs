// Trains a small classifier in TensorFlow.js and saves it the way a page would: model.save().
// Usage: NODE_PATH=<node_modules> node train_tfjs.cjs JOB.json OUT_DIR; prints the predictions.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const tf = require("@tensorflow/tfjs");

const SEED = 7;

function build() {
  const initializer = (offset) => tf.initializers.glorotNormal({ seed: SEED + offset });
  const model = tf.sequential({ name: "breast_cancer" });
  model.add(
    tf.layers.dense({
      units: 12,
      activation: "relu",
      inputShape: [30],
      name: "hidden",
      kernelInitializer: initializer(0),
      kernelRegularizer: tf.regularizers.l2({ l2: 0.001 }),
    }),
  );
  model.add(tf.layers.dropout({ rate: 0.2, seed: SEED, name: "dropout" }));
  model.add(
    tf.layers.dense({
      units: 1,
      activation: "sigmoid",
      name: "benign",
      kernelInitializer: initializer(1),
    }),
  );
  return model;
}

/** Saves one weights file named in the manifest beside model.json. */
function folderHandler(folder) {
  return tf.io.withSaveHandler(async (artifacts) => {
    const { weightData, weightSpecs, ...rest } = artifacts;
    const model = {
      ...rest,
      weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }],
    };
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "model.json"), JSON.stringify(model));
    fs.writeFileSync(path.join(folder, "weights.bin"), Buffer.from(weightData));
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
}

async function main([jobPath, folder]) {
  await tf.setBackend("cpu");
  const job = JSON.parse(fs.readFileSync(jobPath, "utf8"));
  const model = build();
  model.compile({ optimizer: tf.train.adam(0.01), loss: "binaryCrossentropy" });
  const targets = tf.tensor2d(job.trainTargets, [job.trainTargets.length, 1]);
  await model.fit(tf.tensor2d(job.trainInputs), targets, {
    epochs: 20,
    shuffle: false,
    verbose: 0,
  });
  await model.save(folderHandler(folder));
  const predictions = model.predict(tf.tensor2d(job.testInputs));
  process.stdout.write(JSON.stringify(predictions.arraySync()));
}

main(process.argv.slice(2));
