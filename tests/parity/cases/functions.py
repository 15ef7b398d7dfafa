"""What the tables of operations are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .case import KERAS3, Build, Case, Keras
from .inputs import InputMaker, halves, numbers

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


def called(*names: str) -> dict[str, Function]:
    """Return functions of one tensor, or as many as there are, by name."""

    def one(name: str) -> Function:
        return lambda ops, *tensors: getattr(ops, name)(*tensors)

    return {name: one(name) for name in names}


def of_pairs(functions: Mapping[str, Function]) -> Iterator[Case]:
    """Yield functions of two tensors: of one shape, of two shapes, and of many equal elements."""
    yield from operations("pair", functions, (3, 4), (3, 4))
    yield from operations("broadcast", functions, (3, 4), (1, 4))
    yield from operations("halves-pair", functions, (9, 9), (9, 9), inputs=halves)


def of_truths(functions: Mapping[str, Function]) -> dict[str, Function]:
    """Return the functions of two tensors as functions of their elements' being positive."""

    def one(function: Function) -> Function:
        return lambda ops, x, y: function(ops, x > 0, y > 0)

    return {name: one(function) for name, function in functions.items()}
