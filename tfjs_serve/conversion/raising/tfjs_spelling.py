"""From the configuration that TensorFlow.js writes to the one that Keras 2 would have written.

They are nearly the same: ``convertTsToPythonic`` in tfjs-layers makes snake case of all keys and
words. Configurations that the official converter has copied from Keras pass unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.raising.entries import MODELS, class_of, config_of, name_of
from tfjs_serve.layers_model.model import TensorSource

_INITIALIZERS = {"LeCunNormal": "LecunNormal", "LeCunUniform": "LecunUniform"}
_INSIDE = ("layer", "backward_layer", "cell")
_OF_RNN = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "return_sequences", "return_state"}
    | {"go_backwards", "stateful", "unroll", "cell"}
)
_UNUSED = frozenset({"rank", "num_constants", "input_dtype", "implementation"})
"""What Keras's layers do not take, or what changes nothing."""


def keras_entry(entry: Mapping[str, Json], weights: Mapping[str, TensorSource]) -> dict[str, Json]:
    """Return the entry of a model as Keras 2 spells it.

    Parameters
    ----------
    entry
        ``{"class_name", "config"}`` of the outermost model.
    weights
        Those of the page, which tell what TensorFlow.js leaves out when it saves.
    """
    return _Spelling(weights).entry(entry)


class _Spelling:
    def __init__(self, weights: Mapping[str, TensorSource]) -> None:
        self._weights = weights

    def entry(self, entry: Mapping[str, Json]) -> dict[str, Json]:
        class_name, config = class_of(entry), dict(config_of(entry))
        if class_name in MODELS:
            return self._model(entry, class_name, config)
        if class_name == "RNN" and isinstance(config.get("cell"), dict):
            # TensorFlow.js writes the arguments of the cell among those of the layer, too.
            config = {key: one for key, one in config.items() if key in _OF_RNN}
        made = {key: _plain(value) for key, value in config.items() if key not in _UNUSED}
        made = {key: value for key, value in made.items() if value is not None}
        for key in _INSIDE:
            if isinstance(config.get(key), dict):
                made[key] = self.entry(config[key])
        if isinstance(config.get("cells"), list):
            made["cells"] = [self.entry(one) for one in config["cells"] if isinstance(one, dict)]
        if class_name in _COMPLETED:
            made |= _COMPLETED[class_name](name_of(entry), made, self._weights)
        return {**_around(entry), "class_name": class_name, "config": made}

    def _model(
        self, entry: Mapping[str, Json], class_name: str, config: dict[str, Any]
    ) -> dict[str, Json]:
        layers = config.get("layers")
        listed = layers if isinstance(layers, list) else []
        config["layers"] = [self.entry(layer) for layer in listed if isinstance(layer, dict)]
        return {**_around(entry), "class_name": class_name, "config": config}


def _around(entry: Mapping[str, Json]) -> dict[str, Json]:
    return {key: entry[key] for key in ("name", "inbound_nodes") if key in entry}


def _plain(value: Json) -> Json:
    """Return an argument with the names that Keras has for classes, and without what is absent."""
    if isinstance(value, dict):
        made = {key: _plain(one) for key, one in value.items()}
        name = made.get("class_name")
        if name in _INITIALIZERS:
            made["class_name"] = _INITIALIZERS[name]
        if made.get("distribution") == "normal":
            made["distribution"] = "truncated_normal"
        return made
    return [_plain(one) for one in value] if isinstance(value, list) else value


# --- What TensorFlow.js leaves out when it saves --------------------------------------------


def _separable(
    name: str, config: Mapping[str, Json], weights: Mapping[str, TensorSource]
) -> dict[str, Json]:
    kernel = weights.get(f"{name}/depthwise_kernel")
    is_known = "depth_multiplier" in config or kernel is None or len(kernel.shape) != 4
    return {} if is_known or kernel is None else {"depth_multiplier": int(kernel.shape[3])}


def _before_product(
    _name: str, config: Mapping[str, Json], _weights: Mapping[str, TensorSource]
) -> dict[str, Json]:
    """Return the only variant of a GRU that TensorFlow.js computes."""
    return {"reset_after": bool(config.get("reset_after"))}


def _depthwise(
    _name: str, config: Mapping[str, Json], _weights: Mapping[str, TensorSource]
) -> dict[str, Json]:
    """Return what TensorFlow.js computes, and no constraint that is the regularizer once more.

    It takes dilation rates, and computes the layer and the shape of its output without them.
    """
    constraint = config.get("depthwise_constraint")
    is_regularizer = isinstance(constraint, dict) and "L" in str(constraint.get("class_name"))[:1]
    return {"dilation_rate": [1, 1]} | ({"depthwise_constraint": None} if is_regularizer else {})


_COMPLETED: Mapping[
    str,
    Callable[[str, Mapping[str, Json], Mapping[str, TensorSource]], dict[str, Json]],
] = {
    "SeparableConv2D": _separable,
    "GRU": _before_product,
    "GRUCell": _before_product,
    "DepthwiseConv2D": _depthwise,
}
