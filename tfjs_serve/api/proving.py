"""Run a model in memory, and put what it predicts into a proof of limited size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfjs_serve.errors import SettingsError
from tfjs_serve.facts.wording import shortened
from tfjs_serve.live_models.frameworks import keras_of
from tfjs_serve.live_models.outputs import Array, layers_of, outputs_of
from tfjs_serve.live_models.reading import read_live_model
from tfjs_serve.proofs.fingerprints import named_fingerprints
from tfjs_serve.proofs.model import (
    PRECISIONS,
    LayerOutput,
    Proof,
    Tensor,
    as_floats,
    sampled,
)
from tfjs_serve.proofs.npz import MAXIMUM_PROOF_BYTES, to_npz
from tfjs_serve.settings import (
    MIB,
    MOST_PROVEN_EXAMPLES,
    MOST_PROVEN_LAYERS,
    PROVEN_NUMBERS_OF_LAYER,
)


def fitting_proof(model: Any, x: Any) -> bytes:
    """Return the file with a proof of as many examples as there may be.

    Raises
    ------
    SettingsError
        `model` is no Keras model, or `x` is nothing that it takes, or one example is too large.
    """
    if keras_of(model) is None:
        read_live_model(model)  # which says what is wrong
    count = MOST_PROVEN_EXAMPLES
    while True:
        proof = _prove(model, _first(x, count))
        data = to_npz(proof)
        if len(data) <= MAXIMUM_PROOF_BYTES:
            return data
        if proof.examples == 1:
            raise SettingsError(
                f"a proof of one example would have {len(data) / MIB:.0f} MiB",
                hint=f"{MAXIMUM_PROOF_BYTES // MIB} MiB are the most: give a smaller input, if the "
                "model takes inputs of any size",
            )
        count = proof.examples // 2


def _prove(model: Any, given: Any) -> Proof:
    layers: list[LayerOutput] = []

    def on_output(path: str, output: Array) -> None:
        if len(layers) < MOST_PROVEN_LAYERS and output.dtype.kind in "fiub" and output.ndim:
            layers.append(_layer_output(path, output))

    outputs = outputs_of(model, given, on_output)
    keras: Any = keras_of(model)
    inputs = _in_order(given, _input_names(model, len(_listed(given))), _structure(model))
    names = _numbered(getattr(model, "output_names", None), "output", len(outputs))
    return Proof(
        made_with=f"Keras {keras.__version__} on {keras.backend.backend()}",
        inputs=tuple(_tensor(name, values) for name, values in inputs.items()),
        outputs=tuple(map(_tensor, names, outputs)),
        layers=tuple(layers),
        weights=named_fingerprints(read_live_model(model)),
        precision=_precision(model),
    )


def _precision(model: Any) -> str:
    used = {getattr(layer, "compute_dtype", None) for _, layer in layers_of(model)}
    return next((dtype for dtype in PRECISIONS if dtype in used), "")


def _layer_output(path: str, output: Array) -> LayerOutput:
    flat = output.reshape(-1)
    values = flat[sampled(flat.size, PROVEN_NUMBERS_OF_LAYER)].astype("<f4")
    return LayerOutput(path=shortened(path), shape=output.shape, values=values)


def _tensor(name: str, values: Any) -> Tensor:
    try:
        return Tensor(name=shortened(name), values=as_floats(values))
    except ValueError as error:
        raise SettingsError(
            f"{name!r} cannot be in a proof: {error}",
            hint="a proof holds numbers; texts are not supported",
        ) from error


def _input_names(model: Any, count: int) -> list[str]:
    """Return the names of inputs in the order of the model; Keras 3 has no list of them."""
    tensors = getattr(model, "inputs", None) or ()
    names = getattr(model, "input_names", None) or [tensor.name for tensor in tensors]
    return _numbered(names, "input", count)


def _numbered(names: Sequence[str] | None, kind: str, count: int) -> list[str]:
    """Return names if there are as many as are needed, or else numbers."""
    found = list(names or ())
    return found if len(found) == count else [f"{kind} {at}" for at in range(count)]


def _structure(model: Any) -> Any:
    """Return the inputs as a model was made with them: of Keras 3, or of tf_keras."""
    return getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))


def _listed(given: Any) -> list[Array]:
    if isinstance(given, Mapping):
        return list(given.values())
    return list(given) if isinstance(given, list) else [given]


def _in_order(given: Any, names: list[str], structure: Any) -> dict[str, Array]:
    """Return the inputs by their names, in the order of the model.

    Keras looks for the keys of a dictionary among those that the model was made with, whose order
    is the alphabetical one, or else among the names of its inputs.
    """
    if not isinstance(given, Mapping):
        return dict(zip(names, _listed(given), strict=True))
    is_by_name = not isinstance(structure, Mapping) and set(names) == set(given)
    return {name: given[name] for name in (names if is_by_name else sorted(given))}


def _first(x: Any, count: int) -> Any:
    """Return the first examples of what a model takes, as arrays.

    Raises
    ------
    SettingsError
        There are none, or they are no numbers.
    """
    if isinstance(x, Mapping):
        return {name: _first(values, count) for name, values in x.items()}
    if isinstance(x, list | tuple) and any(hasattr(one, "shape") for one in x):
        return [_first(one, count) for one in x]
    values = np.asarray(x)
    if values.ndim == 0 or not len(values):
        raise SettingsError(
            "x has no examples", hint="give an array whose first axis is that of the examples"
        )
    _tensor("x", values[:count])  # before Keras says of it something else
    return values[:count].astype("float32") if values.dtype == np.float64 else values[:count]
