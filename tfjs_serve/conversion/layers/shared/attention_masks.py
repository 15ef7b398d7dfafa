"""Masks of attention within small models: tensors of zeros and ones that broadcast to the scores.

Keras adds -1e9 to the scores that are masked (``_large_negative_number`` in ``softmax.py``), so
where nothing is left, all are equal: masks are therefore joined before they become an offset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array, constant
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError

_LARGE = 1e9
_MAXIMUM_CONSTANT = 1 << 16
"""Elements of a mask that is written as weights."""


def joined(low: Lowering, masks: Sequence[Tensor]) -> Tensor | None:
    """Return 1 where all masks are not zero, 0 elsewhere."""
    if not masks:
        return None
    product = low.multiply(*masks) if len(masks) > 1 else masks[0]
    # What is not zero becomes one, however small or negative.
    positive, negative = (low.clip(low.rescale(product, sign * 1e30), 0.0, 1.0) for sign in (1, -1))
    return low.add(positive, negative)


def of_positions(
    low: Lowering,
    scores: Tensor,
    *,
    causal: bool,
    window: int | None,
    given: Array | None = None,
) -> Tensor | None:
    """Return the mask that depends on positions only, as a constant.

    Parameters
    ----------
    scores
        Shape ``(batch, targets, sources)``.
    causal
        No target attends to a later source.
    window
        No target attends to a source that is so far away or farther.
    given
        A constant mask that broadcasts to ``(targets, sources)``.

    Raises
    ------
    UnknownShapeError
        The lengths are not known, or the mask would be large.
    """
    if not causal and window is None and given is None:
        return None
    _, targets, sources = scores.shape
    if targets is None or sources is None or targets * sources > _MAXIMUM_CONSTANT:
        raise UnknownShapeError("the lengths of the sequences are not known")
    distance = np.arange(targets)[:, None] - np.arange(sources)
    kept = (distance >= 0) if causal else np.ones_like(distance, bool)
    if window is not None:
        kept &= np.abs(distance) < window
    if given is not None:
        kept &= np.broadcast_to(given != 0, kept.shape)
    # The constant needs a tensor of the batch's size to be added to.
    flat = low.reshape(scores, (1, targets * sources))
    zeros = constant(np.zeros(targets * sources))
    mask = low.affine(flat, zeros, constant(kept.reshape(-1)), trainable=False)
    return low.reshape(mask, (targets, sources))


def masked(low: Lowering, scores: Tensor, mask: Tensor | None) -> Tensor:
    """Return the scores, those that are masked far below all others."""
    if mask is None:
        return scores
    shape = scores.shape
    offset = low.rescale(mask, _LARGE, -_LARGE)
    return low.layer("Add", {}, scores, offset, shape=shape)
