"""What is known about the tensors in a graph before anything is computed: shape, mask and dtype.

Some of TF.js's layers are right only for some shapes, or ignore a mask that Keras uses, so rules
have to know which case they have. ``inference/`` works it out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.dtypes import is_integer
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFact:
    """What is known about one tensor.

    Attributes
    ----------
    shape
        Counts the batch axis. ``None`` if it is not known, as after a layer that is not known.
    mask
        The mask that travels with the tensor in Keras: the path of the layer that made the mask,
        ``None`` without a mask.
    tfjs_mask
        The mask that travels with it in TF.js, spelled the same; ``BROKEN`` (of
        ``inference/shared_arguments.py``) if Keras has no such mask.
    dtype
        The dtype in which Keras computes it. In the page, all numbers are float32.
    """

    shape: Shape | None
    mask: str | None = None
    tfjs_mask: str | None = None
    dtype: str = "float32"

    @property
    def is_integer(self) -> bool:
        """Whether Keras computes it in integers."""
        return is_integer(self.dtype)

    @property
    def masked(self) -> bool:
        """Whether a mask travels with the tensor in Keras."""
        return self.mask is not None


UNKNOWN = TensorFact(shape=None)
"""The output of a layer that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One call of a layer.

    Attributes
    ----------
    inputs
        What is known about its inputs.
    seen_mask
        The mask that TF.js gives to the call. It may be that of an earlier call.
    seen_state
        Whether TF.js gives the initial state of an earlier call to this one.
    call
        Index of the call among the layer's calls in its graph.
    """

    layer: KerasLayer
    inputs: tuple[TensorFact, ...]
    seen_mask: str | None
    seen_state: bool
    call: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about all calls in a model.

    Attributes
    ----------
    sites
        All calls, also those inside nested models and wrappers.
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

    def have_masks_after(self, paths: Collection[str]) -> bool:
        """Whether a mask travels with an output of one of these layers in TF.js."""
        return any(
            fact.tfjs_mask is not None
            for path in paths
            for made in self.results.get(path, ())
            for fact in made
        )
