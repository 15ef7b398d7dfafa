// An embedding that goes both ways; `keras/src/layers/core/reversible_embedding.py`.

part("reversible", ["quantization"], ({ tf, layer, roundedByLargest }) => {
  // The rank of the input tells the direction: from numbers to vectors, or from these to scores.
  layer("ReversibleEmbedding", ["reverseRanks", "cap", "quantizer?"], ([x], { args, weights }) => {
    const { embeddings, reverse_embeddings: separate } = weights;
    const [vocabulary, size] = embeddings.shape;
    if (!args.reverseRanks.includes(x.rank)) return tf.gather(embeddings, tf.cast(x, "int32"));
    const given = args.quantizer ? roundedByLargest(x, args.quantizer) : x;
    const rows = tf.reshape(given, [-1, size]);
    const scores = tf.reshape(
      tf.matMul(rows, separate ?? embeddings, false, !separate),
      [...x.shape.slice(0, -1), vocabulary],
    );
    return args.cap ? tf.mul(tf.tanh(tf.div(scores, args.cap)), args.cap) : scores;
  });
});
