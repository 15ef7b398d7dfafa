"""Measure and try ``tfjs-serve publish`` with a folder, OpenStack Swift and Azurite.

    python bench/publishing.py [NAME ...]   all, or some of these:
        changes     what a second publish of a large model sends, and what it asks for
        kills       publishes are killed while clients load the models in a loop
        nodes       a storage node of three of Swift is killed during publishes and loads
        many        many models, beside rclone on the same bytes
        --kills 50 --clients 8      how many
        --models 1000 --rounds 2    how many models of 2 MB, how often
        --workspace FOLDER          where everything is (default: the temporary folder)
        --write                     put the tables into docs/publishing.md

What is missing is installed: Swift, nginx and rclone of Debian, Azurite of npm. Linux only. What
went wrong with loads is printed, too.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from performance_page import write_tables
from publications.places import Options
from tables import Table

import dev

PAGE = ROOT / "docs" / "publishing.md"
PARTS = ("changes", "kills", "nodes", "many")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py bench publishing",
        description=__doc__.splitlines()[0] if __doc__ else None,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    add = parser.add_argument
    add("--kills", type=int, default=50, help="publishes to kill at each place (%(default)s)")
    add("--clients", type=int, default=8, help="that load in a loop (%(default)s)")
    add("--models", type=int, default=1000, help="how many are many (%(default)s)")
    add("--rounds", type=int, default=2, help="how often many are published (%(default)s)")
    add("--workspace", type=Path, metavar="FOLDER", help="where everything is")
    add("--write", action="store_true", help="put the tables into docs/publishing.md")
    options = parser.parse_args()
    unknown = set(options.names) - set(PARTS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(PARTS)}")
    return options


def _run(options: argparse.Namespace, workspace: Path) -> None:
    for name in options.names or PARTS:
        folder = workspace / name
        folder.mkdir()
        chosen = Options(
            workspace=folder,
            kills=options.kills,
            clients=options.clients,
            models=options.models,
            rounds=options.rounds,
        )
        table: Table = importlib.import_module(f"publications.{name}").run(chosen)
        print(f"\n## {table.title}\n\n{table.to_markdown()}", flush=True)
        if options.write:
            write_tables(PAGE, {name: table})


def main() -> None:
    options = _options()
    dev.install_stores()
    with tempfile.TemporaryDirectory(dir=options.workspace) as workspace:
        _run(options, Path(workspace))


if __name__ == "__main__":
    main()
