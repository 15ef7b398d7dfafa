"""The nouns of the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tfjs_serve.conversion.model.layers import Json

RECORD = "kerasModel"
"""The member of ``userDefinedMetadata`` that holds the record; pages keep it when they save."""

Shape = tuple[int, ...]
Stated = tuple[Shape, str]
"""Shape and dtype of a variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the Keras file of a model said, apart from its weights.

    Attributes
    ----------
    generation
        Generation of the Keras that saved it.
    keras_version
        As the file stated it.
    config
        ``{"class_name", "config"}`` of the model, as in the file.
    changed
        From the path of a layer to what the rules knew instead of what the configuration says:
        its class, arguments and dtype. This is so after quantization, and for vocabularies.
    variables
        From the path of a layer to its variables by name, as the rules know them.
    values
        Variables whose values cannot be told from the weights of the page, such as the number of
        samples that a Normalization has seen: the bytes in C order, little-endian.
    custom_layers
        Classes that the page registers itself.
    training
        The arguments of ``compile`` as they were saved; ``None`` if they were not, or not wanted.
    """

    generation: int
    keras_version: str
    config: Mapping[str, Json]
    changed: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, Stated]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    custom_layers: tuple[str, ...] = ()
    training: Mapping[str, Json] | None = None
