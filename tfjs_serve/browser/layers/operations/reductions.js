// Functions that reduce axes: sums, extremes, statistics; `keras/src/ops/numpy.py`, `math.py`.

family("reductions", ["operations/ordering"], ({ tf, numeric, taking, mapped, ascending }) => {
  const t = numeric.tensor;
  const float = (x) => tf.cast(x, "float32");
  const isNan = (x) => tf.isNaN(x);
  const orElse = (x, value) => numeric.where(isNan(x), value, x);
  const present = (x) => float(tf.logicalNot(isNan(x)));

  /** Make an operation of `reduce(x, axes, keepdims)`. */
  const over = (reduce) => ({ x, axis, keepdims }) =>
    reduce(t(x), numeric.axes(t(x).rank, axis), keepdims);

  const reducing = (parameters, table) => taking(parameters, mapped(table, over));

  /** Move some axes to the end, and join them. */
  function joined(x, axes) {
    const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
    const moved = tf.transpose(x, [...kept, ...axes]);
    return tf.reshape(moved, [...kept.map((axis) => x.shape[axis]), -1]);
  }

  const withOnes = (x, made, axes) =>
    tf.reshape(made, x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));

  const between = {
    linear: (at) => [Math.floor(at), Math.ceil(at), at - Math.floor(at)],
    lower: (at) => [Math.floor(at), Math.floor(at), 0],
    higher: (at) => [Math.ceil(at), Math.ceil(at), 0],
    midpoint: (at) => [Math.floor(at), Math.ceil(at), 0.5],
    nearest: (at) => {
      const low = Math.floor(at);
      const up = at - low > 0.5 || (at - low === 0.5 && low % 2 === 1);
      return [low + up, low + up, 0];
    },
  };

  /** The quantile q of sorted rows. */
  function quantileOfRows(rows, q, method) {
    const [low, high, part] = between[method](q * (rows.shape[rows.rank - 1] - 1));
    const step = (index) => tf.gather(rows, index, rows.rank - 1);
    return tf.add(tf.mul(step(low), 1 - part), tf.mul(step(high), part));
  }

  const quantiles = (scale) => ({ x, q, axis, method, keepdims }) => {
    const input = t(x);
    const axes = numeric.axes(input.rank, axis);
    const rows = ascending(joined(input, axes));
    const hasNan = tf.any(isNan(rows), -1);
    const one = (value) => {
      const made = numeric.where(hasNan, NaN, quantileOfRows(rows, value / scale, method));
      return keepdims ? withOnes(input, made, axes) : made;
    };
    const wanted = numeric.isTensor(q) ? q.rank > 0 : Array.isArray(q);
    const made = numeric.values(q).map(one);
    return wanted ? tf.stack(made) : made[0];
  };

  /** The same without regard to NaN. */
  const nanQuantiles = (scale) => ({ x, q, axis, method, keepdims }) => {
    const input = t(x);
    const axes = numeric.axes(input.rank, axis);
    const joinedRows = joined(input, axes);
    const width = joinedRows.shape[joinedRows.rank - 1];
    const rows = tf.reshape(joinedRows, [-1, width]);
    const shape = joinedRows.shape.slice(0, -1);
    const ofRow = (row, value) => {
      const kept = numeric.values(row).flatMap((item, index) => (Number.isNaN(item) ? [] : [index]));
      if (!kept.length) return tf.scalar(NaN);
      return quantileOfRows(ascending(tf.gather(row, kept)), value / scale, method);
    };
    const one = (value) => {
      const made = tf.reshape(tf.stack(tf.unstack(rows).map((row) => ofRow(row, value))), shape);
      return keepdims ? withOnes(input, made, axes) : made;
    };
    const wanted = numeric.isTensor(q) ? q.rank > 0 : Array.isArray(q);
    const made = numeric.values(q).map(one);
    return wanted ? tf.stack(made) : made[0];
  };

  const nanMean = (x, axes, keepdims) =>
    tf.div(
      tf.sum(orElse(x, 0), axes, keepdims),
      tf.sum(present(x), axes, keepdims),
    );

  const nanVariance = (x, axes, keepdims) => {
    const centred = tf.mul(tf.sub(orElse(x, 0), nanMean(x, axes, true)), present(x));
    return tf.div(tf.sum(tf.square(centred), axes, keepdims), tf.sum(present(x), axes, keepdims));
  };

  const nanExtreme = (reduce, limit) => (x, axes, keepdims) => {
    const found = reduce(orElse(x, limit), axes, keepdims);
    return numeric.where(tf.equal(tf.sum(present(x), axes, keepdims), 0), NaN, found);
  };

  const sumOf = (x, axes, keepdims) => tf.sum(x, axes, keepdims);
  const productOf = (x, axes, keepdims) => tf.prod(x, axes, keepdims);
  const largest = (x, axes, keepdims) => tf.max(x, axes, keepdims);
  const smallest = (x, axes, keepdims) => tf.min(x, axes, keepdims);
  const deviation = (x, axes, keepdims) => tf.sqrt(numeric.variance(x, axes, keepdims));

  function logSumExp(x, axes, keepdims) {
    const most = tf.max(x, axes, true);
    const base = numeric.where(tf.isFinite(most), most, 0);
    const total = tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, base)), axes, true)), base);
    return keepdims ? total : tf.squeeze(total, axes);
  }

  const withInitial = (reduce, combine) => ({ x, axis, keepdims, initial }) => {
    const made = over(reduce)({ x, axis, keepdims });
    return initial === null ? made : combine(made, initial);
  };

  /** The first position, along one axis or in the flattened tensor. */
  const position = (find, fill = null) => ({ x, axis, keepdims }) => {
    const input = fill === null ? t(x) : orElse(t(x), fill);
    const shape = input.shape.map(() => 1);
    if (axis === null) {
      const found = find(tf.reshape(input, [-1]), 0);
      return keepdims ? tf.reshape(found, shape) : found;
    }
    const [at] = numeric.axes(input.rank, axis);
    const found = find(input, at);
    return keepdims ? tf.expandDims(found, at) : found;
  };

  const always = (value) => () => value;
  const bits = (dtype) => Math.min(Number(dtype.replace(/\D/g, "")), 32);
  const unsigned = (dtype) => dtype.startsWith("u");

  /** The least and the largest number of a dtype: TensorFlow's extremes of an empty segment. */
  const least = (dtype) =>
    !dtype ? -3.4028234663852886e38 : unsigned(dtype) ? 0 : -(2 ** (bits(dtype) - 1));
  const most = (dtype) =>
    !dtype ? 3.4028234663852886e38 : 2 ** (bits(dtype) - (unsigned(dtype) ? 0 : 1)) - 1;

  /** One row for each segment, to which all rows with its number are reduced. */
  const segmented = (reduce, neutral) => ({ data, segmentIds, numSegments }, { dtype }) => {
    const rows = t(data);
    const ids = t(segmentIds);
    const count = numSegments ?? Math.max(...numeric.values(ids)) + 1;
    const wide = (x, rank) => tf.reshape(x, [...x.shape, ...Array(rank - x.rank).fill(1)]);
    const made = [...Array(count).keys()].map((segment) => {
      const inside = wide(float(tf.equal(ids, segment)), rows.rank);
      return reduce(numeric.where(tf.cast(inside, "bool"), rows, neutral(dtype)), 0);
    });
    return tf.stack(made);
  };

  reducing(["x", "axis", "keepdims"], {
    all: (x, axes, keepdims) => tf.all(numeric.truth(x), axes, keepdims),
    amax: largest,
    amin: smallest,
    any: (x, axes, keepdims) => tf.any(numeric.truth(x), axes, keepdims),
    logsumexp: (x, axes, keepdims) => logSumExp(x, axes, keepdims),
    mean: (x, axes, keepdims) => tf.mean(x, axes, keepdims),
    nanmax: nanExtreme(largest, -Infinity),
    nanmean: nanMean,
    nanmin: nanExtreme(smallest, Infinity),
    nanstd: (x, axes, keepdims) => tf.sqrt(nanVariance(x, axes, keepdims)),
    nansum: (x, axes, keepdims) => tf.sum(orElse(x, 0), axes, keepdims),
    nanvar: nanVariance,
    ptp: (x, axes, keepdims) => tf.sub(tf.max(x, axes, keepdims), tf.min(x, axes, keepdims)),
    std: deviation,
    sum: sumOf,
    var: numeric.variance,
  });

  taking(["x", "axis", "keepdims"], {
    argmax: position(tf.argMax),
    argmin: position(tf.argMin),
    nanargmax: position(tf.argMax, -Infinity),
    nanargmin: position(tf.argMin, Infinity),
    median: ({ x, axis, keepdims }) =>
      quantiles(1)({ x, q: 0.5, axis, keepdims, method: "linear" }),
    nanmedian: ({ x, axis, keepdims }) =>
      nanQuantiles(1)({ x, q: 0.5, axis, keepdims, method: "linear" }),
  });

  reducing(["x", "axis", "keepdims", "dtype"], {
    nanprod: (x, axes, keepdims) => tf.prod(orElse(x, 1), axes, keepdims),
    prod: productOf,
  });

  taking(["x", "axis", "keepdims", "initial"], {
    max: withInitial(largest, tf.maximum),
    min: withInitial(smallest, tf.minimum),
  });

  taking(["x", "axis"], {
    countNonzero: ({ x, axis }) =>
      tf.sum(float(numeric.truth(t(x))), numeric.axes(t(x).rank, axis)),
  });

  taking(["x", "q", "axis", "keepdims"], {
    quantile: (given) => quantiles(1)({ ...given, method: "linear" }),
  });

  taking(["x", "q", "axis", "method", "keepdims"], {
    percentile: quantiles(100),
    nanquantile: nanQuantiles(1),
    nanpercentile: nanQuantiles(100),
  });

  taking(["x", "axes", "keepdims", "synchronized"], {
    moments: ({ x, axes, keepdims }) => {
      const input = t(x);
      const over = numeric.axes(input.rank, axes);
      return [tf.mean(input, over, keepdims), numeric.variance(input, over, keepdims)];
    },
  });

  taking(["x", "weights", "axis"], {
    average: ({ x, weights, axis }) => {
      const input = t(x);
      const over = numeric.axes(input.rank, axis);
      if (weights === null) return tf.mean(input, over);
      const shape = input.shape.map((size, index) => (over.includes(index) ? size : 1));
      const given = t(weights);
      const full = tf.broadcastTo(
        given.rank === input.rank ? given : tf.reshape(given, shape),
        input.shape,
      );
      return tf.div(tf.sum(tf.mul(input, full), over), tf.sum(full, over));
    },
  });

  taking(["y", "x", "dx", "axis"], {
    trapezoid: ({ y, x, dx, axis }) => {
      const input = t(y);
      const rows = numeric.atEnd(input, axis, (rest) => {
        const size = rest.shape[rest.rank - 1];
        const begin = (from) => [...Array(rest.rank - 1).fill(0), from];
        const length = [...rest.shape.slice(0, -1), size - 1];
        const sums = tf.add(tf.slice(rest, begin(0), length), tf.slice(rest, begin(1), length));
        const places = x === null ? null : numeric.values(x);
        const gaps = places
          ? tf.tensor1d(places.slice(1).map((place, index) => place - places[index]))
          : dx;
        return tf.div(tf.mul(sums, gaps), 2);
      });
      return tf.sum(rows, numeric.axes(input.rank, axis));
    },
  });

  taking(["data", "segmentIds", "numSegments", "sorted"], {
    segmentSum: segmented(tf.sum, always(0)),
    segmentProd: segmented(tf.prod, always(1)),
    segmentMax: segmented(tf.max, least),
    segmentMin: segmented(tf.min, most),
  });
});
