"""What ``training.js`` does in a page: which models it changes, and what they do then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.declared import needs_node, node
from tfjs_serve.training_script import whole_script

QUIET = "console.log = console.warn = console.info = () => {};"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of ``training.js`` as a CommonJS module."""
    path = tmp_path_factory.mktemp("script") / "training.cjs"
    path.write_text(whole_script().text, encoding="utf-8")
    return str(path)


PAGE = f"""
{QUIET}
const tf = require("@tensorflow/tfjs");
const before = tf.LayersModel.prototype.fit;
const training = require(process.argv[1]);
training.register(tf);
training.register(tf);
const config = (keras) => ({{
  optimizer_config: {{ class_name: "SGD", config: {{ learning_rate: 0.5 }} }},
  loss: "mean_squared_error",
  metrics: [],
  ...(keras ? {{ keras }} : {{}}),
}});
const layers = [
  {{ class_name: "InputLayer", config: {{ name: "x", batch_input_shape: [null, 2] }} }},
  {{ class_name: "Dense", config: {{ name: "y", units: 1, kernel_initializer: "ones" }} }},
];
const modelTopology = {{ class_name: "Sequential", config: {{ name: "m", layers }} }};
const load = (keras) =>
  tf.loadLayersModel(tf.io.fromMemory({{ modelTopology, trainingConfig: config(keras) }}));
const keras = {{
  dialect: "keras3",
  optimizer: {{ class_name: "Adam", config: {{ learning_rate: 0.1, beta_1: 0.8 }} }},
  outputs: ["y"],
  losses: [{{ class_name: "Huber", config: {{ delta: 0.5 }} }}],
}};
const [x, y] = [tf.ones([4, 2]), tf.zeros([4, 1])];
const evaluated = (model) => {{
  const loss = model.evaluate(x, y);
  const [value] = loss.dataSync();
  loss.dispose();
  return value;
}};
"""


def in_page(program: str, script: str) -> Any:
    start = "(async () => { const answer = (value) => process.stdout.write(JSON.stringify(value));"
    return node("--eval", f"{PAGE}{start}{program}}})();", script)


@needs_node
def test_only_models_with_kerass_settings_are_changed(script: str) -> None:
    program = """
      const [plain, own] = [await load(), await load(keras)];
      answer([
        tf.LayersModel.prototype.fit === before,
        [evaluated(plain), plain.optimizer.getClassName()],
        [evaluated(own), own.optimizer.getClassName(), own.optimizer.learningRate],
      ]);
    """
    is_same, plain, own = in_page(program, script)
    assert is_same
    assert plain == [4, "SGD"]
    assert own == [0.875, "tfjs-serve/training.js>Adam", pytest.approx(0.1)]


@needs_node
def test_a_page_compiles_the_model_anew(script: str) -> None:
    program = """
      const model = await load(keras);
      await model.fit(x, y, { verbose: 0 });
      model.setWeights([tf.ones([2, 1]), tf.zeros([1])]);
      model.compile({ optimizer: "sgd", loss: "meanAbsoluteError", metrics: ["mse"] });
      const { history } = await model.fit(x, y, { verbose: 0 });
      answer([model.optimizer.getClassName(), history.loss[0], history.mse[0]]);
    """
    assert in_page(program, script) == ["SGD", 2, 4]


@needs_node
def test_nothing_is_left_of_a_model(script: str) -> None:
    program = """
      const count = tf.memory().numTensors;
      const model = await load(keras);
      await model.fit(x, y, { verbose: 0, validationData: [x, y] });
      evaluated(model);
      model.dispose();
      answer(tf.memory().numTensors - count);
    """
    assert in_page(program, script) == 0


@needs_node
def test_datasets_and_single_batches_train_the_same(script: str) -> None:
    program = """
      const models = [await load(keras), await load(keras), await load(keras)];
      const rows = [[1, 1], [1, 2], [2, 1]];
      const labels = [[0], [1], [0]];
      const data = tf.data.zip({ xs: tf.data.array(rows), ys: tf.data.array(labels) }).batch(2);
      const options = { verbose: 0, epochs: 1 };
      const fitted = { ...options, shuffle: false, batchSize: 2 };
      const first = await models[0].fit(tf.tensor(rows), tf.tensor(labels), fitted);
      const second = await models[1].fitDataset(data, { ...options, validationData: data });
      await models[2].trainOnBatch(tf.tensor(rows.slice(0, 2)), tf.tensor(labels.slice(0, 2)));
      const third = await models[2].trainOnBatch(
        tf.tensor(rows.slice(2)), tf.tensor(labels.slice(2)));
      const whole = (await models[1].evaluateDataset(data)).dataSync()[0];
      models[2].resetMetrics();
      const losses = [first, second].map(({ history }) => history.loss[0]);
      answer([...losses, third, whole, second.history.val_loss[0]]);
    """
    first, second, third, whole, validated = in_page(program, script)
    assert first == second == third
    assert whole == validated


