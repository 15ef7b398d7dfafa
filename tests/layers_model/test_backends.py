"""A model is noted for the backends that compute its layers wrongly, and for no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tfjs_serve.layers_model.backends import FAULTS, backend_notes, graph_notes

DOCUMENT = Path(__file__).parents[2] / "docs/backends.md"
OPERATION = "tfjs-serve/layers.js>Operation"


def _layer(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


def _sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"name": "model", "layers": list(layers)}


def _operation(name: str, divisor: Any = None, **arguments: Any) -> dict[str, Any]:
    operands = {"x1": {"tensor": 0}, "x2": divisor}
    return _layer(OPERATION, name, arguments={"operation": name, "operands": operands, **arguments})


UNIT_NORM = {"class_name": "UnitNorm", "config": {"axis": 0}}
EMBEDDING = _layer("Embedding", "words", mask_zero=True)


def _named(config: dict[str, Any]) -> list[str]:
    return [note.partition(" backend")[0].rpartition(" ")[2] for note in backend_notes(config)]


@pytest.mark.parametrize(
    ("layer", "backends"),
    [
        (_layer("Conv3DTranspose", "up"), ["wasm"]),
        (_layer("MaxPooling3D", "pool"), ["wasm"]),
        (_layer("MaxPooling2D", "pool"), []),
        (_layer("CenterCrop", "crop"), []),
        (_layer("Dense", "d", kernel_constraint={"class_name": "MaxNorm"}), ["webgl"]),
        (_layer("Dense", "d", bias_constraint={"class_name": "NonNeg"}), []),
        (_layer("Dense", "d", kernel_constraint=None), []),
        (
            _layer(
                "RNN",
                "r",
                cell=_layer("GRUCell", "c", kernel_constraint={"class_name": "UnitNorm"}),
            ),
            ["webgl"],
        ),
        (_layer("PReLU", "leaky", shared_axes=[1, 2]), []),
        (_layer("PReLU", "leaky", shared_axes=None), []),
        (_layer("PReLU", "leaky", shared_axes=[2]), ["wasm"]),
        (_layer("PReLU", "leaky", shared_axes=[-1]), ["wasm"]),
        (_layer("LSTM", "lstm"), []),
        (_layer(OPERATION, "half", arguments={"operation": "median"}), ["webgpu"]),
        (_layer(OPERATION, "ratio", arguments={"operation": "divide"}), ["webgl"]),
        (_operation("divide", {"tensor": 1}), ["webgl"]),
        (_operation("true_divide", {"constant": 0}), ["webgl"]),
        (_operation("floor_divide", 0), ["webgl"]),
        (_operation("floor_divide", 2.5), []),
        (_operation("floor_divide", {"tensor": 1}, dtype="int32"), []),
        (_operation("divide", {"tensor": 1}, dtype="int32"), ["webgl"]),
        (_operation("mod", {"tensor": 1}), []),
        (_operation("sin"), ["webgl", "webgpu"]),
        (_layer("tfjs-serve/layers.js>RandomFourierFeatures", "f"), ["webgl", "webgpu"]),
        (_layer(OPERATION, "sum", arguments={"operation": "add"}), []),
    ],
)
def test_a_layer_is_noted_for_the_backend_that_is_wrong(
    layer: dict[str, Any], backends: list[str]
) -> None:
    assert _named(_sequential(_layer("InputLayer", "input"), layer)) == backends


@pytest.mark.parametrize("between", [[], [_layer("Dropout", "drop")]])
@pytest.mark.parametrize("class_name", ["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"])
def test_a_recurrent_layer_with_a_mask_is_noted(
    class_name: str, between: list[dict[str, Any]]
) -> None:
    model = _sequential(EMBEDDING, *between, _layer(class_name, "recurrent"))
    assert _named(model) == ["webgpu"]


def test_a_mask_ends_where_one_step_is_returned() -> None:
    repeated = _layer("RepeatVector", "again", n=3)
    first = _layer("tfjs-serve/layers.js>GRU", "gru", passes_mask=False)
    assert _named(_sequential(EMBEDDING, first, repeated, _layer("LSTM", "lstm"))) == []


def test_masks_enter_models_and_leave_them() -> None:
    inner = _layer("Sequential", "inner", layers=[_layer("InputLayer", "x"), _layer("GRU", "gru")])
    (note,) = backend_notes(_sequential(EMBEDDING, inner))
    assert note.startswith("inner/gru (GRU): wrong on the webgpu backend of TensorFlow.js 4.22")

    scaled = _layer("Functional", "scaled", layers=[_layer("InputLayer", "x")])
    assert _named(_sequential(EMBEDDING, scaled, _layer("LSTM", "lstm"))) == ["webgpu"]


def test_masks_follow_the_graph() -> None:
    def after(layer: dict[str, Any], *sources: str) -> dict[str, Any]:
        return {**layer, "inbound_nodes": [[[source, 0, 0, {}] for source in sources]]}

    def graph(source: str) -> dict[str, Any]:
        layers = [
            after(_layer("LSTM", "lstm"), source),
            after(EMBEDDING, "input"),
            after(_layer("Dense", "other"), "input"),
            {**_layer("InputLayer", "input"), "inbound_nodes": []},
        ]
        return {"name": "model", "layers": layers}

    assert _named(graph("words")) == ["webgpu"]
    assert _named(graph("other")) == []


@pytest.mark.parametrize("wrapper", ["TimeDistributed", "tfjs-serve/layers.js>TimeDistributed"])
def test_what_a_layer_wraps_is_noted(wrapper: str) -> None:
    wrapped = _layer("PReLU", "slopes", shared_axes=[2])
    (note,) = backend_notes(_sequential(_layer(wrapper, "each", layer=wrapped)))
    assert note.startswith("each/slopes (PReLU): wrong on the wasm backend")

    inner = _layer("Sequential", "inner", layers=[EMBEDDING, _layer("GRU", "gru")])
    (note,) = backend_notes(_sequential(_layer(wrapper, "each", layer=inner)))
    assert note.startswith("each/inner/gru (GRU): wrong on the webgpu backend")


def test_nodes_of_graphs_are_noted() -> None:
    nodes = [{"name": "x", "op": "Placeholder"}, {"name": "crops", "op": "CropAndResize"}]
    body = [{"name": "pool", "op": "MaxPool3D"}, {"name": "wave", "op": "Sin"}, None]
    topology = {"node": nodes, "library": {"function": [{"nodeDef": body}, 3]}}
    assert [note.partition(" backend")[0] for note in graph_notes(topology)] == [
        "pool (MaxPool3D): wrong on the wasm",
        "wave (Sin): wrong on the webgl",
        "wave (Sin): wrong on the webgpu",
        "crops (CropAndResize): wrong on the webgl",
        "crops (CropAndResize): wrong on the webgpu",
    ]
    assert graph_notes({"node": [], "library": []}) == graph_notes({}) == ()


def test_one_note_tells_of_all_layers_with_a_fault() -> None:
    layers = [_layer("MaxPooling3D", f"pool_{index}") for index in range(3)]
    (note,) = backend_notes(_sequential(*layers))
    assert note.startswith("pool_0 (MaxPooling3D)")
    assert "(and 2 more layers)" in note


@pytest.mark.parametrize("config", [{}, {"layers": 3}, {"layers": [3, {"config": []}, None]}])
def test_what_makes_no_sense_is_passed_over(config: dict[str, Any]) -> None:
    assert backend_notes(config) == ()


def test_the_document_lists_every_fault() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").replace("`", "")
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", text, re.MULTILINE)
    listed = {(backend, what) for backends, what in rows for backend in backends.split(", ")}
    assert {(one.backend, one.what) for one in FAULTS} <= listed
