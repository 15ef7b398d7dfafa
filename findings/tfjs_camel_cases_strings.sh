#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0 (@tensorflow/tfjs-layers 4.22.0), Node.js 18 or newer.
#
# loadLayersModel turns the keys of every layer's config from snake_case into camelCase. It does
# the same to the *values* that are strings, and to strings in lists, whatever they mean: a custom
# layer with a vocabulary ["new_york", "newYork"] is constructed with ["newYork", "newYork"].
# An underscore goes, with the letter after it in upper case; before a digit and at the end it just
# goes; several count as one. Only the value of a key "name" is left alone. (The function is
# convertPythonicToTs in tfjs-layers/src/utils/serialization_utils.ts.)
#
# Saving does the reverse and does not bring the strings back: "newYork", which never had an
# underscore, is written as "new_york", and "x_1" stays "x1". So a model that is loaded and saved
# again has another vocabulary than before, and two of its words have become one. Nothing is
# reported.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0

cat >strings.cjs <<'JS'
const tf = require('@tensorflow/tfjs');

const seen = {};

class Lookup extends tf.layers.Layer {
  static className = 'Lookup';

  constructor(config) {
    super(config);
    this.vocabulary = config.vocabulary;
    this.mode = config.mode;
    Object.assign(seen, {name: config.name, vocabulary: config.vocabulary, mode: config.mode});
  }

  call(inputs) {
    return inputs;
  }

  getConfig() {
    return {...super.getConfig(), vocabulary: this.vocabulary, mode: this.mode};
  }
}
tf.serialization.registerClass(Lookup);

const layer = {
  class_name: 'Lookup',
  config: {
    name: 'my_layer',
    batch_input_shape: [null, 1],
    vocabulary: ['new_york', 'newYork', 'x_1', 'a__b', 'end_', 'two words_here'],
    mode: 'tf_idf',
  },
};
const modelTopology = {
  model_config: {class_name: 'Sequential', config: {name: 'model', layers: [layer]}},
};

tf.loadLayersModel(tf.io.fromMemory({modelTopology})).then((model) => {
  console.log('loaded', JSON.stringify(seen));
  const {name, vocabulary, mode} = model.toJSON(null, false).config.layers[0].config;
  console.log('saved ', JSON.stringify({name, vocabulary, mode}));
});
JS

cat >expected <<'TXT'
loaded {"name":"my_layer","vocabulary":["newYork","newYork","x1","aB","end","two wordsHere"],"mode":"tfIdf"}
saved  {"name":"my_layer","vocabulary":["new_york","new_york","x1","a_b","end","two words_here"],"mode":"tf_idf"}
TXT

node strings.cjs 2>/dev/null | grep -E '^(loaded|saved)' | tee seen
diff expected seen
