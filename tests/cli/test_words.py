"""What is said: pure functions, and the terminal that prints it."""

from __future__ import annotations

import io
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.builder import BuildEvent, BuildEventKind, EntryState, EntryStatus
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp
from tfjs_serve.cli.banner import facts, home_relative, openings, print_banner
from tfjs_serve.cli.console import Terminal, logging_to
from tfjs_serve.cli.event_log import merge
from tfjs_serve.cli.options import parse_duration_seconds, parse_size_bytes
from tfjs_serve.cli.voice import Found, Place
from tfjs_serve.cli.wording import Line, build_line, change_line, printable, subject_of
from tfjs_serve.errors import ConversionError, ConversionProblem, KerasFileError
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import GIB, KIB, MIB, ServerSettings, Variant
from tfjs_serve.web.listing import ModelList
from tfjs_serve.web.overview import Overview

NOTHING = Found(summaries=(), overview=Overview(total=0))


def entry(exact_name: str = "a.h5", size_bytes: int = 1024) -> CatalogEntry:
    stamp = FileStamp(path=exact_name, device=1, inode=1, size_bytes=size_bytes, mtime_ns=1)
    return CatalogEntry(
        name=exact_name.removesuffix(".h5"),
        exact_name=exact_name,
        path=Path("/m", exact_name),
        kind=EntryKind.HDF5,
        stamps=(stamp,),
    )


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("4096", 4096),
        ("12b", 12),
        ("500KB", 500_000),
        ("4MiB", 4 * MIB),
        (" 4 mib ", 4 * MIB),
        ("1.5KiB", 3 * KIB // 2),
        ("2gib", 2 * GIB),
        ("1GB", 10**9),
    ],
)
def test_sizes_are_read(text, size_bytes):
    assert parse_size_bytes(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("0", 0), ("90s", 90), (" 5 min", 300), ("1.5H", 5400), ("2d", 172_800)],
)
def test_durations_are_read(text, seconds):
    assert parse_duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5m", "-1", "1e6", "inf", "nan", "an hour", "1h30"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration; write for example"):
        parse_duration_seconds(text)


@pytest.mark.parametrize(
    "text",
    ["", "4M", "4 apples", "-1", "0", "0.2", "1e6", "inf", "nan", "4MiB4", "٤MiB", "9" * 400],
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a size|less than"):
        parse_size_bytes(text)


@given(st.integers(1, 10**15 - 1), st.sampled_from(["", "B"]))
def test_whole_bytes_are_read_exactly(size_bytes, unit):
    assert parse_size_bytes(f"{size_bytes}{unit}") == size_bytes


@given(st.text())
def test_printable_text_steers_no_terminal(text):
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b é 模型 [bold]", "a b é 模型 [bold]"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\r", "a\\nb\\r"),
        ("\u202efdp.h5", "\\u202efdp.h5"),
        ("\udcff", "\\udcff"),
    ],
)
def test_only_what_is_dangerous_is_escaped(text, shown):
    assert printable(text) == shown


def test_models_are_called_by_what_lies_on_the_disk():
    assert subject_of(entry("digits/cnn.h5")) == "digits/cnn.h5"
    assert subject_of(entry("net/model.json")) == "net/"
    assert subject_of(entry("net/config.json")) == "net/"
    assert subject_of(entry("model.json")) == "model.json"
    assert subject_of(entry(), Variant.UINT8) == "a.h5@uint8"
    assert subject_of(entry(), Variant.FULL) == "a.h5"


def event(kind: BuildEventKind, **fields: object) -> BuildEvent:
    return BuildEvent(kind=kind, entry=entry(), variant=Variant.FULL, **fields)


@pytest.mark.parametrize(
    ("happened", "message"),
    [
        (event(BuildEventKind.PROGRESS, progress=0.456), "converting, 45 %"),
        (event(BuildEventKind.READY, seconds=1.23, size_bytes=2 * MIB), "ready in 1.2 s, 2.0 MiB"),
        (event(BuildEventKind.READY, seconds=0.01), "ready in less than 0.1 s"),
        (event(BuildEventKind.READY), "ready, as it was converted before"),
        (event(BuildEventKind.STALE, reason="torn"), "still served as it was before: torn"),
        (event(BuildEventKind.FAILED, error=KerasFileError("bad")), "failed: bad"),
    ],
)
def test_each_event_of_the_builder_has_its_words(happened, message):
    line = build_line(happened)
    assert (line.subject, line.message) == ("a.h5", message)


