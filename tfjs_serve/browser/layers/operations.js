// Functions of tensors; `keras/src/ops`. The parts operation_*.js compute them.
//
// `operations[name](operands, context)` gets the arguments of one function of keras.ops by name,
// with tensors, numbers and lists in their places, and returns a tensor or a list of them. All
// numbers are float32; `numeric` has what several parts need.

part(({ tf, layer, activations, operations, numeric }) => {
  const isTensor = (value) => value instanceof tf.Tensor;

  /** The axes of x counted from the front; all of them for null. */
  const axes = (rank, axis) => {
    if (axis === null || axis === undefined) return [...Array(rank).keys()];
    return (Array.isArray(axis) ? axis : [axis]).map((one) => (one < 0 ? one + rank : one));
  };

  /** A float32 tensor of a tensor of any dtype, a number or a list. */
  function tensor(value) {
    const made = isTensor(value) ? value : tf.tensor(value);
    return made.dtype === "float32" ? made : tf.cast(made, "float32");
  }

  /** The numbers in a small tensor or list: what shapes and indices are made of. */
  const values = (value) => {
    if (isTensor(value)) return [...value.dataSync()];
    if (Array.isArray(value)) return value.flatMap(values);
    return [value];
  };

  /** A number; a tensor of one element is read. */
  const number = (value) => (isTensor(value) ? value.dataSync()[0] : value);

  const whole = (x) => tf.cast(tf.cast(x, "int32"), "float32");
  const truth = (x) => tf.notEqual(x, 0);
  const integers = (x) => tf.cast(x, "int32");

  /** Small integers wrap around as they do in Keras. */
  function wrapped(x, dtype) {
    const bits = Number(dtype.match(/\d+$/)?.[0] ?? 32);
    if (bits > 16) return x;
    const range = 2 ** bits;
    const shift = dtype.startsWith("u") ? 0 : range / 2;
    const over = tf.floor(tf.div(tf.add(x, shift), range));
    return tf.sub(x, tf.mul(over, range));
  }

  /** What Keras's dtype makes of a result. */
  function inDtype(x, dtype) {
    const result = tensor(x);
    if (!dtype || dtype.includes("float")) return result;
    if (dtype === "bool") return tf.cast(truth(result), "float32");
    return wrapped(whole(result), dtype);
  }

  /** x with the axes in front of which others are computed moved to the end, and back. */
  function atEnd(x, axis, compute) {
    const [at] = axes(x.rank, axis);
    if (at === x.rank - 1) return compute(x);
    const order = [...Array(x.rank).keys()].filter((one) => one !== at).concat(at);
    const back = order.map((_, index) => order.indexOf(index));
    const made = compute(tf.transpose(x, order));
    return tf.transpose(made, back);
  }

  Object.assign(numeric, {
    isTensor,
    axes,
    tensor,
    values,
    number,
    truth,
    integers,
    inDtype,
    atEnd,
  });

  /** Put tensors and constants where an operation's arguments have placeholders. */
  function filled(value, inputs, weights) {
    if (Array.isArray(value)) return value.map((item) => filled(item, inputs, weights));
    if (value === null || typeof value !== "object") return value;
    if ("tensor" in value) return inputs[value.tensor];
    if ("constant" in value) return weights[`constant_${value.constant}`];
    if ("number" in value) return { inf: Infinity, "-inf": -Infinity }[value.number] ?? NaN;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, filled(item, inputs, weights)]),
    );
  }

  const ofActivation = (name) => ({ x, ...settings }) => activations[name](tensor(x), settings);

  layer("Operation", (inputs, { args, weights }) => {
    const compute = operations[args.operation] ?? ofActivation(args.operation);
    const made = compute(filled(args.operands, inputs, weights), { dtype: args.dtype });
    return Array.isArray(made)
      ? made.map((item, index) => inDtype(item, index ? "float32" : args.dtype))
      : inDtype(made, args.dtype);
  });
});
