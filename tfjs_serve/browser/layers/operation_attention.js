// Attention and normalization of tensors; `keras/src/ops/nn.py`.

part(({ tf, operations, numeric }) => {
  const t = (value) => numeric.tensor(value);
  const optional = (value) => (value === null || value === undefined ? null : t(value));

  /** Values of parameters along some axes, in the shape of all of them. */
  function along(x, axes, value) {
    const given = optional(value);
    if (given === null || given.rank === x.rank) return given;
    return tf.reshape(given, x.shape.map((size, axis) => (axes.includes(axis) ? size : 1)));
  }

  const scaled = (x, factor, shift) => {
    const multiplied = factor === null ? x : tf.mul(x, factor);
    return shift === null ? multiplied : tf.add(multiplied, shift);
  };

  function attention({
    query, key, value, bias = null, mask = null, scale = null,
    isCausal = false, attnLogitsSoftCap = null,
  }) {
    const q = t(query);
    let [k, v] = [t(key), t(value)];
    const heads = q.shape[2];
    // One head of keys and values serves several of queries.
    const spread = (x) => operations.repeat({ x, repeats: heads / x.shape[2], axis: 2 });
    if (k.shape[2] !== heads) [k, v] = [spread(k), spread(v)];
    const factor = scale === null ? 1 / Math.sqrt(q.shape[3]) : t(scale);
    const order = [0, 2, 1, 3];
    let logits = tf.matMul(tf.transpose(q, order), tf.transpose(k, order), false, true);
    logits = tf.mul(logits, factor);
    if (attnLogitsSoftCap !== null) {
      logits = tf.mul(tf.tanh(tf.div(logits, attnLogitsSoftCap)), attnLogitsSoftCap);
    }
    if (bias !== null) logits = tf.add(logits, t(bias));
    if (mask !== null) {
      logits = numeric.where(numeric.truth(t(mask)), logits, -0.7 * 3.4028234663852886e38);
    }
    if (isCausal) {
      const [rows, columns] = logits.shape.slice(-2);
      const hidden = tf.cast(numeric.upper(rows, columns, 1), "bool");
      logits = numeric.where(hidden, -0.7 * 3.4028234663852886e38, logits);
    }
    return tf.transpose(tf.matMul(tf.softmax(logits), tf.transpose(v, order)), order);
  }

  Object.assign(operations, {
    dotProductAttention: attention,
    batchNorm: ({ x, mean, variance, offset = null, scale = null, axis = -1, epsilon = 1e-3 }) => {
      const input = t(x);
      const axes = numeric.axes(input.rank, axis);
      const wide = (value) => along(input, axes, value);
      const inverse = tf.rsqrt(tf.add(wide(variance), epsilon));
      return scaled(tf.mul(tf.sub(input, wide(mean)), inverse), wide(scale), wide(offset));
    },
    layerNorm: ({ x, gamma = null, beta = null, axis = -1, epsilon = null, rmsScaling = false }) => {
      const input = t(x);
      const axes = numeric.axes(input.rank, axis);
      const small = epsilon ?? 1e-7;
      const spread = tf.rsqrt(tf.add(numeric.variance(input, axes, true), small));
      if (rmsScaling) return scaled(tf.mul(input, spread), along(input, axes, gamma), null);
      const centred = tf.sub(input, tf.mean(input, axes, true));
      return scaled(tf.mul(centred, spread), along(input, axes, gamma), along(input, axes, beta));
    },
    rmsNorm: ({ x, scale = null, axis = -1, epsilon = null }) => {
      const input = t(x);
      const axes = numeric.axes(input.rank, axis);
      const squares = tf.mean(tf.square(input), axes, true);
      const inverse = tf.rsqrt(tf.add(squares, epsilon ?? 1e-7));
      return scaled(tf.mul(input, inverse), along(input, axes, scale), null);
    },
  });

  const clipped = (x) => tf.clipByValue(x, 1e-7, 1 - 1e-7);

  Object.assign(operations, {
    binaryCrossentropy: ({ target, output, fromLogits = false }) => {
      const [wanted, given] = [t(target), t(output)];
      const chance = clipped(fromLogits ? tf.sigmoid(given) : given);
      const hit = tf.mul(wanted, tf.log(chance));
      const miss = tf.mul(tf.sub(1, wanted), tf.log(tf.sub(1, chance)));
      return tf.neg(tf.add(hit, miss));
    },
    categoricalCrossentropy: ({ target, output, fromLogits = false, axis = -1 }) =>
      tf.neg(tf.sum(tf.mul(t(target), logarithms(t(output), fromLogits, axis)), axis)),
    sparseCategoricalCrossentropy: ({ target, output, fromLogits = false, axis = -1 }) => {
      const given = t(output);
      const [at] = numeric.axes(given.rank, axis);
      let wanted = t(target);
      if (wanted.rank === given.rank && wanted.shape[wanted.rank - 1] === 1) {
        wanted = tf.squeeze(wanted, [wanted.rank - 1]);
      }
      const chosen = numeric.hot(wanted, given.shape[at], at);
      return tf.neg(tf.sum(tf.mul(chosen, logarithms(given, fromLogits, at)), at));
    },
  });

  function logarithms(output, fromLogits, axis) {
    if (fromLogits) return numeric.atEnd(output, axis, (x) => tf.logSoftmax(x));
    const axes = numeric.axes(output.rank, axis);
    return tf.log(clipped(tf.div(output, tf.sum(output, axes, true))));
  }
});
