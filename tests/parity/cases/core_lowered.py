"""Basic layers that TF.js lacks, or whose arguments and shapes it does not take."""

from __future__ import annotations

from typing import Any

from .case import (
    KERAS3,
    Build,
    Case,
    Keras,
    case_id,
    each,
    grid,
    layer,
    layer_cases,
)
from .graphs import dense

SPATIAL: dict[str, tuple[int, ...]] = {
    "SpatialDropout1D": (3, 4),
    "SpatialDropout2D": (3, 4, 2),
    "SpatialDropout3D": (2, 3, 4, 2),
}
"""Layers that drop whole channels, and shapes of their inputs."""

ALWAYS: list[tuple[str, dict[str, Any]]] = [
    ("Dropout", {"rate": 0.5}),
    ("Dropout", {"rate": 0.5, "noise_shape": (None, 1, 4)}),
    ("Dropout", {"rate": 0.0}),
    ("SpatialDropout1D", {"rate": 0.5}),
    ("GaussianDropout", {"rate": 0.5}),
    ("GaussianNoise", {"stddev": 0.5}),
    ("AlphaDropout", {"rate": 0.3}),
]
"""Layers that are random when they are called with ``training=True``."""


def without_noise(class_name: str, arguments: dict[str, Any]) -> Build:
    """Return the builder of a model in which a layer is random, but counts for nothing."""

    def build(keras: Keras) -> Any:
        given = keras.Input((3, 4))
        noisy = layer(keras, class_name, **arguments)(given, training=True)
        return keras.Model(
            given, layer(keras, "Add")([given, layer(keras, "Rescaling", scale=0.0)(noisy)])
        )

    return build


def flatten() -> list[Case]:
    formats = each(data_format=["channels_last", "channels_first"])
    shapes: dict[str, tuple[int | None, ...]] = {
        "vector": (4,),
        "free-vector": (None,),
        "free-length": (None, 4),
        "free-channels": (3, None),
        "free-image": (None, None, 2),
        "free-volume": (None, 2, None, 2),
    }
    return [
        case
        for label, shape in shapes.items()
        for case in layer_cases("Flatten", shape, [{}, *formats], label=label)
    ]


def known_after_reshape(keras: Keras) -> Any:
    """Layers that must know a size that Reshape works out."""
    given = keras.Input((3, 4))
    rows = layer(keras, "Reshape", target_shape=(2, -1))(given)
    flat = layer(keras, "Flatten")(dense(keras, 3)(rows))
    return keras.Model(given, dense(keras, 2)(flat))


def reshape() -> list[Case]:
    return [
        *layer_cases(
            "Reshape",
            (None, 4),
            each(target_shape=[(-1,), (2, -1), (-1, 2), (4, -1)]),
            label="free",
        ),
        *layer_cases(
            "Reshape",
            (None, None, 4),
            each(target_shape=[(-1,), (-1, 4), (-1, 2, 2)]),
            label="free2",
        ),
        *layer_cases(
            "Reshape",
            (2, 6),
            each(target_shape=[(-1,), (3, -1, 2), (1, 12), (2, 3, 2, 1)]),
            label="many",
        ),
        *layer_cases("Reshape", (1,), each(target_shape=[()]), label="to-scalar"),
        Case(id="Reshape-then-known", build=known_after_reshape),
    ]


def identity_of_two(keras: Keras) -> Any:
    one, other = keras.Input((3,)), keras.Input((2,))
    same = layer(keras, "Identity")([one, other])
    return keras.Model([one, other], [dense(keras, 2)(same[1]), same[0]])


def dense_cases() -> list[Case]:
    return [
        *layer_cases("Dense", (2, 3, 2, 4), base={"units": 3}, label="rank5"),
        *layer_cases(
            "Dense", (None, None, 4), base={"units": 3, "activation": "softmax"}, label="free"
        ),
        *layer_cases("Dense", (1,), base={"units": 1}, label="narrow"),
        *layer_cases(
            "Dense",
            (3, 4),
            grid(use_bias=[True, False], activation=["exponential", "relu"]),
            base={"units": 2},
            label="grid",
        ),
    ]


CASES = [
    *dense_cases(),
    *flatten(),
    *reshape(),
    *layer_cases("Permute", (None, 4), each(dims=[(2, 1), (1, 2)]), label="free"),
    *layer_cases("Permute", (2, 3, 4, 5), each(dims=[(4, 2, 3, 1), (2, 3, 4, 1)]), label="rank5"),
    *layer_cases("Permute", (4,), each(dims=[(1,)]), label="vector"),
    *layer_cases("RepeatVector", (None,), each(n=[3]), label="free"),
    *layer_cases("Identity", (3, 4)),
    *layer_cases("Identity", (None,), label="free"),
    Case(id="Identity-of-two", build=identity_of_two, dialects=(KERAS3,)),
    *layer_cases("ActivityRegularization", (3, 4), [{}, *each(l1=[0.1], l2=[0.1])]),
    *(
        case
        for class_name, shape in SPATIAL.items()
        for case in layer_cases(class_name, shape, [{"rate": 0.4}, {"rate": 0.0}], label="inactive")
    ),
    *layer_cases(
        "SpatialDropout2D",
        (3, 4, 2),
        each(data_format=["channels_first", "channels_last"]),
        base={"rate": 0.3},
    ),
    *layer_cases(
        "SpatialDropout3D",
        (2, 3, 4, 2),
        each(data_format=["channels_first", "channels_last"]),
        base={"rate": 0.3},
    ),
    *(
        Case(
            id=case_id(f"always-{class_name}", arguments),
            build=without_noise(class_name, arguments),
        )
        for class_name, arguments in ALWAYS
    ),
]
