// Exponentials, logarithms, functions of angles; `keras/src/ops/numpy.py`, `math.py`.

family("transcendental", [], ({ tf, ofEach, ofPairs }) => {
  const where = (condition, one, other) => tf.where(tf.cast(condition, "bool"), one, other);

  const times = (factor) => (x) => tf.mul(x, factor);

  /** The modified Bessel function of order 0; Abramowitz and Stegun 9.8.1 and 9.8.2. */
  function besselI0(x) {
    const series = (y, factors) =>
      factors.reduceRight((sum, factor) => tf.add(tf.mul(sum, y), factor), tf.zerosLike(y));
    const size = tf.abs(x);
    const near = [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813];
    const far = [
      0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537,
      -0.01647633, 0.00392377,
    ];
    const inner = tf.minimum(size, 3.75);
    const outer = tf.maximum(size, 3.75);
    const low = series(tf.square(tf.div(inner, 3.75)), near);
    const high = tf.mul(
      tf.div(tf.exp(outer), tf.sqrt(outer)),
      series(tf.div(3.75, outer), far),
    );
    return where(tf.less(size, 3.75), low, high);
  }

  /** The inverse error function in single precision (M. Giles, 2012). */
  function erfInverse(x) {
    const polynomial = (w, factors) =>
      factors.reduce((sum, factor) => tf.add(tf.mul(sum, w), factor), tf.zerosLike(w));
    const w = tf.neg(tf.log(tf.mul(tf.sub(1, x), tf.add(1, x))));
    const centre = polynomial(tf.sub(w, 2.5), [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
      -0.00417768164, 0.246640727, 1.50140941,
    ]);
    const tail = polynomial(tf.sub(tf.sqrt(tf.maximum(w, 5)), 3), [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ]);
    const inside = tf.mul(where(tf.less(w, 5), centre, tail), x);
    const ends = tf.mul(tf.sign(x), Infinity);
    return where(tf.equal(tf.abs(x), 1), where(tf.equal(x, 0), x, ends), inside);
  }

  const sinc = (x) => {
    const angle = tf.mul(where(tf.equal(x, 0), tf.onesLike(x), x), Math.PI);
    return where(tf.equal(x, 0), tf.onesLike(x), tf.div(tf.sin(angle), angle));
  };

  ofEach({
    angle: (x) => where(tf.isNaN(x), x, tf.mul(tf.cast(tf.less(x, 0), "float32"), Math.PI)),
    arccos: tf.acos,
    arccosh: tf.acosh,
    arcsin: tf.asin,
    arcsinh: tf.asinh,
    arctan: tf.atan,
    arctanh: tf.atanh,
    cos: tf.cos,
    cosh: tf.cosh,
    deg2rad: times(Math.PI / 180),
    erf: tf.erf,
    erfc: (x) => tf.sub(1, tf.erf(x)),
    erfinv: erfInverse,
    exp: tf.exp,
    exp2: (x) => tf.pow(2, x),
    expm1: tf.expm1,
    i0: besselI0,
    log: tf.log,
    log10: (x) => tf.div(tf.log(x), Math.LN10),
    log1p: tf.log1p,
    log2: (x) => tf.div(tf.log(x), Math.LN2),
    rad2deg: times(180 / Math.PI),
    sin: tf.sin,
    sinc,
    sinh: tf.sinh,
    tan: tf.tan,
  });

  ofPairs({
    arctan2: tf.atan2,
    ldexp: (x1, x2) => tf.mul(x1, tf.pow(2, x2)),
    logaddexp: (x1, x2) => {
      const gap = tf.neg(tf.abs(tf.sub(x1, x2)));
      return tf.add(tf.maximum(x1, x2), tf.log1p(tf.exp(gap)));
    },
    logaddexp2: (x1, x2) => {
      const gap = tf.neg(tf.abs(tf.sub(x1, x2)));
      return tf.add(tf.maximum(x1, x2), tf.div(tf.log1p(tf.pow(2, gap)), Math.LN2));
    },
  });
});
