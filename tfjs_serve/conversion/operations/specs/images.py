"""Images (``keras/src/ops/image.py``); three axes or four with the batch."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Size, broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation


def image_axes(rank: int, data_format: str | None, spatial: int = 2) -> tuple[int, int]:
    """Return the first spatial axis and the axis of the channels.

    Parameters
    ----------
    rank
        The number of axes, with or without the batch axis.
    data_format
        ``"channels_first"``; anything else means that they are last.
    spatial
        The number of spatial axes.
    """
    if data_format == "channels_first":
        return rank - spatial, rank - spatial - 1
    return rank - spatial - 1, rank - 1


def _with_size(images: Operand, data_format: str | None, height: Size, width: Size) -> Operand:
    first, _ = image_axes(images.rank, data_format)
    return like(images, [*images.shape[:first], height, width, *images.shape[first + 2 :]])


@operation("rgb_to_grayscale")
def rgb_to_grayscale(images: Operand, /, data_format: str | None = None) -> Operand:
    """Three channels become one."""
    _, channels = image_axes(images.rank, data_format)
    shape = [1 if axis == channels else size for axis, size in enumerate(images.shape)]
    return like(images, shape)


@operation("rgb_to_hsv", "hsv_to_rgb")
def hsv(images: Operand, /, data_format: str | None = None) -> Operand:
    """Three channels."""
    return like(images, images.shape)


@operation("resize")
def resize(
    images: Operand,
    /,
    size: Json,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Operand:
    """`size` is a list of two numbers or tensors, or a tensor."""
    height, width = (None, None) if isinstance(size, Operand) else map(_known, size)
    return _with_size(images, data_format, height, width)


def _known(size: Json) -> Size:
    return size if isinstance(size, int) else None


@operation("affine_transform")
def affine_transform(
    images: Operand,
    transform: Operand,
    /,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Operand:
    """The transform has eight numbers for each image, or for all of them."""
    return like(images, images.shape)


@operation("perspective_transform")
def perspective_transform(
    images: Operand,
    start_points: Operand,
    end_points: Operand,
    /,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Operand:
    """Four corners go to other places."""
    return like(images, images.shape)


@operation("gaussian_blur")
def gaussian_blur(
    images: Operand,
    /,
    kernel_size: Json = (3, 3),
    sigma: Json = (1.0, 1.0),
    data_format: str | None = None,
) -> Operand:
    """A convolution of each channel."""
    return like(images, images.shape)


@operation("map_coordinates")
def map_coordinates(
    inputs: Operand,
    coordinates: Operand,
    /,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0,
) -> Operand:
    """The coordinates have the shape ``(axes of inputs, *shape of the result)``."""
    return like(inputs, coordinates.shape[1:])


@operation("pad_images")
def pad_images(
    images: Operand,
    /,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Operand:
    """For each axis, two are given of the two paddings and the size of the result."""
    first, _ = image_axes(images.rank, data_format)
    height, width = images.shape[first : first + 2]
    return _with_size(
        images,
        data_format,
        _grown(height, target_height, top_padding, bottom_padding, 1),
        _grown(width, target_width, left_padding, right_padding, 1),
    )


def _grown(
    size: Size, target: int | None, before: int | None, after: int | None, sign: int
) -> Size:
    if target is not None or size is None:
        return target
    return size + sign * ((before or 0) + (after or 0))


@operation("crop_images")
def crop_images(
    images: Operand,
    /,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Operand:
    """For each axis, two are given of the two croppings and the size of the result."""
    first, _ = image_axes(images.rank, data_format)
    height, width = images.shape[first : first + 2]
    return _with_size(
        images,
        data_format,
        _grown(height, target_height, top_cropping, bottom_cropping, -1),
        _grown(width, target_width, left_cropping, right_cropping, -1),
    )


@operation("sobel_edges")
def sobel_edges(images: Operand, /, data_format: str | None = None) -> Operand:
    """Two slopes along a new last axis."""
    return like(images, [*images.shape, 2])


@operation("ssim")
def ssim(
    image1: Operand,
    image2: Operand,
    /,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Operand:
    """One number per image."""
    return like(image1, image1.shape[:-3])


@operation("psnr")
def psnr(x1: Operand, x2: Operand, /, max_val: float) -> Operand:
    """One number: the peak signal-to-noise ratio of all elements."""
    broadcast([x1.shape, x2.shape])
    return Operand(shape=())
