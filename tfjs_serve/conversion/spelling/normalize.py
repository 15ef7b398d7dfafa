"""From a file's spelling of a model to one canonical spelling, once, before the rules.

Keras 2 and Keras 3 differ in ``batch_input_shape``/``batch_shape``, in dtypes (a string or a
policy object), in how objects are serialized (``keras/src/saving/serialization_lib.py``) and in
how calls are written (see ``calls.py``). After this module only :attr:`KerasLayer.generation` tells
them apart, for the rules whose *meaning* differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.conversion.model.bounds import Bounds
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.serialized import compute_dtype, plain
from tfjs_serve.conversion.spelling.calls import read_graph
from tfjs_serve.conversion.spelling.keras1.structure import modern_structure
from tfjs_serve.conversion.spelling.model_kinds import MODELS, model_kind
from tfjs_serve.conversion.spelling.operations.binding import (
    KERAS2_OPERATIONS,
    bind,
    is_known_operation,
)
from tfjs_serve.conversion.spelling.unnamed_models import with_names

_WITHOUT_FLAG = (
    MODELS
    | {"Discretization", "HashedCrossing", "InputLayer", "Pipeline"}
    | {"SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
)
"""Classes without a trainable flag in their configuration."""
_KERAS_MODULES = frozenset({"builtins", "keras", "tf_keras"})
_CLASSES = {
    "GroupQueryAttention": "GroupedQueryAttention",
    "Model": "Functional",
    # What FeatureSpace puts between its preprocessing layers.
    "TFDConcat": "Concatenate",
    "TFDIdentity": "Identity",
}
"""Names that ``.keras`` archives have for classes, since Keras exports these under them."""
_WRAPPED = ("layer", "backward_layer", "cell")
_OF_APPLICATIONS = {"Custom>CustomScaleLayer": "CustomScaleLayer"}
"""Layers of keras.applications that are registered as a user's are."""
_STRUCTURE = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "layers", "cells"}
) | frozenset(_WRAPPED)
_READ_AS_PLAIN = (
    "its class {} is read as a plain model: what it overrides in Python is not in the file."
)
_HINT_DAMAGED = "The file is damaged or was not written by Keras; save the model again."


def normalize(
    config: Mapping[str, Json], generation: int, report: Report, groups: Sequence[str] = ()
) -> KerasLayer:
    """Return the outermost model of a file's ``model_config``.

    An InputLayer whose shape the file does not tell has ``None`` for it; see
    ``stored/missing_shapes.py``.

    Parameters
    ----------
    config
        ``{"class_name": ..., "config": ...}``.
    generation
        Layers of Keras 1 are returned as it has them, in models of Keras 2; see ``keras1/``.
    report
        Gets what makes no sense; the tree that is returned is complete either way.
    groups
        Names of the outermost model's layers in the order of the file.
    """
    if generation < 2:
        config = modern_structure(config)
    if generation < 3:
        config = with_names(config, groups)
    return _Normalizer(max(generation, 2), report).layer(config, path="")


