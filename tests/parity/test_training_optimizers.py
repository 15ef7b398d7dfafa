"""Optimizers of ``training.js`` go on from Keras's state, and schedules from its step, as Keras's.

Keras makes some steps from random gradients. Its state is handed over, and both make more steps
from the same gradients.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from .harness import NodeTf
from .node import NodeTfError
from .training_node import ask, optimize
from .training_state import array, state_of, written

BEFORE = 7
STEPS = 20
TOLERANCE = 1e-6
SHAPES = {
    "dense/kernel": (5, 3),
    "dense/bias": (3,),
    "embedding/embeddings": (6, 4),
    "conv2d/kernel": (3, 2, 2, 4),
    "scale": (1,),
}
KINDS = {
    "SGD": ["momentum"],
    "Adam": ["momentum", "velocity", "velocity_hat"],
    "AdamW": ["momentum", "velocity", "velocity_hat"],
    "Nadam": ["momentum", "velocity"],
    "Adamax": ["momentum", "norm"],
    "RMSprop": ["velocity", "momentum", "average_gradient"],
    "Adagrad": ["accumulator"],
    "Adadelta": ["accumulated_grad", "accumulated_delta_var"],
    "Lion": ["momentum"],
    "Adafactor": ["r", "c", "velocity"],
    "Ftrl": ["accumulator", "linear"],
    "Lamb": ["momentum", "velocity"],
    "Muon": ["momentum", "velocity"],
    "ScheduleFreeAdamW": ["momentum", "velocity"],
}
DECAY = {
    "class_name": "ExponentialDecay",
    "config": {"initial_learning_rate": 0.01, "decay_steps": 5, "decay_rate": 0.8},
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.8, "nesterov": True, "learning_rate": 0.05}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "epsilon": 1e-3, "beta_1": 0.8}),
    ("Adam", {"learning_rate": DECAY}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("Nadam", {}),
    ("Nadam", {"gradient_accumulation_steps": 2}),
    ("Adamax", {}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.9}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 0.01}),
    ("Adadelta", {}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.9}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.8, "weight_decay": 0.02}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False, "clip_threshold": 0.5}),
    ("Adafactor", {"learning_rate": DECAY}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "beta": 0.1,
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.02,
            "l2_shrinkage_regularization_strength": 0.03,
            "learning_rate_power": -0.4,
        },
    ),
    ("Lamb", {}),
    ("Lamb", {"weight_decay": 0.01}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "exclude_embeddings": False}),
    ("Muon", {"exclude_layers": ["dense"], "adam_lr_ratio": 0.5, "adam_weight_decay": 0.1}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 15, "weight_decay": 0.01}),
    ("SGD", {"clipnorm": 0.5}),
    ("Adam", {"clipvalue": 0.1}),
    ("SGD", {"global_clipnorm": 0.7, "weight_decay": 0.05}),
    ("Adam", {"global_clipnorm": 1000.0}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3}),
    ("SGD", {"use_ema": True, "gradient_accumulation_steps": 3}),
    ("Adam", {"gradient_accumulation_steps": 4, "clipnorm": 0.3}),
]
IDS = [f"{name}-{'-'.join(config) or 'plain'}" for name, config in CASES]


def made(class_name: str, config: dict[str, Any]) -> Any:
    """Return Keras's optimizer, which understands what its own configuration has."""
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        schedule = getattr(keras.optimizers.schedules, rate["class_name"])(**rate["config"])
        config = {**config, "learning_rate": schedule}
    return getattr(keras.optimizers, class_name)(**config)


@pytest.mark.parametrize(("class_name", "config"), CASES, ids=IDS)
def test_an_optimizer_goes_on_as_keras_does(
    class_name: str, config: dict[str, Any], training_tf: NodeTf
) -> None:
    random = np.random.default_rng(len(str(config)))
    weights = {name: random.normal(0, 0.5, shape) for name, shape in SHAPES.items()}
    variables = [
        keras.Variable(value.astype("float32"), name=name.replace("/", "_"))
        for name, value in weights.items()
    ]
    for variable, name in zip(variables, SHAPES, strict=True):
        variable._path = name
    optimizer = made(class_name, config)
    optimizer.build(variables)
    gradients = [
        [random.normal(0, 0.3, shape).astype("float32") for shape in SHAPES.values()]
        for _ in range(BEFORE + STEPS)
    ]
    for step in gradients[:BEFORE]:
        optimizer.apply(step)
    begun = {name: array(value) for name, value in zip(SHAPES, variables, strict=True)}
    state = state_of(optimizer, len(variables))
    for step in gradients[BEFORE:]:
        optimizer.apply(step)

    ended, after = optimize(
        training_tf, class_name, written(optimizer), begun, state, gradients[BEFORE:]
    )

    for own, variable, name in zip(ended, variables, SHAPES, strict=True):
        moved = np.abs(array(variable) - begun[name]).max()
        assert np.abs(own - array(variable)).max() <= TOLERANCE * max(1.0, moved), name
        assert moved > 0
    expected = state_of(optimizer, len(variables))
    for own_state, value in zip(after.values(), expected, strict=True):
        np.testing.assert_allclose(own_state, value, rtol=2e-5, atol=1e-6)
    assert next(iter(after)) == "iter"
    assert [*dict.fromkeys(name.split("/")[0] for name in after if "/" in name)][:1] in (
        [],
        KINDS[class_name][:1],
        ["gradient_accumulator"],
        ["average"],
    )


