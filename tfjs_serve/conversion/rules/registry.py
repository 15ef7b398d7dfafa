"""The layer rules by Keras class name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import ShapeRule, same
from tfjs_serve.conversion.rules.context import Translate
from tfjs_serve.conversion.rules.traits import Inner, Masking, Traits

Variables = Callable[[Mapping[str, Json]], tuple[Variable, ...]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What the support table says of a layer beside its outcome.

    Attributes
    ----------
    lowered
        Which arguments other layers compute, and which layers.
    companion
        Which arguments need ``layers.js``.
    notes
        Which arguments are refused, and what else to know.
    """

    lowered: str = ""
    companion: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRule:
    """How one Keras class is translated.

    Attributes
    ----------
    outcome
        How the layer is translated with the arguments that most models have.
    variables
        From the layer's config to the variables that Keras creates for the layer itself, in
        order of creation; those of layers inside a wrapper are not among them.
    translate
        Returns the TF.js layer.
    shape
        Gives the outputs' shapes.
    traits
        What else the conversion has to know of the class.
    support
        What the support table says.
    family
        The module of rules it is from, named as in tfjs-layers.
    """

    class_name: str
    outcome: Outcome
    variables: Variables
    translate: Translate
    shape: ShapeRule
    traits: Traits
    support: Support
    family: str


Rules = Mapping[str, LayerRule]
"""Rules by Keras class name."""

_RULES: dict[str, LayerRule] = {}


def rule(
    class_name: str,
    *,
    variables: Variables | None = None,
    outcome: Outcome = Outcome.NATIVE,
    shape: ShapeRule = same,
    traits: Traits = Traits(),  # noqa: B008  # it is frozen
    support: Support = Support(),
) -> Callable[[Translate], Translate]:
    """Register the decorated function as the rule of `class_name`.

    Parameters
    ----------
    variables
        None if left out.
    shape
        Gives the outputs' shapes; that of the first input if left out.
    traits, support
        Those of most layers if left out; see :class:`LayerRule`.

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
            variables=variables or _no_variables,
            translate=translate,
            shape=shape,
            traits=traits,
            support=support,
            family=translate.__module__.rpartition(".")[2],
        )
        return translate

    return register


def registered() -> Rules:
    """Return the rules of the families that were imported so far."""
    return _RULES


def _no_variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Most layers have no weights."""
    return ()


def kernel_and_bias(*kernels: str) -> Variables:
    """Return the variables of a layer with kernels and, if ``use_bias``, a bias after them."""

    def variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
        names = (*kernels, "bias") if config.get("use_bias") is not False else kernels
        return tuple(Variable(name=name) for name in names)

    return variables


_NO_TRAITS = Traits()


def traits_of(rules: Rules, layer: KerasLayer) -> Traits:
    """Return the traits of a layer; those of most layers if its class is not known."""
    rule = rules.get(layer.class_name)
    return _NO_TRAITS if rule is None else rule.traits


def passes_mask(traits: Traits, layer: KerasLayer) -> bool:
    """Whether the mask of the layer's input goes on with its output."""
    if traits.masking is Masking.PER_STEP:
        inner = layer.children[0] if traits.inner is Inner.DIRECTIONS else layer
        return bool(inner.config.get("return_sequences"))
    if traits.masking is Masking.PASSES_SINCE_KERAS_3:
        return layer.generation >= 3
    return traits.masking is Masking.PASSES
