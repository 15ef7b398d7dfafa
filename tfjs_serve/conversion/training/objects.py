"""Reads one serialized object of the compile settings, with all of its arguments."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import plain
from tfjs_serve.conversion.training.model import UnknownSettingError
from tfjs_serve.conversion.training.tables import Arguments

_UNUSED = frozenset({"name", "dtype"})
_MOST_ITEMS = 10_000
_KERAS = ("keras", "tf_keras", "tensorflow.keras", "builtins")
_WRAPPERS = frozenset({"LossFunctionWrapper", "MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name with arguments, as a setting is saved.

    Attributes
    ----------
    spelling
        The name as it was written.
    config
        Arguments in plain JSON.
    is_class
        Whether it is an object of a class, and not a name or a function.
    """

    spelling: str
    config: Mapping[str, Json] = field(default_factory=dict)
    is_class: bool = False


def named(value: Json) -> Named:
    """Return what a serialized setting names.

    Raises
    ------
    UnknownSettingError
        It is Python code of the user, or nothing that Keras writes.
    """
    if isinstance(value, str):
        return Named(spelling=value)
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        raise UnknownSettingError(f"{shown(value)} is not a name that Keras has")
    name, config = value["class_name"], value.get("config")
    module = value.get("module")
    if name == "function" and isinstance(config, str):
        return Named(spelling=config)
    if name == "__lambda__":
        raise UnknownSettingError("a lambda is Python code")
    is_own = isinstance(module, str) and not module.startswith(_KERAS)
    if is_own or (module is None and "module" in value):
        raise UnknownSettingError(f"{shown(name)} is a class of your own, which is Python code")
    config = plain(config) if isinstance(config, dict) else {}
    if name in _WRAPPERS:
        return _wrapped(config)
    return Named(spelling=name, config=config, is_class=True)


def _wrapped(config: Mapping[str, Json]) -> Named:
    """Return the function inside a wrapper, with the arguments that the wrapper passes on."""
    inner = named(config.get("fn"))
    rest = {key: value for key, value in config.items() if key != "fn"}
    return Named(spelling=inner.spelling, config={**inner.config, **rest}, is_class=inner.is_class)


def arguments(name: Named, defaults: Arguments, ignored: Collection[str] = ()) -> dict[str, Json]:
    """Return all arguments of an object, those that were not saved by default.

    Raises
    ------
    UnknownSettingError
        One is missing, not known, or of no use.
    """
    unknown = name.config.keys() - defaults.keys() - _UNUSED - set(ignored)
    unknown = {key for key in unknown if name.config[key] is not None}
    if unknown:
        listed = ", ".join(sorted(map(shown, unknown)))
        raise UnknownSettingError(
            f"{shown(name.spelling)} has arguments that Keras lacks: {listed}"
        )
    found = {key: name.config.get(key, default) for key, default in defaults.items()}
    for key, value in found.items():
        if value is ... or not _is_of_kind(value, defaults[key]):
            raise UnknownSettingError(
                f"{key}={'nothing' if value is ... else shown(value)} makes no sense in "
                f"{shown(name.spelling)}"
            )
    return found


def _is_of_kind(value: Json, default: Json) -> bool:
    """Whether an argument may be passed instead of its default."""
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        return is_number(value)
    if isinstance(default, str):
        return isinstance(value, str)
    if isinstance(default, list):
        return isinstance(value, list) and _is_plain(value)
    return (value is None and default is None) or _is_plain(value)


def is_number(value: Json) -> bool:
    """Whether it is a finite number, and no flag."""
    return type(value) in (int, float) and math.isfinite(value)


def _is_plain(value: Json) -> bool:
    if isinstance(value, list):
        return len(value) <= _MOST_ITEMS and all(map(_is_plain, value))
    return value is ... or isinstance(value, bool | str) or is_number(value)


def shown(value: Json) -> str:
    """Return a value of the file for messages."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
