#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0 (@tensorflow/tfjs-core 4.22.0, @tensorflow/tfjs-backend-cpu 4.22.0),
# Node.js 18 or newer.
#
# Some gradients are wrong without an error. For functions that are linear around x, the slope along
# a direction is exact, and the product of the gradient with the direction must equal it:
#
# - avgPool and avgPool3d with "same": divided by the size of the window where the border leaves fewer
#   numbers, which the prediction divides by (all backends).
# - cumsum along another axis than the last: transposed once too often (all backends). Of matrices that
#   are not square, this throws.
# - resizeNearestNeighbor of several images: the gradient is read with the strides of the input (cpu).
# - maxPool3d with windows whose height is not their width: positions are counted with the height
#   where the gradient is computed (maxPool3dPositions in pool_utils.ts; cpu).
# - max of equal numbers: each gets the whole gradient, where they should share it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0

cat >gradients.cjs <<'JS'
const tf = require('@tensorflow/tfjs');

const shapes = {image: [2, 3, 3, 2], volume: [1, 3, 4, 5, 2], matrix: [3, 3]};
const functions = {
  'avgPool, same': ['image', (x) => tf.avgPool(x, 2, 1, 'same')],
  'avgPool, valid': ['image', (x) => tf.avgPool(x, 2, 1, 'valid')],
  'avgPool3d, same': ['volume', (x) => tf.avgPool3d(x, 2, 1, 'same')],
  'cumsum of the last axis': ['matrix', (x) => tf.cumsum(x, 1)],
  'cumsum of the first axis': ['matrix', (x) => tf.cumsum(x, 0)],
  'resizeNearestNeighbor': ['image', (x) => tf.image.resizeNearestNeighbor(x, [6, 6])],
  'maxPool3d, even windows': ['volume', (x) => tf.maxPool3d(x, 2, 2, 'valid')],
  'maxPool3d, uneven windows': ['volume', (x) => tf.maxPool3d(x, [1, 2, 3], 1, 'valid')],
  'max of what was repeated': ['matrix', (x) => tf.max(tf.tile(x, [1, 2]), 1)],
};

for (const [title, [kind, compute]] of Object.entries(functions)) {
  const x = tf.randomNormal(shapes[kind], 0, 1, 'float32', 1);
  const direction = tf.randomNormal(shapes[kind], 0, 1e-2, 'float32', 2);
  const weights = tf.randomNormal(compute(x).shape, 0, 1, 'float32', 3);
  const f = (at) => tf.sum(tf.mul(compute(at), weights));
  const slope = tf.sub(f(tf.add(x, direction)), f(tf.sub(x, direction))).div(2).dataSync()[0];
  const product = tf.sum(tf.mul(tf.grad(f)(x), direction)).dataSync()[0];
  const off = Math.abs(product - slope) / Math.abs(slope);
  console.log(`${title}: ${off < 1e-3 ? 'right' : 'wrong'}`);
}
JS

cat >expected <<'TXT'
avgPool, same: wrong
avgPool, valid: right
avgPool3d, same: wrong
cumsum of the last axis: right
cumsum of the first axis: wrong
resizeNearestNeighbor: wrong
maxPool3d, even windows: right
maxPool3d, uneven windows: wrong
max of what was repeated: wrong
TXT

node gradients.cjs 2>/dev/null | grep -E ': (right|wrong)$' | tee seen
diff expected seen
