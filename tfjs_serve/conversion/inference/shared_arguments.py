"""The arguments that all calls of one prediction share in TF.js.

``execute`` in ``tfjs-layers/src/engine/executor.ts`` writes the mask of a call into the object of
keyword arguments that it was given, and never removes it. So a call without a mask gets the mask
of the last call that had one. ``apply`` of recurrent layers (``recurrent.ts``) does the same with
initial states.

The outermost model has no such object until a mask needs it; a nested model always has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tfjs_serve.conversion.model.layers import KerasLayer

BROKEN = "?"
"""A mask that Keras does not have: the masks of TF.js's merge layers have a wrong shape."""


def takes_mask_of_input(layer: KerasLayer, inputs: int) -> bool:
    """Whether Keras passes the mask of the first input to a layer that uses a mask.

    Keras 3 does so only if no other argument holds tensors; so it does not if a recurrent layer
    gets an initial state (``Layer.__call__`` in ``keras/src/layers/layer.py``).
    """
    return inputs == 1 or layer.generation < 3


class SharedArguments:
    """What the shared object holds at this point of a prediction.

    Attributes
    ----------
    mask
        The path of the layer that made the mask, or ``BROKEN``.
    has_state
        Whether an initial state is left over from a call.
    """

    def __init__(self) -> None:
        self.mask: str | None = None
        self.has_state = False
        self._exists = False

    def update(self, masks: Iterable[str | None]) -> None:
        """Call a layer whose inputs have these masks: if it has any, the first input's is kept."""
        given = list(masks)
        if any(given):
            self.mask = given[0]
            self._exists = True

    def give_state(self) -> None:
        """Call a recurrent layer with an initial state."""
        self.has_state = self.has_state or self._exists

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Call layers that leave the mask in the object as it was."""
        mask = self.mask
        yield
        self.mask = mask

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Call a nested model: it shares the object if there is one, or else has its own."""
        existed = self._exists
        self._exists = True
        yield
        if not existed:
            self.mask = None
            self.has_state = False
            self._exists = False
