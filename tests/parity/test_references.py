"""The references that are kept are those that would be computed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from .references import MAKERS, ROOT, archive_of, computed, label, references


@pytest.fixture(params=MAKERS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_they_are_of_these_cases_and_of_a_keras_that_is_tested(name: str) -> None:
    """Run ``python -m tests.parity.references`` if this fails, on the newest Keras."""
    with zipfile.ZipFile(archive_of(name)) as archive:
        of_keras, _, of_cases = archive.comment.decode().removeprefix("Keras ").partition(", ")
    assert f"keras=={of_keras} " in (ROOT / "requirements" / "test.txt").read_text()
    if of_keras == keras.__version__:
        assert label(name).endswith(of_cases)


def test_another_keras_has_them_computed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(keras, "__version__", "0.1")
    monkeypatch.setattr(f"{references.__module__}.computed", lambda name, _: asked.append(name))
    references(name, tmp_path)
    assert asked == [name]


def test_what_is_computed_again_is_the_same(tmp_path: Path) -> None:
    for folder in (tmp_path / "kept", tmp_path / "computed"):
        folder.mkdir()
    references("gradients", tmp_path / "kept")
    computed("gradients", tmp_path / "computed", "Dense")
    (path,) = (tmp_path / "computed").glob("*.npz")
    with np.load(path) as again, np.load(tmp_path / "kept" / path.name) as kept:
        assert set(again) == set(kept)
        for key in again:
            np.testing.assert_allclose(again[key], kept[key], rtol=1e-5, atol=1e-6)
