"""InputLayer (``tfjs-layers/src/engine/input_layer.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import of_each
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits

_DTYPES = frozenset(
    {
        *("bool", "string"),
        *("float16", "bfloat16", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    }
)
_LARGEST_RANK = 6
_REBUILD = (
    "TensorFlow.js takes no missing input, which is what {} may get here. Rebuild the model for "
    "the page: with keras.Input(...) without optional=True if the page has this input, or else "
    "without the input, calling what reads it with None; new.set_weights(model.get_weights()) "
    "gives it the weights."
)


@rule(
    "InputLayer",
    traits=Traits(any_dtype=True),
    support=Support(notes="dense numbers and booleans, of one to six axes"),
)
def input_layer(context: LayerContext) -> TfjsLayer:
    """Unknown axes of the shape stay unknown (``null``).

    Inputs become float32, and TF.js converts the numbers that it is fed. Keras's layers convert
    integers to floats, but TF.js's ops do not: some throw, and BatchNormalization rounds.
    Embedding converts floats back. Strings stay strings, and integers become int32 if only layers
    take them that need all of their digits.
    """
    read = context.read
    shape = read.take("batch_input_shape")
    if not isinstance(shape, list):
        context.problem(
            "bad-config", "It has no shape.", "Give keras.Input a shape and save the model again."
        )
    hint = "Feed the values as a dense array of numbers."
    # Every layer computes the same from a sparse tensor and a dense one.
    read.ignore("sparse")
    read.only("ragged", False, hint=hint)
    readers = ", ".join(read.take("readers", []))
    read.only("optional", False, hint=_REBUILD.format(readers or "its layers"))
    read.ignore("type_spec", "dimension_names", "of_first_call")
    if context.layer.dtype not in _DTYPES:
        read.unsupported("dtype", context.layer.dtype, hint)
    _check_rank(context, shape)
    return TfjsLayer(
        class_name="InputLayer",
        config={
            "name": context.name,
            "batch_input_shape": shape,
            "dtype": _dtype(context),
            "sparse": False,
        },
    )


def _check_rank(context: LayerContext, shape: Json) -> None:
    """Report a shape that TF.js cannot be fed; one that is missing has been reported."""
    if isinstance(shape, list) and not 1 <= len(shape) <= _LARGEST_RANK:
        context.problem(
            "unsupported-input",
            f"TensorFlow.js cannot predict from an input of {len(shape)} axes.",
            f"Give the model inputs of one to {_LARGEST_RANK} axes, counting the batch axis.",
        )


def _dtype(context: LayerContext) -> str:
    if context.read.boolean("all_digits", False):
        return "int32"
    return "string" if context.layer.dtype == "string" else "float32"


@rule(
    "inputs.OneTextEach",
    outcome=Outcome.COMPANION,
    shape=of_each(lambda _config, shape: shape[:-1]),
    traits=Traits(dtypes=lambda _layer, _inputs: ("string",), any_dtype=True),
)
def one_text_each(context: LayerContext) -> TfjsLayer:
    """From ``(batch, 1)``, which TF.js takes, to ``(batch,)``; see ``writing/scalar_inputs.py``."""
    return context.companion("OneTextEach", {})