@needs_node
def test_a_page_builds_its_own_training(script: str) -> None:
    program = """
      const { optimizers, schedules, losses, metrics } = training;
      const learningRate = new schedules.ExponentialDecay(
        { initialLearningRate: 0.25, decaySteps: 1, decayRate: 0.5 });
      const model = await load();
      const optimizer = new optimizers.RMSprop({ learningRate });
      model.compile({ optimizer, loss: losses.MeanSquaredError() });
      const { history } = await model.fit(x, y, { verbose: 0, epochs: 3 });
      const saved = {};
      await model.save(
        tf.io.withSaveHandler(async (artifacts) => Object.assign(saved, artifacts)));
      const metric = new metrics.BinaryAccuracy({ threshold: 0.25 });
      metric.updateState(tf.ones([4, 1]), tf.tensor([[0.1], [0.2], [0.3], [0.4]]));
      const config = optimizers.RMSprop.fromConfig(optimizers.RMSprop, optimizer.getConfig());
      answer([history.loss[0], history.loss[2] < history.loss[0], optimizer.learningRate,
        metric.result().dataSync()[0], config.learningRate]);
    """
    loss, is_lower, rate, accuracy, again = in_page(program, script)
    assert loss == 4
    assert is_lower
    assert rate == 0.25 * 0.5**3
    assert accuracy == 0.5
    assert again == 0.25


@needs_node
def test_a_certain_mistake_has_its_whole_loss_and_a_gradient(script: str) -> None:
    """What went into the softmax or the sigmoid counts, not what was rounded to 0."""
    program = """
      const found = [];
      for (const [activation, units, name, label] of [
        ["softmax", 2, "SparseCategoricalCrossentropy", [[1]]],
        ["softmax", 2, "CategoricalCrossentropy", [[0, 1]]],
        ["sigmoid", 1, "BinaryCrossentropy", [[0]]],
      ]) {
        const config = { name: "y", units, activation, kernel_initializer: "ones" };
        layers[1].config = config;
        const losses = [{ class_name: name, config: {} }];
        const metrics = [[{ class_name: name, config: { name: "same" } }]];
        const own = { ...keras, losses, metrics };
        own.optimizer = { class_name: "SGD", config: { learning_rate: 1 } };
        const model = await load(own);
        const kernel = units === 2 ? [[50, 0], [50, 0]] : [[50], [50]];
        model.setWeights([tf.tensor(kernel), tf.zeros([units])]);
        const loss = tf.tidy(() =>
          model.evaluate(tf.ones([1, 2]), tf.tensor(label)).map((one) => one.dataSync()[0]));
        await model.fit(tf.ones([1, 2]), tf.tensor(label), { verbose: 0 });
        found.push([...loss, Array.from(model.getWeights()[1].dataSync())]);
      }
      answer(found);
    """
    assert in_page(program, script) == [
        [100, 100, [-1, 1]],
        [100, 100, [-1, 1]],
        [100, 100, [-1]],
    ]


@needs_node
@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        ("keras3", ["b_accuracy", "b_mse", "z_mae", "z_weighted_mae"]),
        ("tf_keras", ["z_mae", "z_weighted_mae", "b_mse", "b_accuracy"]),
    ],
)
def test_logs_have_the_names_and_the_order_of_the_dialect(
    dialect: str, names: list[str], script: str
) -> None:
    program = f"""
      const input = tf.input({{ shape: [2], name: "x" }});
      const dense = (name) => tf.layers.dense({{ units: 1, name, kernelRegularizer: "l1l2" }});
      const outputs = ["z", "b"].map((name) => dense(name).apply(input));
      const model = tf.model({{ inputs: input, outputs }});
      const mae = {{ class_name: "MeanAbsoluteError", config: {{ name: "mae" }} }};
      const mse = {{ class_name: "MeanSquaredError", config: {{ name: "mse" }} }};
      const accuracy = {{ class_name: "BinaryAccuracy", config: {{ name: "accuracy" }} }};
      const losses = [mse, mse].map(({{ class_name }}) => ({{ class_name, config: {{}} }}));
      const lists = {{ metrics: [[mae], [mse, accuracy]], weighted_metrics: [[mae], []] }};
      const weights = [{{ layer: "z", weight: "kernel", class_name: "L1", config: {{ l1: 1 }} }}];
      model.loadTrainingConfig(config({{
        ...keras, ...lists, losses, dialect: "{dialect}", outputs: ["z", "b"],
        weight_regularizers: weights }}));
      model.setWeights([...model.getWeights()].map((one) => tf.ones(one.shape)));
      const values = model.evaluate(x, [tf.mul(y, 0), y]).map((one) => one.dataSync()[0]);
      answer([model.metricsNames, values.slice(0, 3)]);
    """
    found, values = in_page(program, script)
    assert found == ["loss", "z_loss", "b_loss", *names]
    regularized = 2 * (0.01 * 2 + 0.01 * 2) + 2
    assert values == [pytest.approx(9 + 9 + regularized), 9, 9]


