// Frees models of TensorFlow.js, and all of each: findings/tfjs_keeps_weights_after_dispose.sh.

/**
 * Return what frees a model and the optimizer that it was loaded with; call it while the model is as it
 * was loaded.
 *
 * TensorFlow.js counts the calls of a layer and gives back one of them, so layers that are called twice
 * keep their weights, and so do models inside of models. It leaves the optimizer, too. What the page
 * has called since, to make a model of its own of it, is left to the page.
 */
export function disposerOf(model) {
  const { optimizer } = model;
  const calls = new Map([...layersIn(model)].map((layer) => [layer, callsOf(layer)]));
  const isAsLoaded = (layer) => calls.get(layer) === callsOf(layer);
  return () => {
    disposeOnce(model);
    optimizer?.dispose();
    for (const layer of layersIn(model, isAsLoaded)) {
      if (!layer.layers) layer.weights.forEach(disposeOnce);
    }
  };
}

/** The layers of a model and of those inside of it, as far as each, and what it is in, is `wanted`. */
function* layersIn(model, wanted = () => true) {
  for (const layer of model.layers ?? []) {
    if (!wanted(layer)) continue;
    yield layer;
    yield* layersIn(layer, wanted);
  }
}

const callsOf = ({ inboundNodes }) => inboundNodes?.length ?? 0;

/** The page may have done so: it is handed the model that is replaced. */
function disposeOnce(one) {
  try {
    one.dispose();
  } catch (error) {
    if (!/already disposed/.test(error.message)) throw error;
  }
}
