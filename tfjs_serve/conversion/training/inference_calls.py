"""Layers that compute in training what they compute at inference, because their calls say so.

``base(x, training=False)`` keeps the statistics of a ``BatchNormalization`` in `base` and switches
off its ``Dropout``. Until Keras 3 this holds in ``fit``, too, whose own ``training=True`` overrides
it since then (``operation_fn`` in ``keras/src/models/functional.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import KerasLayer


def called_at_inference(
    model: KerasLayer, names: Mapping[str, str]
) -> tuple[list[str], tuple[str, ...]]:
    """Return the layers by their names in TensorFlow.js, and what cannot be told of others.

    Parameters
    ----------
    names
        From a layer's path to its name in TensorFlow.js.
    """
    found, missing = [], []
    for outer in model.walk():
        calls = outer.graph.calls if outer.graph is not None else {}
        for layer in outer.children:
            said = {call.kwargs.get("training") is False for call in calls.get(layer.name, ())}
            if layer.generation >= 3 or True not in said:
                continue
            found.append(names.get(layer.path, layer.name))
            if len(said) > 1:
                missing.append(f"{layer.name!r} is called with training=False, but not always.")
    return found, tuple(missing)
