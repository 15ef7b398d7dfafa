"""Asynchronous work for callers in scripts, event loops and threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tfjs_serve.api import running
from tfjs_serve.api.running import run


async def add(a: int, b: int) -> int:
    await asyncio.sleep(0)
    return a + b


async def fail() -> None:
    raise ValueError("no")


def in_script(call: Callable[[], Any]) -> Any:
    return call()


def in_loop(call: Callable[[], Any]) -> Any:
    async def cell() -> Any:
        return call()

    return asyncio.run(cell())


def in_thread(call: Callable[[], Any]) -> Any:
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(call())
        except Exception as error:  # noqa: BLE001 -- handed on
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


PLACES = pytest.mark.parametrize("place", [in_script, in_loop, in_thread])


@PLACES
def test_the_result_is_returned(place: Callable[..., Any]) -> None:
    assert place(lambda: run(add(1, 2))) == 3
    assert {thread.name for thread in threading.enumerate()} & {"tfjs-serve"} == set()


@PLACES
def test_an_error_is_raised(place: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="no"):
        place(lambda: run(fail()))


@PLACES
def test_what_is_left_behind_is_ended(place: Callable[..., Any]) -> None:
    ended = []

    async def linger() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append(True)

    async def work() -> None:
        work.task = asyncio.create_task(linger())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    place(lambda: run(work()))
    assert ended == [True]


def test_ctrl_c_in_a_cell_cancels_the_work_before_it_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, cancelled = threading.Event(), []

    class Interrupted(running.Future[Any]):  # type: ignore[misc]
        def result(self, timeout: float | None = None) -> Any:
            begun.wait(60)
            raise KeyboardInterrupt

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    monkeypatch.setattr(running, "Future", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        in_loop(lambda: run(work()))
    assert cancelled == [True]
