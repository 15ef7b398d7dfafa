// Numbers as categories; `keras/src/utils/numerical_utils.py`.
//
// Categories are integers, which have no gradient, so they are counted on plain arrays.

part("categories", [], ({ tf, layer }) => {
  const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

  /**
   * Encode indices as an output mode of Keras does. They are the elements of a tensor of this
   * shape; one that has no column is ignored. `weights` says how often each index counts, `idf`
   * scales the columns.
   */
  function encoded(indices, shape, { mode, depth }, { weights = null, idf = null } = {}) {
    if (mode === "int") return tf.tensor(Float32Array.from(indices), shape, "float32");
    if (mode === "multihotoflast") {
      const [before, last] = [shape.slice(0, -1), shape[shape.length - 1]];
      const rows = encoded(indices, [product(before), last], { mode: "multihot", depth });
      return tf.reshape(rows, [...before, depth]);
    }
    if (mode === "onehot" || mode === "onehotofeach") {
      const cut = mode === "onehot" && shape.length > 1 && shape[shape.length - 1] === 1;
      const ones = new Float32Array(indices.length * depth);
      indices.forEach((index, row) => {
        if (index >= 0 && index < depth) ones[row * depth + index] = 1;
      });
      return tf.tensor(ones, [...(cut ? shape.slice(0, -1) : shape), depth]);
    }
    // If each sample is a single number, Keras counts the numbers of all samples together.
    const [batch, steps, ...rest] = shape.length > 1 ? shape : [1, ...shape];
    const inner = product(rest);
    const counts = new Float32Array(batch * inner * depth);
    indices.forEach((index, place) => {
      if (!(index >= 0 && index < depth)) return;
      const row = Math.floor(place / (steps * inner)) * inner + (place % inner);
      const at = row * depth + index;
      counts[at] = mode === "multihot" ? 1 : counts[at] + (weights ? weights[place] : 1);
    });
    if (mode === "tfidf") counts.forEach((count, at) => (counts[at] = count * idf[at % depth]));
    return tf.tensor(counts, shape.length > 1 ? [batch, ...rest, depth] : [depth]);
  }

  layer("CategoryEncoding", ["mode", "depth"], ([x, weights], { args }) =>
    encoded(Array.from(x.dataSync(), Math.trunc), x.shape, args, { weights: weights?.dataSync() }),
  );

  layer("Discretization", ["boundaries", "mode", "depth"], ([x], { args }) => {
    const index = (number) => args.boundaries.filter((boundary) => number >= boundary).length;
    return encoded(Array.from(x.dataSync(), index), x.shape, args);
  });

  return { encoded };
});
