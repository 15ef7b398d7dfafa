"""The ``tfjs-serve`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line in ``sys.argv`` and exit."""
    # Here and not above: importing the package costs nothing that is not used.
    from tfjs_serve.cli.group import command_line  # noqa: PLC0415 - see above

    command_line(prog_name="tfjs-serve")


def converter() -> None:
    """Run ``convert`` as the official converter would be run: OUT is overwritten, as are names."""
    from tfjs_serve.cli.group import command_line  # noqa: PLC0415 - see above

    official = {"convert": {"force": True, "shard_names": "official"}}
    command_line(["convert", *sys.argv[1:]], prog_name="tfjs-serve", default_map=official)
