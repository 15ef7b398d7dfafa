// Weights of samples, which TensorFlow.js's `fit` and `evaluate` do not take.

part("sample_weights", [], ({ tf }) => {
  /**
   * A tensor of weights for each output of a model, or null for one without.
   *
   * @param given one tensor for all outputs, a list with one for each, or an object by their names.
   * @param names those of the outputs in TensorFlow.js, and in Keras.
   * @param x the samples: a tensor, a list of tensors, or an object.
   * @returns copies, which the caller disposes of; an empty list where nothing is given.
   */
  function sampleWeightsOf(given, [names, kerasNames], x) {
    if (given === null || given === undefined) return [];
    const isOne = given instanceof tf.Tensor;
    if (!isOne) checkOutputs(given, names, kerasNames);
    const of = (name, index) =>
      Array.isArray(given) ? given[index] : (given[name] ?? given[kerasNames[index]]);
    return names.map((name, index) => {
      const weights = isOne ? given : (of(name, index) ?? null);
      if (weights !== null) checkCount(weights, countOf(x));
      return weights?.clone() ?? null;
    });
  }

  function checkOutputs(given, names, kerasNames) {
    if (Array.isArray(given)) {
      if (given.length === names.length) return;
      throw new Error(`sampleWeight has ${given.length} tensors for ${names.length} outputs`);
    }
    const unknown = Object.keys(given).find((key) => ![...names, ...kerasNames].includes(key));
    if (unknown === undefined) return;
    throw new Error(`sampleWeight has ${unknown}; the outputs are ${names.join(", ")}`);
  }

  function checkCount({ shape }, count) {
    if (shape[0] === count) return;
    throw new Error(`sampleWeight has the shape [${shape}] for ${count} samples`);
  }

  const countOf = (given) =>
    given instanceof tf.Tensor ? given.shape[0] : countOf(Object.values(given)[0]);

  /**
   * What `fit` validates with: `{args, weights}`, where `args` are without the weights that
   * TensorFlow.js refuses.
   */
  function validationOf(x, args, names) {
    const { validationData, validationSplit, sampleWeight } = args;
    if (validationData?.length === 3) {
      const [inputs, targets, given] = validationData;
      const weights = sampleWeightsOf(given, names, inputs);
      return { args: { ...args, validationData: [inputs, targets] }, weights };
    }
    const isSplit = !validationData && validationSplit > 0 && validationSplit < 1;
    if (!isSplit || !sampleWeight) return { args, weights: [] };
    const first = Math.floor(countOf(x) * (1 - validationSplit));
    const weights = tf.tidy(() =>
      sampleWeightsOf(sampleWeight, names, x).map((all) => all && tf.keep(all.slice(first))),
    );
    return { args, weights };
  }

  return { sampleWeightsOf, validationOf };
});
