// Recurrent layers; `keras/src/layers/rnn` and, for files of Keras 2, `tf_keras/src/layers/rnn`.
//
// Stacked cells run over the whole sequence one after the other, which gives the same as running
// all of them at each step.

part("recurrent", ["cells"], (kit) => {
  const { tf, CompanionLayer, define, asList, checked, cellArguments, makeCell } = kit;
  const swapped = (x) => tf.transpose(x, [1, 0, ...[...x.shape.keys()].slice(2)]);

  // --- Masks ------------------------------------------------------------------------------------

  /** Make a mask of numbers one for the outputs of a cell: a tensor of booleans for each step. */
  function spreadMask(mask, state, steps) {
    const [batch, ...rest] = state.shape;
    let numbers = mask;
    // A mask may differ between the pixels of an image, but not between features of a vector.
    if (state.rank === 2 && mask.rank > 2) {
      numbers = tf.max(tf.reshape(numbers, [batch, steps, mask.size / batch / steps]), 2);
    }
    const missing = state.rank + 1 - numbers.rank;
    const shape = [...numbers.shape, ...Array(missing).fill(1)];
    const full = tf.mul(tf.reshape(numbers, shape), tf.ones([1, 1, ...rest]));
    return tf.unstack(full, 1).map((step) => tf.cast(step, "bool"));
  }

  /** For each step, whether it or an earlier one is unmasked. */
  function everSeen(masks) {
    const seen = [];
    for (const mask of masks) {
      seen.push(seen.length ? tf.logicalOr(seen[seen.length - 1], mask) : mask);
    }
    return seen;
  }

  // --- Loops ------------------------------------------------------------------------------------

  function runCell(cell, x, given, mask) {
    const projected = cell.project(x);
    let states = given ?? cell.zeros(projected);
    const masks = mask && spreadMask(mask, states[0], x.shape[1]);
    const outputs = tf.unstack(projected, 1).map((step, t) => {
      const next = cell.step(step, states);
      states = masks ? next.map((s, index) => tf.where(masks[t], s, states[index])) : next;
      return states[0];
    });
    return { outputs, states, masks };
  }

  /** Put zeros where Keras does: before the first unmasked step, or at all masked steps. */
  function withZeros(outputs, masks, args, startsAtZero) {
    if (!masks) return outputs;
    const shown = (flags, ys) => ys.map((y, t) => tf.where(flags[t], y, tf.zerosLike(y)));
    const seen = args.startsAtState || startsAtZero ? outputs : shown(everSeen(masks), outputs);
    if (!args.zeroOutput) return seen;
    return shown(args.zerosUnturned ? [...masks].reverse() : masks, seen);
  }

  const channelsLast = (x, first) =>
    tf.transpose(x, [...[...x.shape.keys()].filter((axis) => axis !== first), first]);
  function channelsFirst(x, first) {
    const axes = [...x.shape.keys()].slice(0, -1);
    return tf.transpose(x, [...axes.slice(0, first), x.rank - 1, ...axes.slice(first)]);
  }

  /** Run the cells of one layer; `initial` holds the states of all cells, or is null. */
  function recur(args, weightsOf, x, initial, mask, training) {
    const first = args.channelsFirst;
    let sequence = args.timeMajor ? swapped(x) : first ? channelsLast(x, 2) : x;
    const numbers = mask && tf.cast(mask, "float32");
    let steps = numbers && args.timeMajor ? swapped(numbers) : numbers;
    if (args.goBackwards) {
      sequence = tf.reverse(sequence, 1);
      steps = steps && tf.reverse(steps, 1);
    }
    const rest = initial?.map((s) => (first ? channelsLast(s, 1) : s));
    const states = [];
    let ran;
    args.cells.forEach((cellArgs, index) => {
      const cell = makeCell(cellArgs, weightsOf(cellArgs.prefix), training);
      if (index) sequence = tf.stack(ran.outputs, 1);
      ran = runCell(cell, sequence, rest?.splice(0, cell.states) ?? null, steps);
      states.push(...ran.states.map((s) => (first ? channelsFirst(s, 1) : s)));
    });
    const outputs = withZeros(ran.outputs, ran.masks, args, !initial);
    let output = args.returnSequences ? tf.stack(outputs, 1) : outputs[outputs.length - 1];
    if (first) output = channelsFirst(output, args.returnSequences ? 2 : 1);
    if (args.timeMajor && args.returnSequences) output = swapped(output);
    // TensorFlow.js disposes of outputs that it has used, so no two may be the same tensor.
    return { output, states: states.map((state) => tf.clone(state)) };
  }

  // --- States from one batch to the next ------------------------------------------------------

  /**
   * The states of a stateful layer.
   *
   * TensorFlow.js calls a layer again, with the same inputs, for each of its outputs that is used.
   * Each of these calls has to start from the same states. So the states before the last calls are
   * kept; gradients need them, too.
   */
  class Memory {
    constructor(size, isRepeated) {
      this.size = size;
      this.isRepeated = isRepeated;
      this.reset();
    }

    start(inputs) {
      const key = this.isRepeated ? inputs.map((x) => x.id).join() : Symbol("a call");
      if (!this.calls.has(key)) {
        const [oldest] = this.calls.keys();
        if (this.calls.size >= this.size) this.forget(oldest);
        this.calls.set(key, { before: this.latest, isDone: false });
      }
      this.current = this.calls.get(key);
      return this.current.before;
    }

    finish(states) {
      if (this.current.isDone) return;
      this.current.isDone = true;
      this.latest = states.map((state) => tf.keep(state.clone()));
    }

    forget(key) {
      tf.dispose(this.calls.get(key).before);
      this.calls.delete(key);
    }

    reset() {
      for (const key of this.calls?.keys() ?? []) this.forget(key);
      tf.dispose(this.latest ?? null);
      this.calls = new Map();
      this.latest = null;
    }
  }

  /** Choose the initial states: those that were remembered, or those that were given. */
  function chosen(remembered, given, givenWins) {
    if (!remembered || (given && givenWins)) return given;
    if (!given) return remembered;
    // Keras 2 takes the given states only if all of the remembered ones are zero.
    const used = tf.max(tf.stack(remembered.map((state) => tf.max(tf.abs(state)))));
    const flag = tf.cast(tf.greater(used, 0), "float32");
    return remembered.map((s, index) => tf.add(s, tf.mul(tf.sub(1, flag), given[index])));
  }

  // --- Layers -----------------------------------------------------------------------------------

  class Recurrence extends CompanionLayer {
    constructor(config) {
      super(config);
      const isRepeated = (this.shapes[0]?.[1].length ?? 2) > 1;
      const loops = this.directions.map((name) => this.directionArgs(name));
      this._stateful = loops[0].stateful;
      this.memories = loops.map(() => new Memory(this.args.runs || 1, isRepeated));
      for (const cell of loops.flatMap((loop) => loop.cells)) cellArguments(cell);
    }

    get directions() {
      return [""];
    }

    directionArgs(_name) {
      return this.args;
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        const all = asList(inputs);
        const given = this.args.ordered ? all.slice(0, -1) : [...all];
        const masks = { explicit: () => given.pop(), implicit: () => kwargs?.mask, none: () => null };
        const mask = masks[this.args.mask]() ?? null;
        const [x, ...states] = given;
        const count = states.length / this.directions.length;
        const results = this.directions.map((name, index) => {
          const own = count ? states.slice(index * count, (index + 1) * count) : null;
          const run = (start) => this.run(name, x, start, mask, kwargs?.training ?? false);
          if (!this.stateful) return run(own);
          const memory = this.memories[index];
          const { givenWins } = this.directionArgs(name);
          const result = run(chosen(memory.start(all), own, givenWins));
          memory.finish(result.states);
          return result;
        });
        return this.merged(results);
      });
    }

    run(name, x, start, mask, training) {
      const weightsOf = (prefix) => {
        const path = name ? `${name}/${prefix}` : prefix;
        const keys = ["kernel", "recurrent_kernel", "bias"];
        return Object.fromEntries(keys.map((key) => [key, this.variable[path + key]?.read()]));
      };
      return recur(this.directionArgs(name), weightsOf, x, start, mask, training);
    }

    merged([{ output, states }]) {
      return this.args.returnState ? [output, ...states] : output;
    }

    resetStates() {
      this.memories.forEach((memory) => memory.reset());
    }

    dispose() {
      const result = super.dispose();
      if (result.refCountAfterDispose === 0) this.resetStates();
      return result;
    }
  }

  const merges = {
    concat: (one, other) => tf.concat([one, other], -1),
    sum: (one, other) => tf.add(one, other),
    ave: (one, other) => tf.div(tf.add(one, other), 2),
    mul: (one, other) => tf.mul(one, other),
  };

  const { declared: loop } = define(
    ["GRU", "LSTM", "RNN", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"],
    [
      "cells", "mask", "ordered", "runs", "returnSequences", "returnState", "goBackwards",
      "stateful", "timeMajor", "zeroOutput", "zerosUnturned", "startsAtState", "givenWins",
      "channelsFirst?",
    ],
    Recurrence,
  );

  /** Each direction has the arguments of a layer of its own. */
  class Bidirectional extends Recurrence {
    get directions() {
      return ["forward", "backward"];
    }

    directionArgs(name) {
      return checked(`The ${name} direction of ${this.name}`, loop, this.args[name]);
    }

    merged([forward, backward]) {
      const { returnSequences, returnState, timeMajor } = this.directionArgs("forward");
      const turned = returnSequences
        ? tf.reverse(backward.output, timeMajor ? 0 : 1)
        : backward.output;
      const merge = merges[this.args.mergeMode];
      const outputs = merge ? [merge(forward.output, turned)] : [forward.output, turned];
      if (returnState) outputs.push(...forward.states, ...backward.states);
      return outputs.length === 1 ? outputs[0] : outputs;
    }
  }

  define(
    "Bidirectional",
    ["forward", "backward", "mergeMode", "mask", "ordered", "runs"],
    Bidirectional,
  );
});
