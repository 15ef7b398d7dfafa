// Activations; `keras/src/ops/nn.py`. `activations.js` computes them.

family("activations", ["activations"], ({ tf, activations, numeric, ofEach, taking }) => {
  /** Operations that compute `activations[name]`, with the same arguments. */
  const named = (...names) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        ({ x, ...settings }) => activations[name](numeric.tensor(x), settings),
      ]),
    );

  taking(
    ["x"],
    named(
      ...["hardSigmoid", "hardSigmoidKeras2", "hardSilu", "hardTanh", "logSigmoid", "mish"],
      ...["relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "sparsePlus"],
      ...["sparseSigmoid", "tanh", "tanhShrink"],
    ),
  );
  ofEach({ relu: tf.relu });
  taking(["x", "negativeSlope"], named("leakyRelu"));
  taking(["x", "alpha"], named("celu", "elu"));
  taking(["x", "approximate"], named("gelu"));
  taking(["x", "threshold"], named("hardShrink", "softShrink"));
  taking(["x", "threshold", "defaultValue"], named("threshold"));
  taking(["x", "b"], named("squareplus"));
  taking(["x", "axis"], named("glu", "logSoftmax", "softmax", "sparsemax"));
});