@needs_node
def test_evaluating_keeps_no_more_than_predicting(script: str) -> None:
    """A layer's output is freed after its last use, also where it is that of an inner model."""
    program = """
      const inner = tf.sequential({ name: "inner", layers: [
        tf.layers.dense({ units: 2, inputShape: [2], name: "first" }),
        tf.layers.activation({ activation: "linear", name: "same" })] });
      const input = tf.input({ shape: [2], name: "x" });
      const once = inner.apply(input);
      let deep = once;
      for (let index = 0; index < 12; index += 1) {
        deep = tf.layers.reLU({ name: `relu${index}` }).apply(deep);
      }
      const sum = tf.layers.add({ name: "sum" }).apply([once, deep]);
      const last = tf.layers.dense({ units: 1, name: "y" }).apply(sum);
      const model = tf.model({ inputs: input, outputs: last });
      model.loadTrainingConfig(config(keras));
      const all = tf.ones([1000, 2]);
      const peak = async (compute) => (await tf.profile(compute)).peakBytes;
      const batches = { batchSize: 1000 };
      const predicting = await peak(() => tf.tidy(() => void model.predict(all, batches)));
      const targets = tf.ones([1000, 1]);
      const evaluate = () => model.evaluate(all, targets, batches);
      const evaluating = await peak(() => tf.tidy(() => void evaluate()));
      const [value] = evaluate().dataSync();
      const loss = training.losses.Huber({ delta: 0.5 })(targets, model.predict(all));
      answer([evaluating - predicting, value - loss.dataSync()[0]]);
    """
    more, difference = in_page(program, script)
    assert more <= 3 * 1000 * 8
    assert difference == pytest.approx(0, abs=1e-6)


@needs_node
def test_weights_of_classes_count_as_in_keras(script: str) -> None:
    program = """
      const of = (class_name, name) => ({ class_name, config: { name } });
      const lists = {
        losses: [of("MeanSquaredError", "mse")],
        metrics: [[of("MeanSquaredError", "mse")]],
        weighted_metrics: [[of("MeanSquaredError", "mse")]],
        optimizer: { class_name: "SGD", config: { learning_rate: 0.5 } },
      };
      const model = await load({ ...keras, ...lists });
      model.setWeights([tf.zeros([2, 1]), tf.tensor([0.5])]);
      const targets = tf.tensor([[0], [1], [1], [1]]);
      const options = { verbose: 0, classWeight: { 0: 2, 1: 4 } };
      const { history } = await model.fit(tf.zeros([4, 2]), targets, options);
      answer([history, Array.from(model.getWeights()[1].dataSync())]);
    """
    history, bias = in_page(program, script)
    mean = 0.25 * (2 + 3 * 4) / 4
    assert history == {"loss": [mean], "mse": [0.25], "weighted_mse": [0.25]}
    assert bias == [0.5 - 0.5 * (2 - 3 * 4) / 4]


@needs_node
def test_weights_of_samples_that_fit_no_output_are_told(script: str) -> None:
    program = """
      const model = await load(keras);
      const wrong = [tf.ones([3]), { nowhere: tf.ones([4]) }, [tf.ones([4]), tf.ones([4])]];
      const told = [];
      const attempt = (args) =>
        model.fit(x, y, { verbose: 0, ...args }).catch(({ message }) => told.push(message));
      for (const sampleWeight of wrong) await attempt({ sampleWeight });
      await attempt({ sampleWeight: tf.ones([4]), classWeight: { 0: 1 } });
      answer(told);
    """
    assert in_page(program, script) == [
        "sampleWeight has the shape [3] for 4 samples",
        "sampleWeight has nowhere; the outputs are y",
        "sampleWeight has 2 tensors for 1 outputs",
        "fit takes sampleWeight or classWeight, and not both",
    ]


@needs_node
def test_weights_of_samples_are_split_and_disposed_of(script: str) -> None:
    program = """
      const model = await load({ ...keras, losses: [{ class_name: "MeanSquaredError" }] });
      model.setWeights([tf.zeros([2, 1]), tf.zeros([1])]);
      const targets = tf.tensor([[1], [2], [3], [4]]);
      const sampleWeight = tf.tensor([1, 1, 1, 5]);
      const args = { verbose: 0, sampleWeight, validationSplit: 0.25, epochs: 1 };
      model.optimizer.learningRate = 0;
      const { history } = await model.fit(x, targets, args);
      const count = tf.memory().numTensors;
      await model.fit(x, targets, args);
      const [all] = model.evaluate(x, targets, { sampleWeight: { y: sampleWeight } }).dataSync();
      answer([history, all, tf.memory().numTensors - count]);
    """
    history, evaluated, left = in_page(program, script)
    assert history["loss"] == [pytest.approx(14 / 3)]
    assert history["val_loss"] == [80]
    assert evaluated == pytest.approx((1 + 4 + 9 + 80) / 4)
    assert left <= 1  # the result of evaluate
