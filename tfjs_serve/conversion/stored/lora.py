"""Restores layers with LoRA: two small matrices whose product is added to a kernel.

A ``.keras`` archive has the sum (``save_own_variables`` in ``layers/core/dense.py`` of Keras 3).
HDF5 has the kernel and both matrices.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.model.layers import KerasLayer, Variable
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.sources import Weights, computed_source
from tfjs_serve.conversion.stored.assignment import OwnVariables
from tfjs_serve.conversion.stored.forms import FormOf, Restored, StoredForm
from tfjs_serve.keras_files import Container

_KERNELS = {
    "Conv1D": "kernel",
    "Conv2D": "kernel",
    "Conv3D": "kernel",
    "Dense": "kernel",
    "EinsumDense": "kernel",
    "Embedding": "embeddings",
    "ReversibleEmbedding": "embeddings",
}


def lora_names(layer: KerasLayer) -> tuple[str, ...]:
    """Return the names of the variables that LoRA adds to a layer, in order of creation."""
    if layer.class_name not in _KERNELS or not layer.config.get("lora_rank"):
        return ()
    kernel = _KERNELS[layer.class_name]
    return f"lora_{kernel}_a", f"lora_{kernel}_b"


def tell_lora(model: KerasLayer, report: Report) -> None:
    """Warn of layers of which a page trains more than Keras does."""
    for layer in model.walk():
        if lora_names(layer):
            message = "trains only what LoRA adds to its kernel; a page trains the whole kernel."
            report.warn(layer, message)


def with_lora(layer: KerasLayer, weights: Weights) -> Weights:
    """Return the weights with LoRA's product added to the kernel."""
    names = lora_names(layer)
    if not names or names[0] not in weights:
        return weights
    kernel = _KERNELS[layer.class_name]
    rank = layer.config["lora_rank"]
    scale = (layer.config.get("lora_alpha") or rank) / rank
    sources = (weights[kernel], *(weights[name] for name in names))
    merged = computed_source(
        lambda whole, a, b: whole + scale * np.matmul(a, b),
        *sources,
        shape=weights[kernel].shape,
    )
    left = {name: source for name, source in weights.items() if name not in names}
    return {**left, kernel: merged}


def without_lora(layer: KerasLayer) -> KerasLayer:
    """Return the layer without LoRA's arguments."""
    config = {key: item for key, item in layer.config.items() if not key.startswith("lora_")}
    return replace(layer, config=config)


def lora_forms(container: Container, own: OwnVariables) -> FormOf:
    """Return the forms of layers with LoRA that are not quantized.

    Parameters
    ----------
    container
        HDF5 or ``.keras``.
    own
        Returns the variables of a layer as the rules know it.
    """

    def form(layer: KerasLayer) -> StoredForm | None:
        added, mine = lora_names(layer), own(layer)
        if not added or mine is None:
            return None
        if container is Container.KERAS_ZIP:
            return StoredForm(variables=mine, restore=_restored)
        kernel = _KERNELS[layer.class_name]
        # With LoRA, the kernel is no longer trained.
        kept = (replace(item, trainable=item.name != kernel) for item in mine)
        return StoredForm(variables=(*kept, *map(_variable, added)), restore=_restored)

    return form


def _variable(name: str) -> Variable:
    return Variable(name=name)


def _restored(layer: KerasLayer, weights: Weights) -> Restored:
    return without_lora(layer), {layer.path: with_lora(layer, weights)}
