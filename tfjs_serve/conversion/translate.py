"""The road through this room: normalize, assign weights, apply the rules, write the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.config import ConfigReader
from tfjs_serve.conversion.context import LayerContext, TfjsLayer, report_mask
from tfjs_serve.conversion.facts import Facts, infer
from tfjs_serve.conversion.graph import CONTAINERS, functional_config, load_order
from tfjs_serve.conversion.mask_use import check_masks
from tfjs_serve.conversion.masks import ExplicitMasks
from tfjs_serve.conversion.model import Call, Graph, Json, KerasLayer, Variable
from tfjs_serve.conversion.names import tfjs_names
from tfjs_serve.conversion.normalize import normalize
from tfjs_serve.conversion.registry import LayerRule, Outcome, rules
from tfjs_serve.conversion.report import Report
from tfjs_serve.conversion.state_use import check_states
from tfjs_serve.conversion.weights import LayerWeights, Own, assign
from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import KerasModel
from tfjs_serve.layers_model.model import LayersModel, LayersWeight

_NONSENSE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What Python raises on JSON of an unexpected structure; checking each step would tell no more."""
_FLOATS = frozenset({"float32", "float16", "bfloat16", "float64"})
_HINT_CUSTOM = (
    "Only layers that Keras ships can be translated; replace it by such layers, "
    "or save the part of the model that does not need it."
)


def translate(keras_model: KerasModel) -> LayersModel:
    """Return the model in TF.js's terms.

    Raises
    ------
    ConversionError
        With every reason why it cannot be expressed.
    KerasFileError
        The configuration is not one that Keras writes.
    """
    report = Report(keras_model.display_name)
    model = _normalized(keras_model, report)
    known = rules()
    _check_kind(model, report)
    weights = assign(model, keras_model, _own_variables(known), report)
    facts = infer(model, known, report)
    check_masks(facts, report)
    check_states(facts, report)
    translator = _Translator(
        rules=known,
        weights=weights,
        names=tfjs_names(model, report),
        facts=facts,
        report=report,
    )
    layer = translator.layer(model, translator.names[model.path], scope="")
    report.raise_problems()
    return LayersModel(
        topology={
            "keras_version": keras_model.keras_version,
            "backend": "tensorflow",
            "model_config": layer.to_json(),
        },
        weights=layer.weights,
        generated_by=f"keras {keras_model.keras_version}",
        warnings=report.warnings,
    )


def _normalized(keras_model: KerasModel, report: Report) -> KerasLayer:
    try:
        return normalize(keras_model.config, keras_model.dialect.generation, report)
    except _NONSENSE as error:
        raise KerasFileError(
            f"{keras_model.display_name}: its architecture makes no sense "
            f"({type(error).__name__}: {error})",
            hint="the file is damaged or was not written by Keras; save the model again",
        ) from error


def _check_kind(model: KerasLayer, report: Report) -> None:
    if model.class_name not in CONTAINERS:
        report.problem(
            model,
            "unsupported-model",
            "Only Sequential and Functional models describe their own computation.",
            "Rebuild it with keras.Sequential or keras.Model(inputs, outputs).",
        )
        report.raise_problems()


def _own_variables(known: Mapping[str, LayerRule]) -> Own:
    def own(layer: KerasLayer) -> tuple[Variable, ...] | None:
        if layer.class_name in CONTAINERS or layer.is_operation:
            return ()
        rule = known.get(layer.class_name)
        return None if rule is None or layer.is_custom else rule.variables(layer.config)

    return own


