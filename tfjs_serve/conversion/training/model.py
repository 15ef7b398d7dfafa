"""Compile settings in one spelling, whoever saved them: Keras 3's, with all arguments filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape


class UnknownSettingError(ValueError):
    """A setting that is not Keras's own, or makes no sense; the message is the rest of a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A loss, a metric, an optimizer or a schedule.

    Attributes
    ----------
    class_name
        As in Keras 3.
    config
        All arguments in Keras 3's names, each of plain JSON.
    """

    class_name: str
    config: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return the object that ``training.js`` reads."""
        config = {
            key: value.to_json() if isinstance(value, Setting) else value
            for key, value in self.config.items()
        }
        return {"class_name": self.class_name, "config": config}


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output of the model, to which settings belong.

    Attributes
    ----------
    name
        In Keras.
    tfjs_name
        In TensorFlow.js.
    keys
        How dictionaries of settings may call it, besides its name.
    shape
        With the batch axis; ``None`` if it is not known.
    """

    name: str
    tfjs_name: str
    keys: tuple[str, ...] = ()
    shape: Shape | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who saved the settings, which decides what some of them mean.

    Attributes
    ----------
    version
        As the file states it.
    """

    generation: int
    version: str = ""

    @property
    def dialect(self) -> str:
        """The name of the Keras whose numbers are wanted."""
        if self.generation == 2:
            return "tf_keras" if self.is_tensorflow else "keras2"
        return f"keras{self.generation}"

    @property
    def is_tensorflow(self) -> bool:
        """Whether it is a Keras 2 that is part of TensorFlow, or came out of it again."""
        if self.generation != 2:
            return False
        numbers = self.version.partition("-")[0].split(".")
        minor = int(numbers[1]) if len(numbers) > 1 and numbers[1].isdecimal() else 0
        return "-tf" in self.version or minor >= 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileSettings:
    """The arguments of ``compile``.

    Attributes
    ----------
    optimizer
        ``None`` if it is not one of Keras's, or is missing.
    losses
        One per output; ``None`` where Keras has none.
    metrics, weighted_metrics
        Per output.
    loss_weights
        One per output; ``None`` if all are 1.
    missing
        What a page cannot be given even with ``training.js``: a sentence each.
    has_all_losses
        Whether every loss that Keras has is known.
    """

    writer: Writer
    outputs: Sequence[Output]
    optimizer: Setting | None
    losses: Sequence[Setting | None]
    metrics: Sequence[Sequence[Setting]]
    weighted_metrics: Sequence[Sequence[Setting]]
    loss_weights: Sequence[float] | None
    missing: tuple[str, ...] = ()
    has_all_losses: bool = True

    @property
    def is_trainable(self) -> bool:
        """Whether Keras's optimizer and losses are all known."""
        return self.optimizer is not None and self.has_all_losses and any(self.losses)
