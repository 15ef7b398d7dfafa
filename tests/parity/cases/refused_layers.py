"""Models that TF.js's own layers cannot compute, or compute otherwise than Keras: never served.

Each names all problems that the answer must list, and words of the advice it must give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .case import BOTH, KERAS3, Build, Keras, RefusedCase, case_id, layer, made

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

# --- Activations that have weights --------------------------------------------------------------

CASES.append(
    RefusedCase(
        id="refused-Dense-activation_PReLU",
        build=single("Dense", ROW, {"units": 2, "activation": made("layers.PReLU")}, "float32"),
        problems=frozenset({("m/it", ACTIVATION)}),
        hints=("keras.activations",),
        dialects=(KERAS3,),
    )
)
