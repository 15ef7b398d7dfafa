"""Work on large files stays out of the way of everything else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builder.conftest import House
from tfjs_serve.builder.lanes import LARGE_BYTES, Lanes
from tfjs_serve.builder.snapshots import digest_file
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import Variant


@pytest.fixture
async def lanes() -> AsyncIterator[Lanes]:
    lanes = Lanes("test")
    yield lanes
    lanes.close()


async def test_large_work_leaves_threads_to_small_work_and_to_look_ups(lanes: Lanes) -> None:
    end = threading.Event()
    large = [asyncio.create_task(lanes.run(LARGE_BYTES, end.wait)) for _ in range(100)]
    await asyncio.sleep(0)
    assert await lanes.run(LARGE_BYTES - 1, lambda: "small") == "small"
    assert await asyncio.to_thread(lambda: "look-up") == "look-up"
    end.set()
    assert all(await asyncio.gather(*large))


async def test_arguments_results_and_errors_pass_through(lanes: Lanes) -> None:
    assert await lanes.run(0, int, "ff", base=16) == 255
    with pytest.raises(ValueError, match="invalid literal"):
        await lanes.run(0, int, "x")


async def test_closed_lanes_begin_nothing(lanes: Lanes) -> None:
    begun, end = threading.Event(), threading.Event()
    running = [asyncio.create_task(lanes.run(0, end.wait)) for _ in range(2)]
    waiting = asyncio.create_task(lanes.run(0, begun.set))
    await asyncio.sleep(0)
    lanes.close()
    end.set()
    await asyncio.wait([*running, waiting])
    with pytest.raises(TfjsServeError, match="closing"):
        waiting.result()
    assert not begun.is_set()


async def test_work_that_never_ends_lends_its_place(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfjs_serve.builder.lanes._PATIENCE_SECONDS", 0.01)
    end = threading.Event()
    stuck = [asyncio.create_task(lanes.run(0, end.wait)) for _ in range(5)]
    assert await asyncio.wait_for(lanes.run(0, lambda: "other"), timeout=30) == "other"
    assert not any(task.done() for task in stuck)
    end.set()
    assert all(await asyncio.gather(*stuck))


async def test_builder_reads_large_files_while_it_serves_small_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()
    monkeypatch.setattr("tfjs_serve.builder.lanes.LARGE_BYTES", 100)
    builder = house.builder()

    def slow_for_large(path: Path, cancelled: threading.Event) -> str:
        if path.name.startswith("large"):
            end.wait()
        return digest_file(path, cancelled)

    monkeypatch.setattr("tfjs_serve.builder.several_files.digest_file", slow_for_large)
    for number in range(40):
        house.folder.save(f"large{number}.h5", str(number) * 100)
    house.folder.save("small.h5", "v1")
    large = [
        asyncio.create_task(builder.build(house.folder.look(f"large{number}"), Variant.FULL))
        for number in range(40)
    ]
    assert await builder.build(house.folder.look("small"), Variant.FULL)
    assert not any(task.done() for task in large)
    end.set()
    assert len(await asyncio.gather(*large)) == 40
