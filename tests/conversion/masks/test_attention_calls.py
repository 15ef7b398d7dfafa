"""Which masks attention layers get, by the version of Keras that saved them."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.masks.attention_calls import AttentionCall, masked_call
from tfjs_serve.conversion.model.layers import Call, KerasLayer, TensorRef
from tfjs_serve.conversion.rules.call_arguments import TRAVELLING
from tfjs_serve.conversion.rules.registry import traits_of


def tensor(name: str) -> TensorRef:
    return TensorRef(layer=name, call=0, tensor=0)


QUERY, VALUE = tensor("query"), tensor("value")
MASKS = {QUERY: tensor("query_mask"), VALUE: tensor("value_mask")}


def called(
    class_name: str, version: tuple[int, int], *, casts: bool = False, **kwargs: Any
) -> AttentionCall:
    """Return the call of a layer with two inputs that have masks."""
    layer = KerasLayer(
        class_name=class_name,
        name="it",
        path="m/it",
        config={},
        dtype="float32",
        generation=version[0],
        version=version,
    )
    arguments = {"args[1]": {"tensor": 1}, **kwargs}
    call = Call(inputs=(QUERY, VALUE), kwargs=arguments)
    return masked_call(layer, traits_of(rules(), layer), call, MASKS, (), casts=casts)


def travelling(found: AttentionCall) -> list[str]:
    return [key.removeprefix(TRAVELLING) for key in found.call.kwargs if key.startswith(TRAVELLING)]


@pytest.mark.parametrize(
    ("version", "masks", "takes_off"),
    [
        ((2, 9), [], False),
        ((2, 10), ["query_mask", "value_mask"], False),
        ((3, 6), [], False),
        ((3, 8), ["query_mask"], True),
        ((3, 10), ["query_mask", "value_mask"], True),
    ],
)
def test_heads_use_the_masks_of_their_version(
    version: tuple[int, int], masks: list[str], takes_off: bool
) -> None:
    found = called("MultiHeadAttention", version)
    assert travelling(found) == masks
    assert set(found.cleared) == ({QUERY, VALUE} if takes_off else set())


def test_output_of_heads_has_the_mask_of_the_query() -> None:
    assert called("MultiHeadAttention", (3, 15)).mask == MASKS[QUERY]
    assert called("MultiHeadAttention", (2, 9)).mask is None


def test_mask_that_was_saved_is_not_given_twice() -> None:
    found = called("GroupedQueryAttention", (3, 15), value_mask={"tensor": 1})
    assert travelling(found) == ["query_mask"]


def test_list_of_inputs_loses_its_masks_before_keras_3_4() -> None:
    assert called("Attention", (3, 3)).mask is None
    assert called("Attention", (3, 4)).mask == MASKS[QUERY]


@pytest.mark.parametrize(("version", "sees_query"), [((2, 15), False), ((3, 15), True)])
def test_keras_2_loses_the_mask_of_a_query_that_it_casts(
    version: tuple[int, int], sees_query: bool
) -> None:
    found = called("MultiHeadAttention", version, casts=True)
    assert ("query_mask" in travelling(found)) is sees_query
    assert found.mask == MASKS[QUERY]
