"""Copies of pieces of the source, made by the parent for a child that asks for them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from tests.web.raw import until
from tests.worker.conftest import PoolFactory
from tfjs_serve.errors import (
    ConversionLimitError,
    KerasFileError,
    StoreError,
    TfjsServeError,
    WorkerCrashedError,
    WorkerTimeoutError,
)
from tfjs_serve.settings import MIB, ConversionLimits
from tfjs_serve.worker import client, copying
from tfjs_serve.worker.copying import copy
from tfjs_serve.worker.protocol import ConversionRequest, CopyRequest, Progress

CONTENT = bytes(range(256)) * 5000


def ignore(progress: Progress) -> None:
    """Take progress from conversions that are not about it."""


@pytest.fixture
def request_(tmp_path: Path, request_for: Callable[[str], ConversionRequest]) -> ConversionRequest:
    (tmp_path / "a.h5").write_bytes(CONTENT)
    copies_dir = tmp_path / "copies"
    copies_dir.mkdir()
    return replace(request_for("a.h5"), copies_dir=str(copies_dir))


SOON = 30.0


def copying_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tfjs-serve-copy"]


def copies_in(request: ConversionRequest) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(request.copies_dir).iterdir()}


async def test_pieces_are_joined_and_named_by_their_digests(request_: ConversionRequest) -> None:
    wanted = CopyRequest(files=(((7, 3), (0, 5)), ((1000, 1_200_000),), ((0, 5),)))
    sizes: list[int] = []
    digests = await copy(request_, wanted, sizes.append)
    expected = [CONTENT[7:10] + CONTENT[:5], CONTENT[1000:1_201_000], CONTENT[:5]]
    assert digests == tuple(hashlib.sha256(content).hexdigest() for content in expected)
    assert copies_in(request_) == dict(zip(digests, expected, strict=True))
    assert sorted(sizes) == [5, 8, 1_200_000]


async def test_the_files_of_a_source_count_as_one(
    request_: ConversionRequest, tmp_path: Path
) -> None:
    others = {"b": b"", "c": b"01234", "d": b"56789"}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
    request_ = replace(request_, beside=tuple(str(tmp_path / name) for name in others))
    end = len(CONTENT)
    wanted = CopyRequest(files=(((end - 2, 4), (end + 4, 6)), ((0, 3),)))
    digests = await copy(request_, wanted, lambda _: None)
    copied = copies_in(request_)
    assert [copied[digest] for digest in digests] == [CONTENT[-2:] + b"01456789", CONTENT[:3]]
    with pytest.raises(KerasFileError, match=r"a\.h5 is damaged"):
        await copy(request_, CopyRequest(files=(((end + 9, 2),),)), lambda _: None)


@pytest.mark.parametrize("piece", [(len(CONTENT), 1), (len(CONTENT) - 4, 8), (1 << 62, 1)])
async def test_a_piece_that_does_not_lie_in_the_file_is_refused(
    request_: ConversionRequest, piece: tuple[int, int]
) -> None:
    with pytest.raises(KerasFileError, match=r"a\.h5 is damaged"):
        await copy(request_, CopyRequest(files=((piece,),)), lambda _: None)


async def test_a_source_that_is_gone_is_told(request_: ConversionRequest) -> None:
    gone = replace(request_, source=f"{request_.source}.gone")
    with pytest.raises(KerasFileError, match="No such file"):
        await copy(gone, CopyRequest(files=(((0, 1),),)), lambda _: None)


def put_pipe_in_place(path: str) -> None:
    Path(path).unlink()
    os.mkfifo(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
async def test_a_pipe_in_place_of_the_source_does_not_block(request_: ConversionRequest) -> None:
    put_pipe_in_place(request_.source)
    with pytest.raises(KerasFileError, match=r"a\.h5 is damaged"):
        await copy(request_, CopyRequest(files=(((0, 1),),)), lambda _: None)


async def test_a_folder_that_is_gone_is_a_failure_of_the_store(request_: ConversionRequest) -> None:
    gone = replace(request_, copies_dir=f"{request_.copies_dir}/gone")
    with pytest.raises(StoreError, match="No such file"):
        await copy(gone, CopyRequest(files=(((0, 1),),)), lambda _: None)


async def test_whoever_stops_waiting_finds_that_nobody_writes_any_more(
    request_: ConversionRequest,
) -> None:
    files = tuple(((0, MIB), (0, MIB)) for _ in range(200))
    task = asyncio.create_task(copy(request_, CopyRequest(files=files), lambda _: None))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, TfjsServeError)):
        await task
    left = copies_in(request_)
    await asyncio.sleep(0.05)
    assert copies_in(request_) == left


@pytest.fixture
def stall(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let reading last until the event is set, as on a network that does not answer."""
    answers = threading.Event()
    opened = copying.open_source

    def stalled(path: str) -> FileIO:
        answers.wait()
        return opened(path)

    monkeypatch.setattr(copying, "open_source", stalled)
    for module in (client, copying):
        monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.1)
    yield answers
    answers.set()


async def test_a_source_that_never_answers_is_waited_for_only_for_a_moment(
    request_: ConversionRequest, stall: threading.Event
) -> None:
    files = tuple(((0, 4),) for _ in range(5))
    sizes: list[int] = []
    task = asyncio.create_task(copy(request_, CopyRequest(files=files), sizes.append))
    await until(lambda: len(copies_in(request_)) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, timeout=SOON)
    assert not stall.is_set()
    stall.set()
    await until(lambda: not copying_threads())
    # Nothing was begun after it was cancelled, or finished, or told.
    assert sorted(copies_in(request_)) == ["0.partial", "1.partial"]
    assert sizes == []


