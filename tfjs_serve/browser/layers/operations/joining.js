// Functions that join tensors or take them apart; `keras/src/ops/numpy.py`.

family("joining", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;
  const { listed } = numeric;

  /** TF.js's concat leaves out empty tensors of another rank. */
  const joined = (xs, axis) => {
    const [at] = numeric.axes(xs[0].rank, axis);
    return xs.length === 1 ? xs[0] : tf.concat(xs, at);
  };

  const atLeast = (rank, reshape) => (x) => (x.rank < rank ? tf.reshape(x, reshape(x.shape)) : x);
  const deep = atLeast(3, (shape) =>
    shape.length < 2 ? [1, shape[0] ?? 1, 1] : [...shape, 1],
  );
  const flat = (x) => tf.reshape(x, [-1]);

  function parts(x, sections, axis, uneven = false) {
    const [at] = numeric.axes(x.rank, axis);
    const size = x.shape[at];
    if (!Array.isArray(sections)) {
      const [short, longer] = [Math.floor(size / sections), uneven ? size % sections : 0];
      const lengths = [...Array(sections).keys()].map((index) => short + (index < longer));
      return tf.split(x, lengths, at);
    }
    const cuts = sections.map((cut) => Math.min(cut < 0 ? Math.max(cut + size, 0) : cut, size));
    return [0, ...cuts].map((start, index) => {
      const begin = x.shape.map((_, one) => (one === at ? start : 0));
      const length = Math.max((cuts[index] ?? size) - start, 0);
      return tf.slice(x, begin, x.shape.map((full, one) => (one === at ? length : full)));
    });
  }

  taking(["xs", "axis"], {
    concatenate: ({ xs, axis }) => joined(listed(xs), axis),
    stack: ({ xs, axis }) => {
      const [first, ...rest] = numeric.together(...listed(xs));
      return tf.stack([first, ...rest], numeric.axes(first.rank + 1, axis)[0]);
    },
  });

  taking(["xs"], {
    hstack: ({ xs }) => {
      const rows = listed(xs).map(atLeast(1, () => [1]));
      return joined(rows, rows[0].rank === 1 ? 0 : 1);
    },
    vstack: ({ xs }) => joined(listed(xs).map(atLeast(2, (shape) => [1, shape[0] ?? 1])), 0),
    dstack: ({ xs }) => joined(listed(xs).map(deep), 2),
  });

  taking(["x1", "x2", "axis"], {
    append: ({ x1, x2, axis }) =>
      axis === null ? joined([flat(t(x1)), flat(t(x2))], 0) : joined([t(x1), t(x2)], axis),
  });

  taking(["x", "indicesOrSections", "axis"], {
    split: ({ x, indicesOrSections, axis }) => parts(t(x), indicesOrSections, axis),
    arraySplit: ({ x, indicesOrSections, axis }) => parts(t(x), indicesOrSections, axis, true),
  });

  taking(["x", "lengths", "axis"], {
    splitLengths: ({ x, lengths, axis }) =>
      tf.split(t(x), lengths, numeric.axes(t(x).rank, axis)[0]),
  });

  taking(["x", "indicesOrSections"], {
    hsplit: ({ x, indicesOrSections }) => parts(t(x), indicesOrSections, t(x).rank === 1 ? 0 : 1),
    vsplit: ({ x, indicesOrSections }) => parts(t(x), indicesOrSections, 0),
    dsplit: ({ x, indicesOrSections }) => parts(t(x), indicesOrSections, 2),
  });

  taking(["x", "num", "axis"], {
    unstack: ({ x, axis }) => tf.unstack(t(x), numeric.axes(t(x).rank, axis)[0]),
  });

  taking(["x", "indexing"], {
    meshgrid: ({ x, indexing }) => {
      const inputs = listed(x).map(flat);
      const lengths = inputs.map((item) => item.shape[0]);
      const place = (index) => (indexing === "xy" && index < 2 && inputs.length > 1 ? 1 - index : index);
      const shape = lengths.map((_, axis) => lengths[place(axis)]);
      return inputs.map((item, index) => {
        const long = shape.map((_, axis) => (axis === place(index) ? lengths[index] : 1));
        return tf.broadcastTo(tf.reshape(item, long), shape);
      });
    },
  });
});
