"""Copies of pieces of the source, made by the parent for a child that asks for them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.worker.conftest import PoolFactory
from tfjs_serve.errors import (
    ConversionLimitError,
    KerasFileError,
    StoreError,
    TfjsServeError,
    WorkerCrashedError,
)
from tfjs_serve.settings import MIB, ConversionLimits
from tfjs_serve.worker.copying import Copier
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


@pytest.fixture
async def copier() -> AsyncIterator[Copier]:
    copier = Copier()
    yield copier
    copier.close()


def copies_in(request: ConversionRequest) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(request.copies_dir).iterdir()}


async def test_pieces_are_joined_and_named_by_their_digests(
    copier: Copier, request_: ConversionRequest
) -> None:
    wanted = CopyRequest(files=(((7, 3), (0, 5)), ((1000, 1_200_000),), ((0, 5),)))
    sizes: list[int] = []
    digests = await copier.copy(request_, wanted, sizes.append)
    expected = [CONTENT[7:10] + CONTENT[:5], CONTENT[1000:1_201_000], CONTENT[:5]]
    assert digests == tuple(hashlib.sha256(content).hexdigest() for content in expected)
    assert copies_in(request_) == dict(zip(digests, expected, strict=True))
    assert sorted(sizes) == [5, 8, 1_200_000]


async def test_the_files_of_a_source_count_as_one(
    copier: Copier, request_: ConversionRequest, tmp_path: Path
) -> None:
    others = {"b": b"", "c": b"01234", "d": b"56789"}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
    request_ = replace(request_, beside=tuple(str(tmp_path / name) for name in others))
    end = len(CONTENT)
    wanted = CopyRequest(files=(((end - 2, 4), (end + 4, 6)), ((0, 3),)))
    digests = await copier.copy(request_, wanted, lambda _: None)
    copied = copies_in(request_)
    assert [copied[digest] for digest in digests] == [CONTENT[-2:] + b"01456789", CONTENT[:3]]
    with pytest.raises(KerasFileError, match=r"a\.h5 is damaged"):
        await copier.copy(request_, CopyRequest(files=(((end + 9, 2),),)), lambda _: None)


@pytest.mark.parametrize("piece", [(len(CONTENT), 1), (len(CONTENT) - 4, 8), (1 << 62, 1)])
async def test_a_piece_that_does_not_lie_in_the_file_is_refused(
    copier: Copier, request_: ConversionRequest, piece: tuple[int, int]
) -> None:
    with pytest.raises(KerasFileError, match=r"a\.h5 is damaged"):
        await copier.copy(request_, CopyRequest(files=((piece,),)), lambda _: None)


async def test_a_source_that_is_gone_is_told(copier: Copier, request_: ConversionRequest) -> None:
    gone = replace(request_, source=f"{request_.source}.gone")
    with pytest.raises(KerasFileError, match="No such file"):
        await copier.copy(gone, CopyRequest(files=(((0, 1),),)), lambda _: None)


def put_pipe_in_place(path: str) -> None:
    Path(path).unlink()
    os.mkfifo(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
async def test_a_pipe_in_place_of_the_source_does_not_block(
    copier: Copier, request_: ConversionRequest
) -> None:
    put_pipe_in_place(request_.source)
    with pytest.raises(KerasFileError, match=r"a\.h5 is damaged"):
        await copier.copy(request_, CopyRequest(files=(((0, 1),),)), lambda _: None)


async def test_a_folder_that_is_gone_is_a_failure_of_the_store(
    copier: Copier, request_: ConversionRequest
) -> None:
    gone = replace(request_, copies_dir=f"{request_.copies_dir}/gone")
    with pytest.raises(StoreError, match="No such file"):
        await copier.copy(gone, CopyRequest(files=(((0, 1),),)), lambda _: None)


async def test_whoever_stops_waiting_finds_that_nobody_writes_any_more(
    copier: Copier, request_: ConversionRequest
) -> None:
    files = tuple(((0, MIB), (0, MIB)) for _ in range(200))
    task = asyncio.create_task(copier.copy(request_, CopyRequest(files=files), lambda _: None))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, TfjsServeError)):
        await task
    left = copies_in(request_)
    await asyncio.sleep(0.05)
    assert copies_in(request_) == left


ASK = "say({'copy': {'files': %s}})\n"
ANSWER = "answer = json.loads(sys.stdin.readline()); report(answer['digests'][0])"


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
