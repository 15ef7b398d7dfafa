"""Optimizers of all generations are put into Keras 3's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfjs_serve.conversion.training.model import Setting, Writer

from .reading import KERAS1, KERAS2, KERAS3, TF_KERAS, read


def _optimizer(class_name: str, writer: Writer, **config: Any) -> Setting:
    value = {"class_name": class_name, "config": config}
    optimizer = read(optimizer=value, writer=writer).optimizer
    assert optimizer is not None
    return optimizer


def test_old_optimizers_are_put_into_new_words() -> None:
    old = _optimizer("RMSprop", KERAS1, lr=0.25, rho=0.8, epsilon=1e-8)
    assert (old.config["learning_rate"], old.config["rho"]) == (0.25, 0.8)
    decaying = _optimizer("SGD", KERAS2, lr=0.5, decay=0.125, momentum=0.9, nesterov=True)
    rate = decaying.config["learning_rate"]
    assert rate.class_name == "InverseTimeDecay"
    assert rate.config["initial_learning_rate"] == 0.5
    assert rate.config["decay_rate"] == 0.125
    assert _optimizer("Adagrad", KERAS2, lr=0.5).config["initial_accumulator_value"] == 0.0
    assert _optimizer("Adam", KERAS2, lr=0.5, clipnorm=1.0).config["global_clipnorm"] == 1.0
    assert _optimizer("Adam", TF_KERAS, learning_rate=0.5, clipnorm=1.0).config["clipnorm"] == 1.0
    registered = _optimizer("Custom>Adam", TF_KERAS, learning_rate=0.5, is_legacy_optimizer=False)
    assert registered.class_name == "Adam"


def test_an_optimizer_by_its_name_has_the_defaults_of_its_class() -> None:
    for name, rate in (("adam", 0.001), ("SGD", 0.01)):
        optimizer = read(optimizer=name, writer=TF_KERAS).optimizer
        assert optimizer is not None
        assert optimizer == _optimizer(name, KERAS3, learning_rate=rate)
    nadam = read(optimizer="nadam", writer=TF_KERAS).optimizer
    assert nadam is not None
    assert nadam.class_name == "Nadam"


@pytest.mark.parametrize("is_legacy", [True, False])
def test_the_script_is_told_of_optimizers_from_before_keras_2_11(is_legacy: bool) -> None:
    config = {"learning_rate": 0.5} if is_legacy else {"learning_rate": 0.5, **_NEW}
    optimizer = _optimizer("RMSprop", TF_KERAS, **config)
    assert ("dialect" in optimizer.config) == is_legacy


_NEW = {"is_legacy_optimizer": False, "weight_decay": None, "jit_compile": True}


def test_gradients_may_be_accumulated() -> None:
    adam = _optimizer("Adam", KERAS3, learning_rate=0.5, gradient_accumulation_steps=2)
    assert adam.config["gradient_accumulation_steps"] == 2


def test_a_learning_rate_is_as_short_as_its_float32() -> None:
    rate = float(np.float32(0.001))
    assert _optimizer("SGD", KERAS3, learning_rate=rate).config["learning_rate"] == 0.001


def test_an_optimizer_that_scales_losses_is_the_one_inside() -> None:
    inner = {"class_name": "SGD", "config": {"learning_rate": 0.25}}
    scaled = _optimizer("LossScaleOptimizer", KERAS3, inner_optimizer=inner, initial_scale=2.0)
    assert scaled == _optimizer("SGD", KERAS3, learning_rate=0.25)
