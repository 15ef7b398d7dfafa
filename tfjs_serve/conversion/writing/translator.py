"""Applies the layer rules, from the outermost model down, and writes graphs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tfjs_serve import companion
from tfjs_serve.conversion.inference.load_order import load_order
from tfjs_serve.conversion.masks.implied import ExplicitMasks
from tfjs_serve.conversion.masks.users import uses_first_mask
from tfjs_serve.conversion.model.facts import Facts
from tfjs_serve.conversion.model.layers import CONTAINERS, Call, Json, KerasLayer
from tfjs_serve.conversion.model.report import NONSENSE, Report
from tfjs_serve.conversion.model.shapes import Shape, Shapes
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.rules.activation_names import UnknownActivationError
from tfjs_serve.conversion.rules.arguments import ConfigReader, Keywords
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer, report_mask
from tfjs_serve.conversion.rules.page_class import page_class
from tfjs_serve.conversion.rules.registry import LayerRule, Outcome, Rules, passes_mask, traits_of
from tfjs_serve.conversion.small_models.activations import apply_activation
from tfjs_serve.conversion.small_models.arithmetic import Lowering, UnknownShapeError, common_shapes
from tfjs_serve.conversion.writing.custom import passed_on
from tfjs_serve.conversion.writing.functional import functional_config
from tfjs_serve.layers_model.model import LayersWeight

_FLOATS = frozenset({"float32", "float16", "bfloat16", "float64"})
_HINT_SHAPE = "Give keras.Input its whole shape, without None."
_HINT_ACTIVATION = "Use one of the functions in keras.activations."
_HINT_CUSTOM = (
    "Replace it by layers that Keras ships, or write it in JavaScript, register it in the page, "
    "and name the file: --layers my-layers.js."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translator:
    """Applies the rules to a model whose weights and facts are known.

    Attributes
    ----------
    names
        From a layer's path to its name in TF.js.
    custom_layers
        Classes that the page registers itself.
    containers
        Paths of the layers that have become models, filled while translating.
    """

    rules: Rules
    weights: LayerWeights
    names: Mapping[str, str]
    facts: Facts
    custom_layers: Collection[str]
    report: Report
    containers: set[str] = field(default_factory=set)

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
        if layer.is_custom or layer.class_name == "Lambda":
            return self._custom(layer, name, scope)
        if layer.class_name in CONTAINERS:
            Keywords(layer, keywords, self.report).finish()
            return self._model(layer, name)
        if layer.class_name not in self.rules:
            return self._unknown(layer, name, scope)
        if self.report.is_impossible(layer):
            return TfjsLayer(class_name=layer.class_name, config={})
        self._check_dtype(layer)
        context = self._context(layer, name, scope, keywords)
        rule = self.rules[layer.class_name]
        try:
            translated = self._translated(rule, context)
        except UnknownShapeError as error:
            # After a layer that has been reported, no shape is known.
            if not self.report.has_problems or context.knows_shapes:
                context.problem("unsupported-input", f"{_sentence(error)}.", _HINT_SHAPE)
            return TfjsLayer(class_name=layer.class_name, config={})
        except UnknownActivationError as error:
            context.problem("unsupported-activation", f"{_sentence(error)}.", _HINT_ACTIVATION)
            return TfjsLayer(class_name=layer.class_name, config={})
        except (MemoryError, *NONSENSE) as error:
            return self._nonsense(layer, error)
        if rule.outcome is not Outcome.REFUSED:
            context.read.finish()
            context.keywords.finish()
        if translated.is_container:
            self.containers.add(layer.path)
        if layer.mask_input and companion.PACKAGE not in translated.class_name:
            report_mask(layer, self.report)
        return translated

    def _context(
        self, layer: KerasLayer, name: str, scope: str, keywords: Sequence[Mapping[str, Json]]
    ) -> LayerContext:
        rule = self.rules[layer.class_name]
        return LayerContext(
            layer=layer,
            name=name,
            scope=scope,
            read=ConfigReader(layer, self.report),
            weights=self.weights.get(layer.path, {}),
            calls=self.facts.calls.get(layer.path, ()),
            results=self.facts.results.get(layer.path, ()),
            keywords=Keywords(layer, keywords, self.report),
            passes_mask=passes_mask(rule.traits, layer),
            fixed_variables={
                variable.name for variable in rule.variables(layer.config) if not variable.trainable
            },
            deferred=[],
            translate_child=self.layer,
            traits_of=partial(traits_of, self.rules),
            output_shape=self._output_shape,
        )

    def _output_shape(self, layer: KerasLayer, inputs: Shapes) -> Shape:
        return self.rules[layer.class_name].shape(layer, inputs, ())[0]

    def _translated(self, rule: LayerRule, context: LayerContext) -> TfjsLayer:
        """Apply a rule; put the activation of the output behind it if TF.js does not have it."""
        translated = rule.translate(context)
        if not context.deferred:
            return translated
        low = Lowering(context)
        name = low.fresh_name(context.layer.class_name.lower())
        core = rule.translate(replace(context, name=name, scope=name))
        shape = common_shapes(context.results)[0]
        x = low.translated(core, *low.inputs, shape=shape)
        return low.model(apply_activation(low, context.deferred[0], x, context.layer.generation))

    def _nonsense(self, layer: KerasLayer, error: Exception) -> TfjsLayer:
        self.report.problem(
            layer,
            "bad-config",
            f"Its arguments make no sense ({type(error).__name__}: {error}).",
            "The file is damaged or was not written by Keras; save the model again.",
        )
        return TfjsLayer(class_name=layer.class_name, config={})

    def _custom(self, layer: KerasLayer, name: str, scope: str) -> TfjsLayer:
        class_name = page_class(layer, self.custom_layers)
        if class_name is not None:
            return passed_on(layer, class_name, name, scope, self.weights.get(layer.path, {}))
        self.report.problem(
            layer, "custom-layer", "What it computes is Python code, not data.", _HINT_CUSTOM
        )
        return TfjsLayer(class_name=layer.class_name, config={})

    def _unknown(self, layer: KerasLayer, name: str, scope: str) -> TfjsLayer:
        class_name = page_class(layer, self.custom_layers)
        if class_name is not None:
            return passed_on(layer, class_name, name, scope, self.weights.get(layer.path, {}))
        message = f"TensorFlow.js has no layer {layer.class_name}."
        hint = f"Is it one of your own? {_HINT_CUSTOM}"
        if layer.is_operation:
            message = "It is an operation on tensors that tfjs-serve does not know."
            hint = "Use layers and operations of the list in docs/layers.md."
        # What its arguments lack has been told where they were read.
        if not (layer.is_operation and self.report.tells_of(layer)):
            self.report.problem(layer, "unsupported-layer", message, hint)
        return TfjsLayer(class_name=layer.class_name, config={})

    def _model(self, model: KerasLayer, name: str) -> TfjsLayer:
        if model.graph is None:
            return self._sequential(model, name)
        order = load_order(model, model.graph, self.report)
        layers = [
            (layer, self._child(layer, model.graph.calls[layer.name])) for layer in order.layers
        ]
        masks = ExplicitMasks(
            graph=model.graph,
            layers={child.name: child for child in model.children},
            rules=self.rules,
        )
        for layer in order.layers:
            for call in model.graph.calls[layer.name]:
                self._check_mask(layer, call, masks)
        config: dict[str, Json] = {"name": name, "trainable": model.trainable}
        # A broken graph has been reported; it cannot be numbered.
        if not self.report.has_problems:
            config |= functional_config(
                model.graph,
                order,
                layers,
                names={layer.name: self.names[layer.path] for layer in order.layers},
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
        name = self.names[layer.path]
        # An operation has the arguments of its call among its own.
        keywords = [
            {key: value for key, value in call.kwargs.items() if key != "mask"}
            for call in (() if layer.is_operation else calls)
        ]
        return self.layer(layer, name, scope=name, keywords=keywords)

    def _check_dtype(self, layer: KerasLayer) -> None:
        says_output = self.rules[layer.class_name].traits.any_dtype
        if not says_output and layer.dtype not in _FLOATS:
            self.report.problem(
                layer,
                "unsupported-dtype",
                f"It computes in {layer.dtype}, which TensorFlow.js's layers do not.",
                "Save the model with the dtype float32.",
            )

    def _check_mask(self, layer: KerasLayer, call: Call, masks: ExplicitMasks) -> None:
        """Report a mask that is given to a layer, unless it is the one that travels anyway."""
        mask = None if layer.is_operation else call.kwargs.get("mask")
        if mask is not None and not masks.is_implied(call, mask):
            report_mask(layer, self.report)
        travelling = any(facts[0].masked for facts in self.facts.calls.get(layer.path, ()))
        unused = mask is None and travelling and layer.saved_masks_only
        if unused and uses_first_mask(self.rules, layer):
            report_mask(layer, self.report)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


def _weights(layers: Iterable[TfjsLayer]) -> tuple[LayersWeight, ...]:
    return tuple(weight for layer in layers for weight in layer.weights)