class _Normalizer:
    def __init__(self, generation: int, report: Report) -> None:
        self._generation = generation
        self._report = report
        self._bounds = Bounds(report.display_name)
        # Operations of Keras 2 are layers, whose dtype says nothing.
        self._unused = {"name"} if generation >= 3 else {"name", "trainable", "dtype"}

    def layer(self, entry: Mapping[str, Json], path: str) -> KerasLayer:
        """Return a layer and those in it, if they are not too many and not too deep."""
        with self._bounds.one_more(path):
            return self._layer(entry, path)

    def _layer(self, entry: Mapping[str, Json], path: str) -> KerasLayer:
        class_name = str(entry.get("class_name"))
        class_name = _OF_APPLICATIONS.get(class_name, class_name)
        config = _config(entry)
        kind = None if class_name == "Pipeline" else model_kind(class_name, config)
        derived = class_name if kind is not None and class_name not in MODELS else None
        class_name = kind or class_name
        if _is_operation(class_name, entry, self._generation):
            class_name = f"ops.{class_name}"
        name = _name(entry, config, class_name)
        path = f"{path}/{name}" if path else name
        self._bounds.check_names(path, class_name, name)
        layer = KerasLayer(
            class_name=_CLASSES.get(class_name, class_name),
            name=name,
            path=path,
            config=self._arguments(class_name, config),
            dtype="float32"
            if class_name.startswith("ops.")
            else compute_dtype(config.get("dtype")),
            generation=self._generation,
            trainable=config.get("trainable") is not False,
            is_custom=derived is None and _is_custom(class_name, entry),
            saved_class=derived or "",
        )
        if derived is not None:
            self._report.warn(layer, _READ_AS_PLAIN.format(derived))
        if kind is not None:
            return self._model(layer, entry)
        if class_name == "Bidirectional":
            return replace(layer, children=self._both_directions(config, path))
        if class_name == "Pipeline":
            children = tuple(self.layer(entry, path) for entry in _entries(config))
            return replace(layer, children=children)
        return replace(layer, children=self._wrapped(config, path))

    def _arguments(self, class_name: str, config: Mapping[str, Json]) -> dict[str, Json]:
        if class_name in MODELS:
            return {}
        if class_name.startswith("ops."):
            return {key: item for key, item in config.items() if key not in self._unused}
        arguments = {key: plain(value) for key, value in config.items() if key not in _STRUCTURE}
        if class_name == "InputLayer":
            arguments["batch_input_shape"] = _input_shape(config)
        return arguments

    def _model(self, model: KerasLayer, entry: Mapping[str, Json]) -> KerasLayer:
        config = _config(entry)
        children = tuple(self.layer(entry, model.path) for entry in _entries(config))
        self._check_names(model, children)
        if model.class_name == "Sequential":
            return replace(model, children=self._with_input(model, entry, children))
        model = replace(model, children=children)
        graph = read_graph(model, config, self._report)
        self._bounds.count_graph(graph, model.path)
        bound = [bind(child, graph.calls[child.name], self._report) for child in children]
        return replace(model, children=tuple(bound), graph=graph)

    def _check_names(self, model: KerasLayer, children: tuple[KerasLayer, ...]) -> None:
        names = [child.name for child in children]
        for name in sorted(name for name, count in Counter(names).items() if count > 1):
            self._report.problem(
                model, "bad-config", f"Two of its layers are called {name!r}.", _HINT_DAMAGED
            )

    def _with_input(
        self, model: KerasLayer, entry: Mapping[str, Json], children: tuple[KerasLayer, ...]
    ) -> tuple[KerasLayer, ...]:
        """Put an InputLayer first: TF.js builds layers only when it knows the input's shape."""
        if children and children[0].class_name == "InputLayer":
            return children
        config = _config(entry)
        entries = _entries(config)
        shape = _shape_of_first(entries[0]) if entries else None
        shape = shape or _as_list(config.get("build_input_shape")) or _built_shape(entry)
        return (self._input_layer(model, shape, entries), *children)

    def _input_layer(
        self, model: KerasLayer, shape: list[Any] | None, entries: list[Mapping[str, Json]]
    ) -> KerasLayer:
        first = _config(entries[0]) if entries else {}
        name = f"{first.get('name', model.name)}_input"
        return KerasLayer(
            class_name="InputLayer",
            name=name,
            path=f"{model.path}/{name}",
            config={"batch_input_shape": shape},
            dtype=compute_dtype(first.get("dtype")),
            generation=self._generation,
        )

    def _wrapped(self, config: Mapping[str, Json], path: str) -> tuple[KerasLayer, ...]:
        children = [
            self.layer(config[key], path) for key in _WRAPPED if isinstance(config.get(key), dict)
        ]
        cells = config.get("cells")
        for index, cell in enumerate(cells if isinstance(cells, list) else ()):
            child = self.layer(cell, path)
            children.append(replace(child, path=f"{path}/cells/{index}"))
        return tuple(children)

    def _both_directions(self, config: Mapping[str, Json], path: str) -> tuple[KerasLayer, ...]:
        """Return the forward and the backward layer.

        Keras 2 leaves out a backward layer that is the forward one with ``go_backwards``
        turned, and names the forward layer without its prefix.
        """
        forward = self.layer(_config(config, "layer"), path)
        backward = config.get("backward_layer")
        if isinstance(backward, dict):
            pair = (forward, self.layer(backward, path))
        else:
            turned = {**forward.config, "go_backwards": not forward.config.get("go_backwards")}
            pair = (forward, replace(forward, config=turned))
            self._bounds.count_layers(sum(1 for _ in forward.walk()))
        return tuple(
            _named(layer, path, layer.name.removeprefix(prefix), prefix)
            for layer, prefix in zip(pair, ("forward_", "backward_"), strict=True)
        )


