"""Slots of an optimizer: which is which, and how each follows its weight."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conversion.building import weight
from tfjs_serve.conversion.model.sources import computed_source, reshaped_source, values
from tfjs_serve.conversion.training.model import Setting
from tfjs_serve.conversion.training.slots import find_slots
from tfjs_serve.conversion.training.state import NoStateError, left_to_adam, state_weights
from tfjs_serve.conversion.training.tables import OF_ALL_OPTIMIZERS, OPTIMIZERS
from tfjs_serve.keras_files import WeightRef
from tfjs_serve.layers_model.model import LayersWeight, TensorSource

KERNEL = weight(np.arange(6).reshape(2, 3), "kernel")
BIAS = weight(np.arange(3), "bias")
TRAINED = (KERNEL, BIAS)


def optimizer(class_name: str, **config: object) -> Setting:
    full = {"learning_rate": 0.5, **OF_ALL_OPTIMIZERS, **OPTIMIZERS[class_name], **config}
    return Setting(class_name=class_name, config=full)


def slot(name: str, like: WeightRef) -> WeightRef:
    return weight(np.zeros(like.shape), name)


ITERATION = weight(3, "iteration")
RATE = weight(0.5, "rate")
INTERLEAVED = [slot("m0", KERNEL), slot("v0", KERNEL), slot("m1", BIAS), slot("v1", BIAS)]
LISTS = [slot("m0", KERNEL), slot("m1", BIAS), slot("v0", KERNEL), slot("v1", BIAS)]
HATS = [slot("h0", KERNEL), slot("h1", BIAS)]


@pytest.mark.parametrize(
    ("saved", "legacy"),
    [
        ([ITERATION, RATE, *INTERLEAVED], False),
        ([ITERATION, *INTERLEAVED], False),
        ([ITERATION, *LISTS], True),
        ([ITERATION, *LISTS, weight([0.0]), weight([0.0])], True),  # Keras 2.2 without amsgrad
        ([*LISTS], True),
    ],
)
def test_both_orders_are_told_apart(saved: list[WeightRef], legacy: bool) -> None:
    found = find_slots(optimizer("Adam"), saved, TRAINED, legacy=legacy)
    assert found is not None
    names = {kind: [ref.name for ref in refs] for kind, refs in found.kinds.items()}
    assert names == {"momentum": ["m0", "m1"], "velocity": ["v0", "v1"]}
    assert (found.iteration is ITERATION) == (ITERATION in saved)


def test_averages_come_last() -> None:
    adam = optimizer("Adam", amsgrad=True, use_ema=True)
    averages = [slot("a0", KERNEL), slot("a1", BIAS)]
    saved = [ITERATION, *averages, *INTERLEAVED, *HATS]
    found = find_slots(adam, saved, TRAINED, legacy=False)
    assert found is not None
    assert list(found.kinds) == ["momentum", "velocity", "velocity_hat", "average"]


def test_variables_of_another_model_are_not_taken() -> None:
    adam = optimizer("Adam")
    assert find_slots(adam, [ITERATION, *INTERLEAVED[:3]], TRAINED, legacy=False) is None
    assert find_slots(adam, [ITERATION, *LISTS], TRAINED, legacy=False) is None
    muon = optimizer("Muon")
    assert find_slots(muon, [ITERATION], TRAINED, legacy=False, left_to_adam=[False, True]) is None


@pytest.mark.parametrize("class_name", ["ScheduleFreeAdamW", "Adam"])
def test_sums_of_gradients_are_the_last_but_averages(class_name: str) -> None:
    adam = optimizer(class_name, gradient_accumulation_steps=2, use_ema=True)
    first = [slot("a0", KERNEL), slot("a1", BIAS), slot("s0", KERNEL), slot("s1", BIAS)]
    found = find_slots(adam, [ITERATION, RATE, *first, *INTERLEAVED], TRAINED, legacy=False)
    assert found is not None
    assert list(found.kinds) == ["momentum", "velocity", "gradient_accumulator", "average"]
    assert [ref and ref.name for ref in found.kinds["gradient_accumulator"]] == ["s0", "s1"]


def test_the_variables_around_scaled_losses_are_left_out() -> None:
    scaling = [
        weight(0, "iteration"),
        weight(0.0, "rate"),
        weight(3, "steps"),
        weight(2.0, "scale"),
    ]
    saved = [*scaling, ITERATION, RATE, *INTERLEAVED]
    found = find_slots(optimizer("Adam"), saved, TRAINED, legacy=False)
    assert found is not None
    assert found.iteration is ITERATION


def test_muon_has_a_velocity_for_what_it_leaves_to_adam() -> None:
    table = weight(np.ones((4, 3)), "embeddings")
    trained = [table, KERNEL, BIAS]
    written = [
        LayersWeight(name="d/bias", source=BIAS),
        LayersWeight(name="d/kernel", source=KERNEL),
        LayersWeight(name="e/embeddings", source=table),
    ]
    muon = optimizer("Muon", use_ema=True)
    averages = [slot(f"a{index}", one) for index, one in enumerate(trained)]
    slots = [slot("m0", table), slot("v0", table), slot("m1", KERNEL), slot("m2", BIAS)]
    saved = [ITERATION, RATE, *averages, *slots, slot("v2", BIAS)]
    flags = left_to_adam(muon, trained, written)
    assert flags == [True, False, True]
    found = find_slots(muon, saved, trained, legacy=False, left_to_adam=flags)
    assert found is not None
    names = [one.name for one in state_weights(muon, found, trained, written)]
    assert names == [
        "iter",
        *(f"momentum/{one.name}" for one in written),
        "velocity/d/bias",
        "velocity/e/embeddings",
        *(f"average/{one.name}" for one in written),
    ]


@pytest.mark.parametrize(
    ("patterns", "wanted"), [(["last"], [False, True]), (["d/"], [True, True]), ([], [False, True])]
)
def test_layers_may_be_excluded_from_muon(patterns: list[str], wanted: list[bool]) -> None:
    written = [
        LayersWeight(name="d/kernel", source=KERNEL),
        LayersWeight(name="last/bias", source=BIAS),
    ]
    assert left_to_adam(optimizer("Muon", exclude_layers=patterns), TRAINED, written) == wanted


def test_muon_starts_anew_where_the_page_would_take_other_weights() -> None:
    turned = computed_source(np.transpose, KERNEL, shape=(3, 2))
    for muon, source in (
        (optimizer("Muon"), reshaped_source(KERNEL, (6,))),
        (optimizer("Muon"), turned),
        (optimizer("Muon", exclude_layers=["(a+)+$"]), KERNEL),
    ):
        with pytest.raises(NoStateError):
            left_to_adam(muon, [KERNEL], [LayersWeight(name="k", source=source)])


@pytest.mark.parametrize("placeholders", [[], [weight(0.0), weight(0.0)]])
def test_the_means_of_adafactor_are_of_whole_weights(placeholders: list[WeightRef]) -> None:
    means = [weight([1, 2], "r"), weight([1, 2, 3], "c"), slot("v", KERNEL)]
    saved = [ITERATION, RATE, *means, *placeholders, slot("b", BIAS)]
    adafactor = optimizer("Adafactor")
    slots = find_slots(adafactor, saved, TRAINED, legacy=False)
    assert slots is not None
    written = [LayersWeight(name="b", source=BIAS), LayersWeight(name="k", source=KERNEL)]
    found = state_weights(adafactor, slots, TRAINED, written)
    shapes = {one.name: one.source.shape for one in found}
    assert shapes == {
        "iter": (),
        "r/b": (),
        "r/k": (2,),
        "c/b": (),
        "c/k": (3,),
        "v/b": (3,),
        "v/k": (2, 3),
    }
    turned = computed_source(np.transpose, KERNEL, shape=(3, 2))
    with pytest.raises(NoStateError, match="means"):
        state_weights(
            adafactor, slots, TRAINED, [written[0], LayersWeight(name="k", source=turned)]
        )
    assert find_slots(adafactor, saved[:-1], TRAINED, legacy=False) is None


def _state(*written: TensorSource) -> list[np.ndarray]:
    """Return the momentum of weights that are made of `KERNEL`, whose slot is ten times it."""
    slots = find_slots(
        optimizer("Lion"), [ITERATION, weight(10 * values(KERNEL))], [KERNEL], legacy=False
    )
    assert slots is not None
    weights = [LayersWeight(name=f"w{at}", source=one) for at, one in enumerate(written)]
    found = state_weights(optimizer("Lion"), slots, [KERNEL], weights)
    assert [one.name for one in found] == ["iter", *(f"momentum/{one.name}" for one in weights)]
    assert all(one.group == "optimizer" for one in found)
    return [values(one.source) for one in found[1:]]


def test_a_slot_is_arranged_as_its_weight() -> None:
    turned = computed_source(np.transpose, KERNEL, shape=(3, 2))
    flat = reshaped_source(turned, (6,))
    (found,) = _state(flat)
    np.testing.assert_array_equal(found, 10 * values(flat))


def test_a_weight_may_be_cut_into_several() -> None:
    left = computed_source(lambda x: x[:, :1], KERNEL, shape=(2, 1))
    right = computed_source(lambda x: x[:, 1:], KERNEL, shape=(2, 2))
    for found, source in zip(_state(left, right), (left, right), strict=True):
        np.testing.assert_array_equal(found, 10 * values(source))


@pytest.mark.parametrize(
    "written",
    [
        [computed_source(lambda x: 2 * x, KERNEL, shape=(2, 3))],
        [computed_source(lambda x: x @ x.T, KERNEL, shape=(2, 2))],
        [computed_source(lambda x: np.concatenate([x, x]), KERNEL, shape=(4, 3))],
        [computed_source(lambda x: np.pad(x, 1), KERNEL, shape=(4, 5))],
        [computed_source(np.sort, KERNEL, shape=(2, 3))],
        [computed_source(np.abs, KERNEL, shape=(2, 3))],
        [KERNEL, KERNEL],
        [KERNEL, BIAS],
        [weight([1.0])],
    ],
)
def test_there_is_no_state_of_what_keras_does_not_train(written: list[TensorSource]) -> None:
    with pytest.raises(NoStateError):
        _state(*written)


def test_the_product_of_nadam_is_computed_if_it_was_not_saved() -> None:
    nadam = optimizer("Nadam")
    slots = find_slots(nadam, [ITERATION, slot("m", BIAS), slot("v", BIAS)], [BIAS], legacy=False)
    assert slots is not None
    written = [LayersWeight(name="b", source=BIAS)]
    product = state_weights(nadam, slots, [BIAS], written)[1]
    wanted = np.prod([0.9 * (1 - 0.5 * 0.96**step) for step in (1, 2, 3)])
    np.testing.assert_allclose(values(product.source), wanted, rtol=1e-6)
    saved = [ITERATION, slot("m", BIAS), slot("v", BIAS), weight(0.25, "variable")]
    slots = find_slots(nadam, saved, [BIAS], legacy=False)
    assert slots is not None
    assert values(state_weights(nadam, slots, [BIAS], written)[1].source) == 0.25


def test_a_file_may_state_any_number_of_steps() -> None:
    nadam = optimizer("Nadam", beta_1=1.0)
    saved = [weight(2.0**31, "iteration"), slot("m", BIAS), slot("v", BIAS)]
    slots = find_slots(nadam, saved, [BIAS], legacy=False)
    assert slots is not None
    product = state_weights(nadam, slots, [BIAS], [LayersWeight(name="b", source=BIAS)])[1]
    wanted = np.prod([1 - 0.5 * 0.96**step for step in range(1, 2000)])
    np.testing.assert_allclose(values(product.source), wanted, rtol=1e-6)
