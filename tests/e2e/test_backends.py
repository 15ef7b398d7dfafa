"""What ``layers.js`` has runs on the backends of browsers too: one model of each class.

``TFJS_SERVE_ALL_FEATURES=1`` runs a model of each function as well, which takes minutes.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.parity.cases import KERAS3, cases_of
from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.converted import converted
from tests.parity.harness import Array, compare
from tests.parity.keras3 import ignore_warnings_about_the_cases, model_with_references
from tfjs_serve import companion

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
TOLERANCES = {"wasm": 1e-4, "webgl": 1e-3}
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


@pytest.fixture(scope="module", params=["wasm", "webgl"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def prepared_page(
    chromium: BrowserContext, page_folder: Path, page_url: str, backend: str
) -> Iterator[Page]:
    """A page with ``layers.js``; it serves models out of its own folder."""
    script = companion.whole_script()
    (page_folder / script.name).write_text(script.text, encoding="utf-8")
    with chromium.new_page() as page:
        page.goto(page_url)
        page.add_script_tag(url=page_url.replace("page.html", script.name))
        yield page


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
    outputs = predict(prepared_page, url, _tensors(inputs), backend=backend)
    compare(expected, outputs, rtol=max(case.tolerance, TOLERANCES[backend]))


def _tensors(inputs: list[Array]) -> list[dict[str, Any]]:
    return [
        {"shape": list(one.shape), "dtype": "float32", "values": one.astype(float).ravel().tolist()}
        for one in inputs
    ]


def test_every_class_has_a_model() -> None:
    missing = companion.declared_arguments().keys() - set(FEATURES) - IN_NODE_ONLY
    assert not missing, f"run: python -m tests.e2e.companion_cases {' '.join(missing)}"
