"""Models whose files hold more, or other, than the layers' own arguments and variables tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.parity.cases.case import KERAS3, Build, Case, Keras, layer
from tests.parity.cases.inputs import tokens

LORA: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "Dense": ((4,), {"units": 3}),
    "EinsumDense": ((5, 4), {"equation": "abc,cd->abd", "output_shape": (None, 3)}),
    "Conv1D": ((6, 2), {"filters": 3, "kernel_size": 2}),
    "Conv2D": ((6, 5, 2), {"filters": 3, "kernel_size": 2}),
}


def low_rank(class_name: str, shape: tuple[int, ...], arguments: dict[str, Any]) -> Build:
    def build(keras: Keras) -> Any:
        tested = layer(keras, class_name, **arguments)
        model = keras.Sequential([keras.Input(shape), tested])
        tested.enable_lora(2, lora_alpha=3)
        return model

    return build


def low_rank_embedding(keras: Keras) -> Any:
    tested = layer(keras, "Embedding", input_dim=7, output_dim=3)
    model = keras.Sequential([keras.Input((4,)), tested])
    tested.enable_lora(2)
    return model


def graph(keras: Keras, class_: Any) -> Any:
    given = keras.Input((4,))
    return class_(given, layer(keras, "Dense", units=3)(given))


def derived_functional(keras: Keras) -> Any:
    """As for a training step of one's own."""

    class Derived(keras.Model):  # type: ignore[misc, name-defined]  # whichever Keras it is
        pass

    return graph(keras, Derived)


def derived_sequential(keras: Keras) -> Any:
    class Derived(keras.Sequential):  # type: ignore[misc, name-defined]  # whichever Keras it is
        pass

    model = Derived([keras.Input((4,)), layer(keras, "Dense", units=3)])
    model(keras.Input((4,)))
    return model


def derived_inside(keras: Keras) -> Any:
    layers = [derived_functional(keras), layer(keras, "Dense", units=2)]
    return keras.Sequential([keras.Input((4,)), *layers])


DERIVED: tuple[Callable[[Keras], Any], ...] = (
    derived_functional,
    derived_sequential,
    derived_inside,
)


def _cases() -> Iterator[Case]:
    for class_name, (shape, arguments) in LORA.items():
        build = low_rank(class_name, shape, arguments)
        yield Case(id=f"files-lora-{class_name}", build=build, dialects=(KERAS3,))
    yield Case(
        id="files-lora-Embedding",
        build=low_rank_embedding,
        inputs=tokens(7),
        dialects=(KERAS3,),
    )
    for build in DERIVED:
        yield Case(id=f"files-{build.__name__}", build=build, dialects=(KERAS3,))


CASES = tuple(_cases())
