"""The traits that rules state, compared with the sets of layers in the code of Keras and TF.js.

Some sets look alike but differ: cuDNN's layers have states and no masks, and attention layers get
a mask for each input.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import CALL
from tfjs_serve.conversion.rules.traits import (
    Inner,
    MadeMask,
    Masking,
    MaskMerge,
    MaskUse,
    Traits,
)

CONV_LSTM = {"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
CUDNN = {"CuDNNGRU", "CuDNNLSTM"}
WITH_CELL = {*CONV_LSTM, "GRU", "LSTM", "SimpleRNN", "UnifiedGRU", "UnifiedLSTM"}
WITH_MASKS = {*WITH_CELL, "Bidirectional", "RNN"}
BATCH_NORMALIZATIONS = {
    *("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"),
    "SyncBatchNormalization",
}
REARRANGING = {"Flatten", "Permute", "RepeatVector", "Reshape"}
CONVOLUTIONS = {
    *("Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose"),
    *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
}
INTEGERS_KEPT = {
    *("Add", "Concatenate", "Maximum", "Minimum", "Multiply"),
    *("Cropping2D", "Flatten", "Permute", "RepeatVector", "Reshape", "ZeroPadding2D"),
    *("Dropout", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Masking", "ReLU"),
    *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "UpSampling2D"),
}
MERGING = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}
OF_ANY_DTYPE = {
    *MERGING,
    *REARRANGING,
    *("CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup"),
    *("Identity", "InputLayer", "StringLookup", "TextVectorization", "inputs.OneTextEach"),
}
PASSING = {
    *MERGING,
    *BATCH_NORMALIZATIONS,
    *("AbsMaxQuantizer", "Activation", "ActivityRegularization", "Dense", "Float8Quantizer"),
    *("AdditiveAttention", "Attention", "GroupedQueryAttention", "MultiHeadAttention"),
    *("AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "TimeDistributed"),
    *("ELU", "LeakyReLU", "PReLU", "ParametricSoftplus", "ReLU", "SReLU", "Softmax"),
    *("BatchStatisticsNormalization", "GroupNormalization", "LayerNormalization"),
    *("SampleNormalization", "ThresholdedReLU", "UnitNormalization"),
}

OF_ONE_RANK = {
    *(f"{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)),
    *(f"Global{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)),
    *(f"Adaptive{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)),
    *(
        f"{name}{rank}D"
        for name in ("Cropping", "SpatialDropout", "UpSampling", "ZeroPadding")
        for rank in (1, 2, 3)
    ),
    "RepeatVector",
}

COMMON = {
    *("lets masks pass", "may have any dtype", "hides its input's shape"),
    "has weights that tell its input's shape",
}
"""What a new layer may well have too; so only these layers must have it."""

SETS: list[tuple[str, Callable[[Traits], bool], set[str]]] = [
    ("has states", lambda t: t.has_states, WITH_MASKS | CUDNN),
    ("has a cell inside", lambda t: t.cell_inside, WITH_CELL),
    (
        "looks at the mask in TF.js",
        lambda t: t.tfjs_reads_mask,
        WITH_MASKS | CUDNN | {"Softmax"},
    ),
    (
        "uses a mask of steps",
        lambda t: t.mask_use is MaskUse.PER_STEP,
        {*WITH_MASKS, "GlobalAveragePooling1D"},
    ),
    ("uses a full mask", lambda t: t.mask_use is MaskUse.FULL, {"Softmax"}),
    (
        "leaves masked numbers out",
        lambda t: t.mask_use is MaskUse.MERGED,
        {"Maximum", "Minimum", "Multiply"},
    ),
    (
        "uses masks in a list",
        lambda t: t.mask_use is MaskUse.LISTED,
        {"AdditiveAttention", "Attention"},
    ),
    (
        "uses masks by name",
        lambda t: t.mask_use is MaskUse.NAMED,
        {"GroupedQueryAttention", "MultiHeadAttention"},
    ),
    ("takes masks off", lambda t: t.clears_masks_since is not None, {"MultiHeadAttention"}),
    (
        "merges masks number by number",
        lambda t: t.mask_merge is MaskMerge.TOGETHER,
        {"Add", "Average", "Maximum", "Minimum", "Multiply"},
    ),
    ("joins masks", lambda t: t.mask_merge is MaskMerge.SIDE_BY_SIDE, {"Concatenate"}),
    (
        "makes a mask",
        lambda t: t.mask_maker is not None,
        {"Embedding", "Masking", "ReversibleEmbedding"},
    ),
    ("lets masks pass", lambda t: t.masking is Masking.PASSES, PASSING),
    ("lets the mask of steps pass", lambda t: t.masking is Masking.PER_STEP, WITH_MASKS),
    (
        "lets masks pass since Keras 3",
        lambda t: t.masking is Masking.PASSES_SINCE_KERAS_3,
        {"Identity", "Normalization", "Rescaling"},
    ),
    ("calls layers in turn", lambda t: t.inner is Inner.IN_TURN, {"Pipeline"}),
    ("calls its layer each step", lambda t: t.inner is Inner.EACH_STEP, {"TimeDistributed"}),
    ("has directions", lambda t: t.inner is Inner.DIRECTIONS, {"Bidirectional"}),
    (
        "has attributes that archives go by",
        lambda t: bool(t.attributes),
        {"Bidirectional", "RNN", "SpectralNormalization", "TimeDistributed"},
    ),
    (
        "has an initial state as its second argument",
        lambda t: t.call_arguments == ("initial_state", "mask", "training"),
        WITH_MASKS,
    ),
    (
        "has a mask as its third argument",
        lambda t: t.call_arguments == ("training", "mask"),
        {*BATCH_NORMALIZATIONS, "Pipeline", "TimeDistributed"},
    ),
    (
        "has a mask as its second argument",
        lambda t: t.call_arguments == ("mask",),
        {"GlobalAveragePooling1D", "Softmax"},
    ),
    (
        "has weights that tell its input's shape",
        lambda t: t.input_shapes is not None,
        CONVOLUTIONS
        | WITH_CELL
        | CUDNN
        | BATCH_NORMALIZATIONS
        | {"Dense", "EinsumDense", "Embedding", "PReLU"}
        | {"GRUCell", "GroupNormalization", "LSTMCell", "LayerNormalization", "SimpleRNNCell"},
    ),
    ("may have any dtype", lambda t: t.any_dtype, OF_ANY_DTYPE),
    ("takes one number of axes", lambda t: t.rank is not None, OF_ONE_RANK),
    ("hides its input's shape", lambda t: t.hides_input_shape, REARRANGING),
]

FLOATS = {"Average", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "Dense"}
"""Layers that make floats of integers."""
ZEROS = MadeMask(value=0, over_features=False)
MASKS_OF_ZEROS: list[tuple[Json, bool]] = [
    ({"mask_zero": True}, True),
    ({"mask_zero": True, CALL: {"reverse": False}}, True),
    ({"mask_zero": True, CALL: {"reverse": True}}, False),
    ({"mask_zero": False}, False),
    ({}, False),
]
"""Arguments of an embedding and of a call of it, and whether that makes a mask."""


@pytest.mark.parametrize(("trait", "holds", "expected"), SETS, ids=[title for title, _, _ in SETS])
def test_layers_of_a_trait(trait: str, holds: Callable[[Traits], bool], expected: set[str]) -> None:
    found = {name for name, rule in rules().items() if holds(rule.traits)}
    missing, further = expected - found, set() if trait in COMMON else found - expected
    assert not missing, f"these layers are in the set of {trait!r} here, and have not the trait"
    assert not further, f"if they are right, add to the set of {trait!r} in this file: {further}"


def test_layers_that_make_integers_of_integers_say_so() -> None:
    assert [name for name in INTEGERS_KEPT if rules()[name].traits.dtypes is None] == []
    assert [name for name in FLOATS if rules()[name].traits.dtypes is not None] == []


@pytest.mark.parametrize(("arguments", "makes"), MASKS_OF_ZEROS)
def test_only_vectors_of_integers_get_a_mask_of_zeros(arguments: Json, makes: bool) -> None:
    for class_name in ("Embedding", "ReversibleEmbedding"):
        maker = rules()[class_name].traits.mask_maker
        assert maker is not None
        embedding = KerasLayer(
            class_name=class_name,
            name="e",
            path="e",
            config=arguments,
            dtype="float32",
            generation=3,
        )
        assert maker.made(embedding) == (ZEROS if makes else None)
        assert maker.made(maker.without(embedding)) is None
