// What Keras adds to the loss of a model: regularizers.py in keras/src/regularizers.

part("regularizers", ["run"], (kit) => {
  const { tf, settings, insist, called, spelledOut, layersOf, layerCalled } = kit;
  const absolute = (values) => tf.sum(tf.abs(values));
  const squared = (values) => tf.sum(tf.square(values));

  function orthogonal(values, { factor, mode }) {
    const isRows = mode === "rows";
    const unit = tf.mul(
      values,
      tf.minimum(tf.rsqrt(tf.sum(tf.square(values), isRows ? 1 : 0, true)), 1e7),
    );
    const products = tf.matMul(unit, unit, !isRows, isRows);
    const size = products.shape[0];
    const others = tf.abs(tf.mul(products, tf.sub(1, tf.eye(size))));
    return tf.div(tf.mul(factor * 0.5, tf.sum(others)), (size * (size - 1)) / 2);
  }

  const REGULARIZERS = {
    L1: [{ l1: 0.01 }, (values, { l1 }) => tf.mul(l1, absolute(values))],
    L2: [{ l2: 0.01 }, (values, { l2 }) => tf.mul(l2, squared(values))],
    L1L2: [
      { l1: 0, l2: 0 },
      (values, { l1, l2 }) => tf.add(tf.mul(l1, absolute(values)), tf.mul(l2, squared(values))),
    ],
    OrthogonalRegularizer: [{ factor: 0.01, mode: "rows" }, orthogonal],
  };

  /** A function of tensors, of what Keras has serialised. */
  function regularizerOf(given) {
    const { name, config } = spelledOut(given);
    const [defaults, compute] = called(REGULARIZERS, "regularizer", name);
    const args = settings(name, defaults, config);
    const { mode = "rows" } = args;
    insist(["rows", "columns"].includes(mode), name, "mode", "rows or columns", mode);
    return (values) => compute(values, args);
  }

  function weightOf(layer, name) {
    const isCalled = ({ originalName }) =>
      originalName === name || originalName.endsWith(`/${name}`);
    const found = layer.weights.find(isCalled);
    if (found) return found;
    throw new Error(
      `The layer ${layer.name} has no weight ${name}, for which there is a regularizer`,
    );
  }

  /**
   * Return `{onOutput, penalties}` for one pass through a model: `onOutput` looks at the outputs of
   * layers, `penalties()` returns the sum after that.
   */
  function penaltiesOf(model, { activityRegularizers, weightRegularizers, dialect }) {
    const byLayer = new Map();
    for (const given of activityRegularizers) {
      byLayer.set(layerCalled(model, given.layer, "regularizer"), regularizerOf(given));
    }
    const own = weightRegularizers.map((given) => {
      const layer = layerCalled(model, given.layer, "regularizer");
      const regularize = regularizerOf(given);
      const weight = weightOf(layer, given.weight);
      return { layer, losses: () => [regularize(weight.read())] };
    });
    const ofTopology = [...layersOf(model)].map((layer) => ({
      layer,
      losses: () => layer.calculateLosses(),
    }));
    const all = [...ofTopology, ...own];
    // Keras 3 does not regularise what is frozen.
    const isCounted = ({ layer }) => dialect !== "keras3" || layer.trainableWeights.length > 0;

    return () => {
      const sums = [];
      return {
        onOutput(layer, value) {
          const regularize = byLayer.get(layer);
          if (regularize) sums.push(tf.div(regularize(value), value.shape[0]));
        },
        penalties: () => [...sums, ...all.filter(isCounted).flatMap(({ losses }) => losses())],
      };
    };
  }

  return { penaltiesOf };
});
