"""Outputs of TF.js's own layers that are one tensor.

The output of a recurrent layer that does not return sequences is its first state, and TF.js
returns it twice. ``execute`` in ``tfjs-layers/src/engine/executor.ts`` disposes of each output
once it has been used, and would so dispose of the other one, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import Json

_STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1, "ConvLSTM2D": 2}
_CELLS = {"SimpleRNNCell": 1, "LSTMCell": 2, "GRUCell": 1}


def equal_outputs(layer: Mapping[str, Json]) -> dict[int, int]:
    """Return which outputs of a TF.js layer are others: those numbers stand for these.

    Parameters
    ----------
    layer
        ``{"class_name", "config"}``.
    """
    config = layer["config"]
    if layer["class_name"] != "Bidirectional":
        return {0: 1} if _count_states(layer) else {}
    count = _count_states(config["layer"])
    return {0: 2, 1: 2 + count} if count and config.get("merge_mode") is None else {}


def _count_states(layer: Mapping[str, Json]) -> int:
    """Return how many states a layer returns beside an output that is the first of them."""
    config = layer["config"]
    if not config.get("return_state") or config.get("return_sequences"):
        return 0
    if layer["class_name"] == "RNN":
        return _CELLS.get(config["cell"]["class_name"], 0)
    return _STATES.get(str(layer["class_name"]), 0)