def _named(layer: KerasLayer, path: str, name: str, prefix: str) -> KerasLayer:
    """Return one direction; Bidirectional itself decides what it puts out for masked steps."""
    config = {key: item for key, item in layer.config.items() if key != "zero_output_for_mask"}
    return _moved(replace(layer, name=name, config=config), f"{path}/{prefix}{name}")


def _moved(layer: KerasLayer, path: str) -> KerasLayer:
    """Return the layer, and those in it, at another path."""
    children = [
        _moved(child, path + child.path.removeprefix(layer.path)) for child in layer.children
    ]
    return replace(layer, path=path, children=tuple(children))


def _config(entry: Mapping[str, Json], key: str = "config") -> Mapping[str, Json]:
    config = entry.get(key)
    if isinstance(config, list):
        return {"layers": config}  # Sequential up to Keras 2.2.2
    return config if isinstance(config, dict) else {}


def _name(entry: Mapping[str, Json], config: Mapping[str, Json], class_name: str) -> str:
    """Return the name that a graph knows; TensorFlowOpLayer has another in its configuration."""
    names = (entry.get("name"), config.get("name"))
    if not class_name.startswith("ops."):
        names = names[::-1]
    return str(names[0] or names[1] or class_name.lower())


def _entries(config: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    layers = config.get("layers")
    return [entry for entry in layers if isinstance(entry, dict)] if layers else []


def _is_custom(class_name: str, entry: Mapping[str, Json]) -> bool:
    """Whether an entry names a class outside of Keras.

    HDF5 has the name under which the user registered a class, ``package>Class``; ``.keras``
    archives have it beside the class, and the module: none for a script's or notebook's own
    (``record_object_after_serialization`` in ``serialization_lib.py``).
    """
    module, registered = entry.get("module"), entry.get("registered_name")
    if "module" in entry and module is None and isinstance(registered, str):
        return registered not in _OF_APPLICATIONS
    return (
        ">" in class_name
        or (
            isinstance(registered, str) and ">" in registered and registered not in _OF_APPLICATIONS
        )
        or (isinstance(module, str) and module.split(".")[0] not in _KERAS_MODULES)
    )


def _is_operation(class_name: str, entry: Mapping[str, Json], generation: int) -> bool:
    """Whether an entry is a function, and no layer.

    In Keras 3, a function of ``keras.ops`` may have the name of a layer.

    HDF5 does not name the module, but all layers but a few have their trainable flag in their
    configuration (``get_config`` in ``keras/src/layers/layer.py``) and no operation has. Nor have
    layers of the user that write their own arguments only: those are no function that is known.
    """
    if generation < 3:
        return class_name in KERAS2_OPERATIONS
    if "module" in entry:
        return str(entry["module"]).startswith(("keras.ops", "keras.src.ops"))
    if class_name in _WITHOUT_FLAG or "trainable" in _config(entry):
        return False
    return is_known_operation(class_name)


def _as_list(shape: Json) -> list[Any] | None:
    shape = plain(shape)
    return shape if isinstance(shape, list) else None


def _input_shape(config: Mapping[str, Json]) -> Json:
    shape = config.get("batch_input_shape")
    return _as_list(config.get("batch_shape") if shape is None else shape)


def _shape_of_first(entry: Mapping[str, Json]) -> list[Any] | None:
    """Return the batch shape that the first layer of a Sequential states, however deep."""
    config = _config(entry)
    shape = _input_shape(config)
    if shape is None and entry.get("class_name") in MODELS and _entries(config):
        return _shape_of_first(_entries(config)[0])
    return _as_list(shape) or _built_shape(entry)


def _built_shape(entry: Mapping[str, Json]) -> list[Any] | None:
    """Return the shape that an object was built with, which archives write since Keras 2.13."""
    built = entry.get("build_config")
    shape = _as_list(built.get("input_shape")) if isinstance(built, dict) else None
    is_shape = shape is not None and all(size is None or type(size) is int for size in shape)
    return shape if is_shape else None
