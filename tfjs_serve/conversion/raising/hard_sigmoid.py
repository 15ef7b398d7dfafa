"""Keeps an activation that the two Kerases compute differently under one name.

TensorFlow.js and Keras 2 compute ``hard_sigmoid`` as ``clip(0.2 x + 0.5, 0, 1)``, Keras 3 as
``clip(x / 6 + 0.5, 0, 1)``. Both have a ReLU that ends at 1. So where `x` is linear in weights, the
weights of models made in JavaScript, whose recurrent layers have it by default, become those of
``0.2 x + 0.5``, and the activation becomes that ReLU. An Activation is changed with the layer
before it, if nothing else takes what that gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.model.layers import CONTAINERS, Graph, Json, KerasLayer
from tfjs_serve.conversion.model.sources import Array, values
from tfjs_serve.conversion.raising.model import Origin
from tfjs_serve.layers_model.model import ArraySource, TensorSource

_NAME = "hard_sigmoid"
_RELU: Mapping[str, Json] = {"class_name": "ReLU", "config": {"max_value": 1.0}}
_GATES = {
    "GRU": (True, True, False),
    "LSTM": (True, True, False, True),
    "ConvLSTM2D": (True, True, False, True),
}
"""Which parts of the last axis of a kernel make a gate; the other one makes the candidate."""
_LINEAR = {
    "Conv1D": "kernel",
    "Conv2D": "kernel",
    "Conv3D": "kernel",
    "Conv2DTranspose": "kernel",
    "Conv3DTranspose": "kernel",
    "Dense": "kernel",
    "SeparableConv2D": "pointwise_kernel",
}
"""Layers whose activation takes what is linear in this weight and the bias."""
_PLAIN = (None, "linear")

Changed = tuple[KerasLayer, dict[str, TensorSource]]


def without_hard_sigmoid(origin: Origin) -> Origin:
    """Return a model that both Kerases compute as a page does, as far as there is a way."""
    variables = {path: dict(named) for path, named in origin.variables.items()}
    model = _changed(origin.model, variables)
    return replace(origin, model=model, variables=variables)


def _changed(layer: KerasLayer, variables: dict[str, dict[str, TensorSource]]) -> KerasLayer:
    children = tuple(_changed(child, variables) for child in layer.children)
    layer = _with_activations(replace(layer, children=children), variables)
    mine = variables.get(layer.path, {})
    for change in (_with_gates, _with_output):
        changed = change(layer, mine)
        if changed is not None:
            layer, variables[layer.path] = changed
    return layer


def _with_gates(layer: KerasLayer, mine: Mapping[str, TensorSource]) -> Changed | None:
    gates = _GATES.get(layer.class_name.removesuffix("Cell"))
    if gates is None or layer.config.get("recurrent_activation") != _NAME or "kernel" not in mine:
        return None
    width = mine["kernel"].shape[-1] // len(gates)
    is_gate = np.repeat(np.array(gates), width)
    made = {name: _scaled(source, is_gate) for name, source in mine.items() if name != "bias"}
    made["bias"] = _biased(mine.get("bias"), is_gate)
    arguments = {"recurrent_activation": dict(_RELU), "use_bias": True}
    return replace(layer, config={**layer.config, **arguments}), made


def _with_output(layer: KerasLayer, mine: Mapping[str, TensorSource]) -> Changed | None:
    if layer.class_name not in _LINEAR or layer.config.get("activation") != _NAME:
        return None
    return _fitted(_with_relu(layer), mine)


def _with_activations(
    model: KerasLayer, variables: dict[str, dict[str, TensorSource]]
) -> KerasLayer:
    """Change each Activation in a model, if the layer before it can be changed with it."""
    layers = {layer.name: layer for layer in model.children}
    if model.class_name not in CONTAINERS or len(layers) < len(model.children):
        return model
    for name, before in _fed_by(model).items():
        layer, source = layers[name], layers[before]
        if layer.class_name != "Activation" or layer.config.get("activation") != _NAME:
            continue
        is_plain = source.config.get("activation") in _PLAIN
        changed = _fitted(source, variables.get(source.path, {})) if is_plain else None
        if changed is not None:
            layers[before], variables[source.path] = changed
            layers[name] = _with_relu(layer)
    return replace(model, children=tuple(layers.values()))


def _fed_by(model: KerasLayer) -> dict[str, str]:
    """Return the layers that alone take what another one gives, and which one that is."""
    if model.graph is not None:
        return _alone(model.graph)
    names = [layer.name for layer in model.children]
    return dict(zip(names[1:], names, strict=False))


def _alone(graph: Graph) -> dict[str, str]:
    calls = [(name, call) for name, calls in graph.calls.items() for call in calls]
    called = Counter(name for name, _ in calls)
    taken = Counter(ref.layer for _, call in calls for ref in call.inputs)
    taken.update(ref.layer for ref in graph.outputs)
    return {
        name: ref.layer
        for name, call in calls
        for ref in call.inputs
        if len(call.inputs) == called[name] == called[ref.layer] == taken[ref.layer] == 1
    }


def _with_relu(layer: KerasLayer) -> KerasLayer:
    return replace(layer, config={**layer.config, "activation": dict(_RELU)})


def _fitted(layer: KerasLayer, mine: Mapping[str, TensorSource]) -> Changed | None:
    """Return a layer that gives ``0.2 x + 0.5`` where it gave `x`."""
    if layer.class_name == "BatchNormalization" and "moving_mean" in mine:
        return _fitted_normalization(layer, mine)
    kernel = _LINEAR.get(layer.class_name, "")
    if kernel not in mine:
        return None
    filters = layer.config.get("units", layer.config.get("filters"))
    made = dict(mine)
    # The last axis of a transposed kernel is not that of the outputs, but all are scaled alike.
    made[kernel] = _scaled(mine[kernel], np.ones(mine[kernel].shape[-1], bool))
    made["bias"] = _biased(mine.get("bias"), np.ones(int(filters), bool))
    return replace(layer, config={**layer.config, "use_bias": True}), made


def _fitted_normalization(layer: KerasLayer, mine: Mapping[str, TensorSource]) -> Changed:
    every = np.ones(mine["moving_mean"].shape, bool)
    ones = ArraySource(np.ones(every.shape, np.float32))
    made = dict(mine)
    made["gamma"] = _scaled(mine.get("gamma", ones), every)
    made["beta"] = _biased(mine.get("beta"), every)
    return replace(layer, config={**layer.config, "scale": True, "center": True}), made


def _scaled(source: TensorSource, is_gate: Array) -> TensorSource:
    return _computed(source, lambda array: np.where(is_gate, 0.2 * array, array))


def _biased(source: TensorSource | None, is_gate: Array) -> TensorSource:
    source = source or ArraySource(np.zeros(len(is_gate), np.float32))
    return _computed(source, lambda array: np.where(is_gate, 0.2 * array + 0.5, array))


def _computed(source: TensorSource, compute: Callable[[Array], Array]) -> TensorSource:
    return ArraySource(compute(values(source).astype(np.float64)).astype(np.float32))


# --- What is left ----------------------------------------------------------------------------


def note_hard_sigmoid(origin: Origin, model: KerasLayer) -> tuple[str, ...]:
    """Return a note if `model` has a ``hard_sigmoid``, which says which Keras predicts right."""
    layers = list(_with_it(model))
    if not layers:
        return ()
    right, wrong = ("Keras 3", "tf_keras") if origin.generation >= 3 else ("tf_keras", "Keras 3")
    return (
        f"{', '.join(layers[:3])}: hard_sigmoid is another function in {wrong} than in {right}, "
        f"so only {right} predicts what the page does.",
    )


def _with_it(model: KerasLayer) -> Iterator[str]:
    for layer in model.walk():
        if any(isinstance(value, str) and value == _NAME for value in layer.config.values()):
            yield layer.path
