"""The ``tfjs-serve`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line in ``sys.argv`` and exit."""
    # Here and not above: importing the package costs nothing that is not used.
    from tfjs_serve.cli.group import command_line  # noqa: PLC0415 - see above

    command_line(prog_name="tfjs-serve")


def converter() -> None:
    """Run ``convert`` as the official converter would be run: OUT is overwritten, as are names."""
    from tfjs_serve.cli.convert import convert  # noqa: PLC0415 - see above

    official = {"force": True, "shard_names": "official"}
    convert(prog_name="tfjs-serve-converter", default_map=official)
