"""Joins what an operation was made with and what it was called with, by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tfjs_serve.conversion.model import Call, KerasLayer
from tfjs_serve.conversion.object_paths import snake_case
from tfjs_serve.conversion.operations.parameters import PARAMETERS
from tfjs_serve.conversion.report import Report

KERAS2_OPERATIONS = frozenset(
    {"ClassMethod", "InstanceMethod", "InstanceProperty", "SlicingOpLambda", "TFOpLambda"}
    | {"TensorFlowOpLayer"}
)
"""Classes of ``tf_op_layer.py`` and ``base_layer.py`` in Keras 2."""


def bind(layer: KerasLayer, calls: Sequence[Call], _report: Report) -> KerasLayer:
    """Return an operation with all its arguments in its `config`; other layers as they are.

    A tensor among the arguments is ``{"tensor": <index of the call's input>}``.
    """
    if not layer.is_operation or len(calls) != 1:
        return layer
    name = snake_case(layer.class_name.removeprefix("ops."))
    (call,) = calls
    named = {key: value for key, value in call.kwargs.items() if key != "args"}
    positional = dict(zip(PARAMETERS.get(name, ()), call.kwargs.get("args", ()), strict=False))
    return replace(layer, class_name=f"ops.{name}", config={**layer.config, **positional, **named})
