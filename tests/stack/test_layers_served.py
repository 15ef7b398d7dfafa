"""The layers of a model are converted, kept and checked as its shards are."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.stack.whole import Folder, Stack, layer
from tests.web.asking import Answer, ask

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}


def activation(name: str) -> Callable[[dict[str, Any]], None]:
    """Give a layer an activation, such as one that TF.js lacks."""

    def edit(config: dict[str, Any]) -> None:
        layer(config, "hidden")["config"]["activation"] = name

    return edit


def damage(file: Path) -> None:
    file.write_bytes(bytes(reversed(file.read_bytes())))


async def named_script(stack: Stack) -> str:
    module: Answer = await ask(stack, "/model/layers.mjs")
    found = re.search(r'"\./(layers\.\w+\.js)"', module.body.decode())
    assert found is not None
    return found[1]


async def test_a_page_that_asks_for_the_layers_first_has_the_model_converted_once(
    stack: Stack, folder: Folder
) -> None:
    folder.save("model.h5", edit=activation("exponential"))
    script = await ask(stack, "/model/layers.js")
    assert script.status == 200
    assert b"tfjs-serve/layers.js" in script.body
    await stack.load("/model")
    assert stack.told() == ["started", "ready"]
    assert (await ask(stack, f"/model/{await named_script(stack)}")).body == script.body
    assert (await stack.listed("model.h5"))["layers"] == "/model/layers.js"


async def test_a_model_that_needs_no_layers_any_more_has_none_but_the_old_ones_stay(
    stack: Stack, folder: Folder
) -> None:
    folder.save("model.h5", edit=activation("exponential"))
    name = await named_script(stack)
    before = await ask(stack, f"/model/{name}")
    folder.save("model.h5")
    await stack.load("/model")
    assert (await ask(stack, "/model/layers.js")).status == 404
    assert (await ask(stack, "/model/layers.mjs")).status == 404
    after = await ask(stack, f"/model/{name}")
    assert (after.status, after.body) == (200, before.body)


@pytest.mark.parametrize("coding", UNPACK)
@pytest.mark.parametrize("by_digest", [False, True])
async def test_damaged_layers_are_made_again(
    stack: Stack, folder: Folder, coding: str, by_digest: bool
) -> None:
    folder.save("model.h5", edit=activation("exponential"))
    name = await named_script(stack)
    before = (await ask(stack, f"/model/{name}")).body
    ending = {"gzip": ".gz", "br": ".br"}.get(coding, "")
    damage(next(stack.cache_dir.glob(f"artifacts/*/{name}{ending}")))
    asked = name if by_digest else "layers.js"
    answer = await ask(stack, f"/model/{asked}", Accept_Encoding=coding)
    assert answer.headers.get("Content-Encoding", "identity") == coding
    assert UNPACK[coding](answer.body) == before
