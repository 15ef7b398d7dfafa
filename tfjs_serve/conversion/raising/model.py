"""The nouns of the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.sources import Array, LayerWeights
from tfjs_serve.layers_model.model import TensorSource

KERAS2, KERAS3 = 2, 3
BOTH = frozenset({KERAS2, KERAS3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A layers model as it lies in a folder.

    Attributes
    ----------
    display_name
        What messages call its ``model.json``.
    model
        ``{"class_name", "config"}`` of the outermost model.
    keras_version
        As the topology states it; empty for models made in JavaScript.
    weights
        By name, in order.
    optimizer
        The state of an optimizer, in order.
    training
        Its ``trainingConfig``, or the one that the official converter puts into the topology.
    record
        The text of the record; empty if there is none.
    """

    display_name: str
    model: Mapping[str, Json]
    keras_version: str
    weights: Mapping[str, TensorSource]
    optimizer: Mapping[str, TensorSource]
    training: Mapping[str, Json] | None
    record: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The Keras model that a page's model was, or could have been.

    Attributes
    ----------
    generation, keras_version
        Whose meaning of arguments holds.
    config
        ``{"class_name", "config"}`` in the spelling of that generation.
    model
        The same in the one spelling that rules know.
    variables
        From the path of a layer in `model` to its variables by name.
    trained
        Names of the weights that the page trains, in its order.
    arranged
        Returns the variables again, if the weights of the page were others; those of which these
        tell nothing are left out. Raises ``UnsolvedError``.
    training
        The arguments of ``compile`` in some Keras's spelling; ``None`` for none.
    is_recorded
        Whether the record tells of the training, and not the page.
    notes
        What users should know.
    """

    generation: int
    keras_version: str
    config: Mapping[str, Json]
    model: KerasLayer
    variables: LayerWeights
    trained: Sequence[str]
    arranged: Callable[[Mapping[str, Array]], Mapping[str, Mapping[str, Array]]]
    training: Mapping[str, Json] | None = None
    is_recorded: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A model to be written for Keras.

    Attributes
    ----------
    config
        ``{"module", "class_name", "config", ...}`` of the outermost model.
    model
        The same in the one spelling that rules know.
    variables
        As in :class:`Origin`.
    training
        The arguments of ``compile``, in a spelling that both Kerases read.
    optimizer
        ``{"class_name", "config"}`` of the optimizer; ``None`` if it is not compiled.
    state, state_of_keras2
        Its variables in the order of Keras 3, and of tf_keras; none if it starts anew.
    loaded_by
        The generations of Keras that can load it.
    """

    config: Mapping[str, Json]
    model: KerasLayer
    variables: LayerWeights
    keras_version: str
    training: Mapping[str, Json] | None = None
    optimizer: Mapping[str, Json] | None = None
    state: Sequence[TensorSource] = ()
    state_of_keras2: Sequence[TensorSource] = ()
    loaded_by: frozenset[int] = BOTH
    notes: tuple[str, ...] = field(default=())
