"""Latency of a model that is ready, while others misbehave; prints a table.

    python bench/latency.py [--gigabytes 1] [--seconds 20] [--rounds 1]

Asks for the ``model.json`` of a small model again and again, over one connection:

- idle: nothing else happens;
- a large model converts: it is changed and asked for, from reading it to publishing it;
- conversions crash: a model is changed and asked for in a loop, and each process that has it open
  is killed, as the kernel would do it short of memory.

The client is a process of its own. Linux only: processes that have a file open are found in /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from keras_models import at_rest, write_model

SMALL = ROOT / "sample_models" / "iris.h5"
PAUSE_SECONDS = 0.002
"""Between two requests: a client that never pauses measures its own share of the processor."""
CRASHING_MEGABYTES = 64
"""So large that its conversion is seen before it is over."""
START_SECONDS = 60


# --- The client, in a process of its own ------------------------------------------------------


def ask_until_told_to_stop(port: int) -> None:
    """Ask for the small model until standard input ends, then print all times as JSON."""
    stop = threading.Event()

    def stop_at_the_end() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=stop_at_the_end, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times_seconds = []
    while not stop.is_set():
        times_seconds.append(one_request(connection))
        time.sleep(PAUSE_SECONDS)
    print(json.dumps(times_seconds))


def one_request(connection: http.client.HTTPConnection) -> float:
    start = time.perf_counter()
    connection.request("GET", "/small/model.json")
    response = connection.getresponse()
    body = response.read()
    seconds = time.perf_counter() - start
    if response.status != 200 or not body:
        raise SystemExit(f"the small model was answered with {response.status}")
    return seconds


@contextlib.contextmanager
def asking(port: int) -> Iterator[list[float]]:
    """Ask while the context lasts; the list holds all times, in seconds, after it."""
    times: list[float] = []
    command = [sys.executable, __file__, "--ask", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        yield times
        printed, _ = client.communicate()
        times += json.loads(printed)


# --- The models -------------------------------------------------------------------------------


def change(path: Path, version: int) -> None:
    """Give the last weight another value, and the file a time of long ago: it is at rest."""
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(np.float32(version).tobytes())
    at_rest(path, version)


# --- What happens meanwhile -------------------------------------------------------------------


def convert_large(folder: Path, port: int, rounds: int) -> str:
    seconds = []
    for version in range(1, rounds + 1):
        change(folder / "large.h5", version)
        start = time.perf_counter()
        with urlopen(f"http://127.0.0.1:{port}/large/model.json") as answer:
            answer.read()
        seconds.append(time.perf_counter() - start)
    return f"{rounds} conversion(s) of {statistics.median(seconds):.1f} s"


def crash(folder: Path, port: int, server: int, seconds: float) -> str:
    """Ask for a model whose processes are killed; count the answers."""
    answers: dict[str, int] = {}
    stop = threading.Event()
    killer = threading.Thread(target=kill_readers, args=(folder / "bad.h5", server, stop))
    killer.start()
    version, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        version += 1
        change(folder / "bad.h5", version)
        code = answer_of(f"http://127.0.0.1:{port}/bad/model.json")
        answers[code] = answers.get(code, 0) + 1
    stop.set()
    killer.join()
    return ", ".join(f"{count} x {code}" for code, count in sorted(answers.items()))


def answer_of(url: str) -> str:
    try:
        with urlopen(url) as answer:
            return "stale" if answer.headers.get("Tfjs-Serve-Stale") else "converted"
    except HTTPError as error:
        return str(json.loads(error.read())["code"])


def kill_readers(path: Path, server: int, stop: threading.Event) -> None:
    """Kill each child of the server that has `path` open."""
    while not stop.wait(0.005):
        for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
            with contextlib.suppress(OSError):
                if str(path) in map(os.readlink, Path(f"/proc/{child}/fd").iterdir()):
                    os.kill(int(child), signal.SIGKILL)


# --- The table --------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(folder: Path, cache_dir: Path) -> Iterator[tuple[int, int]]:
    """Run the server; yields its process id and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tfjs_serve", "serve", str(folder), "--port", str(port)]
    log = (cache_dir.parent / "log").open("wb")
    with (
        log,
        subprocess.Popen([*command, "--cache-dir", cache_dir], cwd=ROOT, stdout=log) as server,
    ):
        try:
            wait_until_up(port)
            yield server.pid, port
        finally:
            server.terminate()


def wait_until_up(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/small/model.json"):
            return
        time.sleep(0.05)
    raise SystemExit("the server does not start")


def measured(name: str, port: int, meanwhile: Callable[[], str]) -> None:
    with asking(port) as times_seconds:
        happened = meanwhile()
    times = sorted(1000 * seconds for seconds in times_seconds)
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{name:<24} {len(times):>8} {statistics.median(times):>10.2f} {cuts[98]:>8.2f} "
        f"{times[-1]:>8.2f}   {happened}",
        flush=True,
    )


def idle(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the large model")
    parser.add_argument("--seconds", type=float, default=20.0, help="of idling and of crashing")
    parser.add_argument("--rounds", type=int, default=1, help="conversions of the large model")
    parser.add_argument("--ask", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        ask_until_told_to_stop(options.ask)
        return
    with tempfile.TemporaryDirectory() as workspace:
        folder, cache_dir = Path(workspace, "models"), Path(workspace, "cache")
        folder.mkdir()
        shutil.copyfile(SMALL, folder / "small.h5")
        write_model(folder / "large.h5", int(options.gigabytes * 1e9))
        write_model(folder / "bad.h5", CRASHING_MEGABYTES * 10**6)
        with serving(folder, cache_dir) as (server, port):
            print(
                f"{'meanwhile':<24} {'requests':>8} {'median ms':>10} {'p99 ms':>8} {'max ms':>8}"
            )
            measured("idle", port, lambda: idle(options.seconds))
            converting = f"{options.gigabytes:g} GB converts"
            measured(converting, port, lambda: convert_large(folder, port, options.rounds))
            measured(
                "conversions crash", port, lambda: crash(folder, port, server, options.seconds)
            )
            measured("idle again", port, lambda: idle(options.seconds))


if __name__ == "__main__":
    main()
