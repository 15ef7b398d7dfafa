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
    """What the support table says about a layer besides its outcome.

    Attributes
    ----------
    lowered
        Which arguments are computed by other layers, and by which.
    companion
        Which arguments need ``layers.js``.
    training
        Which arguments need ``training.js`` to be trained, or trained through, as in Keras.
    notes
        Which arguments are refused, and what else to know.
    """

    lowered: str = ""
    companion: str = ""
    training: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRule:
    """How one Keras class is translated.

    Attributes
    ----------
    class_name
        Name of the class in Keras.
    outcome
        How the layer is translated if it has the arguments that most models have.
    variables
        From the layer's config to the variables that Keras creates for the layer itself, in order
        of creation. Those of layers inside a wrapper are not among them.
    translate
        Returns the TF.js layer.
    shape
        Returns the shapes of the outputs.
    traits
        What else the conversion has to know about the class.
    support
        What the support table says.
    family
        The module that the rule is in.
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
    class_name
        Name of the class in Keras.
    variables
        Returns the variables of a layer with this config. By default it has none.
    outcome
        How the layer is translated if it has the arguments that most models have.
    shape
        Returns the shapes of the outputs. By default there is one, of the first input's shape.
    traits, support
        See :class:`LayerRule`. The defaults are right for most layers.

    Raises
    ------
    ValueError
        The class has a rule already; raised by the decorator.
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
    """Return the rules of the families that have been imported so far."""
    return _RULES


def _no_variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Return no variables: most layers have no weights."""
    return ()


def kernel_and_bias(*kernels: str) -> Variables:
    """Return the variables of a layer with these kernels and, if ``use_bias``, a bias."""

    def variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
        names = (*kernels, "bias") if config.get("use_bias") is not False else kernels
        return tuple(Variable(name=name) for name in names)

    return variables


_NO_TRAITS = Traits()


def traits_of(rules: Rules, layer: KerasLayer) -> Traits:
    """Return the traits of a layer; the default ones if its class has no rule."""
    rule = rules.get(layer.class_name)
    return _NO_TRAITS if rule is None else rule.traits


def passes_mask(traits: Traits, layer: KerasLayer) -> bool:
    """Whether the mask of the layer's input travels on with its output in Keras."""
    if traits.masking is Masking.PER_STEP:
        inner = layer.children[0] if traits.inner is Inner.DIRECTIONS else layer
        return bool(inner.config.get("return_sequences"))
    if traits.masking is Masking.PASSES_SINCE_KERAS_3:
        return layer.generation >= 3
    return traits.masking is Masking.PASSES
