"""Reference gradients, by Keras 3 on its jax backend: ``python -m tests.parity.gradients FOLDER``.

Its own process, because a backend is for good, and all other tests want another one. Writes a model
file per case, ``<id>.keras``, and ``<id>.npz`` with the inputs, the target, the gradients of the
mean squared error with respect to all trainable weights, one after another, and the predictions
after a step of gradient descent.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .cases.case import Keras, generator
from .cases.inputs import Array
from .grid.cases import GridCase, layer_case
from .grid.subjects import FAMILIES

RATE = 0.05
TRAINED = (
    # By layers of TensorFlow.js
    *("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose"),
    *("DepthwiseConv1D", "SeparableConv1D", "BatchNormalization", "LayerNormalization"),
    *("GroupNormalization", "RMSNormalization", "UnitNormalization", "SpectralNormalization"),
    *("Normalization", "Subtract", "Softmax", "PReLU", "LSTM", "SimpleRNN", "Embedding"),
    *("UpSampling1D", "ZeroPadding1D", "Cropping1D", "AdaptiveAveragePooling1D"),
    # With the companion
    *("GRU", "Bidirectional", "MultiHeadAttention", "GroupQueryAttention", "Attention"),
    *("AdditiveAttention", "ConvLSTM1D", "ConvLSTM2D", "Conv3D", "ReversibleEmbedding", "RNN"),
    *("GlobalMaxPooling3D", "AdaptiveMaxPooling2D", "TimeDistributed", "Resizing"),
)
"""Classes whose layers are trained, each with its default arguments and inside of a model."""


def training_cases() -> list[GridCase]:
    """Return a case per class in `TRAINED`."""
    first = {
        subject.class_name: layer_case(family, subject, (), "inside")
        for family, subjects in FAMILIES.items()
        for subject in reversed(subjects)
    }
    return [first[name] for name in TRAINED]


def gradients(model: Any, inputs: list[Array], target: Array) -> tuple[list[Any], Array]:
    """Return the gradients of the trainable weights, and predictions after one step."""
    import jax

    trained = [variable.value for variable in model.trainable_variables]
    fixed = [variable.value for variable in model.non_trainable_variables]
    given = inputs if len(inputs) > 1 else inputs[0]

    def predictions(weights: list[Any]) -> Any:
        return model.stateless_call(weights, fixed, given, training=False)[0]

    def loss(weights: list[Any]) -> Any:
        (output,) = jax.tree.leaves(predictions(weights))
        return ((output - target) ** 2).mean()

    @jax.jit  # one compilation instead of one per operation
    def step(weights: list[Any]) -> Any:
        slopes = jax.grad(loss)(weights)
        stepped = [weight - RATE * slope for weight, slope in zip(weights, slopes, strict=True)]
        return slopes, jax.tree.leaves(predictions(stepped))

    slopes, (after,) = step(trained)
    return slopes, np.asarray(after)


def write(keras: Keras, case: GridCase, folder: Path) -> None:
    """Write the files of one case."""
    keras.backend.clear_session()
    model = case.build(keras)
    case.prepare(case.id, model)
    inputs = case.inputs(case.id, model)
    target = generator(f"target of {case.id}").normal(0, 1, _output_shape(model, inputs))
    slopes, after = gradients(model, inputs, target.astype("float32"))
    model.save(folder / f"{case.id}.keras")
    arrays = {f"input_{index}": array for index, array in enumerate(inputs)}
    flat = np.concatenate([np.ravel(slope) for slope in slopes])
    np.savez(folder / f"{case.id}.npz", target=target, gradients=flat, after=after, **arrays)


def _output_shape(model: Any, inputs: list[Array]) -> tuple[int, ...]:
    (output,) = model.outputs
    return (len(inputs[0]), *output.shape[1:])


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import keras

    warnings.simplefilter("ignore")
    only = sys.argv[2:]
    for case in training_cases():
        if not only or case.class_name in only:
            write(keras, case, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
