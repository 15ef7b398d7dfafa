"""Models that pages make with TensorFlow.js alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .node import Array

_BATCH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PageModel:
    """A model, and what it is fed.

    Attributes
    ----------
    program
        JavaScript that returns the model.
    shapes
        Of its inputs, without the batch.
    words
        How many different integers it is fed; 0 for floats.
    target
        Shape of what it is trained on, without the batch; ``None`` if it is not compiled.
    optimizer
        The class that Keras has for its optimizer.
    """

    name: str
    program: str
    shapes: tuple[tuple[int, ...], ...]
    words: int = 0
    target: tuple[int, ...] | None = None
    optimizer: str = ""

    def inputs(self) -> list[Array]:
        random = np.random.default_rng(len(self.program))
        if self.words:
            return [random.integers(0, self.words, (_BATCH, *shape)) for shape in self.shapes]
        return [random.normal(size=(_BATCH, *shape)).astype("f4") for shape in self.shapes]

    def targets(self) -> list[Array] | None:
        if self.target is None:
            return None
        return [np.random.default_rng(5).uniform(size=(_BATCH, *self.target)).astype("f4")]


MADE_IN_JAVASCRIPT = [
    PageModel(
        name="images",
        program="""
          const model = tf.sequential();
          const { layers } = tf;
          model.add(layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1] }));
          model.add(layers.maxPooling2d({ poolSize: 2 }));
          model.add(layers.batchNormalization());
          model.add(layers.flatten());
          model.add(layers.dropout({ rate: 0.3 }));
          model.add(layers.dense({ units: 3, activation: "softmax" }));
          const optimizer = tf.train.adam(0.01);
          model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
          return model;""",
        shapes=((8, 8, 1),),
        target=(3,),
        optimizer="Adam",
    ),
    PageModel(
        name="shared-models",
        program="""
          const { layers } = tf;
          const [a, b] = ["a", "b"].map((name) => tf.input({ shape: [4], name }));
          const shared = layers.dense({ units: 4, name: "shared" });
          const inner = tf.sequential({
            name: "inner",
            layers: [layers.dense({ units: 4, inputShape: [4] }), layers.leakyReLU({ alpha: 0.1 })],
          });
          const [x, y] = [a, b].map((one) => inner.apply(shared.apply(one)));
          const end = layers.dense({ units: 2 }).apply(layers.concatenate().apply([x, y]));
          return tf.model({ inputs: [a, b], outputs: [end, x] });""",
        shapes=((4,), (4,)),
    ),
    PageModel(
        name="angles",
        program="""
          const { layers } = tf;
          const [a, b] = [[4, 3], [5, 3]].map((shape) => tf.input({ shape }));
          const pairs = layers.dot({ axes: [2, 2], normalize: true }).apply([a, b]);
          const [x, y] = [a, b].map((one) => layers.globalMaxPooling1d().apply(one));
          const whole = layers.dot({ axes: -1, normalize: true }).apply([x, y]);
          return tf.model({ inputs: [a, b], outputs: [pairs, whole] });""",
        shapes=((4, 3), (5, 3)),
    ),
    PageModel(
        name="text",
        program="""
          const { layers } = tf;
          const gates = { recurrentActivation: "sigmoid", returnSequences: true };
          const model = tf.sequential();
          model.add(layers.embedding({ inputDim: 10, outputDim: 4, inputLength: 5 }));
          model.add(layers.lstm({ units: 3, ...gates }));
          model.add(layers.bidirectional({ layer: layers.gru({ units: 2, ...gates }) }));
          model.add(layers.timeDistributed({ layer: layers.dense({ units: 3 }) }));
          model.add(layers.globalAveragePooling1d());
          model.compile({ optimizer: tf.train.rmsprop(0.01), loss: "meanSquaredError" });
          return model;""",
        shapes=((5,),),
        words=10,
        target=(3,),
        optimizer="RMSprop",
    ),
    PageModel(
        name="many-layers",
        program="""
          const { layers } = tf;
          const gated = { units: 2, recurrentActivation: "sigmoid" };
          const cell = [layers.lstmCell(gated), layers.simpleRNNCell({ units: 3 })];
          const separable = { filters: 4, kernelSize: 3, depthMultiplier: 2, padding: "same" };
          return tf.sequential({
            layers: [
              layers.separableConv2d({ ...separable, inputShape: [8, 8, 3] }),
              layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
              layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 }),
              layers.upSampling2d({ size: [2, 2] }),
              layers.zeroPadding2d({ padding: [[1, 0], [0, 2]] }),
              layers.cropping2D({ cropping: [[1, 1], [0, 1]] }),
              layers.globalMaxPooling2d({ dataFormat: "channelsLast" }),
              layers.layerNormalization(),
              layers.prelu(),
              layers.elu(),
              layers.softmax({ axis: -1 }),
              layers.repeatVector({ n: 3 }),
              layers.permute({ dims: [2, 1] }),
              layers.reshape({ targetShape: [3, 2] }),
              layers.activation({ activation: "swish" }),
              layers.rnn({ cell }),
              layers.gaussianNoise({ stddev: 0.1 }),
            ],
          });""",
        shapes=((8, 8, 3),),
    ),
    PageModel(
        name="merged",
        program="""
          const { layers } = tf;
          const a = tf.input({ shape: [3, 4] });
          const b = layers.dense({ units: 4 }).apply(a);
          const merging = ["add", "multiply", "average", "maximum", "minimum"];
          const outputs = merging.map((name) => layers[name]().apply([a, b]));
          outputs.push(layers.dot({ axes: -1 }).apply([a, b]));
          outputs.push(layers.conv1d({ filters: 2, kernelSize: 2 }).apply(a));
          outputs.push(layers.maxPooling1d({ poolSize: 2 }).apply(a));
          outputs.push(layers.averagePooling1d({ poolSize: 2 }).apply(a));
          outputs.push(layers.globalMaxPooling1d().apply(a));
          return tf.model({ inputs: a, outputs });""",
        shapes=((3, 4),),
    ),
    PageModel(
        # As Teachable Machine puts a truncated model and its own layers together.
        name="models-in-a-row",
        program="""
          const { layers } = tf;
          const given = tf.input({ shape: [8, 8, 3] });
          const convolution = layers.conv2d({ filters: 4, kernelSize: 3, useBias: false });
          const normal = layers.batchNormalization({ name: "conv_pw_1_bn" });
          const active = layers.reLU({ maxValue: 6 });
          const features = active.apply(normal.apply(convolution.apply(given)));
          const truncated = tf.model({ inputs: given, outputs: features });
          const images = tf.sequential({ name: "images" });
          images.add(truncated);
          images.add(layers.globalAveragePooling2d({ dataFormat: "channelsLast" }));
          const head = tf.sequential({
            layers: [
              layers.dense({ inputShape: [4], units: 5, activation: "relu" }),
              layers.dense({ units: 2, useBias: false, activation: "softmax" }),
            ],
          });
          const model = tf.sequential();
          model.add(images);
          model.add(head);
          return model;""",
        shapes=((8, 8, 3),),
    ),
    PageModel(
        name="hard-gates",
        program="""
          const { layers } = tf;
          const recurrent = { units: 3, returnSequences: true };
          return tf.sequential({
            layers: [
              layers.lstm({ ...recurrent, inputShape: [5, 2] }),
              layers.gru({ ...recurrent, useBias: false }),
              layers.bidirectional({ layer: layers.lstm({ units: 2 }) }),
              layers.dense({ units: 2, activation: "hardSigmoid" }),
            ],
          });""",
        shapes=((5, 2),),
    ),
    PageModel(
        name="hard-gates-of-images",
        program="""
          const { layers } = tf;
          const recurrent = { filters: 3, kernelSize: 2, recurrentInitializer: "glorotUniform" };
          const images = { inputShape: [4, 5, 5, 2], returnSequences: true };
          return tf.sequential({
            layers: [
              layers.convLstm2d({ ...recurrent, ...images }),
              layers.convLstm2d({ ...recurrent, useBias: false, padding: "same" }),
            ],
          });""",
        shapes=((4, 5, 5, 2),),
    ),
    PageModel(
        name="hard-activations",
        program="""
          const { layers } = tf;
          const hard = () => layers.activation({ activation: "hardSigmoid" });
          const bare = { center: false, scale: false, inputShape: [4, 4, 3] };
          const input = tf.input({ shape: [5, 5, 2] });
          const image = layers.conv2d({ filters: 3, kernelSize: 2, useBias: false }).apply(input);
          const inner = tf.sequential({ layers: [layers.batchNormalization(bare), hard()] });
          const rows = layers.flatten().apply(inner.apply(hard().apply(image)));
          const outputs = hard().apply(layers.dense({ units: 2 }).apply(rows));
          return tf.model({ inputs: input, outputs });""",
        shapes=((5, 5, 2),),
    ),
    PageModel(
        name="model-in-a-wrapper",
        program="""
          const { layers } = tf;
          const dense = layers.dense({ units: 3, inputShape: [2] });
          const inner = tf.sequential({ layers: [dense, layers.leakyReLU({ alpha: 0.1 })] });
          const each = layers.timeDistributed({ layer: inner, inputShape: [4, 2] });
          return tf.sequential({ layers: [each, layers.dense({ units: 2 })] });""",
        shapes=((4, 2),),
    ),
    PageModel(
        # TensorFlow.js takes this dilation, and does not follow it.
        name="dilated",
        program="""
          const { layers } = tf;
          const dilated = { kernelSize: 2, dilationRate: 2, activation: "relu" };
          return tf.sequential({
            layers: [
              layers.depthwiseConv2d({ ...dilated, inputShape: [4, 4, 2] }),
              layers.flatten(),
              layers.dense({ units: 2 }),
            ],
          });""",
        shapes=((4, 4, 2),),
    ),
]

_WORDS = "inputDim: 6, outputDim: 3, maskZero: true, inputLength: 5"

COMPUTED_OTHERWISE = {
    "UpSampling2D": """
      const bilinear = { interpolation: "bilinear", inputShape: [3, 4, 2], name: "it" };
      return tf.sequential({ layers: [tf.layers.upSampling2d(bilinear)] });""",
    "BatchNormalization": """
      const first = tf.layers.batchNormalization({ axis: 1, inputShape: [3, 4], name: "it" });
      return tf.sequential({ layers: [first] });""",
    "GlobalAveragePooling1D": f"""
      const words = tf.layers.embedding({{ {_WORDS} }});
      const mean = tf.layers.globalAveragePooling1d({{ name: "it" }});
      return tf.sequential({{ layers: [words, mean] }});""",
    "Bidirectional": f"""
      const words = tf.layers.embedding({{ {_WORDS} }});
      const gated = {{ recurrentActivation: "sigmoid", returnSequences: true }};
      const layer = tf.layers.lstm({{ units: 2, ...gated }});
      const both = tf.layers.bidirectional({{ layer, mergeMode: "ave", name: "it" }});
      return tf.sequential({{ layers: [words, both] }});""",
    "SimpleRNN": f"""
      const {{ layers }} = tf;
      const input = tf.input({{ shape: [5] }});
      const masked = layers.embedding({{ {_WORDS} }}).apply(input);
      const plain = layers.embedding({{ inputDim: 6, outputDim: 2 }}).apply(input);
      const joined = layers.concatenate().apply([masked, plain]);
      const outputs = layers.simpleRNN({{ units: 2, name: "it" }}).apply(joined);
      return tf.model({{ inputs: input, outputs }});""",
}
"""Models with a layer ``it``, of that class, which TensorFlow.js computes otherwise than Keras."""
