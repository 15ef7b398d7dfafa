"""Models predict the same on the backends of browsers, or their notes name the backend.

These are the samples and models of each family (``backend_models.py``), and for what ``layers.js``
has, one model of each class.

``TFJS_SERVE_ALL_FEATURES=1`` runs a model of each function as well, which takes minutes.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.parity.cases import KERAS3, Case, cases_of, tables
from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.converted import converted
from tests.parity.handmade import write_crop
from tests.parity.harness import compare
from tests.parity.keras3 import ignore_warnings_about_the_cases, model_with_references
from tfjs_serve import companion
from tfjs_serve.layers_model.tfjs_folder import check_tfjs_folder

from .backend_models import (
    BEGIN,
    DOCUMENT,
    FAMILIES,
    LARGEST_ERROR,
    MODELS,
    Converted,
    largest_error,
    page_with_layers,
    tensors,
)
from .backend_models import converted as model_of
from .browser import predict
from .companion_cases import TABLE, used

pytestmark = [
    *ignore_warnings_about_the_cases,
    *(pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS),
]

CASES = {case.id: case for case in cases_of(KERAS3)}
FEATURES: dict[str, str] = json.loads(TABLE.read_text(encoding="utf-8"))
EVERY = 1 if os.environ.get("TFJS_SERVE_ALL_FEATURES") else 12
"""How many functions there are to one that each run takes, beside all classes."""
CHOSEN = [
    *(feature for feature in FEATURES if ":" not in feature),
    *[feature for feature in FEATURES if ":" in feature][::EVERY],
]
COARSE = frozenset(f"Operation:{name}" for name in ("cos", "sin", "sinc", "tan"))
COARSE_ERROR = 1e-3
"""Graphics cards, and what stands in for one, compute sine and tangent to four digits or so."""
LIMITS = {
    ("webgl", "Operation:segment_max"): "the largest of no numbers is -1e20 there",
}
IN_NODE_ONLY = frozenset(
    # Of Keras 2, whose files are not made here.
    {"HalfPaddedPooling", "LayerScale", "Pooling", "RandomFourierFeatures", "WholeAverage"}
    # Of quantized and of text files, and of layers that always train.
    | {"AbsMaxQuantizer", "Float8Quantizer", "Hashing", "HashedCrossing", "Lookup"}
    | {"InverseIntegerLookup", "InverseStringLookup", "OneTextEach", "TextVectorization"}
    | {"AlwaysAlphaDropout", "AlwaysDropout"}
    | {"AlwaysGaussianDropout", "AlwaysGaussianNoise"}
    # Of masks that are merged, and of Keras 1.
    | {"JoinedMask", "MaskedSoftmax", "MergedMask", "SampleNormalization"}
)
"""Classes without a model in the table; what they are made of is in those of others."""


@pytest.fixture(scope="module", params=["wasm", "webgl", "webgpu"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def prepared_page(
    chromium: BrowserContext, page_folder: Path, page_url: str, backend: str
) -> Iterator[Page]:
    with page_with_layers(chromium, page_folder, page_url) as page:
        yield page


@pytest.fixture(scope="module")
def conversions() -> dict[str, Converted]:
    """The models that were converted for another backend already."""
    return {}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_right_or_noted(
    chromium: BrowserContext,
    prepared_page: Page,
    page_folder: Path,
    page_url: str,
    backend: str,
    conversions: dict[str, Converted],
    name: str,
) -> None:
    model = conversions.get(name) or model_of(name, page_folder)
    conversions[name] = model
    if not model.is_noted(backend):
        assert largest_error(prepared_page, page_url, model, backend) <= LARGEST_ERROR
        return
    # A fault may write into memory that other models use.
    with page_with_layers(chromium, page_folder, page_url) as page:
        assert largest_error(page, page_url, model, backend) > LARGEST_ERROR, (
            "no longer to be noted"
        )


def test_a_graph_is_right_or_noted(
    prepared_page: Page, page_folder: Path, page_url: str, backend: str
) -> None:
    """The second image alone is cropped, whose number is not below that of boxes."""
    folder = page_folder / f"graph-on-{backend}"
    folder.mkdir()
    write_crop(folder, image=1)
    image = np.arange(8.0).reshape(2, 2, 2, 1)
    model = Converted(
        folder=folder.name,
        notes=check_tfjs_folder(folder, "model.json")[1],
        inputs=tensors([image]),
        expected=[image[1:]],
    )
    error = largest_error(prepared_page, page_url, model, backend, kind="graph")
    assert (error > LARGEST_ERROR) == model.is_noted(backend)


def test_every_family_of_layers_has_a_model() -> None:
    named = {table.__name__.split(".layers.")[1].split(".")[0] for table in _layer_tables()}
    assert named == set(FAMILIES)


def test_the_document_has_every_model() -> None:
    measured = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2]
    rows = re.findall(r"^\| [^|]+ \| `([^`]+)` \|", measured, re.MULTILINE)
    assert rows == list(MODELS), "run: python -m tests.e2e.backend_models"


@pytest.mark.parametrize("feature", CHOSEN)
def test_a_model_predicts_the_same(
    prepared_page: Page,
    page_folder: Path,
    page_url: str,
    backend: str,
    feature: str,
    tmp_path: Path,
) -> None:
    if (backend, feature) in LIMITS:
        pytest.skip(LIMITS[backend, feature])
    case = CASES[FEATURES[feature]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Keras says of its own computing
        model, inputs, expected = model_with_references(case)
    path = tmp_path / "model.keras"
    model.save(path)
    name = re.sub(r"\W", "_", f"{backend}_{feature}")
    files = converted(path, page_folder / name)
    assert feature in set(used(json.loads(files["model.json"]))), "make companion_cases.json anew"
    url = page_url.replace("page.html", f"{name}/model.json")
    outputs = predict(prepared_page, url, tensors(inputs), backend=backend)
    largest = COARSE_ERROR if feature in COARSE else LARGEST_ERROR
    compare(expected, outputs, rtol=max(case.tolerance, largest))


def _layer_tables() -> Iterator[ModuleType]:
    """Yield the tables of layers with models of Keras 3."""
    for table in tables():
        cases = [one for one in table.CASES if isinstance(one, Case)]
        if ".layers." in table.__name__ and any(KERAS3 in case.dialects for case in cases):
            yield table


def test_every_class_has_a_model() -> None:
    missing = companion.declared_arguments().keys() - set(FEATURES) - IN_NODE_ONLY
    assert not missing, f"run: python -m tests.e2e.companion_cases {' '.join(missing)}"
