"""Weights without an architecture, as the official converter hands them to pages.

A ``model.json`` without a topology is no model: ``tf.loadLayersModel`` refuses it, but
``tf.io.loadWeights`` reads its manifest. Weights keep the names that they have in the file, in the
order of its layers, or of the names of objects (``h5_weights_to_tfjs_format`` in the official
converter's ``keras_h5_conversion.py``).
"""

from __future__ import annotations

from tfjs_serve.errors import WeightsOnlyFileError
from tfjs_serve.keras_files import Container, KerasModel
from tfjs_serve.layers_model.model import LayersModel, LayersWeight

_NOTE = (
    "It holds weights only, so model.json has no topology, and tf.loadLayersModel cannot load it. "
    "For a whole model, put the architecture (model.to_json()) beside the file, or name it: "
    "--topology FILE."
)


def are_alone(keras_model: KerasModel) -> bool:
    """Whether a file holds weights, and no architecture is known that may be theirs."""
    return not keras_model.config and not keras_model.architectures


def no_architecture(keras_model: KerasModel) -> WeightsOnlyFileError:
    """Return the error for weights that are alone."""
    return WeightsOnlyFileError(
        f"{keras_model.display_name} holds weights only, not the model's architecture",
        hint="put the architecture (model.to_json()) beside it as a .json file; or build the model "
        "in Python, call model.load_weights(...) and then model.save('name.keras')",
    )


def weights_alone(keras_model: KerasModel) -> LayersModel:
    """Return a model that is nothing but weights."""
    version, weights = keras_model.keras_version, keras_model.weights
    by_object = keras_model.dialect.container is Container.KERAS_ZIP
    return LayersModel(
        topology={},
        weights=tuple(
            LayersWeight(name=ref.name.removesuffix(":0"), source=ref, layer=layer)
            for layer in (sorted(weights) if by_object else weights)
            for ref in weights[layer]
        ),
        generated_by=f"keras {version}" if version else "",
        warnings=(_NOTE,),
    )
