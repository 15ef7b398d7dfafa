"""Pages on another port load models from the server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.parity.handmade import BIAS, KERNEL, write_dense, write_graph
from tests.parity.harness import ServedModels, compare
from tests.samples import REFERENCES, SAMPLE_MODELS, arrays

from .browser import Exchange, NetworkLog, predict

GIVEN = {"shape": [2, 3], "dtype": "float32", "values": [1, 10, 100, 0, 0, 1]}


def visit(
    page: Page, page_url: str, server: ServedModels, name: str, variant: str | None = None
) -> tuple[Exchange, list[Exchange]]:
    """Open the page, check that the sample predicts what Keras does; return what was loaded.

    Returns
    -------
    The exchange of model.json, and those of the shards.
    """
    page.goto(page_url)
    network = NetworkLog(page)
    url = server.url(name, variant=variant)
    outputs = predict(page, url, REFERENCES[name]["inputs"])
    rtol = {None: 1e-5, "float16": 5e-3, "uint16": 5e-2, "uint8": 0.5}[variant]
    compare(arrays(REFERENCES[name]["outputs"]), outputs, rtol)
    document, *shards = network.below(url.removesuffix("model.json"))
    assert document.url == url
    assert len(shards) == sum(len(group["paths"]) for group in manifest(server, url))
    return document, shards


def manifest(server: ServedModels, url: str) -> list[dict[str, list[str]]]:
    document = json.loads(server.get(url).body)
    groups: list[dict[str, list[str]]] = document["weightsManifest"]
    return groups


@pytest.mark.parametrize("name", REFERENCES)
def test_a_second_visit_downloads_no_weights(
    chromium: BrowserContext, page: Page, page_url: str, samples: ServedModels, name: str
) -> None:
    document, shards = visit(page, page_url, samples, name)
    assert (document.wire_status, document.from_disk_cache) == (200, False)
    assert shards
    assert all(shard.wire_status == 200 and shard.wire_bytes > 0 for shard in shards)

    with chromium.new_page() as second_page:
        document, shards = visit(second_page, page_url, samples, name)
    assert (document.status, document.wire_status) == (200, 304)
    assert [shard.wire_bytes for shard in shards] == [0] * len(shards)
    assert all(shard.from_disk_cache and shard.status == 200 for shard in shards)


def test_a_page_on_another_port_asks_for_no_weights_again(
    chromium: BrowserContext,
    page: Page,
    page_url: str,
    other_page_url: str,
    served: ServedModels,
) -> None:
    served.add(SAMPLE_MODELS / "iris.h5")
    visit(page, page_url, served, "iris")
    for url in (other_page_url, page_url):
        with chromium.new_page() as other_page:
            document, shards = visit(other_page, url, served, "iris")
        assert document.wire_status in (200, 304)
        assert shards
        assert all(shard.from_disk_cache and shard.status == 200 for shard in shards)
        assert [shard.wire_bytes for shard in shards] == [0] * len(shards)


@pytest.mark.parametrize("variant", ["float16", "uint16", "uint8"])
def test_a_variant_downloads_less(
    page: Page, page_url: str, samples: ServedModels, variant: str
) -> None:
    _, shards = visit(page, page_url, samples, "sequences/sine", variant)
    full = manifest(samples, samples.url("sequences/sine"))[0]["paths"]
    folder = samples.url("sequences/sine").removesuffix("model.json")
    full_bytes = sum(len(samples.get(folder + path).body) for path in full)
    bytes_per_value = {"float16": 2, "uint16": 2, "uint8": 1}[variant]
    headers_bytes = 1024 * len(shards)
    got_bytes = sum(shard.wire_bytes for shard in shards)
    assert 0 < got_bytes <= full_bytes * bytes_per_value / 4 + headers_bytes


def test_an_overwritten_file_is_the_new_model_on_reload(
    page: Page, page_url: str, served: ServedModels
) -> None:
    url = served.add(SAMPLE_MODELS / "iris.h5", "overwritten.h5")
    for name in ("iris", "digits"):
        # As Keras saves: the same file is truncated and written again.
        shutil.copyfile(SAMPLE_MODELS / f"{name}.h5", served.folder / "overwritten.h5")
        page.goto(page_url)
        outputs = predict(page, url, REFERENCES[name]["inputs"])
        compare(arrays(REFERENCES[name]["outputs"]), outputs)


@pytest.mark.parametrize("kind", ["layers", "graph"])
def test_a_converted_folder_loads_as_it_is(
    page: Page, page_url: str, served: ServedModels, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / f"handmade-{kind}"
    folder.mkdir()
    (write_dense if kind == "layers" else write_graph)(folder)
    url = served.add(folder)
    page.goto(page_url)
    (output,) = predict(page, url, [GIVEN], kind=kind)
    (given,) = arrays([GIVEN])
    compare([given @ np.array(KERNEL, np.float32) + BIAS], [output])