def test_a_model_that_is_ready_is_one_line():
    line = build_line(
        event(BuildEventKind.READY, seconds=0.2, notes=("one", "two"), needs_layers=True)
    )
    assert line.message == "ready in 0.2 s, with layers.js; 2 notes on its page"
    assert line.details == ()


def test_a_failure_lists_all_problems_and_the_hint():
    problems = [
        ConversionProblem(
            code="c", layer_path=f"model/l{i}", class_name="Lambda", message="No.", hint="Drop it."
        )
        for i in range(2)
    ]
    error = ConversionError("a.h5 cannot be converted", problems, hint="change 2 layers")
    assert build_line(event(BuildEventKind.FAILED, error=error)).details == (
        "- model/l0 (Lambda): No. Drop it.",
        "- model/l1 (Lambda): No. Drop it.",
        "hint: change 2 layers",
    )


def change(kind: ChangeKind, size_bytes: int = 1024) -> CatalogChange:
    return CatalogChange(kind=kind, entry=entry(size_bytes=size_bytes))


def test_each_change_has_its_words():
    assert change_line(change(ChangeKind.ADDED), "http://x/a").message == (
        "added, 1.0 KiB: http://x/a"
    )
    assert change_line(change(ChangeKind.CHANGED), "").message == "changed, 1.0 KiB"
    assert change_line(change(ChangeKind.REMOVED), "").message == "removed"


ADDED, CHANGED, REMOVED = ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED


@pytest.mark.parametrize(
    ("earlier", "later", "merged"),
    [
        (None, ADDED, ADDED),
        (ADDED, CHANGED, ADDED),
        (ADDED, REMOVED, None),
        (CHANGED, CHANGED, CHANGED),
        (CHANGED, REMOVED, REMOVED),
        (REMOVED, ADDED, CHANGED),
    ],
)
def test_changes_close_together_are_told_as_one(earlier, later, merged):
    result = merge(change(earlier, 1) if earlier else None, change(later, 2))
    assert (result.kind if result else None) == merged
    assert result is None or result.entry.size_bytes == 2


