// Fourier transforms as products with matrices, which have gradients on every backend;
// `keras/src/ops/math.py`. Complex numbers are pairs of tensors.

family("signal", [
  "operations/indexing", "operations/padding", "operations/patches", "operations/shaping",
], ({ tf, numeric, taking, padded, sequences, sliced, swapped }) => {
  const t = numeric.tensor;
  const range = (length) => [...Array(length).keys()];

  /** Cosines and sines of 2 * pi * row * column / size. */
  function waves(rows, columns, size) {
    const table = (wave) =>
      tf.tensor2d(
        range(rows).map((row) =>
          range(columns).map((column) => wave((2 * Math.PI * ((row * column) % size)) / size)),
        ),
        [rows, columns],
      );
    return [table(Math.cos), table(Math.sin)];
  }

  const product = (x, matrix) => {
    const flat = tf.matMul(tf.reshape(x, [-1, x.shape[x.rank - 1]]), matrix);
    return tf.reshape(flat, [...x.shape.slice(0, -1), matrix.shape[1]]);
  };

  /** Transform the last axis; for the inverse, `sign` is 1, and the factor 1 / size is missing. */
  function transformed(real, imaginary, sign) {
    const size = real.shape[real.rank - 1];
    const [cosines, sines] = waves(size, size, size);
    const turned = tf.mul(sines, sign);
    return [
      tf.sub(product(real, cosines), product(imaginary, turned)),
      tf.add(product(real, turned), product(imaginary, cosines)),
    ];
  }

  const turned = (x) => swapped(x, -1, -2);
  const inTwo = (real, imaginary, sign) =>
    transformed(...transformed(real, imaginary, sign).map(turned), sign).map(turned);

  /** Cut off the last axis at a length, or fill it up with zeros. */
  function fitted(x, length) {
    const size = x.shape[x.rank - 1];
    if (size >= length) return sliced(x, x.rank - 1, [0, length, 1]);
    return tf.pad(x, x.shape.map((_, axis) => (axis === x.rank - 1 ? [0, length - size] : [0, 0])));
  }

  function half(x, length) {
    const [cosines, sines] = waves(length, Math.floor(length / 2) + 1, length);
    const input = fitted(x, length);
    return [product(input, cosines), tf.neg(product(input, sines))];
  }

  function whole(real, imaginary, length) {
    const count = Math.floor(length / 2) + 1;
    const [re, im] = [fitted(real, count), fitted(imaginary, count)];
    const [cosines, sines] = waves(count, length, length);
    const twice = range(count).map((index) =>
      index === 0 || (index === count - 1 && length % 2 === 0) ? 1 / length : 2 / length,
    );
    const factors = tf.expandDims(tf.tensor1d(twice), 1);
    return tf.sub(product(re, tf.mul(cosines, factors)), product(im, tf.mul(sines, factors)));
  }

  const shapes = {
    hann: (x) => 0.5 - 0.5 * Math.cos(x),
    hamming: (x) => 0.54 - 0.46 * Math.cos(x),
  };

  /** The numbers of a window, in the middle of a frame of zeros. */
  function windowOf(window, length, frame) {
    let numbers = Array(length).fill(1);
    if (window === null) return tf.ones([frame]);
    if (typeof window === "string") {
      numbers = range(length).map((index) => shapes[window]((2 * Math.PI * index) / length));
    } else {
      numbers = numeric.values(window);
    }
    const before = Math.floor((frame - length) / 2);
    return tf.pad(tf.tensor1d(numbers), [[before, frame - length - before]]);
  }

  function spectra({ x, sequenceLength, sequenceStride, fftLength, window, center }) {
    let input = t(x);
    if (center) {
      const margin = Math.floor(fftLength / 2);
      const widths = input.shape.map((_, axis) => (axis === input.rank - 1 ? [margin, margin] : [0, 0]));
      input = padded(input, widths, "reflect");
    }
    const frames = sequences(input, fftLength, sequenceStride);
    return half(tf.mul(frames, windowOf(window, sequenceLength, fftLength)), fftLength);
  }

  /** Join frames that overlap, and add them there. */
  function overlapped(frames, stride) {
    const [count, length] = frames.shape.slice(-2);
    const total = length + stride * (count - 1);
    const parts = range(count).map((index) => {
      const frame = tf.gather(frames, index, frames.rank - 2);
      const before = index * stride;
      const widths = frame.shape.map((_, axis) =>
        axis === frame.rank - 1 ? [before, total - length - before] : [0, 0],
      );
      return tf.pad(frame, widths);
    });
    return tf.addN(parts);
  }

  /**
   * What undoes a window where frames overlap: `inverse_stft_window_fn` of TensorFlow, which counts
   * on frames on all sides at the ends of a signal, too.
   */
  function inverse(shape, stride) {
    const [length] = shape.shape;
    const overlaps = Math.ceil(length / stride);
    const whole = tf.pad(tf.square(shape), [[0, overlaps * stride - length]]);
    const sums = tf.sum(tf.reshape(whole, [overlaps, stride]), 0);
    const all = tf.slice(tf.tile(sums, [overlaps]), [0], [length]);
    return numeric.where(tf.equal(all, 0), 0, tf.div(shape, numeric.where(tf.equal(all, 0), 1, all)));
  }

  function signal({
    x, sequenceLength, sequenceStride, fftLength, length, window, center,
  }) {
    const [real, imaginary] = x.map(t);
    const shape = windowOf(window, sequenceLength, fftLength);
    const frames = whole(real, imaginary, fftLength);
    const shown = window === null ? frames : tf.mul(frames, inverse(shape, sequenceStride));
    const made = overlapped(shown, sequenceStride);
    const start = center ? Math.floor(fftLength / 2) : 0;
    const size = made.shape[made.rank - 1];
    const end = length === null ? size - start : Math.min(start + length, size);
    return sliced(made, made.rank - 1, [start, end, 1]);
  }

  const scaledBy = (factor) => (pair) => pair.map((x) => tf.mul(x, factor));

  taking(["x"], {
    fft: ({ x: [real, imaginary] }) => transformed(t(real), t(imaginary), -1),
    fft2: ({ x: [real, imaginary] }) => inTwo(t(real), t(imaginary), -1),
    ifft2: ({ x: [real, imaginary] }) => {
      const [rows, columns] = t(real).shape.slice(-2);
      return scaledBy(1 / (rows * columns))(inTwo(t(real), t(imaginary), 1));
    },
  });

  taking(["x", "fftLength"], {
    rfft: ({ x, fftLength }) => half(t(x), fftLength ?? t(x).shape[t(x).rank - 1]),
    irfft: ({ x: [real, imaginary], fftLength }) =>
      whole(t(real), t(imaginary), fftLength ?? 2 * (t(real).shape[t(real).rank - 1] - 1)),
  });

  taking(["x", "sequenceLength", "sequenceStride", "fftLength", "window", "center"], {
    stft: spectra,
  });

  taking(["x", "sequenceLength", "sequenceStride", "fftLength", "length", "window", "center"], {
    istft: signal,
  });

  return { stft: spectra };
});
