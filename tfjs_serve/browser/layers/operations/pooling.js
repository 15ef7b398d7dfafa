// Pooling; `keras/src/ops/nn.py`.

family("pooling", ["operations/indexing"], ({ tf, numeric, taking, sliced }) => {
  const t = numeric.tensor;
  const { several, channelsLast } = numeric;

  function pooled(inputs, { poolSize, strides, padding, dataFormat }, kind) {
    return channelsLast(t(inputs), dataFormat, (x) => {
      const count = x.rank - 2;
      const windows = several(poolSize, count);
      const steps = several(strides ?? poolSize, count);
      if (count === 3) {
        const pool = kind === "max" ? tf.maxPool3d : tf.avgPool3d;
        return pool(x, windows, steps, padding);
      }
      const pool = kind === "max" ? tf.maxPool : tf.avgPool;
      if (count === 2) return pool(x, windows, steps, padding);
      return tf.squeeze(pool(tf.expandDims(x, 1), [1, ...windows], [1, ...steps], padding), [1]);
    });
  }

  function adaptive(inputs, { outputSize, dataFormat }, reduce) {
    return channelsLast(t(inputs), dataFormat, (x) =>
      several(outputSize, x.rank - 2).reduce((made, target, index) => {
        const [axis, size] = [index + 1, made.shape[index + 1]];
        const cells = [...Array(target).keys()].map((cell) => {
          const start = Math.floor((cell * size) / target);
          const end = Math.ceil(((cell + 1) * size) / target);
          return reduce(sliced(made, axis, [start, end, 1]), axis);
        });
        return tf.concat(cells, axis);
      }, x),
    );
  }

  taking(["inputs", "poolSize", "strides", "padding", "dataFormat"], {
    maxPool: ({ inputs, ...options }) => pooled(inputs, options, "max"),
    averagePool: ({ inputs, ...options }) => pooled(inputs, options, "average"),
  });

  taking(["inputs", "outputSize", "dataFormat"], {
    adaptiveMaxPool: ({ inputs, ...options }) =>
      adaptive(inputs, options, (x, axis) => tf.max(x, axis, true)),
    adaptiveAveragePool: ({ inputs, ...options }) =>
      adaptive(inputs, options, (x, axis) => tf.mean(x, axis, true)),
  });
});
