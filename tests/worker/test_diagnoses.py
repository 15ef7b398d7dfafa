"""A diagnosis by the real child: the same as a conversion finds, without writing anything."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.worker.test_child import child_with, ignore, starter_of
from tfjs_serve.errors import KerasFileError, TfjsFolderError, WorkerTimeoutError
from tfjs_serve.settings import ConversionOptions
from tfjs_serve.worker import client, landlock
from tfjs_serve.worker.client import WorkerPool
from tfjs_serve.worker.protocol import ConversionRequest

SAMPLES = Path(__file__).parents[2] / "sample_models"


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(deadline_seconds=60)
    yield pool
    await pool.close()


def look_at(path: Path) -> ConversionRequest:
    return ConversionRequest(
        source=str(path), display_name=path.name, output_dir="", options=ConversionOptions()
    )


@pytest.mark.parametrize("name", ["digits.h5", "wine-two-inputs.h5", "breast-cancer-tfjs"])
async def test_it_knows_what_a_conversion_knows(
    pool: WorkerPool, tmp_path: Path, name: str
) -> None:
    looked = await pool.diagnose(look_at(SAMPLES / name))
    request = replace(look_at(SAMPLES / name), output_dir=str(tmp_path))
    converted = await pool.convert(request, ignore)
    assert looked == replace(converted, files=(), copied=frozenset())
    weights = sum(file.size_bytes for file in converted.files if file.name.endswith(".bin"))
    assert looked.facts.weight_bytes["full"] == weights


async def test_bad_files_are_told_from_good_ones(pool: WorkerPool, tmp_path: Path) -> None:
    (tmp_path / "empty.h5").write_bytes(b"")
    with pytest.raises(KerasFileError, match="is empty"):
        await pool.diagnose(look_at(tmp_path / "empty.h5"))
    (tmp_path / "web").mkdir()
    for file in ("model.json",):
        text = (SAMPLES / "breast-cancer-tfjs" / file).read_bytes()
        (tmp_path / "web" / file).write_bytes(text)
    with pytest.raises(TfjsFolderError, match="cannot be found"):
        await pool.diagnose(look_at(tmp_path / "web"))


async def warnings_of(body: str, request: ConversionRequest) -> tuple[str, ...]:
    script = f"says = []\n{body}\nreturn ConversionReport(files=(), warnings=tuple(says))"
    pool = WorkerPool(deadline_seconds=60, starter=starter_of(child_with(script)))
    try:
        return (await pool.diagnose(request)).warnings
    finally:
        await pool.close()


@pytest.mark.skipif(sys.platform == "win32", reason="priorities of POSIX")
async def test_it_takes_only_time_that_nobody_needs(way: str, tmp_path: Path) -> None:
    body = "says += [str(os.getpriority(os.PRIO_PROCESS, 0))]"
    assert await warnings_of(body, look_at(tmp_path)) == ("19",), way


@pytest.mark.skipif(not landlock.version(), reason="a kernel without Landlock")
async def test_it_may_write_nowhere(way: str, tmp_path: Path) -> None:
    body = f"""
for place in ({str(tmp_path / "made")!r}, {str(tmp_path.parent / "made")!r}):
    try:
        open(place, "w").close()
    except OSError as error:
        says.append(type(error).__name__)
"""
    assert await warnings_of(body, look_at(tmp_path)) == 2 * ("PermissionError",), way


async def test_one_that_hangs_is_ended_and_keeps_no_conversion_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DIAGNOSIS_DEADLINE_SECONDS", 1.0)
    body = "import time\nwhile request.is_diagnosis: time.sleep(1)"
    pool = WorkerPool(deadline_seconds=60, max_processes=1, starter=starter_of(child_with(body)))
    looking = asyncio.create_task(pool.diagnose(look_at(tmp_path)))
    await asyncio.sleep(0.1)
    request = replace(look_at(tmp_path), output_dir=str(tmp_path))
    await pool.convert(request, ignore)
    assert not looking.done()
    with pytest.raises(WorkerTimeoutError):
        await looking
    await pool.close()
