"""The flags of the official converter, and what they mean here."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import click

from tfjs_serve.cli.endings import errors_told, refuse_empty
from tfjs_serve.cli.formats import INPUT_FORMATS, KERAS_INPUTS, KERAS_OUTPUTS, OUTPUT_FORMATS, TFJS
from tfjs_serve.cli.help_texts import WIDTH
from tfjs_serve.exporting.options import ByName, Patterns, quantization
from tfjs_serve.settings import Variant
from tfjs_serve.version import __version__

_Function = TypeVar("_Function", bound=Callable[..., Any])

_QUANTIZE = ("float16", "uint8", "uint16")
_BYTES = {"1": "uint8", "2": "uint16"}
_FLAGS_WITH_PATTERNS = frozenset(f"--quantize-{dtype}" for dtype in _QUANTIZE)
_OF_GRAPHS = ("signature_name", "control_flow_v2")
"""What the official converter refuses for other than graph models as well."""
_IGNORED = ("saved_model_tags", "output_node_names", "strip_debug_ops", "experiments")
_OFFICIAL_ONLY = frozenset(
    {
        *_FLAGS_WITH_PATTERNS,
        *("--input-format", "--output-format", "--quantization-bytes"),
        *("--weight-shard-size-bytes", "--split-weights-by-layer"),
    }
)
"""Flags that nobody has to write who does not know them from the official converter."""
_SHOWN_LAST = frozenset(
    {"input_format", "output_format", "by_layer", *(f"quantize_{dtype}" for dtype in _QUANTIZE)}
)
"""The parameters whose options the help lists under a title of their own."""
_ALL_OFFICIAL = frozenset(
    {
        *_OFFICIAL_ONLY,
        *(f"--{name.replace('_', '-')}" for name in (*_OF_GRAPHS, *_IGNORED)),
        *("--help", "--metadata", "--skip-op-check", "--use-structured-outputs-names"),
        "--version",
    }
)
"""All that it has: each may be shortened as far as it stays the only one."""
_IN_OFFICIAL_WAY = f"{__name__}.in_official_way"
_ALL = "*all*"
"""Stands for a flag without patterns: no weight of Keras has such a name."""


class OfficialCommand(click.Command):
    """Takes what the official converter takes.

    Underscores and hyphens are alike, its flags may be shortened, and ``--quantize-uint8`` may have
    patterns behind it or not.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = {
            "token_normalize_func": lambda token: token.replace("_", "-"),
            "help_option_names": ["-h", "--help"],
            **WIDTH,
        }
        super().__init__(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; tell errors if it is the program, and no group does."""
        with nullcontext() if ctx.parent else errors_told(ctx):
            return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the flags of the official converter after all others."""
        own: list[tuple[str, str]] = []
        official: list[tuple[str, str]] = []
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record:
                (official if option.name in _SHOWN_LAST else own).append(record)
        for title, records in (("Options", own), ("Flags of tensorflowjs_converter", official)):
            with formatter.section(title):
                formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether the line is one of the official converter, and tell what a flag takes."""
        refuse_empty(args)
        own = {name for param in self.params for name in param.opts}
        args = [_written_out(arg, own) for arg in args]
        flags = {_flag(arg) for arg in args}
        ctx.meta[_IN_OFFICIAL_WAY] = bool(flags & _OFFICIAL_ONLY)
        return super().parse_args(ctx, list(_with_values(args)))


class _Format(click.Choice[str]):
    """A name of a format, which messages spell as the official converter does."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 -- click's interface
        return str(choice).replace("-", "_")


def is_in_official_way(ctx: click.Context) -> bool:
    """Whether a line has flags that only the official converter's users write."""
    return bool(ctx.meta[_IN_OFFICIAL_WAY])


def _flag(arg: str) -> str:
    return arg.partition("=")[0].replace("_", "-")


def _written_out(arg: str, own: Collection[str]) -> str:
    """Return an argument with its whole flag, if it is one that was shortened.

    Parameters
    ----------
    own
        The flags of the command, which mean themselves.
    """
    name, equals, value = arg.partition("=")
    flag = _flag(arg)
    if not flag.startswith("--") or flag == "--" or flag in own:
        return arg
    meant = [one for one in _ALL_OFFICIAL if one.startswith(flag)]
    return f"{meant[0] if len(meant) == 1 else name}{equals}{value}"


def _with_values(args: Sequence[str]) -> Iterator[str]:
    """Yield the arguments; those of the flags with patterns that have none get a value.

    The official converter takes whatever follows such a flag for patterns. What is the path of a
    file or folder is none here, so that ``--quantize_uint8 model.h5 out`` does what it says.
    """
    for arg, following in pairwise([*args, "-"]):
        is_bare = "=" not in arg and _flag(arg) in _FLAGS_WITH_PATTERNS
        yield f"{arg}={_ALL}" if is_bare and not _are_patterns(following) else arg


def _are_patterns(following: str) -> bool:
    """Whether what follows a flag is of the flag, as an empty text is."""
    return not following or not (following.startswith("-") or Path(following).exists())


def official_options(command: _Function) -> _Function:
    """Add the flags of the official converter that no other option here stands for."""
    for option in reversed(_options()):
        command = option(command)
    return command


def _options() -> list[Callable[[_Function], _Function]]:
    quantize = [
        click.option(
            f"--quantize-{dtype}",
            metavar="[PATTERNS]",
            help=f"Store weights as {dtype}: all, or those whose names match PATTERNS{example}.",
        )
        for dtype, example in zip(_QUANTIZE, (", such as 'dense/*,*bias'", "", ""), strict=True)
    ]
    hidden = [click.option(f"--{name}", hidden=True) for name in (*_OF_GRAPHS, *_IGNORED)]
    return [
        click.option(
            "--input-format",
            type=_Format(INPUT_FORMATS),
            default="auto",
            metavar="FORMAT",
            help=f"What PATH is, which is found out without that: {', '.join(KERAS_INPUTS)} or "
            f"{TFJS}.",
        ),
        click.option(
            "--output-format",
            type=_Format(OUTPUT_FORMATS),
            metavar="FORMAT",
            help=f"What to write: {TFJS}, {' or '.join(KERAS_OUTPUTS)}; without that, the "
            "ending of OUT decides.",
        ),
        *quantize,
        click.option("--quantization-bytes", type=click.Choice(tuple(_BYTES)), hidden=True),
        click.option(
            "--split-weights-by-layer",
            "by_layer",
            is_flag=True,
            help="Write the weights of each layer into files of their own.",
        ),
        click.option("--skip-op-check", is_flag=True, hidden=True),
        click.option("--use-structured-outputs-names", hidden=True),
        *hidden,
        click.option(
            "--version",
            "-v",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Show the version, and those of what it uses.",
        ),
    ]


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Print versions in the form in which the official converter does."""
    if not value or ctx.resilient_parsing:
        return
    used = "".join(f"\n  {name} {version(name)}" for name in ("h5py", "numpy"))
    python = f"\n  python {platform.python_version()}"
    click.echo(f"\ntfjs-serve {__version__}\n\nDependency versions:{used}{python}")
    ctx.exit()


# --- Pure -------------------------------------------------------------------------------------


def take_graph_flags(options: dict[str, Any]) -> tuple[str, ...]:
    """Remove the flags for graphs of TensorFlow; return what is to be said of them.

    Raises
    ------
    click.UsageError
        One is given that would change what a page gets.
    """
    for name in _OF_GRAPHS:
        if options.pop(name):
            raise click.UsageError(f"--{name} is for graphs of TensorFlow: leave it out")
    names = (*_IGNORED, "skip_op_check", "use_structured_outputs_names")
    given = [f"--{name}" for name in names if options.pop(name)]
    return (f"{', '.join(given)}: of no meaning for layers models",) if given else ()


def take_quantization(options: dict[str, Any], variant: Variant) -> tuple[Variant, ByName]:
    """Remove the flags that quantize; return `variant` and `by_name` of the conversion options.

    Parameters
    ----------
    variant
        That of ``--quantize``.

    Raises
    ------
    SettingsError
        Two dtypes are for all weights.
    click.UsageError
        The old flag and the new ones are given.
    """
    given = {dtype: options.pop(f"quantize_{dtype}") for dtype in _QUANTIZE}
    dtype_map: dict[str, Patterns] = {
        dtype: _patterns(text) for dtype, text in given.items() if text is not None
    }
    size = options.pop("quantization_bytes")
    if size and (dtype_map or variant.is_quantized):
        raise click.UsageError("give --quantization_bytes or the newer flags, not both")
    if size:
        dtype_map = {_BYTES[size]: True}
    if variant.is_quantized:
        dtype_map[variant.value] = True
    rest, by_name = quantization(dtype_map)
    return (rest if rest.is_quantized else variant), by_name


def _patterns(text: str) -> Patterns:
    if text == _ALL:
        return True
    # An empty list is a pattern that no weight matches, and a note will say so.
    return [part.strip() for part in text.split(",") if part.strip()] or [""]


def missing_out(options: Mapping[str, Any]) -> str:
    """Return the message if there is a path too few: a flag may have taken it for patterns."""
    for dtype in _QUANTIZE:
        taken = options.get(f"quantize_{dtype}")
        if taken and taken != _ALL:
            return (
                f"Missing argument 'OUT'. --quantize-{dtype} took {taken!r} for names of weights: "
                f"to quantize all, write --quantize-{dtype}='*', or put the flag first."
            )
    return "Missing argument 'OUT'."
