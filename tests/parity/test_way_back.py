"""Models that were converted, saved in a page, or made there, go back to Keras.

Keras 3 loads them and predicts the same. tf_keras, which needs TensorFlow, is tried by hand with
the same files: docs/way-back.md has the numbers.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tfjs_serve.errors import ConversionError, TfjsServeError
from tfjs_serve.settings import KerasForm, Variant

from .cases import Case
from .cases.case import model_inputs, outputs_of
from .folder_server import serving
from .harness import NodeTf
from .keras3 import built, ignore_warnings_about_the_cases, model_with_references
from .page_models import COMPUTED_OTHERWISE, MADE_IN_JAVASCRIPT, PageModel
from .saving_node import save_in_page
from .way_back import (
    FORMS,
    assert_predicts,
    back,
    loaded,
    one_of_each_layer,
    saved_settings,
    to_page,
)

pytestmark = [
    *ignore_warnings_about_the_cases,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning"),
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer:UserWarning"),
    # What both Kerases read of LeakyReLU.
    pytest.mark.filterwarnings("ignore:Argument .alpha. is deprecated:UserWarning"),
]
SAMPLES = Path(__file__).parents[2] / "sample_models"
UNREADABLE = frozenset({"RandomShear"})
"""Layers that Keras 3.15 saves with arguments that it refuses itself."""
LAYERS = [case for case in one_of_each_layer() if not case.id.startswith(tuple(UNREADABLE))]
PAGE_EVERY = 3
"""One in so many layers is also saved by a page in between."""


def _form_of(case: Case) -> KerasForm:
    """Return one of the two forms: half of the cases have each."""
    return FORMS[zlib.crc32(case.id.encode()) % 2]


def _names(model: Any) -> list[str]:
    return [layer.name for layer in model.layers]


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_every_layer_goes_back(case: Case, tmp_path: Path) -> None:
    model, inputs, expected = model_with_references(case)
    source = tmp_path / "model.keras"
    model.save(source)
    page = to_page(source, tmp_path / "page")
    path, report = back(page, tmp_path / "back", _form_of(case))
    again = assert_predicts(path, inputs, expected, case.tolerance)
    assert _names(again) == _names(model)
    assert not [note for note in report.warnings if "another model now" in note]


@pytest.mark.parametrize("case", LAYERS[::PAGE_EVERY], ids=lambda case: case.id)
def test_what_a_page_saves_goes_back(case: Case, node_tf: NodeTf, tmp_path: Path) -> None:
    """TensorFlow.js respells what it saves, and keeps the record."""
    model, inputs, expected = model_with_references(case)
    source = tmp_path / "model.keras"
    model.save(source)
    to_page(source, tmp_path / "page")
    with serving(tmp_path) as url:
        save_in_page(node_tf, tmp_path / "saved", inputs, url=f"{url}/page/model.json")
    path, report = back(tmp_path / "saved", tmp_path / "back", _form_of(case))
    again = assert_predicts(path, inputs, expected, case.tolerance)
    assert _names(again) == _names(model)
    assert not [note for note in report.warnings if "another model now" in note]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.h5")), ids=lambda path: path.stem)
def test_samples_go_back_with_their_compile_settings(
    sample: Path, form: KerasForm, tmp_path: Path
) -> None:
    model = loaded(sample)
    random = np.random.default_rng(0)
    inputs = [random.normal(size=(2, *one.shape[1:])).astype("f4") for one in model.inputs]
    expected = outputs_of(model, inputs)
    page = to_page(sample, tmp_path / "page")
    path, _ = back(page, tmp_path / "back", form)
    again = assert_predicts(path, inputs, expected)
    assert _names(again) == _names(model)
    # Keras 3 takes the state of these older files for other numbers, the learning rate among them.
    before, after = saved_settings(sample), saved_settings(path)
    assert after["optimizer"]["class_name"] == before["optimizer"]["class_name"].removeprefix(
        "Custom>"
    )
    names = {"mse": "mean_squared_error"}
    assert after["loss"] == names.get(before["loss"], before["loss"])
    assert type(again.optimizer) is type(model.optimizer)
    rate = before["optimizer"]["config"]["learning_rate"]
    assert again.optimizer.get_config()["learning_rate"] == pytest.approx(rate)


@pytest.mark.parametrize("form", FORMS)
def test_statistics_inside_of_other_layers_go_back(form: KerasForm, tmp_path: Path) -> None:
    """Keras 3 does not take up those in HDF5, unless they are arguments of the layer."""

    def build(keras: Any) -> Any:
        layers, random = keras.layers, np.random.default_rng(4)

        def normal(*sizes: int, **arguments: Any) -> Any:
            layer = layers.Normalization(**arguments)
            layer.adapt(random.normal(3, 2, size=(50, *sizes, 3)))
            return layer

        innermost = keras.Sequential([keras.Input((2, 3)), normal(2, axis=(1, 2)), layers.Dense(2)])
        inner = keras.Sequential([keras.Input((2, 3)), normal(2, axis=None), innermost])
        given = keras.Input((2, 3))
        each = layers.TimeDistributed(normal())(given)
        return keras.Model(
            given, layers.Concatenate()([each, inner(normal(2, invert=True)(given))])
        )

    model = built(build)
    inputs = [np.random.default_rng(0).normal(size=(4, 2, 3)).astype("f4")]
    expected = outputs_of(model, inputs)
    model.save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    path, _ = back(page, tmp_path / "back", form)
    assert_predicts(path, inputs, expected)
    # The page of what went back is the same again.
    again, _ = back(to_page(path, tmp_path / "page2"), tmp_path / "back2", form)
    assert_predicts(again, inputs, expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_a_kernel_that_two_layers_share_goes_back(
    ending: str, form: KerasForm, tmp_path: Path
) -> None:
    """It is a variable of SpectralNormalization, and of the layer in it."""

    def build(keras: Any) -> Any:
        inner = keras.layers.Dense(200)
        return keras.Sequential([keras.Input((200,)), keras.layers.SpectralNormalization(inner)])

    model = built(build)
    inputs = [np.random.default_rng(0).normal(size=(2, 200)).astype("f4")]
    expected = outputs_of(model, inputs)
    model.save(tmp_path / f"model.{ending}")
    page = to_page(tmp_path / f"model.{ending}", tmp_path / "page")
    path, report = back(page, tmp_path / "back", form)
    assert report.warnings == ()
    assert_predicts(path, inputs, expected)


# --- Training -------------------------------------------------------------------------------


def _trained_model() -> Any:
    """Return a compiled model whose optimizer has a state: numbers that no step has made."""

    def build(keras: Any) -> Any:
        model = keras.Sequential(
            [
                keras.Input((6, 2)),
                keras.layers.Conv1D(4, 3, groups=2, padding="causal", name="moved"),
                keras.layers.BatchNormalization(name="normal"),
                keras.layers.GRU(3, name="gates"),
                keras.layers.Dense(2, activation="softmax", name="out"),
            ]
        )
        optimizer = keras.optimizers.Adam(0.01, beta_1=0.8, clipnorm=2.0)
        model.compile(optimizer, loss="categorical_crossentropy", metrics=["accuracy", "mse"])
        return model

    model = built(build)
    model.optimizer.build(model.trainable_variables)
    random = np.random.default_rng(1)
    for variable in (*model.variables, *model.optimizer.variables[2:]):
        variable.assign(random.uniform(0.1, 1.0, variable.shape).astype("f4"))
    model.optimizer.iterations.assign(7)
    return model


@pytest.mark.parametrize("saved_in_page", [False, True])
def test_the_state_of_the_optimizer_goes_back(
    saved_in_page: bool, node_tf: NodeTf, tmp_path: Path
) -> None:
    model = _trained_model()
    model.save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page", Variant.TRAIN)
    if saved_in_page:
        inputs = [np.ones((2, 6, 2), np.float32)]
        with serving(tmp_path) as url:
            save_in_page(
                node_tf,
                tmp_path / "saved",
                inputs,
                url=f"{url}/page/model.json",
                optimizer=True,
                script=_training_script(),
            )
        page = tmp_path / "saved"
    path, _ = back(page, tmp_path / "back", KerasForm.ARCHIVE)
    again = loaded(path)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for wanted, found in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted), err_msg=wanted.path)


def _training_script() -> str:
    from tfjs_serve.training_script import whole_script

    return whole_script().text


@pytest.mark.parametrize("form", FORMS)
def test_compile_settings_go_back(form: KerasForm, tmp_path: Path) -> None:
    model = _trained_model()
    model.save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    settings = saved_settings(back(page, tmp_path / "back", form)[0])
    assert settings["loss"] == "categorical_crossentropy"
    assert settings["metrics"] == ["accuracy", "mse"]
    assert settings["optimizer"]["class_name"] == "Adam"
    assert settings["optimizer"]["config"]["learning_rate"] == 0.01
    assert settings["optimizer"]["config"]["clipnorm"] == 2.0


def test_what_a_page_trained_goes_back(node_tf: NodeTf, tmp_path: Path) -> None:
    """The weights are those of the page, and so is the optimizer that it was compiled with."""

    def build(keras: Any) -> Any:
        model = keras.Sequential(
            [
                keras.Input((5, 3)),
                keras.layers.Conv1D(6, 2, padding="causal"),
                keras.layers.GlobalAveragePooling1D(),
                keras.layers.Dense(2),
            ]
        )
        model.compile(keras.optimizers.SGD(0.05, momentum=0.5), loss="mean_squared_error")
        return model

    model = built(build)
    before = [np.asarray(weight).copy() for weight in model.weights]
    model.save(tmp_path / "model.keras")
    to_page(tmp_path / "model.keras", tmp_path / "page")
    random = np.random.default_rng(2)
    inputs, targets = random.normal(size=(4, 5, 3)), random.normal(size=(4, 2))
    with serving(tmp_path) as url:
        expected = save_in_page(
            node_tf,
            tmp_path / "saved",
            [inputs],
            url=f"{url}/page/model.json",
            targets=[targets],
            optimizer=True,
        )
    path, _ = back(tmp_path / "saved", tmp_path / "back", KerasForm.ARCHIVE)
    again = assert_predicts(path, [inputs.astype("f4")], expected)
    assert not np.allclose(before[0], np.asarray(again.weights[0]))
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert int(np.asarray(again.optimizer.iterations)) == 2
    assert np.abs(np.asarray(again.optimizer.variables[2])).max() > 0


def test_flags_of_a_page_go_back(tmp_path: Path) -> None:
    """What a page freezes is frozen in Keras, also where a layer became several."""

    def build(keras: Any) -> Any:
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((5, 3)), layers.Conv1D(4, 2, padding="causal"), layers.Dense(2)]
        )

    built(build).save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    document = json.loads((page / "model.json").read_text())
    layers = document["modelTopology"]["model_config"]["config"]["layers"]
    for layer in layers[1]["config"]["layers"]:
        layer["config"]["trainable"] = False
    (page / "model.json").write_text(json.dumps(document))
    again = loaded(back(page, tmp_path / "back", KerasForm.ARCHIVE)[0])
    assert [layer.trainable for layer in again.layers] == [False, True]


# --- Made in JavaScript ---------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("made", MADE_IN_JAVASCRIPT, ids=lambda made: made.name)
def test_models_made_in_javascript_go_to_keras(
    made: PageModel, form: KerasForm, node_tf: NodeTf, tmp_path: Path
) -> None:
    inputs = made.inputs()
    targets = made.targets()
    expected = save_in_page(
        node_tf,
        tmp_path / "saved",
        inputs,
        program=made.program,
        targets=targets,
        optimizer=targets is not None,
    )
    path, _ = back(tmp_path / "saved", tmp_path / "back", form)
    model = assert_predicts(path, inputs, expected)
    if targets is not None:
        assert type(model.optimizer).__name__ == made.optimizer


@pytest.mark.parametrize("kind", COMPUTED_OTHERWISE)
def test_layers_that_the_page_computes_otherwise_are_named(
    kind: str, node_tf: NodeTf, tmp_path: Path
) -> None:
    """Nothing in the file can have Keras predict the same, so a note names the layer."""
    shape = {"UpSampling2D": (2, 3, 4, 2), "BatchNormalization": (2, 3, 4)}.get(kind, (2, 5))
    inputs = [np.arange(np.prod(shape)).reshape(shape).astype("f4") % 6]
    save_in_page(node_tf, tmp_path / "saved", inputs, program=COMPUTED_OTHERWISE[kind])
    _, report = back(tmp_path / "saved", tmp_path / "back", KerasForm.ARCHIVE)
    (note,) = [note for note in report.warnings if "may predict something else" in note]
    assert note.partition(":")[0].endswith("/it")


@pytest.mark.parametrize("made", MADE_IN_JAVASCRIPT, ids=lambda made: made.name)
def test_layers_that_the_page_computes_as_keras_are_not_named(
    made: PageModel, node_tf: NodeTf, tmp_path: Path
) -> None:
    save_in_page(node_tf, tmp_path / "saved", made.inputs(), program=made.program)
    _, report = back(tmp_path / "saved", tmp_path / "back", KerasForm.HDF5)
    assert not [note for note in report.warnings if "may predict something else" in note]


@pytest.mark.parametrize("is_taken_twice", [False, True])
def test_an_activation_is_exact_if_nothing_else_takes_what_it_does(
    is_taken_twice: bool, node_tf: NodeTf, tmp_path: Path
) -> None:
    program = f"""
      const input = tf.input({{ shape: [3] }});
      const sums = tf.layers.dense({{ units: 2 }}).apply(input);
      const hard = tf.layers.activation({{ activation: "hardSigmoid" }}).apply(sums);
      return tf.model({{ inputs: input, outputs: {"[hard, sums]" if is_taken_twice else "hard"} }});
    """
    inputs = [np.random.default_rng(0).normal(size=(2, 3)).astype("f4")]
    expected = save_in_page(node_tf, tmp_path / "saved", inputs, program=program)
    path, report = back(tmp_path / "saved", tmp_path / "back", KerasForm.ARCHIVE)
    noted = [note for note in report.warnings if "hard_sigmoid is another function" in note]
    assert len(noted) == is_taken_twice
    if not is_taken_twice:
        assert_predicts(path, inputs, expected)


def test_a_loss_that_is_a_function_of_the_page_is_left_out(node_tf: NodeTf, tmp_path: Path) -> None:
    program = """
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
      model.compile({ optimizer: "sgd", loss: tf.losses.meanSquaredError });
      return model;"""
    inputs = [np.zeros((1, 3), "f4")]
    save_in_page(node_tf, tmp_path / "saved", inputs, program=program, optimizer=True)
    path, report = back(tmp_path / "saved", tmp_path / "back", KerasForm.ARCHIVE)
    assert any("loss is a function" in note for note in report.warnings)
    assert loaded(path).loss is None


def test_an_activation_that_no_keras_has_is_named(node_tf: NodeTf, tmp_path: Path) -> None:
    dense = 'tf.layers.dense({ units: 2, inputShape: [3], activation: "gelu_new", name: "it" })'
    program = f"return tf.sequential({{ layers: [{dense}] }});"
    save_in_page(node_tf, tmp_path / "saved", [np.zeros((1, 3), "f4")], program=program)
    with pytest.raises(ConversionError) as raised:
        back(tmp_path / "saved", tmp_path / "back", KerasForm.ARCHIVE)
    (problem,) = raised.value.problems
    assert problem.code == "no-such-layer"
    assert problem.layer_path.endswith("/it")
    assert "gelu_new" in problem.message


# --- What cannot go back --------------------------------------------------------------------


def _without_record(page: Path) -> None:
    document = json.loads((page / "model.json").read_text())
    del document["userDefinedMetadata"]
    (page / "model.json").write_text(json.dumps(document))


def test_a_companion_layer_without_a_record_is_named(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        return keras.Sequential([keras.Input((4, 2)), keras.layers.GRU(3, name="gates")])

    built(build).save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    _without_record(page)
    with pytest.raises(ConversionError) as raised:
        back(page, tmp_path / "back", KerasForm.HDF5)
    (problem,) = raised.value.problems
    assert problem.layer_path == "sequential/gates"
    assert problem.code == "no-such-layer"


def test_a_lowered_layer_without_a_record_stays_several(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        return keras.Sequential([keras.Input((6, 2)), keras.layers.Cropping1D(1, name="cut")])

    model = built(build)
    inputs = [np.random.default_rng(0).normal(size=(2, 6, 2)).astype("f4")]
    expected = outputs_of(model, inputs)
    model.save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    _without_record(page)
    again = assert_predicts(back(page, tmp_path / "back", KerasForm.ARCHIVE)[0], inputs, expected)
    assert type(again.layers[0]).__name__ == "Functional"


def test_weights_that_no_layer_can_have_are_refused(tmp_path: Path) -> None:
    """A constant of a lowered layer was changed, so Keras's layer computes something else."""

    def build(keras: Any) -> Any:
        return keras.Sequential([keras.Input((4,)), keras.layers.RMSNormalization(name="rms")])

    built(build).save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    (shard,) = page.glob("*.bin")
    numbers = np.frombuffer(shard.read_bytes(), "<f4") + 1
    shard.write_bytes(numbers.astype("<f4").tobytes())
    with pytest.raises(ConversionError) as raised:
        back(page, tmp_path / "back", KerasForm.HDF5)
    assert {problem.code for problem in raised.value.problems} == {"changed-in-the-page"}


def test_a_graph_model_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    folder.mkdir()
    (folder / "model.json").write_text(
        json.dumps({"format": "graph-model", "modelTopology": {"node": []}, "weightsManifest": []})
    )
    with pytest.raises(TfjsServeError, match="not a layers model"):
        back(folder, tmp_path / "back", KerasForm.HDF5)


def test_a_record_that_makes_no_sense_is_as_good_as_none(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])

    model = built(build)
    inputs = model_inputs(LAYERS[0], model)
    expected = outputs_of(model, inputs)
    model.save(tmp_path / "model.keras")
    page = to_page(tmp_path / "model.keras", tmp_path / "page")
    for number, text in enumerate(("1AAAA", "1", "", 3, "2abc", "1" + "A" * 100)):
        document = json.loads((page / "model.json").read_text())
        document["userDefinedMetadata"]["kerasModel"] = text
        (page / "model.json").write_text(json.dumps(document))
        path, _ = back(page, tmp_path / f"back{number}", KerasForm.ARCHIVE)
        assert_predicts(path, inputs, expected)


def test_keras_is_the_reference() -> None:
    assert keras.backend.backend() == "numpy"
