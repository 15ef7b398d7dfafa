// Diagonals and triangles of matrices; `keras/src/ops/numpy.py`.

family("diagonals", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;

  /** Ones where a column is at least `k` to the right of its row. */
  const upper = (rows, columns, k) =>
    tf.cast(
      tf.greaterEqual(
        tf.sub(tf.range(0, columns), tf.expandDims(tf.range(0, rows), 1)),
        k,
      ),
      "float32",
    );

  const triangle = (x, mask) => numeric.where(tf.cast(mask, "bool"), x, 0);

  /** The diagonal of matrices in two axes as the last axis. */
  function diagonal(x, offset, axis1, axis2) {
    const [one, other] = numeric.axes(x.rank, [axis1, axis2]);
    const rest = [...x.shape.keys()].filter((axis) => axis !== one && axis !== other);
    const matrices = tf.transpose(x, [...rest, one, other]);
    const [rows, columns] = [x.shape[one], x.shape[other]];
    const flat = tf.reshape(matrices, [...rest.map((axis) => x.shape[axis]), rows * columns]);
    const indices = [];
    for (let row = 0; row < rows; row += 1) {
      const column = row + offset;
      if (column >= 0 && column < columns) indices.push(row * columns + column);
    }
    return tf.gather(flat, tf.tensor1d(indices, "int32"), flat.rank - 1);
  }

  function onDiagonal(x, k) {
    const size = x.shape[0] + Math.abs(k);
    const [row, column] = k < 0 ? [-k, 0] : [0, k];
    return tf.pad(tf.diag(x), [
      [row, size - x.shape[0] - row],
      [column, size - x.shape[0] - column],
    ]);
  }

  const lowerTriangle = (x, k) => triangle(x, tf.sub(1, upper(...x.shape.slice(-2), k + 1)));
  const upperTriangle = (x, k) => triangle(x, upper(...x.shape.slice(-2), k));

  taking(["x", "k"], {
    diag: ({ x, k }) => (t(x).rank === 1 ? onDiagonal(t(x), k) : diagonal(t(x), k, 0, 1)),
    diagflat: ({ x, k }) => onDiagonal(tf.reshape(t(x), [-1]), k),
    tril: ({ x, k }) => lowerTriangle(t(x), k),
    triu: ({ x, k }) => upperTriangle(t(x), k),
  });

  taking(["x", "offset", "axis1", "axis2"], {
    diagonal: ({ x, offset, axis1, axis2 }) => diagonal(t(x), offset, axis1, axis2),
    trace: ({ x, offset, axis1, axis2 }) =>
      tf.sum(diagonal(t(x), offset, axis1, axis2), -1),
  });

  return { diagonal, lowerTriangle, upper, upperTriangle };
});
