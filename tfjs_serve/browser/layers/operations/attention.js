// Attention; `keras/src/ops/nn.py`.

family("attention", ["operations/diagonals", "operations/shaping"], (kit) => {
  const { tf, numeric, taking, repeated, upper } = kit;
  const t = numeric.tensor;

  function attention({ query, key, value, bias, mask, scale, isCausal, attnLogitsSoftCap }) {
    const q = t(query);
    let [k, v] = [t(key), t(value)];
    const heads = q.shape[2];
    // Several heads of queries may share one of keys and values.
    const spread = (x) => repeated(x, heads / x.shape[2], 2);
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
      const hidden = tf.cast(upper(rows, columns, 1), "bool");
      logits = numeric.where(hidden, -0.7 * 3.4028234663852886e38, logits);
    }
    return tf.transpose(tf.matMul(tf.softmax(logits), tf.transpose(v, order)), order);
  }

  taking(
    [
      "query", "key", "value", "bias", "mask", "scale", "isCausal", "flashAttention",
      "attnLogitsSoftCap",
    ],
    {
      dotProductAttention: attention,
    },
  );
});
