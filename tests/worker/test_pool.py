"""The pool against children that work, lie, hang and die."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worker.conftest import PRELUDE
from tfjs_serve.errors import (
    ConversionError,
    KerasFileError,
    TfjsServeError,
    WorkerCrashedError,
    WorkerTimeoutError,
    WorkerUnavailableError,
)
from tfjs_serve.worker import process
from tfjs_serve.worker.client import WorkerPool
from tfjs_serve.worker.protocol import ConversionRequest, Progress, ReportedFile
from tfjs_serve.worker.starting import Spawning

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups")
RequestFor = Callable[[str], ConversionRequest]
PoolFactory = Callable[..., WorkerPool]


def ignore(progress: Progress) -> None:
    """Take progress from conversions that are not about it."""


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_report_and_progress_arrive(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("progress(1, 4); progress(4, 4); report(request['display_name'])")
    seen: list[Progress] = []
    report = await pool.convert(request_for("digits.h5"), seen.append)
    assert report.files == (ReportedFile(name="digits.h5", size_bytes=1, sha256="0" * 64),)
    assert report.warnings == ("a warning",)
    assert seen == [
        Progress(done_bytes=1, total_bytes=4),
        Progress(done_bytes=4, total_bytes=4),
    ]


async def test_reported_error_is_raised_as_its_class(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running(
        "say({'error': {'code': 'unreadable-file', 'message': 'no model', 'hint': 'save it'}})"
    )
    with pytest.raises(KerasFileError, match="no model") as caught:
        await pool.convert(request_for("a.h5"), ignore)
    assert caught.value.hint == "save it"


async def test_reported_problems_arrive(pool_running: PoolFactory, request_for: RequestFor) -> None:
    pool = pool_running(
        "problem = dict(code='x', layer_path='a/b', class_name='C', message='m', hint='h')\n"
        "say({'error': {'code': 'cannot-convert', 'message': 'm', 'hint': '',"
        " 'problems': [problem]}})"
    )
    with pytest.raises(ConversionError) as caught:
        await pool.convert(request_for("a.h5"), ignore)
    assert [problem.layer_path for problem in caught.value.problems] == ["a/b"]


@posix_only
async def test_killed_child_is_a_crash_that_names_file_signal_and_last_words(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running(
        "progress(1, 2); print('heap is broken', file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    with pytest.raises(WorkerCrashedError, match=r"bad\.h5: .* killed by SIGKILL") as caught:
        await pool.convert(request_for("bad.h5"), ignore)
    assert "heap is broken" in caught.value.hint


@pytest.mark.parametrize("code", [0, 3])
async def test_child_that_ends_without_an_answer_is_a_crash(
    code: int, pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running(f"sys.exit({code})")
    with pytest.raises(WorkerCrashedError, match=f"exit code {code}"):
        await pool.convert(request_for("bad.h5"), ignore)


@pytest.mark.parametrize(
    "answer",
    [
        "print('no json', flush=True)",
        "say(7)",
        "say({'hello': 1})",
        "say({'progress': {'done_bytes': -1, 'total_bytes': 'many'}})",
        "say({'report': {'files': [{'name': 1, 'size_bytes': 1, 'sha256': ''}], 'warnings': []}})",
        "say({'error': {'code': 'unreadable-file'}})",
        "print('[' * 1_000_000, flush=True)",
        "sys.stdout.buffer.write(bytes([255, 10])); sys.stdout.flush()",
    ],
)
async def test_nonsense_is_a_crash(
    answer: str, pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running(f"{answer}\ntime.sleep(600)")
    with pytest.raises(WorkerCrashedError, match="not an answer"):
        await pool.convert(request_for("bad.h5"), ignore)


async def test_line_without_end_is_a_crash(
    pool_running: PoolFactory, request_for: RequestFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PROTOCOL_LINE_BYTES", 1024)
    pool = pool_running("while True: sys.stdout.write('x' * 4096)")
    with pytest.raises(WorkerCrashedError, match="not an answer"):
        await pool.convert(request_for("bad.h5"), ignore)


async def test_deadline_ends_the_child(pool_running: PoolFactory, request_for: RequestFor) -> None:
    pool = pool_running("progress(os.getpid(), 0); time.sleep(600)", deadline_seconds=3)
    pids: list[int] = []
    with pytest.raises(WorkerTimeoutError, match=r"slow\.h5.* 3 seconds"):
        await pool.convert(request_for("slow.h5"), lambda p: pids.append(p.done_bytes))
    assert is_gone(pids[0])


@posix_only
async def test_deadline_ends_the_childs_children(
    pool_running: PoolFactory, request_for: RequestFor, tmp_path: Path
) -> None:
    import fcntl

    lock = tmp_path / "lock"
    grandchild = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('locked', flush=True); time.sleep(600)"
    )
    pool = pool_running(
        f"p = subprocess.Popen([sys.executable, '-I', '-S', '-c', {grandchild!r}, {str(lock)!r}],"
        " stdout=subprocess.PIPE)\n"
        "p.stdout.readline(); progress(1, 1); time.sleep(600)",
        deadline_seconds=2,
    )
    seen: list[Progress] = []
    with pytest.raises(WorkerTimeoutError):
        await pool.convert(request_for("slow.h5"), seen.append)
    assert seen
    with lock.open("w") as file:
        await asyncio.wait_for(asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX), 30)


async def test_cancelled_conversion_ends_its_child(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("progress(os.getpid(), 0); time.sleep(600)")
    pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        pool.convert(request_for("a.h5"), lambda p: pid.set_result(p.done_bytes))
    )
    await pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(pid.result())


async def test_spare_is_used_once_and_replaced(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("report(str(os.getpid()))")
    await pool.start()
    spares = [await spare_pid(pool)]
    used = []
    for _ in range(3):
        report = await pool.convert(request_for("a.h5"), ignore)
        used.append(int(report.files[0].name))
        spares.append(await spare_pid(pool))
    assert used == spares[:3]
    assert len(set(spares)) == 4
    assert [is_gone(pid) for pid in spares] == [True, True, True, False]


async def test_dead_spare_costs_nobody_a_conversion(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("report(str(os.getpid()))")
    await pool.start()
    spare = await spare_child(pool)
    spare.kill()
    await spare.exit_code()
    report = await pool.convert(request_for("a.h5"), ignore)
    assert int(report.files[0].name) != spare.pid


async def test_conversion_works_without_start(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    report = await pool_running("report()").convert(request_for("a.h5"), ignore)
    assert len(report.files) == 1


async def test_no_more_conversions_than_slots_at_once(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("progress(0, 1); progress(1, 1); report()", max_processes=1)
    order: list[tuple[str, int]] = []

    async def convert(name: str) -> None:
        await pool.convert(request_for(name), lambda p: order.append((name, p.done_bytes)))

    await asyncio.gather(convert("a.h5"), convert("b.h5"), convert("c.h5"))
    assert order == [(name, done) for name in ("a.h5", "b.h5", "c.h5") for done in (0, 1)]


async def test_a_crash_does_not_disturb_the_neighbour(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("sys.exit(9) if request['display_name'] == 'bad.h5' else report()")
    good, bad = await asyncio.gather(
        pool.convert(request_for("good.h5"), ignore),
        pool.convert(request_for("bad.h5"), ignore),
        return_exceptions=True,
    )
    assert isinstance(bad, WorkerCrashedError)
    assert not isinstance(good, BaseException)


async def test_close_ends_spare_and_running_conversions(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("progress(os.getpid(), 0); time.sleep(600)")
    await pool.start()
    pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        pool.convert(request_for("a.h5"), lambda p: pid.set_result(p.done_bytes))
    )
    running = await pid
    spare = await spare_pid(pool)
    await pool.close()
    assert is_gone(running)
    assert is_gone(spare)
    with pytest.raises(WorkerCrashedError, match="the server is closing"):
        await task


async def test_closed_pool_starts_nothing(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("report()")
    await pool.close()
    with pytest.raises(WorkerCrashedError, match="the server is closing"):
        await pool.convert(request_for("a.h5"), ignore)
    assert not pool._children


async def test_interpreter_that_does_not_exist_is_reported(
    request_for: RequestFor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(deadline_seconds=5, starter=Spawning([str(tmp_path / "no-python")]))
    await pool.start()
    assert pool._spare is not None
    assert await pool._spare is None
    assert "cannot start a conversion process" in caplog.text
    with pytest.raises(WorkerUnavailableError, match="could not be started"):
        await pool.convert(request_for("a.h5"), ignore)
    await pool.close()


async def test_secrets_of_the_parent_stay_with_it(
    pool_running: PoolFactory, request_for: RequestFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    withheld = ("AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PYTHONHOME", "LD_PRELOAD", "TMPDIR")
    for name in (*withheld, "HDF5_PLUGIN_PATH", "HDF5_PLUGIN_PRELOAD", "LANG", "LD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "")
    pool = pool_running("report(' '.join(os.environ))")
    report = await pool.convert(request_for("a.h5"), ignore)
    names = set(report.files[0].name.split())
    assert {"LANG", "LD_LIBRARY_PATH"} <= names
    system = {"SYSTEMROOT", "PATH"} if sys.platform == "win32" else set()
    assert names <= {*process._PASSED_ON, *system}


async def test_child_that_ends_before_it_accepts_is_replaced_once(
    pool_running: PoolFactory, request_for: RequestFor, tmp_path: Path
) -> None:
    marker = str(tmp_path / "seen")
    # Two children may start at the same time; only one of them can make the file.
    dies_once = (
        f"try: open({marker!r}, 'x').close()\nexcept FileExistsError: pass\nelse: os._exit(3)\n"
    )
    prelude = f"import os\n{dies_once}{PRELUDE}"
    assert await pool_running("report()", prelude=prelude).convert(request_for("a.h5"), ignore)


async def test_child_that_dies_each_time_before_it_accepts_is_given_up(
    pool_running: PoolFactory, request_for: RequestFor, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    count = f"import os, sys\nif sys.stdin.readline(): open({str(starts)!r}, 'a').write('x')\n"
    pool = pool_running("", prelude=f"{count}os._exit(3)")
    with pytest.raises(WorkerUnavailableError, match="exit code 3"):
        await pool.convert(request_for("a.h5"), ignore)
    assert starts.read_text() == "xx"


async def test_child_that_never_accepts_is_not_the_models_fault(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("", prelude="import sys; sys.exit('no such library')")
    with pytest.raises(WorkerUnavailableError, match=r"a\.h5: .*exit code 1.*no such library"):
        await pool.convert(request_for("a.h5"), ignore)


async def test_child_that_does_not_begin_before_the_deadline_is_not_the_models_fault(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("", prelude="import time; time.sleep(600)", deadline_seconds=0.5)
    with pytest.raises(WorkerUnavailableError, match="did not begin"):
        await pool.convert(request_for("a.h5"), ignore)


async def test_child_that_says_without_end_what_the_system_lacks_is_ended(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("say({'accepted': {'missing': ['nothing']}}); time.sleep(600)")
    with pytest.raises(WorkerCrashedError, match="twice"):
        await pool.convert(request_for("a.h5"), ignore)


async def test_child_that_talks_without_end_is_listened_to_at_a_measured_pace(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("while True: progress(1, 2)", deadline_seconds=3)
    seen: list[Progress] = []
    with pytest.raises(WorkerTimeoutError):
        await pool.convert(request_for("a.h5"), seen.append)
    assert 1 <= len(seen) < 1000  # of some hundred thousand


async def test_report_longer_than_its_files_need_is_refused(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("say({'report': {'files': [], 'warnings': ['x' * 5_000_000]}})")
    with pytest.raises(WorkerCrashedError, match="not an answer"):
        await pool.convert(request_for("a.h5"), ignore)


async def test_model_that_takes_for_ever_leaves_a_place_to_others(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    script = "report() if request['display_name'] == 'good.h5' else time.sleep(600)"
    pool = pool_running(script, max_processes=2)
    hanging = [asyncio.create_task(pool.convert(request_for("slow.h5"), ignore)) for _ in range(5)]
    await asyncio.sleep(0)
    assert await pool.convert(request_for("good.h5"), ignore)
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_flood_on_stderr_does_not_block_the_child(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("sys.stderr.write('x' * 10_000_000); sys.stderr.flush(); report()")
    assert await pool.convert(request_for("a.h5"), ignore)


def test_exits_are_described() -> None:
    assert process.describe_exit(3) == "ended with exit code 3"
    assert process.describe_exit(0xC0000005) == "crashed with status 0xC0000005"
    assert process.describe_exit(-250) == "was killed by signal 250"


async def test_error_is_never_raised_as_success(
    pool_running: PoolFactory, request_for: RequestFor
) -> None:
    pool = pool_running("say({'error': {'code': 'new-code', 'message': 'm', 'hint': ''}})")
    with pytest.raises(TfjsServeError, match="m"):
        await pool.convert(request_for("a.h5"), ignore)


async def spare_child(pool: WorkerPool) -> process.ChildProcess:
    assert pool._spare is not None
    child = await asyncio.shield(pool._spare)
    assert child is not None
    return child


async def spare_pid(pool: WorkerPool) -> int:
    return (await spare_child(pool)).pid
