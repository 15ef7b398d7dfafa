"""How a model was trained: the arguments of ``compile``, and the optimizer's variables.

A model predicts without them. So nothing that is wrong with them keeps a model from being read,
unless it would exhaust the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import h5py

from tfjs_serve.keras_files.attributes import TextAttributes
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.datasets import child, weight_ref
from tfjs_serve.keras_files.limits import Budget
from tfjs_serve.keras_files.model import Json, SavedTraining, WeightRef
from tfjs_serve.keras_files.object_weights import read_optimizer_variables
from tfjs_serve.untrusted_json import parse_json

_GROUP = "optimizer_weights"


def training_of_hdf5(
    file: h5py.File, texts: TextAttributes, budget: Budget
) -> SavedTraining | None:
    """Return what an HDF5 file with a whole model says (``legacy_h5_format.py``)."""
    text = texts.text(file, "training_config")
    if text is None:
        return None
    read = partial(_named_variables, file, texts, budget)
    try:
        return _training(parse_json(text), read)
    except ValueError as error:
        return SavedTraining(problem=f"are not valid JSON ({error})")


def training_of_archive(
    settings: Json, files: Sequence[tuple[h5py.File, int | None]], budget: Budget
) -> SavedTraining | None:
    """Return what an archive says, whose configuration has these ``compile_config``.

    Keras 3 writes empty ones for a model that was never compiled.

    Parameters
    ----------
    files
        As those of ``read_object_weights``.
    """
    if settings is None or settings == {}:
        return None  # Keras 3 saves an empty object for a model that was never compiled.

    def read() -> tuple[WeightRef, ...]:
        with damage_as_error(budget.display_name):
            return read_optimizer_variables(files, budget)

    return _training(settings, read)


def _training(settings: Json, read: Callable[[], tuple[WeightRef, ...]]) -> SavedTraining:
    if not isinstance(settings, dict):
        return SavedTraining(problem="are not an object")
    return SavedTraining(settings=settings, read_optimizer=read)


def _named_variables(
    file: h5py.File, texts: TextAttributes, budget: Budget
) -> tuple[WeightRef, ...]:
    """Return the variables in the order in which an attribute names them.

    Raises
    ------
    KerasFileError
        They are damaged.
    """
    with damage_as_error(budget.display_name):
        # Testing with "in" would follow an external link.
        if file.get(_GROUP, getlink=True) is None:
            return ()
        group = child(file, _GROUP, budget.display_name)
        return tuple(weight_ref(group, name, budget) for name in texts.names(group, "weight_names"))
