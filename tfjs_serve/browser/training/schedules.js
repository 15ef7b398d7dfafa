// Learning rate schedules of keras.optimizers.schedules (learning_rate_schedule.py in
// keras/src/optimizers/schedules), as functions of the number of steps done. Keras computes them in
// float32, so each intermediate result is rounded.

part("schedules", [], ({ settings, insist, called, spelledOut, f32 }) => {
  const REQUIRED = undefined;
  const pow = (base, exponent) => f32(Math.pow(f32(base), f32(exponent)));
  const cosine = (fraction) => f32(0.5 * f32(1 + f32(Math.cos(f32(f32(Math.PI) * fraction)))));

  /** Declare a schedule; `at(step, settings)` returns the learning rate. */
  function schedule(name, defaults, at, inspect = () => {}) {
    return class {
      static className = name;
      static defaults = defaults;
      constructor(given) {
        this.settings = settings(name, { ...defaults, name }, given);
        const { decaySteps, firstDecaySteps } = this.settings;
        const steps = decaySteps ?? firstDecaySteps;
        insist(steps === undefined || steps > 0, name, "decaySteps", "above 0", steps);
        inspect(this.settings);
      }

      /** The learning rate after so many steps. */
      at(step) {
        return f32(at(step, this.settings));
      }

      getConfig() {
        return { ...this.settings };
      }
    };
  }

  const decay = { initialLearningRate: REQUIRED, decaySteps: REQUIRED, decayRate: REQUIRED };
  const stepsIn = (step, { decaySteps, staircase }) => {
    const fraction = f32(step / f32(decaySteps));
    return staircase ? Math.floor(fraction) : fraction;
  };

  function exponential(step, args) {
    return f32(args.initialLearningRate) * pow(args.decayRate, stepsIn(step, args));
  }

  function inverseTime(step, args) {
    const divisor = f32(1 + f32(f32(args.decayRate) * stepsIn(step, args)));
    return f32(args.initialLearningRate) / divisor;
  }

  function piecewise(step, { boundaries, values }) {
    const index = boundaries.findIndex((boundary) => step <= Math.trunc(boundary));
    return values[index === -1 ? values.length - 1 : index];
  }

  function polynomial(step, args) {
    const { decaySteps, cycle, power } = args;
    const [from, to] = [f32(args.initialLearningRate), f32(args.endLearningRate)];
    const cycles = step === 0 ? 1 : Math.ceil(f32(step / f32(decaySteps)));
    const length = cycle ? f32(decaySteps * cycles) : f32(decaySteps);
    const fraction = f32((cycle ? step : Math.min(step, decaySteps)) / length);
    return f32(f32(from - to) * pow(f32(1 - fraction), power)) + to;
  }

  function cosineDecay(step, args) {
    const { decaySteps, alpha, warmupTarget, warmupSteps } = args;
    const initial = f32(args.initialLearningRate);
    if (warmupTarget !== null && step < warmupSteps) {
      return f32(f32(warmupTarget - initial) * f32(step / f32(warmupSteps))) + initial;
    }
    const from = warmupTarget === null ? initial : f32(warmupTarget);
    const since = warmupTarget === null ? step : step - warmupSteps;
    const decayed = cosine(f32(Math.min(since, decaySteps) / f32(decaySteps)));
    return from * f32(f32(f32(1 - alpha) * decayed) + f32(alpha));
  }

  /** Number of the restart, and the part of its period that is over. */
  function periodOf(completed, tMul) {
    if (tMul === 1) return [Math.floor(completed), f32(completed - Math.floor(completed))];
    const grown = f32(1 - f32(completed * f32(1 - tMul)));
    const restart = Math.floor(f32(f32(Math.log(grown)) / f32(Math.log(tMul))));
    const before = f32(f32(1 - pow(tMul, restart)) / f32(1 - tMul));
    return [restart, f32(f32(completed - before) / pow(tMul, restart))];
  }

  function cosineRestarts(step, { initialLearningRate, firstDecaySteps, tMul, mMul, alpha }) {
    const [restart, fraction] = periodOf(f32(step / f32(firstDecaySteps)), f32(tMul));
    const decayed = f32(pow(mMul, restart) * cosine(fraction));
    return f32(initialLearningRate) * f32(f32(f32(1 - f32(alpha)) * decayed) + f32(alpha));
  }

  const isPiecewise = ({ boundaries, values }) =>
    insist(
      boundaries.length === values.length - 1,
      "PiecewiseConstantDecay",
      "values",
      "one longer than boundaries",
      values,
    );

  const schedules = {
    ExponentialDecay: schedule("ExponentialDecay", { ...decay, staircase: false }, exponential),
    InverseTimeDecay: schedule("InverseTimeDecay", { ...decay, staircase: false }, inverseTime),
    PiecewiseConstantDecay: schedule(
      "PiecewiseConstantDecay",
      { boundaries: REQUIRED, values: REQUIRED },
      piecewise,
      isPiecewise,
    ),
    PolynomialDecay: schedule(
      "PolynomialDecay",
      {
        initialLearningRate: REQUIRED,
        decaySteps: REQUIRED,
        endLearningRate: 0.0001,
        power: 1,
        cycle: false,
      },
      polynomial,
    ),
    CosineDecay: schedule(
      "CosineDecay",
      {
        initialLearningRate: REQUIRED,
        decaySteps: REQUIRED,
        alpha: 0,
        warmupTarget: null,
        warmupSteps: 0,
      },
      cosineDecay,
    ),
    CosineDecayRestarts: schedule(
      "CosineDecayRestarts",
      { initialLearningRate: REQUIRED, firstDecaySteps: REQUIRED, tMul: 2, mMul: 1, alpha: 0 },
      cosineRestarts,
    ),
  };

  /** The schedule of a setting: one already, or what was serialised; null for a number. */
  function scheduleOf(value) {
    if (value === null || typeof value !== "object") return null;
    if (typeof value.at === "function") return value;
    const { name, config } = spelledOut(value);
    return new (called(schedules, "learning rate schedule", name))(config);
  }

  return { schedules, scheduleOf };
});
