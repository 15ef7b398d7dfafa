// Padding; `keras/src/ops/numpy.py`.

family("padding", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;

  /** The index of the step that is repeated at an index outside of the axis. */
  const sources = {
    edge: (index, size) => Math.min(Math.max(index, 0), size - 1),
    reflect: (index, size) => {
      if (size === 1) return 0;
      const period = 2 * (size - 1);
      const at = ((index % period) + period) % period;
      return at < size ? at : period - at;
    },
    symmetric: (index, size) => {
      const period = 2 * size;
      const at = ((index % period) + period) % period;
      return at < size ? at : period - 1 - at;
    },
    wrap: (index, size) => ((index % size) + size) % size,
  };

  function padded(x, widths, mode, value) {
    if (mode === "constant") return tf.pad(x, widths, numeric.number(value ?? 0));
    return widths.reduce((made, [before, after], axis) => {
      if (!before && !after) return made;
      const size = made.shape[axis];
      const indices = [...Array(size + before + after).keys()].map((index) =>
        sources[mode](index - before, size),
      );
      return tf.gather(made, tf.tensor1d(indices, "int32"), axis);
    }, x);
  }

  function widthsOf(padWidth, rank) {
    if (numeric.isTensor(padWidth)) return padWidth.arraySync();
    let widths = Array.isArray(padWidth) ? padWidth : [padWidth];
    if (!Array.isArray(widths[0])) widths = [widths.length === 1 ? [widths[0], widths[0]] : widths];
    const pairs = widths.map((width) => (width.length === 1 ? [width[0], width[0]] : width));
    return pairs.length === 1 ? Array(rank).fill(pairs[0]) : pairs;
  }

  taking(["x", "constantValues", "padWidth", "mode"], {
    pad: ({ x, constantValues, padWidth, mode }) =>
      padded(t(x), widthsOf(padWidth, t(x).rank), mode, constantValues),
  });

  return { padded };
});
