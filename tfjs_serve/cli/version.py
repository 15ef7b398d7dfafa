"""``tfjs-serve version``: what a report of a fault should name."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib import metadata

import click

from tfjs_serve.version import __version__

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@click.command()
def version() -> None:
    """Print the versions of tfjs-serve, Python and the libraries.

    Those of extras that are not installed are named, too.
    """
    click.echo(f"tfjs-serve {__version__}")
    click.echo(f"Python {platform.python_version()} on {platform.platform()}")
    for name, found in _libraries():
        click.echo(f"{name} {found or '(not installed)'}")


def _libraries() -> Iterator[tuple[str, str | None]]:
    """Yield the libraries that the package names, each with its version if it is installed."""
    try:
        required = metadata.requires("tfjs-serve") or ()
    except metadata.PackageNotFoundError:  # run from its source, which says nothing of itself
        required = ()
    names = [found[0] for line in required if (found := _NAME.match(line))]
    for name in sorted(set(names), key=str.lower):
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, None
