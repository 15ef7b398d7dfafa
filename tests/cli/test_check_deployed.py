"""``check URL``: what is deployed somewhere, in the words and formats of ``check``."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.doctor.deployments import PAGE, SHARD, File, deployed, good


@contextmanager
def _serving(files: dict[str, File]) -> Iterator[str]:
    """Serve the files in a thread, because the command has an event loop of its own."""
    started, done = threading.Event(), asyncio.Event()
    urls: list[str] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with deployed(files) as url:
            urls.append(url)
            started.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait()
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def test_a_good_model_is_ok(invoke):
    with _serving(good()) as url:
        result = invoke("check", url, f"{url}model.json", "--origin", PAGE, "--deep")
    assert result.exit_code == 0
    assert f"ok       {url}model.json" in result.output
    assert "2 models: 2 ok, 0 refused" in result.output


def test_a_fault_is_told_with_its_fix(invoke):
    files = good()
    files[SHARD].headers = {"Access-Control-Allow-Origin": "", "Cache-Control": "no-cache"}
    with _serving(files) as url:
        result = invoke("check", url, "--origin", PAGE)
    assert result.exit_code == 1
    output = " ".join(result.output.split())
    assert f"- {url}{SHARD} has no Access-Control-Allow-Origin" in output
    assert "Send Access-Control-Allow-Origin: *" in output
    assert f"warning: {url}{SHARD} has a name that changes with its bytes" in output


def test_json_has_codes(invoke):
    files = good()
    files["model.json"].headers = {"Cache-Control": "max-age=60"}
    del files[SHARD]
    with _serving(files) as url:
        result = invoke("check", url, "--json")
    (model,) = json.loads(result.stdout)["models"]
    assert model["path"] == url
    assert not model["ok"]
    assert model["error"]["code"] == "bad-deployment"
    assert [one["code"] for one in model["error"]["problems"]] == ["http-status"]
    assert [one["code"] for one in model["warnings"]] == ["loses-updates"]


@pytest.mark.parametrize("origin", ["example.com", "https://", "null"])
def test_what_is_no_origin_is_refused(invoke, origin):
    result = invoke("check", "http://127.0.0.1:9/", "--origin", origin)
    assert result.exit_code == 2
    assert "is no origin" in result.output
