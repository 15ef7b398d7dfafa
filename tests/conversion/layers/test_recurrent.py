"""Weights of cuDNN's layers, and outputs that TF.js returns twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.conversion.building import call, functional, given, layer, saved, sequential, weight
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.layers.shared.recurrence import with_equal_outputs
from tfjs_serve.conversion.model.sources import values
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import LayerRule
from tfjs_serve.conversion.translate import translate


def relaid(class_name: str, gates: int) -> dict[str, Any]:
    """Return the weights of a layer of cuDNN's with two units, for three features."""
    flags: dict[str, Any] = {"return_sequences": False, "return_state": False, "stateful": False}
    config = sequential(
        [given("x", (None, 4, 3), 2), layer(class_name, "it", units=2, go_backwards=False, **flags)]
    )
    kernel = np.tile(np.arange(6).reshape(3, 2), gates)
    recurrent = np.tile([[0, 1], [2, 3]], gates)
    weights = [weight(kernel), weight(recurrent), weight(np.arange(4 * gates))]
    model = translate(saved(config, {"it": weights}, generation=2))
    return {item.name: values(item.source) for item in model.weights}


@pytest.mark.parametrize(("class_name", "gates"), [("CuDNNLSTM", 4), ("CuDNNGRU", 3)])
def test_kernels_of_cudnn_are_transposed_gate_by_gate(class_name: str, gates: int) -> None:
    found = relaid(class_name, gates)
    # The numbers of a gate lie in the file as cuDNN reads them: features by units, transposed.
    assert np.array_equal(found["it/kernel"], np.tile([[0, 3], [1, 4], [2, 5]], gates))
    assert np.array_equal(found["it/recurrent_kernel"], np.tile([[0, 2], [1, 3]], gates))


def test_biases_of_cudnn_are_added_up_for_an_lstm_and_kept_for_a_gru() -> None:
    assert relaid("CuDNNLSTM", 4)["it/bias"].tolist() == [8, 10, 12, 14, 16, 18, 20, 22]
    assert relaid("CuDNNGRU", 3)["it/bias"].tolist() == [[*range(6)], [*range(6, 12)]]


@pytest.mark.parametrize(
    ("config", "equal"),
    [
        ({"return_state": True}, {0: 1}),
        ({"return_state": True, "return_sequences": True}, {}),
        ({"return_state": False}, {}),
    ],
)
def test_an_output_that_is_the_first_state(config: dict[str, Any], equal: dict[int, int]) -> None:
    made = with_equal_outputs(TfjsLayer(class_name="LSTM", config=config))
    assert made.equal_outputs == equal


@pytest.mark.parametrize(
    ("mode", "tensors"),
    [("concat", [["it", 0, 0], ["it", 0, 1]]), (None, [["it", 0, 2], ["it", 0, 4]])],
)
def test_outputs_of_both_directions_are_states(mode: str | None, tensors: list[Any]) -> None:
    inner = layer("LSTM", "inner", units=2, return_state=True, go_backwards=False)
    both = layer("Bidirectional", "it", [call(("x", 0, 0))], layer=inner, merge_mode=mode)
    ends = [("it", 0, 0), ("it", 0, 1)]
    config = functional([given("x", (None, 4, 3)), both], [("x", 0, 0)], ends)
    weights = [weight(np.ones(shape)) for shape in ((3, 8), (2, 8), (8,))]
    model = translate(saved(config, {"it": [*weights, *weights]}))
    assert model.topology["model_config"]["config"]["output_layers"] == tensors


@pytest.mark.parametrize(
    ("class_name", "scales"), [("LSTM", [5 / 6, 5 / 6, 1, 5 / 6]), ("GRU", [5 / 6, 5 / 6, 1])]
)
def test_hard_gates_of_keras_3_are_those_of_tfjs_with_smaller_weights(
    class_name: str, scales: list[float]
) -> None:
    hard: dict[str, Any] = {"recurrent_activation": "hard_sigmoid"}
    if class_name == "GRU":
        hard["reset_after"] = False
    config = sequential([given("x", (None, 4, 3), 3), layer(class_name, "it", units=2, **hard)])
    gates = len(scales)
    weights = [weight(np.ones((rows, 2 * gates))) for rows in (3, 2)]
    model = translate(saved(config, {"it": [*weights, weight(np.ones(2 * gates))]}))
    made = model.topology["model_config"]["config"]["layers"][-1]
    assert made["class_name"] == class_name
    assert made["config"]["recurrent_activation"] == "hard_sigmoid"
    for item in model.weights:
        expected = np.broadcast_to(np.repeat(scales, 2), item.source.shape)
        np.testing.assert_allclose(values(item.source), expected, rtol=1e-7)


def stack_of_cells(second: str) -> dict[str, Any]:
    """Return an RNN over an LSTM cell with dropout and a second cell, with its weights."""
    cells = [
        layer("LSTMCell", "one", units=2, dropout=0.5),
        layer(second, "two", units=2),
    ]
    stack = layer("StackedRNNCells", "stack", cells=cells)
    config = sequential([given("x", (None, 4, 3), 3), layer("RNN", "it", cell=stack)])
    gates = {"LSTMCell": 4, "GRUCell": 3}
    weights = []
    for features, name in ((3, "LSTMCell"), (2, second)):
        size = 2 * gates[name]
        bias = np.ones((2, size) if name == "GRUCell" else size)
        weights += [weight(np.ones((rows, size))) for rows in (features, 2)] + [weight(bias)]
    return {"config": config, "weights": {"it": weights}}


@pytest.mark.parametrize(
    ("second", "warned"),
    [("LSTMCell", ["m/it/stack/cells/0"]), ("GRUCell", [])],
    ids=["tfjs runs the cells", "a companion runs them"],
)
def test_dropout_of_cells_is_left_out_only_where_tfjs_runs_them(
    second: str, warned: list[str]
) -> None:
    made = translate(saved(**stack_of_cells(second)))
    assert [text.split(" ")[0] for text in made.warnings if "dropout" in text] == warned


def test_one_translation_of_a_cell_gives_both_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: Counter[str] = Counter()

    def counted(rule: LayerRule) -> LayerRule:
        def run(context: LayerContext) -> TfjsLayer:
            runs[context.layer.path] += 1
            return rule.translate(context)

        return replace(rule, translate=run)

    table = {name: counted(rule) for name, rule in rules().items()}
    monkeypatch.setattr("tfjs_serve.conversion.translate.rules", lambda: table)
    translate(saved(**stack_of_cells("GRUCell")))
    assert set(runs.values()) == {1}
    assert {"m/it/stack/cells/0", "m/it/stack/cells/1"} <= runs.keys()
