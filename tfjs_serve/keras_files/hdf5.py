"""Whole models in HDF5, as Keras 2 and Keras 3 save them.

The layout is that of ``save_model_to_hdf5`` in ``keras/src/legacy/saving/legacy_h5_format.py``:
the configuration is an attribute of the root, the group ``model_weights`` has one group per
layer, and attributes name layers and weights in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import h5py

from tfjs_serve.errors import KerasFileError, WeightsOnlyFileError
from tfjs_serve.keras_files.attributes import TextAttributes
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.datasets import child, weight_ref
from tfjs_serve.keras_files.dialects import read_config, read_generation
from tfjs_serve.keras_files.limits import Budget
from tfjs_serve.keras_files.model import Container, Dialect, KerasModel, WeightRef
from tfjs_serve.keras_files.storage import load_no_plugins

_LISTS_OF_LAYERS = {"layer_names", "layer_names0", "nb_layers"}
"""What ``save_weights`` writes at the root: in Keras 2, in Keras 2 if the list is long, and before
Keras 1."""


@contextmanager
def open_hdf5(path: Path, display_name: str) -> Iterator[KerasModel]:
    """Open the HDF5 file at `path`; weights can be read while the context lasts.

    Raises
    ------
    KerasFileError
        It is damaged, cut off, or not written by Keras.
    WeightsOnlyFileError
        The architecture is missing.
    UnsafeFileError
        Weights are stored outside the file.
    """
    with opened(path, display_name) as file:
        with damage_as_error(display_name):
            texts = TextAttributes(path, display_name)
            model = _read_model(file, texts, Budget(path.stat().st_size, display_name))
        yield model


@contextmanager
def opened(source: Path | IO[bytes], display_name: str) -> Iterator[h5py.File]:
    """Open an HDF5 file, or one inside another file, without taking a lock.

    Raises
    ------
    KerasFileError
        It is damaged or cut off.
    """
    load_no_plugins()
    with damage_as_error(display_name):
        # A lock would make the next save of a running training fail.
        file = h5py.File(source, "r", locking=False)
    with file:
        yield file


def _read_model(file: h5py.File, texts: TextAttributes, budget: Budget) -> KerasModel:
    """Return the model in an open file.

    Raises
    ------
    KerasFileError
        The architecture or the weights are missing.
    """
    display_name = budget.display_name
    text = texts.text(file, "model_config")
    if text is None:
        raise _without_architecture(file, display_name)
    config = read_config(text, display_name)
    version = texts.text(file, "keras_version") or ""
    generation = read_generation(version, config, display_name)
    weights = _read_weights(file, texts, budget)
    backend = texts.text(file, "backend") or _backend_by_names(weights)
    return KerasModel(
        display_name=display_name,
        dialect=Dialect(generation=generation, container=Container.HDF5, backend=backend),
        keras_version=version or str(generation),
        config=config,
        weights=weights,
    )


def _backend_by_names(weights: Mapping[str, tuple[WeightRef, ...]]) -> str:
    """Guess the backend, which Keras 1 does not state: names of TensorFlow's end in ``:0``."""
    names = [ref.name for refs in weights.values() for ref in refs]
    if not names:
        return ""
    return "tensorflow" if any(name.endswith(":0") for name in names) else "theano"


def _without_architecture(file: h5py.File, display_name: str) -> KerasFileError:
    if _LISTS_OF_LAYERS & set(file.attrs) or _holds_variables(file):
        return WeightsOnlyFileError(
            f"{display_name} holds weights only, not the model's architecture",
            hint="build the model in Python, call model.load_weights(...) and then "
            "model.save('name.h5')",
        )
    return KerasFileError(
        f"{display_name} is an HDF5 file, but holds no Keras model",
        hint="save the whole model with model.save('name.h5')",
    )


def _holds_variables(file: h5py.File) -> bool:
    """Whether it is a ``.weights.h5`` (``save_weights_only`` in ``saving_lib.py``)."""
    groups = {name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)}
    return bool(groups & {"layers", "_layer_checkpoint_dependencies", "vars"}) or any(
        isinstance(file[name], h5py.Group) and "vars" in file[name] for name in groups
    )


def _read_weights(
    file: h5py.File, texts: TextAttributes, budget: Budget
) -> dict[str, tuple[WeightRef, ...]]:
    """Return the weights of each layer, by its name.

    Raises
    ------
    KerasFileError
        There are none.
    """
    display_name = budget.display_name
    # Testing with "in" would follow an external link.
    if file.get("model_weights", getlink=True) is None:
        raise KerasFileError(
            f"{display_name} has an architecture but no weights",
            hint="save the whole model with model.save('name.h5')",
        )
    group = child(file, "model_weights", display_name)
    return {
        name: _read_layer(child(group, name, display_name), texts, budget)
        for name in texts.names(group, "layer_names")
    }


def _read_layer(group: h5py.Group, texts: TextAttributes, budget: Budget) -> tuple[WeightRef, ...]:
    names = texts.names(group, "weight_names")
    return tuple(weight_ref(group, name, budget) for name in names)
