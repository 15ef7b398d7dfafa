"""Options that name sites whose pages load models."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import click

from tfjs_serve.doctor.model import is_address, origin_of

_ANY = "*"


def origin(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Return the origin that an option names; empty if it was not given.

    Raises
    ------
    click.BadParameter
        It is none.
    """
    if value and (not is_address(value) or urlsplit(value).hostname is None):
        raise click.BadParameter(f"{value!r} is no origin; write for example https://example.com")
    return origin_of(value) if value else ""


def origins(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> tuple[str, ...]:
    """Return the origins that an option names, of which ``*`` is one."""
    return tuple(
        value if value == _ANY else origin(context, parameter, value or "''") for value in values
    )
