// Keras's optimizers that change each number of a weight by itself: sgd.py, adam.py, adamw.py,
// nadam.py, adamax.py, rmsprop.py, adagrad.py, adadelta.py, lion.py and ftrl.py in
// keras/src/optimizers. `isOld` names what Keras 1 and 2 computed otherwise.

part("optimizers", ["optimizer"], ({ tf, optimizer, addTo, insist, f32 }) => {
  const isOld = ({ dialect }) => dialect === "keras1" || dialect === "keras2";
  const power = (base, exponent) => f32(Math.pow(f32(base), exponent));
  const subtract = (variable, change) => variable.assign(tf.sub(variable, change));

  /** `slot += (value - slot) * (1 - keep)` */
  const approach = (slot, value, keep) => addTo(slot, tf.mul(tf.sub(value, slot), 1 - keep));
  /** `slot = keep * slot + (1 - keep) * value` */
  const blend = (slot, value, keep) =>
    slot.assign(tf.add(tf.mul(keep, slot), tf.mul(1 - keep, value)));

  // --- Gradient descent ------------------------------------------------------------------------

  const SGD = optimizer(
    "SGD",
    { learningRate: 0.01, momentum: 0, nesterov: false },
    {
      inspect: ({ momentum }) =>
        insist(momentum >= 0 && momentum <= 1, "SGD", "momentum", "in 0...1", momentum),
      slots: ({ momentum }) => (momentum === 0 ? [] : ["momentum"]),
      step({ args: { momentum, nesterov }, rate, slot, variable, gradient }) {
        const change = tf.mul(gradient, rate);
        if (momentum === 0) return subtract(variable, change);
        slot.momentum.assign(tf.sub(tf.mul(slot.momentum, momentum), change));
        const ahead = nesterov ? tf.sub(tf.mul(slot.momentum, momentum), change) : slot.momentum;
        addTo(variable, ahead);
      },
    },
  );

  const Lion = optimizer(
    "Lion",
    { learningRate: 0.001, beta1: 0.9, beta2: 0.99 },
    {
      inspect: ({ beta1 }) => insist(beta1 > 0 && beta1 <= 1, "Lion", "beta1", "in 0...1", beta1),
      slots: () => ["momentum"],
      step({ args: { beta1, beta2 }, rate, slot: { momentum }, variable, gradient }) {
        const [keep1, keep2] = [f32(beta1), f32(beta2)];
        const direction = tf.add(tf.mul(momentum, keep1), tf.mul(gradient, f32(1 - keep1)));
        subtract(variable, tf.mul(rate, tf.sign(direction)));
        momentum.assign(tf.add(tf.mul(momentum, keep2), tf.mul(gradient, f32(1 - keep2))));
      },
    },
  );

  // --- Adam and its kin ------------------------------------------------------------------------

  const betas = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

  function adamStep({ args, rate, step, slot, variable, gradient }) {
    const { beta1, beta2, epsilon, amsgrad } = args;
    const root = f32(Math.sqrt(f32(1 - power(beta2, step))));
    const alpha = f32(f32(rate * root) / f32(1 - power(beta1, step)));
    approach(slot.momentum, gradient, beta1);
    approach(slot.velocity, tf.square(gradient), beta2);
    if (amsgrad) slot.velocity_hat.assign(tf.maximum(slot.velocity_hat, slot.velocity));
    const velocity = amsgrad ? slot.velocity_hat : slot.velocity;
    subtract(variable, tf.div(tf.mul(slot.momentum, alpha), tf.add(tf.sqrt(velocity), epsilon)));
  }

  const adam = {
    slots: ({ amsgrad }) => ["momentum", "velocity", ...(amsgrad ? ["velocity_hat"] : [])],
    step: adamStep,
  };
  const Adam = optimizer("Adam", { ...betas, amsgrad: false }, adam);
  const AdamW = optimizer(
    "AdamW",
    { ...betas, weightDecay: 0.004, amsgrad: false },
    {
      ...adam,
      inspect: ({ weightDecay }) =>
        insist(weightDecay !== null, "AdamW", "weightDecay", "a number", weightDecay),
    },
  );

  /** Momentum that grows with the steps; `scheduleDecay` is 0.004 in Keras 1 and 2. */
  const momentumAt = ({ beta1, scheduleDecay }, step) =>
    f32(f32(beta1) * f32(1 - f32(0.5 * power(0.96, step * scheduleDecay))));

  const Nadam = optimizer(
    "Nadam",
    { ...betas, scheduleDecay: 1 },
    {
      slots: () => ["momentum", "velocity"],
      scalars: [["u_product", 1]],
      before({ args, step, scalar: { u_product: product } }) {
        product.assign(tf.mul(product, momentumAt(args, step)));
      },
      step({ args, rate, step, scalar, slot: { momentum, velocity }, variable, gradient }) {
        const [now, next] = [momentumAt(args, step), momentumAt(args, step + 1)];
        const product = scalar.u_product;
        approach(momentum, gradient, f32(args.beta1));
        approach(velocity, tf.square(gradient), f32(args.beta2));
        const ahead = tf.div(tf.mul(next, momentum), tf.sub(1, tf.mul(product, next)));
        const here = tf.div(tf.mul(f32(1 - now), gradient), tf.sub(1, product));
        const root = tf.sqrt(tf.div(velocity, f32(1 - power(args.beta2, step))));
        subtract(variable, tf.div(tf.mul(tf.add(ahead, here), rate), tf.add(root, args.epsilon)));
      },
    },
  );

  const Adamax = optimizer("Adamax", betas, {
    slots: () => ["momentum", "norm"],
    step({ args: { beta1, beta2, epsilon }, rate, step, slot, variable, gradient }) {
      approach(slot.momentum, gradient, beta1);
      slot.norm.assign(tf.maximum(tf.mul(beta2, slot.norm), tf.abs(gradient)));
      const divisor = tf.mul(f32(1 - power(beta1, step)), tf.add(slot.norm, epsilon));
      subtract(variable, tf.div(tf.mul(rate, slot.momentum), divisor));
    },
  });

  function scheduleFreeStep({ args, rate, step, slot, variable, gradient }) {
    const { epsilon, warmupSteps } = args;
    const [keep1, keep2] = [f32(args.beta1), f32(args.beta2)];
    const warm = warmupSteps > 0 ? f32(rate * Math.min(f32(step / warmupSteps), 1)) : rate;
    const share = f32(1 / step);
    const [former, others] = [slot.momentum.clone(), f32(1 - keep1)];
    approach(slot.velocity, tf.square(gradient), keep2);
    const root = tf.sqrt(tf.div(slot.velocity, f32(1 - power(keep2, step))));
    subtract(slot.momentum, tf.div(tf.mul(warm, gradient), tf.add(root, epsilon)));
    const mean = tf.div(tf.sub(variable, tf.mul(others, former)), keep1);
    const next = tf.add(tf.mul(f32(1 - share), mean), tf.mul(share, slot.momentum));
    variable.assign(tf.add(tf.mul(others, slot.momentum), tf.mul(keep1, next)));
  }

  const ScheduleFreeAdamW = optimizer(
    "ScheduleFreeAdamW",
    { ...betas, learningRate: 0.0025, epsilon: 1e-8, warmupSteps: 0 },
    {
      slots: () => [["momentum", ({ variable }) => variable.clone()], "velocity"],
      step: scheduleFreeStep,
    },
  );

  // --- By the size of former gradients ---------------------------------------------------------

  /** The root of what was accumulated; Keras 1 and 2 added epsilon to the root, not under it. */
  const rootOf = (args, value) =>
    isOld(args) ? tf.add(tf.sqrt(value), args.epsilon) : tf.sqrt(tf.add(value, args.epsilon));

  const rmsDefaults = { rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false };
  const RMSprop = optimizer(
    "RMSprop",
    { learningRate: 0.001, ...rmsDefaults },
    {
      slots: ({ momentum, centered }) => [
        "velocity",
        ...(momentum > 0 ? ["momentum"] : []),
        ...(centered ? ["average_gradient"] : []),
      ],
      step({ args, rate, slot, variable, gradient }) {
        const { rho, momentum, centered } = args;
        blend(slot.velocity, tf.square(gradient), rho);
        if (centered) blend(slot.average_gradient, gradient, rho);
        const size = centered
          ? tf.sub(slot.velocity, tf.square(slot.average_gradient))
          : slot.velocity;
        // With momentum, TensorFlow's operation added epsilon under the root in Keras 2, too.
        const root = rootOf(momentum > 0 ? { ...args, dialect: "keras3" } : args, size);
        const change = tf.div(tf.mul(rate, gradient), root);
        if (!(momentum > 0)) return subtract(variable, change);
        slot.momentum.assign(tf.add(tf.mul(momentum, slot.momentum), change));
        subtract(variable, slot.momentum);
      },
    },
  );

  const adagradDefaults = { initialAccumulatorValue: 0.1, epsilon: 1e-7 };
  const Adagrad = optimizer(
    "Adagrad",
    { learningRate: 0.001, ...adagradDefaults },
    {
      slots: (args) => [["accumulator", args.initialAccumulatorValue]],
      step({ args, rate, slot: { accumulator }, variable, gradient }) {
        addTo(accumulator, tf.square(gradient));
        subtract(variable, tf.div(tf.mul(rate, gradient), rootOf(args, accumulator)));
      },
    },
  );

  const Adadelta = optimizer(
    "Adadelta",
    { learningRate: 0.001, rho: 0.95, epsilon: 1e-7 },
    {
      slots: () => ["accumulated_grad", "accumulated_delta_var"],
      step({ args: { rho, epsilon }, rate, slot, variable, gradient }) {
        const root = (value) => tf.sqrt(tf.add(value, epsilon));
        const { accumulated_grad: gradients, accumulated_delta_var: changes } = slot;
        blend(gradients, tf.square(gradient), rho);
        const change = tf.neg(tf.div(tf.mul(root(changes), gradient), root(gradients)));
        blend(changes, tf.square(change), rho);
        addTo(variable, tf.mul(rate, change));
      },
    },
  );

  // --- Follow the regularised leader -----------------------------------------------------------

  const ftrlDefaults = {
    learningRate: 0.001,
    learningRatePower: -0.5,
    initialAccumulatorValue: 0.1,
    l1RegularizationStrength: 0,
    l2RegularizationStrength: 0,
    l2ShrinkageRegularizationStrength: 0,
    beta: 0,
  };

  function ftrlStep({ args, rate, slot: { accumulator, linear }, variable, gradient }) {
    const powered = (value) => tf.pow(value, -args.learningRatePower);
    const l1 = args.l1RegularizationStrength;
    const l2 = args.l2RegularizationStrength + args.beta / (2 * rate);
    const shrinkage = tf.mul(2 * args.l2ShrinkageRegularizationStrength, variable);
    const sum = tf.add(accumulator, tf.square(gradient));
    const growth = tf.div(tf.sub(powered(sum), powered(accumulator)), rate);
    addTo(linear, tf.sub(tf.add(gradient, shrinkage), tf.mul(growth, variable)));
    const quadratic = tf.add(tf.div(powered(sum), rate), 2 * l2);
    const clipped = tf.clipByValue(linear, -l1, l1);
    variable.assign(tf.div(tf.sub(clipped, linear), quadratic));
    accumulator.assign(sum);
  }

  const Ftrl = optimizer("Ftrl", ftrlDefaults, {
    inspect(args) {
      const power = args.learningRatePower;
      insist(power <= 0, "Ftrl", "learningRatePower", "0 or less", power);
      for (const [name, value] of Object.entries(args)) {
        const isFine = !/Strength$|^initial/.test(name) || value >= 0;
        insist(isFine, "Ftrl", name, "0 or more", value);
      }
    },
    slots: (args) => [["accumulator", args.initialAccumulatorValue], "linear"],
    step: ftrlStep,
  });

  const adams = { Adam, AdamW, Nadam, Adamax, ScheduleFreeAdamW };
  const optimizers = { SGD, Lion, ...adams, RMSprop, Adagrad, Adadelta, Ftrl };
  return { optimizers, adamStep, subtract };
});
