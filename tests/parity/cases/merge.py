"""Layers of tfjs-layers' ``src/layers/merge.ts``."""

from __future__ import annotations

from typing import Any

from .case import KERAS3, Build, Case, Keras, case_id, layer

Shape = tuple[int | None, ...]
ELEMENTWISE = ("Add", "Multiply", "Average", "Maximum", "Minimum")


def merging(class_name: str, shapes: tuple[Shape, ...], **arguments: Any) -> Build:
    """Return the builder of a model that merges its inputs."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, name=f"part_{i}") for i, shape in enumerate(shapes)]
        return keras.Model(inputs, layer(keras, class_name, **arguments)(inputs))

    return build


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


def concatenate() -> list[Case]:
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


def dot() -> list[Case]:
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


CASES = [
    *(case for class_name in ELEMENTWISE for case in elementwise(class_name)),
    *concatenate(),
    *dot(),
    Case(id="Multiply-same-tensor-twice", build=same_tensor_twice),
]
