"""Where a ``.keras`` archive keeps each layer's variables.

The paths follow the attributes of the Python objects (``_walk_saveable`` and
``_save_container_state`` in ``keras/src/saving/saving_lib.py``): a model's layers are called after
their classes, whatever their names, and numbered in the order of the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tfjs_serve.conversion.model import KerasLayer

_CELL_INSIDE = frozenset({"ConvLSTM2D", "GRU", "LSTM", "SimpleRNN"})
"""Layers whose variables belong to a cell that the configuration does not show."""
_ATTRIBUTES = {
    "Bidirectional": ("forward_layer", "backward_layer"),
    "RNN": ("cell",),
    "TimeDistributed": ("layer",),
}


def object_paths(layer: KerasLayer, path: str = "") -> Iterator[tuple[KerasLayer, str]]:
    """Yield `layer` and all layers in it with the paths of their variables."""
    yield layer, f"{path}/cell" if layer.class_name in _CELL_INSIDE else path
    for child, step in zip(layer.children, _steps(layer), strict=True):
        yield from object_paths(child, f"{path}/{step}" if path else step)


def _steps(layer: KerasLayer) -> Sequence[str]:
    """Return the path from a layer to each of its children."""
    if layer.class_name in ("Functional", "Sequential"):
        return [f"layers/{name}" for name in _numbered(layer.children)]
    if layer.class_name == "StackedRNNCells":
        return [f"cells/{name}" for name in _numbered(layer.children)]
    return _ATTRIBUTES.get(layer.class_name) or [child.name for child in layer.children]


def _numbered(layers: Sequence[KerasLayer]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for layer in layers:
        name = snake_case(layer.class_name.rsplit(">", maxsplit=1)[-1])
        yield f"{name}_{seen[name]}" if seen[name] else name
        seen[name] += 1


def snake_case(class_name: str) -> str:
    """Return the name that Keras makes of a class (``keras/src/utils/naming.py``)."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
