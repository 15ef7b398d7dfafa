// Functions of pairs of elements, comparisons and choices; `keras/src/ops/numpy.py`.

part(({ tf, operations, numeric }) => {
  const t = (value) => numeric.tensor(value);
  const truth = (value) => numeric.truth(t(value));
  const float = (x) => tf.cast(x, "float32");
  /** All with the shape that they have together: tf.where does not broadcast everything. */
  function together(...tensors) {
    const shape = tensors.reduce(
      (known, x) => tf.backend_util.assertAndGetBroadcastShape(known, x.shape),
      [],
    );
    return tensors.map((x) => tf.broadcastTo(x, shape));
  }

  const where = (condition, one, other) => {
    const [mask, x1, x2] = together(float(condition), t(one), t(other));
    return tf.where(tf.cast(mask, "bool"), x1, x2);
  };

  const isNan = (x) => tf.isNaN(x);
  const truncatedRest = (x1, x2) => {
    const rest = tf.mod(tf.abs(x1), tf.abs(x2));
    return tf.mul(tf.sign(x1), rest);
  };
  /** Exact for whole numbers: a quotient of float32 may round up to the next one. */
  function flooredQuotient(x1, x2) {
    const quotient = tf.floor(tf.div(x1, x2));
    const [q, a, b] = together(quotient, x1, x2);
    const rest = tf.sub(a, tf.mul(q, b));
    const outside = tf.notEqual(tf.sign(rest), tf.sign(b));
    const over = tf.logicalAnd(outside, tf.notEqual(rest, 0));
    return tf.sub(q, float(over));
  }

  /** Whole numbers of up to 24 bits, one bit after another. */
  function bitwise(x, y, combine) {
    let result = null;
    const shift = 2 ** 24;
    const positive = (value) => tf.add(value, tf.mul(float(tf.less(value, 0)), shift));
    let [a, b] = together(positive(x), positive(y));
    for (let bit = 0; bit < 24; bit += 1) {
      const [one, other] = [tf.mod(a, 2), tf.mod(b, 2)];
      const term = tf.mul(combine(one, other), 2 ** bit);
      result = result ? tf.add(result, term) : term;
      [a, b] = [tf.floor(tf.div(a, 2)), tf.floor(tf.div(b, 2))];
    }
    return tf.sub(result, tf.mul(float(tf.greaterEqual(result, shift / 2)), shift));
  }

  function greatestDivisor(x1, x2) {
    let [a, b] = together(tf.abs(x1), tf.abs(x2));
    // Numbers below 2 ** 24 take at most 35 steps of Euclid's algorithm.
    for (let step = 0; step < 35; step += 1) {
      const divisor = tf.maximum(b, 1);
      const rest = tf.mod(a, divisor);
      const done = tf.equal(b, 0);
      [a, b] = [where(done, a, b), where(done, b, rest)];
    }
    return a;
  }

  const heaviside = (x1, x2) =>
    where(tf.equal(x1, 0), x2, where(isNan(x1), x1, float(tf.greater(x1, 0))));

  const binary = {
    add: tf.add,
    arctan2: tf.atan2,
    divide: tf.div,
    divideNoNan: tf.divNoNan,
    equal: tf.equal,
    floorDivide: flooredQuotient,
    fmax: (x1, x2) => where(isNan(x1), x2, where(isNan(x2), x1, tf.maximum(x1, x2))),
    fmin: (x1, x2) => where(isNan(x1), x2, where(isNan(x2), x1, tf.minimum(x1, x2))),
    fmod: truncatedRest,
    gcd: greatestDivisor,
    greater: tf.greater,
    greaterEqual: tf.greaterEqual,
    heaviside,
    hypot: (x1, x2) => {
      const [a, b] = [tf.abs(x1), tf.abs(x2)];
      const most = tf.maximum(a, b);
      const ratio = tf.divNoNan(tf.minimum(a, b), most);
      return tf.mul(most, tf.sqrt(tf.add(tf.square(ratio), 1)));
    },
    lcm: (x1, x2) => tf.divNoNan(tf.abs(tf.mul(x1, x2)), greatestDivisor(x1, x2)),
    ldexp: (x1, x2) => tf.mul(x1, tf.pow(2, x2)),
    less: tf.less,
    lessEqual: tf.lessEqual,
    logaddexp: (x1, x2) => {
      const gap = tf.neg(tf.abs(tf.sub(x1, x2)));
      return tf.add(tf.maximum(x1, x2), tf.log1p(tf.exp(gap)));
    },
    logaddexp2: (x1, x2) => {
      const gap = tf.neg(tf.abs(tf.sub(x1, x2)));
      return tf.add(tf.maximum(x1, x2), tf.div(tf.log1p(tf.pow(2, gap)), Math.LN2));
    },
    maximum: tf.maximum,
    minimum: tf.minimum,
    mod: tf.mod,
    multiply: tf.mul,
    multiplyNoNan: (x1, x2) => where(tf.equal(x2, 0), 0, tf.mul(x1, x2)),
    notEqual: tf.notEqual,
    power: tf.pow,
    squaredDifference: tf.squaredDifference,
    subtract: tf.sub,
    trueDivide: tf.div,
  };
  for (const [name, compute] of Object.entries(binary)) {
    operations[name] = ({ x1, x2 }) => compute(t(x1), t(x2));
  }

  const shifted = (sign) => ({ x, y }) =>
    tf.floor(tf.mul(t(x), tf.pow(2, tf.mul(t(y), sign))));

  Object.assign(operations, {
    bitwiseAnd: ({ x, y }) => bitwise(t(x), t(y), tf.mul),
    bitwiseOr: ({ x, y }) => bitwise(t(x), t(y), tf.maximum),
    bitwiseXor: ({ x, y }) => bitwise(t(x), t(y), (a, b) => float(tf.notEqual(a, b))),
    bitwiseLeftShift: shifted(1),
    leftShift: shifted(1),
    bitwiseRightShift: shifted(-1),
    rightShift: shifted(-1),
    logicalAnd: ({ x1, x2 }) => tf.logicalAnd(truth(x1), truth(x2)),
    logicalOr: ({ x1, x2 }) => tf.logicalOr(truth(x1), truth(x2)),
    logicalXor: ({ x1, x2 }) => tf.notEqual(float(truth(x1)), float(truth(x2))),
    where: ({ condition, x1, x2 }) => where(truth(condition), x1, x2),
    isclose: ({ x1, x2, rtol = 1e-5, atol = 1e-8, equalNan = false }) =>
      close(t(x1), t(x2), numeric.number(rtol), numeric.number(atol), equalNan),
    allclose: ({ x1, x2, rtol = 1e-5, atol = 1e-8, equalNan = false }) =>
      tf.all(close(t(x1), t(x2), numeric.number(rtol), numeric.number(atol), equalNan)),
    select: ({ condlist, choicelist, default: other = 0 }) =>
      condlist.reduceRight(
        (rest, condition, index) => where(truth(condition), choicelist[index], rest),
        t(other),
      ),
  });

  function close(x1, x2, relative, absolute, equalNan) {
    const limit = tf.add(absolute, tf.mul(relative, tf.abs(x2)));
    const near = tf.lessEqual(tf.abs(tf.sub(x1, x2)), limit);
    const same = tf.logicalOr(tf.equal(x1, x2), tf.logicalAnd(near, tf.isFinite(x2)));
    if (!equalNan) return same;
    return tf.logicalOr(same, tf.logicalAnd(isNan(x1), isNan(x2)));
  }

  numeric.where = where;
  numeric.together = together;
});