@dataclass(frozen=True, slots=True, kw_only=True)
class _Translator:
    rules: Mapping[str, LayerRule]
    weights: LayerWeights
    names: Mapping[str, str]
    facts: Facts
    report: Report

    def layer(self, layer: KerasLayer, name: str, scope: str) -> TfjsLayer:
        if layer.is_custom or layer.class_name == "Lambda":
            return self._custom(layer)
        if layer.class_name in CONTAINERS:
            return self._model(layer, name)
        if layer.class_name not in self.rules:
            return self._unknown(layer)
        self._check_dtype(layer)
        context = LayerContext(
            layer=layer,
            name=name,
            scope=scope,
            read=ConfigReader(layer, self.report),
            weights=self.weights.get(layer.path, {}),
            calls=self.facts.calls.get(layer.path, ()),
            translate_child=self.layer,
        )
        rule = self.rules[layer.class_name]
        try:
            translated = rule.translate(context)
        except _NONSENSE as error:
            return self._nonsense(layer, error)
        if rule.outcome is not Outcome.REFUSED:
            context.read.finish()
        return translated

    def _nonsense(self, layer: KerasLayer, error: Exception) -> TfjsLayer:
        self.report.problem(
            layer,
            "bad-config",
            f"Its arguments make no sense ({type(error).__name__}: {error}).",
            "The file is damaged or was not written by Keras; save the model again.",
        )
        return TfjsLayer(class_name=layer.class_name, config={})

    def _custom(self, layer: KerasLayer) -> TfjsLayer:
        self.report.problem(
            layer, "custom-layer", "What it computes is Python code, not data.", _HINT_CUSTOM
        )
        return TfjsLayer(class_name=layer.class_name, config={})

    def _unknown(self, layer: KerasLayer) -> TfjsLayer:
        message = f"TensorFlow.js has no layer {layer.class_name}."
        hint = "Replace it by layers of the list in docs/layers.md."
        if layer.is_operation:
            message = "It is an operation on tensors; TensorFlow.js has layers only."
            hint = "Use layers of the list in docs/layers.md, such as Add for +."
        self.report.problem(layer, "unsupported-layer", message, hint)
        return TfjsLayer(class_name=layer.class_name, config={})

    def _model(self, model: KerasLayer, name: str) -> TfjsLayer:
        if model.graph is None:
            return self._sequential(model, name)
        self._check_outputs(model, model.graph)
        order = load_order(model, model.graph, self.report)
        layers = [(layer, self._child(layer)) for layer in order.layers]
        masks = ExplicitMasks(
            graph=model.graph,
            layers={child.name: child for child in model.children},
            rules=self.rules,
        )
        for layer in order.layers:
            for call in model.graph.calls[layer.name]:
                self._check_call(layer, call, masks)
        config: dict[str, Json] = {"name": name, "trainable": model.trainable}
        # A broken graph has been reported; it cannot be numbered.
        if not self.report.has_problems:
            config |= functional_config(
                model.graph,
                order,
                [(layer, translated.to_json()) for layer, translated in layers],
                rename=lambda child: self.names[f"{model.path}/{child}"],
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

    def _child(self, layer: KerasLayer) -> TfjsLayer:
        name = self.names[layer.path]
        return self.layer(layer, name, scope=name)

    def _check_dtype(self, layer: KerasLayer) -> None:
        if layer.class_name != "InputLayer" and layer.dtype not in _FLOATS:
            self.report.problem(
                layer,
                "unsupported-dtype",
                f"It computes in {layer.dtype}, which TensorFlow.js's layers do not.",
                "Save the model with the dtype float32.",
            )

    def _check_outputs(self, model: KerasLayer, graph: Graph) -> None:
        """Report repeated outputs: ``execute`` in ``executor.ts`` fills in the first one only."""
        if len(set(graph.outputs)) < len(graph.outputs):
            self.report.problem(
                model,
                "unsupported-graph",
                "Several of its outputs are the same tensor, which TensorFlow.js returns once.",
                "Name each output once, or pass one through Activation('linear').",
            )

    def _check_call(self, layer: KerasLayer, call: Call, masks: ExplicitMasks) -> None:
        """Report arguments of a call that matter: TF.js's layers take none at inference."""
        rule = self.rules.get(layer.class_name)
        known = rule is not None and rule.outcome is not Outcome.REFUSED
        if layer.is_custom or not (known or layer.class_name in CONTAINERS):
            return
        for key, value in call.kwargs.items():
            if key == "training" and not value:
                continue
            if key == "mask":
                if not masks.is_implied(call, value):
                    report_mask(layer, self.report)
                continue
            self.report.problem(
                layer,
                "unsupported-call",
                f"It is called with the argument {key}, which TensorFlow.js's layer ignores.",
                "Call the layer with its inputs only.",
            )


def _weights(layers: Iterable[TfjsLayer]) -> tuple[LayersWeight, ...]:
    return tuple(weight for layer in layers for weight in layer.weights)
