"""Windows and blocks of images and sequences."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import within

FIRST = "channels_first"
WINDOWS: dict[str, Function] = {
    "unfold": lambda ops, x: ops.unfold(ops.transpose(x, (0, 3, 1, 2)), 2),
    "unfold-all": lambda ops, x: ops.unfold(
        ops.transpose(x, (0, 3, 1, 2)), (2, 3), dilation=(2, 1), padding=1, stride=2
    ),
    "fold": lambda ops, x: ops.fold(
        ops.unfold(ops.transpose(x, (0, 3, 1, 2)), 3, stride=1), (6, 6), 3
    ),
}
BLOCKS: dict[str, Function] = {
    "space_to_depth": lambda ops, x: ops.nn.space_to_depth(x[:, :, :2], 2),
    "depth_to_space": lambda ops, x: ops.nn.depth_to_space(x, 2),
}
SEQUENCES: dict[str, Function] = {
    "extract_sequences": lambda ops, x: ops.extract_sequences(x, 2, 1),
}
PATCHES: dict[str, Function] = {
    "extract_patches": lambda ops, x: ops.image.extract_patches(x, 2),
    "extract_patches-wide": lambda ops, x: ops.image.extract_patches(x, (2, 3), strides=(2, 3)),
    "extract_patches-dilated": lambda ops, x: ops.image.extract_patches(
        x, 2, strides=2, dilation_rate=2
    ),
    "extract_patches-overlap": lambda ops, x: ops.image.extract_patches(x, (2, 3), strides=1),
    "extract_patches-same": lambda ops, x: ops.image.extract_patches(
        x, 2, strides=2, padding="same"
    ),
}
BLOCKS_FIRST: dict[str, Function] = {
    "space_to_depth-first": lambda ops, x: ops.nn.space_to_depth(x, 2, data_format=FIRST),
    "depth_to_space-first": lambda ops, x: ops.nn.depth_to_space(x, 2, data_format=FIRST),
}
CHANNELS_FIRST: dict[str, Function] = {
    "patches": lambda ops, x: ops.image.extract_patches(x, 2, data_format=FIRST),
}

CASES = [
    *operations("layers", WINDOWS, (6, 6, 4)),
    *operations("shaping", BLOCKS, (2, 3, 4)),
    *operations("order", SEQUENCES, (3, 4)),
    *operations("images", PATCHES, (5, 6, 3), inputs=within(0, 1)),
    *operations("images", BLOCKS_FIRST, (8, 4, 6), by_tensorflow=True),
    *operations("image-first", CHANNELS_FIRST, (3, 5, 6), inputs=within(0, 1)),
]
