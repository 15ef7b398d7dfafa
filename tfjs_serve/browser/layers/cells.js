// The cells of recurrent layers; `keras/src/layers/rnn/{simple_rnn,lstm,gru,conv_lstm}.py`.
//
// `makeCell(args, weights, training)` returns a cell. It projects the inputs of all steps at
// once. Its first state is its output.

part("cells", ["activations"], ({ tf, called, checked, activate, settingsOf }) => {
  const lastSize = (x) => x.shape[x.rank - 1];
  const split = (x, count) => tf.split(x, count, x.rank - 1);

  const dropoutMask = (shape, rate) => tf.dropout(tf.ones(shape), rate);
  const isRate = (rate) => rate > 0 && rate < 1;

  // --- Products of a cell's inputs at all steps, and of its first state at one step -------------

  const dense = {
    inputs(x, kernel) {
      const rows = tf.reshape(x, [x.size / lastSize(x), lastSize(x)]);
      return tf.reshape(tf.matMul(rows, kernel), [...x.shape.slice(0, -1), lastSize(kernel)]);
    },
    state: (h, kernel) => tf.matMul(h, kernel),
  };

  const convolutions = {
    1: (x, kernel, [stride], padding, [dilation]) =>
      tf.conv1d(x, kernel, stride, padding, "NWC", dilation),
    2: (x, kernel, strides, padding, dilations) =>
      tf.conv2d(x, kernel, strides, padding, "NHWC", dilations),
    3: (x, kernel, strides, padding, dilations) =>
      tf.conv3d(x, kernel, strides, padding, "NDHWC", dilations),
  };

  function convolutional({ strides, padding, dilationRate }) {
    const convolve = convolutions[strides.length];
    const ones = strides.map(() => 1);
    return {
      inputs(x, kernel) {
        const [batch, steps, ...image] = x.shape;
        const images = tf.reshape(x, [batch * steps, ...image]);
        const y = convolve(images, kernel, strides, padding, dilationRate);
        return tf.reshape(y, [batch, steps, ...y.shape.slice(1)]);
      },
      state: (h, kernel) => convolve(h, kernel, ones, "same", ones),
    };
  }

  // --- Steps of cells: from projected inputs and states to the next states ----------------------

  const plus = (x, bias) => (bias ? tf.add(x, bias) : x);

  function simpleStep(x, [h], { args, ofState }) {
    return [activate(args.activation, tf.add(x, ofState(h)))];
  }

  function lstmStep(x, [h, c], { args, ofState }) {
    const gates = split(tf.add(x, ofState(h)), 4);
    const [input, forget, output] = [0, 1, 3].map((index) =>
      activate(args.recurrentActivation, gates[index]),
    );
    const kept = tf.mul(forget, c);
    const carry = tf.add(kept, tf.mul(input, activate(args.activation, gates[2])));
    return [tf.mul(output, activate(args.activation, carry)), carry];
  }

  function gruStep(x, [h], { args, ofState, weights, drop }) {
    const [xUpdate, xReset, xNew] = split(x, 3);
    const gate = (one, other) => activate(args.recurrentActivation, tf.add(one, other));
    let update, ofReset;
    if (args.resetAfter) {
      const [hUpdate, hReset, hNew] = split(plus(ofState(h), weights.recurrentBias), 3);
      update = gate(xUpdate, hUpdate);
      ofReset = tf.mul(gate(xReset, hReset), hNew);
    } else {
      const [hUpdate, hReset] = split(tf.matMul(drop(h), weights.gateKernel), 2);
      update = gate(xUpdate, hUpdate);
      ofReset = tf.matMul(tf.mul(gate(xReset, hReset), drop(h)), weights.newKernel);
    }
    const proposed = activate(args.activation, tf.add(xNew, ofReset));
    return [tf.add(tf.mul(update, h), tf.mul(tf.sub(1, update), proposed))];
  }

  const common = ["kind", "prefix", "activation", "dropout", "recurrentDropout"];
  const gated = [...common, "recurrentActivation"];
  const kinds = {
    simpleRnn: { step: simpleStep, states: 1, declared: common },
    lstm: {
      step: lstmStep,
      states: 2,
      declared: [...gated, "strides?", "padding?", "dilationRate?"],
    },
    gru: { step: gruStep, states: 1, declared: [...gated, "resetAfter"] },
  };

  function cellArguments(given) {
    const { declared } = called(kinds, "cell", given.kind);
    const args = checked(`The cell ${given.kind}`, declared, given);
    settingsOf(args.activation);
    if (declared.includes("recurrentActivation")) settingsOf(args.recurrentActivation);
    return args;
  }

  /** Split the weights of a GRU, as its variant needs them. */
  function gruWeights({ recurrent_kernel, bias, ...weights }, resetAfter) {
    const all = { ...weights, recurrent_kernel, bias };
    if (resetAfter) {
      if (bias) [all.bias, all.recurrentBias] = tf.unstack(bias);
      return all;
    }
    const units = recurrent_kernel.shape[0];
    all.gateKernel = tf.slice(recurrent_kernel, [0, 0], [units, 2 * units]);
    all.newKernel = tf.slice(recurrent_kernel, [0, 2 * units], [units, units]);
    return all;
  }

  /** Return a cell: `project(x)` for all steps, `step(x, states)`, `zeros(projected)`. */
  function makeCell(cell, given, training) {
    const args = cellArguments(cell);
    const { step, states } = kinds[args.kind];
    const products = cell.strides ? convolutional(args) : dense;
    const weights = args.kind === "gru" ? gruWeights(given, args.resetAfter) : given;
    const kernel = weights.recurrent_kernel;
    const size = kernel.shape[kernel.rank - 2];
    let mask = null;
    // The same features are dropped at each step.
    const dropInputs = (x) => {
      if (!training || !isRate(args.dropout)) return x;
      const [batch, , ...rest] = x.shape;
      return tf.mul(x, dropoutMask([batch, 1, ...rest], args.dropout));
    };
    const drop = (h) => {
      if (!training || !isRate(args.recurrentDropout)) return h;
      mask = mask ?? dropoutMask(h.shape, args.recurrentDropout);
      return tf.mul(h, mask);
    };
    const ofState = (h) => products.state(drop(h), kernel);
    return {
      states,
      project: (x) => plus(products.inputs(dropInputs(x), weights.kernel), weights.bias),
      step: (x, current) => step(x, current, { args, weights, ofState, drop }),
      zeros({ shape: [batch, , ...rest] }) {
        const shape = [batch, ...rest.slice(0, -1), size];
        return Array.from({ length: states }, () => tf.zeros(shape));
      },
    };
  }

  return { cellArguments, makeCell };
});
