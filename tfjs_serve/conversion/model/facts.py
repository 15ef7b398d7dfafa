"""What is known of the tensors in a graph before anything is computed: shape, mask and dtype.

Some of TF.js's layers are right for some shapes only, or ignore a mask that Keras uses; the
rules need to know which case they have. ``inference/`` finds it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.dtypes import is_integer
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFact:
    """Shape, counting the batch axis, and the mask that travels with the tensor.

    Attributes
    ----------
    shape
        ``None`` after a layer that is not known.
    mask
        Which mask Keras lets travel with it: the path of the layer that made it.
    tfjs_mask
        Which mask TF.js lets travel with it; ``BROKEN`` if it is none that Keras knows.
    dtype
        In which Keras computes it; in the page, all numbers are float32.
    """

    shape: Shape | None
    mask: str | None = None
    tfjs_mask: str | None = None
    dtype: str = "float32"

    @property
    def is_integer(self) -> bool:
        """Whether Keras computes it in whole numbers."""
        return is_integer(self.dtype)

    @property
    def masked(self) -> bool:
        """Whether Keras lets a mask travel with the tensor."""
        return self.mask is not None


UNKNOWN = TensorFact(shape=None)
"""Of what a layer makes that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One call of a layer.

    Attributes
    ----------
    inputs
        What is known of its inputs.
    seen_mask
        The mask that TF.js hands to the call, the call's own or that of an earlier one.
    seen_state
        Whether TF.js hands the initial state of an earlier call to this one.
    call
        Which of the layer's calls in its graph.
    """

    layer: KerasLayer
    inputs: tuple[TensorFact, ...]
    seen_mask: str | None
    seen_state: bool
    call: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of all calls in a model.

    Attributes
    ----------
    sites
        All calls, those inside of nested models and wrappers among them.
    calls
        From a layer's path to the inputs of each of its calls, where they are known.
    results
        From a layer's path to the outputs of each of these calls.
    outputs
        The outputs of the outermost model.
    """

    sites: tuple[Site, ...]
    calls: Mapping[str, tuple[tuple[TensorFact, ...], ...]]
    results: Mapping[str, tuple[tuple[TensorFact, ...], ...]]
    outputs: tuple[TensorFact, ...]
