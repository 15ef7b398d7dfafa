"""The group of all commands: ``serve`` is the default, and all errors are printed alike."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfjs_serve.cli.endings import errors_told, refuse_empty
from tfjs_serve.cli.help_texts import WIDTH
from tfjs_serve.cli.quick_imports import quick_imports
from tfjs_serve.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_Load = Callable[[], click.Command]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A command: its line in the help, and what imports its module."""

    help: str
    load: _Load


_COMMANDS: dict[str, _Listed] = {}
"""In the order of the help."""


def _command(name: str, help_line: str) -> Callable[[_Load], _Load]:
    """List a command; its module is imported when the decorated function is called."""

    def register(load: _Load) -> _Load:
        _COMMANDS[name] = _Listed(help=help_line, load=load)
        return load

    return register


@_command("serve", "Serve the models in a folder.")
def _serve() -> click.Command:
    with quick_imports():
        from tfjs_serve.cli.serve import serve

    return serve


@_command("convert", "Convert a model, or a folder of models, for any web server.")
def _convert() -> click.Command:
    from tfjs_serve.cli.convert import convert

    return convert


@_command("publish", "Put models where pages load them: a folder, or a bucket.")
def _publish() -> click.Command:
    from tfjs_serve.cli.publish import publish_command

    return publish_command


@_command("check", "Tell which models a page can load, and why others cannot be.")
def _check() -> click.Command:
    from tfjs_serve.cli.check import check

    return check


@_command("completion", "Print what makes a shell complete commands and options.")
def _completion() -> click.Command:
    from tfjs_serve.cli.completion import completion

    return completion


@_command("version", "Print the versions of tfjs-serve and its libraries.")
def _version() -> click.Command:
    from tfjs_serve.cli.version import version

    return version


@_command("help", "Show what a command is for, and its options.")
def _help() -> click.Command:
    from tfjs_serve.cli.help import help_command

    return help_command


_DEFAULT_COMMAND = "serve"
_OWN_OPTIONS = ("-h", "--help", "--version")
_WORD = re.compile(r"[A-Za-z-]+")
"""What may have been meant for a command."""


class CommandGroup(click.Group):
    """Loads the module of a command only when it is used, because aiohttp and rich load slowly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return the commands in the order of the help."""
        return list(_COMMANDS)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's interface
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands in the help, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.help) for name, listed in _COMMANDS.items()])

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's interface
        cmd_name: str,
    ) -> click.Command | None:
        """Load a command."""
        listed = _COMMANDS.get(cmd_name)
        return None if listed is None else listed.load()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands, without loading them, folders to serve, and options.

        Those of ``serve`` may stand where no command does.
        """
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            own = click.Command.shell_complete(self, ctx, incomplete)
            of_serve = _COMMANDS["serve"].load().shell_complete(ctx, incomplete)
            return list({item.value: item for item in (*own, *of_serve)}.values())
        # First, because click's script for bash forgets what came before it.
        folders = CompletionItem(incomplete, type="dir")
        commands = [
            CompletionItem(name, help=listed.help)
            for name, listed in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [folders, *commands]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``serve`` before arguments that start with neither a command nor an own option."""
        _refuse_slips(args)
        if args and args[0] not in (*self.list_commands(ctx), *_OWN_OPTIONS):
            args = [_DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load the command that `args` begin with; a server that is to speak TLS has ``ssl``."""
        if any(arg.startswith("--tls") for arg in args):
            import ssl  # noqa: F401 - quick_imports hides it only if nobody has it
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print expected errors without a traceback."""
        with errors_told(ctx):
            return super().invoke(ctx)


def _refuse_slips(args: Sequence[str]) -> None:
    """Raise ``UsageError`` for what would serve another folder than the one that is meant."""
    refuse_empty(args)
    first = args[0] if args else ""
    if first in _COMMANDS or first.startswith("-") or Path(first).exists():
        return
    if meant := difflib.get_close_matches(first, _COMMANDS, n=1):
        hint = f"Did you mean {meant[0]!r}?"
    elif _WORD.fullmatch(first):
        hint = f"The commands are {', '.join(_COMMANDS)}; a folder has to be made first."
    else:
        return
    raise click.UsageError(f"There is neither a command nor a folder {first!r}. {hint}")


@click.group(
    cls=CommandGroup,
    invoke_without_command=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], **WIDTH},
)
@click.version_option(__version__, prog_name="tfjs-serve")
def command_line() -> None:
    """Serve Keras models to TensorFlow.js, converted on demand.

    "tfjs-serve DIR" is short for "tfjs-serve serve DIR".
    """
