// Operations for any number of axes, of which TensorFlow.js's webgl backend takes four at most.

/** The page's `tf` with those operations in place of its own. */
function withAllRanks(tf) {
  const MOST = 4;
  const product = (sizes) => sizes.reduce((one, other) => one * other, 1);
  const rankOf = (x) => x.rank ?? 0;

  /** Apply `compute` to x as a tensor of three axes, of which `axis` is the middle one. */
  function along(x, axis, compute) {
    const sides = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const [before, after] = sides.map(product);
    const y = compute(tf.reshape(x, [before, x.shape[axis], after]));
    return tf.reshape(y, [...sides[0], y.shape[1], ...sides[1]]);
  }

  function pad(x, edges, value = 0) {
    if (edges.length <= MOST) return tf.pad(x, edges, value);
    const padded = (y, sides, axis) =>
      along(y, axis, (flat) => tf.pad(flat, [[0, 0], sides, [0, 0]], value));
    return edges.reduce(
      (y, sides, axis) => (sides.some((count) => count) ? padded(y, sides, axis) : y),
      x,
    );
  }

  function reverse(x, axis) {
    if (rankOf(x) <= MOST) return tf.reverse(x, axis);
    const axes = axis == null ? [...x.shape.keys()] : [axis].flat();
    return axes.reduce(
      (y, one) => along(y, (one + x.rank) % x.rank, (flat) => tf.reverse(flat, 1)),
      x,
    );
  }

  function cumsum(x, axis = 0, ...how) {
    if (rankOf(x) <= MOST) return tf.cumsum(x, axis, ...how);
    return along(x, (axis + x.rank) % x.rank, (flat) => tf.cumsum(flat, 1, ...how));
  }

  function where(condition, one, other) {
    const all = [condition, one, other];
    if (Math.max(...all.map(rankOf)) <= MOST) return tf.where(condition, one, other);
    const shape = all
      .map((x) => x.shape ?? [])
      .reduce((left, right) => tf.broadcast_util.assertAndGetBroadcastShape(left, right));
    const flat = all.map((x) => tf.reshape(tf.broadcastTo(x, shape), [-1]));
    return tf.reshape(tf.where(...flat), shape);
  }

  return withOwn(tf, { pad, reverse, cumsum, where });
}
