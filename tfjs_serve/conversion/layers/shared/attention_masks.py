"""Masks of attention in small models: tensors of zeros and ones that broadcast to the scores.

Keras adds -1e9 to masked scores (``_large_negative_number`` in ``softmax.py``), however many masks
there are. So masks are joined before they become an offset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array, constant
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError

_LARGE = 1e9
_MAXIMUM_CONSTANT = 1 << 16
"""The most elements of a mask that is written as a weight."""


def joined(low: Lowering, masks: Sequence[Tensor]) -> Tensor | None:
    """Return a mask of 1 where no mask is zero and 0 elsewhere; ``None`` without masks."""
    if not masks:
        return None
    product = low.multiply(*masks) if len(masks) > 1 else masks[0]
    # Every number but zero becomes one, however small or negative.
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
    """Return the mask that depends on positions only, ``None`` if there is none.

    Parameters
    ----------
    scores
        Shape ``(batch, targets, sources)``.
    causal
        No target attends to a later source.
    window
        No target attends to a source at this distance or farther away.
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
    kept = _near(distance, causal=causal, window=window)
    if given is not None:
        kept &= np.broadcast_to(given != 0, kept.shape)
    # To get the size of the batch, the constant is added to zero times the scores.
    flat = low.reshape(scores, (1, targets * sources))
    zeros = constant(np.zeros(targets * sources))
    mask = low.affine(flat, zeros, constant(kept.reshape(-1)), trainable=False)
    return low.reshape(mask, (targets, sources))


def _near(distance: Array, *, causal: bool, window: int | None) -> Array:
    """Return which of the sources at a distance before their targets these attend to."""
    near = (distance >= 0) if causal else np.ones_like(distance, bool)
    return near if window is None else near & (np.abs(distance) < window)


def masked(low: Lowering, scores: Tensor, mask: Tensor | None) -> Tensor:
    """Return the scores, with masked ones far below all others."""
    if mask is None:
        return scores
    shape = scores.shape
    offset = low.rescale(mask, _LARGE, -_LARGE)
    return low.layer("Add", {}, scores, offset, shape=shape)
