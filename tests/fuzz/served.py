"""``tfjs-serve serve`` as it is, but with a deadline for conversions that suits a campaign.

With ``FORK_WORKERS`` in the environment, its conversion processes are forked; see `zygote`.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from functools import partial
from pathlib import Path

from tests.fuzz import zygote
from tfjs_serve.cli import main
from tfjs_serve.settings import ServerSettings
from tfjs_serve.worker import client

CONVERSION_SECONDS = 20.0
FORK_WORKERS = "TFJS_SERVE_FUZZ_FORK"


def give_deadline() -> None:
    """Let the command make settings with the deadline, for which it has no option."""
    module = importlib.import_module("tfjs_serve.cli.serve")  # the package has a function so named
    module.ServerSettings = partial(ServerSettings, conversion_deadline_seconds=CONVERSION_SECONDS)


def fork_workers(folder: Path) -> None:
    """Let the server fork its conversion processes."""
    zygote.start(folder / "zygote")
    client.child_command = lambda *_: zygote.stub_command(folder / "zygote")


if __name__ == "__main__":
    give_deadline()
    with tempfile.TemporaryDirectory() as folder:
        if os.environ.get(FORK_WORKERS):
            fork_workers(Path(folder))
        main()
