"""Pooling layers (``tfjs-layers/src/layers/pooling.ts``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.layers.padding import padding_3d
from tfjs_serve.conversion.model import Json
from tfjs_serve.conversion.registry import rule
from tfjs_serve.conversion.shapes import Shape, channels_of, of_each, pooled


def _pooling(class_name: str, rank: int, formats: tuple[str, ...]) -> None:
    notes = {1: "channels last", 2: "", 3: "strides no larger than pool_size with padding='same'"}

    @rule(class_name, shape=of_each(pooled), notes=notes[rank])
    def translate(context: LayerContext) -> TfjsLayer:
        read = context.read
        size = read.integers("pool_size", rank, 2)
        strides = read.integers("strides", rank) if read.take("strides") is not None else size
        hint = "Use padding='valid' or 'same'."
        config = {
            "pool_size": size,
            "strides": strides,
            "padding": read.choice("padding", "valid", ("valid", "same"), hint),
        }
        if rank == 3:
            config["padding"] = padding_3d(context, "pool_size", strides)
        hint = "Use data_format='channels_last'."
        data_format = read.choice("data_format", "channels_last", formats, hint)
        if rank > 1:
            config["data_format"] = data_format
        return context.native(class_name, config)


def _channels(config: Mapping[str, Json], shape: Shape) -> Shape:
    return (shape[0], channels_of(config, shape))


def _global_pooling(class_name: str, formats: tuple[str, ...]) -> None:
    notes = "keepdims=False" if len(formats) > 1 else "keepdims=False, channels last"

    @rule(class_name, shape=of_each(_channels), notes=notes)
    def translate(context: LayerContext) -> TfjsLayer:
        read = context.read
        if class_name == "GlobalAveragePooling1D":
            # Keras averages over the unmasked steps only.
            context.no_mask()
        if "Average" in class_name and context.layer.generation < 3:
            context.no_whole_numbers()
        read.only("keepdims", False, hint="Use keepdims=False and a Reshape.")
        hint = "Use data_format='channels_last'."
        data_format = read.choice("data_format", "channels_last", formats, hint)
        config = {"data_format": data_format} if len(formats) > 1 else {}
        return context.native(class_name, config)


_LAST = ("channels_last",)
_BOTH = ("channels_last", "channels_first")

for _kind in ("Max", "Average"):
    _pooling(f"{_kind}Pooling1D", 1, _LAST)
    _pooling(f"{_kind}Pooling2D", 2, _BOTH)
    _pooling(f"{_kind}Pooling3D", 3, _BOTH)
    _global_pooling(f"Global{_kind}Pooling1D", _LAST)
    _global_pooling(f"Global{_kind}Pooling2D", _BOTH)
