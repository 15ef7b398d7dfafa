"""What the real child can do to the machine, whatever takes hold of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.worker.test_child import (
    child_with,
    command_running,
    ignore,
    run,
    script_with,
    starter_of,
)
from tfjs_serve.errors import ConversionLimitError, WorkerCrashedError, WorkerUnavailableError
from tfjs_serve.settings import GIB, MIB, ConversionLimits, ConversionOptions
from tfjs_serve.worker import landlock, limits, reached
from tfjs_serve.worker.client import WorkerPool
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
memory_is_bounded = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="no limit of address space"
)
confined = pytest.mark.skipif(not landlock.version(), reason="a kernel without Landlock")


@pytest.fixture
def request_(
    way: str, tmp_path: Path, request_for: Callable[[str], ConversionRequest]
) -> ConversionRequest:
    """A request with a source of its own and an empty output folder."""
    source = tmp_path / "models" / "digits.h5"
    source.parent.mkdir()
    source.write_bytes(b"weights")
    output_dir = tmp_path / "staging"
    output_dir.mkdir()
    return replace(request_for("digits.h5"), source=str(source), output_dir=str(output_dir))


def limited(request: ConversionRequest, **numbers: int) -> ConversionRequest:
    return replace(request, limits=ConversionLimits(**numbers))


async def what_it_says(body: str, request: ConversionRequest) -> list[str]:
    """Return what `body` put into the list ``says``, run as the conversion in the child."""
    script = f"says = []\n{body}\nreturn ConversionReport(files=(), warnings=tuple(says))"
    return list((await run(child_with(script), request)).warnings)


async def what_is_refused(attempts: dict[str, str], request: ConversionRequest) -> set[str]:
    """Return the names of those statements that the system does not permit."""
    body = "import subprocess, socket, signal, tempfile"
    for name, statement in attempts.items():
        body += f"\ntry: {statement}\nexcept OSError as error: says.append({name!r})"
    return set(await what_it_says(body, request))


# --- Limits -----------------------------------------------------------------------------------


@memory_is_bounded
@pytest.mark.parametrize("statement", ["bytearray(2 << 30)", "import numpy; numpy.ones(1 << 28)"])
async def test_memory_at_its_limit_is_an_error_that_names_file_and_option(
    request_: ConversionRequest, statement: str
) -> None:
    command = command_running(script_with(statement), memory_bytes=512 * MIB)
    with pytest.raises(ConversionLimitError, match=r"digits\.h5: .*the 512 MiB it may") as caught:
        await run(command, request_)
    assert "--worker-memory" in caught.value.hint


@memory_is_bounded
async def test_memory_that_is_full_of_small_things_is_told_too(
    request_: ConversionRequest,
) -> None:
    script = script_with("kept = []\nwhile True: kept.append([len(kept)])")
    command = command_running(script, memory_bytes=256 * MIB)
    with pytest.raises(ConversionLimitError, match=r"digits\.h5: .*memory"):
        await run(command, request_)


@posix_only
async def test_file_larger_than_the_source_can_give_is_an_error_and_no_full_disk(
    request_: ConversionRequest,
) -> None:
    body = (
        "from pathlib import Path\n"
        "from tfjs_serve.layers_model.files import write_file\n"
        "write_file(Path(request.output_dir), 'shard.bin', bytes(3 << 20))"
    )
    with pytest.raises(ConversionLimitError, match=r"digits\.h5: .*writes more than 1 MiB"):
        await run(child_with(body), limited(request_, written_bytes=MIB))


@posix_only
async def test_processor_time_has_an_end(request_: ConversionRequest) -> None:
    with pytest.raises(ConversionLimitError, match=r"digits\.h5: .*1 seconds of processor time"):
        await run(child_with("while True: pass"), limited(request_, cpu_seconds=1))


@posix_only
async def test_descriptors_have_an_end(request_: ConversionRequest) -> None:
    body = "files = [open(request.source) for _ in range(1000)]"
    with pytest.raises(ConversionLimitError, match=r"digits\.h5: .*opens more than 128 files"):
        await run(child_with(body), request_)


@pytest.mark.parametrize(
    "numbers", [{"written_bytes": MIB}, {"files": 2}], ids=["bytes", "number of files"]
)
async def test_folder_that_grows_without_end_is_noticed_while_it_does(
    request_: ConversionRequest, numbers: dict[str, int]
) -> None:
    body = (
        "for n in range(3):\n"
        "    with open(os.path.join(request.output_dir, str(n)), 'wb') as file:\n"
        "        file.write(bytes(1 << 19))\n"
        "threading.Event().wait()"
    )
    with pytest.raises(ConversionLimitError, match=r"digits\.h5: .*writes more than"):
        await run(child_with(body), limited(request_, **numbers))


@posix_only
async def test_what_is_set_before_the_file_is_opened(request_: ConversionRequest) -> None:
    body = (
        "import resource, tempfile\n"
        "kinds = ('CORE', 'NOFILE', 'FSIZE', 'CPU', 'NPROC')\n"
        "says += [str(resource.getrlimit(getattr(resource, f'RLIMIT_{k}'))[0]) for k in kinds]\n"
        "says += [str(os.nice(0)), tempfile.gettempdir(), os.environ['HDF5_PLUGIN_PRELOAD']]"
    )
    body += "\nsays += [str((sys.flags.isolated, sys.flags.utf8_mode, sys.dont_write_bytecode))]"
    said = await what_it_says(body, limited(request_, written_bytes=GIB, cpu_seconds=7))
    assert said[:5] == ["0", "128", str(GIB), "7", "0"]
    assert int(said[5]) >= min(19, os.nice(0) + 5)
    assert said[6:8] == [request_.output_dir, "::"]
    assert said[8] == str((1, sys.flags.utf8_mode, sys.dont_write_bytecode))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's")
async def test_short_of_memory_the_system_ends_a_conversion_and_not_a_training(
    request_: ConversionRequest,
) -> None:
    # By what the process says at its start: later it may not even read this.
    script = (
        "import sys; sys.path[:] = sys.argv[3:]\n"
        "from tfjs_serve.worker import limits\n"
        "limits.apply(1 << 32)\n"
        "sys.exit(open('/proc/self/oom_score_adj').read() != '1000\\n')"
    )
    process = await asyncio.create_subprocess_exec(*command_running(script))
    assert await process.wait() == 0


@memory_is_bounded
async def test_too_little_memory_to_start_is_not_the_models_fault(
    request_: ConversionRequest,
) -> None:
    script = "import sys; sys.path[:] = sys.argv[3:]\n"
    script += "from importlib import import_module\n"
    script += "import_module(sys.argv[1]).main(int(sys.argv[2]))"
    command = command_running(script, memory_bytes=40 * MIB)
    with pytest.raises(WorkerUnavailableError, match=r"digits\.h5: .*could not be started"):
        await run(command, request_)


# --- Landlock ---------------------------------------------------------------------------------


@confined
async def test_only_the_model_can_be_read(tmp_path: Path, request_: ConversionRequest) -> None:
    (tmp_path / "models" / "neighbour.h5").write_text("secret")
    (tmp_path / "staging" / "out").symlink_to(tmp_path / "models" / "neighbour.h5")
    (tmp_path / "models" / "architecture.json").write_text("{}")
    beside = (str(tmp_path / "models" / "architecture.json"),)
    refused = await what_is_refused(
        {
            "model": "open(request.source).read()",
            "its other file": "open(request.beside[0]).read()",
            "library": "import wave",
            "neighbour": "open(os.path.dirname(request.source) + '/neighbour.h5')",
            "folder": "os.listdir(os.path.dirname(request.source))",
            "link out of the work folder": "open(request.output_dir + '/out')",
            "passwd": "open('/etc/passwd')",
            "environment of the server": "open(f'/proc/{os.getppid()}/environ')",
            "tests": f"open({__file__!r})",
        },
        replace(request_, beside=beside),
    )
    assert refused == {
        *("neighbour", "folder", "link out of the work folder", "passwd"),
        *("environment of the server", "tests"),
    }


@confined
async def test_only_the_work_folder_can_be_written(
    tmp_path: Path, request_: ConversionRequest
) -> None:
    copies_dir = tmp_path / "copies"
    copies_dir.mkdir()
    (copies_dir / "copy").write_bytes(b"copied")
    request_ = replace(request_, copies_dir=str(copies_dir))
    refused = await what_is_refused(
        {
            "copy": "open(request.copies_dir + '/copy', 'r+')",
            "beside copies": "open(request.copies_dir + '/new', 'w')",
            "file": "open(request.output_dir + '/a', 'w').write('x')",
            "renamed": "os.replace(request.output_dir + '/a', request.output_dir + '/b')",
            "temporary": "tempfile.TemporaryFile().write(b'x')",
            "model": "open(request.source, 'r+')",
            "beside": "open(os.path.dirname(request.source) + '/new', 'w')",
            "removed": "os.unlink(request.source)",
            "truncated": "os.truncate(request.source, 0)",
            "moved away": "os.rename(request.source, request.output_dir + '/moved')",
            "hard link": "os.link(request.source, request.output_dir + '/hard')",
            "symbolic link": "os.symlink('/etc', request.output_dir + '/soft')",
            "folder": "os.mkdir(request.output_dir + '/folder')",
            "pipe": "os.mkfifo(request.output_dir + '/pipe')",
        },
        request_,
    )
    assert refused == {
        *(
            "copy",
            "beside copies",
            "model",
            "beside",
            "removed",
            "truncated",
            "moved away",
            "hard link",
        ),
        *("symbolic link", "folder", "pipe"),
    }
    assert (tmp_path / "models" / "digits.h5").read_bytes() == b"weights"
    assert sorted(path.name for path in (tmp_path / "staging").iterdir()) == ["b"]


@confined
async def test_no_program_can_be_started_and_no_process_be_signalled(
    request_: ConversionRequest,
) -> None:
    attempts = {
        "program": "subprocess.run([sys.executable, '-c', ''])",
        "signal": "os.kill(os.getppid(), 0)",
    }
    known = {"program", "signal"} if landlock.version() >= 6 else {"program"}
    assert await what_is_refused(attempts, request_) == known


@pytest.mark.skipif(landlock.version() < 4, reason="Landlock knows networks since version 4")
async def test_network_is_out_of_reach(request_: ConversionRequest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        attempts = {
            "connect": f"socket.create_connection(('127.0.0.1', {port}))",
            "bind": "socket.socket().bind(('127.0.0.1', 0))",
        }
        assert await what_is_refused(attempts, request_) == {"connect", "bind"}


@confined
async def test_converted_folder_can_be_read_with_all_that_is_in_it(
    tmp_path: Path, request_: ConversionRequest
) -> None:
    (tmp_path / "models" / "web" / "inner").mkdir(parents=True)
    (tmp_path / "models" / "web" / "inner" / "shard.bin").write_text("x")
    request = replace(request_, source=str(tmp_path / "models" / "web"))
    attempts = {
        "inside": "open(request.source + '/inner/shard.bin')",
        "outside": "open(request.source + '/../digits.h5')",
    }
    assert await what_is_refused(attempts, request) == {"outside"}


@confined
async def test_source_that_is_a_link_can_be_read(
    tmp_path: Path, request_: ConversionRequest
) -> None:
    link = tmp_path / "models" / "link.h5"
    link.symlink_to(request_.source)
    attempts = {"link": "open(request.source).read()"}
    assert await what_is_refused(attempts, replace(request_, source=str(link))) == set()


def test_no_path_is_named_twice_by_its_folder() -> None:
    listed = [Path(path) for path in limits.libraries.__wrapped__()]
    assert [path for path in listed if set(path.parents) & set(listed)] == []
    loaded = [Path(file) for file in (h5py.__file__, np.__file__, limits.__file__)]
    assert all(any(file.is_relative_to(path) for path in listed) for file in loaded)


def test_what_older_kernels_leave_open_is_named() -> None:
    everything = "keep it from reading and writing other files"
    assert landlock.missing(0) == (everything, "keep it off the network")
    assert landlock.missing(2)[:1] == ("keep it from truncating other files",)
    assert landlock.missing(3) == ("keep it off the network", "keep it from sending signals")
    assert landlock.missing(5) == ("keep it from sending signals",)
    assert landlock.missing(7) == ()


async def test_what_is_missing_is_logged_once_and_models_are_converted_all_the_same(
    request_: ConversionRequest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(limits, "missing", lambda: ("keep it off the network",))
    old_kernel = (
        "from tfjs_serve.worker import landlock, limits; landlock.version = lambda: 0\n"
        "limits.missing = lambda: ('keep it off the network',)"
    )
    command = child_with("pass")
    place = command.index("-c") + 1
    command[place] = command[place].replace("from tfjs", f"{old_kernel}\nfrom tfjs", 1)
    pool = WorkerPool(deadline_seconds=60, starter=starter_of(command))
    with caplog.at_level("INFO", logger="tfjs_serve"):
        await pool.start()
        for _ in range(2):
            assert await pool.convert(request_, ignore) == ConversionReport(files=())
    await pool.close()
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("tfjs_serve")]
    assert len(ours) == 1
    assert ours[0].endswith("keep it off the network")


# --- What is left behind ----------------------------------------------------------------------


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() != 0, reason="only root may fork there")
async def test_processes_that_a_crashed_child_started_are_ended_with_it(
    request_: ConversionRequest,
) -> None:
    import fcntl

    def take(path: Path) -> None:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)

    lock = Path(request_.output_dir, "lock")
    body = (
        "import fcntl\n"
        "ready, go = os.pipe()\n"
        "if not os.fork():\n"
        f"    file = open({str(lock)!r}, 'w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "    os.write(go, b'x'); threading.Event().wait()\n"
        "os.read(ready, 1); os.abort()"
    )
    with pytest.raises(WorkerCrashedError, match=r"digits\.h5: .*killed by SIGABRT"):
        await run(child_with(body), request_)
    await asyncio.wait_for(asyncio.to_thread(take, lock), 30)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends a process with its parent")
def test_child_that_hangs_in_a_library_ends_with_the_killed_server(tmp_path: Path) -> None:
    # What is called through PyDLL keeps the interpreter's lock, and between two such calls nobody
    # asks for it: from the moment that we hear of the child, none of its threads can run.
    hang = (
        "import ctypes; sys.setswitchinterval(1000)\n"
        "library, line = ctypes.PyDLL(None), b'%d\\n' % os.getpid()\n"
        "library.write(2, line, len(line)); library.pause()"
    )
    request = ConversionRequest(
        source=str(tmp_path / "digits.h5"),
        display_name="digits.h5",
        output_dir=str(tmp_path),
        options=ConversionOptions(),
    )
    line = json.dumps(request.to_json())
    server = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({child_with(hang)!r}, stdin=subprocess.PIPE)\n"
        f"child.stdin.write({line!r}.encode() + b'\\n'); child.stdin.flush(); child.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", server], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        child = int(process.stderr.readline())
        process.kill()
        try:
            process.communicate(timeout=60)  # until nobody holds the pipe, the child neither
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def test_causes_are_followed_and_others_are_no_limit(request_: ConversionRequest) -> None:
    damaged = ValueError("is damaged")
    assert reached.by_exception(damaged, request_, GIB) is None
    damaged.__cause__ = OSError("Can't synchronously read data (image null after H5MM_realloc())")
    assert isinstance(reached.by_exception(damaged, request_, GIB), ConversionLimitError)
    assert reached.by_exit_code(-11, request_) is None
