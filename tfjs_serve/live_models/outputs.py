"""What a model in memory predicts, and what the layers inside of it make on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.live_models.frameworks import keras_of

Array = npt.NDArray[Any]
OnOutput = Callable[[str, Array], None]
"""Called with the path of a layer, and its first output of the first call."""


def outputs_of(model: Any, given: Any, on_output: OnOutput) -> list[Array]:
    """Run a model once, as for a prediction, and return its outputs in order.

    Its layers' functions ``call`` are replaced while it runs: this is the one way that works with
    shared and nested layers in all of Keras's backends. Its state afterwards is as before.

    Parameters
    ----------
    given
        What the model takes.
    """
    to_numpy = _to_numpy(model)
    with _unchanged(model), _watched(model, lambda path, out: on_output(path, to_numpy(out))):
        outputs = model(given, training=False)
    return [to_numpy(one) for one in _flat(outputs)]


def _to_numpy(model: Any) -> Callable[[Any], Array]:
    ops = getattr(keras_of(model), "ops", None)
    return ops.convert_to_numpy if ops is not None else np.asarray


def _flat(value: Any) -> Iterator[Any]:
    """Yield tensors in the order of Keras: that of keys, for those with names."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(value[key])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _flat(one)
    else:
        yield value


def layers_of(model: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each layer with its path, inner ones after the model that they are in."""
    for layer in getattr(model, "layers", ()):
        path = f"{before}{layer.name}"
        yield path, layer
        if hasattr(layer, "to_json"):  # a model
            yield from layers_of(layer, f"{path}/")


@contextmanager
def _watched(model: Any, on_output: Callable[[str, Any], None]) -> Iterator[None]:
    """Tell of the first call of each layer."""
    watched: dict[int, Any] = {}
    for path, layer in layers_of(model):
        if id(layer) not in watched and "call" not in vars(layer):
            watched[id(layer)] = layer
            vars(layer)["call"] = _telling(layer.call, path, on_output)
    try:
        yield
    finally:
        for layer in watched.values():
            del vars(layer)["call"]


def _telling(call: Any, path: str, on_output: Callable[[str, Any], None]) -> Any:
    is_told = False

    def told(*args: Any, **kwargs: Any) -> Any:
        nonlocal is_told
        outputs = call(*args, **kwargs)
        first = next(_flat(outputs), None)
        if not is_told and first is not None:
            is_told = True
            on_output(path, first)
        return outputs

    return told


@contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """Give states, of recurrent layers for example, their values back; they begin with zeros."""
    kept = [(one, np.array(value)) for one, value in _states(model)]
    stateful = [layer for _, layer in layers_of(model) if getattr(layer, "stateful", False)]
    for layer in stateful:
        if hasattr(layer, "reset_states"):
            layer.reset_states()
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def _states(model: Any) -> Iterator[tuple[Any, Array]]:
    to_numpy = _to_numpy(model)
    stateful: Sequence[Any] = [
        layer for _, layer in layers_of(model) if getattr(layer, "stateful", False)
    ]
    for layer in stateful:
        for state in _flat(getattr(layer, "states", None) or ()):
            if hasattr(state, "assign"):
                yield state, to_numpy(state)
