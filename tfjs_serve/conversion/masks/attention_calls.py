"""Finds the masks that calls of attention layers use, for graphs in which masks are tensors.

It depends on the version of Keras:

- Before 2.10, MultiHeadAttention knows no mask but ``attention_mask``.
- Keras 2, and Keras 3 from 3.10 on, save calls without the masks that travel with their tensors.
  Keras 3.0 to 3.9 save these as ``query_mask`` and so on, or as ``mask``.
- From 3.8 on, MultiHeadAttention finds the mask of the query itself, and removes the masks of all
  tensors that it is called with (``set_keras_mask(query, None)`` in ``multi_head_attention.py``).
  Layers that are called with these tensors later get no mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tfjs_serve.conversion.model.layers import Call, KerasLayer, TensorRef
from tfjs_serve.conversion.rules.call_arguments import (
    MASKS,
    TRAVELLING,
    given_arguments,
    tensor_positions,
)
from tfjs_serve.conversion.rules.traits import MaskUse, Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionCall:
    """A call with its masks as inputs.

    Attributes
    ----------
    mask
        The mask of the output.
    cleared
        The tensors that have no mask after the call.
    """

    call: Call
    mask: TensorRef | None
    cleared: tuple[TensorRef, ...] = ()


def masked_call(
    layer: KerasLayer,
    traits: Traits,
    call: Call,
    masks: Mapping[TensorRef, TensorRef],
    given: Sequence[TensorRef | None],
    *,
    casts: bool = False,
) -> AttentionCall:
    """Return the call of an attention layer with the masks that it uses.

    Parameters
    ----------
    masks
        From a tensor to the mask that travels with it.
    given
        The masks in the argument ``mask``, in the order of the inputs.
    casts
        Whether the first input has another dtype than the layer. Then Keras 2 casts it before
        MultiHeadAttention looks for its mask, and the cast tensor has none
        (``_maybe_cast_inputs`` in ``base_layer.py``).
    """
    arguments = {key: value for key, value in call.kwargs.items() if key != "mask"}
    plain = replace(call, kwargs=arguments)
    if traits.mask_use is not MaskUse.NAMED:
        return _with_list(layer, plain, masks, given)
    if layer.version < (2, 10):
        return AttentionCall(call=plain, mask=None)
    return _with_names(layer, traits, plain, masks, casts)


def _with_names(
    layer: KerasLayer,
    traits: Traits,
    call: Call,
    masks: Mapping[TensorRef, TensorRef],
    casts: bool,
) -> AttentionCall:
    """Return the call of a layer that takes its inputs and masks by name."""
    arguments = given_arguments(call.kwargs.get, ("query", "value", "key", *MASKS))
    positions = tensor_positions(arguments)
    tensors = {name: call.inputs[at] for name, at in positions.items() if name not in MASKS}
    clears = traits.clears_masks_since is not None and layer.version >= traits.clears_masks_since
    used = {
        f"{name}_mask": masks.get(tensor)
        for name, tensor in tensors.items()
        if (name == "query" and clears)
        or not (layer.saved_masks_only or f"{name}_mask" in positions)
    }
    if casts and layer.generation < 3:
        used.pop("query_mask", None)
    return AttentionCall(
        call=_with_masks(call, used),
        mask=masks.get(tensors["query"]),
        cleared=tuple(tensors.values()) if clears else (),
    )


def _with_list(
    layer: KerasLayer,
    call: Call,
    masks: Mapping[TensorRef, TensorRef],
    given: Sequence[TensorRef | None],
) -> AttentionCall:
    """Return the call of a layer that takes its inputs and masks as lists."""
    travelling = [masks.get(tensor) for tensor in call.inputs]
    saves = layer.saved_masks_only
    used = given if any(given) else [] if saves else travelling
    # Before 3.4, layers that take a list of inputs pass no mask on.
    passed = ([] if layer.version < (3, 4) else travelling) if saves else used
    return AttentionCall(
        call=_with_masks(call, dict(zip(MASKS[:2], used, strict=False))),
        mask=passed[0] if passed else None,
    )


def _with_masks(call: Call, masks: Mapping[str, TensorRef | None]) -> Call:
    """Return the call with masks as further inputs, and arguments that tell which these are."""
    present = {name: mask for name, mask in masks.items() if mask is not None}
    placed = {
        f"{TRAVELLING}{name}": {"tensor": len(call.inputs) + index}
        for index, name in enumerate(present)
    }
    return Call(inputs=(*call.inputs, *present.values()), kwargs={**call.kwargs, **placed})
