// Spectrograms; `keras/src/layers/preprocessing/{mel,stft}_spectrogram.py`.

part("audio", ["operations/signal"], ({ tf, layer, stft }) => {
  const EPSILON = 1e-7;

  const mels = (hertz) => 1127 * Math.log(1 + hertz / 700);

  /** The weight of each frequency in each band, which is a triangle on the mel scale. */
  function bands({ rate, fftLength, bins, lowest, highest }) {
    const count = Math.floor(fftLength / 2) + 1;
    const matrix = new Float32Array(count * bins);
    const [start, end] = [mels(lowest), mels(highest)];
    const width = (end - start) / (bins + 1);
    // The frequency 0 is in no band.
    for (let row = 1; row < count; row++) {
      const place = mels((rate / 2) * (row / (count - 1)));
      for (let band = 0; band < bins; band++) {
        const rise = (place - start) / width - band;
        matrix[row * bins + band] = Math.max(0, Math.min(rise, 2 - rise));
      }
    }
    return tf.tensor2d(matrix, [count, bins]);
  }

  const decibels = (x) => tf.mul(tf.log(x), 10 / Math.LN10);

  layer("MelSpectrogram", [
    "length", "stride", "fftLength", "window", "rate", "bins", "lowest", "highest", "exponent",
    "inDecibels", "reference", "leastPower", "range",
  ], ([x], { args }) => {
    const [real, imaginary] = stft({
      x,
      sequenceLength: args.length,
      sequenceStride: args.stride,
      fftLength: args.fftLength,
      window: args.window,
      center: true,
    });
    const squares = tf.add(tf.square(real), tf.square(imaginary));
    const power = args.exponent === 2 ? squares : tf.pow(tf.sqrt(squares), args.exponent);
    const flat = tf.matMul(tf.reshape(power, [-1, power.shape[power.rank - 1]]), bands(args));
    const scaled = tf.reshape(flat, [...power.shape.slice(0, -1), args.bins]);
    const order = [...scaled.shape.keys()];
    order.push(order.splice(-2, 1)[0]);
    const turned = tf.transpose(scaled, order);
    if (!args.inDecibels) return turned;
    const reference = Math.max(Math.abs(args.reference), args.leastPower);
    const level = tf.sub(
      decibels(tf.maximum(turned, args.leastPower)),
      10 * Math.log10(reference),
    );
    return tf.maximum(level, tf.sub(tf.max(level), args.range));
  });

  const modes = {
    angle: (real, imaginary) => tf.atan2(imaginary, real),
    magnitude: (real, imaginary) =>
      tf.sqrt(tf.maximum(tf.add(tf.square(real), tf.square(imaginary)), EPSILON)),
    log: (real, imaginary) => tf.log(tf.maximum(modes.magnitude(real, imaginary), EPSILON)),
  };

  layer("Spectrum", ["mode"], ([real, imaginary], { args }) => modes[args.mode](real, imaginary));
});
