"""Keeps TF.js from disposing of a tensor that a later call needs.

``execute`` in ``tfjs-layers/src/engine/executor.ts`` counts the calls that use a tensor, but counts
down once for every input of these calls. If one call takes a tensor twice, it is disposed of before
the next call can use it. So where a call takes a tensor again, it gets a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import CallKey, Json
from tfjs_serve.conversion.writing.functional import copying_layer
from tfjs_serve.conversion.writing.loadable import initial_calls

_Tensor = tuple[str, int, int]


def with_distinct_inputs(config: Json) -> Json:
    """Return a written layer in which no call takes a tensor twice.

    Parameters
    ----------
    config
        ``{"class_name", "config"}`` or any part of it, in TF.js's terms.
    """
    if isinstance(config, list):
        return [with_distinct_inputs(item) for item in config]
    if not isinstance(config, dict):
        return config
    inner = {key: with_distinct_inputs(item) for key, item in config.items()}
    if inner.get("class_name") == "Functional":
        inner["config"] = _graph(inner["config"])
    return inner


def _graph(model: Mapping[str, Any]) -> dict[str, Any]:
    layers = model["layers"]
    copies = _Copies()
    changed = [{**layer, "inbound_nodes": copies.in_calls_of(layer)} for layer in layers]
    written: list[Json] = []
    for layer in changed:
        written += [layer, *copies.of_layer.get(layer["name"], ())]
    if not copies.of_layer:
        return dict(model)
    return _renumbered({**model, "layers": written}, _numbers(layers, {}))


Numbers = dict[str, list[int]]
"""From a layer's name to the numbers of its calls, in the order in which they are written."""


def _renumbered(model: dict[str, Any], before: Numbers) -> dict[str, Any]:
    """Return the model with the numbers that the loader gives its calls.

    A call that waits for a copy is made later than before, perhaps after other calls of its layer.
    """
    after = _numbers(model["layers"], before)
    new = {
        (name, old): number
        for name, numbers in before.items()
        for old, number in zip(numbers, after[name], strict=True)
    }

    def moved(part: Json) -> Json:
        return [part[0], new.get((part[0], part[1]), part[1]), *part[2:]]

    layers = [
        {**layer, "inbound_nodes": [[moved(part) for part in call] for call in _calls(layer)]}
        for layer in model["layers"]
    ]
    ends = {key: [moved(part) for part in model[key]] for key in ("input_layers", "output_layers")}
    return {**model, "layers": layers, **ends}


def _numbers(layers: list[Json], known: Numbers) -> Numbers:
    """Return the numbers that the loader gives the calls of each layer; see ``load_order.py``.

    Parameters
    ----------
    known
        The numbers by which inputs refer to the calls, if these are not the new ones.
    """
    counts = {layer["name"]: initial_calls(layer) for layer in layers}
    made = {(name, 0) for name, count in counts.items() if count}
    numbers = {layer["name"]: [-1] * len(_calls(layer)) for layer in layers}
    progress = True
    while progress:
        progress = False
        for layer in layers:
            name = layer["name"]
            for place, call in enumerate(_calls(layer)):
                if numbers[name][place] < 0 and made.issuperset(map(_key, call)):
                    numbers[name][place] = counts[name]
                    made.add((name, known[name][place] if name in known else counts[name]))
                    counts[name] += 1
                    progress = True
    return numbers


def _key(part: Json) -> CallKey:
    return part[0], part[1]


def _calls(layer: Mapping[str, Any]) -> list[Json]:
    calls: list[Json] = layer.get("inbound_nodes", [])
    return calls


def _tensor(part: Json) -> _Tensor:
    return part[0], part[1], part[2]


class _Copies:
    """The layers that copy tensors, made when they are needed."""

    def __init__(self) -> None:
        self._count = 0
        self.of_layer: dict[str, list[Json]] = {}

    def in_calls_of(self, layer: Mapping[str, Any]) -> list[Json]:
        """Return the calls of a layer with copies of the tensors that they take again."""
        return [self._in_call(call) for call in _calls(layer)]

    def _in_call(self, call: list[Json]) -> list[Json]:
        seen: set[_Tensor] = set()
        parts: list[Json] = []
        for part in call:
            tensor = _tensor(part)
            parts.append([self._copy(part), 0, 0, *part[3:]] if tensor in seen else part)
            seen.add(tensor)
        return parts

    def _copy(self, part: Json) -> str:
        name = f"{part[0]}/copy_{self._count}"
        self._count += 1
        self.of_layer.setdefault(part[0], []).append(copying_layer(name, part))
        return name
