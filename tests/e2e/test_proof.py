"""The page of a model shows whether it predicts what Keras predicts, on all backends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels
from tests.proofs.samples import NAMES, change_config, change_weight, with_proof
from tests.samples import REFERENCES, arrays

from .trying import LOADED_MS, TENSORFLOW, Trial

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]
BACKENDS = ["cpu", "wasm", "webgl", "webgpu"]
NOTED = {("sequences/brackets", "webgpu"): "gru"}
"""What a note on the model says is wrong, and in which layer."""

Rows = dict[str, list[str]]
"""By backend: the largest difference, up to which it is right, the verdict, the first layer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """Serves the sample models with proofs, and two of them that were tampered with."""
    workspace = tmp_path_factory.mktemp("proven")
    folder = workspace / "models"
    for name in NAMES:
        with_proof(name, folder)
    digits = with_proof("digits", folder / "weight")
    change_weight(digits, "dense", lambda kernel: kernel * 1.5)
    digits = with_proof("digits", folder / "setting")
    change_config(digits, "conv2d_1", activation="tanh")
    served = ServedModels(workspace, options=["--tfjs-url", str(TENSORFLOW)])
    yield served
    served.close()


@pytest.fixture
def compared(page: Page, server: ServedModels) -> Callable[[str], Rows]:
    """Compares a model; nothing may go wrong in the page meanwhile, or be left over."""

    def compare(name: str) -> Rows:
        trial = Trial(page, server, name, load=False)
        page.get_by_role("button", name="Compare with Keras").click()
        status = page.locator("#proof [role=status]")
        expect(status).to_contain_text("what Keras predicts", timeout=LOADED_MS)
        lines = page.locator("#proof tbody tr")
        rows = [row.locator("th, td").all_inner_texts() for row in lines.all()]
        assert trial.faults == []
        assert page.evaluate("tf.memory().numTensors") == 0
        return {backend: told for backend, *told in rows}

    return compare


def test_caches_ask_for_what_it_says_and_keep_its_numbers(server: ServedModels) -> None:
    url = f"{server.base_url}/wine-two-inputs/"
    with urlopen(f"{url}proof.json") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert (answer.headers["Cache-Control"], answer.headers["ETag"][0]) == ("no-cache", '"')
        proof = json.load(answer)
    assert (proof["examples"], proof["changed"]) == (4, [])
    with urlopen(url + proof["numbers"]) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        numbers = np.frombuffer(answer.read(), "<f4")
    tensors = [*proof["inputs"], *proof["outputs"], *proof["layers"]]
    assert sum(one["count"] for one in tensors) == numbers.size
    (output,) = arrays(REFERENCES["wine-two-inputs"]["outputs"])
    start = sum(one["count"] for one in proof["inputs"])
    np.testing.assert_allclose(numbers[start : start + output.size], output.reshape(-1), rtol=1e-4)
    with pytest.raises(HTTPError) as error, urlopen(f"{url}proof.npz"):
        pass
    assert error.value.code == 404
    error.value.close()


@pytest.mark.parametrize("name", NAMES)
def test_sample_models_predict_what_keras_predicts(
    compared: Callable[[str], Rows], name: str
) -> None:
    rows = compared(name)
    assert list(rows) == BACKENDS
    for backend, (largest, limit, verdict, first) in rows.items():
        if layer := NOTED.get((name, backend)):
            assert verdict == f"above {limit}"
            assert first.startswith(f"{layer} (")
        else:
            assert (verdict, first) == ("as Keras", "")
            assert largest == "none" or float(largest) < 1e-5


@pytest.mark.parametrize(("folder", "layer"), [("weight", "dense"), ("setting", "conv2d_1")])
def test_who_tampered_with_a_layer_is_found_out(
    page: Page, compared: Callable[[str], Rows], folder: str, layer: str
) -> None:
    rows = compared(f"{folder}/digits")
    assert list(rows) == BACKENDS
    for _, limit, verdict, first in rows.values():
        assert verdict == f"above {limit}"
        assert first.startswith(f"{layer} (")
    expect(page.locator("#proof")).to_contain_text("does not predict what Keras predicts")
    notice = page.locator("#proof .notice.failed")
    if folder == "weight":
        expect(notice).to_contain_text(layer)
    else:  # which has no fingerprint
        expect(notice).to_have_count(0)


def test_a_page_tells_how_a_proof_is_made(page: Page, server: ServedModels) -> None:
    models = server.folder
    (models / "iris.proof.npz").rename(models / "away")
    try:
        page.goto(f"{server.base_url}/iris/")
        section = page.locator("#proof")
        expect(section).to_contain_text("write_proof(model, x, 'iris.h5')")
        expect(page.locator("#prove")).to_have_count(0)
        (models / "away").rename(models / "iris.proof.npz")
        expect(page.locator("#prove")).to_be_visible(timeout=LOADED_MS)
    finally:
        if (models / "away").exists():
            (models / "away").rename(models / "iris.proof.npz")
