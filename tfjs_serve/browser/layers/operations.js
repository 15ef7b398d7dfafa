// Functions of tensors; `keras/src/ops`. The families in operations/ compute them.
//
// `operations[name](operands, context)` computes one function of keras.ops. `operands` are its
// arguments by name: tensors, numbers, lists. It returns a tensor or a list of tensors. All tensors
// are of float32. `numeric` has the functions that several families need.

part("operations", [], (kit) => {
  const { tf, layer, asList, mapped, called, checked } = kit;
  const operations = {};
  const isTensor = (value) => value instanceof tf.Tensor;

  /** Axes as they are counted from the front; null stands for all. */
  const axes = (rank, axis) => {
    if (axis === null) return [...Array(rank).keys()];
    return asList(axis).map((one) => (one < 0 ? one + rank : one));
  };

  /** Make a float32 tensor of a tensor of any dtype, of a number or of a list. */
  function tensor(value) {
    const made = isTensor(value) ? value : tf.tensor(value);
    return made.dtype === "float32" ? made : tf.cast(made, "float32");
  }

  /** The tensors of a list, or the rows of a tensor. */
  const listed = (xs) => (isTensor(xs) ? tf.unstack(xs) : xs.map(tensor));

  /** The numbers in a small tensor or in a list, such as a shape. */
  const values = (value) => {
    if (isTensor(value)) return [...value.dataSync()];
    if (Array.isArray(value)) return value.flatMap(values);
    return [value];
  };

  /** A number, which may be given as a tensor of one element. */
  const number = (value) => (isTensor(value) ? value.dataSync()[0] : value);

  /** The sizes in a shape; those that are not known are -1. */
  const sizes = (shape) =>
    isTensor(shape)
      ? values(shape)
      : asList(shape).map((size) => (size === null ? -1 : Math.round(number(size))));

  /** A list; one number stands for a list of `count` such numbers. */
  const several = (value, count) => (Array.isArray(value) ? value : Array(count).fill(value));

  const whole = (x) => tf.cast(tf.cast(x, "int32"), "float32");
  const truth = (x) => tf.notEqual(x, 0);
  const integers = (x) => tf.cast(x, "int32");

  /** Let small integers overflow as they do in Keras. */
  function wrapped(x, dtype) {
    const bits = Number(dtype.match(/\d+$/)?.[0] ?? 32);
    if (bits > 16) return x;
    const range = 2 ** bits;
    const shift = dtype.startsWith("u") ? 0 : range / 2;
    const over = tf.floor(tf.div(tf.add(x, shift), range));
    return tf.sub(x, tf.mul(over, range));
  }

  /** Round a result to the dtype that it has in Keras. */
  function inDtype(x, dtype) {
    const result = tensor(x);
    if (!dtype || dtype.includes("float")) return result;
    if (dtype === "bool") return tf.cast(truth(result), "float32");
    return wrapped(whole(result), dtype);
  }

  /** Compute with an axis that is moved to the end, and move it back. */
  function atEnd(x, axis, compute) {
    const [at] = axes(x.rank, axis);
    if (at === x.rank - 1) return compute(x);
    const order = [...Array(x.rank).keys()].filter((one) => one !== at).concat(at);
    const back = order.map((_, index) => order.indexOf(index));
    const made = compute(tf.transpose(x, order));
    return tf.transpose(made, back);
  }

  /** Compute with the channels as the last axis. */
  function channelsLast(x, dataFormat, compute) {
    if (dataFormat !== "channelsFirst") return compute(x);
    const last = [...x.shape.keys()].filter((axis) => axis !== 1).concat(1);
    const made = compute(tf.transpose(x, last));
    const back = [0, made.rank - 1, ...[...made.shape.keys()].slice(1, -1)];
    return tf.transpose(made, back);
  }

  /** Broadcast tensors to one shape: tf.where does not broadcast all of its arguments. */
  function together(...tensors) {
    const shape = tensors.reduce(
      (known, x) => tf.backend_util.assertAndGetBroadcastShape(known, x.shape),
      [],
    );
    return tensors.map((x) => tf.broadcastTo(x, shape));
  }

  function where(condition, one, other) {
    const [mask, x1, x2] = together(tf.cast(condition, "float32"), tensor(one), tensor(other));
    return tf.where(tf.cast(mask, "bool"), x1, x2);
  }

  const variance = (x, over, keepdims) => {
    const centred = tf.sub(x, tf.mean(x, over, true));
    return tf.mean(tf.square(centred), over, keepdims);
  };

  /** A row for each index, with a one at its place; tf.oneHot makes no rows of one number. */
  function oneHot(indices, size) {
    const flat = tf.reshape(integers(indices), [-1]);
    const rows = size > 1 ? tf.oneHot(flat, size) : tf.expandDims(tf.equal(flat, 0), -1);
    return tf.cast(rows, "float32");
  }

  const numeric = {
    ...{ isTensor, axes, tensor, listed, values, number, sizes, several },
    ...{ truth, integers, inDtype, atEnd, channelsLast, together, where },
    ...{ variance, oneHot },
  };

  /** The family of each operation, and the arguments that it declares. */
  const signatures = {};

  /** The arguments of an operation, which must be those of its specification. */
  function operandsOf(name, given) {
    const { parameters } = called(signatures, "operation", name);
    return checked(`The operation ${name}`, parameters, given);
  }

  /** What a family declares its operations with. */
  function declaring(family) {
    /**
     * Declare operations that take these arguments, which are named and ordered as in the
     * specification in Python. There are no defaults, because the converter writes all. Returns
     * the operations, for families that need them.
     */
    function taking(parameters, table) {
      const made = Object.entries(table).map(([name, compute]) => {
        signatures[name] = { family, parameters };
        return [name, (given, context) => compute(operandsOf(name, given), context)];
      });
      return Object.assign(operations, Object.fromEntries(made));
    }

    /** Declare functions of one tensor, and of two that are broadcast. */
    const ofEach = (table) =>
      taking(["x"], mapped(table, (compute) => ({ x }) => compute(tensor(x))));
    const ofPairs = (table) => {
      const ofPair = (compute) => ({ x1, x2 }, { dtype }) => compute(tensor(x1), tensor(x2), dtype);
      return taking(["x1", "x2"], mapped(table, ofPair));
    };
    return { taking, ofEach, ofPairs };
  }

  /** Replace placeholders in the arguments of an operation by tensors and numbers. */
  function filled(value, inputs, weights) {
    if (Array.isArray(value)) return value.map((item) => filled(item, inputs, weights));
    if (value === null || typeof value !== "object") return value;
    if ("tensor" in value) return inputs[value.tensor];
    if ("constant" in value) return weights[`constant_${value.constant}`];
    if ("number" in value) return { inf: Infinity, "-inf": -Infinity }[value.number] ?? NaN;
    return mapped(value, (item) => filled(item, inputs, weights));
  }

  function computed(inputs, { args, weights }) {
    const operands = filled(args.operands, inputs, weights);
    const made = operations[args.operation](operands, { dtype: args.dtype });
    return Array.isArray(made)
      ? made.map((item, index) => inDtype(item, index ? "float32" : args.dtype))
      : inDtype(made, args.dtype);
  }

  const Operation = layer(
    "Operation",
    ["operation", "operands", "dtype?"],
    computed,
    ({ operation, operands }) => operandsOf(operation, operands),
  );
  Operation.signatures = signatures;

  return { numeric, declaring };
});
