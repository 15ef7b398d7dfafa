"""The Merge layer of Keras 1: one class, whose mode says what it does with its inputs."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import Json

_MODES = {
    "ave": "Average",
    "max": "Maximum",
    "mul": "Multiply",
    "sum": "Add",
}


def merge_class(config: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    """Return the class of Keras 2 that computes the same, and its arguments.

    It is Lambda if the mode is Python code.
    """
    mode = config.get("mode")
    if config.get("mode_type", "raw") != "raw" or not isinstance(mode, str):
        return "Lambda", {}
    if mode in _MODES:
        return _MODES[mode], {}
    if mode == "concat":
        return "Concatenate", {"axis": config.get("concat_axis", -1)}
    if mode == "dot":
        return "Dot", {"axes": _axes(config), "normalize": False}
    if mode == "cos":
        return "CosineMerge", {"axes": _axes(config)}
    return f"Merge(mode={mode!r})", {}


def _axes(config: Mapping[str, Json]) -> Json:
    """Return one axis of each input; before Keras 1, these were lists of axes."""
    axes = config.get("dot_axes", -1)
    if isinstance(axes, list):
        return [axis[0] if isinstance(axis, list) and len(axis) == 1 else axis for axis in axes]
    return axes
