// Functions of tensors; `keras/src/ops`.

part(({ tf, layer }) => {
  const operations = {
    add: ({ x1, x2 }) => tf.add(x1, x2),
  };

  const isTensor = (value) => value !== null && typeof value === "object" && "tensor" in value;

  /** Put the tensors of a call where its arguments have placeholders. */
  function filled(value, inputs) {
    if (Array.isArray(value)) return value.map((item) => filled(item, inputs));
    if (isTensor(value)) return inputs[value.tensor];
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, filled(item, inputs)]),
    );
  }

  layer("Operation", (inputs, { args }) =>
    operations[args.operation](filled(args.operands, inputs)),
  );
});
