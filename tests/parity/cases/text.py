"""What the cases of lookups, hashes and text have in common: Keras computes them with TensorFlow.

The tests do not install TensorFlow, so ``tests/fixtures/make_text.py`` saves these models, with
Keras's own predictions, for both generations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .case import BOTH, Arguments, Build, Keras, case_id

Values = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCase:
    """A model of strings or of numbers that are looked up, and what it is asked.

    Attributes
    ----------
    inputs
        One nested list per input of the model.
    endings
        The formats in which Keras can save it whole.
    """

    id: str
    build: Build
    inputs: tuple[Values, ...]
    dialects: tuple[str, ...] = BOTH
    endings: tuple[str, ...] = ("h5", "keras")


def one_layer(
    class_name: str,
    arguments: Arguments,
    shape: tuple[int | None, ...],
    dtype: str,
    learned: npt.ArrayLike | None,
) -> Build:
    """Return the builder of a model of one layer, which has learned from `learned`."""

    def build(keras: Keras) -> Any:
        given = keras.Input(shape, dtype=dtype)
        layer = getattr(keras.layers, class_name)(**arguments)
        if learned is not None:
            layer.adapt(np.asarray(learned))
        return keras.Model(given, layer(given))

    return build


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What several cases of one class have in common."""

    class_name: str
    shape: tuple[int | None, ...]
    inputs: Values
    dtype: str = "string"
    label: str = ""
    learned: Any = None
    base: Arguments = field(default_factory=dict)
    dialects: tuple[str, ...] = BOTH

    def cases(self, variants: Sequence[Arguments] = ({},)) -> list[TextCase]:
        """Return a case for each set of arguments."""
        head = f"{self.class_name}.{self.label}" if self.label else self.class_name
        return [
            TextCase(
                id=case_id(head, variant),
                build=one_layer(
                    self.class_name,
                    {**self.base, **variant},
                    self.shape,
                    self.dtype,
                    self.learned,
                ),
                inputs=(self.inputs,),
                dialects=self.dialects,
                # Both generations leave a learned vocabulary out of HDF5.
                endings=("h5", "keras") if self.learned is None else ("keras",),
            )
            for variant in variants
        ]


WORDS = [["red", "blue", "red"], ["green", "", "some_thing else"], ["Zürich", "𝄞", "[UNK]"]]
COLOURS = ["red", "green", "blue", "some_thing else", "𝄞"]
ONE_WORD = [["red"], ["green"], ["none"]]
NUMBERS = [[3, 7, 3], [12, 0, -5], [100, 8, 7]]
KNOWN = [7, 3, 12, -5]
ONE_NUMBER = [[3], [8], [-5]]
COUNTED = ["multi_hot", "count"]
FLOATS = np.random.default_rng(4).normal(0, 1, (4, 3)).tolist()
TEXTS = [
    ["The cat, the dog & the Über-cat!"],
    ["a_b  c\td\n E"],
    [""],
    ["dog... the END; of (all) $5 cats' nine"],
]
LEARNED = [["the cat and the dog"], ["a_b of all cats"], ["The end; über"]]
