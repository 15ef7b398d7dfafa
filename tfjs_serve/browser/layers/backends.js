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

  /** On webgpu, integers and booleans come out as zeros. */
  function transpose(x, ...how) {
    return (isWebgpu() ? asFloats(tf.transpose) : tf.transpose)(x, ...how);
  }

  /** On wasm, booleans are taken for numbers of four bytes, in memory that is not theirs. */
  const reverse = asFloats(tf.reverse);

  return withOwn(tf, { cast, transpose, reverse });
}

/** The `tf` of a page with some other functions; the exports of a module cannot be assigned to. */
function withOwn(tf, functions) {
  const own = Object.entries(functions).map(([name, value]) => [name, { value }]);
  return Object.create(tf, Object.fromEntries(own));
}
