"""The pages about commands and error codes, which ``generate_docs.py`` writes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from tfjs_serve.cli import exit_codes
from tfjs_serve.cli.group import command_line
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.web.problems import STATUS_AND_TITLE

_CLI_HEAD = """\
# Command line

<!-- written by tools/generate_docs.py from the commands themselves; do not edit -->

`tfjs-serve DIR` is short for `tfjs-serve serve DIR`, and `python -m tfjs_serve` is the same
command. Sizes are written as `500KB`, `4MiB` or `2GiB`, times as `90s`, `5min` or `1h`.
[Installing](install.md#completion) tells how shells complete all of this.
"""
_CODES_HEAD = """\
# Error codes

<!-- written by tools/generate_docs.py from the errors themselves; do not edit -->

Each failure has a code that stays the same when its message is put better. It is `code` in the
[problem+json](https://www.rfc-editor.org/rfc/rfc9457) of the server, in `tfjs-serve check --json`
and in `/-/models.json`. Each links to what to do about it.
"""
_ENDINGS = {
    0: "everything went well",
    exit_codes.FAILURE_EXIT_CODE: "a model cannot be converted, or something else failed",
    exit_codes.USAGE_EXIT_CODE: "the arguments make no sense; nothing was done",
    exit_codes.INTERRUPTED_EXIT_CODE: "it was interrupted (Ctrl-C)",
    exit_codes.TERMINATED_EXIT_CODE: "it was terminated (SIGTERM)",
}


# --- Commands -------------------------------------------------------------------------------


def commands() -> str:
    """Return the reference of the command line."""
    context = click.Context(command_line, info_name="tfjs-serve", **command_line.context_settings)
    lines = [_CLI_HEAD]
    for name, command in _loaded().items():
        lines += _command(name, command, click.Context(command, context, name))
    lines += ["## Exit codes", "", "| code | |", "|--:|---|"]
    lines += [f"| {code} | {ending} |" for code, ending in _ENDINGS.items()]
    return "\n".join(lines) + "\n"


def _loaded() -> dict[str, click.Command]:
    """Return all commands by name, and import what they need."""
    context = click.Context(command_line)
    names = command_line.list_commands(context)
    found = {name: command_line.get_command(context, name) for name in names}
    return {name: command for name, command in found.items() if command is not None}


def _command(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield from (f"## {name}", "", "```text", re.sub(r"\s+", " ", usage), "```", "")
    text = inspect.cleandoc(command.help or "").partition("\b")[0].strip()
    yield from (_plain(text), "", "| option | default | |", "|---|---|---|")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            yield f"| {_spelling(record[0])} | {_default(record[1])} | {_meaning(record[1])} |"
    yield ""


def _spelling(record: str) -> str:
    """Return the names of an option, and what it takes, as code."""
    words = record.replace(",", "").replace(" / ", " ").replace("|", ", ").split(" ")
    names = [word for word in words if word.startswith("-")]
    takes = " ".join(words[len(names) :])
    return " ".join(f"`{part}`" for part in (*names, takes) if part)


_DEFAULT = re.compile(r"\s*\[default: (.*?)\]", re.DOTALL)


def _default(text: str) -> str:
    found = _DEFAULT.search(text)
    return _plain(found[1]) if found else ""


def _meaning(text: str) -> str:
    return _plain(_DEFAULT.sub("", text))


def _plain(text: str) -> str:
    """Return help text for Markdown: options as code, and no sign that means something there."""
    text = text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]+(?: [A-Z]+)?)", r"`\1`", text)


# --- Error codes ----------------------------------------------------------------------------


def error_classes() -> list[type[TfjsServeError]]:
    """Return the classes of all errors that have a code of their own."""
    _loaded()  # because a class is known when its module was imported
    found = [TfjsServeError]
    for cls in found:  # grows on the way
        found += [child for child in cls.__subclasses__() if child not in found]
    return sorted((cls for cls in found if "code" in vars(cls)), key=lambda cls: cls.code)


def error_codes() -> str:
    """Return the table of the codes of errors."""
    lines = [_CODES_HEAD, "| code | status | |", "|---|--:|---|"]
    lines += [_code(cls) for cls in error_classes() if cls is not TfjsServeError]
    return "\n".join(lines) + "\n"


def _code(cls: type[TfjsServeError]) -> str:
    status = STATUS_AND_TITLE.get(cls.code, ("",))[0]
    first = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
    meaning = first.replace("``", "`")
    return f"| [`{cls.code}`](troubleshooting.md#{cls.code}) | {status} | {meaning} |"
