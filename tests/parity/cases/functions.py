"""What the tables of operations are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .case import KERAS3, Build, Case, Keras
from .inputs import InputMaker, numbers

Shape = tuple[int | None, ...]
Function = Callable[..., Any]


def model_of(function: Function, *shapes: Shape, dtype: str = "float32") -> Build:
    """Return the builder of a model that is one expression of its inputs.

    Parameters
    ----------
    function
        Gets ``keras.ops`` and a tensor for each shape.
    """

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, dtype=dtype) for shape in shapes]
        return keras.Model(inputs, function(keras.ops, *inputs))

    return build


def operations(
    label: str,
    functions: Mapping[str, Function],
    *shapes: Shape,
    dtype: str = "float32",
    inputs: InputMaker = numbers,
    **options: Any,
) -> Iterator[Case]:
    """Yield one Keras 3 model for each function."""
    for name, function in functions.items():
        yield Case(
            id=f"ops.{label}-{name}",
            build=model_of(function, *shapes, dtype=dtype),
            inputs=inputs,
            dialects=(KERAS3,),
            **options,
        )
