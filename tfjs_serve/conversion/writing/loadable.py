"""Checks, as a last step, whether TF.js's loader can make every call of a written model.

If the inputs of a call never come, the loader runs forever (``fromConfig`` in
``tfjs-layers/src/engine/container.ts``). The converter writes no such models. Should a defect let
it do so, this check ends the conversion with an error, so that no page hangs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json


class UnloadableError(ValueError):
    """TF.js cannot load a written model: a defect of the converter."""


def check_loadable(model_config: Json) -> None:
    """Check that the loader can load a model.

    Parameters
    ----------
    model_config
        ``{"class_name", "config"}`` of the outermost model, in TF.js's terms.

    Raises
    ------
    UnloadableError
        The loader would hang or fail.
    """
    for model in _functional_models(model_config):
        _check_graph(model)


def _functional_models(value: Json) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _functional_models(item)
    elif isinstance(value, dict):
        if value.get("class_name") == "Functional":
            yield value["config"]
        for item in value.values():
            yield from _functional_models(item)


def _check_graph(model: dict[str, Any]) -> None:
    layers = model["layers"]
    if len({layer["name"] for layer in layers}) < len(layers):
        raise UnloadableError(f"two layers of {model['name']!r} have the same name")
    made = {layer["name"]: initial_calls(layer) for layer in layers}
    waiting = {layer["name"]: list(layer.get("inbound_nodes", ())) for layer in layers}
    progress = True
    while progress:
        progress = False
        for name, calls in waiting.items():
            left = [call for call in calls if not _are_made(call, made)]
            if len(left) < len(calls):
                made[name] += len(calls) - len(left)
                waiting[name] = left
                progress = True
    stuck = [name for name, calls in waiting.items() if calls]
    if stuck:
        raise UnloadableError(f"the layer {stuck[0]!r} of {model['name']!r} can never be called")
    if not _are_made([*model["input_layers"], *model["output_layers"]], made):
        raise UnloadableError(f"{model['name']!r} refers to a call that is never made")


def initial_calls(layer: Mapping[str, Any]) -> int:
    """Return how many calls TF.js counts before the first: one for inputs and models, else none."""
    return int(layer["class_name"] in ("Functional", "InputLayer", "Sequential"))


def _are_made(tensors: Json, made: Mapping[str, int]) -> bool:
    """Whether the calls exist that make the tensors, given how many calls each layer has."""
    return all(tensor[1] < made.get(tensor[0], 0) for tensor in tensors)
