"""Pages train through every layer: gradients are the slopes of what is predicted.

Predictions are Keras's, as the other tests say, so their slopes are Keras's gradients. Each case is
tried in plain TensorFlow.js, and with the gradients of ``training.js``. With these, all must be
right; without, unless the converter has told that the layer needs them.

``TFJS_SERVE_ALL_FEATURES=1`` tries all cases of the tables, which takes half an hour.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.writing.page_gradients import FUNCTIONS
from tfjs_serve.worker.protocol import ConversionReport

from .cases import KERAS2, KERAS3, Case, cases_of
from .cases.case import keras2_file
from .cases.inputs import Array
from .converted import convert_into
from .folder_server import serving
from .gradient_cases import STEPS, THROWS, chosen, class_of
from .keras3 import ignore_warnings_about_the_cases, model_with_references
from .node import NodeTf, NodeTfError, Slope
from .training_node import ask

pytestmark = ignore_warnings_about_the_cases

KERAS2_ARCHIVE = Path(__file__).parents[1] / "fixtures" / "keras2.zip"
TOLERANCE = 5e-3
"""Functions that bend have slopes beside the bend that float32 can tell no better."""
CASES = chosen(everything=bool(os.environ.get("TFJS_SERVE_ALL_FEATURES")))


TOLD = {name for name, rule in rules().items() if rule.support.training}
TOLD |= {f"ops.{name}" for name in FUNCTIONS}
"""Of what the support tables say that it needs the script."""


@dataclass(frozen=True, slots=True)
class Pages:
    """A folder that is served, and TensorFlow.js with and without the right gradients."""

    folder: Path
    url: str
    plain: NodeTf
    mended: NodeTf


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("gradients")
    plain, mended = NodeTf(), NodeTf()
    ask(mended, "load")
    with serving(folder) as url:
        yield Pages(folder, url, plain, mended)
    plain.close()
    mended.close()


@pytest.mark.parametrize(("dialect", "case"), CASES, ids=[case.id for _, case in CASES])
def test_gradients_are_slopes(dialect: str, case: Case, pages: Pages, tmp_path: Path) -> None:
    path, inputs, trainable = _saved(dialect, case, tmp_path)
    folder = pages.folder / f"{dialect}-{case.id}"
    folder.mkdir()
    report = convert_into(folder, path)
    url = f"{pages.url}/{folder.name}/model.json"
    slopes = pages.mended.slopes(url, inputs, training=_trains(case), tolerance=TOLERANCE)
    assert _wrong(slopes) == []
    if trainable is not None:
        assert sum(slope.size for slope in slopes if _is_trained(slope)) <= trainable
    needing = _needing(report)
    assert not needing or needing & TOLD
    if not needing and case.id not in THROWS:
        plain = pages.plain.slopes(url, inputs, training=_trains(case), tolerance=TOLERANCE)
        assert _wrong(plain) == []


def _trains(case: Case) -> bool:
    """Whether a layer is tried as in a training, where it computes something else."""
    return case.id.startswith("BatchNormalization")


def _is_trained(slope: Slope) -> bool:
    return slope.kind == "weight" and slope.gradient > 0


def _wrong(slopes: list[Slope]) -> list[Slope]:
    return [slope for slope in slopes if not slope.error <= TOLERANCE]


def _needing(report: ConversionReport) -> set[str]:
    """Return the classes of which the converter tells that they need the script."""
    return {one.class_name for one in report.facts.layers if one.needs_training_script}


def _saved(dialect: str, case: Case, folder: Path) -> tuple[Path, list[Array], int | None]:
    """Return a file of the case, what it is fed, and how many numbers are trained in Keras."""
    if dialect == KERAS2:
        with zipfile.ZipFile(KERAS2_ARCHIVE) as archive:
            path = Path(archive.extract(keras2_file(case), folder))
            with np.load(io.BytesIO(archive.read(f"{case.id}.npz"))) as arrays:
                inputs = [arrays[name] for name in arrays if name.startswith("input_")]
        return path, inputs, None
    with np.errstate(all="ignore"):
        model, inputs, _ = model_with_references(case)
    path = folder / f"{case.id}.keras"
    model.save(path)
    trainable = sum(int(np.prod(one.shape)) for one in model.trainable_variables)
    return path, inputs, trainable


def test_cases_where_slopes_tell_nothing_are_cases() -> None:
    known = {case.id for dialect in (KERAS2, KERAS3) for case in cases_of(dialect)}
    assert [name for name in STEPS if not any(re.match(name, one) for one in known)] == []


def test_equal_numbers_share_the_gradient_of_the_largest(pages: Pages, tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(4), layers.RepeatVector(3), layers.GlobalMaxPooling1D()]
    )
    path, folder = tmp_path / "model.keras", pages.folder / "equal"
    model.save(path)
    folder.mkdir()
    convert_into(folder, path)
    inputs = [np.array([[1.0, 2.0], [3.0, -1.0]], "float32")]
    url = f"{pages.url}/{folder.name}/model.json"
    assert _wrong(pages.plain.slopes(url, inputs, training=False, tolerance=TOLERANCE))
    assert not _wrong(pages.mended.slopes(url, inputs, training=False, tolerance=TOLERANCE))


def test_what_the_support_table_tells_is_tried() -> None:
    assert rules().keys() >= TOLD
    layers = {name for name in TOLD if not name.startswith("ops.")}
    tried = {class_of(case) for _, case in CASES}
    assert layers - tried <= {
        "BatchNormalizationV1",
        "BatchNormalizationV2",
        "SyncBatchNormalization",
    }


def test_wrong_gradients_are_noticed(pages: Pages, tmp_path: Path) -> None:
    (case,) = (one for one in cases_of(KERAS3) if one.id == "UpSampling2D-size_3")
    path, inputs, _ = _saved(KERAS3, case, tmp_path)
    folder = pages.folder / "wrong"
    folder.mkdir()
    assert _needing(convert_into(folder, path)) == {case.id.partition("-")[0]}
    url = f"{pages.url}/{folder.name}/model.json"
    assert _wrong(pages.plain.slopes(url, inputs, training=False, tolerance=TOLERANCE))


def test_layers_that_throw_are_told(pages: Pages, tmp_path: Path) -> None:
    (case,) = (one for one in cases_of(KERAS3) if one.id == "Masking")
    path, inputs, _ = _saved(KERAS3, case, tmp_path)
    folder = pages.folder / "throws"
    folder.mkdir()
    assert _needing(convert_into(folder, path)) == {case.id.partition("-")[0]}
    with pytest.raises(NodeTfError, match="gradient function not found"):
        url = f"{pages.url}/{folder.name}/model.json"
        pages.plain.slopes(url, inputs, training=False, tolerance=TOLERANCE)
