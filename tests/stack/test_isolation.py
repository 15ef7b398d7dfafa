"""A model that misbehaves costs only itself: the rest is served meanwhile, and afterwards."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from tests.stack.whole import Folder, freeze, running
from tests.web.asking import ask, assert_problem
from tfjs_serve.settings import MINIMUM_WORKER_MEMORY_BYTES, ServerSettings

_MISBEHAVING = """
import os, sys, threading
from importlib import import_module
sys.path[:] = sys.argv[3:]
from tfjs_serve.worker import convert

well = convert._convert

def conversion(request, on_progress, copy):
    if request.display_name == "bad.h5":
        {misbehave}
    return well(request, on_progress, copy)

convert._convert = conversion
import_module(sys.argv[1]).main(int(sys.argv[2]))
"""
_NO_LIMIT = sys.platform in ("win32", "darwin")
MISBEHAVIOURS = [
    pytest.param("os.abort()", 500, "conversion-crashed", id="crashes"),
    pytest.param("threading.Event().wait()", 504, "conversion-timeout", id="hangs"),
    pytest.param(
        "bytearray(1 << 33)",
        422,
        "conversion-limit",
        id="takes all memory",
        marks=pytest.mark.skipif(_NO_LIMIT, reason="no limit of address space"),
    ),
]


@pytest.mark.parametrize(("misbehave", "status", "code"), MISBEHAVIOURS)
async def test_a_model_that_misbehaves_costs_only_itself(
    settings: ServerSettings,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    misbehave: str,
    status: int,
    code: str,
) -> None:
    script = _MISBEHAVING.format(misbehave=misbehave)
    monkeypatch.setattr("tfjs_serve.worker.process._BOOTSTRAP", script)
    few = replace(
        settings,
        conversion_deadline_seconds=8 if code == "conversion-timeout" else 600,
        worker_memory_bytes=MINIMUM_WORKER_MEMORY_BYTES,
    )
    folder.save("bad.h5", edit=freeze)  # not the same bytes: those would be in the store
    folder.save("iris.h5")
    async with running(few) as stack:
        bad = asyncio.create_task(ask(stack, "/bad/model.json"))
        await stack.load("/iris")
        assert_problem(await bad, status, code)
        assert "bad.h5" in bad.result().json()["detail"]
        assert sorted(stack.told()) == ["failed", "ready", "started", "started"]

        # Not tried again before it changes; then once more.
        assert_problem(await ask(stack, "/bad/model.json"), status, code)
        assert stack.told() == []
        folder.save("bad.h5", edit=freeze)
        assert_problem(await ask(stack, "/bad/model.json"), status, code)
        assert stack.told() == ["started", "failed"]

        await stack.load("/iris")
        assert (stack.stored(), stack.stored("staging")) == (1, 0)


async def test_hanging_variants_of_one_model_leave_a_place_to_another(
    settings: ServerSettings, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _MISBEHAVING.format(misbehave="threading.Event().wait()")
    monkeypatch.setattr("tfjs_serve.worker.process._BOOTSTRAP", script)
    folder.save("bad.h5", edit=freeze)
    folder.save("iris.h5")
    async with running(settings) as stack:
        begun = asyncio.Event()
        stack.builder.subscribe(lambda event: begun.set())
        variants = ("", "@float16", "@uint16", "@uint8")
        hanging = [
            asyncio.create_task(ask(stack, f"/bad{variant}/model.json")) for variant in variants
        ]
        await begun.wait()
        await stack.load("/iris")
        await stack.load("/iris@uint8")
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)