async def test_a_failure_does_not_wait_for_a_source_that_never_answers(
    request_: ConversionRequest, stall: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = copying._copy

    def fail_in_the_second(request: ConversionRequest, number: int, *others: Any) -> str:
        if number == 1:
            raise KerasFileError("the second is damaged")
        return make(request, number, *others)

    monkeypatch.setattr(copying, "_copy", fail_in_the_second)
    wanted = CopyRequest(files=(((0, 4),), ((0, 4),)))
    with pytest.raises(KerasFileError, match="the second"):
        await asyncio.wait_for(copy(request_, wanted, lambda _: None), timeout=SOON)
    assert not stall.is_set()


ASK = "say({'copy': {'files': %s}})\n"
ANSWER = "answer = json.loads(sys.stdin.readline()); report(answer['digests'][0])"


@pytest.mark.usefixtures("stall")
@pytest.mark.parametrize("end", ["deadline", "cancel", "close"])
async def test_a_source_that_never_answers_keeps_no_place(
    pool_running: PoolFactory, request_: ConversionRequest, end: str
) -> None:
    ask = ASK % "[[[0, 4]]]" + ANSWER
    pool = pool_running(ask, deadline_seconds=1.0 if end == "deadline" else 60.0, max_processes=1)
    stuck = asyncio.create_task(pool.convert(request_, ignore))
    await until(lambda: copies_in(request_) != {})
    if end == "cancel":
        stuck.cancel()
    elif end == "close":
        await asyncio.wait_for(pool.close(), timeout=SOON)
        stuck.cancel()
    with pytest.raises((asyncio.CancelledError, WorkerTimeoutError)):
        await asyncio.wait_for(stuck, timeout=SOON)
    if end != "close":
        other = replace(request_, display_name="b.h5", copies_dir="")
        with pytest.raises(WorkerCrashedError, match="may not have"):
            await asyncio.wait_for(pool.convert(other, ignore), timeout=SOON)


async def test_a_child_gets_the_digests_and_the_parent_remembers_them(
    pool_running: PoolFactory, request_: ConversionRequest
) -> None:
    pool = pool_running(ASK % "[[[0, 4]], [[4, 4]]]" + ANSWER)
    seen: list[Progress] = []
    report = await pool.convert(request_, seen.append)
    digests = [hashlib.sha256(content).hexdigest() for content in (CONTENT[:4], CONTENT[4:8])]
    assert report.files[0].name == digests[0]
    assert report.copied == frozenset(digests) == copies_in(request_).keys()
    assert seen[-1] == Progress(done_bytes=8, total_bytes=8)


@pytest.mark.parametrize(
    "limits",
    [ConversionLimits(written_bytes=7), ConversionLimits(files=1)],
    ids=["bytes", "number of files"],
)
async def test_a_child_that_asks_for_more_than_its_model_needs_is_ended(
    pool_running: PoolFactory, request_: ConversionRequest, limits: ConversionLimits
) -> None:
    pool = pool_running(ASK % "[[[0, 4]], [[4, 4]]]" + ANSWER)
    with pytest.raises(ConversionLimitError, match="writes more than"):
        await pool.convert(replace(request_, limits=limits), ignore)
    assert copies_in(request_) == {}


WRITE = "open(request['output_dir'] + '/own', 'wb').write(b'123456')\n"
ASK_FOR_EIGHT = ASK % "[[[0, 8]]]" + "sys.stdin.readline()\n"


@pytest.mark.parametrize(
    "script", [WRITE + ASK_FOR_EIGHT, ASK_FOR_EIGHT + WRITE], ids=["before", "after"]
)
@pytest.mark.parametrize(
    "limits",
    [ConversionLimits(written_bytes=13), ConversionLimits(files=1)],
    ids=["bytes", "number of files"],
)
async def test_what_the_child_writes_and_what_is_copied_count_together(
    pool_running: PoolFactory,
    request_: ConversionRequest,
    tmp_path: Path,
    script: str,
    limits: ConversionLimits,
) -> None:
    (tmp_path / "own").mkdir()
    pool = pool_running(script + "time.sleep(60)")
    request = replace(request_, output_dir=str(tmp_path / "own"), limits=limits)
    with pytest.raises(ConversionLimitError, match="writes more than"):
        await pool.convert(request, ignore)


async def test_a_child_that_asks_twice_is_ended(
    pool_running: PoolFactory, request_: ConversionRequest
) -> None:
    ask = ASK % "[[[0, 4]]]"
    pool = pool_running(f"{ask}sys.stdin.readline()\n{ask}{ANSWER}")
    with pytest.raises(WorkerCrashedError, match="may not have"):
        await pool.convert(request_, ignore)


@pytest.mark.parametrize(
    "files",
    ["[[[-1, 4]]]", "[[[0]]]", "[[[0, 'x']]]", "7", "[[[0, 1.5]]]", "[]", f"[[[{1 << 63}, 4]]]"],
)
async def test_pieces_that_are_nonsense_are_a_crash(
    pool_running: PoolFactory, request_: ConversionRequest, files: str
) -> None:
    pool = pool_running(ASK % files + ANSWER)
    with pytest.raises(WorkerCrashedError, match="not an answer"):
        await pool.convert(request_, ignore)


def test_messages_survive_the_pipe() -> None:
    wanted = CopyRequest(files=(((1, 2), (3, 4)), ()))
    assert CopyRequest.from_json(json.loads(json.dumps(wanted.to_json()))["copy"]) == wanted
