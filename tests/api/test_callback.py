"""A Keras callback that saves the model while it learns."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tfjs_serve import (
    ConversionError,
    ConversionNote,
    TfjsServeError,
    save_each_epoch,
    save_keras_model,
)

keras = pytest.importorskip("keras")


def bias(folder: Path) -> list[float]:
    """Return the saved numbers of the bias, which tell when it was saved."""
    import numpy as np

    (shard,) = json.loads((folder / "model.json").read_text())["weightsManifest"][0]["paths"]
    return list(np.frombuffer((folder / shard).read_bytes(), "<f4")[-3:])


def shards(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix == ".bin"}


def fit(callback: Any, model: Any, epochs: int, seen: Any = None) -> None:
    """Call what Keras's ``fit`` calls; the numpy backend cannot train."""
    callback.set_params({"epochs": epochs})
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(epochs):
        model.layers[0].bias.assign([epoch + 1.0] * 3)
        callback.on_epoch_end(epoch, {"loss": 0.5})
        if seen is not None:
            seen()
    callback.on_train_end()


def test_each_epoch_is_saved(model: Any, tmp_path: Path) -> None:
    callback = save_each_epoch(tmp_path / "live")
    assert isinstance(callback, keras.callbacks.Callback)
    epochs = []
    fit(callback, model, 3, lambda: epochs.append(bias(tmp_path / "live")[0]))
    assert epochs == [1.0, 2.0, 3.0]


def test_the_last_epoch_is_saved_whatever_its_number(model: Any, tmp_path: Path) -> None:
    epochs = []
    fit(save_each_epoch(tmp_path, every=2), model, 5, lambda: epochs.append(bias(tmp_path)[0]))
    assert epochs == [0.0, 2.0, 2.0, 4.0, 4.0]
    assert bias(tmp_path) == [5.0] * 3


def test_a_model_that_cannot_be_converted_ends_the_training_before_it_begins(
    tmp_path: Path,
) -> None:
    own = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3), keras.layers.Lambda(lambda x: x)]
    )
    with pytest.raises(ConversionError):
        fit(save_each_epoch(tmp_path / "live"), own, 1)


def test_a_save_that_fails_later_is_a_warning(model: Any, tmp_path: Path) -> None:
    live = tmp_path / "live"

    def spoil() -> None:
        if live.is_dir():
            live.rename(tmp_path / "away")
            live.write_text("in the way")

    with pytest.warns(ConversionNote, match="epoch 2 was not saved .*is not a folder"):
        fit(save_each_epoch(live), model, 2, spoil)


def test_weights_of_the_save_before_stay_and_older_ones_go(model: Any, tmp_path: Path) -> None:
    """But not those that were there before the training."""
    save_keras_model(model, tmp_path)
    (first,) = shards(tmp_path)
    model.layers[0].bias.assign([0.5] * 3)
    found = []
    fit(save_each_epoch(tmp_path), model, 4, lambda: found.append(shards(tmp_path)))
    assert [first in names for names in found] == [True] * 4
    assert [len(names) for names in found] == [3, 3, 3, 3]
    assert all(len(a & b) == 2 for a, b in itertools.pairwise(found))


def test_a_model_without_weights_waits_for_its_first_epoch(tmp_path: Path) -> None:
    callback = save_each_epoch(tmp_path / "live")
    callback.set_model(SimpleNamespace(weights=[]))
    callback.on_train_begin()
    assert not (tmp_path / "live").exists()


def test_the_keras_may_be_given(tmp_path: Path) -> None:
    class Callback:
        pass

    other: Any = SimpleNamespace(callbacks=SimpleNamespace(Callback=Callback))
    assert isinstance(save_each_epoch(tmp_path, keras=other), Callback)


def test_no_keras_or_no_epochs_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(TfjsServeError, match="every is 0"):
        save_each_epoch(tmp_path, every=0)
    monkeypatch.setattr("sys.modules", {})
    with pytest.raises(TfjsServeError, match="no Keras has been imported") as caught:
        save_each_epoch(tmp_path)
    assert "import keras" in caught.value.hint
