"""What the rest of the conversion has to know about a class of layers, stated with its rule.

All of this is in the family file of a layer, so that passes over a model need no lists of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import Weights

Dtypes = Callable[[KerasLayer, Sequence[TensorFact]], tuple[str, ...]]
"""From a layer and its inputs to the dtypes of its outputs."""
InputShapes = Callable[[KerasLayer, Weights], Iterable[Shape]]
"""From a layer and its weights to the shapes that its first input may have."""
WeightShapes = Callable[[KerasLayer, Shape], Mapping[str, Shape]]
"""From a layer and the shape of its first input to the shapes of weights by variable name."""


class Masking(Enum):
    """Whether the mask of a layer's input travels on with its output (``supports_masking``)."""

    STOPS = "stops"
    PASSES = "passes"
    PASSES_SINCE_KERAS_3 = "passes since Keras 3"
    PER_STEP = "passes if it returns sequences"


class MaskUse(Enum):
    """Which masks of its inputs change what a layer computes."""

    NONE = "none"
    PER_STEP = "the mask of its first input: one number for each step"
    FULL = "the mask of its first input, which may be as large as the input"
    MERGED = "the masks of all inputs, from Keras 3.6 on: masked numbers are left out"
    LISTED = "a mask for each input, given as a list"
    NAMED = "a mask for each input, given by name: query_mask, value_mask, key_mask"


class MaskMerge(Enum):
    """How the masks of several inputs become one (``compute_mask``)."""

    NONE = "they do not"
    TOGETHER = "number by number"
    SIDE_BY_SIDE = "joined, as the inputs are"


class Inner(Enum):
    """What the layers inside a wrapper are called with."""

    SAME = "the first input of the wrapper"
    IN_TURN = "each with the output of the one before"
    EACH_STEP = "one step of the first input of the wrapper"
    DIRECTIONS = "the first input of the wrapper, forward and backward, with states of their own"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeMask:
    """A mask that leaves out what equals `value`: numbers, or steps if `over_features`.

    A step is left out if all of its features equal `value`.
    """

    value: float
    over_features: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskMaker:
    """How a layer computes a mask from its input.

    Attributes
    ----------
    made
        Returns the mask; ``None`` for a layer whose arguments say that it makes none.
    without
        Returns a layer that computes the same and makes no mask.
    """

    made: Callable[[KerasLayer], MadeMask | None]
    without: Callable[[KerasLayer], KerasLayer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Properties of a class of layers; the defaults are right for most classes.

    Attributes
    ----------
    dtypes
        Returns the dtypes of its outputs in Keras, if these are not all float32.
    any_dtype
        Whether its dtype may be any: it is the dtype of the output, not the one to compute in.
    masking
        Whether the mask of its input travels on with its output.
    mask_maker
        How it makes a mask, if it does.
    mask_use
        Which masks change what it computes.
    mask_merge
        How the masks of its inputs are merged to the mask of its output.
    tfjs_reads_mask
        Whether its class in TF.js reads the mask that it is called with (``kwargs['mask']``).
    clears_masks_since
        ``(major, minor)`` of the first Keras in which it removes the masks from its inputs.
    has_states
        Whether it is recurrent: it takes initial states as further inputs.
    inner
        What the layers inside it are called with.
    attributes
        Names of the Python attributes that hold the layers inside it, if paths in archives use
        them.
    cell_inside
        Whether archives keep its variables in a cell that its configuration does not show.
    call_arguments
        Names of the parameters of its ``call`` after the first, in order, if calls with masks or
        states may be saved by position.
    input_shapes
        Returns the shapes that its input may have, counting the batch axis, with ``None`` for
        sizes that no weight tells.
    rank
        The number of axes of its first input, counting the batch axis, if it takes no other.
    hides_input_shape
        Whether the shape of its output says nothing about the shape of its input.
    weight_shapes
        Returns the shapes that its weights must have, with ``None`` for sizes that are not told.
        Only for layers that have more to tell than units, filters and windows.
    """

    dtypes: Dtypes | None = None
    any_dtype: bool = False
    masking: Masking = Masking.STOPS
    mask_maker: MaskMaker | None = None
    mask_use: MaskUse = MaskUse.NONE
    mask_merge: MaskMerge = MaskMerge.NONE
    tfjs_reads_mask: bool = False
    clears_masks_since: tuple[int, int] | None = None
    has_states: bool = False
    inner: Inner = Inner.SAME
    attributes: tuple[str, ...] = ()
    cell_inside: bool = False
    call_arguments: tuple[str, ...] = ()
    input_shapes: InputShapes | None = None
    rank: int | None = None
    hides_input_shape: bool = False
    weight_shapes: WeightShapes | None = None


TraitsOf = Callable[[KerasLayer], Traits]


def is_stateful(layer: KerasLayer, traits_of: TraitsOf) -> bool:
    """Whether a recurrent layer starts with the states that the batch before ended with."""
    parts = (layer, *layer.children)
    return traits_of(layer).has_states and any(part.config.get("stateful") for part in parts)


def starts_recurrences(layer: KerasLayer, traits_of: TraitsOf) -> bool:
    """Whether a recurrent layer in a model inside `layer` gets an initial state.

    TF.js's TimeDistributed would give it to the layers of the next step.
    """
    return any(
        traits_of(child).has_states and len(call.inputs) > 1
        for model in layer.walk()
        if model.graph is not None
        for child in model.children
        for call in model.graph.calls[child.name]
    )
