// Activations that TensorFlow.js lacks; `keras/src/activations/activations.py`.

part(({ tf, layer, activations }) => {
  Object.assign(activations, {
    exponential: (x) => tf.exp(x),
  });

  layer("Activation", ([x], { args }) => activations[args.function](x, args));
});
