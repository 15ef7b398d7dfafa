"""Models that TF.js's loader would hang or fail on are noticed before they are published."""

from __future__ import annotations

import pytest

from tests.conversion.building import Json, functional, given, layer
from tfjs_serve.conversion.writing.loadable import UnloadableError, check_loadable

X = ("x", 0, 0)


def model(*layers: Json, output: tuple[str, int, int] = ("b", 0, 0)) -> Json:
    """Return a model of TF.js's, whose calls are lists of ``[layer, call, tensor, kwargs]``."""
    return functional([given("x", (None, 3)), *layers], [X], [output])


def add(name: str, *calls: list[tuple[str, int, int]]) -> Json:
    return layer("Add", name, [[[*tensor, {}] for tensor in tensors] for tensors in calls])


GOOD = (add("b", [("a", 0, 0), X]), add("a", [X, X]))


def test_layers_in_any_order_are_loaded() -> None:
    check_loadable(model(*GOOD))


def test_calls_of_one_layer_that_wait_for_each_other_are_loaded() -> None:
    check_loadable(model(add("b", [X, X], [("b", 0, 0), X]), output=("b", 1, 0)))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((add("b", [("missing", 0, 0), X]),), "'b' of 'm' can never be called"),
        ((add("a", [("b", 0, 0), X]), add("b", [("a", 0, 0), X])), "'a' of 'm' can never"),
        ((add("b", [("a", 1, 0), X]), add("a", [X, X])), "'b' of 'm' can never"),
        ((add("a", [X, X]),), "a call that is never made"),
        ((*GOOD, add("a", [X, X])), "two layers of 'm' have the same name"),
    ],
    ids=["no_such_layer", "cycle", "no_such_call", "no_such_output", "one_name_twice"],
)
def test_what_the_loader_would_spin_on_is_found(layers: tuple[Json, ...], message: str) -> None:
    with pytest.raises(UnloadableError, match=message):
        check_loadable(model(*layers))


def test_nested_models_are_looked_at_too() -> None:
    inner = {
        **model(add("b", [("missing", 0, 0), X])),
        "name": "inner",
        "inbound_nodes": [[[*X, {}]]],
    }
    with pytest.raises(UnloadableError, match="can never be called"):
        check_loadable(model(inner, output=("inner", 1, 0)))
