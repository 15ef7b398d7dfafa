"""Reads a layer's arguments: each key once, types checked, unknown keys reported."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import HINT_DAMAGED, Report

_WITHOUT_EFFECT = frozenset(
    {"autocast", "build_config", "quantization_config", "registered_name", "rng_type"}
)
"""Keys that any layer may have and that do not change what it computes.

``quantization_config`` says how to quantize weights. Layers that are quantized have become plain
ones before rules are applied; see ``stored/quantized_layers.py``.
"""


class ConfigReader:
    """The arguments of one layer.

    A rule takes every key that it understands. :meth:`finish` reports the others, so that an
    argument that is new in Keras is never dropped silently.

    A value of the wrong type is reported. The method then returns some value of the right type,
    so that the rule can go on and report other problems.
    """

    def __init__(self, layer: KerasLayer, report: Report) -> None:
        self.layer = layer
        self.report = report
        self._seen: set[str] = set()

    def take(self, key: str, default: Json = None) -> Json:
        """Return the value of `key`, or `default` if the file does not have it."""
        self._seen.add(key)
        return self.layer.config.get(key, default)

    def integer(self, key: str, default: int | None = None) -> int:
        """Return an integer."""
        value = self.take(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(key, "an integer")
            return 1
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(key, "a number")
            return 0.0
        if not math.isfinite(value):
            self._wrong(key, "a finite number")
            return 0.0
        return value

    def optional_number(self, key: str) -> float | None:
        """Return a finite number, or ``None`` if there is none."""
        return None if self.take(key) is None else self.number(key)

    def boolean(self, key: str, default: bool) -> bool:
        """Return a flag; ``None`` means the default, as in Keras."""
        value = self.take(key)
        return default if value is None else bool(value)

    def text(self, key: str, default: str) -> str:
        """Return a string; ``None`` means the default."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self._wrong(key, "a string")
            return default
        return value

    def integers(self, key: str, count: int, default: int | None = None) -> list[int]:
        """Return a list of integers.

        Parameters
        ----------
        key
            Name of the argument. Its value may be a single integer, which is repeated.
        count
            How many integers to return.
        default
            What to take if the file does not have the argument; ``None`` if it must have it.
        """
        value = self.take(key, default)
        values = value if isinstance(value, list) else [value] * count
        if len(values) != count or not all(type(item) is int for item in values):
            self._wrong(key, f"{count} integer{'s' if count > 1 else ''}")
            return [1] * count
        return list(values)

    def choice(self, key: str, default: str, choices: Collection[str], hint: str) -> str:
        """Return a string, and report one that TF.js does not support.

        Parameters
        ----------
        key
            Name of the argument.
        default
            What to take if the file does not have the argument.
        choices
            The values that TF.js supports.
        hint
            What to do about any other value.
        """
        value = self.text(key, default)
        if value not in choices:
            self.unsupported(key, value, hint)
        return value

    def only(self, key: str, *accepted: Json, hint: str) -> None:
        """Report the argument if it has a value that TF.js does not support.

        Parameters
        ----------
        key
            Name of the argument.
        accepted
            The values that TF.js supports. ``None`` always is.
        hint
            What to do about any other value.
        """
        value = self.take(key)
        if value is not None and value not in accepted:
            self.unsupported(key, value, hint)

    def ignore(self, *keys: str) -> None:
        """Mark arguments as known that change nothing at inference, or nothing in TF.js."""
        self._seen.update(keys)

    def unsupported(self, key: str, value: Json, hint: str) -> None:
        """Report that TF.js's layer has no equivalent of ``key=value``.

        Parameters
        ----------
        key
            Name of the argument.
        value
            Its value, which the message shows.
        hint
            What to do about it.
        """
        self.report.problem(
            self.layer,
            "unsupported-argument",
            f"TensorFlow.js's {self.layer.class_name} does not support {key}={_shown(value)}.",
            hint,
        )

    def finish(self) -> None:
        """Report the arguments that the rule has not taken."""
        known = self._seen | _WITHOUT_EFFECT
        for key, value in self.layer.config.items():
            if value is not None and key not in known:
                self.report.problem(
                    self.layer,
                    "unknown-argument",
                    f"The argument {key}={_shown(value)} is not known to tfjs-serve.",
                    "Leave it at its default, or report the model's Keras version.",
                )

    def _wrong(self, key: str, expected: str) -> None:
        value = _shown(self.layer.config.get(key))
        self.report.problem(
            self.layer,
            "bad-config",
            f"Its {key} should be {expected}, but is {value}.",
            HINT_DAMAGED,
        )


class Keywords:
    """The arguments of a layer's calls besides the inputs; they must be the same in all calls.

    Parameters
    ----------
    calls
        The arguments of each call by name, without masks.
    """

    def __init__(self, layer: KerasLayer, calls: Sequence[Mapping[str, Json]], report: Report):
        self._layer = layer
        self._calls = calls
        self._report = report
        self._seen: set[str] = set()

    def take(self, key: str, default: Json = None) -> Json:
        """Return the value of `key`, or `default` if the calls do not have it."""
        self._seen.add(key)
        values = [call.get(key, default) for call in self._calls] or [default]
        if any(value != values[0] for value in values):
            self._report_different(key)
        return values[0]

    def _report_different(self, key: str) -> None:
        self._report.problem(
            self._layer,
            "unsupported-call",
            f"Its calls have different values of the argument {key}.",
            "Use a layer of its own for each call.",
        )

    def ignore(self, *keys: str) -> None:
        """Mark arguments as known that change nothing at inference, whatever their values."""
        self._seen.update(keys)

    def always_trains(self) -> bool:
        """Whether the layer computes as in training at every prediction.

        In Keras 2, ``training=True`` in a call also holds for ``predict``. In Keras 3, ``predict``
        overrides it (``operation_fn`` in ``keras/src/models/functional.py``).
        """
        given = [bool(value) for value in self.each("training")]
        if any(given) and self._layer.generation >= 3:
            message = "training=True in its call is left out, as Keras 3's predict overrides it."
            self._report.warn(self._layer, message)
        elif any(given) and not all(given):
            self._report_different("training")
        return any(given) and self._layer.generation < 3

    def each(self, key: str) -> list[Json]:
        """Return the value of `key` in each call; ``None`` where a call does not have it."""
        self._seen.add(key)
        return [call.get(key) for call in self._calls]

    def finish(self) -> None:
        """Report the arguments that the rule has not taken, except ``training=False``."""
        if self._layer.generation >= 3:
            self.always_trains()
        for key in sorted({key for call in self._calls for key in call} - self._seen):
            values = [call[key] for call in self._calls if key in call]
            if key == "training" and not any(values):
                continue
            self._report.problem(
                self._layer,
                "unsupported-call",
                f"It is called with the argument {key}, which TensorFlow.js's layer ignores.",
                "Call the layer with its inputs only.",
            )


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
