"""Models in several files predict what Keras predicts, and only with what belongs together.

``tests/fixtures/make_weights.py`` made the files of other versions.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from .converted import converted
from .harness import Array, NodeTf, ServedModels, compare

FIXTURES = Path(__file__).parents[1] / "fixtures"
SEPARATE = sorted(FIXTURES.glob("weights-*.zip"))
WHOLE = sorted(FIXTURES.glob("keras-[12].*.zip"))


def members(archive: Path, *endings: str) -> list[str]:
    with zipfile.ZipFile(archive) as models:
        return sorted(name for name in models.namelist() if name.endswith(endings))


def references(archive: Path, model: str) -> tuple[list[Array], list[Array]]:
    """Return the inputs and outputs that were noted when the files were made."""
    with zipfile.ZipFile(archive) as models:
        arrays = dict(np.load(io.BytesIO(models.read(f"{model}.npz"))))
    return (
        [arrays[key] for key in arrays if key.startswith("input_")],
        [arrays[key] for key in arrays if key.startswith("output_")],
    )


def split(source: bytes, weights: Path, architecture: Path) -> None:
    """Write what ``save_weights`` and ``to_json`` would have written of a whole model."""
    with h5py.File(io.BytesIO(source)) as whole, h5py.File(weights, "w") as file:
        document = json.loads(whole.attrs["model_config"])
        told = ("keras_version", "backend")
        stated = {key: whole.attrs[key] for key in told if key in whole.attrs}
        document |= {key: np.asarray(value).astype(str).item() for key, value in stated.items()}
        architecture.write_text(json.dumps(document))
        for key in whole["model_weights"]:
            whole.copy(whole["model_weights"][key], file, key)
        for key, value in whole["model_weights"].attrs.items():
            file.attrs[key] = value


@pytest.mark.parametrize(
    ("archive", "name"),
    [
        pytest.param(archive, name, id=f"{archive.stem}-{name}")
        for archive in SEPARATE
        for name in members(archive, ".h5")
    ],
)
def test_weights_find_their_architecture_among_others(
    archive: Path, name: str, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model = name.partition(".")[0]
    folder = tmp_path / f"{archive.stem}-{name}"
    folder.mkdir()
    with zipfile.ZipFile(archive) as models:
        (folder / name).write_bytes(models.read(name))
        for number, other in enumerate(members(archive, ".json")):
            # Its name tells nothing.
            (folder / f"{number}.json").write_bytes(models.read(other))
    served.add(folder)
    inputs, expected = references(archive, model)
    url = served.url(f"{folder.name}/{name.removesuffix('.h5')}")
    compare(expected, node_tf.predict(url, inputs).outputs)


@pytest.mark.parametrize(
    ("archive", "name"),
    [
        pytest.param(archive, name, id=f"{archive.stem}-{name}")
        for archive in WHOLE
        for name in members(archive, ".h5")
    ],
)
def test_two_files_become_what_one_becomes(archive: Path, name: str, tmp_path: Path) -> None:
    whole, weights, architecture = (tmp_path / each for each in ("model.h5", "w.h5", "a.json"))
    with zipfile.ZipFile(archive) as models:
        whole.write_bytes(models.read(name))
    split(whole.read_bytes(), weights, architecture)
    assert converted(weights, tmp_path / "two", architecture) == converted(whole, tmp_path / "one")


def network() -> Any:
    """Return a model of Keras 3 with models inside of it, and random weights."""
    keras.backend.clear_session()
    layers = keras.layers
    given = keras.Input((6, 6, 2))
    inner = keras.Sequential([layers.Conv2D(3, 2), layers.BatchNormalization(), layers.ReLU()])
    x = layers.Dropout(0.5)(inner(given))
    rows = layers.Reshape((5, 15))(x)
    outputs = layers.Dense(4, "softmax")(layers.Bidirectional(layers.LSTM(3))(rows))
    model = keras.Model(given, outputs)
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.1, 0.9, value.shape) for value in model.get_weights()])
    return model


def as_on_windows(path: Path) -> None:
    """Join the names of groups as Keras 2.13 did it there: one group for each object."""
    flat = path.with_suffix(".flat")
    with h5py.File(path) as file, h5py.File(flat, "w") as copy:

        def visit(name: str, node: h5py.Group | h5py.Dataset) -> None:
            if name.endswith("/vars"):
                file.copy(node, copy.create_group(name.removesuffix("/vars").replace("/", "\\")))

        file.visititems(visit)
    flat.replace(path)


OLD_ARCHIVES = sorted(FIXTURES.glob("archives-keras-2.*.zip"))


@pytest.mark.parametrize(
    ("archive", "name"),
    [
        pytest.param(archive, name, id=f"{archive.stem}-{name}")
        for archive in OLD_ARCHIVES
        for name in members(archive, ".keras")
    ],
)
def test_old_archives_from_windows_become_what_others_become(
    archive: Path, name: str, tmp_path: Path
) -> None:
    """Their inner paths count layers in ways of their own; see ``archive_paths.py``."""
    with zipfile.ZipFile(archive) as models:
        models.extract(name, tmp_path)
    with zipfile.ZipFile(tmp_path / name) as parts:
        parts.extractall(tmp_path / "parts")
    as_on_windows(tmp_path / "parts" / "model.weights.h5")
    with zipfile.ZipFile(tmp_path / "windows.keras", "w") as parts:
        for part in (tmp_path / "parts").iterdir():
            parts.write(part, part.name)
    one = converted(tmp_path / name, tmp_path / "one")
    assert converted(tmp_path / "windows.keras", tmp_path / "two") == one


def save_folder(model: Any, folder: Path) -> str:
    keras.saving.save_model(model, folder / "net", zipped=False)
    return "net"


def save_folder_on_windows(model: Any, folder: Path) -> str:
    save_folder(model, folder)
    as_on_windows(folder / "net" / "model.weights.h5")
    return "net"


def save_archive_on_windows(model: Any, folder: Path) -> str:
    parts = folder / save_folder_on_windows(model, folder)
    with zipfile.ZipFile(folder / "zip.keras", "w") as archive:
        for part in parts.iterdir():
            archive.write(part, part.name)
    shutil.rmtree(parts)
    return "zip"


def save_weights(model: Any, folder: Path) -> str:
    (folder / "model_config.json").write_text(model.to_json(indent=2))
    model.save_weights(folder / "net.weights.h5")
    return "net.weights"


def save_weights_on_windows(model: Any, folder: Path) -> str:
    name = save_weights(model, folder)
    as_on_windows(folder / "net.weights.h5")
    return name


def save_listed_weights(model: Any, folder: Path) -> str:
    (folder / "fer.json").write_text(model.to_json())
    model.save_weights(folder / "net.weights.json", max_shard_size=800 / 1024**3)
    assert len(list(folder.glob("net_*.weights.h5"))) > 2
    return "net.weights"


FORMS = [save_folder, save_weights, save_listed_weights]
ON_WINDOWS = [save_folder_on_windows, save_archive_on_windows, save_weights_on_windows]


@pytest.mark.parametrize("save", [*FORMS, *ON_WINDOWS])
def test_each_form_predicts_what_keras_predicts(
    save: Callable[[Any, Path], str], served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model = network()
    folder = tmp_path / save.__name__
    folder.mkdir()
    name = save(model, folder)
    served.add(folder)
    inputs = np.random.default_rng(1).normal(size=(2, 6, 6, 2)).astype(np.float32)
    expected = [np.asarray(model(inputs, training=False))]
    url = served.url(f"{folder.name}/{name}")
    compare(expected, node_tf.predict(url, [inputs]).outputs)


def test_a_folder_has_its_vocabularies(tmp_path: Path) -> None:
    compared = 0
    for name in members(FIXTURES / "text.zip", ".keras"):
        place = tmp_path / name
        with zipfile.ZipFile(FIXTURES / "text.zip") as models:
            models.extract(name, place)
        with zipfile.ZipFile(place / name) as archive:
            if not any(part.startswith("assets/") for part in archive.namelist()):
                continue
            archive.extractall(place / "parts")
        config = place / "parts" / "config.json"
        parts = [path for path in (place / "parts").rglob("*") if path.is_file() and path != config]
        one = converted(place / name, place / "one")
        assert converted(config, place / "two", *parts) == one
        compared += 1
    assert compared > 10
