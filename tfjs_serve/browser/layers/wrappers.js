// TimeDistributed; `keras/src/layers/rnn/time_distributed.py`, and Keras 2's.

part("wrappers", [], ({ tf, CompanionLayer, define, declaredBy, asList }) => {
  const Native = tf.serialization.SerializationMap.getMap().classNameMap.TimeDistributed[0];
  const withoutTime = ([batch, , ...rest]) => [batch, ...rest];
  const single = (values) => (values.length === 1 ? values[0] : values);

  class TimeDistributed extends Native {
    constructor(config) {
      super(config);
      this.given = config.arguments;
      this.args = declaredBy(this);
      this.shapes = config.shapes;
      this.passesMask = config.passesMask;
      this._stateful = this.args.stateful;
    }

    build(inputShape) {
      const shapes = Array.isArray(inputShape[0]) ? inputShape : [inputShape];
      if (!this.layer.built) this.layer.build(single(shapes.map(withoutTime)));
      this.layer.built = true;
      this.built = true;
    }

    call(inputs, kwargs) {
      const training = kwargs?.training ?? false;
      return tf.tidy(() => {
        const given = asList(inputs);
        const outputs = this.args.stateful
          ? this.stepByStep(given, training)
          : this.allAtOnce(given, training);
        return single(outputs);
      });
    }

    /** Call the layer inside once, with the steps as samples. */
    allAtOnce(inputs, training) {
      const [batch, steps] = inputs[0].shape;
      const joined = inputs.map((x) => tf.reshape(x, [batch * steps, ...x.shape.slice(2)]));
      return this.inner(joined, training).map((y) =>
        tf.reshape(y, [batch, steps, ...y.shape.slice(1)]),
      );
    }

    stepByStep(inputs, training) {
      const unstacked = inputs.map((x) => tf.unstack(x, 1));
      const at = (t) => this.inner(unstacked.map((steps) => steps[t]), training);
      if (this.args.startsTwice) at(0);
      const steps = unstacked[0].map((_, t) => at(t));
      return steps[0].map((_, index) => tf.stack(steps.map((outputs) => outputs[index]), 1));
    }

    inner(inputs, training) {
      return asList(this.layer.call(single(inputs), { training }));
    }

    resetStates() {
      this.layer.resetStates();
    }

    getConfig() {
      const { given, shapes, passesMask } = this;
      return { ...super.getConfig(), arguments: given, shapes, passesMask };
    }
  }

  for (const name of ["computeOutputShape", "computeMask"]) {
    TimeDistributed.prototype[name] = CompanionLayer.prototype[name];
  }
  define("TimeDistributed", ["stateful", "startsTwice"], TimeDistributed);
});
