"""One operation to translate: its operands, its settings and the dtype of its result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tfjs_serve.conversion.model.dtypes import is_integer
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.sources import Array, constant
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.settings import page_arguments
from tfjs_serve.conversion.operations.signatures import Signature
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.small_models.activation_formulas import NotLoweredError
from tfjs_serve.layers_model.model import TensorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCall:
    """An operation with its arguments resolved.

    Attributes
    ----------
    name
        As in ``keras.ops``.
    arguments
        Operands, lists of operands, and settings, by parameter.
    dtype
        Of the first output, in Keras.
    """

    name: str
    signature: Signature
    arguments: Mapping[str, Any]
    dtype: str

    def operand(self, key: str) -> Operand:
        """Return an argument that is a tensor or a constant.

        Raises
        ------
        NotLoweredError
            It is neither.
        """
        value = self.arguments[key]
        if not isinstance(value, Operand):
            raise NotLoweredError(f"{key} is no tensor")
        return value

    def operands(self, key: str) -> list[Operand]:
        """Return an argument that is a list of tensors and constants.

        Raises
        ------
        NotLoweredError
            It is no list.
        """
        value = self.arguments[key]
        if not isinstance(value, list):
            raise NotLoweredError(f"{key} is no list of tensors")
        return value


def read_call(context: LayerContext) -> OperationCall:
    """Return the operation that `context` is to translate.

    Raises
    ------
    LookupError, TypeError, ValueError
        The arguments do not fit the operation, or the shapes of its inputs.
    """
    name = context.layer.class_name.removeprefix("ops.")
    signature = signatures()[name]
    config = {key: context.read.take(key) for key in signature.known(context.layer.config)}
    inputs = inputs_of(context.calls[0] if context.calls else ())
    outputs = signature.outputs(config, inputs)
    return OperationCall(
        name=name,
        signature=signature,
        arguments=signature.resolved(config, inputs),
        dtype=outputs[0].dtype,
    )


def inputs_of(facts: Iterable[TensorFact]) -> list[Operand]:
    """Return the inputs of a call as operands."""
    return [
        Operand(shape=fact.shape or (), dtype=fact.dtype, index=index)
        for index, fact in enumerate(facts)
    ]


def output_dtypes(layer: KerasLayer, facts: Iterable[TensorFact]) -> tuple[str, ...]:
    """Return the dtypes of an operation's outputs in Keras."""
    signature = signatures()[layer.class_name.removeprefix("ops.")]
    return tuple(output.dtype for output in signature.outputs(layer.config, inputs_of(facts)))


@dataclass(slots=True)
class _Writer:
    """Writes arguments as JSON, and collects the constants in them, which become weights."""

    constants: list[Array] = field(default_factory=list)

    def written(self, value: Any) -> Json:
        if isinstance(value, Operand):
            return self._operand(value)
        if isinstance(value, list | tuple):
            return [self.written(item) for item in value]
        if isinstance(value, dict):
            return {key: self.written(item) for key, item in value.items()}
        if isinstance(value, float) and not math.isfinite(value):
            # JSON has no such numbers.
            return {"number": str(value)}
        return value

    def _operand(self, operand: Operand) -> Json:
        if operand.index is not None:
            return {"tensor": operand.index}
        if operand.number is not None:
            return self.written(operand.number)
        assert operand.value is not None
        self.constants.append(operand.value)
        return {"constant": len(self.constants) - 1}


def companion_operation(context: LayerContext, call: OperationCall) -> TfjsLayer:
    """Return the layer of ``layers.js`` that computes an operation."""
    writer = _Writer()
    read = page_arguments(call.name, call.arguments, context.layer.generation)
    operands = {key: writer.written(value) for key, value in read.items()}
    weights: dict[str, TensorSource] = {
        f"constant_{index}": constant(array) for index, array in enumerate(writer.constants)
    }
    arguments: dict[str, Json] = {"operation": call.name, "operands": operands}
    if is_integer(call.dtype):
        arguments["dtype"] = call.dtype
    holder = replace(context, weights=weights, fixed_variables=frozenset(weights))
    return holder.companion("Operation", arguments)
