"""Turns the configuration in a file into one canonical spelling, before any rule is applied.

Keras 2 and Keras 3 differ in ``batch_input_shape`` and ``batch_shape``, in dtypes (a string or a
policy object), in how objects are serialized (``keras/src/saving/serialization_lib.py``) and in how
calls are written (see ``calls.py``). Afterwards, only :attr:`KerasLayer.generation` tells them
apart, for arguments that *mean* something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfjs_serve.conversion.model.bounds import Bounds
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import HINT_DAMAGED, Report
from tfjs_serve.conversion.model.serialized import compute_dtype, plain
from tfjs_serve.conversion.spelling.calls import read_graph
from tfjs_serve.conversion.spelling.entries import (
    class_name_of,
    config_of,
    entries_of,
    is_custom,
    is_of_first_call,
    is_operation,
    name_of,
    package_of,
    sequential_shape,
    stated_shape,
)
from tfjs_serve.conversion.spelling.keras1.structure import modern_structure
from tfjs_serve.conversion.spelling.model_kinds import MODELS, model_kind
from tfjs_serve.conversion.spelling.operations.binding import bind
from tfjs_serve.conversion.spelling.unnamed_models import with_names

_CLASSES = {
    "GroupQueryAttention": "GroupedQueryAttention",
    # What FeatureSpace puts between its preprocessing layers.
    "TFDConcat": "Concatenate",
    "TFDIdentity": "Identity",
}
"""Other names that ``.keras`` archives have for classes, because Keras exports them so."""
_WRAPPED = ("layer", "backward_layer", "cell")
_STRUCTURE = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "layers", "cells"}
) | frozenset(_WRAPPED)
_READ_AS_PLAIN = (
    "its class {} is read as a plain model: what it overrides in Python is not in the file."
)


def normalize(
    config: Mapping[str, Json], generation: int, report: Report, groups: Sequence[str] = ()
) -> KerasLayer:
    """Return the outermost model of a file's ``model_config``.

    The shape of an InputLayer is ``None`` if it is not in the configuration; see
    ``stored/missing_shapes.py``.

    Parameters
    ----------
    config
        ``{"class_name": ..., "config": ...}``.
    generation
        Generation of the Keras that saved the file. The models of Keras 1 become models of Keras 2;
        their layers stay as they are until ``stored/keras1.py`` has restored the weights.
    report
        Gets what makes no sense. The model that is returned is complete nevertheless.
    groups
        Names of the groups of weights, one for each layer of the outermost model, in file order.

    Raises
    ------
    UnsafeFileError
        The model exceeds a limit of ``model/bounds.py``.
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
        # In Keras 2, an operation is a layer; its dtype says nothing.
        self._unused = {"name"} if generation >= 3 else {"name", "trainable", "dtype"}

    def layer(self, entry: Mapping[str, Json], path: str) -> KerasLayer:
        """Return a layer and those inside it, unless they are too many or nested too deeply."""
        with self._bounds.one_more(path):
            return self._layer(entry, path)

    def _layer(self, entry: Mapping[str, Json], path: str) -> KerasLayer:
        class_name, config = class_name_of(entry), config_of(entry)
        kind = None if class_name == "Pipeline" else model_kind(class_name, config)
        derived = class_name if kind is not None and class_name not in MODELS else None
        class_name = kind or class_name
        if is_operation(class_name, entry, self._generation):
            class_name = f"ops.{class_name}"
        name = name_of(entry, class_name)
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
            is_custom=derived is None and is_custom(class_name, entry),
            package=package_of(class_name, entry),
            saved_class=derived or "",
        )
        if derived is not None:
            self._report.warn(layer, _READ_AS_PLAIN.format(derived))
        if kind is not None:
            return self._model(layer, entry)
        return replace(layer, children=self._layers_inside(class_name, config, path))

    def _arguments(self, class_name: str, config: Mapping[str, Json]) -> dict[str, Json]:
        if class_name in MODELS:
            return {}
        if class_name.startswith("ops."):
            return {key: item for key, item in config.items() if key not in self._unused}
        arguments = {key: plain(value) for key, value in config.items() if key not in _STRUCTURE}
        if class_name == "InputLayer":
            arguments["batch_input_shape"] = stated_shape(config)
        return arguments

    def _model(self, model: KerasLayer, entry: Mapping[str, Json]) -> KerasLayer:
        config = config_of(entry)
        children = tuple(self.layer(child, model.path) for child in entries_of(config))
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
                model, "bad-config", f"Two of its layers are called {name!r}.", HINT_DAMAGED
            )

    def _with_input(
        self, model: KerasLayer, entry: Mapping[str, Json], children: tuple[KerasLayer, ...]
    ) -> tuple[KerasLayer, ...]:
        """Put an InputLayer first: TF.js builds layers only if it knows the shape of the input."""
        if children and children[0].class_name == "InputLayer":
            return children
        return (self._input_layer(model, entry), *children)

    def _input_layer(self, model: KerasLayer, entry: Mapping[str, Json]) -> KerasLayer:
        entries = entries_of(config_of(entry))
        first = config_of(entries[0]) if entries else {}
        name = f"{first.get('name', model.name)}_input"
        return KerasLayer(
            class_name="InputLayer",
            name=name,
            path=f"{model.path}/{name}",
            config={
                "batch_input_shape": sequential_shape(entry),
                "of_first_call": is_of_first_call(entry),
            },
            dtype=compute_dtype(first.get("dtype")),
            generation=self._generation,
        )

    def _layers_inside(
        self, class_name: str, config: Mapping[str, Json], path: str
    ) -> tuple[KerasLayer, ...]:
        """Return the layers inside one that is not a model."""
        if class_name == "Bidirectional":
            return self._both_directions(config, path)
        if class_name == "Pipeline":
            return tuple(self.layer(child, path) for child in entries_of(config))
        return self._wrapped(config, path)

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

        Keras 2 leaves out the backward layer if it only differs from the forward layer in
        ``go_backwards``, and writes the name of the forward layer without its prefix.
        """
        forward = self.layer(config_of(config, "layer"), path)
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
    """Return one direction; what is returned for masked steps, Bidirectional decides."""
    config = {key: item for key, item in layer.config.items() if key != "zero_output_for_mask"}
    return _moved(replace(layer, name=name, config=config), f"{path}/{prefix}{name}")


def _moved(layer: KerasLayer, path: str) -> KerasLayer:
    """Return the layer, and those inside it, with other paths."""
    children = [
        _moved(child, path + child.path.removeprefix(layer.path)) for child in layer.children
    ]
    return replace(layer, path=path, children=tuple(children))
