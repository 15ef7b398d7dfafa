// Contrast by histograms of tiles; `keras/src/layers/preprocessing/image_preprocessing/clahe.py`.
//
// Counting pixels has no gradient, so it is done on plain arrays.

part("histogram", [], ({ tf, layer }) => {
  const BINS = 256;
  const round = Math.fround;
  const limited = (value, least, most) => Math.min(Math.max(value, least), most);

  /** The index of a pixel, also beyond the end, where the image is mirrored. */
  function mirrored(index, size) {
    const place = index % (2 * size);
    return place < size ? place : 2 * size - 1 - place;
  }

  /** The new value for each old value, in a tile of `count` pixels with this histogram. */
  function equalized(histogram, count, clipLimit) {
    if (clipLimit > 0) {
      const limit = round((clipLimit * count) / BINS);
      const excess = histogram.reduce((sum, bin) => sum + Math.max(bin - limit, 0), 0);
      histogram = histogram.map((bin) => Math.min(bin, limit) + excess / BINS);
    }
    let total = 0;
    const upTo = histogram.map((bin) => (total += bin));
    const rest = count - upTo[0];
    return upTo.map((sum) => limited(((sum - upTo[0]) * 255) / (rest || 1), 0, 255));
  }

  /** For each pixel along an axis: the tiles on both sides, and the weight of the second. */
  function neighbours(size, tile, tiles) {
    return Array.from({ length: size }, (_, index) => {
      const place = (index - tile / 2) / tile;
      const before = Math.floor(place);
      return [limited(before, 0, tiles - 1), limited(before + 1, 0, tiles - 1), place - before];
    });
  }

  /** Equalize one channel of one image; `at` reads its values and `put` writes the new ones. */
  function equalizeChannel(at, put, [height, width], { tiles: [down, across], clipLimit }) {
    const [tall, wide] = [Math.ceil(height / down), Math.ceil(width / across)];
    const tables = [];
    for (let tile = 0; tile < down * across; tile++) {
      const histogram = new Float64Array(BINS);
      const [top, left] = [Math.floor(tile / across) * tall, (tile % across) * wide];
      for (let row = top; row < top + tall; row++) {
        for (let column = left; column < left + wide; column++) {
          histogram[at(mirrored(row, height), mirrored(column, width))]++;
        }
      }
      tables.push(equalized(histogram, tall * wide, clipLimit));
    }
    const columns = neighbours(width, wide, across);
    neighbours(height, tall, down).forEach(([above, below, low], row) => {
      columns.forEach(([left, right, near], column) => {
        const value = at(row, column);
        const between = (tileRow) => {
          const [first, second] = [left, right].map((tile) => tables[tileRow * across + tile]);
          return first[value] * (1 - near) + second[value] * near;
        };
        put(row, column, between(above) * (1 - low) + between(below) * low);
      });
    });
  }

  layer("Clahe", ["range", "tiles", "clipLimit", "whole", "channelsFirst"], ([x], { args }) => {
    const [low, high] = args.range;
    const plain = low === 0 && high === 255;
    const toBin = (value) => (plain ? value : round(round((value - low) / (high - low)) * 255));
    const fromBin = (value) => (plain ? value : (value / 255) * (high - low) + low);
    const images = x.rank === 3 ? tf.expandDims(x, 0) : x;
    const order = args.channelsFirst ? [0, 1, 2, 3] : [0, 3, 1, 2];
    const planes = tf.transpose(images, order);
    const [batch, channels, height, width] = planes.shape;
    const values = planes.dataSync();
    const result = new Float32Array(values.length);
    for (let plane = 0; plane < batch * channels; plane++) {
      const index = (row, column) => (plane * height + row) * width + column;
      equalizeChannel(
        (row, column) => limited(Math.trunc(toBin(values[index(row, column)])), 0, BINS - 1),
        (row, column, value) => (result[index(row, column)] = fromBin(value)),
        [height, width],
        args,
      );
    }
    const done = tf.tensor4d(result, planes.shape);
    const back = args.channelsFirst ? done : tf.transpose(done, [0, 2, 3, 1]);
    return tf.reshape(args.whole ? tf.cast(tf.cast(back, "int32"), "float32") : back, x.shape);
  });
});
