// Operations that TensorFlow.js 4.22's backends get wrong, each computed in a way that is right.

/** The `tf` of a page with those operations in place of its own. */
function rightOnAllBackends(tf) {
  const isWebgpu = () => tf.getBackend() === "webgpu";
  const isFloat = (x) => (x.dtype ?? "float32") === "float32";
  const asFloats = (compute) => (x, ...how) =>
    isFloat(x) ? compute(x, ...how) : tf.cast(compute(cast(x, "float32"), ...how), x.dtype);

  /** On webgpu, integers and booleans would stay what they are, under the name of floats. */
  function cast(x, dtype) {
    const made = tf.cast(x, dtype);
    return dtype === "float32" && !isFloat(x) && isWebgpu() ? tf.add(made, 0) : made;
  }

  /** On webgpu, the transpose of integers and booleans is whatever lies in memory. */
  function transpose(x, ...how) {
    return (isWebgpu() ? asFloats(tf.transpose) : tf.transpose)(x, ...how);
  }

  /** On wasm, booleans are taken for numbers of four bytes, in memory that is not theirs. */
  const reverse = asFloats(tf.reverse);

  /** On webgpu, nothing comes of a vector and a tensor of five or six axes. */
  function ofTwo(compute) {
    return (one, other) => {
      const rank = Math.max(one.rank ?? 0, other.rank ?? 0);
      if (rank <= 4 || !isWebgpu()) return compute(one, other);
      const shape = [...Array(rank - 1).fill(1), -1];
      const [left, right] = [one, other].map((x) => (x.rank === 1 ? tf.reshape(x, shape) : x));
      return compute(left, right);
    };
  }

  /** On webgpu, other axes than the last are transposed first, see above. */
  const reduced = (compute) => (x, ...how) =>
    isWebgpu() && !isFloat(x) ? asFloats(compute)(x, ...how) : compute(x, ...how);
  const any = (x, ...how) =>
    isWebgpu() ? tf.cast(tf.max(cast(x, "float32"), ...how), "bool") : tf.any(x, ...how);
  const all = (x, ...how) =>
    isWebgpu() ? tf.cast(tf.min(cast(x, "float32"), ...how), "bool") : tf.all(x, ...how);

  /** On webgpu, axes are not kept. */
  function prod(x, axis = null, keepDims = false) {
    const made = reduced(tf.prod)(x, axis, keepDims);
    if (!keepDims || made.rank === x.rank) return made;
    const every = [...x.shape.keys()];
    const axes = axis === null ? every : [axis].flat().map((one) => (one + x.rank) % x.rank);
    return tf.reshape(made, x.shape.map((size, index) => (axes.includes(index) ? 1 : size)));
  }

  /** On webgpu, a vector's is not a number but a vector of one. */
  const placed = (compute) => (x, axis = 0) => {
    const made = compute(x, axis);
    return x.rank === 1 && made.rank === 1 ? tf.reshape(made, []) : made;
  };
  const [argMax, argMin] = [tf.argMax, tf.argMin].map(placed);
  const [sum, max, min] = [tf.sum, tf.max, tf.min].map(reduced);
  const names = [
    "add", "sub", "mul", "div", "divNoNan", "floorDiv", "mod", "pow", "atan2", "squaredDifference",
    "maximum", "minimum", "equal", "notEqual", "greater", "greaterEqual", "less", "lessEqual",
    "logicalAnd", "logicalOr", "logicalXor",
  ];
  const pairs = Object.fromEntries(names.map((name) => [name, ofTwo(tf[name])]));
  const reductions = { any, all, sum, max, min, prod, argMax, argMin };
  return withOwn(tf, { cast, transpose, reverse, ...reductions, ...pairs });
}

/** The `tf` of a page with some other functions; the exports of a module cannot be assigned to. */
function withOwn(tf, functions) {
  const own = Object.entries(functions).map(([name, value]) => [name, { value }]);
  return Object.create(tf, Object.fromEntries(own));
}
