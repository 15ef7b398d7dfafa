"""Small networks of ``keras.applications``; ``bench/applications.py`` tries all of them."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import pytest

from .applications import application, calibrate, images
from .grid.cases import GridCase
from .grid.run import Workbench, workbench
from .keras3 import ignore_warnings_about_the_cases

pytestmark = ignore_warnings_about_the_cases

SMALL = (
    *("MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0"),
    *("DenseNet121", "NASNetMobile", "ResNet50V2", "ConvNeXtTiny"),
)
TOLERANCES = {"EfficientNetV2B0": 1e-3}
"""Of each logit by itself. Those of this network reach 20, of which it is half of 1e-4."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with workbench(tmp_path_factory.mktemp("applications")) as bench:
        yield bench


@pytest.mark.parametrize("name", SMALL)
def test_network_predicts_the_same(name: str, bench: Workbench) -> None:
    case = GridCase(
        id=name,
        family="applications",
        class_name=name,
        build=lambda keras: application(keras, name, include_top=True),
        inputs=images,
        prepare=calibrate,
        tolerance=TOLERANCES.get(name, 1e-4),
    )
    results = list(bench.run(keras, case))
    assert [result.detail for result in results if not result.outcome.is_success] == []
