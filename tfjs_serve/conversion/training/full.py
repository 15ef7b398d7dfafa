"""The settings as ``training.js`` reads them: all of Keras's, in Keras 3's names."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.training.model import CompileSettings, Setting

OPTIMIZER_CLASS = "tfjs-serve/training.js>Optimizer"
"""A page that has not loaded the script gets an error with this name in it."""


def full_training(
    settings: CompileSettings,
    activity_regularizers: Sequence[dict[str, Json]] = (),
    weight_regularizers: Sequence[dict[str, Json]] = (),
    inference_layers: Sequence[str] = (),
) -> dict[str, Json] | None:
    """Return the ``trainingConfig`` for a page with ``training.js``.

    ``None`` if the optimizer or a loss is not known: nobody could train with the rest.
    """
    if settings.optimizer is None or not settings.is_trainable:
        return None
    keras = {
        "dialect": settings.writer.dialect,
        "optimizer": settings.optimizer.to_json(),
        "outputs": [output.name for output in settings.outputs],
        "losses": [None if loss is None else loss.to_json() for loss in settings.losses],
        "loss_weights": settings.loss_weights,
        "metrics": _listed(settings.metrics),
        "weighted_metrics": _listed(settings.weighted_metrics),
        "activity_regularizers": list(activity_regularizers),
        "weight_regularizers": list(weight_regularizers),
        **({"inference_layers": list(inference_layers)} if inference_layers else {}),
    }
    return {
        "optimizer_config": {"class_name": OPTIMIZER_CLASS, "config": {}},
        "loss": "mean_squared_error",  # never read: the script reads what follows
        "metrics": [],
        "keras": keras,
    }


def _listed(metrics: Sequence[Sequence[Setting]]) -> list[list[dict[str, Json]]]:
    if not any(metrics):
        return []
    return [[metric.to_json() for metric in listed] for listed in metrics]
