"""The process that forks children: one that goes wrong costs its model, and nothing is left."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.worker.test_child import command_running, ignore, script_with
from tfjs_serve.errors import WorkerCrashedError, WorkerTimeoutError, WorkerUnavailableError
from tfjs_serve.settings import DEFAULT_WORKER_MEMORY_BYTES
from tfjs_serve.worker import forks
from tfjs_serve.worker.client import WorkerPool
from tfjs_serve.worker.forks import can_fork
from tfjs_serve.worker.process import FORK_SERVER, child_command
from tfjs_serve.worker.protocol import ConversionRequest
from tfjs_serve.worker.starting import Forking

pytestmark = pytest.mark.skipif(not can_fork(), reason="children are only started here")
RequestFor = Callable[[str], ConversionRequest]
PoolForking = Callable[..., WorkerPool]

SAY_PARENT = "return ConversionReport(files=(), warnings=(str(os.getppid()), str(os.getpid())))"
"""A conversion that tells the numbers of the fork server and of the child."""


@pytest.fixture(autouse=True)
def _forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.worker.test_child.WAY", FORK_SERVER)


@pytest.fixture
async def pool_forking() -> AsyncIterator[PoolForking]:
    """Make pools whose forked children run `body` instead of a conversion."""
    pools = []

    def make(body: str, *, deadline_seconds: float = 60) -> WorkerPool:
        starter = Forking(command_running(script_with(body)))
        pool = WorkerPool(deadline_seconds=deadline_seconds, starter=starter)
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.close()


def wait_until_in(path: Path, word: str) -> None:
    """Wait for a file that contains `word`."""
    deadline = time.monotonic() + 60
    while not (path.exists() and word in path.read_text().split()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def numbers(pool: WorkerPool, request: ConversionRequest) -> tuple[int, int]:
    """Return the numbers of the fork server and of the child that converted."""
    server, child = (await pool.convert(request, ignore)).warnings
    return int(server), int(child)


def is_gone(pid: int) -> bool:
    """Whether there is no such process, not even one that waits to be collected."""
    return not Path(f"/proc/{pid}").exists()


def is_over(pid: int) -> bool:
    """Whether a process does not run any more; its parent may not have collected it yet."""
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def children_of(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come true")


async def test_each_model_has_a_child_of_its_own_and_all_have_one_server(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    pool = pool_forking(SAY_PARENT)
    seen = [await numbers(pool, request_for("a.h5")) for _ in range(3)]
    assert len({server for server, _ in seen}) == 1
    assert len({child for _, child in seen}) == 3


async def test_nothing_is_left_of_children(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    pool = pool_forking(SAY_PARENT)
    server, _ = await numbers(pool, request_for("a.h5"))
    await until(lambda: not children_of(server))

    def descriptors() -> list[int]:
        return [len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in (os.getpid(), server)]

    before = descriptors()
    requests = [pool.convert(request_for(f"{n}.h5"), ignore) for n in range(20)]
    await asyncio.gather(*requests)
    await until(lambda: not children_of(server))
    await until(lambda: descriptors() == before)


async def test_a_child_has_only_its_own_descriptors(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    body = (
        "import errno\n"
        "def is_open(number):\n"
        "    try: os.fstat(number)\n"
        "    except OSError: return False\n"
        "    return True\n"
        "return ConversionReport(files=(), warnings=tuple("
        "str(n) for n in range(1000) if is_open(n)))"
    )
    report = await pool_forking(body).convert(request_for("a.h5"), ignore)
    # stdin, stdout and stderr, and the duplicate of stdout that the answers are written to.
    assert report.warnings == ("0", "1", "2", "3")


async def test_after_a_crash_children_come_from_another_server(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    body = f"if request.display_name == 'bad.h5': os.abort()\n{SAY_PARENT}"
    pool = pool_forking(body)
    await pool.start()
    server, _ = await numbers(pool, request_for("a.h5"))
    with pytest.raises(WorkerCrashedError, match=r"bad\.h5: .*SIGABRT"):
        await pool.convert(request_for("bad.h5"), ignore)
    another, _ = await numbers(pool, request_for("a.h5"))
    assert another != server
    await until(lambda: is_gone(server))


@pytest.fixture
def inherits_orphans() -> Iterator[None]:
    """Make this process the one that gets orphans, as the first process of a container is."""
    set_subreaper = partial(ctypes.CDLL(None).prctl, 36)  # PR_SET_CHILD_SUBREAPER
    set_subreaper(1, 0, 0, 0)
    yield
    set_subreaper(0, 0, 0, 0)


@pytest.mark.usefixtures("inherits_orphans")
async def test_a_child_that_crashed_is_collected(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    others = children_of(os.getpid())  # what other tests use, such as Node
    pool = pool_forking("os.abort()")
    for _ in range(3):
        with pytest.raises(WorkerCrashedError):
            await pool.convert(request_for("a.h5"), ignore)
    await until(lambda: children_of(os.getpid()) <= others)


async def test_a_child_that_hangs_costs_only_its_model(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    body = f"if request.display_name == 'bad.h5': threading.Event().wait()\n{SAY_PARENT}"
    pool = pool_forking(body, deadline_seconds=15)
    bad = asyncio.create_task(pool.convert(request_for("bad.h5"), ignore))
    server, _ = await numbers(pool, request_for("a.h5"))
    with pytest.raises(WorkerTimeoutError, match=r"bad\.h5"):
        await bad
    assert (await numbers(pool, request_for("a.h5")))[0] == server
    await until(lambda: not children_of(server))


async def test_a_server_that_was_killed_is_replaced(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    pool = pool_forking(SAY_PARENT)
    await pool.start()
    server, _ = await numbers(pool, request_for("a.h5"))
    os.kill(server, signal.SIGKILL)
    another, _ = await numbers(pool, request_for("a.h5"))
    assert another != server
    await until(lambda: is_gone(server))


async def test_a_server_that_does_not_answer_is_replaced(
    pool_forking: PoolForking, request_for: RequestFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_forking(SAY_PARENT)
    server, _ = await numbers(pool, request_for("a.h5"))
    os.kill(server, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(forks, "_START_SECONDS", 0.1)
        with pytest.raises(WorkerUnavailableError, match="does not answer"):
            await numbers(pool, request_for("a.h5"))
    another, _ = await numbers(pool, request_for("a.h5"))
    assert another != server
    await until(lambda: is_gone(server))


async def test_a_model_is_not_blamed_for_the_end_of_the_server(
    pool_forking: PoolForking, request_for: RequestFor, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    body = f"open({str(begun)!r}, 'a').write(f'{{os.getppid()}} ')\nthreading.Event().wait()"
    pool = pool_forking(body)
    task = asyncio.create_task(pool.convert(request_for("a.h5"), ignore))

    def servers() -> list[int]:
        return [int(pid) for pid in begun.read_text().split()] if begun.exists() else []

    await until(lambda: len(servers()) == 1)
    os.kill(servers()[0], signal.SIGKILL)
    await until(lambda: len(servers()) == 2)
    os.kill(servers()[1], signal.SIGKILL)
    with pytest.raises(WorkerUnavailableError, match=r"a\.h5: .*forked it has ended"):
        await task


async def test_a_conversion_that_is_cancelled_while_the_server_starts_leaves_no_child(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    pool = pool_forking(SAY_PARENT)
    task = asyncio.create_task(pool.convert(request_for("a.h5"), ignore))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server, _ = await numbers(pool, request_for("b.h5"))
    await until(lambda: not children_of(server))


async def test_closing_ends_the_server_and_its_children(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    pool = pool_forking(SAY_PARENT)
    await pool.start()
    server, _ = await numbers(pool, request_for("a.h5"))
    await until(lambda: len(children_of(server)) == 1)
    (spare,) = children_of(server)
    await pool.close()
    assert is_gone(server)
    await until(lambda: is_over(spare))


async def test_nothing_is_started_after_closing(
    pool_forking: PoolForking, request_for: RequestFor
) -> None:
    pool = pool_forking(SAY_PARENT)
    await pool.close()
    before = children_of(os.getpid())
    with pytest.raises(WorkerUnavailableError, match="closing"):
        await pool.convert(request_for("a.h5"), ignore)
    assert children_of(os.getpid()) == before


def test_all_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = (
        "import asyncio, sys; from pathlib import Path\n"
        "from tfjs_serve.worker.client import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(deadline_seconds=60)\n"
        "    await pool.start()\n"
        "    child = await pool._spare\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        server = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        process.kill()
    deadline = time.monotonic() + 60
    while not (is_over(child) and is_over(server)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("idle_seconds", "rehearses"), [(0, True), (600, False)])
async def test_processes_rehearse_while_nothing_is_asked_of_them(
    tmp_path: Path, request_for: RequestFor, idle_seconds: float, rehearses: bool
) -> None:
    noted = tmp_path / "rehearsals"
    notes = (
        "from pathlib import Path\n"
        "from tfjs_serve.worker import fork_server\n"
        "def rehearse():\n"
        f"    with Path({str(noted)!r}).open('a') as file: print(os.getpid(), file=file)\n"
        "fork_server.rehearse = rehearse\n"
        f"fork_server._IDLE_SECONDS = {idle_seconds}\n"
    )
    before_main = "import_module(sys.argv[1])"
    script = script_with(SAY_PARENT).replace(before_main, notes + before_main)
    pool = WorkerPool(deadline_seconds=60, starter=Forking(command_running(script)))
    try:
        await pool.start()
        assert pool._spare is not None
        spare = await pool._spare
        assert spare is not None
        if rehearses:
            await asyncio.to_thread(wait_until_in, noted, str(spare.pid))
        _, child = await numbers(pool, request_for("digits.h5"))
        assert child == spare.pid
        assert noted.exists() == rehearses
    finally:
        await pool.close()


async def test_processes_that_cannot_rehearse_do_their_work(
    tmp_path: Path, request_for: RequestFor
) -> None:
    noted = tmp_path / "rehearsals"
    fails = (
        "from pathlib import Path\n"
        "from tfjs_serve.worker import fork_server\n"
        "def rehearse():\n"
        f"    with Path({str(noted)!r}).open('a') as file: print(os.getpid(), file=file)\n"
        "    raise OSError('an update is replacing it')\n"
        "fork_server.rehearse = rehearse\n"
        "fork_server._IDLE_SECONDS = 0\n"
    )
    before_main = "import_module(sys.argv[1])"
    script = script_with(SAY_PARENT).replace(before_main, fails + before_main)
    pool = WorkerPool(deadline_seconds=60, starter=Forking(command_running(script)))
    try:
        await pool.start()
        assert pool._spare is not None
        spare = await pool._spare
        assert spare is not None
        await asyncio.to_thread(wait_until_in, noted, str(spare.pid))
        _, child = await numbers(pool, request_for("digits.h5"))
        assert child == spare.pid
    finally:
        await pool.close()


def test_the_server_has_a_single_thread_when_all_is_imported() -> None:
    script = (
        "import os, sys; sys.path[:] = sys.argv[3:]\n"
        "from tfjs_serve.worker import convert, fork_server\n"
        "class Counting:\n"
        "    def __init__(self, control): pass\n"
        "    def serve(self): print(len(os.listdir('/proc/self/task')))\n"
        "fork_server.ForkServer = Counting\n"
        "fork_server.main(int(sys.argv[2]))"
    )
    command = list(child_command(DEFAULT_WORKER_MEMORY_BYTES, FORK_SERVER))
    command[command.index("-c") + 1] = script
    left, right = socket.socketpair()
    with left, right:
        done = subprocess.run(command, stdin=left, capture_output=True, check=True)
    assert done.stdout == b"1\n"
