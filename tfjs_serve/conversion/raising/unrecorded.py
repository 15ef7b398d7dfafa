"""Takes a model that has no record to Keras: one made in JavaScript, or by another converter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tfjs_serve import companion
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.report import NONSENSE
from tfjs_serve.conversion.model.sources import Array, LayerWeights
from tfjs_serve.conversion.passes import complete_arguments, own_variables, spelled
from tfjs_serve.conversion.raising.by_names import variables_by_names
from tfjs_serve.conversion.raising.model import Origin, Page
from tfjs_serve.conversion.raising.otherwise import notes_of_difference
from tfjs_serve.conversion.raising.tfjs_spelling import keras_entry
from tfjs_serve.conversion.training.trained_weights import trained_weights
from tfjs_serve.keras_files import Container, Dialect, KerasModel
from tfjs_serve.keras_files.dialects import read_generation
from tfjs_serve.layers_model.model import LayersWeight

_VERSIONS = {2: "2.15.0", 3: "3.15.1"}
"""What is stated where nobody says which Keras it was: TensorFlow.js follows Keras 2."""
_HINT_COMPANION = (
    "Convert the Keras file again with this version of tfjs-serve, whose models remember what "
    "their layers were."
)
_HINT_UNKNOWN = "Replace the layer by one that Keras has, or rebuild the model in Python."


def unrecorded(page: Page) -> Origin:
    """Return a Keras model with the layers and weights of the page.

    Raises
    ------
    ConversionError
        Keras has no layer for some of them, or weights are missing.
    KerasFileError
        It makes no sense.
    """
    config: Mapping[str, Json] = page.model
    generation = max(read_generation("", config, page.display_name), 2)
    if generation == 2:
        config = keras_entry(config, page.weights)
    version = page.keras_version if page.keras_version[:1] == str(generation) else ""
    file = KerasModel(
        display_name=page.display_name,
        dialect=Dialect(generation=generation, container=Container.HDF5, backend="tensorflow"),
        keras_version=version or _VERSIONS[generation],
        config=config,
        weights={},
    )
    draft = complete_arguments(spelled(file, ()))
    report, own = draft.report, own_variables(draft)
    for layer in draft.model.walk():
        if own(layer) is None:
            is_ours = companion.PACKAGE in layer.class_name
            report.problem(
                layer,
                "no-such-layer",
                "Keras has no such layer: layers.js computes it."
                if is_ours
                else "Keras has no such layer.",
                _HINT_COMPANION if is_ours else _HINT_UNKNOWN,
            )
    report.raise_problems()
    variables = variables_by_names(draft.model, page.weights, own, report)
    report.raise_problems()
    return Origin(
        generation=generation,
        keras_version=file.keras_version,
        config=config,
        model=draft.model,
        variables=variables,
        trained=_trained(config, page),
        arranged=partial(_arranged, variables, page),
        training=page.training,
        notes=(*report.warnings, *notes_of_difference(draft, variables)),
    )


def _trained(config: Mapping[str, Json], page: Page) -> Sequence[str]:
    """Return the names of the weights that the page trains, in its order."""
    weights = [LayersWeight(name=name, source=one) for name, one in page.weights.items()]
    try:
        return [weight.name for weight in trained_weights(config, weights)]
    except NONSENSE:
        return ()


def _arranged(
    variables: LayerWeights, page: Page, slots: Mapping[str, Array]
) -> dict[str, dict[str, Array]]:
    names = {id(one): name for name, one in page.weights.items()}
    return {
        path: {
            variable: slots[names[id(one)]]
            for variable, one in named.items()
            if names[id(one)] in slots
        }
        for path, named in variables.items()
    }
