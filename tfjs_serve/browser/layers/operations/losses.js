// Losses as functions; `keras/src/ops/nn.py`.

family("losses", ["operations/indexing"], ({ tf, numeric, taking, hot }) => {
  const t = numeric.tensor;
  const clipped = (x) => tf.clipByValue(x, 1e-7, 1 - 1e-7);

  function logarithms(output, fromLogits, axis) {
    if (fromLogits) return numeric.atEnd(output, axis, (x) => tf.logSoftmax(x));
    const axes = numeric.axes(output.rank, axis);
    return tf.log(clipped(tf.div(output, tf.sum(output, axes, true))));
  }

  taking(["target", "output", "fromLogits"], {
    binaryCrossentropy: ({ target, output, fromLogits }) => {
      const [wanted, given] = [t(target), t(output)];
      const chance = clipped(fromLogits ? tf.sigmoid(given) : given);
      const hit = tf.mul(wanted, tf.log(chance));
      const miss = tf.mul(tf.sub(1, wanted), tf.log(tf.sub(1, chance)));
      return tf.neg(tf.add(hit, miss));
    },
  });

  taking(["target", "output", "fromLogits", "axis"], {
    categoricalCrossentropy: ({ target, output, fromLogits, axis }) =>
      tf.neg(tf.sum(tf.mul(t(target), logarithms(t(output), fromLogits, axis)), axis)),
    sparseCategoricalCrossentropy: ({ target, output, fromLogits, axis }) => {
      const given = t(output);
      const [at] = numeric.axes(given.rank, axis);
      let wanted = t(target);
      if (wanted.rank === given.rank && wanted.shape[wanted.rank - 1] === 1) {
        wanted = tf.squeeze(wanted, [wanted.rank - 1]);
      }
      const chosen = hot(wanted, given.shape[at], at);
      return tf.neg(tf.sum(tf.mul(chosen, logarithms(given, fromLogits, at)), at));
    },
  });
});
