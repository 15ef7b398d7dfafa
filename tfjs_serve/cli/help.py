"""``tfjs-serve help [COMMAND]``: what ``--help`` says, for those who ask for it by a word."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def _commands(ctx: click.Context) -> tuple[click.Group, click.Context]:
    """Return the group that this command is in, and its context."""
    assert ctx.parent is not None
    assert isinstance(ctx.parent.command, click.Group)
    return ctx.parent.command, ctx.parent


def _complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    group, parent = _commands(ctx)
    names = group.list_commands(parent)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("help")
@click.argument("name", metavar="[COMMAND]", required=False, shell_complete=_complete)
@click.pass_context
def help_command(ctx: click.Context, name: str | None) -> None:
    """Show what a command is for, and its options."""
    group, parent = _commands(ctx)
    if name is None:
        click.echo(parent.get_help())
        return
    command = group.get_command(parent, name)
    if command is None:
        known = ", ".join(group.list_commands(parent))
        raise click.UsageError(f"There is no command {name!r}. There are: {known}.", parent)
    settings = command.context_settings
    with click.Context(command, info_name=name, parent=parent, **settings) as asked:
        click.echo(command.get_help(asked))
