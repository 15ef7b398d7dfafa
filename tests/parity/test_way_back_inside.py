"""The way back of what layers inside of others have learned, in both forms of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfjs_serve.settings import KerasForm

from .cases.case import outputs_of
from .keras3 import built, ignore_warnings_about_the_cases
from .way_back import FORMS, assert_predicts, back, loaded, to_page

pytestmark = [
    *ignore_warnings_about_the_cases,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning"),
]


def _normalizing(keras: Any, *, inside: bool) -> Any:
    normal = keras.layers.Normalization(name="normal")
    normal.adapt(np.random.default_rng(0).normal(3.0, 5.0, size=(50, 3)))
    layers = [keras.Input((3,)), normal, keras.layers.Dense(2)]
    inner = keras.Sequential(layers, name="inner")
    return keras.Sequential([keras.Input((3,)), inner]) if inside else inner


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("inside", [False, True])
def test_it_is_said_where_keras_ignores_what_a_layer_has_learned(
    inside: bool, form: KerasForm, tmp_path: Path
) -> None:
    model = built(lambda keras: _normalizing(keras, inside=inside))
    inputs = [np.ones((2, 3), np.float32)]
    expected = outputs_of(model, inputs)
    model.save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    path, report = back(page, tmp_path / "back", form)
    is_ignored = inside and form is KerasForm.HDF5
    assert [note.partition(":")[0] for note in report.warnings] == (
        ["sequential/inner/normal"] if is_ignored else []
    )
    if not is_ignored:
        assert_predicts(path, inputs, expected)
        return
    model.save(tmp_path / "own.h5")
    own, again = (outputs_of(loaded(one), inputs) for one in (tmp_path / "own.h5", path))
    np.testing.assert_array_equal(again, own)
    assert not np.allclose(own, expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", ["model.h5", "model.keras"])
def test_a_kernel_that_two_layers_share_goes_back(
    source: str, form: KerasForm, tmp_path: Path
) -> None:
    def build(keras: Any) -> Any:
        inner = keras.layers.Dense(200)
        return keras.Sequential([keras.Input((200,)), keras.layers.SpectralNormalization(inner)])

    model = built(build)
    inputs = [np.random.default_rng(0).normal(size=(2, 200)).astype("f4")]
    expected = outputs_of(model, inputs)
    model.save(tmp_path / source)
    page = to_page(tmp_path / source, tmp_path / "page")
    path, report = back(page, tmp_path / "back", form)
    assert report.warnings == ()
    assert_predicts(path, inputs, expected)
