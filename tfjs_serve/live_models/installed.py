"""Imports the installed Keras for a caller who asks for a Keras model, and has imported none.

This is the only place that imports one. The ``tensorflowjs`` package brought its Keras along, so
programs that were written for it need not have imported any.
"""

from __future__ import annotations

from types import ModuleType

from tfjs_serve.errors import SettingsError
from tfjs_serve.live_models.frameworks import loaded_keras


def any_keras() -> ModuleType:
    """Return the Keras that the program has imported, or else the one that is installed.

    Raises
    ------
    SettingsError
        None is installed, or it cannot be imported.
    """
    try:
        return loaded_keras()
    except SettingsError:
        for package in _IMPORTS:
            if (keras := _imported(package)) is not None:
                return keras
    raise SettingsError(
        "no Keras is installed, so there is none to make a Keras model with",
        hint="install it: pip install keras",
    )


def _imported(package: str) -> ModuleType | None:
    """Import a package; return ``None`` if it is not installed."""
    try:
        return _IMPORTS[package]()
    except ImportError as error:
        if error.name == package:
            return None
        raise SettingsError(
            f"{package} cannot be imported: {error}",
            hint="set KERAS_BACKEND to a backend that is installed, such as numpy, jax or torch"
            if package == "keras"
            else "mend its installation, or import the Keras that you work with before",
        ) from error


def _tf_keras() -> ModuleType:
    import tf_keras  # type: ignore[import-not-found] # noqa: PLC0415 -- only when it is needed

    return tf_keras  # type: ignore[no-any-return]  # nothing is known of it here


def _keras() -> ModuleType:
    import keras  # type: ignore[import-untyped] # noqa: PLC0415 -- as above

    return keras  # type: ignore[no-any-return]  # as above


_IMPORTS = {"tf_keras": _tf_keras, "keras": _keras}
"""The first that is installed counts."""
