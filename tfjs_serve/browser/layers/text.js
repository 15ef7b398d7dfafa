// Words and integers as indices; `keras/src/layers/preprocessing/{hashing,index_lookup}.py`.
//
// Strings have no gradient, and TensorFlow.js has no operations for them. So these layers read
// their inputs and work with plain arrays. Strings in configurations are lists of code points,
// because TensorFlow.js changes strings with underscores.

part("text", ["categories", "hashing"], (kit) => {
  const { tf, layer, asList, encoded, hashBin, crossedBin } = kit;

  // `predict` cuts its inputs into batches by operations that take numbers only. So inputs that are
  // strings are predicted all at once; nothing changes for others, and nothing the second time.
  const models = tf.LayersModel.prototype;
  const { predict } = models;
  function predictStrings(x, options) {
    const isMap = !Array.isArray(x) && !(x instanceof tf.Tensor);
    const inputs = isMap ? this.inputNames.map((name) => x[name]) : asList(x);
    if (!inputs.some((input) => input?.dtype === "string")) return predict.call(this, x, options);
    const wide = (input) => (input.rank === 1 ? tf.expandDims(input, -1) : input);
    return tf.tidy(() => this.apply(inputs.length > 1 ? inputs.map(wide) : wide(inputs[0])));
  }
  if (!models.takesStrings) Object.assign(models, { predict: predictStrings, takesStrings: true });

  const text = (points) => points.map((point) => String.fromCodePoint(point)).join("");
  const token = (value) => (Array.isArray(value) ? text(value) : value);

  /** The values of a tensor: strings or integers. */
  function read(x) {
    const values = x.dataSync();
    return x.dtype === "string" ? Array.from(values) : Array.from(values, Math.trunc);
  }

  layer("Hashing", ["bins", "mask", "salt", "mode", "depth"], ([x], { args }) => {
    const { bins, salt } = args;
    const mask = bins > 1 ? token(args.mask) : null;
    const index = (value) => {
      if (mask === null) return hashBin(String(value), bins, salt);
      return value === mask ? 0 : hashBin(String(value), bins - 1, salt) + 1;
    };
    return encoded(read(x).map(index), x.shape, args);
  });

  layer("HashedCrossing", ["bins", "mode", "depth"], (inputs, { args }) => {
    const columns = inputs.map(read);
    const bins = columns[0].map((_, row) =>
      crossedBin(columns.map((column) => column[row]), args.bins),
    );
    return encoded(bins, inputs[0].shape, args);
  });

  const tables = new WeakMap();

  /** The indices of the tokens of a layer, by token; made once for each layer. */
  function tableOf(owner, { tokens, start }) {
    if (!tables.has(owner)) {
      tables.set(owner, new Map(tokens.map((value, index) => [token(value), start + index])));
    }
    return tables.get(owner);
  }

  /** Return the function from a token to its index; -1 stands for no column. */
  function lookup(owner, args) {
    const table = tableOf(owner, args);
    const { mask, maskIndex, unknown } = args;
    const masked = token(mask);
    return (value) => {
      if (value === masked) return maskIndex;
      const index = table.get(value);
      if (index !== undefined) return index;
      if (unknown.count === 0) {
        throw new Error(`${owner.name}: ${JSON.stringify(value)} is not in the vocabulary`);
      }
      return unknown.first + bin(value, unknown);
    };
  }

  function bin(value, { count, salt, hashed }) {
    if (count === 1) return 0;
    if (hashed) return hashBin(String(value), count, salt);
    return ((value % count) + count) % count;
  }

  layer("Lookup", [
    "tokens", "start", "mask", "maskIndex", "unknown", "mode", "depth", "idf?",
  ], ([x], { args, layer: owner }) =>
    encoded(read(x).map(lookup(owner, args)), x.shape, args, { idf: args.idf }),
  );

  /** Declare a layer whose outputs are strings, and say so of the tensors in the graph. */
  function layerOfStrings(name, declared, compute) {
    const cls = layer(name, declared, compute);
    const { apply } = cls.prototype;
    cls.prototype.apply = function (inputs, options) {
      const output = apply.call(this, inputs, options);
      if (output instanceof tf.SymbolicTensor) output.dtype = "string";
      return output;
    };
  }

  /** The tokens that belong to indices. */
  function found([x], { args: { tokens, start, masks, mask, unknown } }) {
    const known = tokens.map(token);
    return read(x).map((index) => {
      if (masks && index === 0) return token(mask);
      return known[index - start] ?? token(unknown);
    });
  }

  layer("InverseIntegerLookup", [
    "tokens", "start", "masks", "mask", "unknown",
  ], (inputs, context) =>
    tf.tensor(Float32Array.from(found(inputs, context)), inputs[0].shape),
  );

  layerOfStrings("InverseStringLookup", [
    "tokens", "start", "masks", "mask", "unknown",
  ], (inputs, context) =>
    tf.tensor(found(inputs, context), inputs[0].shape, "string"),
  );

  layerOfStrings("OneTextEach", [], ([x]) => tf.reshape(x, x.shape.slice(0, -1)));

  // --- TextVectorization ------------------------------------------------------------------------

  const standards = {
    lower: (value) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
    strip: (value) => value.replace(/[!-/:-@[-`{-~]/g, ""),
  };
  const splits = {
    whitespace: (value) => value.split(/[ \t\n\v\f\r]+/).filter((word) => word !== ""),
    character: (value) => Array.from(value),
  };

  function ngrams(words, widths) {
    return widths.flatMap((width) =>
      words
        .slice(0, Math.max(words.length - width + 1, 0))
        .map((_, start) => words.slice(start, start + width).join(" ")),
    );
  }

  /** The words of each sample. */
  function rowsOf(x, { standardize, split, widths }) {
    const values = read(x).map((value) =>
      standardize.reduce((result, name) => standards[name](result), value),
    );
    // Texts that are not split are words; if each sample is one text, they are in one row.
    const width = split ? 1 : x.shape[x.rank - 1];
    const rows = Array.from({ length: values.length / width }, (_, row) =>
      split ? splits[split](values[row]) : values.slice(row * width, (row + 1) * width),
    );
    return widths ? rows.map((words) => ngrams(words, widths)) : rows;
  }

  layer("TextVectorization", [
    "standardize", "split", "widths", "length", "tokens", "start", "mask", "maskIndex", "unknown",
    "mode", "depth", "idf?",
  ], ([x], { args, layer: owner }) => {
    const index = lookup(owner, args);
    const rows = rowsOf(x, args).map((words) => words.map(index));
    const longest = rows.reduce((size, row) => Math.max(size, row.length), 0);
    const size = args.length ?? longest;
    const filler = args.mode === "int" ? 0 : -1;
    const filled = rows.flatMap((row) =>
      Array.from({ length: size }, (_, place) => row[place] ?? filler),
    );
    const isOneRow = !args.split && x.rank === 1;
    return encoded(filled, isOneRow ? [size] : [rows.length, size], args, { idf: args.idf });
  });
});
