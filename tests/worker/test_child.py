"""The real child, with the conversion itself replaced where a test needs it to misbehave."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tfjs_serve.errors import (
    KerasFileError,
    StoreFullError,
    TfjsServeError,
    VariantNotAvailableError,
)
from tfjs_serve.settings import DEFAULT_WORKER_MEMORY_BYTES, ConversionOptions, Variant
from tfjs_serve.worker import convert
from tfjs_serve.worker.client import WorkerPool
from tfjs_serve.worker.process import CHILD, FORK_SERVER, ChildProcess, child_command
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest, Progress
from tfjs_serve.worker.starting import Forking, Spawning, Starter

_WITH_CONVERSION = """
import os, sys, threading
from importlib import import_module
sys.path[:] = sys.argv[3:]
from tfjs_serve.worker import convert
from tfjs_serve.worker.protocol import ConversionReport, Progress

def conversion(request, on_progress, copy):
{body}
    return ConversionReport(files=())

convert.warm_up = lambda: None
convert._convert = conversion
import_module(sys.argv[1]).main(int(sys.argv[2]))
"""


def ignore(progress: Progress) -> None:
    """Take progress from conversions that are not about it."""


def script_with(body: str) -> str:
    """Return the script of a child whose conversion consists of the statements in `body`."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return _WITH_CONVERSION.format(body=indented)


WAY = CHILD
"""How children come to be; the fixture ``way`` sets it."""


def starter_of(command: Sequence[str]) -> Starter:
    """Return what makes children with a command from :func:`command_running`."""
    return Forking(command) if WAY == FORK_SERVER else Spawning(command)


def child_with(body: str) -> list[str]:
    """Return the command that starts such a child, or what forks it."""
    return command_running(script_with(body))


def command_running(script: str, memory_bytes: int = DEFAULT_WORKER_MEMORY_BYTES) -> list[str]:
    """Return the real command of a child with another script."""
    command = list(child_command(memory_bytes, WAY))
    command[command.index("-c") + 1] = script
    return command


@pytest.fixture
def request_(way: str, request_for: Callable[[str], ConversionRequest]) -> ConversionRequest:
    return request_for("digits.h5")


async def run(command: list[str], request: ConversionRequest) -> ConversionReport:
    pool = WorkerPool(deadline_seconds=60, starter=starter_of(command))
    try:
        return await pool.convert(request, ignore)
    finally:
        await pool.close()


async def test_what_libraries_print_stays_out_of_the_protocol(
    request_: ConversionRequest,
) -> None:
    report = await run(
        child_with(
            "print('hello', flush=True)\n"
            "os.write(1, b'{\"report\": 1}\\n')\n"
            "os.system('echo from a child')"
        ),
        request_,
    )
    assert report == ConversionReport(files=())


async def test_unexpected_exception_is_reported_with_its_type(
    request_: ConversionRequest,
) -> None:
    with pytest.raises(TfjsServeError, match=r"digits\.h5: .*\(KeyError: 'kernel'\)") as caught:
        await run(child_with("raise KeyError('kernel')"), request_)
    assert caught.value.code == "error"
    assert "report it" in caught.value.hint


async def test_no_lock_is_taken_and_no_core_is_dumped(request_: ConversionRequest) -> None:
    body = "assert os.environ['HDF5_USE_FILE_LOCKING'] == 'FALSE'"
    if sys.platform != "win32":
        body += "\nimport resource; assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)"
    assert await run(child_with(body), request_)


async def test_progress_is_thinned_out_but_ends_at_the_end(request_: ConversionRequest) -> None:
    body = "for n in range(10_001): on_progress(Progress(done_bytes=n, total_bytes=10_000))"
    pool = WorkerPool(deadline_seconds=60, starter=starter_of(child_with(body)))
    seen: list[Progress] = []
    await pool.convert(request_, seen.append)
    await pool.close()
    assert seen[-1] == Progress(done_bytes=10_000, total_bytes=10_000)
    assert 2 <= len(seen) < 10_000


async def test_child_ends_when_the_parent_is_gone(
    request_for: Callable[[str], ConversionRequest],
) -> None:
    body = "on_progress(Progress(done_bytes=1, total_bytes=2)); threading.Event().wait()"
    child = await ChildProcess.start(child_with(body))
    await child.send_line(_line(request_for("a.h5")))
    assert await child.read_line()
    assert child._process.stdin is not None
    child._process.stdin.close()
    assert await asyncio.wait_for(child.exit_code(), 30) == 1
    await child.end()


async def test_waiting_child_ends_without_a_word_when_the_parent_is_gone() -> None:
    child = await ChildProcess.start(child_with("pass"))
    assert child._process.stdin is not None
    child._process.stdin.close()
    assert await asyncio.wait_for(child.exit_code(), 30) == 0
    assert child.last_words == ""
    await child.end()


async def test_modules_in_the_current_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported a file of the models folder')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    script = "import sys; sys.path[:] = sys.argv[3:]; import numpy, tfjs_serve.worker.child"
    command = command_running(script)
    child = await ChildProcess.start(command)
    assert (await child.exit_code(), child.last_words) == (0, "")
    await child.end()


def test_the_parents_side_loads_neither_numpy_nor_h5py() -> None:
    script = (
        "import sys, tfjs_serve.worker.client as c; print({'numpy', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == [b"set()"]


def test_full_disk_is_a_store_error(
    monkeypatch: pytest.MonkeyPatch, request_: ConversionRequest
) -> None:
    def full(*args: object) -> ConversionReport:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(convert, "_convert", full)
    with pytest.raises(StoreFullError, match=r"digits\.h5"):
        convert.convert(request_, ignore)


@pytest.mark.parametrize(
    "make",
    [
        lambda source: KerasFileError(f"digits.h5 is damaged (unable to open '{source}')"),
        lambda source: PermissionError(errno.EACCES, "Permission denied", source),
        lambda source: ValueError(f"{source!r} has no end"),
    ],
)
def test_errors_do_not_say_where_the_file_is(
    monkeypatch: pytest.MonkeyPatch,
    request_: ConversionRequest,
    make: Callable[[str], Exception],
) -> None:
    def fail(*args: object) -> ConversionReport:
        raise make(request_.source)

    monkeypatch.setattr(convert, "_convert", fail)
    with pytest.raises(TfjsServeError, match=r"digits\.h5") as caught:
        convert.convert(request_, ignore)
    assert "/" not in caught.value.message.replace(os.sep, "/")


@pytest.mark.parametrize("variant", [Variant.FLOAT16, Variant.UINT16, Variant.UINT8])
def test_converted_folder_has_no_other_variant(variant: Variant, tmp_path: Path) -> None:
    pytest.importorskip("tfjs_serve.layers_model.tfjs_folder")
    request = ConversionRequest(
        source=str(tmp_path),
        display_name="web_model",
        output_dir=str(tmp_path),
        options=ConversionOptions(variant=variant),
    )
    with pytest.raises(VariantNotAvailableError, match=f"web_model .*{variant.value}"):
        convert.convert(request, ignore)


def _line(request: ConversionRequest) -> bytes:
    import json

    return json.dumps(request.to_json()).encode()
