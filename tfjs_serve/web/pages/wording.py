"""How the pages say things. Pure: what is returned are texts, which templates escape."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import EntryKind
from tfjs_serve.facts.checks import Shape
from tfjs_serve.facts.layers import Became, TensorInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import GIB, KIB, MIB, Variant

KINDS = {
    EntryKind.HDF5: "Keras model (HDF5)",
    EntryKind.KERAS_ZIP: "Keras model",
    EntryKind.KERAS_FOLDER: "Keras model (folder)",
    EntryKind.KERAS_WEIGHTS: "Keras weights in several files, and an architecture",
    EntryKind.TFJS_LAYERS: "TensorFlow.js layers model, served as it is",
    EntryKind.TFJS_GRAPH: "TensorFlow.js graph model, served as it is",
}
FORMS = {
    EntryKind.HDF5: "",
    EntryKind.KERAS_ZIP: "",
    EntryKind.KERAS_FOLDER: "Keras folder",
    EntryKind.KERAS_WEIGHTS: "weights and an architecture",
    EntryKind.TFJS_LAYERS: "TensorFlow.js layers model",
    EntryKind.TFJS_GRAPH: "TensorFlow.js graph model",
}
"""What the name of the file does not tell."""
VARIANTS = {
    Variant.FULL: "weights as they are",
    Variant.FLOAT16: "half the size",
    Variant.UINT16: "half the size, quantized",
    Variant.UINT8: "a quarter of the size, quantized",
    Variant.TRAIN: "with Keras's settings and the optimizer's state, for training.js",
}
BECAME = {
    Became.NATIVE: "as in TensorFlow.js",
    Became.LOWERED: "other layers that compute the same",
    Became.COMPANION: "a layer of layers.js",
    Became.OWN: "a layer of the page (--layers)",
}
_STATES = {
    EntryState.FOUND: "not looked at yet",
    EntryState.CHECKED: "loads",
    EntryState.CONVERTING: "converting",
    EntryState.READY: "ready",
    EntryState.FAILED: "does not load",
    EntryState.STALE: "last good version",
}
_MOST_LABELS = 100
_MOST_TENSORS = 3
_TIMES = "\N{MULTIPLICATION SIGN}"
_WORD = re.compile(r"[a-z]+,? ")
_ENDS = (".", "?", "!", ":")


def state(status: EntryStatus) -> str:
    """Return in which state a model is."""
    if status.state is EntryState.CONVERTING and status.progress is not None:
        return f"converting, {int(status.progress * 100)} %"
    return _STATES[status.state]


def sentence(text: str) -> str:
    """Return what the terminal says after a file's name or "hint:", as a sentence of a page.

    A name at the beginning stays as it is: unlike a word, it has a dot or the like in it.
    """
    start = text.upper()[:1] if _WORD.match(text) else text[:1]
    return f"{start}{text[1:]}{'' if text.endswith(_ENDS) else '.'}"


def shape(sizes: Shape | None) -> str:
    """Return the shape of a tensor."""
    if sizes is None:
        return "of a shape that is not known"
    return f"[{', '.join('any' if size is None else str(size) for size in sizes)}]"


def sizes(shape: Shape | None) -> str:
    """Return the sizes of one example, such as 28 by 28 by 1."""
    if shape is None:
        return "?"
    return _TIMES.join("any" if size is None else str(size) for size in shape[1:]) or "1"


def signature(facts: ModelFacts) -> str:
    """Return what goes in and out, with an arrow between; empty if it is not known."""
    if not (facts.inputs and facts.outputs):
        return ""
    return " → ".join(_several(tensors) for tensors in (facts.inputs, facts.outputs))


def _several(tensors: Sequence[TensorInfo]) -> str:
    more = ["…"] if len(tensors) > _MOST_TENSORS else []
    return ", ".join([*(sizes(one.shape) for one in tensors[:_MOST_TENSORS]), *more])


def readable_size(size_bytes: int) -> str:
    """Return a size in the largest unit that fits."""
    for unit_bytes, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size_bytes >= unit_bytes:
            return f"{size_bytes / unit_bytes:.1f} {unit}"
    return f"{size_bytes} bytes"


def some_labels(labels: Sequence[str]) -> str:
    """Return the names of classes in one line; the first ones, if there are very many."""
    shown = ", ".join(labels[:_MOST_LABELS])
    more = len(labels) - _MOST_LABELS
    return f"{shown} and {more:,} more" if more > 0 else shown
