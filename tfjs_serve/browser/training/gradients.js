// Gradients that TensorFlow.js 4.22 gets wrong or does not have, of what converted models are made
// of. They are registered for kernels, so they hold on every backend and for models that are loaded
// already, and predictions stay as they are.

part("gradients", [], ({ tf }) => {
  const register = (kernelName, config) => tf.registerGradient({ kernelName, ...config });
  const kernel = (name, inputs, attrs) => tf.engine().runKernel(name, inputs, attrs);
  const zeros = (shape) => () => tf.zeros(shape);

  // --- What does not change with small changes of its inputs ------------------------------------

  // TensorFlow.js throws when one of them is between a weight and the loss.
  const CONSTANTS = {
    x: ["All", "Any", "LogicalNot"],
    ab: [
      "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr", "NotEqual",
    ],
  };

  function registerConstants() {
    for (const kernelName of CONSTANTS.x) {
      register(kernelName, {
        inputsToSave: ["x"],
        gradFunc: (dy, [x]) => ({ x: zeros(x.shape) }),
      });
    }
    for (const kernelName of CONSTANTS.ab) {
      register(kernelName, {
        inputsToSave: ["a", "b"],
        gradFunc: (dy, [a, b]) => ({ a: zeros(a.shape), b: zeros(b.shape) }),
      });
    }
    // TensorFlow.js hands the gradient of an integer on to the number that it was rounded from.
    register("Cast", {
      gradFunc: (dy, saved, { dtype }) => ({
        x: () => (dtype === "float32" ? tf.clone(dy) : tf.zeros(dy.shape)),
      }),
    });
  }

  // --- Elementwise, and along axes --------------------------------------------------------------

  /** Sum a gradient over the axes along which its input was repeated. */
  function unbroadcast(gradient, shape) {
    const before = gradient.rank - shape.length;
    const axes = gradient.shape
      .map((size, axis) => axis)
      .filter((axis) => axis < before || (shape[axis - before] === 1 && gradient.shape[axis] !== 1));
    return tf.reshape(axes.length ? tf.sum(gradient, axes) : gradient, shape);
  }

  function registerElementwise() {
    // TensorFlow.js throws if one of them was repeated.
    const larger = (kernelName, chooses) =>
      register(kernelName, {
        inputsToSave: ["a", "b"],
        gradFunc: (dy, [a, b]) => {
          const share = (isOfA) => tf.mul(dy, tf.cast(isOfA, "float32"));
          return {
            a: () => unbroadcast(share(chooses(a, b)), a.shape),
            b: () => unbroadcast(share(tf.logicalNot(chooses(a, b))), b.shape),
          };
        },
      });
    larger("Maximum", tf.greaterEqual);
    larger("Minimum", tf.lessEqual);

    // Numbers that are equally large have a share each, and not the whole gradient.
    const extreme = (kernelName) =>
      register(kernelName, {
        inputsToSave: ["x"],
        outputsToSave: [true],
        gradFunc: (dy, [x, y], { reductionIndices, axis = reductionIndices }) => {
          const axes = tf.util.parseAxisParam(axis, x.shape);
          const kept = x.shape.map((size, at) => (axes.includes(at) ? 1 : size));
          return {
            x: () => {
              const chosen = tf.cast(tf.equal(x, tf.reshape(y, kept)), "float32");
              return tf.mul(chosen, tf.div(tf.reshape(dy, kept), tf.sum(chosen, axes, true)));
            },
          };
        },
      });
    extreme("Max");
    extreme("Min");

    // TensorFlow.js transposes the gradient of every axis but the last.
    register("Cumsum", {
      gradFunc: (dy, saved, { axis, exclusive, reverse }) => ({
        x: () => tf.cumsum(dy, axis, exclusive, !reverse),
      }),
    });
  }

  // --- What picks or repeats elements -----------------------------------------------------------

  function registerIndexing() {
    // TensorFlow.js has up to four axes, and slices out every repetition.
    register("Tile", {
      inputsToSave: ["x"],
      gradFunc: (dy, [x], { reps }) => ({
        x: () =>
          reps.reduce((rest, count, axis) => {
            const size = x.shape[axis];
            const [before, after] = [rest.shape.slice(0, axis), rest.shape.slice(axis + 1)];
            const product = (sizes) => sizes.reduce((total, one) => total * one, 1);
            const apart = tf.reshape(rest, [product(before), count, size, product(after)]);
            return tf.reshape(tf.sum(apart, 1), [...before, size, ...after]);
          }, dy),
      }),
    });

    // TensorFlow.js gives the indices themselves as the gradient of the indices, and throws.
    const gather = tf.getGradient("GatherV2");
    register("GatherV2", {
      ...gather,
      gradFunc: (dy, saved, attrs) => ({
        ...gather.gradFunc(dy, saved, attrs),
        indices: zeros(saved[1].shape),
      }),
    });

    register("GatherNd", {
      inputsToSave: ["params", "indices"],
      gradFunc: (dy, [params, indices]) => ({
        params: () => tf.scatterND(indices, dy, params.shape),
        indices: zeros(indices.shape),
      }),
    });

    // The indices, which are the second output, have no gradient.
    register("TopK", {
      inputsToSave: ["x"],
      outputsToSave: [false, true],
      gradFunc: ([dy], [x, indices]) => ({
        x: () => {
          const places = tf.range(0, x.shape[x.rank - 1], 1, "int32");
          const chosen = tf.cast(tf.equal(tf.expandDims(indices, -1), places), "float32");
          return tf.sum(tf.mul(chosen, tf.expandDims(dy, -1)), x.rank - 1);
        },
      }),
    });

    // TensorFlow.js throws if there is one part only.
    const listed = (dys) => (Array.isArray(dys) ? dys : [dys]);
    register("SplitV", {
      gradFunc: (dys, saved, { axis }) => ({ x: () => tf.concat(listed(dys), axis) }),
    });
    register("Unpack", {
      gradFunc: (dys, saved, { axis }) => ({ value: () => tf.stack(listed(dys), axis) }),
    });

    register("Diag", {
      gradFunc: (dy) => ({
        x: () => {
          const shape = dy.shape.slice(0, dy.rank / 2);
          const size = shape.reduce((product, one) => product * one, 1);
          const flat = tf.mul(tf.reshape(dy, [size, size]), tf.eye(size));
          return tf.reshape(tf.sum(flat, 1), shape);
        },
      }),
    });
  }

  registerConstants();
  registerElementwise();
  registerIndexing();

  return { registerGradient: register, kernel };
});
