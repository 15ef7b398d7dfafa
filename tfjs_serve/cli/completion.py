"""``tfjs-serve completion [SHELL]``: the script that makes a shell complete the command."""

from __future__ import annotations

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_TFJS_SERVE_COMPLETE"
"""Where the script puts what the shell asks; click looks for it under this name."""


def _own_shell(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    """Return the shell that was named, or else that of the user."""
    shell = value or PurePath(os.environ.get("SHELL", "")).name
    if shell not in _SHELLS:
        raise click.BadParameter(f"name your shell: {', '.join(_SHELLS)}")
    return shell


@click.command()
@click.argument(
    "shell", metavar="[SHELL]", type=click.Choice(_SHELLS), required=False, callback=_own_shell
)
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which a shell completes tfjs-serve.

    SHELL is bash, zsh or fish; without it, your own. For bash, put this line into ~/.bashrc:

        eval "$(tfjs-serve completion bash)"
    """
    script = get_completion_class(shell)
    assert script is not None
    assert ctx.parent is not None
    click.echo(script(ctx.parent.command, {}, "tfjs-serve", _VARIABLE).source())
