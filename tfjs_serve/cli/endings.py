"""What each command does with an error, and with arguments that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import click

from tfjs_serve.cli.exit_codes import (
    FAILURE_EXIT_CODE,
    INTERRUPTED_EXIT_CODE,
    TERMINATED_EXIT_CODE,
    USAGE_EXIT_CODE,
    Terminated,
)
from tfjs_serve.errors import SettingsError, TfjsServeError


@contextmanager
def errors_told(ctx: click.Context) -> Iterator[None]:
    """Print an expected error without a traceback, and exit with the code that tells its kind."""
    try:
        yield
    except TfjsServeError as error:
        from tfjs_serve.cli.console import Terminal

        Terminal().error(error)
        usage = isinstance(error, SettingsError)
        ctx.exit(USAGE_EXIT_CODE if usage else FAILURE_EXIT_CODE)
    except KeyboardInterrupt:
        ctx.exit(INTERRUPTED_EXIT_CODE)
    except Terminated:
        ctx.exit(TERMINATED_EXIT_CODE)


def refuse_empty(args: Sequence[str]) -> None:
    """Raise ``UsageError`` if an argument is empty that would stand for the current folder."""
    # Options tell themselves that an empty value makes no sense.
    if any(not word and not before.startswith("-") for before, word in pairwise(("", *args))):
        raise click.UsageError("An argument is empty: is a variable of the shell not set?")
