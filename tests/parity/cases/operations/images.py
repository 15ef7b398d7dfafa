"""Images."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations
from tests.parity.cases.inputs import halves, within

FIRST = "channels_first"
TURN = np.array(
    [[0.913, -0.217, 1.331, 0.119, 1.107, -0.713, 0, 0], [1, 0, 0.4, 0, 1, -2.3, 0, 0]], "float32"
)
CORNERS = np.array([[0, 0], [0, 5], [4, 0], [4, 5]], "float32")
MOVED = np.array([[0.5, 0.2], [0.1, 4.5], [4.4, 0.6], [3.9, 5.2]], "float32")


def _warped(fill_mode: str, interpolation: str = "bilinear") -> Function:
    return lambda ops, x: ops.image.affine_transform(
        x, TURN, interpolation=interpolation, fill_mode=fill_mode, fill_value=0.5
    )


SCORES: dict[str, Function] = {
    "psnr": lambda ops, x, y: ops.psnr(x, y, 1.0),
}
IMAGES: dict[str, Function] = {
    "resize": lambda ops, x: ops.image.resize(x, (10, 9)),
    "resize-smaller": lambda ops, x: ops.image.resize(x, (3, 4)),
    "resize-antialias": lambda ops, x: ops.image.resize(x, (3, 4), antialias=True),
    "resize-nearest": lambda ops, x: ops.image.resize(x, (10, 12), interpolation="nearest"),
    "resize-nearest-odd": lambda ops, x: ops.image.resize(x, (7, 4), interpolation="nearest"),
    "resize-bicubic": lambda ops, x: ops.image.resize(x, (7, 4), interpolation="bicubic"),
    "resize-lanczos": lambda ops, x: ops.image.resize(x, (7, 4), interpolation="lanczos3"),
    "resize-crop": lambda ops, x: ops.image.resize(x, (4, 8), crop_to_aspect_ratio=True),
    "resize-pad": lambda ops, x: ops.image.resize(
        x, (4, 8), pad_to_aspect_ratio=True, fill_value=0.3
    ),
    "rgb_to_grayscale": lambda ops, x: ops.image.rgb_to_grayscale(x),
    "rgb_to_hsv": lambda ops, x: ops.image.rgb_to_hsv(x),
    "hsv_to_rgb": lambda ops, x: ops.image.hsv_to_rgb(x),
    "gaussian_blur": lambda ops, x: ops.image.gaussian_blur(x),
    "gaussian_blur-larger": lambda ops, x: ops.image.gaussian_blur(
        x, kernel_size=(5, 3), sigma=(1.5, 0.7)
    ),
    "pad_images": lambda ops, x: ops.image.pad_images(x, 1, 2, 0, 1),
    "pad_images-target": lambda ops, x: ops.image.pad_images(
        x, top_padding=1, left_padding=2, target_height=9, target_width=10
    ),
    "crop_images": lambda ops, x: ops.image.crop_images(x, 1, 2, 0, 1),
    "crop_images-target": lambda ops, x: ops.image.crop_images(
        x, top_cropping=1, left_cropping=2, target_height=3, target_width=2
    ),
    "affine-constant": _warped("constant"),
    "affine-nearest": _warped("nearest"),
    "affine-mirror": _warped("mirror"),
    "affine-reflect": _warped("reflect"),
    "affine-order-0": _warped("constant", "nearest"),
    "perspective": lambda ops, x: ops.image.perspective_transform(
        x, CORNERS[None].repeat(2, 0), MOVED[None].repeat(2, 0)
    ),
    "map_coordinates": lambda ops, x: ops.image.map_coordinates(
        x[0, ..., 0], np.linspace(-1, 5, 24).reshape(2, 3, 4).astype("float32"), 1
    ),
    "ssim": lambda ops, x: ops.image.ssim(x, x * 0.9, filter_size=3),
}
BORDERS: dict[str, Function] = {
    "sobel_edges": lambda ops, x: ops.image.sobel_edges(x),
    "affine-wrap": _warped("wrap"),
}
UNUSUAL: dict[str, Function] = {
    "hsv_to_rgb": lambda ops, x: ops.image.hsv_to_rgb(x),
}
CHANNELS_FIRST: dict[str, Function] = {
    "resize": lambda ops, x: ops.image.resize(x, (10, 9), data_format=FIRST),
    "gray": lambda ops, x: ops.image.rgb_to_grayscale(x, data_format=FIRST),
    "blur": lambda ops, x: ops.image.gaussian_blur(x, data_format=FIRST),
    "pad": lambda ops, x: ops.image.pad_images(x, 1, 2, 0, 1, data_format=FIRST),
    "crop": lambda ops, x: ops.image.crop_images(x, 1, 2, 0, 1, data_format=FIRST),
}
FREE: dict[str, Function] = {
    "resize": lambda ops, x: ops.image.resize(x, (7, 3)),
    "gray": lambda ops, x: ops.image.rgb_to_grayscale(x),
    "crop": lambda ops, x: ops.image.crop_images(x, 1, 1, 1, 1) if x.shape[1] else x[:, 1:-1],
    "pad": lambda ops, x: ops.image.pad_images(x, 1, 1, 1, 1),
}

CASES = [
    *operations("losses", SCORES, (2, 3), (2, 3), inputs=within(0.05, 0.95)),
    *operations("images", IMAGES, (5, 6, 3), inputs=within(0, 1)),
    *operations("images", BORDERS, (5, 6, 3), inputs=within(0, 1), by_tensorflow=True),
    *operations("halves", UNUSUAL, (5, 6, 3), inputs=halves, by_tensorflow=True),
    *operations("image-whole", {"resize": IMAGES["resize"]}, (5, 6, 3), dtype="uint8"),
    *operations("image-first", CHANNELS_FIRST, (3, 5, 6), inputs=within(0, 1)),
    *operations("image-free", FREE, (None, None, 3), inputs=within(0, 1)),
]
