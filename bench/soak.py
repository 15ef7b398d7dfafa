"""Load a model in a loop while it is saved all the time; print what the clients were served.

    python bench/soak.py [--seconds 600] [--clients 32] [--writer in-place|replace|keras]
                         [--faults SECONDS] [--only FAULT] [--seed N]
                         [options of the server, such as --grace 10]

Each save carries one value in all of its weights and in the model's name; each load is checked
byte by byte. Fails if a load was mixed or torn, if a refusal does not say why, if a connection was
lost while the server was there, if a save met an error, if newer saves or the last one never came
through, or if something was left behind. Linux only: it looks into ``/proc``.

With ``--faults``, something goes wrong every so many seconds: a child is killed, the cache folder
is deleted, the disk is full, a permission is taken, the clock is set back, the server is killed and
started again. All of it happens on a machine of its own (namespaces), where the system allows that;
elsewhere no disk gets full. ``--only`` names one of them, such as "disk full"; it can be repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from measuring import tree_of
from soak_clients import Tally, load_in_a_loop
from soak_faults import FAULTS, Happened, Scene, faults, mount_disk, own_machine
from soak_result import Result, State
from soak_stage import Server, serving, writing
from soak_writer import model_name

_WARM_UP_SECONDS = 10.0
"""What the server holds when all of its imports are done and its first loads are over."""
_PATIENCE_SECONDS = 30.0
"""For the last save to come through, and for what is half written to go, after the clients."""
_ON_MACHINE = "--on-a-machine-of-its-own"


@dataclass(frozen=True)
class Clients:
    """How many load in a loop, and for how long."""

    seconds: float
    count: int

    def load(self, url: str) -> Tally:
        return asyncio.run(self._load(url))

    async def _load(self, url: str) -> Tally:
        ended = asyncio.Event()
        asyncio.get_running_loop().call_later(self.seconds, ended.set)
        return await load_in_a_loop(url, self.count, ended)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What to run.

    Attributes
    ----------
    server_options
        Further ones of the server's command line.
    faults_seconds
        Time between two faults; zero for none.
    kinds
        Which faults.
    own_machine
        Whether disks can be mounted.
    """

    clients: Clients
    writer: str
    server_options: Sequence[str]
    faults_seconds: float
    kinds: Sequence[str]
    seed: int
    own_machine: bool

    def soak(self, workspace: Path) -> Result:
        """Run server, writer and clients, and then look at what is left."""
        model = workspace / "models" / "model.h5"
        model.parent.mkdir()
        if self.own_machine:
            mount_disk(workspace / "disk")
        with ExitStack() as stack:
            writer = stack.enter_context(writing(model, self.writer))
            server = stack.enter_context(serving(workspace, self.server_options))
            url = f"{server.origin}/model/model.json"
            seconds = min(_WARM_UP_SECONDS, self.clients.seconds / 2)
            replace(self.clients, seconds=seconds).load(url)
            time.sleep(1)  # for connections to close
            start = State.of(server.pid)
            tally, happened = self._load(server, model, url)
            time.sleep(1)
            end = State.of(server.pid)
            saved = writer.end()
            last = model_name(saved["saves"] + len(saved["errors"]))
            last_is_served = _becomes_true(lambda: _name_served(url) == last)
            _becomes_true(lambda: not _half_written(server.cache_dir))
        return Result(
            tally=tally,
            saved=saved,
            start=start,
            end=end,
            server_log=server.log(),
            last_is_served=last_is_served,
            left=[*_half_written(server.cache_dir), *_processes()],
            happened=happened,
            downtimes=server.downtimes,
        )

    def _load(self, server: Server, model: Path, url: str) -> tuple[Tally, list[Happened]]:
        if not self.faults_seconds:
            return self.clients.load(url), []
        scene = Scene(
            server=server,
            model=model,
            disk=model.parents[1] / "disk" if self.own_machine else None,
            kinds=self.kinds,
            chance=random.Random(self.seed),
        )
        with faults(scene, self.faults_seconds) as happened:
            return self.clients.load(url), happened


def _name_served(url: str) -> str | None:
    """Return the name of the model at `url`, if it is not that of an earlier version."""
    with suppress(OSError), urlopen(url) as answer:
        document = json.load(answer)
        name = document["modelTopology"]["model_config"]["config"]["name"]
        return None if "Tfjs-Serve-Stale" in answer.headers else str(name)
    return None


def _becomes_true(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _half_written(cache_dir: Path) -> list[str]:
    patterns = ("staging/*", "trash/*", "**/*.tmp")
    return [str(path) for pattern in patterns for path in cache_dir.glob(pattern)]


def _processes() -> list[str]:
    """Return the commands of our descendants; all orphans are ours on a machine of its own."""
    others = tree_of(os.getpid())[1:]
    lines = [Path(f"/proc/{pid}/cmdline") for pid in others]
    commands = [line.read_bytes().replace(b"\0", b" ").decode() for line in lines if line.exists()]
    return [command for command in commands if command]  # one that has ended has none


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, help="default: 600, with faults 1200")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--writer", choices=("in-place", "replace", "keras"), default="in-place")
    parser.add_argument("--faults", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--only", action="append", choices=FAULTS, metavar="FAULT")
    parser.add_argument("--seed", type=int, default=random.randrange(1000))
    parser.add_argument(_ON_MACHINE, action="store_true", help=argparse.SUPPRESS)
    options, of_server = parser.parse_known_args()
    machine = own_machine() if options.faults and not options.on_a_machine_of_its_own else None
    if machine:
        again = [sys.executable, __file__, *sys.argv[1:], _ON_MACHINE]
        sys.exit(subprocess.call([*machine, *again]))
    run = Run(
        clients=Clients(options.seconds or (1200 if options.faults else 600), options.clients),
        writer=options.writer,
        server_options=of_server,
        faults_seconds=options.faults,
        kinds=options.only or list(FAULTS),
        seed=options.seed,
        own_machine=options.on_a_machine_of_its_own,
    )
    with tempfile.TemporaryDirectory() as workspace:
        result = run.soak(Path(workspace))
        if run.own_machine:
            subprocess.run(["umount", str(Path(workspace, "disk"))], check=True)
    print(_title(run))
    print()
    print("| what | how much |\n|---|---|")
    for name, value in result.rows():
        print(f"| {name} | {value} |")
    for what, detail in result.examples.items():
        print(f"\n{what}: {detail}")
    for problem in result.problems[:20]:
        print(f"PROBLEM: {problem}")
    sys.exit(1 if result.problems else 0)


def _title(run: Run) -> str:
    words = [f"{run.writer}, {run.clients.count} clients, {run.clients.seconds:g} s"]
    if run.faults_seconds:
        words.append(f"a fault each {run.faults_seconds:g} s (seed {run.seed})")
        words += [] if run.own_machine else ["no disk gets full: none can be mounted here"]
    return ", ".join([*words, *run.server_options])


if __name__ == "__main__":
    main()
