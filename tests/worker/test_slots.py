"""Places for conversions: given in order, never all to one model, and to no model for ever."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.web.raw import until
from tfjs_serve.worker.slots import Slots


class Asker:
    """Asks for places in order, and says who has one."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stacks: dict[str, AsyncExitStack] = {}

    async def ask(self, who: str) -> None:
        """Ask for a place; the letters of `who` are the model, the digit is the variant."""
        self._stacks[who] = AsyncExitStack()
        place = self._slots.one(who.rstrip("0123456789"))
        self._tasks[who] = asyncio.create_task(self._stacks[who].enter_async_context(place))
        await asyncio.sleep(0)

    async def leave(self, who: str) -> None:
        task = self._tasks.pop(who)
        task.cancel()
        await asyncio.wait([task])
        await self._stacks.pop(who).aclose()
        await asyncio.sleep(0)

    @property
    def inside(self) -> set[str]:
        return {who for who, task in self._tasks.items() if task.done()}


async def test_one_model_never_has_all_places() -> None:
    asker = Asker(Slots(3))
    for who in ("a1", "a2", "a3", "b1", "c1"):
        await asker.ask(who)
    assert asker.inside == {"a1", "a2", "b1"}
    await asker.leave("b1")
    assert asker.inside == {"a1", "a2", "c1"}
    await asker.leave("a1")
    assert asker.inside == {"a2", "a3", "c1"}


async def test_single_place_is_given_in_the_order_of_asking() -> None:
    asker = Asker(Slots(1))
    for who in ("a1", "b1", "a2"):
        await asker.ask(who)
    for inside, _ in (("a1", 0), ("b1", 0), ("a2", 0)):
        assert asker.inside == {inside}
        await asker.leave(inside)


async def test_who_stops_waiting_takes_no_place() -> None:
    asker = Asker(Slots(1))
    for who in ("a1", "b1", "c1"):
        await asker.ask(who)
    await asker.leave("b1")
    await asker.leave("a1")
    assert asker.inside == {"c1"}


async def test_place_that_is_given_to_someone_who_leaves_at_that_moment_is_not_lost() -> None:
    slots = Slots(1)
    async with slots.one("a"):
        leaving = asyncio.create_task(slots.one("b").__aenter__())
        await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    async with slots.one("c"):
        pass


IMPATIENT = 0.0
"""Whoever has a place is late as soon as the loop turns."""


async def late(asker: Asker, *names: str) -> None:
    for who in names:
        await asker.ask(who)
        await asyncio.sleep(0.01)


async def test_late_models_keep_nobody_waiting() -> None:
    asker = Asker(Slots(2, patience_seconds=IMPATIENT))
    await late(asker, "a1", "b1", "c1")
    assert asker.inside == {"a1", "b1", "c1"}


async def test_late_models_lend_no_more_places_than_there_are() -> None:
    asker = Asker(Slots(2, patience_seconds=IMPATIENT))
    await late(asker, "a1", "b1", "c1", "d1", "e1")
    assert asker.inside == {"a1", "b1", "c1", "d1"}
    await asker.leave("b1")
    assert asker.inside == {"a1", "c1", "d1", "e1"}


async def test_variants_of_one_late_model_leave_a_place_to_the_others() -> None:
    asker = Asker(Slots(2, patience_seconds=IMPATIENT))
    await late(asker, "a1", "a2", "a3", "b1")
    assert asker.inside == {"a1", "a2", "b1"}


async def test_waiting_model_gets_the_place_of_one_that_becomes_late() -> None:
    asker = Asker(Slots(1, patience_seconds=0.5))
    await asker.ask("a1")
    await asker.ask("b1")
    assert asker.inside == {"a1"}
    await until(lambda: asker.inside == {"a1", "b1"})
