"""A model that is saved is live in the page that has it, without a reload."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS

from .browser import NetworkLog
from .live import IRIS, LivePage, edit, train


@pytest.fixture
def live(page: Page, live_url: str, served: ServedModels) -> LivePage:
    served.add(IRIS)
    return LivePage.opened(page, live_url, served)


def fresh(chromium: BrowserContext, live: LivePage) -> list[float]:
    """Return what a page predicts that loads the model now."""
    with chromium.new_page() as tab:
        other = LivePage.opened(tab, live.page.url, live.server)
        other.start(options={"overlay": False})
        return other.predicted()


def test_a_save_changes_the_prediction_without_a_reload(
    live: LivePage, chromium: BrowserContext
) -> None:
    assert live.start() is True
    before, tensors = live.predicted(), live.tensors()
    live.wait_until_it_listens()
    for count in (1, 2, 3):
        train(live.server.folder / "iris.h5")
        update = live.told("update", count)
        assert update["isNew"] is False
        assert "species/kernel" in update["changed"]
    after = live.predicted()
    assert after != before
    assert after == fresh(chromium, live)
    assert live.tensors() == tensors
    assert live.page.evaluate("told.length") == 3


def test_only_shards_that_have_changed_are_fetched(
    page: Page, live_url: str, tmp_path: Path
) -> None:
    served = ServedModels(tmp_path, options=["--shard-size", "4KiB"])
    try:
        served.add(SAMPLE_MODELS / "digits.h5")
        live = LivePage.opened(page, live_url, served)
        live.start("digits")
        live.wait_until_it_listens()
        before = shards_of(served)
        network = NetworkLog(page)
        names = last_weights(served.folder / "digits.h5")
        train(served.folder / "digits.h5", only=names[0].partition("/")[0])
        update = live.told("update")
        after = shards_of(served)
        fetched = {
            one.url.rpartition("/")[2]: one.wire_bytes
            for one in network.below(served.base_url)
            if one.url.endswith(".bin")
        }
    finally:
        served.close()
    assert fetched.keys() == after - before
    assert 0 < len(fetched) < len(after) / 2
    assert set(names) <= set(update["changed"])
    assert sum(fetched.values()) >= update["bytes"] > 0


def shards_of(served: ServedModels) -> set[str]:
    document = json.loads(served.get("/digits/model.json").body)
    return {path for group in document["weightsManifest"] for path in group["paths"]}


def last_weights(path: Path) -> list[str]:
    """Return what the weights of the last layer are called in the page."""
    with h5py.File(path) as file:
        layer = file["model_weights"].attrs["layer_names"][-1]
        layer = layer.decode() if isinstance(layer, bytes) else layer
    return [f"{layer}/kernel", f"{layer}/bias"]


def test_a_model_of_other_layers_is_handed_over(live: LivePage, chromium: BrowserContext) -> None:
    live.start()
    live.wait_until_it_listens()
    live.page.evaluate("window.first = live.model")

    def rename(config: dict[str, Any]) -> None:
        config["config"]["layers"][-1]["config"]["activation"] = "sigmoid"

    tensors = live.tensors()
    edit(live.server.folder / "iris.h5", rename)
    assert live.told("update")["isNew"] is True
    assert live.page.evaluate("first !== live.model")
    assert live.predicted() == fresh(chromium, live)
    live.page.wait_for_function("count => tf.memory().numTensors === count", arg=tensors)
    with pytest.raises(Error, match="disposed"):
        live.page.evaluate("first.predict(tf.tensor([[1, 2, 3, 4]])).dataSync()")


def test_a_model_that_fails_leaves_the_old_one_running(live: LivePage) -> None:
    live.start()
    before = live.predicted()
    live.wait_until_it_listens()
    path = live.server.folder / "iris.h5"
    whole = path.read_bytes()

    def spoil(config: dict[str, Any]) -> None:
        config["config"]["layers"][1]["class_name"] = "MyDense"

    edit(path, spoil)
    error = live.told("error")
    assert error["isServed"] is True
    assert [problem["code"] for problem in error["problems"]] == ["unsupported-layer"]
    assert error["problems"][0]["hint"]
    assert live.predicted() == before
    overlay = live.page.locator("tfjs-serve-overlay")
    assert "MyDense" in overlay.locator("section").inner_text()
    live.page.keyboard.press("Escape")
    assert overlay.count() == 0

    path.write_bytes(whole)
    train(path)
    live.told("update")
    assert live.predicted() != before
    assert live.page.evaluate("told.filter(({ kind }) => kind === 'error').length") == 1
    assert live.page.evaluate("live.error") is None


def test_an_overlay_goes_away_when_the_reason_has(live: LivePage) -> None:
    path = live.server.folder / "iris.h5"
    whole = path.read_bytes()
    live.start()
    live.wait_until_it_listens()
    path.write_bytes(b"no model at all")
    overlay = live.page.locator("tfjs-serve-overlay")
    overlay.wait_for(state="attached")
    path.write_bytes(whole)
    overlay.wait_for(state="detached")


def test_a_missing_model_is_said_on_the_page_and_loads_when_it_is_there(live: LivePage) -> None:
    with pytest.raises(Error, match="irs"):
        live.start("irs")
    assert "irs" in live.page.locator("tfjs-serve-overlay section").inner_text()
    assert live.told("error")["code"] == "no-such-model"
    live.page.evaluate("window.isOld = true")
    live.server.add(IRIS, "irs.h5")
    live.page.wait_for_function("!window.isOld")  # the page was reloaded


@pytest.mark.parametrize("variant", ["uint8", "float16"])
def test_quantized_weights_are_kept_current(
    live: LivePage, chromium: BrowserContext, variant: str
) -> None:
    live.start(f"iris@{variant}")
    live.wait_until_it_listens()
    train(live.server.folder / "iris.h5", 0.5)
    assert live.told("update")["isNew"] is False
    now = live.predicted()
    with chromium.new_page() as tab:
        other = LivePage.opened(tab, live.page.url, live.server)
        other.start(f"iris@{variant}")
        assert other.predicted() == now


def test_a_published_folder_loads_with_the_same_line(live: LivePage, page_folder: Path) -> None:
    target = page_folder / "published"
    command = [sys.executable, "-m", "tfjs_serve", "convert", str(IRIS), str(target)]
    subprocess.run(command, check=True, capture_output=True)
    here = live.page.url.rpartition("/")[0]
    assert live.start(url=f"{here}/published/model.json") is False
    assert len(live.predicted()) == 3
    assert live.page.locator("iframe").count() == 0


def test_progress_is_told_in_bytes(live: LivePage) -> None:
    live.page.evaluate("window.progress = []")
    live.page.evaluate(
        """async ({ base, url }) => {
          await tf.setBackend("cpu");
          const { liveModel } = await import(`${base}/-/client.js`);
          live = await liveModel(tf, url, { onProgress: (one) => progress.push(one) });
        }""",
        {"base": live.server.base_url, "url": live.server.url("iris")},
    )
    progress = live.page.evaluate("progress")
    assert progress[-1]["loadedBytes"] == progress[-1]["totalBytes"] > 0
    assert [one["loadedBytes"] for one in progress] == sorted(
        one["loadedBytes"] for one in progress
    )


def test_one_line_reloads_a_page_that_loads_models_itself(live: LivePage) -> None:
    page, base = live.page, live.server.base_url
    page.evaluate(
        """async (base) => {
          window.isOld = true;
          await tf.loadLayersModel(`${base}/iris/model.json`);
          const script = document.createElement("script");
          Object.assign(script, { type: "module", src: `${base}/-/client.js?reload` });
          document.head.append(script);
        }""",
        base,
    )
    live.wait_until_it_listens()
    train(live.server.folder / "iris.h5")
    page.wait_for_function("!window.isOld")


def test_one_line_says_why_a_page_gets_no_model(live: LivePage) -> None:
    live.page.evaluate(
        """async (base) => {
          const script = document.createElement("script");
          Object.assign(script, { type: "module", src: `${base}/-/client.js?reload` });
          document.head.append(script);
          await new Promise((resolve) => (script.onload = resolve));
          await tf.loadLayersModel(`${base}/nothing/model.json`).catch(() => {});
        }""",
        live.server.base_url,
    )
    text = live.page.locator("tfjs-serve-overlay section").inner_text()
    assert "nothing" in text


def test_stop_ends_everything(live: LivePage) -> None:
    live.start()
    live.wait_until_it_listens()
    live.page.evaluate("live.dispose()")
    assert live.page.locator("iframe").count() == 0
    assert live.tensors() == 0
