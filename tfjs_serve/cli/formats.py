"""The formats of the official converter: which are read and written here, and what else to do."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.errors import SettingsError
from tfjs_serve.exporting.keras_file import is_keras_file

_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]+:")  # longer than the letter of a drive
KERAS_INPUTS = ("keras", "keras_keras", "keras_saved_model")
TFJS = "tfjs_layers_model"
_NEED_TENSORFLOW = {
    "tf_saved_model": "a SavedModel of TensorFlow",
    "tf_frozen_model": "a frozen graph of TensorFlow",
    "tf_hub": "a module of TF Hub",
}
INPUT_FORMATS = ("auto", *KERAS_INPUTS, TFJS, *_NEED_TENSORFLOW)

KERAS_OUTPUTS = {"keras": (".h5", ".hdf5", ".keras"), "keras_keras": (".keras",)}
"""With the endings that files of these formats may have, the usual one first."""
_OUTPUTS_THAT_NEED_TENSORFLOW = {
    "tfjs_graph_model": (
        "a graph model is made by TensorFlow",
        "leave out --output-format: what is written then is loaded with tf.loadLayersModel; for "
        "tf.loadGraphModel, use tensorflowjs_converter (pip install tensorflowjs)",
    ),
    "keras_saved_model": (
        "a SavedModel is written by TensorFlow",
        "give a name such as model.keras as OUT, and then, in Python: "
        "keras.saving.load_model('model.keras').export('folder')",
    ),
}
OUTPUT_FORMATS = (TFJS, *KERAS_OUTPUTS, *_OUTPUTS_THAT_NEED_TENSORFLOW)


def refuse_urls(paths: Sequence[Path]) -> None:
    """Raise :class:`SettingsError` if a path, made absolute, was a URL."""
    for path in paths:
        at = next((at for at, part in enumerate(path.parts) if _SCHEME.fullmatch(part)), None)
        if at is not None and not os.path.lexists(Path(*path.parts[: at + 1])):
            url = "/".join((f"{path.parts[at]}/", *path.parts[at + 1 :]))
            raise SettingsError(
                f"{url} is a URL, and convert reads and writes files",
                hint="download the model first; tfjs-serve publish puts models into a bucket; a "
                "module of TF Hub is a graph, for which there is tensorflowjs_converter (pip "
                "install tensorflowjs)",
            )


def check_input_format(name: str) -> None:
    """Raise :class:`SettingsError` if a format can only be read by TensorFlow."""
    if name in _NEED_TENSORFLOW:
        raise SettingsError(
            f"--input-format {name}: only TensorFlow can read {_NEED_TENSORFLOW[name]}",
            hint="if it is a Keras file, leave out --input-format; else save the Keras model that "
            "it was made of, with model.save('name.keras'); for a graph without layers, use "
            "tensorflowjs_converter (pip install tensorflowjs)",
        )


def check_kind(name: str, entry: CatalogEntry) -> None:
    """Raise :class:`SettingsError` if an entry is something else than its format says."""
    is_keras = not entry.kind.is_tfjs
    if name in KERAS_INPUTS and not is_keras:
        what = "a model for TensorFlow.js, not for Keras"
    elif name == TFJS and is_keras:
        what = "a Keras model, not one for TensorFlow.js"
    elif name == TFJS and entry.kind is EntryKind.TFJS_GRAPH:
        what = "a graph model, not a layers model"
    else:
        return
    raise SettingsError(f"{entry.exact_name} is {what}", hint="leave out --input-format")


def keras_ending(output_format: str | None, out: Path, *, several: bool) -> str:
    """Return the ending of the Keras files that are to be written; empty if none are.

    Parameters
    ----------
    several
        Whether `out` is a folder for several models.

    Raises
    ------
    SettingsError
        The format is not written here, or `out` is named otherwise.
    """
    if output_format in _OUTPUTS_THAT_NEED_TENSORFLOW:
        problem, hint = _OUTPUTS_THAT_NEED_TENSORFLOW[output_format]
        raise SettingsError(f"--output-format {output_format}: {problem}", hint=hint)
    if output_format == TFJS:
        return ""
    if output_format is None:
        return _ending_of(out, several=several)
    endings = KERAS_OUTPUTS[output_format]
    if several:
        return endings[0]
    if out.suffix.lower() not in endings:
        raise SettingsError(
            f"{str(out)!r} is not the name of a file of the format {output_format}",
            hint=f"give a name as OUT that ends in {' or '.join(endings)}",
        )
    return out.suffix


def _ending_of(out: Path, *, several: bool) -> str:
    if not is_keras_file(out):
        return ""
    if several:
        raise SettingsError(
            f"{str(out)!r} is the name of one file, and there are several models",
            hint="give a folder as OUT, and --output-format keras or keras_keras",
        )
    return out.suffix
