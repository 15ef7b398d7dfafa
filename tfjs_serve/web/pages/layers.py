"""The layers of a model as a table, as ``model.summary()`` has it, and as a graph. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.facts.checks import Shape
from tfjs_serve.facts.layers import Became, InnerModel, LayerInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.web.pages.wording import BECAME, shape

_MOST_DEPTH = 6
"""Rows are not moved in any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """A row of the table.

    Attributes
    ----------
    depth
        How many models and layers it is in.
    is_group
        Whether the rows of layers inside of it follow.
    """

    name: str
    depth: int
    is_group: bool
    class_name: str
    shape: str
    parameters: str
    inputs: str
    told: str
    style: str


def layer_rows(facts: ModelFacts) -> Sequence[LayerRow]:
    """Return the layers and, before what is inside of them, the models."""
    inside = _Inside(facts)
    return [inside.row(one) for one in _with_models(facts)]


def graph_of(facts: ModelFacts) -> Mapping[str, Any]:
    """Return what a script draws the graph of; empty if it is not known how layers are connected.

    Lists instead of objects, because there may be thousands of layers: path, class, what it became,
    shape, parameters, inputs.
    """
    if not any(model.path == "" for model in facts.models):
        return {}
    layers = [
        [
            one.path,
            one.class_name,
            one.became.name.lower(),
            _shapes(one.shapes),
            one.parameters,
            one.inputs,
        ]
        for one in facts.layers
    ]
    return {"layers": layers, "models": [model.to_json() for model in facts.models]}


def _with_models(facts: ModelFacts) -> Iterator[LayerInfo | InnerModel]:
    models = {model.path: model for model in facts.models if model.path}
    for layer in facts.layers:
        for around in _around(layer.path):
            if around in models:
                yield models.pop(around)
        yield layer


def _around(path: str) -> Iterator[str]:
    """Yield the paths of what a layer is in, outer ones first."""
    for index, character in enumerate(path):
        if character == "/":
            yield path[:index]


class _Inside:
    """What is known of all layers, and of the models that they are in."""

    def __init__(self, facts: ModelFacts) -> None:
        self._models = {model.path: model for model in facts.models}
        self._layers = {layer.path: layer for layer in facts.layers}
        self._counts: Counter[str] = Counter()
        for layer in facts.layers:
            for path in (*_around(layer.path), layer.path):
                self._counts[path] += layer.parameters

    def row(self, one: LayerInfo | InnerModel) -> LayerRow:
        around = [path for path in _around(one.path) if self._has(path)]
        return LayerRow(
            name=one.path.removeprefix(f"{around[-1]}/" if around else ""),
            depth=min(len(around), _MOST_DEPTH),
            is_group=isinstance(one, InnerModel),
            class_name=one.class_name,
            shape=_shapes(self._shapes_of(one)),
            parameters=f"{self._counts[one.path]:,}",
            inputs=", ".join(one.inputs),
            told=_told(one) if isinstance(one, LayerInfo) else "a model",
            style=_style(one.became) if isinstance(one, LayerInfo) else "",
        )

    def _has(self, path: str) -> bool:
        return path in self._models or path in self._layers

    def _shapes_of(self, one: LayerInfo | InnerModel) -> Sequence[Shape | None]:
        """Return the shapes of the outputs; those of a model are the ones of its last layers."""
        if isinstance(one, LayerInfo):
            return one.shapes
        exits = [f"{one.path}/{name}" for name in dict.fromkeys(one.exits)]
        inner = [self._layers.get(path) or self._models.get(path) for path in exits]
        return [shape for last in inner if last for shape in self._shapes_of(last)[:1]]


def _style(became: Became) -> str:
    return "" if became is Became.NATIVE else became.name.lower()


def _told(layer: LayerInfo) -> str:
    needs = "; trains with training.js" if layer.needs_training_script else ""
    return f"{BECAME[layer.became]}{needs}"


def _shapes(shapes: Sequence[Shape | None]) -> str:
    return ", ".join("?" if one is None else shape(one) for one in shapes)
