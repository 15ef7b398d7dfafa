// Keras's optimizers that look at a weight as a whole: adafactor.py, lamb.py and muon.py in
// keras/src/optimizers.

part("whole_weights", ["optimizer", "optimizers", "clipping"], (kit) => {
  const { tf, optimizer, adamStep, subtract, addTo, squaresOf, f32 } = kit;
  const power = (base, exponent) => f32(Math.pow(f32(base), exponent));

  // --- Adafactor -------------------------------------------------------------------------------

  const isFactored = ({ variable }) => variable.rank >= 2;
  /** Rows and columns of the last two dimensions; a number that nothing reads for other weights. */
  const without = (axis) => (weight) => {
    if (!isFactored(weight)) return tf.scalar(0);
    const { shape, rank } = weight.variable;
    return tf.zeros(shape.filter((_, index) => index !== rank + axis));
  };
  const rms = (value) => tf.sqrt(tf.mean(tf.square(value)));
  const mix = (keep, slot, value) =>
    slot.assign(tf.add(tf.mul(keep, slot), tf.mul(f32(1 - keep), value)));

  function updateSizes(keep, { r, c, velocity }, squares) {
    mix(keep, r, tf.mean(squares, -1));
    mix(keep, c, tf.mean(squares, -2));
    const rows = tf.expandDims(tf.div(r, tf.mean(r, -1, true)), -1);
    velocity.assign(tf.mul(rows, tf.expandDims(c, -2)));
  }

  const Adafactor = optimizer(
    "Adafactor",
    {
      learningRate: 0.001,
      beta2Decay: -0.8,
      epsilon1: 1e-30,
      epsilon2: 1e-3,
      clipThreshold: 1,
      relativeStep: true,
    },
    {
      slots: () => [["r", without(-1)], ["c", without(-2)], "velocity"],
      step({ args, rate, step, hasSchedule, slot, variable, gradient }) {
        const bound = f32(1 / f32(Math.sqrt(step)));
        const own = !hasSchedule && args.relativeStep ? Math.min(rate, bound) : rate;
        const scale = tf.mul(tf.maximum(args.epsilon2, rms(variable)), Math.min(own, bound));
        const squares = tf.add(tf.square(gradient), args.epsilon1);
        const keep = f32(1 - power(step, args.beta2Decay));
        if (variable.rank >= 2) updateSizes(keep, slot, squares);
        else mix(keep, slot.velocity, squares);
        const change = tf.div(gradient, tf.sqrt(slot.velocity));
        const limit = tf.maximum(1, tf.div(rms(change), args.clipThreshold));
        subtract(variable, tf.mul(scale, tf.div(change, limit)));
      },
    },
  );

  // --- Lamb ------------------------------------------------------------------------------------

  const Lamb = optimizer(
    "Lamb",
    { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    {
      slots: () => ["momentum", "velocity"],
      step({ args: { beta1, beta2, epsilon }, rate, step, slot, variable, gradient }) {
        const { momentum, velocity } = slot;
        addTo(momentum, tf.mul(tf.sub(gradient, momentum), 1 - beta1));
        addTo(velocity, tf.mul(tf.sub(tf.square(gradient), velocity), 1 - beta2));
        const ahead = tf.div(momentum, f32(1 - power(beta1, step)));
        const root = tf.sqrt(tf.div(velocity, f32(1 - power(beta2, step))));
        const change = tf.div(ahead, tf.add(root, epsilon));
        const [weights, changes] = [variable, change].map((value) => tf.sqrt(squaresOf(value)));
        const areBoth = tf.logicalAnd(tf.greater(weights, 0), tf.greater(changes, 0));
        const ratio = tf.where(areBoth, tf.div(weights, changes), tf.onesLike(weights));
        subtract(variable, tf.mul(tf.mul(ratio, rate), change));
      },
    },
  );

  // --- Muon ------------------------------------------------------------------------------------

  /** Whether Muon leaves a weight to AdamW. */
  function isForAdam({ excludeEmbeddings, excludeLayers }, { variable, name }) {
    if (variable.rank !== 2) return true;
    if (excludeEmbeddings && name.toLowerCase().includes("embedding")) return true;
    return (excludeLayers ?? []).some((pattern) => new RegExp(pattern).test(name));
  }

  /** An orthogonal matrix near to a given one, by five steps of Newton and Schulz. */
  function orthogonal(matrix, args) {
    const { muonA, muonB, muonC, nsSteps } = args;
    const [rows, columns] = matrix.shape;
    if (rows > columns) return tf.transpose(orthogonal(tf.transpose(matrix), args));
    let x = tf.div(matrix, tf.add(tf.sqrt(squaresOf(matrix)), 1e-7));
    for (let index = 0; index < nsSteps; index += 1) {
      const square = tf.matMul(x, x, false, true);
      const mixed = tf.add(tf.mul(muonB, square), tf.matMul(tf.mul(muonC, square), square));
      x = tf.add(tf.mul(muonA, x), tf.matMul(mixed, x));
    }
    return x;
  }

  function muonStep({ args, rate, slot: { momentum: sum }, variable, gradient }) {
    const { momentum, nesterov, rmsRate } = args;
    addTo(sum, tf.add(gradient, tf.mul(sum, momentum - 1)));
    const direction = nesterov ? tf.add(gradient, tf.mul(momentum, sum)) : sum;
    const size = rmsRate === null ? 1 : Math.sqrt(Math.max(...variable.shape)) * rmsRate;
    subtract(variable, tf.mul(tf.mul(rate, orthogonal(direction, args)), size));
  }

  const Muon = optimizer(
    "Muon",
    {
      learningRate: 0.001,
      adamBeta1: 0.9,
      adamBeta2: 0.999,
      adamWeightDecay: 0.004,
      epsilon: 1e-7,
      weightDecay: 0.004,
      excludeLayers: null,
      excludeEmbeddings: true,
      muonA: 3.4445,
      muonB: -4.775,
      muonC: 2.0315,
      adamLrRatio: 1,
      momentum: 0.95,
      nsSteps: 5,
      nesterov: true,
      rmsRate: 0.2,
    },
    {
      slots: () => [
        "momentum",
        ["velocity", (weight, args) => (isForAdam(args, weight) ? 0 : null)],
      ],
      weightDecayOf: (args, weight) =>
        isForAdam(args, weight) ? args.adamWeightDecay : args.weightDecay,
      step(given) {
        const { args, rate, slot } = given;
        if (!slot.velocity) return muonStep(given);
        const { adamBeta1: beta1, adamBeta2: beta2, epsilon, adamLrRatio } = args;
        adamStep({ ...given, rate: f32(rate * adamLrRatio), args: { beta1, beta2, epsilon } });
      },
    },
  );

  return { optimizers: { Adafactor, Lamb, Muon } };
});
