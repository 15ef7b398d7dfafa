"""ConvLSTM1D, 2D and 3D (``tfjs-layers/src/layers/convolutional_recurrent.ts`` has only 2D)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from tfjs_serve.conversion.layers.recurrent import lstm_cell
from tfjs_serve.conversion.layers.shared.cells import Cell
from tfjs_serve.conversion.layers.shared.convolution import image_shape
from tfjs_serve.conversion.layers.shared.recurrence import (
    RECURRENT,
    Loop,
    is_masked,
    is_started,
    layer_in_both_forms,
    read_inside,
    read_loop,
    with_equal_outputs,
)
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shape, Shapes, convolved
from tfjs_serve.conversion.model.sources import Weights, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, kernel_and_bias, rule
from tfjs_serve.conversion.small_models.arithmetic import Lowering, UnknownShapeError, common_shapes

_OUTCOMES = {1: Outcome.LOWERED, 2: Outcome.NATIVE, 3: Outcome.COMPANION}
_ONE_ROW = "ConvLSTM2D over images of one row"
_COMPANION = (
    "channels_first, go_backwards (TensorFlow.js's webgl backend reverses four axes at most), "
    "initial states, masks, activations that TensorFlow.js lacks"
)


def _maps(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    batch, steps, *image = inputs[0]
    filters = layer.config["filters"]
    step = convolved(layer.config, (batch, *image), filters)
    output = (batch, steps, *step[1:]) if layer.config.get("return_sequences") else step
    return (output, step, step) if layer.config.get("return_state") else (output,)


def _sequences(rank: int, layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield the shape of sequences of images; the kernel tells the number of channels."""
    channels = weights["kernel"].shape[-2] if weights else None
    batch, *image = image_shape(layer, channels, rank)
    yield (batch, None, *image)


def _cell(context: LayerContext, rank: int) -> Cell:
    """Read the arguments of an LSTM cell whose products are convolutions."""
    read = context.read
    read.ignore("rank")
    read.only("groups", 1, hint="Use groups=1.")
    cell = lstm_cell(context, "filters")
    window = {
        "strides": read.integers("strides", rank, 1),
        "padding": read.choice("padding", "valid", ("valid", "same"), "Use 'same'."),
        "dilation_rate": read.integers("dilation_rate", rank, 1),
    }
    native = {**window, "kernel_size": read.integers("kernel_size", rank)}
    return replace(
        cell.with_native(**native, data_format="channels_last"),
        arguments={**cell.arguments, **window},
    )


def _conv_lstm(rank: int) -> None:
    name = f"ConvLSTM{rank}D"

    @rule(
        name,
        variables=kernel_and_bias("kernel", "recurrent_kernel"),
        outcome=_OUTCOMES[rank],
        shape=_maps,
        traits=replace(RECURRENT, cell_inside=True, input_shapes=partial(_sequences, rank)),
        support=Support(
            lowered=_ONE_ROW if rank == 1 else "",
            companion="all" if rank == 3 else _COMPANION,
            training="dilation",
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        loop, cell = read_loop(context), _cell(context, rank)
        first = context.read.text("data_format", "channels_last") == "channels_first"
        native = None
        if rank < 3 and not first and cell.native is not None:
            native = _plain(replace(context, weights=cell.weights), rank, loop, cell.native)
        inside = read_inside(context, cell, {"channels_first": True} if first else {})
        return layer_in_both_forms(context, name, _as_run(context, loop), inside, native)


def _plain(
    context: LayerContext, rank: int, loop: Loop, cell: Mapping[str, Json]
) -> TfjsLayer | None:
    """Return the layer as TF.js's ConvLSTM2D, ``None`` if that computes something else."""
    if _needs_companion(context, loop):
        return None
    config = {**loop.native, **cell}
    if rank == 2:
        return with_equal_outputs(context.native("ConvLSTM2D", config))
    try:
        return (
            None if config["stateful"] or _is_direction(context) else _of_one_row(context, config)
        )
    except UnknownShapeError:
        return None


def _is_direction(context: LayerContext) -> bool:
    """Whether it is one direction of a Bidirectional, which cannot contain a small model."""
    prefixes = ("forward", "backward")
    return context.scope.endswith(tuple(f"/{prefix}_{context.name}" for prefix in prefixes))


def _of_one_row(context: LayerContext, config: Mapping[str, Json]) -> TfjsLayer:
    """Run over images of one row: shape ``(batch, steps, 1, width, channels)``."""
    low = Lowering(context)
    (x,) = low.inputs
    steps, *line = x.shape[1:]
    windows = {key: [1, *config[key]] for key in ("kernel_size", "strides", "dilation_rate")}
    weights = {
        name: source if len(source.shape) == 1 else reshaped_source(source, (1, *source.shape))
        for name, source in context.weights.items()
    }
    shapes = common_shapes(context.results)
    made = low.layer(
        "ConvLSTM2D",
        {**config, **windows},
        low.reshape(x, (steps, 1, *line)),
        weights=weights,
        shape=(*shapes[0][:-2], 1, *shapes[0][-2:]),
    )
    outputs = [
        replace(made, index=index, shape=(*shape[:-2], 1, *shape[-2:]))
        for index, shape in enumerate(shapes)
    ]
    return low.model(
        *(low.reshape(one, shape[1:]) for one, shape in zip(outputs, shapes, strict=True))
    )


def _needs_companion(context: LayerContext, loop: Loop) -> bool:
    """Whether TF.js's loop over images computes something else, or fails."""
    return (
        loop.needs_companion(context)
        or is_started(context)
        or is_masked(context)
        # TF.js's webgl backend cannot reverse tensors of five axes.
        or loop.go_backwards
    )


def _as_run(context: LayerContext, loop: Loop) -> Loop:
    """Return the loop without arguments that Keras 2 ignores here (``base_conv_rnn.py``)."""
    if context.layer.generation >= 3:
        return loop
    return replace(loop, zero_output_for_mask=False, time_major=False)


for _rank in (1, 2, 3):
    _conv_lstm(_rank)
