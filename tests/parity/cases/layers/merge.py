"""Layers that merge tensors."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS3, Build, Case, Keras, case_id, dense, layer

Shape = tuple[int | None, ...]
ELEMENTWISE = ("Add", "Multiply", "Average", "Maximum", "Minimum")
CLOSE: dict[str, Any] = {
    "tolerance": 1e-4,
    "reason": "numbers that lie close together lose digits when they are normalized",
}
SHAPES: dict[str, tuple[Shape, ...]] = {
    "rank2": ((4,), (4,)),
    "rank3": ((3, 4), (3, 4)),
    "broadcast": ((3, 1), (1, 4)),
    "ranks": ((2, 3, 4), (4,)),
    "ranks-first": ((4,), (2, 3, 4)),
    "one": ((1, 4), (4,)),
    "free": ((None, 4), (None, 4)),
    "free-one": ((None, 4), (1, 4)),
    "free-known": ((None, 4), (5, 4)),
    "rank5": ((2, 3, 2, 2), (2, 3, 2, 1)),
}
DOTS: list[tuple[dict[str, Any], tuple[Shape, ...]]] = [
    ({"axes": 1}, ((4,), (4, 3))),
    ({"axes": 1}, ((4, 3), (4,))),
    ({"axes": (2, 1)}, ((3, 4), (4,))),
    ({"axes": (1, 2)}, ((4,), (3, 4))),
    ({"axes": -1}, ((4,), (3, 4))),
    ({"axes": 2}, ((3, 4, 2), (2, 4, 3))),
    ({"axes": 3}, ((3, 2, 4), (2, 5, 4))),
    ({"axes": (3, 1)}, ((3, 2, 4), (4, 5, 2))),
    ({"axes": (1, 3)}, ((4, 2, 3), (2, 5, 4))),
    ({"axes": (-1, -2)}, ((3, 2, 4), (4, 5))),
    ({"axes": (1, 3)}, ((4,), (2, 3, 4))),
    ({"axes": (3, 1)}, ((2, 3, 4), (4,))),
    ({"axes": (2, 2)}, ((3, 4), (2, 4, 3))),
    ({"axes": 4}, ((2, 3, 2, 4), (2, 1, 3, 4))),
    ({"axes": 3}, ((None, 2, 4), (2, 5, 4))),
    ({"axes": 3}, ((None, 2, 4), (None, 5, 4))),
    ({"axes": 2}, ((None, 4), (None, 4))),
]


def merging(class_name: str, shapes: tuple[Shape, ...], **arguments: Any) -> Build:
    """Return the builder of a model that merges its inputs."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, name=f"part_{i}") for i, shape in enumerate(shapes)]
        return keras.Model(inputs, layer(keras, class_name, **arguments)(inputs))

    return build


# --- What TensorFlow.js has --------------------------------------------------------------------


def elementwise(class_name: str) -> list[Case]:
    shapes: dict[str, tuple[Shape, ...]] = {
        "two": ((4,), (4,)),
        "three": ((3, 4),) * 3,
        "broadcast": ((3, 4), (1, 4)),
        "ranks": ((3, 4), (4,)),
        "free": ((None, 4), (None, 4)),
        "rank4": ((2, 3, 4), (2, 3, 1)),
    }
    return [
        Case(id=f"{class_name}-{label}", build=merging(class_name, given))
        for label, given in shapes.items()
    ]


def native_concatenate() -> list[Case]:
    by_axis: list[tuple[dict[str, Any], tuple[Shape, ...]]] = [
        ({}, ((3,), (4,))),
        ({"axis": -1}, ((2, 3), (2, 4), (2, 1))),
        ({"axis": 1}, ((2, 3), (4, 3))),
        ({"axis": 2}, ((2, 3), (2, 1))),
        ({"axis": -2}, ((2, 3), (1, 3))),
        ({"axis": 3}, ((2, 3, 1), (2, 3, 2))),
        ({"axis": -3}, ((2, 3, 1), (1, 3, 1))),
    ]
    return [
        Case(
            id=case_id("Concatenate", arguments), build=merging("Concatenate", shapes, **arguments)
        )
        for arguments, shapes in by_axis
    ]


