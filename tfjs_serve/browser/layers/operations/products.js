// Products of matrices and tensors; `keras/src/ops/numpy.py`.

family("products", ["operations/diagonals", "operations/shaping"], (kit) => {
  const { tf, numeric, taking, diagonal, moved } = kit;
  const t = numeric.tensor;
  const size = (sizes) => sizes.reduce((total, one) => total * one, 1);

  function matrixProduct(x1, x2, transposeA, transposeB) {
    let [a, b] = [x1, x2];
    const [left, right] = [a.rank === 1, b.rank === 1];
    if (left) a = tf.expandDims(a, 0);
    if (right) b = tf.expandDims(b, 1);
    // TF.js broadcasts one of them, not both.
    const outer = tf.backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const wide = (x) => tf.broadcastTo(x, [...outer, ...x.shape.slice(-2)]);
    let made = tf.matMul(wide(a), wide(b), transposeA, transposeB);
    if (right) made = tf.squeeze(made, [made.rank - 1]);
    return left ? tf.squeeze(made, [made.rank - (right ? 1 : 2)]) : made;
  }

  /** Multiply and sum over some axes of both; the result has the others, one after another. */
  function contracted(x1, x2, axes1, axes2) {
    const [over1, over2] = [numeric.axes(x1.rank, axes1), numeric.axes(x2.rank, axes2)];
    const kept1 = [...x1.shape.keys()].filter((axis) => !over1.includes(axis));
    const kept2 = [...x2.shape.keys()].filter((axis) => !over2.includes(axis));
    const [sizes1, sizes2] = [kept1.map((axis) => x1.shape[axis]), kept2.map((axis) => x2.shape[axis])];
    const inner = size(over1.map((axis) => x1.shape[axis]));
    const left = tf.reshape(tf.transpose(x1, [...kept1, ...over1]), [size(sizes1), inner]);
    const right = tf.reshape(tf.transpose(x2, [...over2, ...kept2]), [inner, size(sizes2)]);
    return tf.reshape(tf.matMul(left, right), [...sizes1, ...sizes2]);
  }

  /** Take the diagonals of axes with the same letter. */
  function withoutRepeats(x, letters) {
    let [made, names] = [x, [...letters]];
    for (let axis = 0; axis < names.length; axis += 1) {
      const other = names.indexOf(names[axis], axis + 1);
      if (other < 0) continue;
      made = diagonal(made, 0, axis, other);
      const [name] = names.splice(axis, 1);
      names.splice(other - 1, 1);
      names.push(name);
      axis = -1;
    }
    return [made, names];
  }

  /** Multiply two operands, and sum over letters that are not needed later. */
  function einsumOfTwo([x1, one], [x2, other], later) {
    const summedAlone = ([x, names], others) => {
      const gone = names.filter((name) => !others.includes(name) && !later.includes(name));
      const axes = gone.map((name) => names.indexOf(name));
      return [axes.length ? tf.sum(x, axes) : x, names.filter((name) => !gone.includes(name))];
    };
    const [a, first] = summedAlone([x1, one], other);
    const [b, second] = summedAlone([x2, other], one);
    const shared = first.filter((name) => second.includes(name));
    const batch = shared.filter((name) => later.includes(name));
    const inner = shared.filter((name) => !later.includes(name));
    const rows = first.filter((name) => !shared.includes(name));
    const columns = second.filter((name) => !shared.includes(name));
    const sizes = (x, names, chosen) => chosen.map((name) => x.shape[names.indexOf(name)]);
    const ordered = (x, names, order) => tf.transpose(x, order.map((name) => names.indexOf(name)));
    const wide = sizes(a, first, batch).map((length, index) =>
      Math.max(length, sizes(b, second, batch)[index]),
    );
    const block = (x, names, left, right) => {
      const shape = [...wide, size(sizes(x, names, left)), size(sizes(x, names, right))];
      const turned = ordered(x, names, [...batch, ...left, ...right]);
      const full = [...wide, ...turned.shape.slice(batch.length)];
      const whole = tf.broadcastTo(turned, full);
      return tf.reshape(whole, [size(wide), ...shape.slice(-2)]);
    };
    const made = tf.matMul(block(a, first, rows, inner), block(b, second, inner, columns));
    const shape = [...wide, ...sizes(a, first, rows), ...sizes(b, second, columns)];
    return [tf.reshape(made, shape), [...batch, ...rows, ...columns]];
  }

  function einsum({ operands, subscripts }) {
    const [left, result] = subscripts.split("->");
    const parts = left.split(",");
    const terms = operands.map((x, index) => withoutRepeats(t(x), parts[index]));
    let [made, names] = terms[0];
    for (let index = 1; index < terms.length; index += 1) {
      const rest = terms.slice(index + 1).flatMap(([, letters]) => letters);
      [made, names] = einsumOfTwo([made, names], terms[index], [...result, ...rest]);
    }
    const gone = names.filter((name) => !result.includes(name));
    if (gone.length) made = tf.sum(made, gone.map((name) => names.indexOf(name)));
    names = names.filter((name) => result.includes(name));
    return tf.transpose(made, [...result].map((name) => names.indexOf(name)));
  }

  const dot = (x1, x2) => {
    if (!x1.rank || !x2.rank) return tf.mul(x1, x2);
    return contracted(x1, x2, [-1], [x2.rank === 1 ? 0 : -2]);
  };

  function kron(x1, x2) {
    const rank = Math.max(x1.rank, x2.rank);
    const full = (x) => [...Array(rank - x.rank).fill(1), ...x.shape];
    const [one, other] = [full(x1), full(x2)];
    const left = tf.reshape(x1, one.flatMap((length) => [length, 1]));
    const right = tf.reshape(x2, other.flatMap((length) => [1, length]));
    return tf.reshape(tf.mul(left, right), one.map((length, axis) => length * other[axis]));
  }

  function cross(x1, x2, axisa, axisb, axisc) {
    const last = (x, axis) => moved(x, axis, -1);
    const [a, b] = [last(x1, axisa), last(x2, axisb)];
    const step = (x, index) =>
      index < x.shape[x.rank - 1] ? tf.gather(x, index, x.rank - 1) : tf.scalar(0);
    const [a0, a1, a2] = [0, 1, 2].map((index) => step(a, index));
    const [b0, b1, b2] = [0, 1, 2].map((index) => step(b, index));
    const third = tf.sub(tf.mul(a0, b1), tf.mul(a1, b0));
    if (a.shape[a.rank - 1] === 2 && b.shape[b.rank - 1] === 2) return third;
    const first = tf.sub(tf.mul(a1, b2), tf.mul(a2, b1));
    const second = tf.sub(tf.mul(a2, b0), tf.mul(a0, b2));
    const made = tf.stack(numeric.together(first, second, third), -1);
    return moved(made, -1, axisc);
  }

  function batchDot(x1, x2, axes) {
    const [one, other] = batchAxes(x1.rank, x2.rank, axes);
    const letters = "abcdefgh";
    const first = [...letters.slice(0, x1.rank)];
    const second = [...letters.slice(0, x2.rank)].map((letter) => letter.toUpperCase());
    second[0] = first[0];
    second[other] = first[one];
    const result = [
      ...first.filter((_, axis) => axis !== one),
      ...second.filter((_, axis) => axis !== 0 && axis !== other),
    ];
    const subscripts = `${first.join("")},${second.join("")}->${result.join("")}`;
    const made = einsum({ operands: [x1, x2], subscripts });
    return made.rank === 1 ? tf.expandDims(made, 1) : made;
  }

  function batchAxes(rank1, rank2, axes) {
    const given = axes ?? [rank1 - 1, rank2 === 2 ? rank2 - 1 : rank2 - 2];
    const [one, other] = Array.isArray(given) ? given : [given, given];
    return [one < 0 ? one + rank1 : one, other < 0 ? other + rank2 : other];
  }

  taking(["x1", "x2"], {
    matmul: ({ x1, x2 }) => matrixProduct(t(x1), t(x2), false, false),
    dot: ({ x1, x2 }) => dot(t(x1), t(x2)),
    inner: ({ x1, x2 }) =>
      t(x1).rank && t(x2).rank ? contracted(t(x1), t(x2), [-1], [-1]) : tf.mul(t(x1), t(x2)),
    vdot: ({ x1, x2 }) => tf.sum(tf.mul(tf.reshape(t(x1), [-1]), tf.reshape(t(x2), [-1]))),
    outer: ({ x1, x2 }) => tf.mul(tf.reshape(t(x1), [-1, 1]), tf.reshape(t(x2), [1, -1])),
    kron: ({ x1, x2 }) => kron(t(x1), t(x2)),
  });

  taking(["x1", "x2", "transposeA", "transposeB"], {
    batchMatmul: ({ x1, x2, transposeA, transposeB }) =>
      matrixProduct(t(x1), t(x2), transposeA, transposeB),
  });

  taking(["x1", "x2", "axes"], {
    batchDot: ({ x1, x2, axes }) => batchDot(t(x1), t(x2), axes),
    tensordot: ({ x1, x2, axes }) => {
      const [a, b] = [t(x1), t(x2)];
      if (!Array.isArray(axes)) {
        const last = [...Array(axes).keys()];
        return contracted(a, b, last.map((axis) => a.rank - axes + axis), last);
      }
      return contracted(a, b, ...axes.map((axis) => (Array.isArray(axis) ? axis : [axis])));
    },
  });

  taking(["x1", "x2", "axisa", "axisb", "axisc", "axis"], {
    cross: ({ x1, x2, axisa, axisb, axisc, axis }) =>
      cross(t(x1), t(x2), axis ?? axisa, axis ?? axisb, axis ?? axisc),
  });

  taking(["operands", "subscripts"], {
    einsum,
  });
});
