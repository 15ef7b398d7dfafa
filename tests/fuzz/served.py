"""``tfjs-serve serve`` as it is, but with a deadline for conversions that suits a campaign."""

from __future__ import annotations

import importlib
from functools import partial

from tfjs_serve.cli import main
from tfjs_serve.settings import ServerSettings

CONVERSION_SECONDS = 20.0


def give_deadline() -> None:
    """Let the command make settings with the deadline, for which it has no option."""
    module = importlib.import_module("tfjs_serve.cli.serve")  # the package has a function so named
    module.ServerSettings = partial(ServerSettings, conversion_deadline_seconds=CONVERSION_SECONDS)


if __name__ == "__main__":
    give_deadline()
    main()
