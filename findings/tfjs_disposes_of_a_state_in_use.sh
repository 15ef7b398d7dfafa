#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0 (@tensorflow/tfjs-layers 4.22.0), Node.js 18 or newer.
#
# A recurrent layer that returns its state, but no sequences, cannot have both its output and its
# state used by different layers: predict throws "Cannot read properties of undefined (reading
# 'backend')", for LSTM, GRU and SimpleRNN, whichever of the two is used first. One layer that takes
# both works, and so does a model that uses only one of them, or that returns both as they are.
#
# The output of such a layer *is* its first state, and TF.js returns the same tensor for both. The
# executor (execute in tfjs-layers/src/engine/executor.ts) counts users by the name of a symbolic
# tensor, of which there are two, and disposes of the one tensor as soon as the first name has none
# left. To refer to the state for both is a way out: output 1 and output 0 are equal.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0

cat >states.cjs <<'JS'
const tf = require('@tensorflow/tfjs');

const dense = (x) => tf.layers.dense({units: 1}).apply(x);
const models = {
  'output and state, two layers': (y, h) => [dense(y), dense(h)],
  'state and output, two layers': (y, h) => [dense(h), dense(y)],
  'the state twice, two layers': (_y, h) => [dense(h), dense(h)],
  'both, one layer': (y, h) => [dense(tf.layers.concatenate().apply([y, h]))],
  'both, returned as they are': (y, h) => [y, h],
};

for (const kind of ['lstm', 'gru', 'simpleRNN']) {
  for (const [title, build] of Object.entries(models)) {
    const x = tf.input({shape: [3, 2]});
    const layer = tf.layers[kind]({units: 2, returnState: true, resetAfter: false});
    const [y, h] = layer.apply(x);
    const model = tf.model({inputs: x, outputs: build(y, h)});
    let outcome = 'predicts';
    try {
      model.predict(tf.ones([1, 3, 2]));
    } catch (error) {
      outcome = error.message;
    }
    console.log(`${kind}: ${title}: ${outcome}`);
  }
}
JS

for kind in lstm gru simpleRNN; do
  cat <<TXT
$kind: output and state, two layers: Cannot read properties of undefined (reading 'backend')
$kind: state and output, two layers: Cannot read properties of undefined (reading 'backend')
$kind: the state twice, two layers: predicts
$kind: both, one layer: predicts
$kind: both, returned as they are: predicts
TXT
done >expected

node states.cjs 2>/dev/null | grep -E '^(lstm|gru|simpleRNN): ' | tee seen
diff expected seen
