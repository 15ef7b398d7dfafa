#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0 (@tensorflow/tfjs-layers 4.22.0), Node.js 18 or newer.
#
# model.dispose() frees the weights of a layer only if the layer was called once. A layer that is
# called twice in its model keeps them, and so do the layers of a model that is called twice inside
# of another, although nothing else holds the model, and dispose() answers with a
# refCountAfterDispose of 0. Each call of a layer (apply) raises a count, and Container.dispose asks
# each layer once to take one off. A second model.dispose() is an error, so a page that replaces such
# models, as after each epoch of a training elsewhere, has to dispose of model.weights itself.
#
# Nor is the optimizer freed that loadLayersModel makes of the trainingConfig of a model.json, while
# the one that model.compile makes of a name is.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0

cat >dispose.cjs <<'JS'
const tf = require('@tensorflow/tfjs');

const input = () => tf.input({shape: [3]});
const dense = () => tf.layers.dense({units: 3});

function once() {
  const given = input();
  return tf.model({inputs: given, outputs: dense().apply(given)});
}

function twice() {
  const given = input();
  const layer = dense();
  return tf.model({inputs: given, outputs: layer.apply(layer.apply(given))});
}

function nested() {
  const inner = once();
  const given = input();
  return tf.model({inputs: given, outputs: inner.apply(given)});
}

function nestedTwice() {
  const inner = once();
  const given = input();
  return tf.model({inputs: given, outputs: inner.apply(inner.apply(given))});
}

for (const make of [once, twice, nested, nestedTwice]) {
  const before = tf.memory().numTensors;
  const model = make();
  const {refCountAfterDispose} = model.dispose();
  console.log(make.name, 'refCount', refCountAfterDispose, 'left', tf.memory().numTensors - before);
}

async function compiled() {
  const model = once();
  model.compile({loss: 'meanSquaredError', optimizer: 'adam'});
  await model.fit(tf.zeros([1, 3]), tf.zeros([1, 3]), {verbose: 0});
  return model;
}

async function saved(model) {
  let artifacts;
  const handler = tf.io.withSaveHandler(async (made) => {
    artifacts = made;
    return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
  });
  await model.save(handler, {includeOptimizer: true});
  return tf.io.fromMemory(artifacts);
}

async function main() {
  const model = await compiled();
  const source = await saved(model);
  const before = tf.memory().numTensors;
  model.dispose();
  const after = tf.memory().numTensors;
  console.log('compiled by name: freed', before - after);
  (await tf.loadLayersModel(source)).dispose();
  console.log('compiled by loadLayersModel: left', tf.memory().numTensors - after);
}

main();
JS

cat >expected <<'TXT'
once refCount 0 left 0
twice refCount 0 left 2
nested refCount 0 left 0
nestedTwice refCount 0 left 2
compiled by name: freed 8
compiled by loadLayersModel: left 6
TXT

node dispose.cjs 2>/dev/null | grep -E '^(once|twice|nested|compiled)' | tee seen
diff expected seen
