"""``python -m tests.fuzz files|requests``: long campaigns."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    """Run the campaign that the command line names; 1 if it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    commands = parser.add_subparsers(required=True)
    files = _command(commands.add_parser("files", help="hostile model files"), count=20_000)
    files.add_argument("--start", type=int, default=0, help="number of the first case")
    files.add_argument("--only", type=int, help="number of the one case to run")
    files.add_argument(
        "--reproducers", type=Path, default=Path("fuzz-findings"), help="where findings are kept"
    )
    files.set_defaults(run=_run_files)
    requests = commands.add_parser("requests", help="raw HTTP requests")
    _command(requests, count=100_000).set_defaults(run=_run_requests)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


def _command(parser: argparse.ArgumentParser, count: int) -> argparse.ArgumentParser:
    parser.add_argument("--count", type=int, default=count, help="how many cases")
    parser.add_argument("--seed", type=int, default=1)
    return parser


# Each campaign has needs of its own: only the one that is asked for is imported.


def _run_files(arguments: argparse.Namespace) -> int:
    from tests.fuzz import files

    start, count = arguments.start, arguments.count
    if arguments.only is not None:
        start, count = arguments.only, 1
    campaign = files.Campaign(arguments.seed, arguments.reproducers)
    summary = campaign.run(range(start, start + count))
    print(summary.table())
    return 1 if summary.findings else 0


def _run_requests(arguments: argparse.Namespace) -> int:
    from tests.fuzz import requests

    return requests.run(arguments.count, arguments.seed)


if __name__ == "__main__":
    sys.exit(main())
