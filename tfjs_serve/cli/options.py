"""Options of several commands, and how their values are parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from tfjs_serve.cli.custom_layers import registered_classes
from tfjs_serve.cli.help_texts import option
from tfjs_serve.errors import SettingsError
from tfjs_serve.settings import (
    DEFAULT_CACHE_SIZE_BYTES,
    DEFAULT_CHECK_DEADLINE_SECONDS,
    DEFAULT_GRACE_SECONDS,
    DEFAULT_SHARD_SIZE_BYTES,
    DEFAULT_TFJS_URL,
    DEFAULT_WORKER_MEMORY_BYTES,
    GIB,
    KIB,
    MIB,
    Variant,
)
from tfjs_serve.untrusted_json import parse_strict_json
from tfjs_serve.user_folders import default_cache_dir

_Function = TypeVar("_Function", bound=Callable[..., Any])

_UNITS_BYTES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": KIB,
    "mib": MIB,
    "gib": GIB,
}
_NUMBER_AND_UNIT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([a-z]*)")


def parse_size_bytes(text: str) -> int:
    """Return the bytes that a size such as ``4MiB``, ``500KB`` or ``4096`` stands for.

    Raises
    ------
    ValueError
        It is not a size, or less than one byte. A bare ``M`` is refused rather than guessed.
    """
    match = _NUMBER_AND_UNIT.fullmatch(text.strip().lower())
    unit_bytes = _UNITS_BYTES.get(match[2]) if match else None
    if match is None or unit_bytes is None:
        raise ValueError(f"{text!r} is not a size; write for example 500KB, 4MiB or 2GiB")
    size_bytes = int(float(match[1]) * unit_bytes)
    if size_bytes < 1:
        raise ValueError(f"{text!r} is less than one byte")
    return size_bytes


def _size(_ctx: click.Context, _param: click.Parameter, value: str) -> int:
    try:
        return parse_size_bytes(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_UNITS_SECONDS = {"": 1, "s": 1, "min": 60, "h": 60 * 60, "d": 24 * 60 * 60}


def parse_duration_seconds(text: str) -> float:
    """Return the seconds that a duration such as ``90s``, ``5min``, ``1.5h`` or ``90`` stands for.

    Raises
    ------
    ValueError
        It is not a duration. A bare ``m`` is refused rather than guessed.
    """
    match = _NUMBER_AND_UNIT.fullmatch(text.strip().lower())
    unit_seconds = _UNITS_SECONDS.get(match[2]) if match else None
    if match is None or unit_seconds is None:
        raise ValueError(f"{text!r} is not a duration; write for example 90s, 5min or 1h")
    return float(match[1]) * unit_seconds


def _duration(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    try:
        return parse_duration_seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def absolute_path(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """Make a path absolute; links in it stay, because they may be changed later.

    Only what lies before ``..`` is resolved: ``link/..`` is where the link leads to, and paths are
    compared with each other name by name.
    """
    if value is None:
        return None
    path = value.absolute()
    if ".." not in path.parts:
        return path
    after = len(path.parts) - path.parts[::-1].index("..")
    return Path(*path.parts[:after]).resolve().joinpath(*path.parts[after:])


def absolute_paths(
    context: click.Context, parameter: click.Parameter, value: Sequence[Path]
) -> list[Path | None]:
    """Make several paths absolute, each as :func:`absolute_path` does it."""
    return [absolute_path(context, parameter, path) for path in value]


def complete_folder(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete an argument that is a folder."""
    return [CompletionItem(incomplete, type="dir")]


cache_dir_option = option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    default=default_cache_dir,
    callback=absolute_path,
    shell_complete=complete_folder,
    show_default="the user's cache folder",
    help="Where converted models are kept.",
)
cache_size_option = option(
    "--cache-size",
    "cache_size_bytes",
    metavar="SIZE",
    default=str(DEFAULT_CACHE_SIZE_BYTES),
    callback=_size,
    show_default="4GiB",
    help="How much of them is kept; the least recently used are deleted first.",
)


def grace_option(help_text: str) -> Callable[[_Function], _Function]:
    """Return the option ``--grace`` with the help text of one command."""
    return option(
        "--grace",
        "grace_seconds",
        metavar="TIME",
        default=str(DEFAULT_GRACE_SECONDS),
        callback=_duration,
        show_default="1h",
        help=help_text,
    )


