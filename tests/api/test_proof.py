"""A proof is kept beside a model, and tells when the model is another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api.test_callback import fit
from tests.proofs.samples import change_config, change_weight
from tfjs_serve import ConversionNote, convert
from tfjs_serve.errors import SettingsError, StoreError
from tfjs_serve.keras import Proof, write_proof
from tfjs_serve.proofs.model import Proof as Kept
from tfjs_serve.proofs.npz import MAXIMUM_PROOF_BYTES, from_npz
from tfjs_serve.settings import MOST_PROVEN_EXAMPLES, PROVEN_NUMBERS_OF_LAYER

keras = pytest.importorskip("keras")


def kept(path: Path) -> Kept:
    return from_npz(path.read_bytes())


def nested() -> Any:
    """A model with two inputs, a model inside of it that is called twice, and two outputs."""
    inner = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(300, name="wide"), keras.layers.ReLU(name="relu")],
        name="inner",
    )
    first, second = keras.Input((3,), name="first"), keras.Input((3,), name="second")
    both = keras.layers.Add(name="add")([inner(first), inner(second)])
    outputs = [keras.layers.Dense(2, name="two")(both), keras.layers.Dense(1, name="one")(both)]
    return keras.Model([first, second], outputs, name="outer")


def test_it_has_what_the_model_predicts_and_what_its_layers_make(tmp_path: Path) -> None:
    model, x = nested(), [np.random.default_rng(at).normal(size=(20, 3)) for at in range(2)]
    path = write_proof(model, x, tmp_path / "model.keras")
    assert path == tmp_path / "model.proof.npz"
    proof = kept(path)
    assert proof.examples == MOST_PROVEN_EXAMPLES
    few = [one[:MOST_PROVEN_EXAMPLES].astype("float32") for one in x]
    for tensor, expected in zip(proof.outputs, model.predict(few, verbose=0), strict=True):
        np.testing.assert_allclose(tensor.values, expected, rtol=1e-6)
    for tensor, expected in zip(proof.inputs, few, strict=True):
        np.testing.assert_array_equal(tensor.values, expected)
    paths = [one.path for one in proof.layers]
    assert paths[:4] == ["inner/wide", "inner/relu", "inner", "add"]
    assert sorted(paths[4:]) == ["one", "two"]
    wide = proof.layers[0]
    assert wide.shape == (MOST_PROVEN_EXAMPLES, 300)
    whole = np.asarray(model.get_layer("inner").get_layer("wide")(few[0])).reshape(-1)
    places = np.arange(PROVEN_NUMBERS_OF_LAYER) * whole.size // PROVEN_NUMBERS_OF_LAYER
    np.testing.assert_allclose(wide.values, whole[places], rtol=1e-6)


def test_inputs_may_be_given_by_their_names(tmp_path: Path) -> None:
    model, path = nested(), tmp_path / "model.keras"
    x = {"second": np.ones((2, 3)), "first": np.zeros((2, 3))}
    proof = kept(write_proof(model, x, path))
    assert [(one.name, one.values[0, 0]) for one in proof.inputs] == [("first", 0), ("second", 1)]


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict")
@pytest.mark.parametrize("of", ["a list", "a dictionary"])
def test_inputs_by_name_are_in_the_order_of_the_model(tmp_path: Path, of: str) -> None:
    first, second = keras.Input((3,), name="z"), keras.Input((3,), name="a")
    inputs = {"a list": [first, second], "a dictionary": {"a": first, "z": second}}[of]
    model = keras.Model(inputs, keras.layers.Subtract()([first, second]))
    x = {"a": np.full((2, 3), 5.0), "z": np.full((2, 3), 7.0)}
    proof = kept(write_proof(model, x, tmp_path / "model.keras"))
    given = [one.values for one in proof.inputs]
    order = [tensor.name for tensor in model.inputs]
    made = given[order.index("z")] - given[order.index("a")]
    np.testing.assert_array_equal(proof.outputs[0].values, made)


def test_the_model_is_left_as_it_was(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((4, 2), batch_size=2),
            keras.layers.LSTM(3, stateful=True),
            keras.layers.Dense(1),
        ]
    )
    lstm, x = model.layers[0], np.ones((2, 4, 2), "float32")
    model.predict(x, verbose=0)
    before = [np.array(state) for state in lstm.states]
    proofs = [kept(write_proof(model, x, tmp_path / "model.keras")) for _ in range(2)]
    np.testing.assert_array_equal(proofs[0].outputs[0].values, proofs[1].outputs[0].values)
    for state, expected in zip(lstm.states, before, strict=True):
        np.testing.assert_array_equal(np.array(state), expected)
    assert all("call" not in vars(layer) for layer in model.layers)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_weights_that_are_not_those_of_the_proof_are_named(
    model: Any, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"small{ending}"
    model.save(path)
    write_proof(model, np.ones((2, 2)), path)
    assert notes_of(path, tmp_path / "same") == []
    model.layers[0].bias.assign([1.0, 2.0, 3.0])
    model.save(path)
    (note,) = notes_of(path, tmp_path / "other")
    assert "small.proof.npz was made from other weights" in note
    assert "d/bias is not as in the proof" in note


def notes_of(path: Path, out: Path) -> list[str]:
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConversionNote)
        convert(path, out)
    assert not (out / "proof.json").exists()
    return [str(one.message) for one in caught if one.category is ConversionNote]


def test_who_changes_a_weight_of_a_file_is_noticed(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.h5"
    model.save(path)
    write_proof(model, np.ones((2, 2)), path)
    change_weight(path, "d", lambda kernel: kernel + 1e-3)
    (note,) = notes_of(path, tmp_path / "out")
    assert "d/kernel is not as in the proof" in note


def test_settings_of_layers_are_no_weights(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.h5"
    model.save(path)
    write_proof(model, np.ones((2, 2)), path)
    change_config(path, "d", activation="tanh")
    assert notes_of(path, tmp_path / "out") == []


def test_a_file_that_is_no_proof_is_left_out_with_a_note(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.h5"
    model.save(path)
    (tmp_path / "small.proof.npz").write_bytes(b"PK")
    (note,) = notes_of(path, tmp_path / "out")
    assert "small.proof.npz is left out: it is no proof of tfjs-serve" in note


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((0, 2)), "no examples"),
        (3.0, "no examples"),
        (np.array([["a", "b"]]), "cannot be in a proof"),
    ],
)
def test_what_is_no_input_is_said(tmp_path: Path, x: Any, message: str) -> None:
    flat = keras.Sequential([keras.Input((2,), dtype="float32"), keras.layers.Identity()])
    with pytest.raises(SettingsError, match=message):
        write_proof(flat, x, tmp_path / "model.keras")


def test_a_proof_has_as_many_examples_as_fit(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None,)), keras.layers.Identity()])
    x = np.zeros((8, MAXIMUM_PROOF_BYTES // 4 // 5), "float32")
    path = write_proof(model, x, tmp_path / "model.keras")
    assert kept(path).examples == 2
    assert path.stat().st_size <= MAXIMUM_PROOF_BYTES
    with pytest.raises(SettingsError, match="one example would have"):
        write_proof(model, np.zeros((1, MAXIMUM_PROOF_BYTES // 4)), tmp_path / "model.keras")


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a Keras model is needed"):
        write_proof("model.keras", np.zeros((1, 2)), tmp_path / "model.keras")


def test_a_folder_that_is_not_there_is_said(model: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"model\.proof\.npz"):
        write_proof(model, np.zeros((1, 2)), tmp_path / "gone" / "model.keras")


class Saving(keras.callbacks.Callback):
    """Saves the model after some epochs, as a checkpoint does."""

    def __init__(self, path: Path, epochs: set[int]) -> None:
        super().__init__()
        self._path, self._epochs = path, epochs

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch in self._epochs:
            self._path.unlink(missing_ok=True)
            self.model.save(self._path)


def together(callbacks: list[Any]) -> Any:
    return keras.callbacks.CallbackList(callbacks, add_history=False, add_progbar=False)


def run(callbacks: Any, model: Any, epochs: int) -> None:
    """Call what ``fit`` calls; the bias tells the epoch."""
    callbacks.set_model(model)
    callbacks.on_train_begin()
    for epoch in range(epochs):
        callbacks.on_epoch_begin(epoch)
        model.layers[0].bias.assign([epoch + 1.0] * 3)
        callbacks.on_epoch_end(epoch)
    callbacks.on_train_end()


def test_the_callback_proves_what_was_saved(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.keras"
    proof = Proof(np.zeros((1, 2)), path)
    assert isinstance(proof, keras.callbacks.Callback)
    run(together([Saving(path, {0, 2}), proof]), model, 5)
    (output,) = kept(tmp_path / "small.proof.npz").outputs
    assert output.values.tolist() == [[3.0, 3.0, 3.0]]
    assert notes_of(path, tmp_path / "out") == []


def test_without_a_checkpoint_it_proves_the_end(model: Any, tmp_path: Path) -> None:
    fit(Proof(np.zeros((1, 2)), tmp_path / "small.keras"), model, 3)
    (output,) = kept(tmp_path / "small.proof.npz").outputs
    assert output.values.tolist() == [[3.0, 3.0, 3.0]]


def test_who_saves_after_the_callback_is_told(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.keras"
    callbacks = together([Proof(np.zeros((1, 2)), path), Saving(path, {0, 1})])
    with pytest.warns(ConversionNote, match="put Proof after the callback that saves"):
        run(callbacks, model, 3)
