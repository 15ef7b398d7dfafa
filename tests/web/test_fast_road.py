from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tfjs_serve.settings import FAST_ROAD_HEAD_BYTES, FAST_ROAD_RENEWAL_SECONDS, MIB
from tfjs_serve.sightings import Sightings
from tfjs_serve.web.fast_road import FastRoad, Finished


@dataclass
class Clock:
    """A clock that a look may take time of."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class FakeSightings(Sightings):
    def __init__(self, clock: Clock | None = None, seconds: float = 0.0) -> None:
        super().__init__()
        self.file(Path(__file__))
        self.clock, self.seconds = clock, seconds
        self.holds = True
        self.looks = 0

    def still_hold(self) -> bool:
        self.looks += 1
        if self.clock is not None:
            self.clock.now += self.seconds
        return self.holds


@dataclass
class Some:
    """An answer and what it depends on."""

    sightings: FakeSightings = field(default_factory=FakeSightings)
    body: bytes = b"body"

    @property
    def answer(self) -> Finished:
        return Finished(
            before_date=b"HTTP/1.1 200 OK\r\nDate: ",
            after_date=b"\r\n\r\n",
            body=self.body,
            sightings=self.sightings,
        )


async def next_turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_one_look_is_enough_for_a_turn_of_the_loop() -> None:
    road, some = FastRoad(), Some()
    road.keep(b"head", some.answer)
    for turn in (1, 2):
        for _ in range(3):
            assert road.find(b"head") is not None
        assert some.sightings.looks == turn
        await next_turn()
    some.sightings.holds = False
    assert road.find(b"head") is None
    some.sightings.holds = True
    assert road.find(b"head") is None  # it was forgotten


async def test_what_is_in_doubt_or_too_long_is_not_kept() -> None:
    road, some = FastRoad(), Some()
    some.sightings.doubt()
    road.keep(b"head", some.answer)
    assert road.find(b"head") is None
    long = b"x" * (FAST_ROAD_HEAD_BYTES + 1)
    road.keep(long, Some().answer)
    assert road.find(long) is None


async def test_an_answer_in_doubt_replaces_one_that_was_not() -> None:
    road, some = FastRoad(), Some()
    road.keep(b"head", Some().answer)
    some.sightings.doubt()
    road.keep(b"head", some.answer)
    assert road.find(b"head") is None


async def test_what_was_kept_first_makes_room() -> None:
    body = 1000 * b"x"
    road = FastRoad(limit_bytes=6 * len(body))
    for number in range(4):
        road.keep(b"%d" % number, Some(body=body).answer)
    found = [road.find(b"%d" % number) is not None for number in range(4)]
    assert found == [False, False, True, True]
    road.keep(b"huge", Some(body=10 * body).answer)
    assert road.find(b"huge") is None
    road.keep(b"3", Some(body=body).answer)
    assert road.find(b"3") is not None


async def test_what_an_answer_depends_on_takes_memory_too(tmp_path: Path) -> None:
    road = FastRoad(limit_bytes=MIB)
    for number in range(20):
        some = Some()
        for shard in range(200):
            some.sightings.file(tmp_path / f"{shard}.bin")
        road.keep(b"%d" % number, some.answer)
    found = [road.find(b"%d" % number) is not None for number in range(20)]
    assert 1 <= sum(found) < 10


async def test_what_depends_on_too_many_files_is_not_kept(tmp_path: Path) -> None:
    road, some = FastRoad(), Some()
    for shard in range(300):
        some.sightings.file(tmp_path / f"{shard}.bin")
    road.keep(b"head", some.answer)
    assert road.find(b"head") is None


async def test_an_answer_is_renewed_by_one_request_and_dropped_if_that_fails() -> None:
    clock = Clock()
    road = FastRoad(clock=clock)
    road.keep(b"head", Some().answer)
    clock.now = FAST_ROAD_RENEWAL_SECONDS
    assert road.find(b"head") is None
    assert road.find(b"head") is not None
    clock.now = 2 * FAST_ROAD_RENEWAL_SECONDS
    await next_turn()
    assert road.find(b"head") is None
    assert road.find(b"head") is None
    road.keep(b"head", Some().answer)
    assert road.find(b"head") is not None


async def test_after_a_long_pause_one_request_renews_an_answer_for_all() -> None:
    clock = Clock()
    road = FastRoad(clock=clock)
    road.keep(b"head", Some().answer)
    clock.now = 100 * FAST_ROAD_RENEWAL_SECONDS
    assert road.find(b"head") is None
    assert road.find(b"head") is not None


@pytest.mark.parametrize(("seconds", "is_closed"), [(0.001, False), (0.006, True)])
async def test_a_slow_file_system_closes_the_road_for_a_while(
    seconds: float, is_closed: bool
) -> None:
    clock = Clock()
    road = FastRoad(clock=clock)
    road.keep(b"slow", Some(FakeSightings(clock, seconds)).answer)
    for _ in range(3):
        assert road.find(b"slow") is not None
        await next_turn()
    assert (road.find(b"slow") is None) == is_closed
    clock.now += 31.0
    road.keep(b"slow", Some(FakeSightings(clock, seconds)).answer)
    await next_turn()
    assert road.find(b"slow") is not None


async def test_the_date_is_that_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Some().answer
    for seconds, date in [
        (0.5, b"Thu, 01 Jan 1970 00:00:00 GMT"),
        (0.9, b"Thu, 01 Jan 1970 00:00:00 GMT"),
        (1.0, b"Thu, 01 Jan 1970 00:00:01 GMT"),
        (0.5, b"Thu, 01 Jan 1970 00:00:00 GMT"),
    ]:
        monkeypatch.setattr(time, "time", lambda seconds=seconds: seconds)
        assert answer.to_bytes() == b"HTTP/1.1 200 OK\r\nDate: " + date + b"\r\n\r\nbody"
