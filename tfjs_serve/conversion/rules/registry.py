"""The layer rules by Keras class name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import ShapeRule, same
from tfjs_serve.conversion.rules.context import InputFact, LayerContext, TfjsLayer

Translate = Callable[[LayerContext], TfjsLayer]
Variables = Callable[[Mapping[str, Json]], tuple[Variable, ...]]
Dtypes = Callable[[KerasLayer, Sequence[InputFact]], tuple[str, ...]]


class Outcome(str, Enum):
    """How a Keras layer reaches the page."""

    NATIVE = "native"
    """TF.js has the layer."""
    LOWERED = "lowered"
    """Layers that TF.js has compute the same."""
    COMPANION = "companion"
    """``layers.js`` computes it."""
    REFUSED = "refused"
    """No page can compute it."""


class Masking(Enum):
    """What a Keras layer does with the mask of its input."""

    STOPS = "stops"
    PASSES = "passes"
    PER_STEP = "passes if it returns sequences"
    MAKES = "makes"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRule:
    """How one Keras class is translated.

    Attributes
    ----------
    variables
        From the layer's config to the variables that Keras creates for the layer itself, in
        order of creation; those of layers inside a wrapper are not among them.
    translate
        Returns the TF.js layer.
    dtypes
        From a layer and its inputs to the dtypes of its outputs in Keras, where they are not
        those of most layers.
    any_dtype
        Whether its dtype says what it puts out, not what it computes in.
    family
        The module of rules it is from, named as in tfjs-layers.
    outcome
        How the layer is translated with the arguments that most models have.
    notes
        For the support table: which arguments are refused.
    lowered
        For the support table: which arguments other layers compute, and which layers.
    companion
        For the support table: which arguments need ``layers.js``.
    """

    class_name: str
    outcome: Outcome
    variables: Variables
    translate: Translate
    shape: ShapeRule
    masking: Masking
    family: str
    dtypes: Dtypes | None = None
    any_dtype: bool = False
    notes: str = ""
    lowered: str = ""
    companion: str = ""


_RULES: dict[str, LayerRule] = {}


def rule(  # noqa: PLR0913  # all but the first are optional, and named
    class_name: str,
    *,
    variables: Variables | None = None,
    outcome: Outcome = Outcome.NATIVE,
    shape: ShapeRule = same,
    masking: Masking = Masking.STOPS,
    dtypes: Dtypes | None = None,
    any_dtype: bool = False,
    notes: str = "",
    lowered: str = "",
    companion: str = "",
) -> Callable[[Translate], Translate]:
    """Register the decorated function as the rule of `class_name`.

    Parameters
    ----------
    shape
        Gives the outputs' shapes; that of the first input if left out.

    Raises
    ------
    ValueError
        The class has a rule already.
    """

    def register(translate: Translate) -> Translate:
        if class_name in _RULES:
            raise ValueError(f"{class_name} has two rules")
        _RULES[class_name] = LayerRule(
            class_name=class_name,
            outcome=outcome,
            variables=variables or no_variables,
            translate=translate,
            shape=shape,
            masking=masking,
            dtypes=dtypes,
            any_dtype=any_dtype,
            family=translate.__module__.rpartition(".")[2],
            notes=notes,
            lowered=lowered,
            companion=companion,
        )
        return translate

    return register


def registered() -> Mapping[str, LayerRule]:
    """Return the rules by class name, of the families that were imported so far."""
    return _RULES


def refuse(class_name: str, reason: str, hint: str, *, module: str) -> None:
    """Register a layer that TF.js has but gets wrong."""

    def translate(context: LayerContext) -> TfjsLayer:
        message = f"TensorFlow.js's {class_name} differs from Keras's: {reason}."
        context.problem("unsupported-layer", message, hint)
        return TfjsLayer(class_name=class_name, config={})

    translate.__module__ = module
    rule(class_name, outcome=Outcome.REFUSED, notes=reason)(translate)


def no_variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Most layers have no weights."""
    return ()


def kernel_and_bias(*kernels: str) -> Variables:
    """Return the variables of a layer with kernels and, if ``use_bias``, a bias after them."""

    def variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
        names = (*kernels, "bias") if config.get("use_bias") is not False else kernels
        return tuple(Variable(name=name) for name in names)

    return variables


_MASKED_SINCE_KERAS_3 = frozenset({"Identity", "Normalization", "Rescaling"})
"""Layers that let no mask pass in Keras 2."""


def passes_mask(rule: LayerRule, layer: KerasLayer) -> bool:
    """Whether the mask of the layer's input goes on with its output."""
    if layer.generation < 3 and rule.class_name in _MASKED_SINCE_KERAS_3:
        return False
    if rule.masking is Masking.PER_STEP:
        inner = layer.children[0] if layer.class_name == "Bidirectional" else layer
        return bool(inner.config.get("return_sequences"))
    return rule.masking is Masking.PASSES
