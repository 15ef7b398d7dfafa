#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0 (@tensorflow/tfjs-layers 4.22.0), Node.js 18 or newer.
#
# Two layers do not survive model.save() in the page. Saving reports nothing; what is saved does not
# load any more, although the same model was loaded, trained and used before.
#
# - SeparableConv2D leaves depth_multiplier out of its configuration. With any but 1, the weights
#   that were saved beside it do not fit the layer that is made of it.
# - DepthwiseConv2D writes its depthwise_regularizer a second time, as depthwise_constraint (its
#   getConfig serializes the regularizer for both). So the saved model has a constraint that is a
#   regularizer: it returns a number where a kernel is expected, and the kernel cannot be set.
#   A constraint that the layer really has is lost.
#
# Model and weights of the same layers without these arguments are saved and loaded right.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0

cat >saved.cjs <<'JS'
const tf = require('@tensorflow/tfjs');

const image = {kernelSize: 3, inputShape: [8, 8, 2]};
const regularizer = tf.regularizers.l2({l2: 0.01});
const constraint = tf.constraints.maxNorm({maxValue: 2});
const layers = {
  'SeparableConv2D': () => tf.layers.separableConv2d({...image, filters: 4}),
  'SeparableConv2D, depthMultiplier 2': () =>
    tf.layers.separableConv2d({...image, filters: 4, depthMultiplier: 2}),
  'DepthwiseConv2D, depthMultiplier 2': () =>
    tf.layers.depthwiseConv2d({...image, depthMultiplier: 2}),
  'DepthwiseConv2D, depthwiseRegularizer': () =>
    tf.layers.depthwiseConv2d({...image, depthwiseRegularizer: regularizer}),
  'DepthwiseConv2D, depthwiseConstraint': () =>
    tf.layers.depthwiseConv2d({...image, depthwiseConstraint: constraint}),
};

async function saved(layer) {
  let artifacts;
  await tf.sequential({layers: [layer]}).save(tf.io.withSaveHandler(async (given) => {
    artifacts = given;
    return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
  }));
  const {config} = artifacts.modelTopology.config.layers[0];
  const says = ['depth_multiplier', 'depthwise_regularizer', 'depthwise_constraint']
    .map((key) => `${key}=${JSON.stringify(config[key]?.class_name ?? config[key])}`);
  const loads = await tf.loadLayersModel(tf.io.fromMemory(artifacts))
    .then(() => 'loads', (error) => `does not load: ${error.message.split('\n')[0]}`);
  return `${says.join(' ')}: ${loads}`;
}

(async () => {
  for (const [name, make] of Object.entries(layers)) {
    console.log(`${name}: ${await saved(make())}`);
  }
})();
JS

node saved.cjs 2>/dev/null | grep Conv2D | tee seen

cat >expected <<'TXT'
SeparableConv2D: depth_multiplier=undefined depthwise_regularizer=null depthwise_constraint=null: loads
SeparableConv2D, depthMultiplier 2: depth_multiplier=undefined depthwise_regularizer=null depthwise_constraint=null: does not load: Shape mismatch: [3,3,2,1] vs. [3,3,2,2]
DepthwiseConv2D, depthMultiplier 2: depth_multiplier=2 depthwise_regularizer=null depthwise_constraint=null: loads
DepthwiseConv2D, depthwiseRegularizer: depth_multiplier=1 depthwise_regularizer="L1L2" depthwise_constraint="L1L2": does not load: shape of the new value () and previous value (3,3,2,1) must match
DepthwiseConv2D, depthwiseConstraint: depth_multiplier=1 depthwise_regularizer=null depthwise_constraint=null: loads
TXT
diff expected seen
