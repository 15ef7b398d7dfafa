"""Finds the variables of each layer in a ``.keras`` archive.

The paths follow the attributes of the Python objects (``_save_state`` and
``_save_container_state`` in ``saving_lib.py``). The layers of a model have the names of their
classes there, whatever they are called, with numbers in the order of the model. Versions count
differently:

* Keras 3 counts every layer.
* Keras 2.14 and newer, and tf_keras, count a shared layer only in the first model that has it.
* Keras 2.12 and 2.13 count a layer with weights twice, because the attribute that they go through,
  ``_layer_checkpoint_dependencies``, lists it twice. 2.14 goes through the same attribute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.serialized import snake_case
from tfjs_serve.conversion.rules.registry import traits_of

_DEPENDENCIES = "_layer_checkpoint_dependencies"
_ELSEWHERE = "(saved where it is met first)"

HasWeights = Callable[[KerasLayer], bool]
"""Whether a layer, or a layer inside it, has variables."""


def object_paths(
    model: KerasLayer,
    saved: Mapping[str, Sized] | None = None,
    has_weights: HasWeights | None = None,
) -> Iterator[tuple[KerasLayer, str]]:
    """Yield `model` and all layers inside it, each with the path of its variables.

    Parameters
    ----------
    model
        The outermost model.
    saved
        The variables in the archive by path, including paths of objects without variables.
    has_weights
        Only needed for archives of Keras 2.12 and 2.13.
    """
    return _Walk(model, saved or {}, has_weights or (lambda _layer: True)).paths(model, "")


class _Walk:
    """A walk through a model, with the paths of one version."""

    def __init__(
        self, model: KerasLayer, saved: Mapping[str, Sized], has_weights: HasWeights
    ) -> None:
        self._has_weights = has_weights
        self._groups = _all_groups(saved)
        old = any(path.startswith(f"{_DEPENDENCIES}/") for path in saved)
        self._attribute = _DEPENDENCIES if old else "layers"
        self._counts_twice = old and not _has_neighbours(saved)
        self._skips = model.generation < 3 and not self._counts_twice
        self._met: list[KerasLayer] = []

    def paths(self, layer: KerasLayer, path: str) -> Iterator[tuple[KerasLayer, str]]:
        yield layer, f"{path}/cell" if traits_of(rules(), layer).cell_inside else path
        self._met.append(layer)
        for child, step in zip(layer.children, self._steps(layer, path), strict=True):
            yield from self.paths(child, f"{path}/{step}" if path else step)

    def _steps(self, layer: KerasLayer, path: str) -> Iterator[str]:
        """Yield the path from a layer to each of its children."""
        if layer.class_name in ("Functional", "Pipeline", "Sequential"):
            yield from self._numbered(layer.children, path, self._attribute)
        elif layer.class_name == "StackedRNNCells":
            yield from self._numbered(layer.children, path, "cells")
        else:
            yield from traits_of(rules(), layer).attributes or [c.name for c in layer.children]

    def _numbered(self, layers: Sequence[KerasLayer], path: str, attribute: str) -> Iterator[str]:
        base = f"{path}/{attribute}/" if path else f"{attribute}/"
        counts: Counter[str] = Counter()
        for layer in layers:
            name = _class_name(layer)
            if self._is_skipped(layer, layers, base):
                yield _ELSEWHERE
                continue
            yield f"{attribute}/{_with_number(name, counts[name])}"
            listed_twice = attribute == _DEPENDENCIES and self._counts_twice
            counts[name] += 2 if listed_twice and self._has_weights(layer) else 1

    def _is_skipped(self, layer: KerasLayer, layers: Sequence[KerasLayer], base: str) -> bool:
        """Whether the layer was met in another model before and is not counted again.

        A different layer that looks the same is counted: then there are as many groups as layers.
        """
        if not self._skips or not any(_is_same(layer, other) for other in self._met):
            return False
        name = _class_name(layer)
        same_class = [other for other in layers if _class_name(other) == name]
        last = f"{base}{_with_number(name, len(same_class) - 1)}"
        return last not in self._groups


def _is_same(layer: KerasLayer, other: KerasLayer) -> bool:
    return (layer.class_name, layer.name, layer.config) == (
        other.class_name,
        other.name,
        other.config,
    )


def _all_groups(saved: Iterable[str]) -> set[str]:
    """Return all paths and the beginnings of them."""
    groups: set[str] = set()
    for path in saved:
        parts = path.split("/")
        groups.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return groups


def _has_neighbours(saved: Mapping[str, Sized]) -> bool:
    """Whether the number after that of some layer with weights is in use.

    If such layers take two numbers each, it never is. If it never is although they take one, both
    ways of counting give the same paths.
    """
    groups = _all_groups(saved)
    for group in _all_groups(path for path, variables in saved.items() if len(variables)):
        found = re.fullmatch(rf"(.*\b{_DEPENDENCIES}/[^/]*?)(?:_(\d+))?", group)
        if found and f"{found.group(1)}_{int(found.group(2) or 0) + 1}" in groups:
            return True
    return False


def _class_name(layer: KerasLayer) -> str:
    saved = layer.saved_class or layer.class_name
    return snake_case(saved.rsplit(">", maxsplit=1)[-1])


def _with_number(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
