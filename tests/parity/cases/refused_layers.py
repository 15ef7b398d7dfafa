"""Models that TF.js's own layers cannot compute, or compute otherwise than Keras: never served.

Each names all problems that the answer must list, and words of the advice it must give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .case import BOTH, KERAS3, Build, Keras, RefusedCase, case_id, layer

ARGUMENT = "unsupported-argument"
LAYER = "unsupported-layer"
ACTIVATION = "unsupported-activation"
CALL = "unsupported-call"
CUSTOM = "custom-layer"
MASK = "unsupported-mask"
INPUT = "unsupported-input"

CASES: list[RefusedCase] = []


def single(
    class_name: str, shape: tuple[int | None, ...], arguments: Mapping[str, Any], dtype: str
) -> Build:
    """Return the builder of model ``m`` with the one layer ``it``."""

    def build(keras: Keras) -> Any:
        given = keras.Input(shape, dtype=dtype)
        output = layer(keras, class_name, name="it", **arguments)(given)
        return keras.Model(given, output, name="m")

    return build


def refuse(
    class_name: str,
    shape: tuple[int | None, ...],
    code: str,
    *hints: str,
    dialects: tuple[str, ...] = BOTH,
    dtype: str = "float32",
    **arguments: Any,
) -> None:
    """Put a layer into the table that TF.js lacks, or whose arguments it lacks."""
    case = RefusedCase(
        id=case_id(f"refused-{class_name}", arguments),
        build=single(class_name, shape, arguments, dtype),
        problems=frozenset({("m/it", code)}),
        hints=hints,
        dialects=dialects,
    )
    CASES.append(case)


IMAGE, SERIES, VOLUME, ROW = (6, 6, 2), (5, 3), (4, 4, 4, 2), (4,)

# --- Arguments that TF.js lacks or ignores ----------------------------------------------------

refuse("BatchNormalization", SERIES, ARGUMENT, "last", axis=1)
refuse("BatchNormalization", IMAGE, ARGUMENT, "last", axis=2)
refuse("BatchNormalization", VOLUME, INPUT)
refuse(
    "LayerNormalization",
    SERIES,
    ARGUMENT,
    "rms_scaling=False",
    rms_scaling=True,
    dialects=(KERAS3,),
)
refuse("ReLU", ROW, ARGUMENT, "LeakyReLU", negative_slope=0.1)
refuse("ReLU", ROW, ARGUMENT, "threshold", threshold=1.0)
refuse("ELU", ROW, ARGUMENT, "alpha=1", alpha=0.5)
refuse("Softmax", SERIES, ARGUMENT, "last", axis=1)
refuse("Softmax", IMAGE, ARGUMENT, "last", axis=(1, 2))
refuse("Flatten", ROW, INPUT)

# --- Activations ------------------------------------------------------------------------------

for _name in ("exponential",):
    refuse("Activation", ROW, ACTIVATION, "relu", activation=_name)
for _name in (
    "hard_sigmoid",
    "leaky_relu",
    "hard_silu",
    "celu",
    "glu",
    "tanh_shrink",
    "squareplus",
):
    refuse("Activation", ROW, ACTIVATION, "relu", activation=_name, dialects=(KERAS3,))
refuse("Dense", ROW, ACTIVATION, "relu", units=2, activation="hard_sigmoid", dialects=(KERAS3,))
refuse("Conv2D", IMAGE, ACTIVATION, "relu", filters=2, kernel_size=2, activation="exponential")

# --- Layers -----------------------------------------------------------------------------------

refuse("GroupNormalization", (4, 6), LAYER, groups=2)
refuse("UnitNormalization", ROW, LAYER)
refuse("ActivityRegularization", ROW, LAYER, l2=0.1)
refuse("SpatialDropout2D", IMAGE, LAYER, rate=0.2)
refuse("RMSNormalization", ROW, LAYER, dialects=(KERAS3,))
refuse("EinsumDense", SERIES, LAYER, equation="abc,cd->abd", output_shape=(None, 2))

# --- Inputs and strides that TF.js's layers cannot take -----------------------------------------

refuse("Flatten", (None, 4), INPUT, "None", dialects=(KERAS3,), data_format="channels_last")
refuse("LayerNormalization", (2, 2, 2, 3), INPUT, "fewer axes", dialects=(KERAS3,))
refuse("LayerNormalization", ROW, INPUT, "float32", dtype="int32", dialects=(KERAS3,), epsilon=0.01)
refuse("ReLU", ROW, INPUT, "float32", max_value=2.5, dtype="int32", dialects=(KERAS3,))
