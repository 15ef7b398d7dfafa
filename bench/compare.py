"""Compare this build with others that do the same; print tables of medians and ratios.

    python bench/compare.py [NAME ...]   all of bench/comparisons, or those that are named
        --baseline REVISION              an earlier build (default: b0b483c); '' for none
        --rounds 3 --seconds 2           how often, and how long wrk asks each time
        --megabytes 512 2000 4000        sizes of the models that are converted
        --models 1000                    how many small models are checked
        --official PROGRAM               the official converter, in an environment of its own
        --workspace FOLDER               where the models are (default: the temporary folder)
        --json FILE                      write all figures
        --write                          put the tables into docs/performance.md

What is missing is installed: nginx, Caddy and wrk of Debian, the http-server of npm. All sides are
measured in turn, A B A B, after it was checked that they return the same bytes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from builds import builds
from machine import machine_in_words
from performance_page import write_tables
from setting import Setting
from tables import Table

PAGE = ROOT / "docs" / "performance.md"
BASELINE = "b0b483c"
COMPARISONS = ("warm", "conversion", "cold", "start", "clients", "update", "load")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py bench compare",
        description=__doc__.splitlines()[0] if __doc__ else None,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(COMPARISONS))
    add = parser.add_argument
    add(
        "--baseline",
        default=BASELINE,
        metavar="REVISION",
        help=f"an earlier build (default: {BASELINE}; '' for none)",
    )
    add("--rounds", type=int, default=3, help="how often each side is measured (%(default)s)")
    add("--seconds", type=float, default=2.0, help="how long wrk asks each time (%(default)s)")
    add(
        "--megabytes",
        type=int,
        nargs="+",
        default=[512],
        help="sizes of models to convert (%(default)s)",
    )
    add("--models", type=int, default=100, help="how many small models are checked (%(default)s)")
    add("--official", type=Path, metavar="PROGRAM", help="the official converter")
    add(
        "--workspace", type=Path, metavar="FOLDER", help="where the models are (default: temporary)"
    )
    add("--json", type=Path, metavar="FILE", help="write all figures")
    add("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    unknown = set(options.names) - set(COMPARISONS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(COMPARISONS)}")
    return options


def _run(options: argparse.Namespace, workspace: Path) -> dict[str, Table]:
    tables = {}
    with builds(options.baseline) as compared:
        setting = Setting(
            builds=compared,
            rounds=options.rounds,
            seconds=options.seconds,
            megabytes=tuple(options.megabytes),
            models=options.models,
            official=options.official and options.official.absolute(),
            workspace=workspace,
        )
        for name in options.names or COMPARISONS:
            table = importlib.import_module(f"comparisons.{name}").run(setting)
            print(f"\n## {table.title}\n\n{table.to_markdown()}", flush=True)
            tables[name] = table
            _keep(options, tables)
    return tables


def _keep(options: argparse.Namespace, tables: Mapping[str, Table]) -> None:
    """Write after each comparison: a later one may fail."""
    machine = machine_in_words()
    if options.json:
        figures = {name: table.to_json() for name, table in tables.items()}
        document = {"machine": machine, "revision": _revision(), "comparisons": figures}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    if options.write:
        write_tables(PAGE, tables)


def _revision() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.workspace) as workspace:
        _run(options, Path(workspace))


if __name__ == "__main__":
    main()
