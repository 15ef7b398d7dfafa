"""``python -m tests.fuzz files|requests``: long campaigns."""

from __future__ import annotations

import argparse
import importlib
import sys

CAMPAIGNS = ("files", "requests")


def main() -> int:
    """Run the campaign that the command line names; 1 if it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    commands = parser.add_subparsers(dest="campaign", required=True)
    # Only the one that is asked for is imported: each has needs of its own.
    wanted = next((name for name in sys.argv[1:] if name in CAMPAIGNS), None)
    for name in CAMPAIGNS:
        command = commands.add_parser(name)
        if name == wanted:
            module = importlib.import_module(f"tests.fuzz.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
