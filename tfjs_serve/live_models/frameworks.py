"""Which Keras an object comes from, and which one the caller has.

A Keras is never imported here, for the caller alone knows which one it is to be, with which backend
(``KERAS_BACKEND``), and whether the seconds and the memory that this takes are welcome. It is
looked up among what the program has imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from tfjs_serve.errors import SettingsError

_PACKAGES = ("tf_keras", "keras")
"""The first that is loaded counts: ``keras`` comes with TensorFlow, ``tf_keras`` only on demand."""


def keras_of(model: Any) -> ModuleType | None:
    """Return the Keras whose class `model` has, or derives from; ``None`` if there is none."""
    for ancestor in type(model).__mro__:
        package = ancestor.__module__.partition(".")[0]
        if package in _PACKAGES:
            return sys.modules.get(package)
    return None


def generation_of(keras: ModuleType) -> int:
    """Return the first number of the version of a Keras."""
    return int(str(keras.__version__).partition(".")[0])


def loaded_keras() -> ModuleType:
    """Return the Keras that the program has imported.

    Raises
    ------
    SettingsError
        It has imported none.
    """
    for package in _PACKAGES:
        if package in sys.modules:
            return sys.modules[package]
    keras = getattr(
        sys.modules.get("tensorflow"), "keras", None
    )  # which is imported when asked for
    if keras is None:
        raise SettingsError(
            "no Keras has been imported, so there is none to make a Keras model with",
            hint="write 'import keras' or 'import tf_keras' above, whichever you work with",
        )
    return keras  # type: ignore[no-any-return]  # a module, or what TensorFlow puts in its place
