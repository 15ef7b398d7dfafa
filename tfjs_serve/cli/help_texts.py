"""How options look in the help: defaults as they are typed, and no ranges of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])

WIDTH = {"max_content_width": 100}
"""Settings of a context: how wide the help may be in a terminal that is wider than 80 columns."""


class Option(click.Option):
    """An option whose default is shown without the parentheses that click sets around a text."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Return what stands in brackets behind the help text."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)  # an error tells it; in the help it only makes lines longer
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        return extra


def option(*names: str, **settings: Any) -> Callable[[_Function], _Function]:
    """Return the decorator that adds an :class:`Option` to a command."""
    return click.option(*names, cls=Option, **settings)
