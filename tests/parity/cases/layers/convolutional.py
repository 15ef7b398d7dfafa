"""Convolutions."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, KERAS3, Case, each, grid, layer_cases, made, one_in
from tests.parity.cases.convolutions import FIRST_ONLY_KERAS3, IMAGE, WHOLE, everywhere
from tests.parity.cases.shapes import FIRST

# --- What TensorFlow.js has --------------------------------------------------------------------


def conv1d() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    return [
        *layer_cases("Conv1D", (7, 2), grid(padding=["valid", "same"], strides=[1, 2]), base=base),
        *layer_cases(
            "Conv1D", (9, 2), grid(padding=["valid", "same"], dilation_rate=[2, 3])[:3], base=base
        ),
        *layer_cases(
            "Conv1D",
            (7, 2),
            each(
                use_bias=[False],
                activation=["relu", "softmax", "gelu"],
                kernel_size=[(2,), 1],
                groups=[1],
                trainable=[False],
                kernel_initializer=["he_normal"],
                kernel_regularizer=[made("regularizers.L1L2", l1=0.1, l2=0.1)],
                kernel_constraint=[made("constraints.MaxNorm", max_value=2.0)],
            ),
            base=base,
        ),
        *layer_cases("Conv1D", (None, 2), base=base, label="free-length"),
    ]


def conv2d() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    shapes = grid(padding=["valid", "same"], strides=[1, 2, (2, 3)])
    singles = each(
        kernel_size=[1, (2, 3), (1, 5)],
        use_bias=[False],
        activation=["relu", "relu6", "elu", "sigmoid", "softmax", "tanh", "mish"],
        data_format=["channels_last"],
        groups=[1],
        trainable=[False],
        kernel_initializer=[made("initializers.HeNormal", seed=1)],
        bias_initializer=["ones"],
        kernel_regularizer=["l2"],
        bias_regularizer=["l1"],
        activity_regularizer=["l2"],
        kernel_constraint=[made("constraints.UnitNorm", axis=(0, 1, 2))],
        bias_constraint=["non_neg"],
    )
    first = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2]),
        *each(use_bias=[False], activation=["relu", "softmax"], dilation_rate=[2]),
    ]
    return [
        *layer_cases("Conv2D", (6, 7, 2), [{}, *shapes, *singles], base=base),
        *layer_cases(
            "Conv2D",
            (7, 8, 2),
            grid(padding=["valid", "same"], dilation_rate=[2, (1, 2)]),
            base=base,
        ),
        *layer_cases(
            "Conv2D",
            (2, 6, 7),
            first,
            base={**base, "data_format": "channels_first"},
            label="channels_first",
            dialects=FIRST_ONLY_KERAS3,
        ),
        *layer_cases("Conv2D", (None, None, 2), base=base, label="free-size"),
    ]


def conv3d() -> list[Case]:
    base = {"filters": 2, "kernel_size": 2}
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2]),
        *each(
            kernel_size=[(1, 2, 3)],
            use_bias=[False],
            activation=["relu", "softmax"],
            dilation_rate=[2],
        ),
    ]
    first = [{}, *each(padding=["same"], use_bias=[False])]
    return [
        *layer_cases("Conv3D", (4, 4, 5, 2), variants, base=base),
        *layer_cases(
            "Conv3D",
            (2, 4, 4, 5),
            first,
            base={**base, "data_format": "channels_first"},
            label="channels_first",
            dialects=FIRST_ONLY_KERAS3,
        ),
    ]


def long_strides() -> list[Case]:
    """Strides past the kernel: TF.js pads by less than nothing in three dimensions."""
    return list(
        layer_cases(
            "Conv3D",
            (4, 5, 6, 2),
            [{"kernel_size": 1, "strides": 2}, {"kernel_size": 2, "strides": 2}],
            base={"filters": 2, "padding": "same"},
            label="long-strides",
            dialects=(KERAS3,),
        )
    )


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def causal() -> list[Case]:
    base = {"filters": 4, "kernel_size": 3, "padding": "causal"}
    variants = [
        {},
        *each(dilation_rate=[2], strides=[2], use_bias=[False], activation=WHOLE, groups=[2, 4]),
        {"kernel_constraint": made("constraints.MaxNorm", max_value=9.0, axis=[0, 1])},
        {"groups": 2, "dilation_rate": 2},
        {"groups": 4, "dilation_rate": 2},
        {"kernel_size": 1},
    ]
    return everywhere("Conv1D", 1, variants, base, "causal")


def plain() -> list[Case]:
    """What only the order of the axes, or the rank, keeps TF.js from."""
    base = {"filters": 3, "kernel_size": 2}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], use_bias=[False]),
        *each(activation=WHOLE),
        {"padding": "same", "strides": 2},
        {"padding": "same", "dilation_rate": 2},
    ]
    far = [
        {"kernel_size": 1, "strides": 2, "padding": "same"},
        {"kernel_size": 2, "strides": 3, "padding": "same"},
        {"kernel_size": (1, 2, 3), "strides": (2, 3, 2), "padding": "same", "activation": "relu"},
    ]
    return [
        case
        for rank in (1, 2, 3)
        for case in everywhere(f"Conv{rank}D", rank, variants if rank < 3 else far, base, "turned")
    ]


def grouped() -> list[Case]:
    base = {"filters": 4, "kernel_size": 3, "groups": 2}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], use_bias=[False], activation=WHOLE),
        *each(filters=[8], groups=[4]),
        {"filters": 8, "groups": 4, "dilation_rate": 2},
        {"groups": 4, "padding": "same", "strides": 2},
        {"kernel_regularizer": "l2", "bias_regularizer": "l1", "kernel_constraint": "non_neg"},
        {"trainable": False},
    ]
    cases = [
        case
        for rank in (1, 2, 3)
        for case in everywhere(f"Conv{rank}D", rank, variants, base, "groups")
    ]
    uneven = [{"kernel_size": (3, 2), "strides": (1, 2), "padding": "same"}]
    return [*cases, *layer_cases("Conv2D", IMAGE, uneven, base=base, label="groups.uneven")]


def many_groups() -> list[Case]:
    base = {"filters": 20, "kernel_size": 3, "groups": 10}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], use_bias=[False]),
        *each(activation=WHOLE, filters=[40]),
    ]
    return [
        *layer_cases("Conv2D", (7, 6, 20), variants, base=base, label="many-groups"),
        *layer_cases("Conv2D", (None, None, 20), variants, base=base, label="many-groups.free"),
        *layer_cases("Conv2D", (None, 6, 20), variants[:1], base=base, label="many-groups.high"),
        *layer_cases("Conv1D", (7, 20), variants, base=base, label="many-groups"),
        *layer_cases("Conv1D", (None, 20), variants, base=base, label="many-groups.free"),
        *layer_cases(
            "Conv2D",
            (20, None, None),
            variants[:3],
            base={**base, **FIRST},
            label="many-groups.first",
            dialects=(KERAS3,),
        ),
    ]


def more_axes() -> list[Case]:
    """Keras 2 takes any number of axes before those of a picture for the batch."""
    base = {"filters": 3, "kernel_size": 2}
    variants = [{}, *each(padding=["same"], strides=[2], activation=["relu"])]
    shapes: list[tuple[int, tuple[int | None, ...]]] = [
        (1, (2, 6, 4)),
        (1, (2, 3, 6, 4)),
        (1, (None, 6, 4)),
        (2, (3, 5, 6, 4)),
        (2, (3, None, None, 4)),
        (2, (2, 3, 5, 6, 4)),
        (3, (2, 3, 4, 5, 4)),
    ]
    return [
        case
        for index, (rank, shape) in enumerate(shapes)
        for case in layer_cases(
            f"Conv{rank}D",
            shape,
            variants,
            base=base,
            label=f"more-axes{index}",
            dialects=(KERAS2,),
        )
    ]


CASES = [
    *conv1d(),
    *conv2d(),
    *conv3d(),
    *long_strides(),
    *one_in(3, [*causal(), *plain(), *grouped(), *many_groups(), *more_axes()]),
]
