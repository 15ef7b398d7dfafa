"""What TensorFlow.js's loader can be told of the compile settings, and computes as Keras does.

One wrong name, and ``loadTrainingConfig`` in tfjs-layers' ``engine/training.ts`` throws, so that
the model does not load. So only what is listed here is written, and all of the rest is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.training.compile_line import compile_line
from tfjs_serve.conversion.training.model import CompileSettings, Output, Setting, Writer
from tfjs_serve.conversion.training.tables import (
    LOSSES,
    METRICS,
    OF_ALL_OPTIMIZERS,
    OPTIMIZERS,
)

_LOSSES = {
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalHinge": "categorical_hinge",
    "CosineSimilarity": "cosine_proximity",
    "Hinge": "hinge",
    "KLDivergence": "kullback_leibler_divergence",
    "LogCosh": "logcosh",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredError": "mean_squared_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "Poisson": "poisson",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "SquaredHinge": "squared_hinge",
}
"""All that ``lossesMap`` in tfjs-layers' ``losses.ts`` has."""
_METRICS = {
    "CategoricalAccuracy": "categorical_accuracy",
    "BinaryAccuracy": "binary_accuracy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "MeanSquaredError": "mse",
    "MeanAbsoluteError": "mae",
    "MeanAbsolutePercentageError": "mape",
}
"""Those of ``metricsMap`` in ``metrics.ts`` that are right: its ``precision`` counts outputs of
exactly 1, and its ``cosine`` has the other sign."""
_MEANS = frozenset({"sum_over_batch_size", "mean", "mean_with_sample_weight"})
_EPSILON = 1e-7
"""What TensorFlow.js's Adagrad adds, whatever its arguments."""
_SPARSE = "SparseCategoricalCrossentropy"
_SIGNED = frozenset({"Hinge", "SquaredHinge"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainTraining:
    """What TensorFlow.js computes by itself.

    Attributes
    ----------
    config
        The ``trainingConfig`` of ``model.json``; ``None`` if there can be none.
    left_out
        What it has not, or has not as Keras: a sentence each.
    compile_line
        JavaScript that comes nearest to Keras's settings; empty where `config` says all.
    """

    config: dict[str, Json] | None
    left_out: tuple[str, ...] = ()
    compile_line: str = ""


def plain_training(settings: CompileSettings) -> PlainTraining:
    """Return what is left of the settings without ``training.js``."""
    left_out = list(settings.missing)
    optimizer = _optimizer(settings.optimizer, settings.writer, left_out)
    losses = [_loss(loss, left_out) for loss in settings.losses]
    metrics = [
        [name for one in listed if (name := _metric(one, output, loss, left_out))]
        for listed, output, loss in zip(
            settings.metrics, settings.outputs, settings.losses, strict=True
        )
    ]
    _note_several(settings, left_out)
    names = tuple(name for name in losses if name)
    is_whole = optimizer is not None and len(names) == len(losses) and not settings.loss_weights
    config = None
    if is_whole and settings.has_all_losses and optimizer is not None:
        config = {
            "optimizer_config": optimizer,
            "loss": _by_output(names, settings.outputs),
            "metrics": _by_output(metrics, settings.outputs) if any(metrics) else [],
        }
    line = "" if config is not None else compile_line(settings, losses, metrics)
    return PlainTraining(config=config, left_out=tuple(dict.fromkeys(left_out)), compile_line=line)


def _by_output(values: Sequence[Json], outputs: Sequence[Output]) -> Json:
    if len(outputs) == 1:
        return values[0]
    return {output.tfjs_name: one for output, one in zip(outputs, values, strict=True)}


# --- Losses and metrics ---------------------------------------------------------------------


def _loss(loss: Setting | None, left_out: list[str]) -> str:
    """Return the name of a loss; empty if TensorFlow.js has none that is equal."""
    if loss is None:
        return ""
    name = _LOSSES.get(loss.class_name, "")
    others = _others(loss, LOSSES[loss.class_name])
    if loss.config["reduction"] not in _MEANS:
        others = [*others, f"reduction={loss.config['reduction']!r}"]
    if not name or others:
        left_out.append(f"TensorFlow.js has no loss {_spelled(loss, others)}.")
        return ""
    if loss.class_name == "KLDivergence":
        left_out.append("KLDivergence of TensorFlow.js takes labels of 0 as 0, Keras as 1e-7.")
    if loss.class_name in _SIGNED:
        left_out.append(
            f"{loss.class_name} needs labels of -1 and 1 in TensorFlow.js, not 0 and 1."
        )
    if loss.class_name == _SPARSE:
        left_out.append(f"{loss.class_name} needs labels of dtype float32 in TensorFlow.js.")
    return name


def _metric(metric: Setting, output: Output, loss: Setting | None, left_out: list[str]) -> str:
    """Return the name of a metric; empty if TensorFlow.js has none that is equal."""
    others = _others(metric, METRICS[metric.class_name])
    name = "" if others else _metric_name(metric.class_name, output, loss)
    if not name:
        left_out.append(f"TensorFlow.js has no metric {_spelled(metric, others)} that is right.")
    return name


def _metric_name(class_name: str, output: Output, loss: Setting | None) -> str:
    """Return how ``getAccuracy`` and the like in ``training.ts`` find a metric; empty: they do not.

    ``accuracy`` and ``crossentropy`` are told by the output and the loss, and are the only names
    under which some metrics can be had.
    """
    is_single = bool(output.shape) and output.shape is not None and output.shape[-1] == 1
    by_loss = loss.class_name if loss is not None else ""
    if is_single or by_loss == "BinaryCrossentropy":
        kind = "Binary"
    else:
        kind = "SparseCategorical" if by_loss == _SPARSE else "Categorical"
    generic = {f"{kind}Accuracy": "accuracy", f"{kind}Crossentropy": "crossentropy"}
    return generic.get(class_name) or _METRICS.get(class_name, "")


def _others(setting: Setting, defaults: Mapping[str, Json]) -> list[str]:
    """Return the arguments that are not the default ones, as a call has them."""
    return [
        f"{key}={setting.config[key]!r}"
        for key, default in defaults.items()
        if setting.config[key] != default
    ]


def _spelled(setting: Setting, others: Sequence[str]) -> str:
    return f"{setting.class_name}({', '.join(others)[:100]})" if others else setting.class_name


def _note_several(settings: CompileSettings, left_out: list[str]) -> None:
    if any(settings.weighted_metrics):
        left_out.append("weighted_metrics cannot be told to TensorFlow.js.")
    if settings.loss_weights:
        left_out.append("loss_weights cannot be told to TensorFlow.js.")
    if len(settings.outputs) > 1:
        left_out.append(
            "For several outputs, evaluate in TensorFlow.js returns wrong numbers (running sums)."
        )


# --- Optimizers -----------------------------------------------------------------------------


def _optimizer(
    optimizer: Setting | None, writer: Writer, left_out: list[str]
) -> dict[str, Json] | None:
    """Return the optimizer as TensorFlow.js registers it; ``None`` if none is equal."""
    if optimizer is None:
        return None
    config = optimizer.config
    hindrances = [
        *(["a schedule as learning rate"] if isinstance(config["learning_rate"], Setting) else []),
        *(key for key in OF_ALL_OPTIMIZERS if _is_used(key, config)),
    ]
    make = _OPTIMIZERS.get(optimizer.class_name)
    made = make(config) if make is not None else None
    if hindrances or made is None:
        others = hindrances or _others(optimizer, OPTIMIZERS[optimizer.class_name])
        spelled = _spelled(optimizer, others)
        left_out.append(f"TensorFlow.js has no optimizer that equals {spelled}.")
        return None
    if optimizer.class_name == "RMSprop" and writer.generation < 3:
        left_out.append(
            "RMSprop of TensorFlow.js is nearly that of Keras 2: tiny gradients move weights less."
        )
    if optimizer.class_name == "Adam":
        left_out.append(
            "Adam of TensorFlow.js is nearly Keras's: tiny gradients move weights a little more."
        )
    return made


def _is_used(key: str, config: Mapping[str, Json]) -> bool:
    if key in ("ema_momentum", "ema_overwrite_frequency"):
        return False
    return bool(config[key])


def _sgd(config: Mapping[str, Json]) -> dict[str, Json]:
    rate = {"learning_rate": config["learning_rate"]}
    if not config["momentum"]:
        return {"class_name": "SGD", "config": rate}
    return {
        "class_name": "Momentum",
        "config": {**rate, "momentum": config["momentum"], "use_nesterov": config["nesterov"]},
    }


def _rmsprop(config: Mapping[str, Json]) -> dict[str, Json] | None:
    if config["centered"]:
        return None
    numbers = {key: config[key] for key in ("learning_rate", "momentum", "epsilon")}
    numbers |= {"decay": config["rho"], "centered": False}
    return {"class_name": "RMSProp", "config": numbers}


def _adagrad(config: Mapping[str, Json]) -> dict[str, Json] | None:
    if config["epsilon"] != _EPSILON or not config["initial_accumulator_value"]:
        return None
    keys = ("learning_rate", "initial_accumulator_value")
    return {"class_name": "Adagrad", "config": {key: config[key] for key in keys}}


def _adam(config: Mapping[str, Json]) -> dict[str, Json] | None:
    if config["amsgrad"]:
        return None
    return {"class_name": "Adam", "config": _betas(config)}


def _adamax(config: Mapping[str, Json]) -> dict[str, Json]:
    return {"class_name": "Adamax", "config": {**_betas(config), "decay": 0.0}}


def _betas(config: Mapping[str, Json]) -> dict[str, Json]:
    return {key: config[key] for key in ("learning_rate", "beta_1", "beta_2", "epsilon")}


_OPTIMIZERS: Mapping[str, Callable[[Mapping[str, Json]], dict[str, Json] | None]] = {
    "Adagrad": _adagrad,
    "Adam": _adam,
    "Adamax": _adamax,
    "RMSprop": _rmsprop,
    "SGD": _sgd,
}
"""Adadelta is not among them: from a fresh state, TensorFlow.js's is plain gradient descent."""
