"""What happens to a live model at a wrong moment: trained, disposed of, or without its server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from playwright.sync_api import Page

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import ServedModels

from .live import LivePage
from .test_live_models import in_page, shaken

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

GIVEN = np.ones((1, 3), "float32")
COMPILE = "live.model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })"
FIT = """async (given) => {
  const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];
  await live.model.fit(x, y, { epochs: 2, verbose: 0, ...given });
  tf.dispose([x, y]);
}"""
HOLD_WEIGHTS = """() => {
  const before = fetch;
  const held = new Promise((resolve) => (window.letGo = resolve));
  window.fetch = async (url, ...others) => {
    if (!String(url).endsWith(".bin")) return before(url, ...others);
    window.isHeld = true;
    await held;
    return before(url, ...others);
  };
}"""


def two_layers(seed: int, units: int = 4) -> Any:
    names = (("first", units), ("last", 2))
    layers = [keras.layers.Dense(count, name=name) for name, count in names]
    return shaken(keras.Sequential([keras.Input((3,), name="given"), *layers], name="two"), seed)


def calling_a_layer_twice(seed: int, units: int) -> Any:
    given = keras.Input((3,), name="given")
    shared = keras.layers.Dense(3, name="shared")
    inner = keras.Sequential(
        [keras.Input((3,), name="inner_given"), keras.layers.Dense(units)], name="inner"
    )
    both = keras.layers.Concatenate()([inner(shared(shared(given))), inner(given)])
    last = keras.layers.Dense(2, name="last")(both)
    return shaken(keras.Model(given, last, name="twice"), seed)


def expect_prediction(live: LivePage, model: Any) -> None:
    np.testing.assert_allclose(in_page(live, GIVEN), np.asarray(model(GIVEN))[0], atol=1e-5)


def begun(page: Page, live_url: str, served: ServedModels, path: Path) -> LivePage:
    live = LivePage.opened(page, live_url, served)
    live.start(path.stem)
    live.wait_until_it_listens()
    return live


def test_what_the_page_has_trained_is_replaced_as_a_whole(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "tuned.keras"
    model = two_layers(1)
    model.save(path)
    live = begun(page, live_url, served, path)
    page.evaluate(COMPILE)
    tensors = live.tensors()
    page.evaluate(FIT)
    last = model.get_layer("last")
    last.set_weights([last.get_weights()[0], np.ones(2, "float32")])
    model.save(path)
    assert live.told("update")["isNew"] is False
    expect_prediction(live, model)
    assert live.tensors() == tensors


def test_new_labels_leave_what_the_page_has_trained(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "labelled.keras"
    labels = served.folder / "labelled.labels.txt"
    two_layers(1).save(path)
    labels.write_text("cat\ndog\n")
    live = begun(page, live_url, served, path)
    page.evaluate(COMPILE)
    page.evaluate(FIT)
    trained = in_page(live, GIVEN)
    labels.write_text("cat\nowl\n")
    assert live.told("update")["changed"] == []
    assert page.evaluate("live.model.getUserDefinedMetadata().labels") == ["cat", "owl"]
    assert in_page(live, GIVEN) == trained


@pytest.mark.parametrize("units", [4, 5], ids=["same layers", "other layers"])
def test_a_training_that_is_under_way_comes_to_its_end(
    page: Page, live_url: str, served: ServedModels, units: int
) -> None:
    path = served.folder / f"busy-{units}.keras"
    two_layers(1).save(path)
    live = begun(page, live_url, served, path)
    page.evaluate(COMPILE)
    page.evaluate(
        f"""() => {{
          const held = new Promise((resolve) => (window.letGo = resolve));
          const fit = {FIT};
          fit({{ callbacks: {{ onEpochEnd: () => held }} }})
            .then(() => (window.came = "to its end"), (error) => (window.came = String(error)));
        }}"""
    )
    model = two_layers(2, units)
    model.save(path)
    if units == 5:
        live.told("update")
    page.wait_for_timeout(1000)
    page.evaluate("letGo()")
    page.wait_for_function("window.came")
    assert page.evaluate("came") == "to its end"
    live.told("update")
    expect_prediction(live, model)


def test_a_page_may_dispose_of_the_model_that_is_replaced(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "replaced.keras"
    two_layers(1).save(path)
    live = begun(page, live_url, served, path)
    page.evaluate(
        """() => {
          const push = told.push.bind(told);
          window.first = live.model;
          told.push = (one) => (one.isNew && first.dispose(), push(one));
        }"""
    )
    for count in (1, 2):
        model = two_layers(count, 5)
        model.save(path)
        assert live.told("update", count)["isNew"] is (count == 1)
        expect_prediction(live, model)
    assert page.evaluate("told.length") == 2


@pytest.mark.parametrize("units", [4, 5], ids=["same layers", "other layers"])
@pytest.mark.parametrize("end", ["stop", "dispose"])
def test_nothing_comes_after_the_end(
    page: Page, live_url: str, served: ServedModels, units: int, end: str
) -> None:
    path = served.folder / f"ended-{end}-{units}.keras"
    model = two_layers(1)
    model.save(path)
    live = begun(page, live_url, served, path)
    tensors = live.tensors()
    page.evaluate(HOLD_WEIGHTS)
    two_layers(2, units).save(path)
    page.wait_for_function("window.isHeld")
    page.evaluate(f"live.{end}()")
    page.evaluate("letGo()")
    page.wait_for_timeout(1000)
    assert page.evaluate("told") == []
    assert live.tensors() == (0 if end == "dispose" else tensors)
    if end == "stop":
        expect_prediction(live, model)


def test_a_server_that_ends_between_two_answers_is_no_fault_of_the_model(
    page: Page, live_url: str, tmp_path: Path
) -> None:
    first = ServedModels(tmp_path / "first")
    path = first.folder / "cut.keras"
    model = two_layers(1)
    model.save(path)
    live = begun(page, live_url, first, path)
    page.evaluate(HOLD_WEIGHTS)
    shaken(model, 2).save(path)
    page.wait_for_function("window.isHeld")
    first.kill()
    page.evaluate("letGo()")
    page.wait_for_timeout(500)
    assert page.evaluate("told") == []
    (tmp_path / "again").mkdir()
    port = first.base_url.rpartition(":")[2]
    live.server = ServedModels(tmp_path / "again", models=first.folder, options=["--port", port])
    try:
        live.told("update")
        expect_prediction(live, model)
        assert page.evaluate("told.length") == 1
    finally:
        live.server.close()
        first.close()


def test_a_model_is_freed_whose_layers_are_called_twice(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "twice.keras"
    calling_a_layer_twice(1, 4).save(path)
    live = begun(page, live_url, served, path)
    tensors = live.tensors()
    for count, units in enumerate((5, 4), 1):
        model = calling_a_layer_twice(count, units)
        model.save(path)
        assert live.told("update", count)["isNew"] is True
        page.wait_for_function("count => tf.memory().numTensors === count", arg=tensors)
        expect_prediction(live, model)
    page.evaluate("live.dispose()")
    assert live.tensors() == 0


def test_layers_that_a_page_has_put_into_its_own_model_stay(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "lent.keras"
    model = calling_a_layer_twice(1, 4)
    model.save(path)
    live = begun(page, live_url, served, path)
    page.evaluate(
        """() => {
          const given = tf.input({ shape: [3] });
          const lent = ["shared", "inner"].map((name) => live.model.getLayer(name));
          window.own = tf.model({ inputs: given, outputs: lent[1].apply(lent[0].apply(given)) });
        }"""
    )
    expected = model.get_layer("inner")(model.get_layer("shared")(GIVEN))
    calling_a_layer_twice(2, 5).save(path)
    live.told("update")
    page.wait_for_timeout(200)
    found = page.evaluate("Array.from(own.predict(tf.ones([1, 3])).dataSync())")
    np.testing.assert_allclose(found, np.asarray(expected)[0], atol=1e-5)


def test_a_save_that_pauses_is_not_told_as_a_fault(
    page: Page, live_url: str, served: ServedModels
) -> None:
    path = served.folder / "pausing.keras"
    model = two_layers(1)
    model.save(path)
    live = begun(page, live_url, served, path)
    shaken(model, 2).save(served.folder.parent / path.name)
    whole = (served.folder.parent / path.name).read_bytes()
    with path.open("wb") as file:
        file.write(whole[: len(whole) // 2])
        file.flush()
        page.wait_for_timeout(1200)
        file.write(whole[len(whole) // 2 :])
    live.told("update")
    expect_prediction(live, model)
    assert page.evaluate("told.length") == 1
    path.write_bytes(whole[: len(whole) // 2])
    error = live.told("error")
    assert (error["code"], error["isServed"]) == ("unreadable-file", True)
    assert error["hint"]