class FakeTty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def printed(monkeypatch):
    """What a terminal prints to standard output, with or without being one."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def capture(action, stream=None):
        stream = stream or io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            action(Terminal())
        return stream.getvalue()

    return capture


HOSTILE = Line(
    subject="[bold]x[/] :smile: \x1b]0;title\x07",
    message="m\n[red]",
    event="failed",
    details=("d\x1b[2J",),
)


def test_lines_are_never_read_as_markup(printed):
    text = printed(lambda terminal: terminal.line(HOSTILE))
    first, second = text.splitlines()
    assert first[8:] == "  [bold]x[/] :smile: \\x1b]0;title\\x07  m\\n[red]"
    assert second == "          d\\x1b[2J"


def test_without_a_terminal_lines_are_plain(printed):
    text = printed(
        lambda terminal: terminal.line(Line(subject="a", message="m", event="failed", style="red"))
    )
    assert "\x1b" not in text


def test_on_a_terminal_lines_have_colours_unless_refused(printed, monkeypatch):
    def action(terminal):
        terminal.line(Line(subject="a", message="m", event="failed", style="red"))

    assert "\x1b[31mm" in printed(action, FakeTty())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in printed(action, FakeTty())


def test_long_lines_are_not_broken(printed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    url = "http://127.0.0.1:8000/" + "x" * 200

    def action(terminal):
        terminal.line(Line(subject="a", message=url, event="added"))
        terminal.table(("Model", "Size", "URL"), [("a", "1", url), ("模型", "20", "short")])

    lines = printed(action).splitlines()
    assert lines[0].endswith(url)
    assert lines[1:] == [
        "  Model   Size   URL",
        f"  a          1   {url}",
        "  模型      20   short",
    ]


def test_one_long_name_does_not_move_what_stands_after_the_others(printed):
    long = "x" * 60

    def action(terminal):
        terminal.table(("Model", "Size", "URL"), [("a", "1", "u"), (long, "20", "v")])
        terminal.pairs([("b.h5", "is empty"), (long, "is damaged")])

    assert printed(action).splitlines() == [
        "  Model   Size   URL",
        "  a          1   u",
        f"  {long}     20   v",
        "    b.h5   is empty",
        f"    {long}   is damaged",
    ]


def test_a_closed_output_is_no_error(printed):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    assert printed(lambda terminal: terminal.text("lost"), Closed()) == ""


def test_the_log_is_printed_and_left_as_it_was(printed):
    root = logging.getLogger()
    before = (root.handlers, root.level)

    def action(terminal):
        with logging_to(terminal, "info"):
            logging.getLogger("tfjs_serve.x").info("see %s", "[bold]\x1b")
            logging.getLogger("tfjs_serve.x").debug("not seen")
            logging.getLogger("other").info("not seen")
            logging.getLogger("other").warning("seen %d", "nonsense")
            try:
                {}["k"]
            except KeyError:
                logging.getLogger("other").exception("oops")

    text = printed(action)
    assert "  see [bold]\\x1b\n" in text
    assert "not seen" not in text
    assert "oops\n          Traceback" in text
    assert (root.handlers, root.level) == before


def settings(**options: object) -> ServerSettings:
    return ServerSettings(
        models_dir=Path("/m").absolute(), cache_dir=Path("/c").absolute(), **options
    )


HERE = Place(origin="http://o")


def test_what_is_unusual_is_among_the_facts():
    usual = dict(facts(settings(), HERE))
    unusual = dict(facts(settings(default_variant=Variant.UINT8), HERE))
    assert "Weights" not in usual
    assert "uint8" in unusual["Weights"]


def test_what_is_open_to_whom_is_said_plainly(printed):
    assert openings(settings(), HERE) == []
    opened = settings(
        host="0.0.0.0",
        allowed_hosts=frozenset({"*"}),
        cors_origins=frozenset({"*"}),
        follow_symlinks=True,
    )
    place = replace(HERE, open_origins=["http://192.168.1.5:8000", "http://[fd00::2]:8000"])
    text = printed(lambda terminal: print_banner(terminal, NOTHING, opened, place))
    assert "reaches http://192.168.1.5:8000/ or http://[fd00::2]:8000/ can list and load" in text
    assert "Nothing asks for a password" in text
    assert "Open to every host name" in text
    assert "Open to every origin" in text
    assert "Links are followed" in text


ROOM = Place(
    origin="http://127.0.0.1:8000",
    open_origins=["http://192.168.1.5:8000", "http://10.0.0.2:8000"],
    is_lan=True,
)


def test_a_room_is_told_where_the_models_are(printed):
    text = printed(lambda terminal: print_banner(terminal, NOTHING, settings(), ROOM))
    assert "In this room\n    http://192.168.1.5:8000/\n    or http://10.0.0.2:8000/\n" in text
    assert "need a secure page: add --tls" in text
    assert "serve this machine only, leave --lan out" in text
    assert "█" not in text, "a program cannot photograph it"


def test_a_secure_room_is_told_of_the_warning(printed):
    authority = Path("/c/tls/authority.pem")
    open_origins = ["https://192.168.1.5:8000"]
    place = replace(ROOM, origin="https://o", open_origins=open_origins, authority=authority)
    text = printed(lambda terminal: print_banner(terminal, NOTHING, settings(), place))
    assert "browsers do not know" in text
    assert str(authority) in text
    assert "add --tls" not in text
    assert "Nothing asks for a password.\n" in text


def test_the_origin_of_files_is_one_of_any_site_too():
    (lines,) = openings(settings(cors_origins=frozenset({"null", "https://example.org"})), HERE)
    assert lines[0] == "Open to the origin null"
    assert "frames of any site" in lines[1]


def test_paths_at_home_are_short():
    assert home_relative(Path.home() / "x") == str(Path("~/x"))
    assert home_relative(Path("/elsewhere")) == str(Path("/elsewhere"))


def listed(facts=None):
    model = ModelList((entry(),), Variant.FULL)
    shown = model.summary(entry(), EntryStatus(state=EntryState.READY, facts=facts))
    return Found(summaries=[shown], overview=Overview(total=1))


def test_the_table_says_which_model_needs_layers(printed):
    for parts, told in (("GRU",), True), ((), False):
        found = listed(facts=ModelFacts(parts=parts))
        text = printed(lambda t, f=found: print_banner(t, f, settings(), HERE))
        assert ("with layers.js" in text) is told


def test_where_nothing_loads_no_gap_is_left(printed):
    failed = EntryStatus(state=EntryState.FAILED, error=KerasFileError("it is damaged"))
    found = listed()
    found = replace(found, summaries=[replace(found.summaries[0], status=failed)])
    text = printed(lambda terminal: print_banner(terminal, found, settings(), HERE))
    assert "These cannot be loaded" in text
    assert "What to do about them: http://o/?only=bad" in text
    assert "\n\n\n" not in text


def test_an_empty_folder_is_told_what_it_waits_for(printed):
    text = printed(lambda terminal: print_banner(terminal, NOTHING, settings(), HERE))
    assert "No models yet" in text
    for ending in (".h5", ".hdf5", ".keras", "model.json"):
        assert ending in text
