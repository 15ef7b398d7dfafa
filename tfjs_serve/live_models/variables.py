"""Variables in memory as lazy weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.keras_files import WeightRef

Array = npt.NDArray[Any]
Variable = Any


class Variables:
    """Makes weights of variables, the same one of the same variable.

    Parameters
    ----------
    keras
        The Keras that they belong to.
    """

    def __init__(self, keras: ModuleType) -> None:
        self._keras = keras
        self._known: dict[int, WeightRef] = {}

    def refs(self, variables: Iterable[Variable]) -> tuple[WeightRef, ...]:
        """Return a weight for each variable, whose values are fetched when they are read."""
        return tuple(map(self._ref, variables))

    def _ref(self, variable: Variable) -> WeightRef:
        known = self._known.get(id(variable))
        if known is None:
            known = self._known[id(variable)] = WeightRef(
                name=str(getattr(variable, "path", variable.name)),
                shape=self._shape(variable),
                dtype=_dtype_of(variable),
                read=lambda max_bytes: _blocks(self._values(variable), max_bytes),
            )
        return known

    def _shape(self, variable: Variable) -> tuple[int, ...]:
        sizes = tuple(variable.shape)
        # A variable of TensorFlow may have a shape that changes, as the weights of a lookup.
        return self._values(variable).shape if None in sizes else tuple(map(int, sizes))

    def _values(self, variable: Variable) -> Array:
        if hasattr(self._keras, "ops"):
            return np.asarray(self._keras.ops.convert_to_numpy(variable.value))
        return np.asarray(self._keras.backend.get_value(variable))


def _dtype_of(variable: Variable) -> str:
    """Return the dtype of the values: JAX keeps those of a float64 variable as float32."""
    dtype = getattr(getattr(variable, "value", None), "dtype", variable.dtype)
    return str(getattr(dtype, "name", dtype)).removeprefix("torch.")


def _blocks(values: Array, max_bytes: int) -> Iterator[Array]:
    """Yield the values in C order, those of bfloat16 as float32."""
    flat, is_bfloat16 = values.reshape(-1), values.dtype.name == "bfloat16"
    count = max(1, max_bytes // values.dtype.itemsize)
    for start in range(0, flat.size, count):
        block = flat[start : start + count]
        yield block.astype(np.float32) if is_bfloat16 else block
