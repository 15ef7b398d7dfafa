"""The small parts: single flights, bounded memory, the converter's version."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

import tfjs_serve
from tfjs_serve.builder import converter_version as version_module
from tfjs_serve.builder import pruner as pruner_module
from tfjs_serve.builder.pruner import Pruner
from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.shelf import Shelf
from tfjs_serve.builder.single_flight import SingleFlight, Turns

CONVERTING = (
    *("conversion/translate.py", "conversion/layers/shared/cells.py", "companion.py"),
    *("keras_files/hdf5.py", "layers_model/writer.py", "packed_scripts.py"),
    "browser/layers.json",
)
"""Some of the files that decide the bytes of an artifact, in each place where there are any."""


async def test_callers_share_work_only_while_it_lasts() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        return begun

    assert await asyncio.gather(*(flights.join("a", work) for _ in range(5))) == [1] * 5
    assert await flights.join("a", work) == 2


async def test_failure_that_nobody_waits_for_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    flights: SingleFlight[str, None] = SingleFlight()

    async def fail() -> None:
        raise RuntimeError("nobody hears this")

    await asyncio.wait([flights.begin("a", fail)])
    await asyncio.sleep(0)
    assert caplog.text == ""


async def test_close_cancels_what_is_under_way() -> None:
    flights: SingleFlight[str, None] = SingleFlight()

    async def hang() -> None:
        await asyncio.Event().wait()

    task = flights.begin("a", hang)
    await flights.close()
    assert task.cancelled()


def test_memory_forgets_what_was_not_used_for_the_longest_time() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)


def test_version_names_release_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tfjs_serve"
    shutil.copytree(Path(tfjs_serve.__file__).parent, package)
    monkeypatch.setattr(version_module, "__file__", str(package / "builder" / "version.py"))
    version = version_module.converter_version.__wrapped__
    original = version()
    assert original.startswith(f"{tfjs_serve.__version__}+")
    (package / "web" / "app.py").write_text("# does not convert")
    assert version() == original
    seen = {original}
    for name in CONVERTING:
        assert (package / name).exists()
        (package / name).write_text("// converts otherwise")
        assert version() not in seen
        seen.add(version())


class Work:
    """Work of which each piece ends when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end: list[asyncio.Event] = []

    def piece(self, version: str) -> Callable[[], Coroutine[Any, Any, str]]:
        async def work() -> str:
            self.begun.append(version)
            may_end = asyncio.Event()
            self.may_end.append(may_end)
            await may_end.wait()
            return version

        return work


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_newer_versions_share_one_turn_after_the_one_under_way() -> None:
    turns: Turns[str, str] = Turns()
    work = Work()
    first = asyncio.create_task(turns.join("a", 1, work.piece("1")))
    await settle()
    same = asyncio.create_task(turns.join("a", 1, work.piece("1 again")))
    newer = [asyncio.create_task(turns.join("a", n, work.piece(str(n)))) for n in (2, 3, 4)]
    other = asyncio.create_task(turns.join("b", 1, work.piece("other")))
    await settle()
    assert work.begun == ["1", "other"]
    for _ in range(2):
        for may_end in work.may_end:
            may_end.set()
        await settle()
    assert work.begun == ["1", "other", "4"]
    answers = await asyncio.gather(first, same, *newer, other)
    assert answers == ["1", "1", "4", "4", "4", "other"]
    again = asyncio.create_task(turns.join("a", 4, work.piece("new")))
    await settle()
    assert work.begun[-1] == "new"
    again.cancel()
    await turns.close()


async def test_a_turn_that_failed_lets_the_next_one_begin() -> None:
    turns: Turns[str, str] = Turns()
    work = Work()

    async def fail() -> str:
        await asyncio.sleep(0)
        raise RuntimeError("this one")

    failing = asyncio.create_task(turns.join("a", 1, fail))
    await asyncio.sleep(0)
    following = asyncio.create_task(turns.join("a", 2, work.piece("2")))
    with pytest.raises(RuntimeError, match="this one"):
        await failing
    await settle()
    work.may_end[0].set()
    assert await following == "2"


async def test_close_cancels_turns_that_wait_too() -> None:
    turns: Turns[str, str] = Turns()
    work = Work()
    callers = []
    for n in (1, 2):
        callers.append(asyncio.create_task(turns.join("a", n, work.piece(str(n)))))
        await settle()
    await turns.close()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    assert work.begun == ["1"]


async def test_a_server_that_ends_prunes_what_it_has_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pruner_module, "_DELAY_SECONDS", 600)
    shelf = CountingShelf()
    pruner = Pruner(cast("Shelf", shelf))
    await pruner.close()
    assert shelf.prunings == 0
    pruner.begin()
    await pruner.close()
    assert shelf.prunings == 1


async def test_pruning_waits_until_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    shelf = CountingShelf()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if shelf.prunings == 0:
            assert waits == [pruner_module._DELAY_SECONDS]

    monkeypatch.setattr("tfjs_serve.builder.pruner.asyncio.sleep", sleep)
    pruner = Pruner(cast("Shelf", shelf))
    pruner.begin()
    pruner.begin()
    assert shelf.prunings == 0
    await asyncio.wait_for(shelf.pruned[1].wait(), 60)
    assert waits[0] == pruner_module._DELAY_SECONDS
    await pruner.close()
    assert shelf.prunings == 1


async def test_what_is_no_longer_protected_is_pruned_without_another_conversion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pruner_module, "_DELAY_SECONDS", 0)
    shelf = CountingShelf()
    pruner = Pruner(cast("Shelf", shelf))
    pruner.keep(0.001)
    await asyncio.wait_for(shelf.pruned[3].wait(), 60)
    await pruner.close()


class CountingShelf:
    """Counts how often it is pruned."""

    def __init__(self) -> None:
        self.prunings = 0
        self.pruned: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        """Set when it has been pruned so many times."""

    async def prune(self) -> None:
        self.prunings += 1
        self.pruned[self.prunings].set()
