"""The gradients of ``training.js`` are right on the graphics backend of browsers, too."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.parity.cases import KERAS3, cases_of
from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.converted import convert_into
from tests.parity.keras3 import ignore_warnings_about_the_cases, model_with_references

pytestmark = [
    *ignore_warnings_about_the_cases,
    *(pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS),
]

ROOT = Path(__file__).parents[2]
SOURCES = ("gradients", "window_gradients", "layer_gradients")
TOLERANCE = 1e-2
"""Graphics cards, and what stands in for one, compute with fewer digits."""
MENDED = (
    *("AveragePooling2D-pool_size_3-strides_2-padding_same", "UpSampling2D-size_3"),
    *("AveragePooling3D-pool_size_2-padding_same-strides_1", "MaxPooling3D-pool_size_1x2x3"),
    *("Conv2D-padding_same-dilation_rate_2", "Conv3D-dilation_rate_2", "Conv3DTranspose"),
    *("SeparableConv2D-dilation_rate_2", "BatchNormalization-center_True-scale_False"),
    *("Masking", "Maximum-broadcast", "ops.statistics-cumsum", "ops.order-top_k-values"),
    *("ops.shaping-tile-longer", "ReLU.grid-max_value_1.5-negative_slope_0.3-threshold_0.4"),
)
COMPARE = """
async ({ url, folder, sources, inputs, tolerance }) => {
  await tf.setBackend("webgl");
  const returned = {};
  const part = (name, needs, declare) => {
    const given = needs.map((need) => returned[need]);
    returned[name] = declare(Object.assign({ tf }, ...given));
  };
  for (const text of sources) new Function("part", text)(part);
  const { slopes } = await import(new URL("slopes.mjs", folder));
  const script = await fetch(new URL("layers.js", url));
  if (script.ok) new Function(await script.text())();
  const model = await tf.loadLayersModel(url);
  const tensors = inputs.map(({ values, shape }) => tf.tensor(values, shape, "float32"));
  return slopes(tf, model, tensors, { tolerance });
}
"""


@pytest.fixture(scope="module")
def empty_page(chromium: BrowserContext, page_folder: Path, page_url: str) -> Iterator[Page]:
    shutil.copy(ROOT / "tests/js/slopes.mjs", page_folder)
    with chromium.new_page() as page:
        page.goto(page_url)
        yield page


@pytest.mark.parametrize("name", MENDED)
def test_gradients_are_slopes(
    name: str, empty_page: Page, page_folder: Path, page_url: str, tmp_path: Path
) -> None:
    (case,) = (one for one in cases_of(KERAS3) if one.id == name)
    with np.errstate(all="ignore"):
        model, inputs, _ = model_with_references(case)
    path = tmp_path / "model.keras"
    model.save(path)
    folder = page_folder / re.sub(r"\W", "_", f"slopes_{name}")
    folder.mkdir()
    convert_into(folder, path)
    request: dict[str, Any] = {
        "url": page_url.replace("page.html", f"{folder.name}/model.json"),
        "folder": page_url.replace("page.html", ""),
        "sources": [_source(one) for one in SOURCES],
        "inputs": [
            {"shape": list(one.shape), "values": one.astype(float).ravel().tolist()}
            for one in inputs
        ],
        "tolerance": TOLERANCE,
    }
    compared = empty_page.evaluate(COMPARE, request)
    assert compared
    assert [one for one in compared if not one["error"] <= TOLERANCE] == []


def _source(name: str) -> str:
    return (ROOT / f"tfjs_serve/browser/training/{name}.js").read_text(encoding="utf-8")
