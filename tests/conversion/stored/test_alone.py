from __future__ import annotations

import pytest

from tests.conversion.building import weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import WeightsOnlyFileError
from tfjs_serve.keras_files import Container, Dialect, KerasModel

ALONE = KerasModel(
    display_name="w.h5",
    dialect=Dialect(generation=0, container=Container.HDF5),
    keras_version="2.15.0",
    config={},
    weights={
        "dense": (weight([[1]], "dense/kernel:0"), weight([2], "dense/bias:0")),
        "bn": (weight([3], "bn/gamma:0"),),
    },
)


def test_weights_without_an_architecture_are_no_model() -> None:
    with pytest.raises(WeightsOnlyFileError, match=r"w\.h5 holds weights only") as caught:
        translate(ALONE)
    assert "load_weights" in caught.value.hint


def test_they_keep_their_names_and_their_order() -> None:
    model = translate(ALONE, alone=True)
    assert [(one.name, one.layer) for one in model.weights] == [
        ("dense/kernel", "dense"),
        ("dense/bias", "dense"),
        ("bn/gamma", "bn"),
    ]
    assert (model.topology, model.generated_by) == ({}, "keras 2.15.0")
    assert "--topology" in model.warnings[0]
