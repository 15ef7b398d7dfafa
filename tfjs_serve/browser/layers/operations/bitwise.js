// Functions of the bits of integers; `keras/src/ops/numpy.py`.

family("bitwise", [], ({ tf, numeric, ofEach, taking }) => {
  const t = numeric.tensor;
  const float = (x) => tf.cast(x, "float32");

  /** Integers of up to 24 bits, one bit after another. */
  function bitwise(x, y, combine) {
    let result = null;
    const shift = 2 ** 24;
    const positive = (value) => tf.add(value, tf.mul(float(tf.less(value, 0)), shift));
    let [a, b] = numeric.together(positive(x), positive(y));
    for (let bit = 0; bit < 24; bit += 1) {
      const [one, other] = [tf.mod(a, 2), tf.mod(b, 2)];
      const term = tf.mul(combine(one, other), 2 ** bit);
      result = result ? tf.add(result, term) : term;
      [a, b] = [tf.floor(tf.div(a, 2)), tf.floor(tf.div(b, 2))];
    }
    return tf.sub(result, tf.mul(float(tf.greaterEqual(result, shift / 2)), shift));
  }

  const shifted = (sign) => ({ x, y }) =>
    tf.floor(tf.mul(t(x), tf.pow(2, tf.mul(t(y), sign))));

  const inverted = (x) => tf.sub(tf.neg(x), 1);

  taking(["x", "y"], {
    bitwiseAnd: ({ x, y }) => bitwise(t(x), t(y), tf.mul),
    bitwiseOr: ({ x, y }) => bitwise(t(x), t(y), tf.maximum),
    bitwiseXor: ({ x, y }) => bitwise(t(x), t(y), (a, b) => float(tf.notEqual(a, b))),
    bitwiseLeftShift: shifted(1),
    bitwiseRightShift: shifted(-1),
    leftShift: shifted(1),
    rightShift: shifted(-1),
  });

  ofEach({
    bitwiseInvert: inverted,
    bitwiseNot: inverted,
  });
});
