"""InputLayer (``tfjs-layers/src/engine/input_layer.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.registry import rule

_DTYPES = {
    "bool": "bool",
    **dict.fromkeys(("float16", "bfloat16", "float32", "float64"), "float32"),
    **dict.fromkeys(
        ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"), "int32"
    ),
}


@rule("InputLayer", notes="dense numbers and booleans; 64-bit types become 32-bit ones")
def input_layer(context: LayerContext) -> TfjsLayer:
    """Shapes keep their unknown (``null``) axes; dtypes become those that TF.js has."""
    read = context.read
    shape = read.take("batch_input_shape")
    if not isinstance(shape, list):
        context.problem(
            "bad-config", "It has no shape.", "Give keras.Input a shape and save the model again."
        )
    hint = "Feed the values as a dense array of numbers."
    read.only("sparse", False, hint=hint)
    read.only("ragged", False, hint=hint)
    read.only("optional", False, hint="Give every input of the model.")
    read.ignore("type_spec", "dimension_names")
    if context.layer.dtype not in _DTYPES:
        read.unsupported("dtype", context.layer.dtype, hint)
    return TfjsLayer(
        class_name="InputLayer",
        config={
            "name": context.name,
            "batch_input_shape": shape,
            "dtype": _DTYPES.get(context.layer.dtype, "float32"),
            "sparse": False,
        },
    )
