"""Models in several files predict what Keras predicts, and only with what belongs together.

``tests/fixtures/make_weights.py`` made the files of other versions.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from tfjs_serve.conversion.record.model import RECORD
from tfjs_serve.errors import WeightsOnlyFileError
from tfjs_serve.settings import MODEL_JSON

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
    one = converted(whole, tmp_path / "one")
    two = converted(weights, tmp_path / "two", architecture)
    assert _for_pages(two) == _for_pages(one)


def _for_pages(files: dict[str, bytes]) -> dict[str, Any]:
    """Return what pages use: the record of the Keras model says in which form that was saved."""
    document = json.loads(files[MODEL_JSON])
    document.get("userDefinedMetadata", {}).pop(RECORD, None)
    weights = {name: data for name, data in files.items() if not name.startswith(MODEL_JSON)}
    return {**weights, MODEL_JSON: document}


@pytest.mark.parametrize("archive", SEPARATE, ids=lambda archive: archive.stem)
def test_no_other_architecture_fits(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as models:
        models.extractall(tmp_path)
    for weights in sorted(tmp_path.glob("*.h5")):
        name = weights.name.partition(".")[0]
        others = [path for path in sorted(tmp_path.glob("*.json")) if path.stem != name]
        with pytest.raises(WeightsOnlyFileError, match="no architecture beside it fits"):
            converted(weights, tmp_path / f"{weights.name}.out", *others)


def test_layers_with_other_names_are_matched_in_order(tmp_path: Path) -> None:
    """A model that was built twice in one session has other names the second time."""
    (archive,) = FIXTURES.glob("weights-keras-2.*.zip")
    with zipfile.ZipFile(archive) as models:
        models.extract("dense.h5", tmp_path)
        text = models.read("dense.json").decode()
    (tmp_path / "first.json").write_text(text)
    (tmp_path / "second.json").write_text(re.sub(r'"name": "(\w+)"', r'"name": "\1_7"', text))
    one, two = (
        converted(tmp_path / "dense.h5", tmp_path / name, tmp_path / f"{name}.json")
        for name in ("first", "second")
    )
    shards = [{name for name in made if name.endswith(".bin")} for made in (one, two)]
    assert shards[0] == shards[1] != set()
    assert b'"dense_1_7"' in two["model.json"]


def layer(name: str, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
    """Return how to call a layer, without building Keras's yet."""

    def call(x: Any) -> Any:
        return getattr(keras.layers, name)(*arguments, **options)(x)

    return call


def attention(x: Any) -> Any:
    return keras.layers.MultiHeadAttention(2, 3)(x, x)


@pytest.mark.parametrize(
    ("call", "shape", "argument"),
    [
        (layer("Dense", 3, use_bias=False), (2,), "units"),
        (layer("Conv2D", 3, 2, use_bias=False), (4, 4, 4), "filters"),
        (layer("Conv2D", 3, 2), (4, 4, 4), "kernel_size"),
        (layer("Conv2DTranspose", 3, 2, use_bias=False), (4, 4, 4), "filters"),
        (layer("SeparableConv1D", 3, 2, use_bias=False), (4, 4), "filters"),
        (layer("DepthwiseConv2D", 2), (4, 4, 4), "depth_multiplier"),
        (layer("Embedding", 5, 3), (2,), "input_dim"),
        (layer("Embedding", 5, 3), (2,), "output_dim"),
        (layer("LSTM", 3), (2, 2), "units"),
        (layer("GRU", 3, use_bias=False), (2, 2), "units"),
        (layer("EinsumDense", "abc,cd->abd", (None, 3)), (2, 2), "output_shape"),
        (layer("PReLU", shared_axes=[1]), (2, 3), "shared_axes"),
        (attention, (2, 2), "key_dim"),
        (attention, (2, 2), "num_heads"),
        (attention, (2, 2), "value_dim"),
        (layer("Dense", 3), (2,), "batch_shape"),
        (layer("BatchNormalization"), (2,), "batch_shape"),
    ],
)
def test_an_architecture_with_another_size_is_not_taken(
    call: Callable[[Any], Any], shape: tuple[int, ...], argument: str, tmp_path: Path
) -> None:
    keras.backend.clear_session()
    given = keras.Input(shape)
    model = keras.Model(given, call(given))
    weights = tmp_path / "w.weights.h5"
    model.save_weights(weights)
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    right.write_text(model.to_json())
    text = re.sub(
        rf'("{argument}": (?:\[(?:null, )?)?)(\d+)',
        lambda found: f"{found[1]}{int(found[2]) + 1}",
        right.read_text(),
    )
    assert text != right.read_text()
    wrong.write_text(text)
    assert converted(weights, tmp_path / "made", wrong, right)
    with pytest.raises(WeightsOnlyFileError, match=r"wrong\.json \("):
        converted(weights, tmp_path / "not made", wrong)


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
