"""The subjects of the grid, one module per family."""

from __future__ import annotations

from collections.abc import Mapping

from . import attention, convolution, core, preprocessing, recurrent
from .subject import Given, Subject

FAMILIES: Mapping[str, tuple[Subject, ...]] = {
    "core": core.SUBJECTS,
    "convolution": convolution.SUBJECTS,
    "attention": attention.SUBJECTS,
    "recurrent": recurrent.SUBJECTS,
    "preprocessing": preprocessing.SUBJECTS,
}

EXCLUDED: Mapping[str, str] = {
    "Layer": "has no computation of its own",
    "Wrapper": "has no computation of its own",
    "AbstractRNNCell": "has no computation of its own",
    "InputSpec": "is no layer",
    "InputLayer": "is in every model",
    "Lambda": "is Python code",
    "JaxLayer": "is Python code",
    "FlaxLayer": "is Python code",
    "TorchModuleWrapper": "is Python code",
    "TFSMLayer": "is another file",
    "DenseFeatures": "is Python code: feature columns",
    "MaxNumBoundingBoxes": "takes boxes, which are no tensor",
}
"""Classes of ``keras.layers`` that are no subjects, and why."""

__all__ = ["EXCLUDED", "FAMILIES", "Given", "Subject"]