def native_dot() -> list[Case]:
    by_axes: list[tuple[dict[str, Any], tuple[Shape, ...]]] = [
        ({"axes": 1}, ((4,), (4,))),
        ({"axes": -1}, ((4,), (4,))),
        ({"axes": 1, "normalize": True}, ((4,), (4,))),
        ({"axes": 2}, ((3, 4), (2, 4))),
        ({"axes": -1}, ((3, 4), (2, 4))),
        ({"axes": 1}, ((4, 3), (4, 2))),
        ({"axes": (2, 1)}, ((3, 4), (4, 2))),
        ({"axes": (1, 2)}, ((4, 3), (2, 4))),
        ({"axes": (2, 2), "normalize": True}, ((3, 4), (2, 4))),
        ({"axes": (-1, -2)}, ((3, 4), (4, 2))),
    ]
    cases = [
        Case(
            id=case_id(f"Dot.rank{len(shapes[0]) + 1}", arguments),
            build=merging("Dot", shapes, **arguments),
        )
        for arguments, shapes in by_axes
    ]
    # TF.js does not count a pair's negative axes from the end when it compares sizes.
    mixed = merging("Dot", ((3, 4), (4, 5)), axes=(-1, 1))
    return [*cases, Case(id="Dot-axes-of-both-signs", build=mixed, dialects=(KERAS3,))]


def same_tensor_twice(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, layer(keras, "Multiply")([given, given]))


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def single_input(class_name: str) -> Case:
    def build(keras: Keras) -> Any:
        given = keras.Input((3, 4))
        return keras.Model(given, dense(keras, 2)(layer(keras, class_name)([given])))

    return Case(id=f"{class_name}-of-one", build=build)


def dot() -> list[Case]:
    return [
        Case(
            id=case_id(f"Dot.{'-'.join('x'.join(map(str, shape)) for shape in shapes)}", arguments),
            build=merging("Dot", shapes, **arguments),
            **options,
        )
        for given, shapes in DOTS
        for arguments, options in ((given, {}), ({**given, "normalize": True}, CLOSE))
    ]


def concatenate() -> list[Case]:
    by_axis: list[tuple[int, tuple[Shape, ...]]] = [
        (-1, ((None, 2), (5, 4))),
        (1, ((None, 2), (3, 2))),
        (1, ((None, 2), (None, 2))),
        (-1, ((None, None, 2), (None, 5, 3))),
        (2, ((2, 1, 3), (2, 4, 3))),
        (-2, ((2, 1, 3, 2), (2, 1, 5, 2))),
    ]
    return [
        Case(
            id=f"Concatenate-axis_{axis}-{'-'.join('x'.join(map(str, shape)) for shape in shapes)}",
            build=merging("Concatenate", shapes, axis=axis),
        )
        for axis, shapes in by_axis
    ]


def joined_batches(keras: Keras) -> Any:
    """Concatenation of samples, which a layer takes in the middle of a model."""
    one, other = keras.Input((3,)), keras.Input((3,))
    return keras.Model([one, other], layer(keras, "Concatenate", axis=0)([one, other]))


def known_batch_beside_another(keras: Keras) -> Any:
    one, other = keras.Input((3,), batch_size=2), keras.Input((4,))
    return keras.Model([one, other], layer(keras, "Concatenate")([one, other]))


CASES = [
    *(case for class_name in ELEMENTWISE for case in elementwise(class_name)),
    *native_concatenate(),
    *native_dot(),
    Case(id="Multiply-same-tensor-twice", build=same_tensor_twice),
    *(
        Case(id=f"Subtract-{label}", build=merging("Subtract", shapes))
        for label, shapes in SHAPES.items()
    ),
    *(
        Case(id=f"{class_name}-lowered-{label}", build=merging(class_name, SHAPES[label]))
        for class_name in ELEMENTWISE
        for label in ("one", "free-one", "free-known", "ranks-first", "rank5")
    ),
    *(single_input(class_name) for class_name in (*ELEMENTWISE, "Concatenate")),
    *concatenate(),
    Case(id="Concatenate-axis_0", build=joined_batches),
    Case(id="Concatenate-known-batch", build=known_batch_beside_another),
    *dot(),
]
