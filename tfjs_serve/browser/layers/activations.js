// Keras's activations; `keras/src/activations/activations.py`, `keras/src/backend/*/nn.py`.
//
// `activations[name](x, settings)` computes any of them, TensorFlow.js's own among them;
// `activate(spec, x)` computes one that the converter has written as `{function, ...settings}`.
// Comparisons are made with step(), because greater() and less() have no gradients.

part("activations", [], ({ tf, layer, called, checked }) => {
  const activations = {};
  const clip = (x, low, high) => tf.clipByValue(x, low, high);
  const alongAxis = (x, axis) => (axis < 0 ? axis + x.rank : axis);

  function relu(x, { negativeSlope, maxValue, threshold }) {
    let above = threshold ? tf.mul(x, tf.step(tf.sub(x, threshold))) : tf.relu(x);
    if (maxValue !== null) above = clip(above, 0, maxValue);
    if (!negativeSlope) return above;
    const below = tf.relu(tf.sub(threshold, x));
    return tf.sub(above, tf.mul(below, negativeSlope));
  }

  /** Compute `of` over an axis that is moved to the end, because TF.js's softmax needs the last. */
  function overAxis(x, axis, of) {
    const given = alongAxis(x, axis);
    if (given === x.rank - 1) return of(x);
    const order = [...x.shape.keys()];
    [order[given], order[x.rank - 1]] = [order[x.rank - 1], order[given]];
    return tf.transpose(of(tf.transpose(x, order)), order);
  }

  function softmax(x, { axis }) {
    if (Number.isInteger(axis)) return overAxis(x, axis, (y) => tf.softmax(y));
    if (axis?.length === 1) return softmax(x, { axis: axis[0] });
    return tf.exp(logSoftmax(x, { axis }));
  }

  /** `axis` is one axis, a list of axes, or null for all. */
  function logSoftmax(x, { axis }) {
    if (Number.isInteger(axis)) return overAxis(x, axis, (y) => tf.logSoftmax(y));
    return tf.sub(x, tf.logSumExp(x, axis, true));
  }

  function gelu(x, { approximate }) {
    if (!approximate) return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(inner, Math.sqrt(2 / Math.PI))), 1));
  }

  function glu(x, { axis }) {
    const [values, gates] = tf.split(x, 2, alongAxis(x, axis));
    return tf.mul(values, tf.sigmoid(gates));
  }

  /** The sorted values of each row: their indices and sums, and the first `size`, which count. */
  function sortedRows(x) {
    const count = x.shape[1];
    const { values, indices } = tf.topk(x, count, true);
    const sums = tf.cumsum(values, 1);
    const limits = tf.div(tf.sub(sums, 1), tf.range(1, count + 1));
    const support = tf.step(tf.sub(values, limits));
    return { indices, sums, support, size: tf.sum(support, 1, true) };
  }

  // Keras adds up the sums of the sorted values where the paper adds up the values. The largest
  // one is in all `size` of these sums, the next one in one less, and so on.
  const sparsemaxOfRows = tf.customGrad((x, save) => {
    const { sums, support, size } = sortedRows(x);
    const limit = tf.div(tf.sub(tf.sum(tf.mul(sums, support), 1, true), 1), size);
    const y = tf.relu(tf.sub(x, limit));
    save([x, y]);
    // topk has no gradient in TF.js.
    const gradFunc = (dy, [given, made]) => {
      const sorted = sortedRows(given);
      const left = tf.sub(sorted.size, tf.range(0, given.shape[1]));
      const shares = tf.div(tf.mul(left, sorted.support), sorted.size);
      const places = tf.topk(tf.neg(tf.cast(sorted.indices, "float32")), given.shape[1], true);
      const inside = tf.mul(dy, tf.step(made));
      const limits = tf.gather(shares, places.indices, 1, 1);
      return tf.sub(inside, tf.mul(tf.sum(inside, 1, true), limits));
    };
    return { value: y, gradFunc };
  });

  const sparsemax = (x) => {
    const size = x.shape[x.rank - 1];
    return tf.reshape(sparsemaxOfRows(tf.reshape(x, [-1, size])), x.shape);
  };

  const hardSigmoid = (x) => clip(tf.add(tf.div(x, 6), 0.5), 0, 1);

  function softShrink(x, { threshold }) {
    const [lower, upper] = [tf.sub(x, threshold), tf.add(x, threshold)];
    const above = tf.step(lower);
    const below = tf.mul(tf.sub(1, above), tf.step(tf.neg(upper)));
    return tf.add(tf.mul(lower, above), tf.mul(upper, below));
  }

  function threshold(x, { threshold: limit, defaultValue }) {
    const above = tf.step(tf.sub(x, limit));
    return tf.add(tf.mul(x, above), tf.mul(tf.sub(1, above), defaultValue));
  }

  const sparsePlus = (x) =>
    tf.add(tf.div(tf.square(clip(tf.add(x, 1), 0, 2)), 4), tf.relu(tf.sub(x, 1)));

  /** Which arguments each function declares. */
  const parameters = {};

  /** Declare functions that take these arguments; their defaults are in activation_names.py. */
  function taking(names, table) {
    for (const [name, compute] of Object.entries(table)) {
      parameters[name] = names;
      activations[name] = compute;
    }
  }

  taking([], {
    exponential: (x) => tf.exp(x),
    hardSigmoid,
    hardSigmoidKeras2: (x) => clip(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
    hardSilu: (x) => tf.mul(x, hardSigmoid(x)),
    hardTanh: (x) => clip(x, -1, 1),
    linear: (x) => x,
    logSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
    mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    relu6: (x) => clip(x, 0, 6),
    selu: (x) => tf.selu(x),
    sigmoid: (x) => tf.sigmoid(x),
    silu: (x) => tf.mul(x, tf.sigmoid(x)),
    softplus: (x) => tf.softplus(x),
    softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
    sparsePlus,
    sparseSigmoid: (x) => clip(tf.add(tf.mul(x, 0.5), 0.5), 0, 1),
    tanh: (x) => tf.tanh(x),
    tanhShrink: (x) => tf.sub(x, tf.tanh(x)),
  });
  taking(["alpha"], {
    celu: (x, { alpha }) => tf.mul(tf.elu(tf.div(x, alpha)), alpha),
    elu: (x, { alpha }) => tf.leakyRelu(tf.elu(x), alpha),
  });
  taking(["approximate"], { gelu });
  taking(["axis"], {
    glu,
    logSoftmax,
    softmax,
    sparsemax: (x, { axis }) => overAxis(x, axis, sparsemax),
  });
  taking(["b"], {
    squareplus: (x, { b }) => tf.div(tf.add(x, tf.sqrt(tf.add(tf.square(x), b))), 2),
  });
  taking(["negativeSlope"], {
    leakyRelu: (x, { negativeSlope }) => tf.leakyRelu(x, negativeSlope),
  });
  taking(["negativeSlope", "maxValue", "threshold"], { relu });
  taking(["threshold"], {
    hardShrink: (x, { threshold: limit }) => tf.mul(x, tf.step(tf.sub(tf.abs(x), limit))),
    softShrink,
  });
  taking(["threshold", "defaultValue"], { threshold });

  /** The settings that the converter has written, which must be those of the function. */
  const settingsOf = ({ function: name, ...settings }) =>
    checked(`The activation ${name}`, called(parameters, "activation", name), settings);
  const activate = (spec, x) => activations[spec.function](x, settingsOf(spec));

  const Activation = layer(
    "Activation",
    ["function", "..."],
    ([x], { args }) => activate(args, x),
    settingsOf,
  );
  Activation.parameters = parameters;

  /** The mask is the last input; it is broadcast to the first one, aligned at the last axis. */
  layer("MaskedSoftmax", ["axis", "clears", "replaces"], ([x, given], { args }) => {
    const { axis, clears, replaces } = args;
    const mask = tf.cast(given, "float32");
    const lowered = replaces
      ? tf.where(tf.greater(tf.mul(mask, tf.onesLike(x)), 0.5), x, tf.fill(x.shape, -1e9))
      : tf.add(x, tf.mul(tf.sub(1, mask), -1e9));
    const y = softmax(lowered, { axis });
    return clears ? tf.mul(y, mask) : y;
  });

  return { activations, activate, settingsOf };
});
