"""Tells of an activation that the two Kerases compute differently under one name."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.raising.model import Origin

_NAME = "hard_sigmoid"


def note_hard_sigmoid(origin: Origin, model: KerasLayer) -> tuple[str, ...]:
    """Return a note if `model` has a ``hard_sigmoid``, which says which Keras predicts right.

    TensorFlow.js and Keras 2 compute ``clip(0.2 x + 0.5, 0, 1)``, Keras 3 ``clip(x / 6 + 0.5, 0,
    1)``.
    """
    layers = [layer.path for layer in model.walk() if _NAME in map(str, layer.config.values())]
    if not layers:
        return ()
    right, wrong = ("Keras 3", "tf_keras") if origin.generation >= 3 else ("tf_keras", "Keras 3")
    return (
        f"{', '.join(layers[:3])}: hard_sigmoid is another function in {wrong} than in {right}, "
        f"so only {right} predicts what the page does.",
    )
