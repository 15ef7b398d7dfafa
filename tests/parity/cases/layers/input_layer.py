"""InputLayer."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import Case, Keras, case_id, layer


def input_layer() -> list[Case]:
    options: list[dict[str, Any]] = [
        {"shape": (4,)},
        {"shape": (4,), "name": "measurements"},
        {"shape": (4,), "batch_size": 3},
        {"shape": (4,), "dtype": "float32"},
        {"shape": (None, 4)},
    ]

    def build_with(arguments: dict[str, Any]) -> Any:
        def build(keras: Keras) -> Any:
            given = keras.Input(**arguments)
            return keras.Model(given, layer(keras, "Dense", units=2)(given))

        return build

    return [
        Case(id=case_id("InputLayer", arguments), build=build_with(arguments))
        for arguments in options
    ]


CASES = input_layer()
