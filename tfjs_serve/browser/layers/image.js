// Images of other sizes and contrasts; `keras/src/layers/preprocessing/image_preprocessing`.

part("image", [], ({ tf, layer }) => {
  const lanczos = (radius) => (x) => {
    if (x > radius) return 0;
    if (x <= 1e-3) return 1;
    const y = Math.PI * x;
    return (radius * Math.sin(y) * Math.sin(y / radius)) / (y * y);
  };

  const cubic = (x) => {
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  };

  // Mitchell and Netravali's with B = C = 1/3, without its factor of 1/6.
  const mitchell = (x) => {
    if (x < 1) return (7 * x - 12) * x * x + 16 / 3;
    return x < 2 ? ((-7 / 3) * x + 12) * x * x - 20 * x + 32 / 3 : 0;
  };

  // The distance from which on a pixel does not count, and its weight by its distance.
  const kernels = {
    bilinear: [1, (x) => Math.max(0, 1 - x)],
    bicubic: [2, cubic],
    lanczos3: [3, lanczos(3)],
    lanczos5: [5, lanczos(5)],
    gaussian: [1.5, (x) => (x < 1.5 ? Math.exp(-2 * x * x) : 0)],
    mitchellcubic: [2, mitchell],
  };

  const round = Math.fround;

  /** The centres of the new pixels, in old pixels; Keras 2 computes them in float32. */
  function centers(size, target, inFloat32) {
    const scale = inFloat32 ? round(size / target) : size / target;
    return Array.from({ length: target }, (_, index) =>
      inFloat32 ? round(round((index + 0.5) * scale) - 0.5) : (index + 0.5) * scale - 0.5,
    );
  }

  function nearest(size, target, inFloat32) {
    const scale = round(size / target);
    return Array.from({ length: target }, (_, index) => {
      const place = inFloat32 ? round((index + 0.5) * scale) : ((index + 0.5) * size) / target;
      return Math.min(Math.floor(place), size - 1);
    });
  }

  /** The part of each new pixel that each old one covers. */
  function area(size, target) {
    const scale = size / target;
    const matrix = new Float32Array(size * target);
    for (let column = 0; column < target; column++) {
      const [start, end] = [column * scale, (column + 1) * scale];
      for (let row = Math.floor(start); row < Math.min(Math.ceil(end), size); row++) {
        const overlap = Math.min(end, row + 1) - Math.max(start, row);
        matrix[row * target + column] = Math.max(overlap, 0) / scale;
      }
    }
    return matrix;
  }

  /** Numbers of a matrix of shape [size, target]: `resizing_matrix` in interpolation.py. */
  function resizingMatrix(size, target, { method, antialias, inFloat32 }) {
    if (method === "area") return area(size, target);
    const [radius, kernel] = kernels[method];
    const width = antialias ? Math.max(size / target, 1) : 1;
    const tabulated = method === "bicubic" && inFloat32 && !antialias;
    const matrix = new Float32Array(size * target);
    centers(size, target, inFloat32).forEach((exact, column) => {
      const before = Math.floor(exact);
      const center = tabulated ? before + Math.round((exact - before) * 1024) / 1024 : exact;
      const first = Math.max(Math.ceil(center - radius * width), 0);
      const last = Math.min(Math.floor(center + radius * width), size - 1);
      const weights = [];
      for (let row = first; row <= last; row++) weights.push(kernel(Math.abs(center - row) / width));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (Math.abs(total) <= 1000 * 1.1920929e-7) return;
      weights.forEach((weight, index) => {
        matrix[(first + index) * target + column] = weight / total;
      });
    });
    return matrix;
  }

  /** Multiply one axis by a matrix. */
  function product(x, axis, matrix, target) {
    const order = [...x.shape.keys()].filter((other) => other !== axis).concat(axis);
    const back = order.map((_, index) => order.indexOf(index));
    const moved = tf.transpose(x, order);
    const size = x.shape[axis];
    const flat = tf.matMul(tf.reshape(moved, [-1, size]), tf.tensor2d(matrix, [size, target]));
    return tf.transpose(tf.reshape(flat, [...moved.shape.slice(0, -1), target]), back);
  }

  function resizeAxis(x, axis, target, how) {
    const size = x.shape[axis];
    if (how.method === "nearest") {
      return tf.gather(x, tf.tensor1d(nearest(size, target, how.inFloat32), "int32"), axis);
    }
    return size === target && how.method in { bilinear: 1, bicubic: 1, area: 1 }
      ? x
      : product(x, axis, resizingMatrix(size, target, how), target);
  }

  const imageAxes = (x, { channelsFirst }) => {
    const first = channelsFirst ? x.rank - 2 : x.rank - 3;
    return [first, first + 1];
  };

  const cut = (x, axis, start, length) => {
    const from = x.shape.map(() => 0);
    const sizes = [...x.shape];
    [from[axis], sizes[axis]] = [start, length];
    return tf.slice(x, from, sizes);
  };

  const frame = (x, axis, margin, fill) =>
    tf.pad(x, x.shape.map((_, other) => (other === axis ? [margin, margin] : [0, 0])), fill);

  /** Crop or frame images that do not have the proportions of the result. */
  function fitted(x, axes, targets, { fit, fill }) {
    const [height, width] = axes.map((axis) => x.shape[axis]);
    const wanted = [
      Math.trunc((width * targets[0]) / targets[1]),
      Math.trunc((height * targets[1]) / targets[0]),
    ];
    return axes.reduce((image, axis, index) => {
      const size = image.shape[axis];
      if (fit === "crop") {
        const length = Math.max(Math.min(size, wanted[index]), 1);
        return cut(image, axis, Math.trunc((size - length) / 2), length);
      }
      const margin = Math.trunc((Math.max(size, wanted[index]) - size) / 2);
      return fit === "pad" && margin > 0 ? frame(image, axis, margin, fill) : image;
    }, x);
  }

  /**
   * Resize an image or a batch of images as Keras does: `how` has height, width, channelsFirst,
   * method, antialias, fit ("crop", "pad" or "stretch"), fill and inFloat32.
   */
  function resizeImages(x, how) {
    const axes = imageAxes(x, how);
    const targets = [how.height, how.width];
    const image = fitted(x, axes, targets, how);
    // The last axis first, as the converter does it.
    return resizeAxis(resizeAxis(image, axes[1], targets[1], how), axes[0], targets[0], how);
  }

  layer("Resizing", [
    "height", "width", "method", "antialias", "fit", "fill", "range", "inFloat32", "channelsFirst",
  ], ([x], { args }) => {
    const resized = resizeImages(x, args);
    // In Keras, images of integers have integers again.
    if (!args.range) return resized;
    const [least, most] = args.range;
    return tf.clipByValue(tf.round(resized), least ?? -Infinity, most ?? Infinity);
  });

  layer("CenterCrop", ["height", "width", "channelsFirst"], ([x], { args }) => {
    const axes = imageAxes(x, args);
    const targets = [args.height, args.width];
    const removed = axes.map((axis, index) => x.shape[axis] - targets[index]);
    if (Math.min(...removed) < 0) {
      const how = { method: "bilinear", antialias: false, fit: "crop", fill: 0, inFloat32: false };
      return resizeImages(x, { ...args, ...how });
    }
    return axes.reduce(
      (image, axis, index) => cut(image, axis, Math.floor(removed[index] / 2), targets[index]),
      x,
    );
  });

  layer("AutoContrast", ["range"], ([x], { args }) => {
    const [low, high] = args.range;
    const batch = x.rank === 3 ? tf.expandDims(x, 0) : x;
    const scaled = tf.mul(tf.div(tf.sub(batch, low), high - low), 255);
    const darkest = tf.min(scaled, [1, 2], true);
    const contrast = tf.sub(tf.max(scaled, [1, 2], true), darkest);
    // An image of one colour does not change.
    const even = tf.equal(contrast, 0);
    const factor = tf.div(255, tf.add(contrast, tf.cast(even, "float32")));
    const stretched = tf.clipByValue(tf.mul(tf.sub(scaled, darkest), factor), 0, 255);
    const result = tf.add(tf.mul(tf.div(stretched, 255), high - low), low);
    return tf.reshape(tf.where(even, batch, result), x.shape);
  });

  return { resizeImages };
});
