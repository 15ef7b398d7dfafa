// Attention; `keras/src/layers/attention`.

part("attention", [], ({ tf, layer }) => {
  // Masked scores are replaced by the negative of this, or lowered by it.
  const LARGE = 1e9;
  const product = (sizes) => sizes.reduce((total, size) => total * size, 1);
  const isTrue = (x) => tf.notEqual(x, 0);

  /** Bring a mask to the rank of the scores, with new axes in front of its last `kept` axes. */
  function expanded(mask, rank, kept) {
    const at = Math.max(0, mask.rank - kept);
    const ones = Array(Math.max(0, rank - mask.rank)).fill(1);
    return tf.reshape(mask, [...mask.shape.slice(0, at), ...ones, ...mask.shape.slice(at)]);
  }

  const all = (masks) => masks.reduce((one, other) => (one ? tf.logicalAnd(one, other) : other), null);

  /** Which positions attend to which, shape [1, targets, sources]. */
  function positionMasks(targets, sources, { causal, window }) {
    const rows = tf.reshape(tf.range(0, targets), [1, targets, 1]);
    const columns = tf.reshape(tf.range(0, sources), [1, 1, sources]);
    const masks = [];
    if (causal) masks.push(tf.greaterEqual(rows, columns));
    if (window !== null) masks.push(tf.less(tf.abs(tf.sub(rows, columns)), window));
    return masks;
  }

  function dropped(scores, { dropout, alwaysTraining }, training) {
    return dropout > 0 && (training || alwaysTraining) ? tf.dropout(scores, dropout) : scores;
  }

  /** Multiply the last axis of `x` with a kernel [features, heads, size]. */
  function projected(x, weights, part, count = 1) {
    const kernel = weights[`${part}/kernel`];
    const bias = weights[`${part}/bias`];
    const inner = product(kernel.shape.slice(0, count));
    const sizes = kernel.shape.slice(count);
    const flat = tf.matMul(tf.reshape(x, [-1, inner]), tf.reshape(kernel, [inner, product(sizes)]));
    const biased = bias ? tf.add(flat, tf.reshape(bias, [-1])) : flat;
    return tf.reshape(biased, [...x.shape.slice(0, x.rank - count), ...sizes]);
  }

  /** Repeat each head of a tensor of shape [..., heads, size]. */
  function repeated(x, times) {
    if (times === 1) return x;
    const [size, heads] = [x.shape[x.rank - 1], x.shape[x.rank - 2]];
    const lead = x.shape.slice(0, -2);
    const spread = tf.tile(tf.reshape(x, [-1, heads, 1, size]), [1, 1, times, 1]);
    return tf.reshape(spread, [...lead, heads * times, size]);
  }

  // The axes that are neither attended nor features are joined into a batch of matrices.
  layer("MultiHeadAttention", [
    "positions", "axes", "groups", "scale", "dropout", "alwaysTraining", "causal", "window",
    "dropsMasked", "useGate", "scores",
  ], (inputs, { args, weights, training }) => {
    const input = (name) => (name in args.positions ? inputs[args.positions[name]] : null);
    const [query, value] = [input("query"), input("value")];
    const keys = projected(input("key") ?? value, weights, "key_dense");
    const queries = tf.mul(projected(query, weights, "query_dense"), args.scale);
    const values = projected(value, weights, "value_dense");
    const { rank } = queries;
    const times = queries.shape[rank - 2] / args.groups;
    const batch = [...queries.shape.keys()].slice(0, -1).filter((axis) => !args.axes.includes(axis));
    const order = [...batch, ...args.axes, rank - 1];
    const matrices = (x) => {
      const moved = tf.transpose(x, order);
      const sizes = moved.shape.slice(0, batch.length);
      return tf.reshape(moved, [product(sizes), -1, moved.shape[rank - 1]]);
    };
    const sizesOf = (x, axes) => axes.map((axis) => x.shape[axis]);
    const [allKeys, allValues] = [repeated(keys, times), repeated(values, times)];
    const flat = tf.matMul(matrices(queries), matrices(allKeys), false, true);
    const shape = [...sizesOf(queries, [...batch, ...args.axes]), ...sizesOf(allKeys, args.axes)];

    const automatic = positionMasks(query.shape[1], value.shape[1], args);
    if (input("queryMask")) automatic.push(isTrue(tf.expandDims(input("queryMask"), -1)));
    for (const name of ["valueMask", "keyMask"])
      if (input(name)) automatic.push(isTrue(tf.expandDims(input(name), -2)));
    const given = input("attentionMask") ?? weights.attention_mask;
    if (given) automatic.push(isTrue(given));
    let mask = all(automatic);
    let products = flat;
    if (mask) {
      mask = expanded(mask, shape.length, 2 * args.axes.length);
      const full = tf.reshape(flat, shape);
      products = tf.reshape(tf.where(mask, full, tf.sub(tf.zerosLike(full), LARGE)), flat.shape);
    }
    let scores = tf.softmax(products);
    if (mask && args.dropsMasked) {
      const full = tf.reshape(scores, shape);
      scores = tf.reshape(tf.mul(full, tf.cast(mask, "float32")), flat.shape);
    }
    const attended = tf.matMul(dropped(scores, args, training), matrices(allValues));
    const sizes = [...shape.slice(0, order.length - 1), allValues.shape[rank - 1]];
    const back = order.map((_, axis) => order.indexOf(axis));
    let output = tf.transpose(tf.reshape(attended, sizes), back);
    if (args.useGate) output = tf.mul(output, tf.sigmoid(projected(query, weights, "gate_dense")));
    output = projected(output, weights, "output_dense", 2);
    return args.scores ? [output, tf.reshape(scores, shape)] : output;
  });

  const scoring = {
    dot: (query, key, { scale }) => {
      const scores = tf.matMul(query, key, false, true);
      return scale ? tf.mul(scores, scale) : scores;
    },
    concat: (query, key, { scale, concat_score_weight: weight }) => {
      const sums = tf.add(tf.expandDims(query, -2), tf.expandDims(key, -3));
      return tf.mul(tf.sum(tf.tanh(scale ? tf.mul(sums, scale) : sums), -1), weight);
    },
    additive: (query, key, { scale }) => {
      const curved = tf.tanh(tf.add(tf.expandDims(query, -2), tf.expandDims(key, -3)));
      return tf.sum(scale ? tf.mul(curved, scale) : curved, -1);
    },
  };

  layer("Attention", [
    "positions", "mode", "dropout", "alwaysTraining", "causal", "scores",
  ], (inputs, { args, weights, training }) => {
    const input = (name) => (name in args.positions ? inputs[args.positions[name]] : null);
    const [query, value, key] = ["query", "value", "key"].map(input);
    let scores = scoring[args.mode](query, key, weights);
    const [targets, sources] = scores.shape.slice(-2);
    const masks = positionMasks(targets, sources, { causal: args.causal, window: null });
    if (input("valueMask")) masks.push(isTrue(tf.expandDims(input("valueMask"), -2)));
    const mask = all(masks);
    if (mask) scores = tf.where(mask, scores, tf.sub(scores, LARGE));
    scores = tf.softmax(scores);
    let output = tf.matMul(dropped(scores, args, training), value);
    const kept = input("queryMask");
    if (kept) output = tf.where(isTrue(tf.expandDims(kept, -1)), output, tf.zerosLike(output));
    return args.scores ? [output, scores] : output;
  });
});