def shard_size_option(*other_names: str) -> Callable[[_Function], _Function]:
    """Return the option ``--shard-size``, which may have other names, too."""
    return option(
        "--shard-size",
        *other_names,
        "shard_size_bytes",
        metavar="SIZE",
        default=str(DEFAULT_SHARD_SIZE_BYTES),
        callback=_size,
        show_default="4MiB",
        help="Largest file that weights are split into.",
    )


worker_memory_option = option(
    "--worker-memory",
    "worker_memory_bytes",
    metavar="SIZE",
    default=str(DEFAULT_WORKER_MEMORY_BYTES),
    callback=_size,
    show_default="4GiB",
    help="Most memory that one conversion may take.",
)

timeout_option = option(
    "--timeout",
    "conversion_deadline_seconds",
    metavar="TIME",
    default=str(DEFAULT_CHECK_DEADLINE_SECONDS),
    callback=_duration,
    show_default="5min",
    help="How long one model may take before it counts as refused.",
)
allow_save_option = option(
    "--allow-save",
    is_flag=True,
    help="Let pages save models into DIR: those of origins named with --cors-origin, with the "
    "token that is shown at the start.",
)
follow_symlinks_option = option(
    "--follow-symlinks",
    is_flag=True,
    help="Follow links that lead out of the folder.",
)


def _class_names(
    _ctx: click.Context, _param: click.Parameter, value: Sequence[Path]
) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(name for path in value for name in registered_classes(path)))
    except SettingsError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from error


custom_layers_option = option(
    "--layers",
    "custom_layers",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=_class_names,
    help="JavaScript that registers layer classes of your own, which the page loads itself: "
    "models with these classes are converted; repeatable.",
)


def _tfjs_location(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return a URL as it is, and a path made absolute."""
    if value.startswith(("http://", "https://")):
        return value
    return str(absolute_path(context, parameter, Path(value)))


tfjs_url_option = option(
    "--tfjs-url",
    metavar="URL|PATH",
    default=DEFAULT_TFJS_URL,
    callback=_tfjs_location,
    show_default="a CDN",
    help="Where the pages of the models get TensorFlow.js from: a URL, the file "
    "tf.es2017.min.js, or the folder of the npm package @tensorflow/tfjs.",
)

topology_option = option(
    "--topology",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=absolute_path,
    help="The architecture (model.to_json()) of the weights in PATH, if none or several of those "
    "beside them fit.",
)


_BETWEEN_NAMED = re.compile(r",(?=[^,:]+:)")
"""A comma with a name and a colon after it; other commas are part of a path."""


def split_metadata(text: str) -> list[str]:
    """Return the texts ``name:file.json`` that stand in one, with commas between them."""
    return _BETWEEN_NAMED.split(text)


def _metadata(
    _ctx: click.Context, _param: click.Parameter, value: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    return tuple(_named_json(part) for text in value for part in split_metadata(text))


def _named_json(text: str) -> tuple[str, str]:
    """Return the name and the JSON that ``name:file.json`` stands for.

    Raises
    ------
    click.BadParameter
        It has no name, or the file cannot be read or is not JSON.
    """
    name, colon, path = text.partition(":")
    if not (name and colon and path):
        raise click.BadParameter(f"{text!r} is not like name:file.json")
    try:
        return name, json.dumps(parse_strict_json(Path(path).read_bytes()))
    except OSError as error:
        raise click.BadParameter(f"{path!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise click.BadParameter(f"{path!r} is not valid JSON: {error}") from error


metadata_option = option(
    "--metadata",
    multiple=True,
    metavar="NAME:FILE,...",
    callback=_metadata,
    help="JSON that a page reads with model.getUserDefinedMetadata().NAME; repeatable.",
)


no_training_option = option(
    "--no-training",
    "training",
    flag_value=False,
    default=True,
    help="Leave out how models were compiled; pages that only predict do not need it.",
)


def quantize_option(help_text: str) -> Callable[[_Function], _Function]:
    """Return the option ``--quantize`` with the help text of one command."""
    choices = [variant.value for variant in Variant if variant.is_quantized]
    return option(
        "--quantize",
        "variant",
        type=click.Choice(choices),
        callback=lambda _ctx, _param, value: Variant(value) if value else Variant.FULL,
        help=help_text,
    )
