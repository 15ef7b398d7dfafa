// Linear algebra; `keras/src/ops/linalg.py`.

family("linear_algebra", ["operations/diagonals", "operations/shaping"], (kit) => {
  const { tf, numeric, taking, lowerTriangle, upperTriangle, swapped } = kit;
  const t = numeric.tensor;

  /** Transform the rows of [A | B] until A is the identity, in double precision, with pivots. */
  function eliminated(rows) {
    const matrix = rows.map((row) => [...row]);
    const size = matrix.length;
    for (let column = 0; column < size; column += 1) {
      let best = column;
      for (let row = column + 1; row < size; row += 1) {
        if (Math.abs(matrix[row][column]) > Math.abs(matrix[best][column])) best = row;
      }
      [matrix[column], matrix[best]] = [matrix[best], matrix[column]];
      const pivot = matrix[column][column];
      matrix[column] = matrix[column].map((value) => value / pivot);
      for (let row = 0; row < size; row += 1) {
        const factor = matrix[row][column];
        if (row === column || factor === 0) continue;
        matrix[row] = matrix[row].map((value, index) => value - factor * matrix[column][index]);
      }
    }
    return matrix;
  }

  /** Sign and logarithm of the absolute value of the determinant. */
  function determinant(rows) {
    const matrix = rows.map((row) => [...row]);
    let [sign, logarithm] = [1, 0];
    for (let column = 0; column < matrix.length; column += 1) {
      let best = column;
      for (let row = column + 1; row < matrix.length; row += 1) {
        if (Math.abs(matrix[row][column]) > Math.abs(matrix[best][column])) best = row;
      }
      if (best !== column) sign = -sign;
      [matrix[column], matrix[best]] = [matrix[best], matrix[column]];
      const pivot = matrix[column][column];
      if (pivot === 0) return [0, -Infinity];
      sign *= Math.sign(pivot);
      logarithm += Math.log(Math.abs(pivot));
      for (let row = column + 1; row < matrix.length; row += 1) {
        const factor = matrix[row][column] / pivot;
        matrix[row] = matrix[row].map((value, index) => value - factor * matrix[column][index]);
      }
    }
    return [sign, logarithm];
  }

  const matricesOf = (x) => tf.reshape(x, [-1, ...x.shape.slice(-2)]).arraySync();
  const flipped = (x) => swapped(x, -2, -1);

  const inverse = tf.customGrad((x, save) => {
    const size = x.shape[x.rank - 1];
    const unit = (row) => [...Array(size).keys()].map((column) => Number(column === row));
    const made = matricesOf(x).map((rows) =>
      eliminated(rows.map((row, index) => [...row, ...unit(index)])).map((row) => row.slice(size)),
    );
    const value = tf.reshape(tf.tensor3d(made, [made.length, size, size]), x.shape);
    save([value]);
    const gradFunc = (dy, [saved]) => {
      const turned = flipped(saved);
      return tf.neg(tf.matMul(tf.matMul(turned, dy), turned));
    };
    return { value, gradFunc };
  });

  const logDeterminant = tf.customGrad((x, save) => {
    save([x]);
    const made = matricesOf(x).map((rows) => determinant(rows)[1]);
    const value = tf.reshape(tf.tensor1d(made), x.shape.slice(0, -2));
    const gradFunc = (dy, [saved]) =>
      tf.mul(flipped(inverse(saved)), tf.reshape(dy, [...dy.shape, 1, 1]));
    return { value, gradFunc };
  });

  const signs = (x) =>
    tf.reshape(
      tf.tensor1d(matricesOf(x).map((rows) => determinant(rows)[0])),
      x.shape.slice(0, -2),
    );

  /** Computed element by element, so that it has a gradient. */
  function cholesky(x) {
    const size = x.shape[x.rank - 1];
    const cell = (matrix, row, column) => tf.gather(tf.gather(matrix, row, x.rank - 2), column, x.rank - 2);
    const made = [];
    for (let row = 0; row < size; row += 1) {
      made.push([]);
      for (let column = 0; column < size; column += 1) {
        if (column > row) {
          made[row].push(tf.zeros(x.shape.slice(0, -2)));
          continue;
        }
        let value = cell(x, row, column);
        for (let inner = 0; inner < column; inner += 1) {
          value = tf.sub(value, tf.mul(made[row][inner], made[column][inner]));
        }
        made[row].push(row === column ? tf.sqrt(value) : tf.div(value, made[column][column]));
      }
    }
    return tf.stack(made.map((row) => tf.stack(row, -1)), -2);
  }

  /** `[q, r]` of a matrix, with complete q, by Householder's reflections, signed as in LAPACK. */
  function reflected(rows) {
    const matrix = rows.map((row) => [...row]);
    const size = matrix.length;
    const q = matrix.map((_, row) => [...Array(size).keys()].map((column) => Number(row === column)));
    for (let column = 0; column < Math.min(size - 1, matrix[0].length); column += 1) {
      const vector = matrix.map((row, index) => (index < column ? 0 : row[column]));
      const norm = Math.hypot(...vector);
      if (Math.hypot(...vector.slice(column + 1)) === 0) continue;
      vector[column] += vector[column] < 0 ? -norm : norm;
      const square = vector.reduce((sum, value) => sum + value * value, 0);
      const reflect = (target) => {
        for (let at = 0; at < target[0].length; at += 1) {
          const dot = target.reduce((sum, row, index) => sum + row[at] * vector[index], 0);
          target.forEach((row, index) => {
            row[at] -= (2 * dot * vector[index]) / square;
          });
        }
      };
      reflect(matrix);
      reflect(q);
    }
    return [q[0].map((_, column) => q.map((row) => row[column])), matrix];
  }

  function factored(x, complete) {
    const [rows, columns] = x.shape.slice(-2);
    const inner = complete ? rows : Math.min(rows, columns);
    const pairs = matricesOf(x).map(reflected);
    const outer = x.shape.slice(0, -2);
    const q = pairs.map(([made]) => made.map((row) => row.slice(0, inner)));
    const r = pairs.map(([, made]) =>
      made.slice(0, inner).map((row, index) => row.map((value, at) => (at < index ? 0 : value))),
    );
    return [
      tf.reshape(tf.tensor3d(q, [q.length, rows, inner]), [...outer, rows, inner]),
      tf.reshape(tf.tensor3d(r, [r.length, inner, columns]), [...outer, inner, columns]),
    ];
  }

  function solved(a, b) {
    const vector = b.rank === a.rank - 1;
    const right = vector ? tf.expandDims(b, -1) : b;
    const made = tf.matMul(inverse(a), right);
    return vector ? tf.squeeze(made, [made.rank - 1]) : made;
  }

  taking(["x", "upper"], {
    cholesky: ({ x, upper }) => (upper ? flipped(cholesky(t(x))) : cholesky(t(x))),
    choleskyInverse: ({ x, upper }) => {
      const factor = t(x);
      const [left, right] = upper ? [flipped(factor), factor] : [factor, flipped(factor)];
      return inverse(tf.matMul(left, right));
    },
  });

  taking(["x"], {
    inv: ({ x }) => inverse(t(x)),
    det: ({ x }) => tf.mul(signs(t(x)), tf.exp(logDeterminant(t(x)))),
    logdet: ({ x }) => logDeterminant(t(x)),
    slogdet: ({ x }) => [signs(t(x)), logDeterminant(t(x))],
  });

  taking(["a", "b"], {
    solve: ({ a, b }) => solved(t(a), t(b)),
  });

  taking(["a", "b", "lower"], {
    solveTriangular: ({ a, b, lower }) =>
      solved((lower ? lowerTriangle : upperTriangle)(t(a), 0), t(b)),
  });

  /** What JavaScript has computed of `x`: a page cannot train through it, which is no zero. */
  const withoutGradient = (x, made, name) =>
    tf.customGrad(() => ({
      value: tf.clone(made),
      gradFunc: () => {
        throw new Error(`ops.${name} has no gradient in the page`);
      },
    }))(x);

  taking(["x", "mode"], {
    qr: ({ x, mode }) =>
      factored(t(x), mode === "complete").map((made) => withoutGradient(t(x), made, "qr")),
  });

  taking(["x", "y"], {
    cdist: ({ x, y }) => {
      const gaps = tf.sub(tf.expandDims(t(x), -2), tf.expandDims(t(y), -3));
      return tf.sqrt(tf.sum(tf.square(gaps), -1));
    },
  });

  return { eliminated };
});
