// What all optimizers share: base_optimizer.py in keras/src/optimizers, in its order of operations.
//
// An optimizer is a `tf.Optimizer` that is declared by a rule: which slots each weight has, and how
// one step changes a weight and its slots. Numbers that do not depend on a weight are computed in
// JavaScript and rounded to float32, as Keras computes them.

part("optimizer", ["schedules", "clipping"], (kit) => {
  const { tf, PACKAGE, settings, insist, f32, float, scheduleOf, clip } = kit;

  const COMMON = {
    name: null,
    dialect: "keras3",
    weightDecay: null,
    clipnorm: null,
    clipvalue: null,
    globalClipnorm: null,
    useEma: false,
    emaMomentum: 0.99,
    emaOverwriteFrequency: null,
    // Scaling is against underflow of float16; TensorFlow.js's gradients are float32, and scaling
    // there and back by a power of two changes nothing.
    lossScaleFactor: null,
    gradientAccumulationSteps: null,
  };
  const ACCUMULATED = "gradient_accumulator";
  const AVERAGE = "average";

  function inspect(owner, args) {
    const clips = ["clipnorm", "clipvalue", "globalClipnorm"].filter((name) => args[name] !== null);
    insist(clips.length < 2, owner, clips.join(" and "), "one, not several", clips);
    const { emaMomentum, gradientAccumulationSteps: steps } = args;
    insist(emaMomentum >= 0 && emaMomentum <= 1, owner, "emaMomentum", "in 0...1", emaMomentum);
    const isCount = !steps || (Number.isInteger(steps) && steps >= 2);
    insist(isCount, owner, "gradientAccumulationSteps", "2 or more", steps);
  }

  const sameShape = (one, other) => one.join() === other.join();

  class KerasOptimizer extends tf.Optimizer {
    constructor(given) {
      super();
      const { name, defaults, inspect: inspectOwn = () => {} } = this.constructor.rule;
      const { learningRate } = defaults;
      this.args = settings(name, { ...COMMON, ...defaults, learningRate: null }, given);
      inspect(name, this.args);
      inspectOwn(this.args);
      this.learningRate = this.args.learningRate ?? learningRate;
      this.iterations_ = 0;
      this.weights = this.expected = this.pending = null;
    }

    get learningRate() {
      return typeof this.rate === "number" ? f32(this.rate) : this.rate.at(this.iterations);
    }

    /** A number, or a schedule. */
    set learningRate(value) {
      const rate = scheduleOf(value) ?? value;
      const isRate = typeof rate === "object" || Number.isFinite(rate);
      insist(isRate, this.constructor.rule.name, "learningRate", "a number or a schedule", value);
      this.rate = rate;
    }

    // --- Weights and slots ---------------------------------------------------------------------

    /**
     * Say which weights there will be: `{name, variable}` each, in the order in which `getWeights`
     * gives their slots. Otherwise they are those of the first step.
     */
    expect(weights) {
      this.expected = weights;
    }

    /** Make the slots; some begin with what the weights are then. */
    build(given) {
      const weights = this.expected ?? given;
      if (this.weights !== null || !weights) return;
      const { rule } = this.constructor;
      this.weights = weights.map((weight) => ({ ...weight, slot: {} }));
      this.scalars = tf.tidy(() =>
        (rule.scalars ?? []).map(([kind, value]) => ({
          name: kind,
          variable: fixed(tf.scalar(value)),
        })),
      );
      this.kinds = rule.slots(this.args).map((slot) => (typeof slot === "string" ? [slot] : slot));
      if (this.args.gradientAccumulationSteps) this.kinds.push([ACCUMULATED]);
      if (this.args.useEma) this.kinds.push([AVERAGE, this.initialAverage]);
      for (const [kind, initial = 0] of this.kinds) {
        for (const weight of this.weights) this.addSlot(weight, kind, initial);
      }
      if (this.pending) this.assignAll(this.pending);
      tf.dispose((this.pending ?? []).map(({ tensor }) => tensor));
      this.pending = null;
    }

    /** tf_keras begins with the weights themselves, Keras 3 with nothing. */
    get initialAverage() {
      return this.args.dialect === "keras3" ? 0 : ({ variable }) => variable.clone();
    }

    addSlot(weight, kind, initial) {
      const value = typeof initial === "function" ? initial(weight, this.args) : initial;
      if (value === null) return;
      weight.slot[kind] = tf.tidy(() =>
        fixed(typeof value === "number" ? tf.fill(weight.variable.shape, value) : value),
      );
      if (typeof value !== "number") value.dispose();
    }

    /** All that is saved, by its name, in order. */
    get state() {
      const slots = this.kinds.flatMap(([kind]) =>
        this.weights
          .filter(({ slot }) => kind in slot)
          .map(({ name, slot }) => ({ name: `${kind}/${name}`, variable: slot[kind] })),
      );
      return [...this.scalars, ...slots];
    }

    async getWeights() {
      this.build();
      const iterations = await this.saveIterations();
      const state = this.weights === null ? [] : this.state;
      return [iterations, ...state.map(({ name, variable }) => ({ name, tensor: variable }))];
    }

    async setWeights(values) {
      const rest = await this.extractIterations(values);
      this.build();
      if (this.weights !== null) return this.assignAll(rest);
      this.pending = rest.map(({ name, tensor }) => ({ name, tensor: tf.keep(tensor.clone()) }));
    }

    assignAll(values) {
      const { state } = this;
      const { name: owner } = this.constructor.rule;
      if (values.length !== state.length) {
        throw new Error(
          `${owner} has ${state.length} tensors beside iter, but ${values.length} were saved: the ` +
            "model's trainable weights, or the settings of the optimizer, are others than they were",
        );
      }
      values.forEach(({ name, tensor }, index) => {
        const { name: own, variable } = state[index];
        if (sameShape(tensor.shape, variable.shape)) return;
        throw new Error(
          `${own} of ${owner} has shape [${variable.shape}], ${name} [${tensor.shape}]`,
        );
      });
      tf.tidy(() =>
        values.forEach(({ tensor }, index) => state[index].variable.assign(float(tensor).clone())),
      );
    }

    // --- Steps ---------------------------------------------------------------------------------

    applyGradients(given) {
      const entries = Array.isArray(given)
        ? given
        : Object.entries(given).map(([name, tensor]) => ({ name, tensor }));
      const variables = tf.engine().registeredVariables;
      this.build(entries.map(({ name }) => ({ name, variable: variables[name] })));
      const steps = entries
        .filter(({ tensor }) => tensor != null)
        .map(({ name, tensor }) => ({ weight: this.weightOf(name), gradient: tensor }));
      tf.tidy(() => this.apply(steps));
      this.incrementIterations();
    }

    weightOf(name) {
      const found = this.weights.find(({ variable }) => variable.name === name);
      if (found) return found;
      throw new Error(
        `The optimizer ${this.constructor.rule.name} was made for other weights than ${name}: ` +
          "after a change of `trainable`, compile the model with a new one",
      );
    }

    apply(steps) {
      const { gradientAccumulationSteps: count, useEma } = this.args;
      if (!count) this.update(steps);
      else if ((this.iterations + 1) % count === 0) this.update(accumulated(steps, count));
      else steps.forEach(({ weight, gradient }) => addTo(weight.slot[ACCUMULATED], gradient));
      if (useEma) this.average();
    }

    update(steps) {
      const { rule } = this.constructor;
      const clipped = clip(steps, this.args);
      const rate = this.learningRate;
      const hasSchedule = typeof this.rate !== "number";
      const context = { args: this.args, rate, step: this.updates + 1, hasSchedule };
      for (const { weight } of clipped) this.decay(weight, rate);
      const scalar = Object.fromEntries(this.scalars.map(({ name, variable }) => [name, variable]));
      rule.before?.({ ...context, scalar });
      for (const { weight, gradient } of clipped) {
        const { variable, slot, name } = weight;
        rule.step({ ...context, scalar, slot, variable, gradient, name });
      }
    }

    /** Steps that have changed the weights. */
    get updates() {
      return Math.floor(this.iterations / (this.args.gradientAccumulationSteps || 1));
    }

    decay(weight, rate) {
      const { weightDecayOf = ({ weightDecay }) => weightDecay } = this.constructor.rule;
      const decay = weightDecayOf(this.args, weight);
      if (decay === null || this.isExcluded?.(weight.name)) return;
      const { variable } = weight;
      variable.assign(tf.sub(variable, tf.mul(tf.mul(variable, decay), rate)));
    }

    /** Leave out weights from weight decay whose name has one of these texts in it. */
    excludeFromWeightDecay(texts) {
      this.isExcluded = (name) => texts.some((text) => name.includes(text));
    }

    // --- Moving averages -----------------------------------------------------------------------

    average() {
      const { emaMomentum, emaOverwriteFrequency: frequency, dialect } = this.args;
      const momentum = dialect === "keras3" && this.updates === 0 ? 0 : f32(emaMomentum);
      for (const { variable, slot } of this.weights) {
        slot[AVERAGE].assign(
          tf.add(tf.mul(momentum, slot[AVERAGE]), tf.mul(f32(1 - momentum), variable)),
        );
      }
      if (frequency && (this.updates + 1) % frequency === 0) this.finalizeVariableValues();
    }

    /** Put the moving averages into the weights, if there are any; `fit` does so at its end. */
    finalizeVariableValues() {
      if (!this.args.useEma || this.weights === null) return;
      tf.tidy(() =>
        this.weights.forEach(({ variable, slot }) => variable.assign(slot[AVERAGE].clone())),
      );
    }

    // --- As TensorFlow.js wants it -------------------------------------------------------------

    getConfig() {
      const { rate } = this;
      const learningRate =
        typeof rate === "number"
          ? rate
          : { className: rate.constructor.className, config: rate.getConfig() };
      return { ...this.args, learningRate };
    }

    static fromConfig(cls, config) {
      return new cls(config);
    }

    dispose() {
      tf.dispose((this.pending ?? []).map(({ tensor }) => tensor));
      if (this.weights !== null) this.state.forEach(({ variable }) => variable.dispose());
      this.pending = this.weights = null;
    }
  }

  const fixed = (tensor) => tf.variable(tensor, false);
  const addTo = (variable, change) => variable.assign(tf.add(variable, change));

  function accumulated(steps, count) {
    return steps.map(({ weight, gradient }) => {
      const sum = weight.slot[ACCUMULATED];
      const mean = tf.div(tf.add(gradient, sum), count);
      sum.assign(tf.zerosLike(sum));
      return { weight, gradient: mean };
    });
  }

  // --- Declaring -------------------------------------------------------------------------------

  /**
   * Declare an optimizer.
   *
   * `rule.slots(args)` returns kinds of slots, each as a name, or as `[name, initial]`, where
   * `initial` is a number or a function of a weight, which returns a tensor, or null for no slot.
   * `rule.step` changes one weight: it gets `{args, rate, step, slot, variable, gradient, ...}`,
   * with the number of the step, from 1. `rule.before` runs before the first weight.
   */
  function optimizer(name, defaults, rule) {
    const cls = class extends KerasOptimizer {};
    Object.defineProperty(cls, "className", { value: `${PACKAGE}>${name}` });
    Object.defineProperty(cls, "rule", { value: { ...rule, name, defaults } });
    tf.serialization.registerClass(cls);
    return cls;
  }

  return { optimizer, addTo };
});
