"""Random features of kernels."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS2, Arguments, Case, Keras, case_id, each, made, resolved


def features(arguments: Arguments) -> Case:
    def build(keras: Keras) -> Any:
        single = keras.layers.experimental.RandomFourierFeatures(3, **resolved(keras, arguments))
        return keras.Sequential([keras.Input((4,)), single])

    name = case_id("RandomFourierFeatures", arguments)
    return Case(id=name, build=build, dialects=(KERAS2,))


CASES = [
    features(arguments)
    for arguments in [
        {},
        *each(
            kernel_initializer=["laplacian", made("initializers.RandomNormal")],
            scale=[2.0],
            trainable=[True],
        ),
    ]
]
