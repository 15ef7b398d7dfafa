"""The builds of tfjs-serve that are compared: this one, and an earlier revision of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from measuring import Cost, measured
from tables import OURS

ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60.0
_POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers on this machine.

    Attributes
    ----------
    start_seconds
        From the command to the first answer with status 200.
    log
        File with what it printed.
    """

    port: int
    pid: int
    start_seconds: float
    log: Path

    @property
    def origin(self) -> str:
        """Its URL, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A revision of the project that can be run in the environment of this one."""

    name: str
    root: Path

    def command(self, *arguments: object) -> list[str]:
        """Return the command line of ``tfjs-serve``, to be run in :attr:`root`."""
        return [sys.executable, "-m", "tfjs_serve", *map(str, arguments)]

    def measured(self, *arguments: object, sampled: bool = False) -> Cost:
        """Run ``tfjs-serve`` to its end; `sampled` says whether to look at its memory."""
        return measured(self.command(*arguments), cwd=self.root, sampled=sampled)

    def convert(self, model: Path, out: Path, cache_dir: Path) -> None:
        """Run ``tfjs-serve convert``, which must succeed."""
        done = self.measured("convert", model, out, "--cache-dir", cache_dir)
        if done.exit_code:
            raise SystemExit(done.printed)

    @contextmanager
    def serving(
        self, folder: Path, cache_dir: Path, *, first: str = "/-/health"
    ) -> Iterator[Served]:
        """Serve `folder`; `first` is asked for until it is answered."""
        port = free_port()
        options = ("--port", port, "--cache-dir", cache_dir)
        command = self.command("serve", folder, *options)
        with running(command, port, first, cwd=self.root) as served:
            yield served


@contextmanager
def builds(baseline: str | None) -> Iterator[tuple[Build, ...]]:
    """Provide this build and, if it is named, that of the git revision `baseline`.

    Raises
    ------
    SystemExit
        The clone has no such revision.
    """
    ours = Build(name=OURS, root=ROOT)
    if not baseline:
        yield (ours,)
        return
    git = ["git", "-C", str(ROOT)]
    exists = [*git, "cat-file", "-e", f"{baseline}^{{commit}}"]
    if subprocess.run(exists, stderr=subprocess.DEVNULL, check=False).returncode:
        raise SystemExit(
            f"this clone has no revision {baseline}: fetch its whole history with "
            "`git fetch --unshallow`, or choose another --baseline; '' for none"
        )
    git.append("worktree")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), baseline], check=True)
        try:
            yield (ours, Build(name=baseline, root=tree))
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def running(
    command: Sequence[object],
    port: int,
    first: str,
    *,
    cwd: Path,
    environment: dict[str, str] | None = None,
) -> Iterator[Served]:
    """Run a server until the context ends."""
    log = Path(tempfile.mkstemp(suffix=".log")[1])
    start = time.monotonic()
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [*map(str, command)],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env={**os.environ, "COLUMNS": "500", **(environment or {})},
        ) as process,
    ):
        try:
            _wait_until_up(f"http://127.0.0.1:{port}{first}", process, log)
            seconds = time.monotonic() - start
            yield Served(port=port, pid=process.pid, start_seconds=seconds, log=log)
        finally:
            process.terminate()
            process.wait()
            log.unlink()


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    if not wait_until(lambda: process.poll() is not None or _answers(url), _START_SECONDS):
        raise SystemExit(f"no answer from {url}:\n{log.read_text()}")
    if process.poll() is not None:
        raise SystemExit(f"the server has ended:\n{log.read_text()}")


def _answers(url: str) -> bool:
    with suppress(OSError), urlopen(url) as answer:
        return bool(answer.status == 200)
    return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look every two milliseconds until `condition` holds; return whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
