"""Losses and metrics in one spelling, each resolved as Keras resolves it for its output."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import snake_case
from tfjs_serve.conversion.training.model import Output, Setting, UnknownSettingError, Writer
from tfjs_serve.conversion.training.objects import Named, arguments, named, shown
from tfjs_serve.conversion.training.tables import LOSSES, METRICS, loss_class, metric_class

_ACCURACY = frozenset({"accuracy", "acc"})
_CROSSENTROPY = frozenset({"crossentropy", "ce"})
_REDUCTIONS = {
    "auto": "sum_over_batch_size",
    "sum_over_batch_size": "sum_over_batch_size",
    "mean": "mean",
    "mean_with_sample_weight": "mean_with_sample_weight",
    "sum": "sum",
}
_NOT_THERE = "CTC"
_OF_CLASSES = frozenset(
    {"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle"}
)
"""Losses whose labels are the numbers of classes."""


def read_loss(value: Json, output: Output) -> Setting:
    """Return the loss of one output.

    Raises
    ------
    UnknownSettingError
        It is not one of Keras's, or its arguments make no sense.
    """
    name = named(value)
    class_name = loss_class(name.spelling)
    if name.spelling.lower() in _CROSSENTROPY and not name.is_class:
        class_name = "BinaryCrossentropy" if _is_single(output) else "CategoricalCrossentropy"
    if not class_name:
        raise UnknownSettingError(f"{shown(name.spelling)} is Python code")
    if class_name == _NOT_THERE:
        raise UnknownSettingError(f"training.js has no {class_name}")
    config = arguments(name, LOSSES[class_name], ignored=("reduction", "fn"))
    reduction = name.config.get("reduction", "auto")
    if reduction in (None, "none"):
        raise UnknownSettingError(f"{class_name} without a reduction is not one number")
    if not isinstance(reduction, str) or reduction not in _REDUCTIONS:
        raise UnknownSettingError(f"the reduction {str(reduction)[:60]!r} is not one of Keras's")
    return Setting(class_name=class_name, config={**config, "reduction": _REDUCTIONS[reduction]})


def read_metric(value: Json, output: Output, loss: Setting | None, writer: Writer) -> Setting:
    """Return a metric of one output, under the name that Keras logs.

    Parameters
    ----------
    loss
        The loss of that output, which tells what its labels look like.

    Raises
    ------
    UnknownSettingError
        It is not one of Keras's, or its arguments make no sense.
    """
    name = named(value)
    class_name = _metric_class(name, output, loss, writer)
    if not class_name:
        raise UnknownSettingError(f"{shown(name.spelling)} is Python code")
    config = arguments(name, METRICS[class_name], ignored=("fn", "init_from_config"))
    logged = name.config.get("name")
    spelling = logged if isinstance(logged, str) and logged else name.spelling
    if writer.generation < 3:
        if spelling in METRICS:
            spelling = snake_case(spelling)  # a class by its name, which archives keep
        # What is logged for several outputs was saved with the name of the output.
        spelling = spelling.removeprefix(f"{output.name}_") or spelling
    return Setting(class_name=class_name, config={"name": spelling, **config})


def _metric_class(name: Named, output: Output, loss: Setting | None, writer: Writer) -> str:
    spelling = name.spelling.lower()
    is_generic = not name.is_class or name.spelling == spelling
    if is_generic and spelling in _ACCURACY:
        return f"{_kind(output, loss, writer)}Accuracy"
    if is_generic and spelling in _CROSSENTROPY:
        return f"{_kind(output, loss, writer)}Crossentropy"
    return metric_class(name.spelling)


def _kind(output: Output, loss: Setting | None, writer: Writer) -> str:
    """Return which of three metrics ``accuracy`` means.

    Keras looks at the output and the labels (``get_metric`` in ``trainers/compile_utils.py``);
    before TensorFlow 2.2, at the output and the loss.
    """
    by_loss = loss.class_name if loss is not None else ""
    is_old = writer.generation < 3 and not writer.is_tensorflow
    if _is_single(output) or (is_old and by_loss == "BinaryCrossentropy"):
        return "Binary"
    return "SparseCategorical" if by_loss in _OF_CLASSES else "Categorical"


def _is_single(output: Output) -> bool:
    return bool(output.shape) and output.shape is not None and output.shape[-1] == 1
