"""The road through this room: normalize, assign weights, apply the rules, write the graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tfjs_serve import companion
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.masks.check_masks import check_masks
from tfjs_serve.conversion.masks.check_states import MIXED_STATES, check_states
from tfjs_serve.conversion.masks.explicit import with_explicit_masks
from tfjs_serve.conversion.model.layers import CONTAINERS, Json, KerasLayer, Variable
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.sources import LayerWeights, with_named_errors
from tfjs_serve.conversion.rules.context import TfjsLayer
from tfjs_serve.conversion.rules.registry import Rules
from tfjs_serve.conversion.rules.tfjs_names import tfjs_names
from tfjs_serve.conversion.spelling.normalize import normalize
from tfjs_serve.conversion.stored.assignment import Own
from tfjs_serve.conversion.stored.learned_arguments import completed
from tfjs_serve.conversion.stored.page_layers import page_variables
from tfjs_serve.conversion.stored.restore import nonsense_as_error, read_layers
from tfjs_serve.conversion.writing.distinct_inputs import with_distinct_inputs
from tfjs_serve.conversion.writing.loadable import check_loadable
from tfjs_serve.conversion.writing.scalar_inputs import with_scalar_inputs
from tfjs_serve.conversion.writing.translator import Translator
from tfjs_serve.keras_files import KerasModel
from tfjs_serve.layers_model.model import LayersModel


def translate(keras_model: KerasModel, custom_layers: Collection[str] = ()) -> LayersModel:
    """Return the model in TF.js's terms.

    Parameters
    ----------
    custom_layers
        Names of the layer classes that the page registers itself; see ``writing/custom.py``.

    Raises
    ------
    ConversionError
        With every reason why it cannot be expressed.
    KerasFileError
        The configuration is not one that Keras writes.
    """
    with nonsense_as_error(keras_model):
        return _translate(keras_model, custom_layers)


def _translate(keras_model: KerasModel, custom_layers: Collection[str]) -> LayersModel:
    report = Report(keras_model.display_name)
    model = _normalized(keras_model, report)
    known = rules()
    _check_kind(model, report)
    own = _own_variables(known, page_variables(model, keras_model, custom_layers))
    model, weights = read_layers(model, keras_model, own, known, report)
    layer, report = _translated(with_scalar_inputs(model), weights, custom_layers, report)
    report.raise_problems()
    written = with_distinct_inputs(layer.to_json())
    check_loadable(written)
    return LayersModel(
        topology={
            "keras_version": keras_model.keras_version,
            "backend": "tensorflow",
            "model_config": written,
        },
        weights=tuple(
            with_named_errors(weight, keras_model.display_name) for weight in layer.weights
        ),
        user_defined_metadata=_metadata(model),
        generated_by=f"keras {keras_model.keras_version}",
        warnings=report.warnings,
        companion_files=companion.files() if _needs_companion(written) else {},
    )


def _needs_companion(value: Json) -> bool:
    """Whether a class of ``layers.js`` is anywhere in a configuration."""
    if isinstance(value, dict):
        class_name = value.get("class_name")
        named = isinstance(class_name, str) and class_name.startswith(f"{companion.PACKAGE}>")
        return named or any(map(_needs_companion, value.values()))
    return isinstance(value, list) and any(map(_needs_companion, value))


def _metadata(model: KerasLayer) -> dict[str, Json] | None:
    """Return what ``getUserDefinedMetadata`` tells a page that TF.js's lists do not."""
    structures = dict(model.graph.structures) if model.graph else {}
    return structures or None


def _translated(
    model: KerasLayer, weights: LayerWeights, custom_layers: Collection[str], report: Report
) -> tuple[TfjsLayer, Report]:
    """Return the translated model, and `report` with what was found.

    Masks become tensors only where TF.js would hand on others than Keras: as long as they travel
    by themselves, plain TF.js layers use them.
    """
    first = report.copy()
    layer = _attempted(model, weights, custom_layers, first)
    if not first.codes & {"unsupported-mask", MIXED_STATES}:
        return layer, first
    second = report.copy()
    flat = with_explicit_masks(model, rules(), second)
    return _attempted(flat, weights, custom_layers, second), second


def _attempted(
    model: KerasLayer, weights: LayerWeights, custom_layers: Collection[str], report: Report
) -> TfjsLayer:
    known = rules()
    translator = Translator(
        rules=known,
        weights=weights,
        names=tfjs_names(model, report),
        facts=infer(model, known, report),
        custom_layers=custom_layers,
        report=report,
    )
    layer = translator.layer(model, translator.names[model.path], scope="")
    executed = infer(model, known, report, translator.containers)
    check_masks(executed, known, report)
    check_states(executed, known, report)
    return layer


def _normalized(keras_model: KerasModel, report: Report) -> KerasLayer:
    generation = keras_model.dialect.generation
    model = normalize(keras_model.config, generation, report, tuple(keras_model.weights))
    return completed(model, keras_model)


def _check_kind(model: KerasLayer, report: Report) -> None:
    if model.class_name not in CONTAINERS:
        report.problem(
            model,
            "unsupported-model",
            "Only Sequential and Functional models describe their own computation.",
            "Rebuild it with keras.Sequential or keras.Model(inputs, outputs).",
        )
        report.raise_problems()


def _own_variables(known: Rules, of_page: Mapping[str, tuple[Variable, ...]]) -> Own:
    def own(layer: KerasLayer) -> tuple[Variable, ...] | None:
        if layer.class_name in CONTAINERS or layer.is_operation:
            return ()
        if layer.path in of_page:
            return of_page[layer.path]
        rule = known.get(layer.class_name)
        return None if rule is None or layer.is_custom else rule.variables(layer.config)

    return own
