"""The rules of operations: small models where layers compute them, otherwise ``layers.js``."""

from __future__ import annotations

from tfjs_serve.conversion.layers.image_resizing import ROUNDS_SINCE
from tfjs_serve.conversion.model.dtypes import is_integer
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import ShapeRule, Shapes
from tfjs_serve.conversion.operations.backends import notes
from tfjs_serve.conversion.operations.call import (
    OperationCall,
    companion_operation,
    output_dtypes,
    read_call,
)
from tfjs_serve.conversion.operations.lowered import (
    Build,
    Lower,
    NotLoweredError,
    lowered_operations,
)
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import Signature
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError

ROUNDED = (
    "Keras 3.0 to 3.5 does not round what is between two integers: on TensorFlow it cuts off the "
    "fraction, on JAX it keeps it. The page rounds it, as newer versions do."
)


def _shape_rule(signature: Signature) -> ShapeRule:
    def shape(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
        operands = [Operand(shape=item, index=index) for index, item in enumerate(inputs)]
        return tuple(output.shape for output in signature.outputs(layer.config, operands))

    return shape


def _first_line(function: Lower) -> str:
    return (function.__doc__ or "").partition("\n")[0].rstrip(".")


def _read(context: LayerContext) -> OperationCall:
    """Return the operation with its arguments.

    Raises
    ------
    UnknownShapeError
        The arguments do not fit, which may be because the shape of an input is not known.
    """
    try:
        return read_call(context)
    except (LookupError, TypeError, ValueError) as error:
        if context.knows_shapes:
            raise
        raise UnknownShapeError("the shape of the input is not known") from error


def _note_differences(context: LayerContext, call: OperationCall) -> None:
    """Say what Keras computes differently on another backend, or in another version."""
    if context.layer.generation < 3:
        return
    for note in notes(call.name, call.arguments):
        context.warn(note)
    if (
        call.name == "resize"
        and is_integer(call.dtype)
        and context.layer.version < ROUNDS_SINCE
        and str(call.arguments["interpolation"]).lower() != "nearest"
    ):
        context.warn(ROUNDED)


def _operation(signature: Signature) -> None:
    lower = lowered_operations().get(signature.name)

    @rule(
        f"ops.{signature.name}",
        outcome=Outcome.COMPANION if lower is None else Outcome.LOWERED,
        shape=_shape_rule(signature),
        traits=Traits(dtypes=output_dtypes),
        support=Support(
            lowered="" if lower is None else _first_line(lower),
            companion=""
            if lower is None
            else "other arguments, and unknown sizes where they count",
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        call = _read(context)
        _note_differences(context, call)
        if call.name == "mean" and context.layer.generation < 3:
            # TensorFlow's mean of integers is an integer.
            context.no_integers()
        if lower is not None:
            try:
                low = Lowering(context)
                made = lower(Build(low, call, context.layer.generation))
                return low.model(*([made] if isinstance(made, Tensor) else made))
            except (NotLoweredError, UnknownShapeError):
                pass
        return companion_operation(context, call)


for _signature in signatures().values():
    _operation(_signature)
