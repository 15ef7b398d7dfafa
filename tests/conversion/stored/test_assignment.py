"""Weights are assigned by position, in the order in which each generation saves them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conversion.building import Json, given, layer, saved, sequential, weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import Container, KerasModel


def values(model: KerasModel) -> dict[str, float]:
    """Return the first value of each translated weight by its name in TF.js."""
    weights = translate(model).weights
    return {item.name: float(next(item.source.blocks(64))[0]) for item in weights}


def frozen_inside(generation: int) -> Json:
    """Return a Sequential with a nested one: a frozen Dense, a normalization, a Dense."""
    dense = {"units": 1, "use_bias": False}
    inner = [
        given("i", (None, 1), generation),
        layer("Dense", "first", **dense, **{"trainable": False}),
        layer("BatchNormalization", "norm", axis=[1] if generation == 2 else -1),
        layer("Dense", "last", **dense),
    ]
    nested = sequential(inner, name="inner")
    return sequential([given("x", (None, 1), generation), {**nested, "name": "inner"}])


@pytest.mark.parametrize("generation", [2, 3])
def test_frozen_layers_of_a_nested_model_come_after_the_trainable_ones(generation: int) -> None:
    flat = [
        *(weight([index]) for index in (10, 11)),  # gamma, beta
        weight([[12]]),  # last/kernel
        weight([[13]]),  # first/kernel, frozen
        *(weight([index]) for index in (14, 15)),  # moving mean and variance
    ]
    model = saved(frozen_inside(generation), {"inner": flat}, generation=generation)
    assert values(model) == {
        "first/kernel": 13,
        "norm/gamma": 10,
        "norm/beta": 11,
        "norm/moving_mean": 14,
        "norm/moving_variance": 15,
        "last/kernel": 12,
    }


def test_a_frozen_nested_model_differs_between_the_generations() -> None:
    """Keras 3 keeps the order of creation; Keras 2 puts what would be trainable first."""
    flat = [weight([[0]]), *(weight([index]) for index in (1, 2, 3, 4)), weight([[5]])]
    orders = {}
    for generation in (2, 3):
        config = frozen_inside(generation)
        nested = config["config"]["layers"][1]
        nested["config"]["trainable"] = False
        for entry in nested["config"]["layers"][1:]:
            entry["config"]["trainable"] = False
        model = saved(config, {"inner": flat}, generation=generation)
        orders[generation] = values(model)
    assert orders[3]["norm/moving_mean"] == 3
    assert orders[3]["last/kernel"] == 5
    assert orders[2]["first/kernel"] == 0
    assert orders[2]["norm/moving_variance"] == 4


def test_names_in_the_file_do_not_matter() -> None:
    dense = layer("Dense", "d", units=1, use_bias=True)
    refs = [weight([[1]], name="anything:0"), weight([2], name="kernel")]
    model = saved(sequential([given("x", (None, 1)), dense]), {"d": refs})
    assert values(model) == {"d/kernel": 1, "d/bias": 2}


def test_missing_weights_are_a_problem_of_the_layer() -> None:
    dense = layer("Dense", "d", units=1, use_bias=True)
    model = saved(sequential([given("x", (None, 1)), dense]), {"d": [weight([[1]])]})
    with pytest.raises(ConversionError) as caught:
        translate(model)
    (problem,) = caught.value.problems
    assert (problem.code, problem.layer_path) == ("weights-do-not-fit", "m/d")


def test_an_archive_has_the_paths_of_the_objects() -> None:
    forward = layer("LSTM", "forward_l", units=1, go_backwards=False)
    backward = layer("LSTM", "backward_l", units=1, go_backwards=True)
    both = layer("Bidirectional", "b", layer=forward, backward_layer=backward)
    layers = [given("x", (None, 2, 1)), both, layer("Dense", "z", units=1, use_bias=False)]
    dense = layer("Dense", "a", units=1, use_bias=False)
    three = np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4)
    weights = {
        "layers/bidirectional/forward_layer/cell": [weight(array + 1) for array in three],
        "layers/bidirectional/backward_layer/cell": [weight(array + 2) for array in three],
        "layers/dense": [weight([[3], [3]])],
        "layers/dense_1": [weight([[4]])],
    }
    model = saved(sequential([*layers, dense]), weights, container=Container.KERAS_ZIP)
    found = values(model)
    assert found["b/forward_l/recurrent_kernel"] == 1
    assert found["b/backward_l/bias"] == 2
    assert (found["z/kernel"], found["a/kernel"]) == (3, 4)


def alike(name: str) -> Json:
    dense = layer("Dense", "d", units=1, use_bias=False)
    return {**sequential([given("x", (None, 1)), dense], name=name), "name": name}


@pytest.mark.parametrize(("models", "is_told"), [(2, True), (3, False)])
def test_a_layer_without_weights_is_the_one_that_looks_like_it_if_only_one_does(
    models: int, is_told: bool
) -> None:
    """An archive has a layer that models share only once; the last model is the one without."""
    names = ["a", "b", "c"][:models]
    paths = ["layers/sequential", "layers/sequential_1"][: models - 1]
    weights = {f"{path}/layers/dense": [weight([[index]])] for index, path in enumerate(paths)}
    config = sequential([given("x", (None, 1)), *map(alike, names)])
    model = saved(config, weights, container=Container.KERAS_ZIP)
    if is_told:
        assert set(values(model).values()) == {0}
        return
    with pytest.raises(ConversionError) as caught:
        translate(model)
    assert {problem.code for problem in caught.value.problems} == {"weights-do-not-fit"}
