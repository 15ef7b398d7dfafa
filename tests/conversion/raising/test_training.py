"""Compile settings on their way back: what is said of optimizers that not both Kerases take."""

from __future__ import annotations

import pytest

from tfjs_serve.conversion.raising.training import compiled_for_keras
from tfjs_serve.conversion.training.model import Writer


@pytest.mark.parametrize(
    ("optimizer", "told"),
    [
        ("Adam", ()),
        ("Nadam", ()),
        *((name, ("tf_keras takes the optimizer",)) for name in ("AdamW", "Lion", "Adafactor")),
        *((name, ("tf_keras has no optimizer",)) for name in ("Muon", "ScheduleFreeAdamW")),
        ("Lamb", ("tf_keras has no optimizer", "Keras 3 takes the optimizer")),
    ],
)
def test_what_tf_keras_does_not_take_is_told_with_a_way_out(
    optimizer: str, told: tuple[str, ...]
) -> None:
    saved = {"class_name": optimizer, "config": {"learning_rate": 0.004}}
    settings = {"optimizer_config": saved, "loss": "mse"}
    found = compiled_for_keras(settings, Writer(generation=3, version="3.15.1"))
    assert found is not None
    assert found.optimizer["class_name"] == optimizer
    assert len(found.notes) == len(told)
    for note, beginning in zip(found.notes, told, strict=True):
        assert note.startswith(f"{beginning} {optimizer}")
        assert "compile=False" in note