def test_all_of_kerass_optimizers_are_there() -> None:
    others = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
    classes = {
        name for name in dir(keras.optimizers) if isinstance(getattr(keras.optimizers, name), type)
    }
    assert {name for name, _ in CASES} == classes - others == set(KINDS)


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True},
    ),
    ("PiecewiseConstantDecay", {"boundaries": [5, 20], "values": [1.0, 0.5, 0.1]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 2.0}),
    (
        "PolynomialDecay",
        {
            **{"initial_learning_rate": 0.1, "decay_steps": 20, "cycle": True, "power": 0.5},
            "end_learning_rate": 0.01,
        },
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True},
    ),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "alpha": 0.1}),
    (
        "CosineDecay",
        {
            **{"initial_learning_rate": 0.0, "decay_steps": 30},
            **{"warmup_target": 0.2, "warmup_steps": 10},
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
    (
        "CosineDecayRestarts",
        {
            **{"initial_learning_rate": 0.1, "first_decay_steps": 10},
            **{"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.05},
        },
    ),
]


def test_schedules_are_kerass(training_tf: NodeTf) -> None:
    steps = [*range(60), 1000]
    made = [getattr(keras.optimizers.schedules, name)(**config) for name, config in SCHEDULES]
    cases = [
        {"class_name": type(schedule).__name__, "config": schedule.get_config(), "steps": steps}
        for schedule in made
    ]
    found = ask(training_tf, "schedules", cases=cases)["results"]
    for schedule, own in zip(made, found, strict=True):
        expected = [float(schedule(step)) for step in steps]
        np.testing.assert_allclose(own, expected, rtol=1e-6, atol=1e-9)
    bases = {"LearningRateSchedule"}
    assert {name for name, _ in SCHEDULES} == {
        name
        for name, value in vars(keras.optimizers.schedules).items()
        if isinstance(value, type) and name not in bases
    }


@pytest.mark.parametrize(
    ("class_name", "config", "message"),
    [
        ("Adam", {"beta_3": 1.0}, "Adam has no setting beta_3; it has .*beta1, beta2"),
        ("Adam", {"beta_1": "much"}, 'The setting beta_1 of Adam has to be a number, not "much"'),
        ("SGD", {"momentum": 2.0}, r"The setting momentum of SGD has to be in 0\.\.\.1, not 2"),
        ("SGD", {"clipnorm": 1.0, "clipvalue": 1.0}, "clipnorm and clipvalue of SGD"),
        ("SGD", {"learning_rate": {"class_name": "Mine", "config": {}}}, "no .*schedule Mine"),
        ("AdamW", {"weight_decay": None}, "weightDecay of AdamW has to be a number"),
    ],
)
def test_a_wrong_setting_is_named(
    class_name: str, config: dict[str, Any], message: str, training_tf: NodeTf
) -> None:
    with pytest.raises(NodeTfError, match=message):
        optimize(training_tf, class_name, config, {}, None, [])


def test_a_state_of_other_weights_is_refused(training_tf: NodeTf) -> None:
    weights = {"a": np.zeros((2, 3), "float32")}
    with pytest.raises(NodeTfError, match="Adam has 2 tensors beside iter, but 1 were saved"):
        optimize(training_tf, "Adam", {}, weights, [np.int32(1), np.zeros((2, 3))], [])
    slots = [np.zeros((2, 3)), np.zeros((3, 2))]
    with pytest.raises(NodeTfError, match=r"velocity/a of Adam has shape \[2,3\], +\[3,2\]"):
        optimize(training_tf, "Adam", {}, weights, [np.int32(1), *slots], [])


def test_keras_2_added_epsilon_to_the_root(training_tf: NodeTf) -> None:
    before, gradient = np.float32([[1.0, 2.0]]), np.float32([[0.5, -0.1]])
    old = {"dialect": "keras2", "epsilon": 0.1, "learning_rate": 0.5}
    expected = {
        ("RMSprop", 0.0): before - 0.5 * gradient / (np.sqrt(0.1 * gradient**2) + 0.1),
        ("RMSprop", 0.9): before - 0.5 * gradient / np.sqrt(0.1 * gradient**2 + 0.1),
        ("Adagrad", None): before - 0.5 * gradient / (np.sqrt(0.1 + gradient**2) + 0.1),
    }
    for (class_name, momentum), value in expected.items():
        config = old if momentum is None else {**old, "momentum": momentum}
        (after,), _ = optimize(training_tf, class_name, config, {"w": before}, None, [[gradient]])
        np.testing.assert_allclose(after, value, rtol=1e-6)


def test_tf_keras_averages_from_the_weights_on(training_tf: NodeTf) -> None:
    config = {"use_ema": True, "ema_momentum": 0.75, "learning_rate": 1.0}
    steps = [[np.float32([2.0])]]
    weights = {"w": np.float32([4.0])}
    for dialect, average in (("keras3", 2.0), ("tf_keras", 3.5)):
        own = {**config, "dialect": dialect}
        (after,), state = optimize(training_tf, "SGD", own, weights, None, steps)
        assert (after[0], state["average/w"][0]) == (2.0, average)
