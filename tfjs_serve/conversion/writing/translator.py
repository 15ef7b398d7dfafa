"""Applies the layer rules, from the outermost model down, and writes graphs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tfjs_serve import companion
from tfjs_serve.conversion.inference.load_order import load_order
from tfjs_serve.conversion.masks.implied import ExplicitMasks
from tfjs_serve.conversion.masks.users import uses_first_mask
from tfjs_serve.conversion.model.facts import Facts
from tfjs_serve.conversion.model.layers import CONTAINERS, Call, Json, KerasLayer
from tfjs_serve.conversion.model.report import (
    HINT_DAMAGED,
    HINT_NAME_IT,
    NONSENSE,
    Report,
    hint_of_package,
)
from tfjs_serve.conversion.model.shapes import Shape, Shapes
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.rules.activation_names import UnknownActivationError
from tfjs_serve.conversion.rules.arguments import ConfigReader, Keywords
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer, report_mask
from tfjs_serve.conversion.rules.page_class import page_class
from tfjs_serve.conversion.rules.registry import LayerRule, Outcome, Rules, passes_mask, traits_of
from tfjs_serve.conversion.small_models.arithmetic import UnknownShapeError
from tfjs_serve.conversion.writing.became import became
from tfjs_serve.conversion.writing.custom import passed_on
from tfjs_serve.conversion.writing.functional import functional_config
from tfjs_serve.conversion.writing.page_gradients import needs_training_script
from tfjs_serve.facts.layers import Became
from tfjs_serve.layers_model.model import LayersWeight

_FLOATS = frozenset({"float32", "float16", "bfloat16", "float64"})
_HINT_SHAPE = "Give keras.Input its whole shape, without None."
_HINT_ACTIVATION = "Use one of the functions in keras.activations."
_HINT_CUSTOM = (
    "Replace it by layers that Keras ships, or write it in JavaScript, register it in the page, "
    f"and {HINT_NAME_IT}."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A model in TF.js's terms.

    Attributes
    ----------
    layer
        The outermost model with everything in it.
    containers
        Paths of the layers that became models: TF.js lets no mask into or out of them.
    became
        How each layer reaches the page, by its path; without models.
    without_gradients
        Paths of the layers through which a page trains with ``training.js`` only.
    known
        What was known of the model before.
    """

    layer: TfjsLayer
    containers: frozenset[str]
    became: Mapping[str, Became]
    without_gradients: frozenset[str]
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a model before its layers are translated.

    Attributes
    ----------
    weights
        From a layer's path to its weights by variable name.
    names
        From a layer's path to its name in TF.js.
    custom_layers
        Classes that the page registers itself.
    """

    rules: Rules
    weights: LayerWeights
    names: Mapping[str, str]
    facts: Facts
    custom_layers: Collection[str]


def translated(model: KerasLayer, known: Known, report: Report) -> Translation:
    """Apply the rules to a model and to everything in it.

    Parameters
    ----------
    report
        Collects what cannot be translated; if it has problems, the result is of no use.
    """
    translator = _Translator(known, report)
    layer = translator.layer(model, known.names[model.path], scope="")
    return Translation(
        layer=layer,
        containers=frozenset(translator.containers),
        became=translator.became,
        without_gradients=frozenset(translator.without_gradients),
        known=known,
    )


class _Translator:
    """One walk through a model, from the outermost layer down."""

    def __init__(self, known: Known, report: Report) -> None:
        self._known = known
        self._rules = known.rules
        self._report = report
        self.containers: set[str] = set()
        self.became: dict[str, Became] = {}
        self.without_gradients: set[str] = set()

    def layer(
        self,
        layer: KerasLayer,
        name: str,
        scope: str,
        keywords: Sequence[Mapping[str, Json]] = (),
    ) -> TfjsLayer:
        """Return the translated layer.

        Parameters
        ----------
        keywords
            The arguments of its calls besides their inputs and masks.
        """
        rule = None if layer.is_custom else self._rules.get(layer.class_name)
        if layer.class_name in CONTAINERS and not layer.is_custom:
            Keywords(layer, keywords, self._report).finish()
            return self._model(layer, name)
        if rule is None:
            return self._without_rule(layer, name, scope)
        made = self._by_rule(rule, self._context(layer, name, scope, keywords))
        if made is None:
            return TfjsLayer(class_name=layer.class_name, config={})
        if made.is_container:
            self.containers.add(layer.path)
        self.became[layer.path] = became(rule, made)
        if needs_training_script(made.to_json()):
            self.without_gradients.add(layer.path)
        if layer.mask_input and companion.PACKAGE not in made.class_name:
            report_mask(layer, self._report)
        return made

    def _by_rule(self, rule: LayerRule, context: LayerContext) -> TfjsLayer | None:
        """Apply a rule; return ``None`` after a problem that left no layer."""
        layer = context.layer
        if self._report.is_impossible(layer):
            return None
        self._check_dtype(layer)
        try:
            made = rule.translate(context)
        except UnknownShapeError as error:
            # After a layer that has been reported, no shape is known.
            if not self._report.has_problems or context.knows_shapes:
                context.problem("unsupported-input", f"{_sentence(error)}.", _HINT_SHAPE)
            return None
        except UnknownActivationError as error:
            context.problem("unsupported-activation", f"{_sentence(error)}.", _HINT_ACTIVATION)
            return None
        except (MemoryError, *NONSENSE) as error:
            context.problem(
                "bad-config",
                f"Its arguments make no sense ({type(error).__name__}: {error}).",
                HINT_DAMAGED,
            )
            return None
        if rule.outcome is not Outcome.REFUSED:
            context.read.finish()
            context.keywords.finish()
        return made

    def _context(
        self, layer: KerasLayer, name: str, scope: str, keywords: Sequence[Mapping[str, Json]]
    ) -> LayerContext:
        rule = self._rules[layer.class_name]
        return LayerContext(
            layer=layer,
            name=name,
            scope=scope,
            read=ConfigReader(layer, self._report),
            weights=self._known.weights.get(layer.path, {}),
            calls=self._known.facts.calls.get(layer.path, ()),
            results=self._known.facts.results.get(layer.path, ()),
            keywords=Keywords(layer, keywords, self._report),
            passes_mask=passes_mask(rule.traits, layer),
            fixed_variables={
                variable.name for variable in rule.variables(layer.config) if not variable.trainable
            },
            translate_child=self.layer,
            traits_of=partial(traits_of, self._rules),
            output_shape=self._output_shape,
        )

    def _output_shape(self, layer: KerasLayer, inputs: Shapes) -> Shape:
        return self._rules[layer.class_name].shape(layer, inputs, ())[0]

    def _without_rule(self, layer: KerasLayer, name: str, scope: str) -> TfjsLayer:
        """Return a layer that the page registers itself; report any other."""
        class_name = page_class(layer, self._known.custom_layers)
        if class_name is not None:
            weights = self._known.weights.get(layer.path, {})
            self.became[layer.path] = Became.OWN
            return passed_on(layer, class_name, name, scope, weights)
        if layer.is_custom:
            message = "What it computes is Python code, not data."
            hint = hint_of_package(layer, _HINT_CUSTOM)
            self._report.problem(layer, "custom-layer", message, hint)
        elif not layer.is_operation:
            message = f"TensorFlow.js has no layer {layer.class_name}."
            hint = f"Is it one of your own? {_HINT_CUSTOM}"
            self._report.problem(layer, "unsupported-layer", message, hint)
        # Problems with the arguments of an operation were reported where they were read.
        elif not self._report.tells_of(layer):
            message = "It is an operation on tensors that tfjs-serve does not know."
            hint = "Use the layers of docs/layers.md and the operations of docs/operations.md."
            self._report.problem(layer, "unsupported-layer", message, hint)
        return TfjsLayer(class_name=layer.class_name, config={})

    def _model(self, model: KerasLayer, name: str) -> TfjsLayer:
        if model.graph is None:
            return self._sequential(model, name)
        order = load_order(model, self._report)
        layers = [
            (layer, self._child(layer, model.graph.calls[layer.name])) for layer in order.layers
        ]
        masks = ExplicitMasks(
            graph=model.graph,
            layers={child.name: child for child in model.children},
            rules=self._rules,
        )
        for layer in order.layers:
            for call in model.graph.calls[layer.name]:
                self._check_mask(layer, call, masks)
        config: dict[str, Json] = {"name": name, "trainable": model.trainable}
        # A broken graph was reported; its calls have no numbers.
        if not self._report.has_problems:
            config |= functional_config(
                model.graph,
                order,
                layers,
                names={layer.name: self._known.names[layer.path] for layer in order.layers},
            )
        return TfjsLayer(
            class_name="Functional", config=config, weights=_weights(t for _, t in layers)
        )

    def _sequential(self, model: KerasLayer, name: str) -> TfjsLayer:
        layers = [self._child(layer) for layer in model.children]
        return TfjsLayer(
            class_name="Sequential",
            config={"name": name, "layers": [layer.to_json() for layer in layers]},
            weights=_weights(layers),
        )

    def _child(self, layer: KerasLayer, calls: Sequence[Call] = ()) -> TfjsLayer:
        name = self._known.names[layer.path]
        # An operation has the arguments of its call in its configuration.
        keywords = [
            {key: value for key, value in call.kwargs.items() if key != "mask"}
            for call in (() if layer.is_operation else calls)
        ]
        made = self.layer(layer, name, scope=name, keywords=keywords)
        # Those of the outermost model come last, and count.
        return replace(made, weights=tuple(replace(one, layer=name) for one in made.weights))

    def _check_dtype(self, layer: KerasLayer) -> None:
        says_output = self._rules[layer.class_name].traits.any_dtype
        if not says_output and layer.dtype not in _FLOATS:
            self._report.problem(
                layer,
                "unsupported-dtype",
                f"It computes in {layer.dtype}, which TensorFlow.js's layers do not.",
                "Save the model with the dtype float32.",
            )

    def _check_mask(self, layer: KerasLayer, call: Call, masks: ExplicitMasks) -> None:
        """Report masks that a call gets or ignores, where TF.js would use others."""
        mask = None if layer.is_operation else call.kwargs.get("mask")
        if mask is not None and not masks.is_implied(call, mask):
            report_mask(layer, self._report)
        travelling = any(facts[0].masked for facts in self._known.facts.calls.get(layer.path, ()))
        unused = mask is None and travelling and layer.saved_masks_only
        if unused and uses_first_mask(self._rules, layer):
            report_mask(layer, self._report)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


def _weights(layers: Iterable[TfjsLayer]) -> tuple[LayersWeight, ...]:
    return tuple(weight for layer in layers for weight in layer.weights)
