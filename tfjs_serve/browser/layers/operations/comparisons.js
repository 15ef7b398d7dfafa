// Truth values, and choices by them; `keras/src/ops/numpy.py`.

family("comparisons", [], ({ tf, numeric, ofEach, ofPairs, taking }) => {
  const t = numeric.tensor;
  const truth = (value) => numeric.truth(t(value));
  const float = (x) => tf.cast(x, "float32");
  const { where } = numeric;

  const heaviside = (x1, x2) =>
    where(tf.equal(x1, 0), x2, where(tf.isNaN(x1), x1, float(tf.greater(x1, 0))));

  function close(x1, x2, relative, absolute, equalNan) {
    const limit = tf.add(absolute, tf.mul(relative, tf.abs(x2)));
    const near = tf.lessEqual(tf.abs(tf.sub(x1, x2)), limit);
    const same = tf.logicalOr(tf.equal(x1, x2), tf.logicalAnd(near, tf.isFinite(x2)));
    if (!equalNan) return same;
    return tf.logicalOr(same, tf.logicalAnd(tf.isNaN(x1), tf.isNaN(x2)));
  }

  ofPairs({
    equal: tf.equal,
    greater: tf.greater,
    greaterEqual: tf.greaterEqual,
    heaviside,
    less: tf.less,
    lessEqual: tf.lessEqual,
    notEqual: tf.notEqual,
  });

  taking(["x1", "x2"], {
    logicalAnd: ({ x1, x2 }) => tf.logicalAnd(truth(x1), truth(x2)),
    logicalOr: ({ x1, x2 }) => tf.logicalOr(truth(x1), truth(x2)),
    logicalXor: ({ x1, x2 }) => tf.notEqual(float(truth(x1)), float(truth(x2))),
  });

  ofEach({
    isfinite: tf.isFinite,
    isinf: tf.isInf,
    isnan: tf.isNaN,
    isneginf: (x) => tf.equal(x, -Infinity),
    isposinf: (x) => tf.equal(x, Infinity),
    isreal: tf.onesLike,
    logicalNot: (x) => tf.equal(x, 0),
    signbit: (x) => tf.logicalOr(tf.less(x, 0), tf.equal(tf.div(1, x), -Infinity)),
  });

  taking(["x1", "x2", "rtol", "atol", "equalNan"], {
    isclose: ({ x1, x2, rtol, atol, equalNan }) =>
      close(t(x1), t(x2), numeric.number(rtol), numeric.number(atol), equalNan),
    allclose: ({ x1, x2, rtol, atol, equalNan }) =>
      tf.all(close(t(x1), t(x2), numeric.number(rtol), numeric.number(atol), equalNan)),
  });

  taking(["condition", "x1", "x2"], {
    where: ({ condition, x1, x2 }) => where(truth(condition), x1, x2),
  });

  taking(["condlist", "choicelist", "default"], {
    select: ({ condlist, choicelist, default: other }) =>
      condlist.reduceRight(
        (rest, condition, index) => where(truth(condition), choicelist[index], rest),
        t(other),
      ),
  });
});
