// Sums, products, powers, roots and limits of each element; `keras/src/ops/numpy.py`.

family("arithmetic", [], ({ tf, numeric, ofEach, ofPairs, taking }) => {
  const t = numeric.tensor;
  const { where } = numeric;
  const isNan = (x) => tf.isNaN(x);

  const truncatedRest = (x1, x2) => {
    const rest = tf.mod(tf.abs(x1), tf.abs(x2));
    return tf.mul(tf.sign(x1), rest);
  };

  /** Exact for integers, of which a quotient in float32 may be rounded up to the next integer. */
  function flooredQuotient(x1, x2) {
    const quotient = tf.floor(tf.div(x1, x2));
    const [q, a, b] = numeric.together(quotient, x1, x2);
    const rest = tf.sub(a, tf.mul(q, b));
    const outside = tf.notEqual(tf.sign(rest), tf.sign(b));
    const over = tf.logicalAnd(outside, tf.notEqual(rest, 0));
    return tf.sub(q, tf.cast(over, "float32"));
  }

  /** Of integers, what is divided by 0 is 0; TensorFlow.js's backends differ in that. */
  const orZero = (compute) => (x1, x2, dtype) => {
    if (!dtype?.includes("int")) return compute(x1, x2);
    const isZero = tf.cast(tf.equal(x2, 0), "float32");
    return tf.mul(compute(x1, tf.add(x2, isZero)), tf.sub(1, isZero));
  };

  function greatestDivisor(x1, x2) {
    let [a, b] = numeric.together(tf.abs(x1), tf.abs(x2));
    // Numbers below 2 ** 24 take at most 35 steps of Euclid's algorithm.
    for (let step = 0; step < 35; step += 1) {
      const divisor = tf.maximum(b, 1);
      const rest = tf.mod(a, divisor);
      const done = tf.equal(b, 0);
      [a, b] = [where(done, a, b), where(done, b, rest)];
    }
    return a;
  }

  ofPairs({
    add: tf.add,
    divide: tf.div,
    divideNoNan: tf.divNoNan,
    floorDivide: orZero(flooredQuotient),
    fmax: (x1, x2) => where(isNan(x1), x2, where(isNan(x2), x1, tf.maximum(x1, x2))),
    fmin: (x1, x2) => where(isNan(x1), x2, where(isNan(x2), x1, tf.minimum(x1, x2))),
    fmod: orZero(truncatedRest),
    gcd: greatestDivisor,
    hypot: (x1, x2) => {
      const [a, b] = [tf.abs(x1), tf.abs(x2)];
      const most = tf.maximum(a, b);
      const ratio = tf.divNoNan(tf.minimum(a, b), most);
      return tf.mul(most, tf.sqrt(tf.add(tf.square(ratio), 1)));
    },
    lcm: (x1, x2) => tf.divNoNan(tf.abs(tf.mul(x1, x2)), greatestDivisor(x1, x2)),
    maximum: tf.maximum,
    minimum: tf.minimum,
    mod: orZero(tf.mod),
    multiply: tf.mul,
    multiplyNoNan: (x1, x2) => where(tf.equal(x2, 0), 0, tf.mul(x1, x2)),
    power: tf.pow,
    squaredDifference: tf.squaredDifference,
    subtract: tf.sub,
    trueDivide: tf.div,
  });

  ofEach({
    absolute: tf.abs,
    abs: tf.abs,
    fabs: tf.abs,
    cbrt: (x) => tf.mul(tf.sign(x), tf.pow(tf.abs(x), 1 / 3)),
    negative: tf.neg,
    reciprocal: tf.reciprocal,
    rsqrt: tf.rsqrt,
    sign: (x) => where(isNan(x), x, tf.sign(x)),
    sqrt: tf.sqrt,
    square: tf.square,
  });

  taking(["x", "xMin", "xMax"], {
    clip: ({ x, xMin, xMax }, { dtype }) => {
      const bound = (value) => (dtype ? numeric.inDtype(value, dtype) : t(value));
      // In TensorFlow's order: if the limits are the wrong way round, the lower one wins.
      const below = xMax === null ? t(x) : tf.minimum(t(x), bound(xMax));
      return xMin === null ? below : tf.maximum(below, bound(xMin));
    },
  });

  taking(["xs"], {
    addN: ({ xs }) => tf.addN(numeric.listed(xs)),
  });
});
