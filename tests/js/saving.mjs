// What the runner does with models that are saved; tests/parity/saving_node.py sends these commands:
//   {op: "saved", url, script, program, inputs, targets, optimizer} ->
//       {document, data, outputs: [tensor, ...]}
// The model is the one at `url`, or what the JavaScript in `program` makes of `tf`. With `targets`
// it is trained for two epochs, as it is compiled; with `script`, by that training.js. `document`
// is what model.save hands to a handler, without its weights, which are `data` in base64;
// `optimizer` says whether the state of the optimizer is part of it. Outputs are predicted before
// it is saved.

/** Return the operations, for a TensorFlow.js and the runner's ways with tensors. */
export function savingOperations(tf, { decodeTensor, encodeTensor, asArray, loadModel, training }) {
  async function artifactsOf(model, includeOptimizer) {
    let saved;
    const handler = tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    });
    await model.save(handler, { includeOptimizer });
    const { weightData, ...document } = saved;
    const buffer = tf.io.CompositeArrayBuffer.join(weightData);
    return { document, data: Buffer.from(buffer).toString("base64") };
  }

  return {
    async saved(command) {
      if (command.script) training(command.script);
      const model = command.url
        ? await loadModel(command)
        : await new Function("tf", command.program)(tf);
      const inputs = command.inputs.map(decodeTensor);
      const input = inputs.length === 1 ? inputs[0] : inputs;
      if (command.targets) {
        const targets = command.targets.map(decodeTensor);
        const target = targets.length === 1 ? targets[0] : targets;
        await model.fit(input, target, { epochs: 2, shuffle: false, verbose: 0 });
      }
      const outputs = asArray(model.predict(input)).map(encodeTensor);
      return { ...(await artifactsOf(model, Boolean(command.optimizer))), outputs };
    },
  };
}
