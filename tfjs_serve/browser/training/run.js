// A model's outputs with their masks, and what goes into the loss beside them.
//
// TensorFlow.js's own way through the layers gives no masks of the outputs, lets a mask last beyond
// the layers that it is for, and does not know that a frozen BatchNormalization does not train.

part("run", ["loss"], ({ tf, asList, activated }) => {
  const ACTIVATIONS = ["softmax", "sigmoid"];

  /** The graph of a model; a Sequential has a model of its own in itself. */
  const graphOf = (model) => model.model ?? model;
  const isModel = (layer) => graphOf(layer).nodesByDepth !== undefined;

  /**
   * Compute a model's outputs.
   *
   * @param sources `{value, mask}` for each input of the model.
   * @param options `training`; `dialect`; names of `inferenceLayers`, which do not train with the
   *     others; `onOutput(layer, value)` for each output of each layer; `kept`, a list to which
   *     tensors are added that have to be disposed of after the loss.
   * @returns `{value, mask}` for each output.
   */
  function run(model, sources, options) {
    const graph = graphOf(model);
    const nodes = nodesOf(graph);
    const found = new Map(graph.inputs.map(({ id }, index) => [id, sources[index]]));
    const release = options.training ? () => {} : releasing(graph, nodes, found);
    const frozen = options.frozen || !model.trainable;
    for (const node of nodes) {
      if (node.outputTensors.every(({ id }) => found.has(id))) continue;
      const given = node.inputTensors.map(({ id }) => found.get(id));
      const made = outputsOf(node.outboundLayer, given, { ...options, frozen });
      node.outputTensors.forEach(({ id }, index) => found.set(id, made[index]));
      node.inputTensors.forEach(release);
    }
    return graph.outputs.map(({ id }) => found.get(id));
  }

  /** Return what disposes of a tensor after its last use, so that large models fit into memory. */
  function releasing(graph, nodes, found) {
    const left = new Map();
    const count = ({ id }, uses = 1) => left.set(id, (left.get(id) ?? 0) + uses);
    nodes.forEach(({ inputTensors }) => inputTensors.forEach((tensor) => count(tensor)));
    [...graph.inputs, ...graph.outputs].forEach((tensor) => count(tensor, Infinity));
    const isHeld = (value) =>
      [...found].some(([id, entry]) => left.get(id) > 0 && entry.value === value);
    return ({ id, sourceLayer }) => {
      left.set(id, left.get(id) - 1);
      const { value } = found.get(id);
      if (left.get(id) === 0 && !value.kept && !sourceLayer.stateful && !isHeld(value))
        value.dispose();
    };
  }

  function nodesOf({ nodesByDepth }) {
    const depths = Object.keys(nodesByDepth).map(Number);
    return depths.sort((one, other) => other - one).flatMap((depth) => nodesByDepth[depth]);
  }

  function outputsOf(layer, given, outer) {
    const isInferring = outer.isInferring || outer.inferenceLayers.includes(layer.name);
    const options = { ...outer, isInferring };
    if (isModel(layer)) return run(layer, given, options);
    const values = given.map(({ value }) => value);
    const masks = given.map(({ mask }) => mask ?? null);
    const isFixed = isInferring || (isFrozen(layer, options) && isNormalization(layer));
    const isTrained = options.training && !isFixed;
    const kwargs = { training: isTrained };
    const hasMask = masks.some((mask) => mask !== null);
    if (hasMask) kwargs.mask = masks[0];
    const hasOwnVariance = isTrained && options.dialect === "tf_keras" && isNormalization(layer);
    const correct = hasOwnVariance ? unbiased(layer, values[0]) : () => {};
    const outputs = asList(applied(layer, values, kwargs, options.kept));
    correct();
    const made = layer.supportsMasking ? layer.computeMask(values, masks) : null;
    outputs.forEach((value) => options.onOutput?.(layer, value));
    return outputs.map((value, index) => ({ value, mask: maskAt(made, index) }));
  }

  const maskAt = (made, index) => (Array.isArray(made) ? made[index] : made) ?? null;

  const isNormalization = (layer) => layer.getClassName() === "BatchNormalization";
  /** A frozen model has frozen the weights of its layers, and not the layers. */
  function isFrozen(layer, { frozen }) {
    const own = [layer.gamma, layer.beta].filter(Boolean);
    const areFrozen = own.length > 0 && own.every(({ trainable }) => !trainable);
    return frozen || !layer.trainable || areFrozen;
  }

  /** Return what changes the moving variance of images, after a step, as tf_keras has it. */
  function unbiased({ movingVariance, momentum, axis }, { rank, shape, size }) {
    if (rank !== 4) return () => {};
    const count = size / shape.at(axis);
    const kept = tf.mul(movingVariance.read(), momentum);
    return () => {
      const added = tf.sub(movingVariance.read(), kept);
      movingVariance.write(tf.add(kept, tf.mul(added, count / Math.max(1, count - 1))));
    };
  }

  /** Apply a layer, and keep what goes into the softmax or the sigmoid at its end. */
  function applied(layer, values, kwargs, kept) {
    const own = layer.activation?.getClassName?.();
    if (layer.getClassName() === "Softmax") {
      const output = layer.apply(values, kwargs);
      const logits = tf.keep(tf.clone(values[0])); // which is disposed of after its last use
      kept.push(logits);
      activated.set(output, { logits, activation: "softmax" });
      return output;
    }
    if (!ACTIVATIONS.includes(own)) return layer.apply(values, kwargs);
    return recorded(layer, kept, () => layer.apply(values, kwargs));
  }

  /** A layer disposes of what is within it, so what went into its activation is a copy. */
  function recorded(layer, kept, apply) {
    const { activation } = layer;
    const own = activation.getClassName();
    let logits = null;
    const recording = {
      value(input, ...rest) {
        logits = tf.keep(tf.clone(input));
        kept.push(logits);
        return activation.apply(input, ...rest);
      },
    };
    layer.activation = Object.create(activation, { apply: recording });
    try {
      const output = apply();
      const isLast = logits !== null && !Array.isArray(output) && sameShape(output, logits);
      if (isLast) activated.set(output, { logits, activation: own });
      return output;
    } finally {
      layer.activation = activation;
    }
  }

  const sameShape = (one, other) => one.shape.join() === other.shape.join();

  /** All layers within a model, each once. */
  function layersOf(model, found = new Set()) {
    for (const layer of model.layers) {
      if (isModel(layer)) layersOf(layer, found);
      else found.add(layer);
    }
    return found;
  }

  /** A layer in the model, or within one of its models. */
  function layerCalled(model, name, what) {
    const found = [...layersOf(model)].find((layer) => layer.name === name);
    if (found) return found;
    throw new Error(`The model has no layer ${name}, for which there is a ${what}`);
  }

  return { graphOf, run, layersOf, layerCalled };
});
