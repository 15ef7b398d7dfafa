"""Lookups, hashes and text: layers that Keras computes with TensorFlow only.

The tests do not install TensorFlow, so ``tests/fixtures/make_text.py`` saves these models, with
Keras's own predictions, for both generations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .case import BOTH, KERAS2, KERAS3, Arguments, Keras, each, grid, slug

Build = Callable[[Keras], Any]
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
                id="-".join([head, *(f"{key}_{slug(item)}" for key, item in variant.items())]),
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
IDF = {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 3.0, 0.25]}

# --- StringLookup -------------------------------------------------------------------------------

WORD = Table(class_name="StringLookup", shape=(3,), inputs=WORDS, base={"vocabulary": COLOURS})
CASES: list[TextCase] = [
    *WORD.cases(
        [
            {},
            *each(num_oov_indices=[2, 5], mask_token=["", "red_"], oov_token=["red_", "?"]),
            {"mask_token": "", "num_oov_indices": 3},
            *grid(output_mode=COUNTED, mask_token=[None, ""], num_oov_indices=[1, 3]),
            {"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
            IDF,
            {**IDF, "max_tokens": 9, "pad_to_max_tokens": True},
            {"vocabulary": ["[UNK]", *COLOURS]},
            {"vocabulary": ["", "[UNK]", *COLOURS], "mask_token": ""},
        ]
    ),
    *Table(class_name="StringLookup", shape=(1,), inputs=ONE_WORD, label="one").cases(
        [{"vocabulary": COLOURS, "output_mode": mode} for mode in ("one_hot", *COUNTED)]
    ),
    *Table(
        class_name="StringLookup", shape=(3,), inputs=WORDS, label="hot", dialects=(KERAS3,)
    ).cases(
        [
            {"vocabulary": COLOURS, "output_mode": "one_hot"},
            {"vocabulary": COLOURS, "num_oov_indices": 4, "salt": [3, 9]},
        ]
    ),
    *Table(
        class_name="StringLookup",
        shape=(3,),
        inputs=[["red", "blue", "red"]],
        label="closed",
        base={"vocabulary": COLOURS, "num_oov_indices": 0},
    ).cases(each(output_mode=["int", "multi_hot"])),
    *Table(
        class_name="StringLookup",
        shape=(3,),
        inputs=WORDS,
        label="learned",
        learned=[["red"], ["blue"], ["red"], ["a_b"], ["𝄞"]],
    ).cases([{}, {"output_mode": "count"}, {"mask_token": "", "max_tokens": 4}]),
    *Table(class_name="StringLookup", shape=(), inputs=["red", "no"], label="scalar").cases(
        [{"vocabulary": COLOURS}, {"vocabulary": COLOURS, "output_mode": "one_hot"}]
    ),
    *Table(
        class_name="StringLookup",
        shape=(3,),
        inputs=[[0, 1, 2], [3, 6, 9]],
        dtype="int64",
        label="back",
        base={"vocabulary": COLOURS, "invert": True},
    ).cases([{}, {"mask_token": "", "oov_token": "no_thing"}]),
]

# --- IntegerLookup ------------------------------------------------------------------------------

NUMBER = Table(
    class_name="IntegerLookup",
    shape=(3,),
    inputs=NUMBERS,
    dtype="int64",
    base={"vocabulary": KNOWN},
)
CASES += [
    *NUMBER.cases(
        [
            {},
            *each(num_oov_indices=[2, 5], mask_token=[0, 100]),
            {"mask_token": 0, "num_oov_indices": 3},
            *grid(output_mode=COUNTED, mask_token=[None, 0], num_oov_indices=[1, 2]),
            {"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 3.0]},
            {"vocabulary": [-1, *KNOWN]},
            {"vocabulary": [7, 16_777_217, 2_000_000_000]},
        ]
    ),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=[[16_777_217, 16_777_216, 7], [2_000_000_000, 1, 2]],
        dtype="int64",
        label="large",
    ).cases([{"vocabulary": [7, 16_777_217, 2_000_000_000]}]),
    *Table(
        class_name="IntegerLookup", shape=(1,), inputs=ONE_NUMBER, dtype="int64", label="one"
    ).cases([{"vocabulary": KNOWN, "output_mode": mode} for mode in ("one_hot", *COUNTED)]),
    *Table(
        class_name="IntegerLookup",
        shape=(None,),
        inputs=NUMBERS,
        dtype="int64",
        label="free",
        base={"vocabulary": KNOWN},
    ).cases([{}, *each(output_mode=COUNTED)]),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=[[3, 7, 3], [12, -5, 7]],
        dtype="int64",
        label="closed",
        base={"vocabulary": KNOWN, "num_oov_indices": 0},
    ).cases(each(output_mode=["int", "multi_hot"])),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=NUMBERS,
        dtype="int64",
        label="learned",
        learned=[[3], [3], [8], [100], [8], [3]],
    ).cases([{}, {"output_mode": "count", "mask_token": 0}]),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=NUMBERS,
        dtype="int64",
        label="hashed",
        base={"vocabulary": KNOWN, "oov_method": "farmhash", "num_oov_indices": 4},
        dialects=(KERAS3,),
    ).cases([{}, {"salt": 7}, {"output_mode": "one_hot"}]),
    *Table(
        class_name="IntegerLookup",
        shape=(3,),
        inputs=[[0, 1, 2], [3, 6, 9]],
        dtype="int64",
        label="back",
        base={"vocabulary": KNOWN, "invert": True},
    ).cases([{}, {"mask_token": 0, "oov_token": -9}]),
]

# --- Hashing ------------------------------------------------------------------------------------

LONG = "seventeen or more bytes", "a text that is longer than thirty-two bytes", "so long " * 9
CASES += [
    *Table(class_name="Hashing", shape=(3,), inputs=[*WORDS, LONG]).cases(
        [
            {"num_bins": 50},
            {"num_bins": 50, "salt": 133},
            {"num_bins": 50, "salt": [133, 2**60 + 7]},
            {"num_bins": 50, "mask_value": ""},
            {"num_bins": 1, "mask_value": ""},
            *({"num_bins": 7, "output_mode": mode} for mode in COUNTED),
        ]
    ),
    *Table(
        class_name="Hashing",
        shape=(3,),
        inputs=[[1, -2, 16_777_217], [2_000_000_000, 0, 7]],
        dtype="int64",
        label="numbers",
    ).cases([{"num_bins": 50}, {"num_bins": 50, "mask_value": 7, "salt": 5}]),
    *Table(class_name="Hashing", shape=(1,), inputs=ONE_WORD, label="one").cases(
        [{"num_bins": 7, "output_mode": "one_hot"}]
    ),
]


def _crossing(dtypes: Sequence[str], shape: tuple[int, ...], **arguments: Any) -> Build:
    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, dtype=dtype) for dtype in dtypes]
        return keras.Model(inputs, keras.layers.HashedCrossing(**arguments)(inputs))

    return build


CASES += [
    TextCase(
        id=f"HashedCrossing.{'.'.join(dtypes)}-{mode}",
        build=_crossing(dtypes, (1,), num_bins=1000, output_mode=mode),
        inputs=tuple(ONE_WORD if dtype == "string" else ONE_NUMBER for dtype in dtypes),
        dialects=BOTH if len(dtypes) == 2 else (KERAS2,),
    )
    for dtypes in (("string", "string"), ("int64", "int64"), ("string", "int64", "string"))
    for mode in ("int", "one_hot")
]

# --- TextVectorization --------------------------------------------------------------------------

TEXTS = [
    ["The cat, the dog & the Über-cat!"],
    ["a_b  c\td\n E"],
    [""],
    ["dog... the END; of (all) $5 cats' nine"],
]
LEARNED = [["the cat and the dog"], ["a_b of all cats"], ["The end; über"]]
TEXT = Table(class_name="TextVectorization", shape=(1,), inputs=TEXTS, learned=LEARNED)
CASES += [
    *TEXT.cases(
        [
            {},
            *each(
                standardize=["lower", "strip_punctuation", None],
                ngrams=[2, (2, 3)],
                output_sequence_length=[3, 12],
                max_tokens=[4],
            ),
            {"split": "character", "output_sequence_length": 9},
            {"split": "character", "ngrams": 2, "standardize": None},
            *each(output_mode=[*COUNTED, "tf_idf"]),
            {"output_mode": "multi_hot", "max_tokens": 30, "pad_to_max_tokens": True},
            {"output_mode": "tf_idf", "max_tokens": 30, "pad_to_max_tokens": True},
            {"output_mode": "count", "ngrams": 2},
        ]
    ),
    *Table(
        class_name="TextVectorization",
        shape=(1,),
        inputs=TEXTS,
        label="given",
        base={"vocabulary": ["cat", "dog", "über", "a_b"]},
    ).cases(
        [
            {},
            {"output_mode": "multi_hot"},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 3.0]},
            {"vocabulary": ["", "[UNK]", "cat", "the"]},
        ]
    ),
    *Table(
        class_name="TextVectorization",
        shape=(),
        inputs=[text for (text,) in TEXTS],
        label="scalar",
        learned=LEARNED,
    ).cases([{}, {"output_mode": "count"}]),
    *Table(
        class_name="TextVectorization",
        shape=(3,),
        inputs=[["Cat", "dog!", ""], ["the", "end", "cat"]],
        label="words",
        base={"vocabulary": ["cat", "dog", "the"], "split": None},
    ).cases([{}, {"output_sequence_length": 2}, {"output_sequence_length": 5}]),
]


def _classifier(keras: Keras) -> Any:
    """The model of many tutorials: text in, a number out."""
    vectorize = keras.layers.TextVectorization(output_sequence_length=6)
    vectorize.adapt(np.array([text for (text,) in LEARNED]))
    return keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            vectorize,
            keras.layers.Embedding(vectorize.vocabulary_size(), 3),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1),
        ]
    )


def _features(keras: Keras) -> Any:
    """Features of several kinds, as in models of tables."""
    word, number = keras.Input((1,), dtype="string", name="w"), keras.Input((1,), dtype="int64")
    layers = keras.layers
    encoded = [
        layers.CategoryEncoding(num_tokens=6, output_mode="one_hot")(
            layers.StringLookup(vocabulary=COLOURS)(word)
        ),
        layers.IntegerLookup(vocabulary=KNOWN, output_mode="one_hot")(number),
        layers.Hashing(num_bins=5, output_mode="one_hot")(word),
    ]
    return keras.Model([word, number], layers.Dense(2)(layers.Concatenate()(encoded)))


def _bins(keras: Keras) -> Any:
    layer = keras.layers.Discretization(num_bins=5)
    layer.adapt(np.random.default_rng(3).normal(0, 1, (300, 1)).astype("float32"))
    given = keras.Input((3,))
    return keras.Model(given, layer(given))


def _statistics(keras: Keras) -> Any:
    layer = keras.layers.Normalization(axis=-1)
    layer.adapt(np.random.default_rng(3).normal(5, 2, (300, 3)).astype("float32"))
    given = keras.Input((3,))
    return keras.Model(given, layer(given))


FLOATS = np.random.default_rng(4).normal(0, 1, (4, 3)).tolist()
CASES += [
    TextCase(id="classifier", build=_classifier, inputs=(TEXTS,), endings=("keras",)),
    TextCase(id="features", build=_features, inputs=(ONE_WORD, ONE_NUMBER)),
    TextCase(id="Discretization.learned", build=_bins, inputs=(FLOATS,)),
    TextCase(id="Normalization.learned", build=_statistics, inputs=(FLOATS,)),
]
