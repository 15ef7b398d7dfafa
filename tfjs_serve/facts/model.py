"""All that is known of one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfjs_serve.facts import checks
from tfjs_serve.facts.layers import InnerModel, LayerInfo, TensorInfo
from tfjs_serve.facts.proof import ProofInfo
from tfjs_serve.facts.training import TrainingInfo
from tfjs_serve.facts.weight_error import WeightError

MOST_LAYERS = 10_000
"""How many layers are told one by one."""
MOST_LISTED_LAYERS = 500
"""How many layers are told in ``/-/models.json``, which has those of all models."""
MOST_LABELS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model.

    Attributes
    ----------
    layers
        In the order of the Keras model, those inside of other layers after them; the first ones,
        if there are more than `MOST_LAYERS`.
    layer_count
        How many there are in all.
    models
        The model itself and those inside of it, outer ones first; the first ones, if there are
        more than `MOST_LAYERS`. Empty if nothing tells how its layers are connected.
    parameters
        How many numbers the weights of the Keras model have.
    labels
        Names of the classes that the output stands for; empty if nothing tells them.
    parts
        What the model needs of ``layers.js``: names of its parts.
    weight_bytes
        Size of the weights by variant.
    weight_error
        How far the weights are from those of the full model; ``None`` where they were not written,
        or are not quantized.
    training
        How it was trained; ``None`` if nothing tells.
    proof
        What lies beside it of what Keras predicted; ``None`` if nothing does.
    """

    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    layers: tuple[LayerInfo, ...] = ()
    layer_count: int = 0
    models: tuple[InnerModel, ...] = ()
    parameters: int = 0
    labels: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    weight_bytes: Mapping[str, int] = field(default_factory=dict)
    weight_error: WeightError | None = None
    training: TrainingInfo | None = None
    proof: ProofInfo | None = None

    @property
    def needs_layers(self) -> bool:
        """Whether a page has to load ``layers.js`` before the model."""
        return bool(self.parts)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; keys are in camel case, as usual in JavaScript."""
        return {
            **self.listed(),
            "layers": [layer.to_json() for layer in self.layers],
            "models": [model.to_json() for model in self.models],
        }

    def listed(self) -> dict[str, Any]:
        """Return what of it is in ``/-/models.json``."""
        return {
            "inputs": [tensor.to_json() for tensor in self.inputs],
            "outputs": [tensor.to_json() for tensor in self.outputs],
            "parameters": self.parameters,
            "labels": list(self.labels),
            "layerCount": self.layer_count,
            "layers": [layer.listed() for layer in self.layers[:MOST_LISTED_LAYERS]],
            "needsOfLayersJs": list(self.parts),
            "weightBytes": dict(self.weight_bytes),
            "weightError": self.weight_error.to_json() if self.weight_error else None,
            "training": self.training.to_json() if self.training else None,
            "proof": self.proof.to_json() if self.proof else None,
        }

    @classmethod
    def from_json(cls, data: Any) -> ModelFacts:
        """Rebuild the facts.

        Raises
        ------
        KeyError, TypeError, ValueError
            They are not facts of a model, or more than are told.
        """
        sizes, training, proof = data["weightBytes"], data["training"], data["proof"]
        error = data.get("weightError")  # records of earlier versions have none
        if not isinstance(sizes, dict) or len(sizes) > checks.MOST_TENSORS:
            raise TypeError("not the sizes of variants")
        return cls(
            inputs=checks.list_of(data["inputs"], TensorInfo.from_json, checks.MOST_TENSORS),
            outputs=checks.list_of(data["outputs"], TensorInfo.from_json, checks.MOST_TENSORS),
            layers=checks.list_of(data["layers"], LayerInfo.from_json, MOST_LAYERS),
            layer_count=checks.count(data["layerCount"]),
            models=checks.list_of(data["models"], InnerModel.from_json, MOST_LAYERS),
            parameters=checks.count(data["parameters"]),
            labels=checks.list_of(data["labels"], checks.text, MOST_LABELS),
            parts=checks.list_of(data["needsOfLayersJs"], checks.text, checks.MOST_TENSORS),
            weight_bytes={checks.text(name): checks.count(size) for name, size in sizes.items()},
            weight_error=None if error is None else WeightError.from_json(error),
            training=None if training is None else TrainingInfo.from_json(training),
            proof=None if proof is None else ProofInfo.from_json(proof),
        )
