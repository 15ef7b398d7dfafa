// How gradients are clipped: base_optimizer.py in keras/src/optimizers.

part("clipping", [], ({ tf, divideNoNan }) => {
  const squaresOf = (tensor) => tf.sum(tf.square(tensor));

  function clip(steps, { clipnorm, clipvalue, globalClipnorm }) {
    const changed = (change) =>
      steps.map(({ weight, gradient }) => ({ weight, gradient: change(gradient) }));
    if (clipnorm > 0) return changed((gradient) => clipByNorm(gradient, clipnorm));
    if (globalClipnorm > 0) {
      const norm = tf.sqrt(tf.addN(steps.map(({ gradient }) => squaresOf(gradient))));
      const scale = tf.mul(globalClipnorm, tf.minimum(divideNoNan(1, norm), 1 / globalClipnorm));
      const isSmall = tf.lessEqual(norm, globalClipnorm); // exactly 1 then, as 1/norm may be 0 here
      return changed((gradient) => tf.mul(gradient, tf.where(isSmall, tf.onesLike(scale), scale)));
    }
    if (clipvalue > 0)
      return changed((gradient) => tf.clipByValue(gradient, -clipvalue, clipvalue));
    return steps;
  }

  function clipByNorm(gradient, norm) {
    return tf.div(tf.mul(gradient, norm), tf.maximum(tf.sqrt(squaresOf(gradient)), norm));
  }

  return { clip, squaresOf };
});
