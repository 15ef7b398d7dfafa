"""The line of JavaScript that compiles a model with what comes nearest to Keras's settings."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.training.model import CompileSettings, Setting

_YOURS = "yourLoss"
"""What stands for a function that the page has to have. A comment would be a syntax error."""


def compile_line(
    settings: CompileSettings, losses: Sequence[str], metrics: Sequence[Sequence[str]]
) -> str:
    """Return ``model.compile({...})`` with what comes nearest; the page's author decides."""
    named = [f"'{_camel(name)}'" if name else _YOURS for name in losses]
    loss = named[0] if len(named) == 1 else f"[{', '.join(named)}]"
    parts = [f"optimizer: {_nearest(settings.optimizer)}", f"loss: {loss}"]
    if len(metrics) == 1 and metrics[0]:
        listed = ", ".join(f"'{_camel(name)}'" for name in metrics[0])
        parts.append(f"metrics: [{listed}]")
    return f"model.compile({{{', '.join(parts)}}});"


def _nearest(optimizer: Setting | None) -> str:
    if optimizer is None:
        return "tf.train.adam(0.001)"
    rate = optimizer.config["learning_rate"]
    if isinstance(rate, Setting):
        rate = rate.config.get("initial_learning_rate", 0.001)
    name = _FACTORIES.get(optimizer.class_name, "adam")
    if optimizer.class_name == "SGD" and optimizer.config["momentum"]:
        return f"tf.train.momentum({rate}, {optimizer.config['momentum']})"
    return f"tf.train.{name}({rate})"


_FACTORIES = {"Adagrad": "adagrad", "Adamax": "adamax", "RMSprop": "rmsprop", "SGD": "sgd"}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))
