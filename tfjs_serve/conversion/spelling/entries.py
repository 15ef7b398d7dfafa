"""Reads an entry of a model's configuration, wherever a version of Keras writes what.

An entry is the ``{"class_name": ..., "config": ...}`` of a layer or model. Some versions write more
keys beside these two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import plain
from tfjs_serve.conversion.spelling.model_kinds import MODELS
from tfjs_serve.conversion.spelling.operations.binding import KERAS2_OPERATIONS, is_known_operation

_WITHOUT_FLAG = (
    MODELS
    | {"Discretization", "HashedCrossing", "InputLayer", "Pipeline"}
    | {"SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
)
"""Classes without a trainable flag in their configuration."""
_KERAS_MODULES = frozenset({"builtins", "keras", "tf_keras"})
_OF_APPLICATIONS = {"Custom>CustomScaleLayer": "CustomScaleLayer"}
"""Layers of keras.applications that are registered like those of users."""


def config_of(entry: Mapping[str, Json], key: str = "config") -> Mapping[str, Json]:
    """Return the configuration in an entry; an empty one if the entry has none."""
    config = entry.get(key)
    if isinstance(config, list):
        return {"layers": config}  # Sequential up to Keras 2.2.2
    return config if isinstance(config, dict) else {}


def entries_of(config: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Return the entries of a model's layers."""
    layers = config.get("layers")
    return [entry for entry in layers if isinstance(entry, dict)] if layers else []


def class_name_of(entry: Mapping[str, Json]) -> str:
    """Return the name of an entry's class."""
    class_name = str(entry.get("class_name"))
    return _OF_APPLICATIONS.get(class_name, class_name)


def name_of(entry: Mapping[str, Json], class_name: str) -> str:
    """Return the name that graphs use; TensorFlowOpLayer has another in its configuration."""
    names = (entry.get("name"), config_of(entry).get("name"))
    if not class_name.startswith("ops."):
        names = names[::-1]
    return str(names[0] or names[1] or class_name.lower())


def is_custom(class_name: str, entry: Mapping[str, Json]) -> bool:
    """Whether the user's code computes the layer: its class is the user's, or it is a Lambda.

    If the user registered the class, the class name in HDF5 is ``package>Class``. A ``.keras``
    archive has this name beside the class, and also the module, which is ``None`` for the classes
    of a script or notebook (``record_object_after_serialization`` in ``serialization_lib.py``).

    Parameters
    ----------
    class_name
        The class in the canonical spelling.
    entry
        As in the file.
    """
    module, registered = entry.get("module"), entry.get("registered_name")
    if "module" in entry and module is None and isinstance(registered, str):
        return registered not in _OF_APPLICATIONS
    return (
        class_name == "Lambda"
        or ">" in class_name
        or (
            isinstance(registered, str) and ">" in registered and registered not in _OF_APPLICATIONS
        )
        or (isinstance(module, str) and module.split(".")[0] not in _KERAS_MODULES)
    )


def package_of(class_name: str, entry: Mapping[str, Json]) -> str:
    """Return the package that a class was registered by; empty if it is Keras's or not told.

    Parameters
    ----------
    class_name
        The class as in the file.
    entry
        As in the file.
    """
    registered, module = entry.get("registered_name"), entry.get("module")
    for name in (class_name, registered):
        if isinstance(name, str) and ">" in name:
            return name.partition(">")[0]
    package = module.split(".")[0] if isinstance(module, str) else ""
    return "" if package in _KERAS_MODULES else package


def is_operation(class_name: str, entry: Mapping[str, Json], generation: int) -> bool:
    """Whether an entry is a function and not a layer.

    In Keras 3, a function of ``keras.ops`` may have the same name as a layer. An archive names the
    module of the class. HDF5 does not, but nearly all layers have a trainable flag in their
    configuration (``get_config`` in ``keras/src/layers/layer.py``), and functions have none. Layers
    of the user may lack the flag, too; they are told by their names, which no function has.

    Parameters
    ----------
    class_name
        The class in the canonical spelling.
    entry
        As in the file.
    generation
        Generation of Keras.
    """
    if generation < 3:
        return class_name in KERAS2_OPERATIONS
    if "module" in entry:
        return str(entry["module"]).startswith(("keras.ops", "keras.src.ops"))
    if class_name in _WITHOUT_FLAG or "trainable" in config_of(entry):
        return False
    return is_known_operation(class_name)


def stated_shape(config: Mapping[str, Json]) -> list[Any] | None:
    """Return the shape, counting the batch axis, that a layer states for its input."""
    shape = config.get("batch_input_shape")
    return _as_list(config.get("batch_shape") if shape is None else shape)


def sequential_shape(entry: Mapping[str, Json]) -> list[Any] | None:
    """Return the shape of the input of a Sequential, counting the batch axis, if it was saved."""
    config = config_of(entry)
    entries = entries_of(config)
    shape = _shape_of_first(entries[0]) if entries else None
    return shape or _as_list(config.get("build_input_shape")) or _built_shape(entry)


def is_of_first_call(entry: Mapping[str, Json]) -> bool:
    """Whether a Sequential has its input shape only from its first call: no layer states one."""
    while entry.get("class_name") in MODELS and entries_of(config_of(entry)):
        entry = entries_of(config_of(entry))[0]
        if stated_shape(config_of(entry)) is not None:
            return False
    return True


def _shape_of_first(entry: Mapping[str, Json]) -> list[Any] | None:
    """Return the shape that the first layer states, in however many models it is."""
    config = config_of(entry)
    shape = stated_shape(config)
    if shape is None and entry.get("class_name") in MODELS and entries_of(config):
        return _shape_of_first(entries_of(config)[0])
    return shape or _built_shape(entry)


def _built_shape(entry: Mapping[str, Json]) -> list[Any] | None:
    """Return the shape that a layer was built with, which archives have since Keras 2.13."""
    built = entry.get("build_config")
    shape = _as_list(built.get("input_shape")) if isinstance(built, dict) else None
    is_shape = shape is not None and all(size is None or type(size) is int for size in shape)
    return shape if is_shape else None


def _as_list(shape: Json) -> list[Any] | None:
    shape = plain(shape)
    return shape if isinstance(shape, list) else None
