"""Dense and its like, activations, merging, normalization, regularization."""

from __future__ import annotations

from collections.abc import Iterator

from tests.parity.cases.case import KERAS3, made
from tests.parity.grid.activations import ALL_ACTIVATIONS

from .subject import Subject, floats, pixels, subject, whole

ALL_INITIALIZERS = (
    *("zeros", "ones", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform"),
    *("lecun_normal", "lecun_uniform", "orthogonal", "random_normal", "random_uniform"),
    *("truncated_normal", "variance_scaling", "GlorotUniform", "HeNormal", "LecunUniform"),
    made("initializers.Identity", gain=2.0),
    made("initializers.RandomNormal", mean=0.1, stddev=0.2, seed=3),
    made("initializers.Orthogonal", gain=0.5),
)
ALL_REGULARIZERS = (
    *("l1", "l2", "l1_l2", made("regularizers.L1", l1=0.1), made("regularizers.L2", l2=0.1)),
    made("regularizers.OrthogonalRegularizer", factor=0.1, mode="columns"),
)
ALL_CONSTRAINTS = (
    *("max_norm", "non_neg", "unit_norm", "min_max_norm"),
    made("constraints.MinMaxNorm", min_value=0.1, max_value=0.9, rate=0.5, axis=0),
    made("constraints.UnitNorm", axis=1),
)


def dense() -> Iterator[Subject]:
    values = {
        "activation": (*ALL_ACTIVATIONS, made("layers.ReLU", max_value=1.0)),
        "kernel_initializer": ALL_INITIALIZERS,
        "kernel_regularizer": ALL_REGULARIZERS,
        "kernel_constraint": ALL_CONSTRAINTS,
    }
    few = {"activation": ("softmax", "gelu"), "use_bias": (False,)}
    yield subject("Dense", floats(4), base={"units": 6}, values=values)
    yield subject("Dense", floats(3, 4), base={"units": 6}, values=few, label="3", limited=True)
    yield subject("Dense", floats(2, 3, 4), base={"units": 6}, values=few, label="4", limited=True)
    base = {"equation": "ab,bc->ac", "output_shape": 5}
    yield subject("EinsumDense", floats(4), base=base, values={"bias_axes": ("c",)})
    for index, (equation, shape, axes) in enumerate(
        (
            ("abc,cd->abd", (None, 5), ("d", "bd")),
            ("...x,xy->...y", (5,), ("y",)),
            ("abc,cde->abde", (None, 2, 3), ("de", "e", "d")),
            ("abcd,cde->abe", (None, 6), ("e",)),
            ("abc,bcd->abd", (3, 2), ("d",)),
        )
    ):
        given = floats(3, 2, 4) if equation.startswith("abcd") else floats(3, 4)
        yield subject(
            "EinsumDense",
            given,
            base={"equation": equation, "output_shape": shape},
            values={"bias_axes": axes, "activation": ("relu", "gelu")},
            label=str(index),
            limited=True,
        )


def embeddings() -> Iterator[Subject]:
    base = {"input_dim": 7, "output_dim": 4}
    yield subject("Embedding", whole(5, below=7), base=base)
    yield subject("Embedding", whole(below=7), base=base, label="1", limited=True)
    yield subject("Embedding", whole(2, 3, below=7), base=base, label="3", limited=True)
    yield subject(
        "ReversibleEmbedding",
        whole(5, below=7),
        base=base,
        dialects=(KERAS3,),
        values={"reverse_dtype": ("float32",)},
    )
    yield subject(
        "ReversibleEmbedding",
        floats(5, 4),
        base=base,
        values={"tie_weights": (False,), "logit_soft_cap": (2.0,)},
        called={"reverse": True},
        dialects=(KERAS3,),
        label="reverse",
        limited=True,
    )


def activations() -> Iterator[Subject]:
    base = {"activation": "relu"}
    yield subject("Activation", floats(3, 4), base=base, values={"activation": ALL_ACTIVATIONS})
    for rank in ("1", "3"):
        yield subject(
            "Activation",
            floats(4) if rank == "1" else floats(2, 3, 4),
            base=base,
            values={"activation": ("softmax", "log_softmax", "glu", "sparsemax", "gelu")},
            label=rank,
            limited=True,
        )
    yield subject("ReLU", floats(3, 4))
    yield subject("LeakyReLU", floats(3, 4), values={"alpha": (0.1,), "negative_slope": (0.1,)})
    yield subject("ELU", floats(3, 4), values={"alpha": (0.5, 2.0)})
    yield subject("ThresholdedReLU", floats(3, 4))
    yield subject("PReLU", floats(3, 4), values={"shared_axes": ([1], [2], [1, 2])})
    yield subject(
        "PReLU", floats(5, 5, 4), values={"shared_axes": ([1, 2],)}, label="3", limited=True
    )
    yield subject("Softmax", floats(3, 4), values={"axis": (1, 2, (1, 2), [-1])})


def reshaping() -> Iterator[Subject]:
    yield subject("Flatten", floats(3, 4, 2))
    yield subject("Flatten", floats(4), label="1", values={"data_format": ("channels_first",)})
    yield subject("Flatten", floats(), label="0", limited=True)
    shapes = {"target_shape": ((4, 3), (-1,), (2, -1), (2, 2, 3))}
    yield subject("Reshape", floats(3, 4), base={"target_shape": (12,)}, values=shapes)
    dims = {"dims": ((1, 3, 2), (3, 1, 2), (1, 2, 3))}
    yield subject("Permute", floats(2, 3, 4), base={"dims": (2, 1, 3)}, values=dims)
    yield subject("RepeatVector", floats(4), base={"n": 3}, values={"n": (1,)})
    yield subject("Identity", floats(3, 4))
    yield subject("Masking", floats(4, 3))
    regularized = {"l1": (0.1,), "l2": (0.1,)}
    yield subject("ActivityRegularization", floats(3, 4), values=regularized)


def merging() -> Iterator[Subject]:
    for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"):
        yield subject(name, floats(3, 4), floats(3, 4))
        yield subject(name, floats(3, 4), floats(1, 4), label="broadcast", limited=True)
        yield subject(name, floats(3, 4), floats(4), label="ranks", limited=True)
        if name != "Subtract":
            yield subject(name, *[floats(4)] * 3, label="three", limited=True)
    axes = {"axis": (1, 2, -2)}
    yield subject("Concatenate", floats(3, 4), floats(3, 4), values=axes)
    yield subject("Concatenate", floats(2), floats(3), floats(4), label="three", limited=True)
    axes = {"axes": (2, -1, (2, 2), (1, 1), (-1, -1))}
    yield subject("Dot", floats(3, 3), floats(3, 3), base={"axes": 1}, values=axes)
    yield subject("Dot", floats(4), floats(4), base={"axes": 1}, label="1")
    yield subject("Dot", floats(2, 3), floats(4, 3), base={"axes": 2}, label="uneven", limited=True)


def normalization() -> Iterator[Subject]:
    channels = {"axis": (1, 2, 3, -1)}
    close = 1e-4
    yield subject("BatchNormalization", floats(5, 6, 4), values=channels)
    yield subject("BatchNormalization", floats(4), label="1", values={"axis": (1,)}, limited=True)
    yield subject("BatchNormalization", floats(3, 4), label="2", values={"axis": (1, 2)})
    yield subject(
        "BatchNormalization", floats(2, 3, 2, 4), values={"axis": (1, 4)}, label="4", limited=True
    )
    axes = {"axis": (1, 2, -2, (1, 2), [-1]), "rms_scaling": (True,)}
    yield subject("LayerNormalization", floats(5, 6), values=axes, tolerance=close)
    axes = {"axis": (1, 3, (2, 3), (1, 2, 3)), "center": (False,), "scale": (False,)}
    yield subject(
        "LayerNormalization",
        floats(3, 2, 6),
        values=axes,
        label="3",
        limited=True,
        tolerance=close,
    )
    groups = {"groups": (1, 4, -1), "axis": (1, 2)}
    base = {"groups": 2}
    yield subject("GroupNormalization", floats(4, 4), base=base, values=groups, tolerance=close)
    groups = {"groups": (1, 4, -1), "axis": (1, 3)}
    yield subject(
        "GroupNormalization",
        floats(4, 3, 4),
        base=base,
        values=groups,
        label="3",
        tolerance=close,
        limited=True,
    )
    axes = {"axis": (1, -1, (1, 2))}
    yield subject("RMSNormalization", floats(5, 6), values=axes, dialects=(KERAS3,))
    yield subject("UnitNormalization", floats(5, 6), values=axes)
    dense = made("layers.Dense", units=3)
    convolution = made("layers.Conv2D", filters=3, kernel_size=2)
    yield subject("SpectralNormalization", floats(4), base={"layer": dense})
    yield subject(
        "SpectralNormalization", floats(5, 5, 2), base={"layer": convolution}, label="convolution"
    )
    statistics = {"mean": 0.5, "variance": 2.0}
    yield subject("Normalization", floats(3, 4), base={}, values={"axis": (1, None, (1, 2), -1)})
    yield subject(
        "Normalization",
        floats(3, 4),
        base=statistics,
        values={"axis": (None, 1), "invert": (True,), "mean": ([0.1, 0.2, 0.3, 0.4],)},
        label="given",
    )


def noise() -> Iterator[Subject]:
    for name in ("Dropout", "AlphaDropout", "GaussianDropout"):
        yield subject(
            name, floats(3, 4), base={"rate": 0.5}, values={"noise_shape": ((None, 1, 4),)}
        )
    yield subject("GaussianNoise", floats(3, 4), base={"stddev": 0.5})
    for axes in (1, 2, 3):
        yield subject(f"SpatialDropout{axes}D", floats(*[4] * (axes + 1)), base={"rate": 0.5})


def rescaling() -> Iterator[Subject]:
    scales = {"scale": ([0.5, 1.0, 2.0],), "offset": (-1.0, [0.1, 0.2, 0.3])}
    yield subject("Rescaling", pixels(4, 4, 3), base={"scale": 1 / 127.5}, values=scales)


TABLES = (
    *(dense, embeddings, activations, reshaping),
    *(merging, normalization, noise, rescaling),
)
SUBJECTS: tuple[Subject, ...] = tuple(one for table in TABLES for one in table())
