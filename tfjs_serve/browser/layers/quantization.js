// Rounding of the inputs of quantized layers; `keras/src/quantizers/quantizers.py`.

part("quantization", [], ({ tf, layer }) => {
  /** Round with the gradient of the identity. */
  const rounded = (round) => tf.customGrad((x) => ({ value: round(x), gradFunc: (dy) => dy }));

  /** Scale by the largest number, round to integers, and scale back. */
  const roundedByLargest = (x, { axes, lowest, highest, epsilon }) =>
    rounded((given) => {
      const largest = tf.max(tf.abs(given), axes, true);
      const scale = tf.div(highest, tf.add(largest, epsilon));
      const whole = tf.clipByValue(tf.round(tf.mul(given, scale)), lowest, highest);
      return tf.div(whole, scale);
    })(x);

  layer("AbsMaxQuantizer", ["axes", "lowest", "highest", "epsilon"], ([x], { args }) =>
    roundedByLargest(x, args),
  );

  const [LARGEST, SMALLEST_EXPONENT, DIGITS] = [448, -6, 3];

  layer("Float8Quantizer", ["scale"], ([x], { args: { scale } }) =>
    rounded((given) => {
      const limited = tf.clipByValue(tf.div(given, scale), -LARGEST, LARGEST);
      const exponent = tf.floor(tf.div(tf.log(tf.abs(limited)), Math.LN2));
      const step = tf.pow(2, tf.sub(tf.maximum(exponent, SMALLEST_EXPONENT), DIGITS));
      return tf.mul(tf.mul(tf.round(tf.div(limited, step)), step), scale);
    })(x),
  );

  return { roundedByLargest };
});
