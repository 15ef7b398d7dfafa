// Tensors of given numbers; `keras/src/ops/numpy.py`.

family("filling", [], ({ tf, numeric, taking }) => {
  const t = numeric.tensor;

  function spaced(start, stop, { num, endpoint, axis }) {
    const [one, other] = numeric.together(t(start), t(stop));
    const parts = endpoint ? Math.max(num - 1, 1) : num;
    const steps = [...Array(num).keys()].map((index) => {
      const share = index / parts;
      return tf.add(tf.mul(one, 1 - share), tf.mul(other, share));
    });
    return tf.stack(steps, numeric.axes(one.rank + 1, axis)[0]);
  }

  taking(["x", "dtype", "shape"], {
    zerosLike: ({ x }) => tf.zerosLike(t(x)),
    onesLike: ({ x }) => tf.onesLike(t(x)),
    emptyLike: ({ x }) => tf.zerosLike(t(x)),
  });

  taking(["x", "fillValue", "dtype"], {
    fullLike: ({ x, fillValue }) => tf.broadcastTo(t(fillValue), t(x).shape),
  });

  taking(["fillValue", "shape", "dtype"], {
    full: ({ fillValue, shape }) => tf.broadcastTo(t(fillValue), numeric.sizes(shape)),
  });

  taking(["start", "stop", "step", "dtype"], {
    arange: ({ start, stop, step }) => {
      const [first, last] = stop === null ? [0, start] : [start, stop];
      const [from, to, by] = [first, last, step ?? 1].map(numeric.number);
      const count = Math.max(Math.ceil((to - from) / by), 0);
      return tf.tensor1d([...Array(count).keys()].map((index) => from + index * by));
    },
  });

  taking(["start", "stop", "num", "endpoint", "retstep", "dtype", "axis"], {
    linspace: ({ start, stop, ...options }) => spaced(start, stop, options),
  });

  taking(["start", "stop", "num", "endpoint", "base", "dtype", "axis"], {
    logspace: ({ start, stop, base, ...options }) =>
      tf.pow(numeric.number(base), spaced(start, stop, options)),
  });

  taking(["start", "stop", "num", "endpoint", "dtype", "axis"], {
    geomspace: ({ start, stop, ...options }) => {
      const sign = tf.sign(t(start));
      const logs = [start, stop].map((value) => tf.log(tf.abs(t(value))));
      const made = tf.exp(spaced(...logs, options));
      return tf.mul(made, t(start).rank ? tf.expandDims(sign, options.axis) : sign);
    },
  });

  taking(["x", "count", "increasing"], {
    vander: ({ x, count: given, increasing }) => {
      const input = t(x);
      const count = given ?? input.shape[0];
      const powers = [...Array(count).keys()].map((index) =>
        tf.pow(input, tf.scalar(increasing ? index : count - 1 - index)),
      );
      return tf.stack(powers, 1);
    },
  });
});
