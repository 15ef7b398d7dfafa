// Functions of each element; `keras/src/ops/numpy.py`, `keras/src/ops/math.py`.

part(({ tf, operations, numeric }) => {
  const t = (value) => numeric.tensor(value);
  const where = (condition, one, other) => tf.where(tf.cast(condition, "bool"), one, other);
  const filled = (x, value) => tf.fill(x.shape, value);

  const isNan = (x) => tf.isNaN(x);
  const times = (factor) => (x) => tf.mul(x, factor);
  const signOf = (x) => where(isNan(x), x, tf.sign(x));
  const truncated = (x) => tf.mul(tf.sign(x), tf.floor(tf.abs(x)));
  const bits = (x) => tf.sub(tf.neg(x), 1);

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
    const ends = tf.mul(signOf(x), Infinity);
    return where(tf.equal(tf.abs(x), 1), where(tf.equal(x, 0), x, ends), inside);
  }

  const cubeRoot = (x) => tf.mul(tf.sign(x), tf.pow(tf.abs(x), 1 / 3));
  const sinc = (x) => {
    const angle = tf.mul(where(tf.equal(x, 0), tf.onesLike(x), x), Math.PI);
    return where(tf.equal(x, 0), tf.onesLike(x), tf.div(tf.sin(angle), angle));
  };

  /** Halves go to even numbers. */
  function rounded(x, decimals) {
    if (!decimals) return tf.round(x);
    const scale = 10 ** decimals;
    return decimals > 0 ? tf.div(tf.round(tf.mul(x, scale)), scale) : tf.mul(
      tf.round(tf.div(x, 10 ** -decimals)), 10 ** -decimals,
    );
  }

  const unary = {
    absolute: tf.abs,
    abs: tf.abs,
    fabs: tf.abs,
    angle: (x) => where(isNan(x), x, tf.mul(tf.cast(tf.less(x, 0), "float32"), Math.PI)),
    arccos: tf.acos,
    arccosh: tf.acosh,
    arcsin: tf.asin,
    arcsinh: tf.asinh,
    arctan: tf.atan,
    arctanh: tf.atanh,
    bitwiseInvert: bits,
    bitwiseNot: bits,
    cbrt: cubeRoot,
    ceil: tf.ceil,
    conj: (x) => x,
    conjugate: (x) => x,
    copy: (x) => x,
    cos: tf.cos,
    cosh: tf.cosh,
    deg2rad: times(Math.PI / 180),
    erf: tf.erf,
    erfc: (x) => tf.sub(1, tf.erf(x)),
    erfinv: erfInverse,
    exp: tf.exp,
    exp2: (x) => tf.pow(2, x),
    expm1: tf.expm1,
    floor: tf.floor,
    i0: besselI0,
    imag: tf.zerosLike,
    isfinite: tf.isFinite,
    isinf: tf.isInf,
    isnan: tf.isNaN,
    isneginf: (x) => tf.equal(x, -Infinity),
    isposinf: (x) => tf.equal(x, Infinity),
    isreal: tf.onesLike,
    log: tf.log,
    log10: (x) => tf.div(tf.log(x), Math.LN10),
    log1p: tf.log1p,
    log2: (x) => tf.div(tf.log(x), Math.LN2),
    logicalNot: (x) => tf.equal(x, 0),
    negative: tf.neg,
    positive: (x) => x,
    rad2deg: times(180 / Math.PI),
    real: (x) => x,
    reciprocal: tf.reciprocal,
    rsqrt: tf.rsqrt,
    sign: signOf,
    signbit: (x) => tf.logicalOr(tf.less(x, 0), tf.equal(tf.div(1, x), -Infinity)),
    sin: tf.sin,
    sinc,
    sinh: tf.sinh,
    sqrt: tf.sqrt,
    square: tf.square,
    stopGradient: (x) => tf.customGrad((y) => ({ value: y.clone(), gradFunc: tf.zerosLike }))(x),
    tan: tf.tan,
    trunc: truncated,
  };
  for (const [name, compute] of Object.entries(unary)) {
    operations[name] = ({ x }) => compute(t(x));
  }

  Object.assign(operations, {
    array: ({ x, dtype }) => numeric.inDtype(x, dtype),
    cast: ({ x, dtype }) => numeric.inDtype(x, dtype),
    convertToTensor: ({ x, dtype }) => numeric.inDtype(x, dtype),
    saturateCast: ({ x, dtype }) => saturated(t(x), dtype),
    clip: ({ x, xMin, xMax }, { dtype }) => {
      const bound = (value) => (dtype ? numeric.inDtype(value, dtype) : t(value));
      const above = xMin === null ? t(x) : tf.maximum(t(x), bound(xMin));
      return xMax === null ? above : tf.minimum(above, bound(xMax));
    },
    round: ({ x, decimals = 0 }) => rounded(t(x), decimals),
    nanToNum: ({ x, nan = 0, posinf = null, neginf = null }) => {
      const input = t(x);
      const most = 3.4028234663852886e38;
      const numbers = where(isNan(input), filled(input, nan), input);
      const below = where(tf.equal(input, Infinity), filled(input, posinf ?? most), numbers);
      return where(tf.equal(input, -Infinity), filled(input, neginf ?? -most), below);
    },
  });

  function saturated(x, dtype) {
    if (dtype.includes("float") || dtype === "bool") return numeric.inDtype(x, dtype);
    const bits = Number(dtype.match(/\d+$/)[0]);
    const [low, high] = dtype.startsWith("u")
      ? [0, 2 ** bits - 1]
      : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
    return tf.clipByValue(numeric.inDtype(x, "int32"), low, high);
  }
});
