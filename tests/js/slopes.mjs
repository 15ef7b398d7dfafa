// Whether the gradients that TensorFlow.js computes are the slopes of what it predicts.
//
// A random sum of the outputs is a function of each weight, and of each input. Its gradient, along
// a random direction, must be its slope in that direction: by five-point differences, which need no
// other program, and hold for any layer and backend. Predictions are held against Keras elsewhere.

const asList = (value) => (Array.isArray(value) ? value : [value]);

/** Random numbers of a seed (mulberry32), normally distributed. */
function normal(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const one = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return (size, scale = 1) => Float32Array.from({ length: size }, () => scale * one());
}

const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
const norm = (a) => Math.sqrt(dot(a, a));

// Steps in a function that bends sharply must be small; in float32, the largest are the best.
const STEPS = [3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5];

function difference(at, step) {
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

/**
 * Compare the gradients of a model with its slopes, at some inputs.
 *
 * Returns, for each trainable weight and each input of floats, its name, its size, and how far
 * gradient and slope are apart, relative to them.
 */
export async function slopes(tf, model, tensors, { training = false, tolerance = 0 } = {}) {
  const random = normal(1);
  const floats = tensors.filter((tensor) => tensor.dtype === "float32");
  const inputs = new Map(floats.map((tensor) => [tensor, tf.variable(tensor)]));
  const given = tensors.map((tensor) => inputs.get(tensor) ?? tensor);
  // Prediction slices batches; the gradient of that, for volumes, is more than webgl can do.
  const isApplied = training || tensors.some(({ rank }) => rank > 4);
  const predicted = () => {
    model.resetStates();
    const all = given.length > 1 ? given : given[0];
    const outputs = asList(
      isApplied ? model.apply(all, { training }) : model.predictOnBatch(all),
    );
    return outputs.filter((output) => output.dtype === "float32");
  };
  const weights = tf.tidy(() => predicted().map((output) => random(output.size)));
  const value = () =>
    tf.tidy(() => predicted().reduce((sum, one, at) => sum + dot(one.dataSync(), weights[at]), 0));
  // What sums of float32 can tell apart: a gradient of zero is none of the outputs' last digits.
  const lengths = tf.tidy(() =>
    predicted().map((output, at) =>
      norm(output.dataSync().map((one, index) => one * weights[at][index])),
    ),
  );
  const noise = 1e-2 * Math.hypot(...lengths);
  const variables = [
    ...model.trainableWeights.map(({ originalName, val }) => ["weight", originalName, val]),
    ...[...inputs.values()].map((variable, index) => ["input", `input_${index}`, variable]),
  ];
  const gradients = tf.tidy(() => gradientsOf(tf, predicted, weights, variables));

  const compared = variables.map(([kind, name, variable]) => {
    const before = variable.dataSync().slice();
    const scale = Math.max(norm(before) / Math.sqrt(before.length), 1e-2);
    // An input of zero may be a step that is masked: its slope would end the mask.
    const isFixed = (at) => kind === "input" && before[at] === 0;
    const direction = random(before.length, scale).map((one, at) => (isFixed(at) ? 0 : one));
    const gradient = gradients[variable.name] ?? new Float32Array(before.length);
    const at = (step) => {
      tf.tidy(() => {
        const moved = before.map((one, index) => one + step * direction[index]);
        variable.assign(tf.tensor(moved, variable.shape));
      });
      return value();
    };
    const along = dot(gradient, direction);
    const scaled = Math.max(norm(gradient) * scale, noise, 1e-30);
    let error = Infinity;
    for (const step of STEPS) {
      const slope = difference(at, step);
      const apart = Math.abs(slope - along) / Math.max(Math.abs(slope), scaled);
      error = Math.min(error, Number.isNaN(apart) ? Infinity : apart);
      if (error <= tolerance) break;
    }
    tf.tidy(() => variable.assign(tf.tensor(before, variable.shape)));
    return { kind, name, size: before.length, gradient: norm(gradient), error };
  });
  inputs.forEach((variable) => variable.dispose());
  return compared;
}

// The gradients of the variables, by their names; those of the others are zero.
function gradientsOf(tf, predicted, weights, variables) {
  const total = () =>
    predicted().reduce(
      (sum, output, at) => tf.add(sum, tf.sum(tf.mul(output, tf.tensor(weights[at], output.shape)))),
      tf.scalar(0),
    );
  const listed = variables.map(([, , variable]) => variable);
  if (!listed.length) return {};
  try {
    const { grads } = tf.variableGrads(total, listed);
    return Object.fromEntries(Object.entries(grads).map(([name, one]) => [name, one.dataSync()]));
  } catch (error) {
    if (error.message.includes("Cannot find a connection")) return {};
    throw error;
  }
}
