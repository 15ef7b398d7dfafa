"""Pooling layers (``tfjs-layers/src/layers/pooling.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import of_each, pooled
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.convolutions import fits_tfjs_volumes
from tfjs_serve.conversion.small_models.integers import kept
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.conversion.small_models.spatial import pooled as pool
from tfjs_serve.conversion.small_models.spatial import with_first_channels, with_last_channels
from tfjs_serve.conversion.small_models.windows import Windows

_LOWERED = {
    1: "channels first: Permute",
    2: "",
    3: "strides larger than the window with padding='same': pooling of images",
}


def _training(kind: str, rank: int) -> str:
    """Return which pooling has wrong gradients in TF.js 4.22, for the support table."""
    if kind == "Average":
        return "padding='same'"
    return "windows whose height is not their width, on the cpu backend" if rank == 3 else ""


def _pooling(kind: str, rank: int) -> None:
    class_name = f"{kind}Pooling{rank}D"

    @rule(
        class_name,
        shape=of_each(pooled),
        traits=Traits(dtypes=kept if kind == "Max" else None, rank=rank + 2),
        support=Support(
            lowered=_LOWERED[rank],
            companion="what is lowered, with several unknown sizes" if rank == 3 else "",
            training=_training(kind, rank),
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        windows = _windows(context, rank)
        data_format = context.read.text("data_format", "channels_last")
        config: dict[str, Json] = {
            "pool_size": list(windows.size),
            "strides": list(windows.strides),
            "padding": windows.padding,
        }
        if rank == 1 and data_format == "channels_last":
            return context.native(class_name, config)
        if rank > 1 and (rank == 2 or fits_tfjs_volumes(windows)):
            return context.native(class_name, {**config, "data_format": data_format})

        def lower(low: Lowering) -> Tensor:
            x = with_last_channels(low, low.inputs[0], data_format, rank)
            return with_first_channels(low, pool(low, kind, x, windows), data_format, rank)

        flags = {"largest": kind == "Max", "channels_first": data_format == "channels_first"}
        return lower_or_companion(context, lower, "Pooling", {**config, **flags})


def _windows(context: LayerContext, rank: int) -> Windows:
    read = context.read
    size = read.integers("pool_size", rank, 2)
    strides = read.integers("strides", rank) if read.take("strides") is not None else size
    padding = read.choice("padding", "valid", ("valid", "same"), "Use padding='valid' or 'same'.")
    # A window of one step needs no padding.
    return Windows(
        size=tuple(size),
        strides=tuple(strides),
        dilation=(1,) * rank,
        padding="valid" if set(size) == {1} else padding,
    )


for _kind in ("Max", "Average"):
    for _rank in (1, 2, 3):
        _pooling(_kind, _rank)
