"""The functions of ``tensorflowjs.converters``: with its arguments, and its names for files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tfjs_serve.api.loading import deserialize_keras_model, load_keras_model
from tfjs_serve.api.options import DtypeMap, Metadata, StrPath
from tfjs_serve.api.saving import save_keras_model as _save_keras_model
from tfjs_serve.errors import SettingsError, TfjsServeError
from tfjs_serve.settings import DEFAULT_SHARD_SIZE_BYTES, MODEL_SUFFIXES

__all__ = [
    "convert",
    "convert_jax",
    "convert_tf_saved_model",
    "deserialize_keras_model",
    "load_keras_model",
    "save_keras_model",
]

_HOW = "save the Keras model as .keras or .h5 and give that to tfjs_serve.convert(path, out_dir)"


def save_keras_model(
    model: Any,
    artifacts_dir: StrPath,
    quantization_dtype_map: DtypeMap | None = None,
    weight_shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES,
    metadata: Metadata | None = None,
) -> None:
    """Call :func:`tfjs_serve.save_keras_model`; files with weights have the official names.

    What copies or uploads ``group1-shard1of1.bin`` afterwards goes on to find it.
    """
    _save_keras_model(
        model,
        artifacts_dir,
        quantization_dtype_map,
        weight_shard_size_bytes,
        metadata,
        shard_names="official",
    )


def convert(arguments: Sequence[str]) -> None:
    """Run ``tfjs-serve-converter`` with the arguments of a command line.

    Raises
    ------
    TfjsServeError
        It failed; the message is what it printed.
    """
    official = ("convert", "--force", "--shard-names", "official")
    command = [sys.executable, "-m", "tfjs_serve", *official, *map(str, arguments)]
    done = subprocess.run(  # noqa: S603 -- this package, with the caller's arguments
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    print(done.stdout, end="")  # noqa: T201 -- as the function of that name does
    if done.returncode:
        raise TfjsServeError(done.stderr.strip() or f"it ended with code {done.returncode}")


def convert_tf_saved_model(saved_model_dir: StrPath, *_arguments: Any, **_options: Any) -> NoReturn:
    """Say what to do instead of converting a SavedModel, which takes TensorFlow.

    Raises
    ------
    SettingsError
        Always.
    """
    if Path(saved_model_dir).suffix.lower() in MODEL_SUFFIXES:
        raise SettingsError(
            f"{str(saved_model_dir)!r} is no SavedModel but a Keras file",
            hint="call tfjs_serve.convert(path, out_dir), which makes a layers model of it",
        )
    raise SettingsError(
        f"{str(saved_model_dir)!r} is a SavedModel, a graph that only TensorFlow can read",
        hint=_HOW,
    )


def convert_jax(*_arguments: Any, **_options: Any) -> NoReturn:
    """Say what to do instead of converting a function of JAX, which takes TensorFlow.

    Raises
    ------
    SettingsError
        Always.
    """
    raise SettingsError("a function of JAX has no layers, and becomes no layers model", hint=_HOW)
