// Images; `keras/src/ops/image.py`, `keras/src/backend/*/image.py`.

family("images", ["image", "operations/linear_algebra", "operations/padding"], (kit) => {
  const { tf, numeric, taking, eliminated, padded, resizeImages } = kit;
  const t = numeric.tensor;
  const range = (length) => [...Array(length).keys()];

  /** Compute with a batch of images whose channels are last. */
  function batched(images, dataFormat, compute) {
    const x = t(images);
    const single = x.rank === 3;
    const batch = single ? tf.expandDims(x, 0) : x;
    const made = numeric.channelsLast(batch, dataFormat, compute);
    return single ? tf.squeeze(made, [0]) : made;
  }

  const planes = (x) => tf.unstack(x, 3);
  const { where } = numeric;

  function hsvOf(x) {
    const [red, green, blue] = planes(where(tf.less(tf.abs(x), 1.1920929e-7), 0, x));
    const value = tf.maximum(tf.maximum(red, green), blue);
    const spread = tf.sub(value, tf.minimum(tf.minimum(red, green), blue));
    const [lit, coloured] = [tf.greater(value, 0), tf.greater(spread, 0)];
    const saturation = where(lit, tf.div(spread, where(lit, value, 1)), 0);
    const norm = tf.div(1, tf.mul(where(coloured, spread, 1), 6));
    const part = (one, other, shift) => tf.add(tf.mul(norm, tf.sub(one, other)), shift);
    const rest = where(tf.equal(value, green), part(blue, red, 1 / 3), part(red, green, 2 / 3));
    const hue = where(tf.equal(value, red), part(green, blue, 0), rest);
    const turned = tf.add(where(coloured, hue, 0), tf.cast(tf.less(hue, 0), "float32"));
    return tf.stack([turned, saturation, value], 3);
  }

  function rgbOf(x) {
    const [hue, saturation, value] = planes(x);
    const angle = tf.mul(hue, 6);
    const share = (y) => tf.clipByValue(y, 0, 1);
    const channels = [
      share(tf.sub(tf.abs(tf.sub(angle, 3)), 1)),
      share(tf.sub(2, tf.abs(tf.sub(angle, 2)))),
      share(tf.sub(2, tf.abs(tf.sub(angle, 4)))),
    ];
    const rest = tf.sub(1, saturation);
    const lit = channels.map((y) => tf.mul(value, tf.add(rest, tf.mul(saturation, y))));
    return tf.stack(lit, 3);
  }

  /** The index of the element that stands for one outside of the axis. */
  const places = {
    nearest: (index, size) => tf.clipByValue(index, 0, size - 1),
    wrap: (index, size) => tf.mod(index, size),
    mirror: (index, size) => {
      const period = Math.max(2 * (size - 1), 1);
      const at = tf.mod(index, period);
      return size === 1 ? tf.zerosLike(index) : tf.minimum(at, tf.sub(period, at));
    },
    reflect: (index, size) => {
      const at = tf.mod(index, 2 * size);
      return tf.minimum(at, tf.sub(2 * size - 1, at));
    },
  };

  /** Values of x at coordinates of shape [rank, ...]; interpolated if the order is 1. */
  function sampled(x, coordinates, order, fillMode, fillValue) {
    const axes = tf.unstack(coordinates);
    const corners = axes.map((place) => {
      if (order === 0) return [[tf.round(place), null]];
      const low = tf.floor(place);
      const high = tf.sub(place, low);
      return [[low, tf.sub(1, high)], [tf.add(low, 1), high]];
    });
    const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const flat = tf.reshape(x, [-1]);
    const combinations = corners.reduce(
      (all, choices) => all.flatMap((chosen) => choices.map((choice) => [...chosen, choice])),
      [[]],
    );
    const terms = combinations.map((chosen) => {
      let [place, weight, valid] = [tf.scalar(0), null, null];
      chosen.forEach(([index, share], axis) => {
        const size = x.shape[axis];
        const inside = places[fillMode]?.(index, size) ?? tf.clipByValue(index, 0, size - 1);
        place = tf.add(place, tf.mul(inside, strides[axis]));
        if (share) weight = weight ? tf.mul(weight, share) : share;
        if (fillMode !== "constant") return;
        const within = tf.logicalAnd(tf.greaterEqual(index, 0), tf.less(index, size));
        valid = valid ? tf.logicalAnd(valid, within) : within;
      });
      let value = tf.gather(flat, numeric.integers(place));
      if (valid) value = where(valid, value, fillValue);
      return weight ? tf.mul(value, weight) : value;
    });
    return terms.reduce((sum, term) => tf.add(sum, term));
  }

  const orders = { nearest: 0, bilinear: 1 };

  /**
   * Coordinates that an image which is repeated has inside, as TensorFlow computes them: between
   * the last pixel and the next image's first one it does not mix the two, but takes one of them.
   */
  function wrapped(place, size) {
    const last = size - 1;
    if (!last) return tf.zerosLike(place);
    const whole = (x) => tf.mul(tf.floor(tf.div(x, last)), size);
    const raised = tf.add(place, tf.add(whole(tf.neg(place)), size));
    const lowered = tf.sub(place, whole(place));
    const inside = where(tf.less(place, 0), raised, where(tf.greater(place, last), lowered, place));
    return tf.clipByValue(inside, 0, last);
  }

  /** Sample each image of a batch at rows and columns of shape [batch, height, width]. */
  function warped(x, givenRows, givenColumns, { interpolation, fillMode, fillValue }) {
    const [batch, height, width, channels] = x.shape;
    const wraps = fillMode === "wrap";
    const rows = wraps ? wrapped(givenRows, height) : givenRows;
    const columns = wraps ? wrapped(givenColumns, width) : givenColumns;
    const whole = [batch, rows.shape[1], rows.shape[2], channels];
    const spread = (y, shape) => tf.broadcastTo(tf.reshape(y, shape), whole);
    const coordinates = tf.stack([
      spread(tf.range(0, batch), [batch, 1, 1, 1]),
      tf.broadcastTo(tf.expandDims(rows, 3), whole),
      tf.broadcastTo(tf.expandDims(columns, 3), whole),
      spread(tf.range(0, channels), [1, 1, 1, channels]),
    ]);
    return sampled(x, coordinates, orders[interpolation], fillMode, numeric.number(fillValue));
  }

  /** The row and the column of each pixel, of shape [1, height, width]. */
  function pixels(x) {
    const [, height, width] = x.shape;
    const rows = tf.reshape(tf.range(0, height), [1, height, 1]);
    const columns = tf.reshape(tf.range(0, width), [1, 1, width]);
    return [tf.broadcastTo(rows, [1, height, width]), tf.broadcastTo(columns, [1, height, width])];
  }

  function projected(x, transforms, options) {
    const batch = x.shape[0];
    const all = tf.broadcastTo(
      transforms.rank === 1 ? tf.expandDims(transforms, 0) : transforms,
      [batch, 8],
    );
    const [a0, a1, a2, b0, b1, b2, c0, c1] = tf
      .unstack(all, 1)
      .map((value) => tf.reshape(value, [batch, 1, 1]));
    const [rows, columns] = pixels(x);
    const line = (p, q, r) => tf.add(tf.add(tf.mul(p, columns), tf.mul(q, rows)), r);
    const scale = options.projective ? line(c0, c1, 1) : 1;
    return warped(x, tf.div(line(b0, b1, b2), scale), tf.div(line(a0, a1, a2), scale), options);
  }

  /** The transforms from end points to start points, eight numbers each, in double precision. */
  function homographies(startPoints, endPoints) {
    const list = (points) => (points.rank === 2 ? [points.arraySync()] : points.arraySync());
    const ends = list(endPoints);
    const rows = list(startPoints).map((points, index) => {
      const matrix = [];
      points.forEach(([x, y], corner) => {
        const [u, v] = ends[index][corner];
        matrix.push([u, v, 1, 0, 0, 0, -x * u, -x * v, x], [0, 0, 0, u, v, 1, -y * u, -y * v, y]);
      });
      return eliminated(matrix).map((row) => row[8]);
    });
    return tf.tensor2d(rows);
  }

  const bell = (size, sigma) => {
    const weights = range(size).map((index) => Math.exp(-0.5 * ((index - (size - 1) / 2) / sigma) ** 2));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return tf.tensor1d(weights.map((weight) => weight / total));
  };

  /** Convolve each channel by the same two vectors. */
  function separable(x, rows, columns, padding) {
    const channels = x.shape[3];
    const kernel = tf.mul(tf.expandDims(rows, 1), tf.expandDims(columns, 0));
    const full = tf.tile(tf.reshape(kernel, [...kernel.shape, 1, 1]), [1, 1, channels, 1]);
    return tf.depthwiseConv2d(x, full, 1, padding);
  }

  function similarity(one, other, { maxVal, filterSize, filterSigma, k1, k2 }) {
    const weights = bell(filterSize, filterSigma);
    const blurred = (x) => separable(x, weights, weights, "valid");
    const [c1, c2] = [(k1 * maxVal) ** 2, (k2 * maxVal) ** 2];
    const [mean1, mean2] = [blurred(one), blurred(other)];
    const [square1, square2, both] = [tf.square(mean1), tf.square(mean2), tf.mul(mean1, mean2)];
    const variance1 = tf.sub(blurred(tf.square(one)), square1);
    const variance2 = tf.sub(blurred(tf.square(other)), square2);
    const covariance = tf.sub(blurred(tf.mul(one, other)), both);
    const twice = (x, shift) => tf.add(tf.mul(x, 2), shift);
    const above = tf.mul(twice(both, c1), twice(covariance, c2));
    const below = tf.mul(
      tf.add(tf.add(square1, square2), c1),
      tf.add(tf.add(variance1, variance2), c2),
    );
    return tf.mean(tf.div(above, below), [1, 2, 3]);
  }

  const margins = (size, target, before, after, sign) => {
    if (before === null) return [sign * (target - size) - after, after];
    if (after === null) return [before, sign * (target - size) - before];
    return [before, after];
  };

  const sides = (options, what) =>
    ["top", "bottom", "left", "right"].map((side) => options[`${side}${what}`]);

  function bordered(x, options, what, sign, change) {
    const [top, bottom, left, right] = sides(options, what);
    const { targetHeight, targetWidth } = options;
    const rows = margins(x.shape[1], targetHeight, top, bottom, sign);
    const columns = margins(x.shape[2], targetWidth, left, right, sign);
    return change(rows, columns);
  }

  taking(["images", "dataFormat"], {
    rgbToGrayscale: ({ images, dataFormat }) =>
      batched(images, dataFormat, (x) =>
        x.shape[3] === 1 ? x : tf.sum(tf.mul(x, tf.tensor1d([0.2989, 0.587, 0.114])), 3, true),
      ),
    rgbToHsv: ({ images, dataFormat }) => batched(images, dataFormat, hsvOf),
    hsvToRgb: ({ images, dataFormat }) => batched(images, dataFormat, rgbOf),
    sobelEdges: ({ images, dataFormat }) => {
      const x = t(images);
      const first = dataFormat === "channelsFirst";
      const last = first ? tf.transpose(x, [0, 2, 3, 1]) : x;
      const widths = last.shape.map((_, axis) => (axis === 1 || axis === 2 ? [1, 1] : [0, 0]));
      // As TensorFlow does; Keras on other backends has other borders.
      const framed = padded(last, widths, "reflect");
      const [slope, smooth] = [tf.tensor1d([-1, 0, 1]), tf.tensor1d([1, 2, 1])];
      const edges = [
        separable(framed, slope, smooth, "valid"),
        separable(framed, smooth, slope, "valid"),
      ];
      const made = tf.stack(edges, 4);
      return first ? tf.transpose(made, [0, 3, 1, 2, 4]) : made;
    },
  });

  taking(["images", "size", "how"], {
    resize: ({ images, size, how }, { dtype }) => {
      const [height, width] = numeric.values(size);
      const made = resizeImages(t(images), { ...how, height, width });
      return dtype && how.method !== "nearest" ? tf.round(made) : made;
    },
  });

  taking(["inputs", "coordinates", "order", "fillMode", "fillValue"], {
    mapCoordinates: ({ inputs, coordinates, order, fillMode, fillValue }) =>
      sampled(t(inputs), t(coordinates), order, fillMode, numeric.number(fillValue)),
  });

  taking(["images", "transform", "interpolation", "fillMode", "fillValue", "dataFormat"], {
    affineTransform: ({ images, transform, dataFormat, ...options }) =>
      batched(images, dataFormat, (x) => projected(x, t(transform), options)),
  });

  taking(["images", "startPoints", "endPoints", "interpolation", "fillValue", "dataFormat"], {
    perspectiveTransform: ({ images, startPoints, endPoints, dataFormat, ...options }) =>
      batched(images, dataFormat, (x) => {
        const transforms = homographies(t(startPoints), t(endPoints));
        return projected(x, transforms, { ...options, fillMode: "constant", projective: true });
      }),
  });

  taking(["images", "kernelSize", "sigma", "dataFormat"], {
    gaussianBlur: ({ images, kernelSize, sigma, dataFormat }) =>
      batched(images, dataFormat, (x) => {
        const [columns, rows] = kernelSize.map((size, index) => bell(size, sigma[index]));
        return separable(x, rows, columns, "same");
      }),
  });

  const framing = (what) => [
    "images",
    ...["top", "left", "bottom", "right"].map((side) => `${side}${what}`),
    ...["targetHeight", "targetWidth", "dataFormat"],
  ];

  taking(framing("Padding"), {
    padImages: ({ images, dataFormat, ...options }) =>
      batched(images, dataFormat, (x) =>
        bordered(x, options, "Padding", 1, (rows, columns) =>
          tf.pad(x, [[0, 0], rows, columns, [0, 0]]),
        ),
      ),
  });

  taking(framing("Cropping"), {
    cropImages: ({ images, dataFormat, ...options }) =>
      batched(images, dataFormat, (x) =>
        bordered(x, options, "Cropping", -1, (rows, columns) => {
          const [batch, height, width, channels] = x.shape;
          return tf.slice(x, [0, rows[0], columns[0], 0], [
            batch, height - rows[0] - rows[1], width - columns[0] - columns[1], channels,
          ]);
        }),
      ),
  });

  taking(["image1", "image2", "maxVal", "filterSize", "filterSigma", "k1", "k2", "dataFormat"], {
    ssim: ({ image1, image2, dataFormat, ...options }) => {
      const last = (x) => (dataFormat === "channelsFirst" ? tf.transpose(x, [0, 2, 3, 1]) : x);
      const wide = (x) => last(x.rank === 3 ? tf.expandDims(x, 0) : x);
      const made = similarity(wide(t(image1)), wide(t(image2)), options);
      return t(image1).rank === 3 ? tf.squeeze(made, [0]) : made;
    },
  });

  taking(["x1", "x2", "maxVal"], {
    psnr: ({ x1, x2, maxVal }) => {
      const error = tf.mean(tf.squaredDifference(t(x1), t(x2)));
      const ratio = tf.log(tf.div(maxVal * maxVal, error));
      return tf.mul(ratio, 10 / Math.LN10);
    },
  });
});
