"""Reads the arguments of ``compile``, as each generation of Keras saves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.training.losses import read_loss, read_metric
from tfjs_serve.conversion.training.model import (
    CompileSettings,
    Output,
    Setting,
    UnknownSettingError,
    Writer,
)
from tfjs_serve.conversion.training.objects import is_number
from tfjs_serve.conversion.training.optimizers import read_optimizer
from tfjs_serve.conversion.training.tables import LOSSES
from tfjs_serve.keras_files import SavedTraining

T = TypeVar("T")
_MOST_METRICS = 1_000
_LOST = {"Huber": "delta", "CosineSimilarity": "axis"}
"""Arguments that Keras 3.15 leaves out of what it saves (``get_config`` of these classes)."""


def read_settings(
    saved: SavedTraining, outputs: Sequence[Output], writer: Writer
) -> CompileSettings:
    """Return the settings in Keras 3's names; what is not Keras's own becomes a sentence.

    Parameters
    ----------
    outputs
        The outputs of the model in order.
    """
    settings, missing = saved.settings, _Missing()
    if saved.problem:
        missing.sentences.append(f"The compile settings {saved.problem}.")
    optimizer = missing.attempt(
        "the optimizer",
        lambda: read_optimizer(saved.optimizer, writer),
    )
    losses, has_all = _losses(settings.get("loss"), outputs, missing)
    scope = _Scope(outputs=outputs, losses=losses, writer=writer, missing=missing)
    return CompileSettings(
        writer=writer,
        outputs=outputs,
        optimizer=optimizer,
        losses=losses,
        has_all_losses=has_all,
        metrics=_metrics("metrics", settings.get("metrics"), scope),
        weighted_metrics=_metrics("weighted_metrics", settings.get("weighted_metrics"), scope),
        loss_weights=missing.attempt(
            "loss_weights", lambda: _loss_weights(settings.get("loss_weights"), outputs)
        ),
        missing=tuple(missing.sentences),
    )


@dataclass(slots=True)
class _Missing:
    """Collects a sentence for each setting that cannot be read."""

    sentences: list[str] = field(default_factory=list)

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """Return what `read` returns; ``None``, and a sentence about `what`, if it cannot."""
        try:
            return read()
        except UnknownSettingError as error:
            self.sentences.append(f"{what[:1].upper()}{what[1:]}: {error}.")
        return None


def _losses(
    value: Json, outputs: Sequence[Output], missing: _Missing
) -> tuple[list[Setting | None], bool]:
    """Return the loss of each output, and whether all that Keras has are among them."""
    values = missing.attempt("the loss", lambda: _per_output(value, outputs, is_broadcast=True))
    if values is None:
        return [None] * len(outputs), False
    losses: list[Setting | None] = []
    for one, output in zip(values, outputs, strict=True):
        losses.append(None if one is None else _loss(one, output, len(outputs), missing))
    known = [loss is not None for loss in losses]
    return losses, known == [one is not None for one in values]


def _loss(value: Json, output: Output, count: int, missing: _Missing) -> Setting | None:
    of = f" of {output.name!r}" if count > 1 else ""
    loss = missing.attempt(f"the loss{of}", lambda: read_loss(value, output))
    if loss is not None and isinstance(value, dict):
        lost = _LOST.get(str(value.get("class_name")))
        if lost and lost not in (value.get("config") or ()):
            taken = LOSSES[loss.class_name][lost]
            missing.sentences.append(f"The loss{of}: its {lost} was not saved; {taken} is taken.")
    return loss


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What metrics are read with."""

    outputs: Sequence[Output]
    losses: Sequence[Setting | None]
    writer: Writer
    missing: _Missing


def _metrics(argument: str, value: Json, scope: _Scope) -> list[list[Setting]]:
    """Return the metrics of each output, those that are known."""
    values = scope.missing.attempt(
        argument, lambda: _metrics_per_output(value, scope.outputs, scope.writer)
    )
    listed = values or [[]] * len(scope.outputs)
    return [
        _metrics_of(argument, listed[index][:_MOST_METRICS], index, scope)
        for index in range(len(scope.outputs))
    ]


def _metrics_of(argument: str, values: Sequence[Json], index: int, scope: _Scope) -> list[Setting]:
    """Return the metrics of one output, those that are known."""
    output, loss = scope.outputs[index], scope.losses[index]

    def read(value: Json) -> Callable[[], Setting]:
        return lambda: read_metric(value, output, loss, scope.writer)

    found = (scope.missing.attempt(argument, read(value)) for value in values)
    return [metric for metric in found if metric is not None]


def _metrics_per_output(value: Json, outputs: Sequence[Output], writer: Writer) -> list[list[Json]]:
    """Return a list of metrics for each output."""
    if isinstance(value, list):
        is_flat = not any(isinstance(one, list | None.__class__) for one in value)
        if len(outputs) == 1:
            value = [value] if is_flat else value
        elif is_flat and (writer.generation < 3 or not value):
            value = [value] * len(outputs)  # Before Keras 3, each output got all of them.
    listed = (_as_list(one) for one in _per_output(value, outputs, is_broadcast=False))
    return [[one for one in metrics if one is not None] for metrics in listed]


def _as_list(value: Json) -> list[Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _per_output(value: Json, outputs: Sequence[Output], *, is_broadcast: bool) -> list[Json]:
    """Return a value for each output, ``None`` for those without.

    Parameters
    ----------
    is_broadcast
        Whether a value by itself is that of every output, and not only of a single one.

    Raises
    ------
    UnknownSettingError
        It does not fit the outputs.
    """
    if isinstance(value, dict) and not isinstance(value.get("class_name"), str):
        return _by_name(value, outputs)
    if isinstance(value, list):
        if len(value) != len(outputs):
            raise UnknownSettingError(f"there are {len(value)} for {len(outputs)} outputs")
        return value
    if value is None or is_broadcast or len(outputs) == 1:
        return [value] * len(outputs)
    raise UnknownSettingError("it does not say for which output it is")


def _by_name(value: Mapping[str, Json], outputs: Sequence[Output]) -> list[Json]:
    names = {name: index for index, one in enumerate(outputs) for name in (one.name, *one.keys)}
    found: list[Json] = [None] * len(outputs)
    for name, one in value.items():
        if name not in names:
            raise UnknownSettingError(f"there is no output {name[:60]!r}")
        found[names[name]] = one
    return found


def _loss_weights(value: Json, outputs: Sequence[Output]) -> list[float] | None:
    if value is None:
        return None
    weights = [
        1.0 if one is None else one for one in _per_output(value, outputs, is_broadcast=True)
    ]
    if not all(map(is_number, weights)):
        raise UnknownSettingError("a weight is not a number")
    return None if all(one == 1 for one in weights) else list(map(float, weights))
