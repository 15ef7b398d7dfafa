// Functions that sort, search and count; `keras/src/ops/numpy.py`, `keras/src/ops/math.py`.

family("ordering", ["operations/indexing"], ({ tf, numeric, taking, takeAlong }) => {
  const t = numeric.tensor;
  const float = (x) => tf.cast(x, "float32");

  /** Sort the last axis; this has a gradient, which tf.topk has not. */
  function ascending(x) {
    const size = x.shape[x.rank - 1];
    const { indices } = tf.topk(tf.neg(numeric.where(tf.isNaN(x), Infinity, x)), size, true);
    return takeAlong(x, indices);
  }

  /** The indices that sort the last axis; equal elements keep their order, unlike in tf.topk. */
  function order(x) {
    const size = x.shape[x.rank - 1];
    const rows = tf.reshape(x, [-1, size]).arraySync();
    const indices = rows.map((row) =>
      [...row.keys()].sort((one, other) => row[one] - row[other]),
    );
    return tf.reshape(tf.tensor2d(indices, [rows.length, size]), x.shape);
  }

  const sorted = (compute) => ({ x, axis }) =>
    axis === null
      ? compute(tf.reshape(t(x), [-1]))
      : numeric.atEnd(t(x), axis, compute);

  function topK({ x, k }) {
    const input = t(x);
    const { indices } = tf.topk(input, k, true);
    return [takeAlong(input, float(indices)), float(indices)];
  }

  /** For each value, how many elements of a sorted vector are before it. */
  function before(sequence, values, side) {
    const wide = tf.expandDims(values, -1);
    const compare = side === "right" ? tf.lessEqual : tf.less;
    return tf.sum(float(compare(sequence, wide)), -1);
  }

  const isIn = ({ x1, x2, invert }) => {
    const found = tf.any(tf.equal(tf.expandDims(t(x1), -1), tf.reshape(t(x2), [-1])), -1);
    return invert ? tf.logicalNot(found) : found;
  };

  taking(["x", "axis"], {
    sort: sorted(ascending),
    argsort: sorted(order),
  });

  taking(["x", "k", "sorted"], {
    topK,
  });

  taking(["sortedSequence", "values", "side"], {
    searchsorted: ({ sortedSequence, values, side }) =>
      before(t(sortedSequence), t(values), side),
  });

  taking(["x", "bins"], {
    digitize: ({ x, bins }) => before(t(bins), t(x), "right"),
  });

  taking(["x1", "x2", "assumeUnique", "invert"], {
    isin: isIn,
  });

  taking(["x", "weights", "minlength", "sparse"], {
    bincount: ({ x, weights, minlength }) => {
      const input = numeric.integers(t(x));
      const size = Math.max(minlength, Math.max(-1, ...numeric.values(input)) + 1);
      const rows = tf.reshape(numeric.oneHot(input, size), [...input.shape, size]);
      const weighed =
        weights === null ? rows : tf.mul(rows, tf.expandDims(t(weights), -1));
      return tf.sum(weighed, input.rank - 1);
    },
  });

  taking(["targets", "predictions", "k"], {
    inTopK: ({ targets, predictions, k }) => {
      const classes = t(predictions);
      const chosen = numeric.integers(t(targets));
      const own = tf.sum(tf.mul(classes, numeric.oneHot(chosen, classes.shape[1])), -1, true);
      const ahead = tf.sum(float(tf.greater(classes, own)), -1);
      const known = tf.logicalAnd(
        tf.greaterEqual(chosen, 0),
        tf.less(chosen, classes.shape[1]),
      );
      const finite = tf.all(tf.isFinite(classes), -1);
      return tf.logicalAnd(tf.less(ahead, k), tf.logicalAnd(known, finite));
    },
  });

  return { ascending };
});
