"""Wrong arguments: one sentence that says what to do, and the exit code."""

from __future__ import annotations

import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tfjs_serve import __version__, cli
from tfjs_serve.catalog.root import check_folders
from tfjs_serve.cli.group import command_line
from tfjs_serve.cli.options import absolute_path
from tfjs_serve.settings import ServerSettings

from .conftest import SAMPLES, Invoke

CLI = Path(cli.__file__).parent
COMMANDS = command_line.list_commands(click.Context(command_line))
README = Path(__file__).parents[2] / "README.md"


def test_the_version_and_the_help_need_no_command(invoke: Invoke):
    assert invoke("--version").output.split()[-1] == __version__
    for option in ("--help", "-h"):
        result = invoke(option)
        assert result.exit_code == 0
        lines = [line.split() for line in result.output.splitlines()]
        assert [line[0] for line in lines if line and line[0] in COMMANDS] == COMMANDS


def test_without_arguments_the_help_is_shown(invoke: Invoke):
    result = invoke()
    assert result.exit_code == 2
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(invoke: Invoke, command):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert re.match(rf"Usage: \S+ {command} \[OPTIONS\]( .+)?\n\n  [A-Z].+\.", result.output)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_shows_defaults_as_they_are_typed(invoke: Invoke, command):
    shown = re.sub(r"\s+", " ", invoke(command, "--help").output)
    assert command != "convert" or "[default: 4MiB]" in shown
    assert "[default: (" not in shown
    assert "<=x" not in shown
    assert not re.search(r"--\S+ (TEXT|INTEGER)", shown), "name what the option takes: metavar"


def test_each_file_with_a_command_is_listed():
    """A command is named as its file."""
    files = [file for file in CLI.glob("*.py") if "@click.command(" in file.read_text("utf-8")]
    missing = {file.stem for file in files} - set(COMMANDS)
    assert not missing, f"add an @_command to tfjs_serve/cli/group.py for: {missing}"
    assert set(COMMANDS) == {file.stem for file in files}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_shows_each_command(command):
    readme = README.read_text("utf-8")
    assert re.search(rf"tfjs-serve {command}\b", readme), (
        f"say in README.md what tfjs-serve {command} is for"
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_command_line_alone_loads_nothing_heavy(option):
    script = (
        "import sys; from tfjs_serve.cli.group import command_line; "
        "command_line(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script, option], capture_output=True, text=True, check=True
    ).stdout
    assert "tfjs_serve.cli.group" in printed.split()
    assert {"rich", "aiohttp", "h5py", "numpy", "watchdog"} & set(printed.split()) == set()


@pytest.mark.parametrize("prefix", [[], ["serve"]])
def test_serve_is_the_command_that_is_meant_without_one(invoke: Invoke, models, prefix):
    for arguments in ([models / "gone"], ["--port", "0", models / "gone"]):
        result = invoke(*prefix, *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("error: there is no folder")
        assert "hint: create it" in result.stderr


def test_a_misspelt_command_is_not_taken_for_a_folder(invoke: Invoke, models, monkeypatch):
    result = invoke("chekc", models)
    assert result.exit_code == 2
    assert "neither a command nor a folder 'chekc'. Did you mean 'check'?" in result.stderr
    monkeypatch.chdir(models)
    (models / "chekc").write_bytes(b"")
    assert "is a file, not a folder" in invoke("chekc").stderr


def test_an_empty_argument_is_not_the_folder_that_one_is_in(invoke: Invoke):
    for arguments in ([""], ["check", ""]):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert "An argument is empty" in result.stderr


def test_a_file_instead_of_a_folder_is_refused_with_both_ways_out(invoke: Invoke, models):
    file = models / "a.h5"
    file.write_bytes(b"x")
    result = invoke(file)
    assert result.exit_code == 2
    assert "is a file, not a folder" in result.stderr
    assert str(models) in result.stderr
    assert f"tfjs-serve convert {str(file)!r} OUT" in result.stderr


def test_an_unreadable_folder_is_refused(invoke: Invoke, models, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    result = invoke(models)
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr
    assert "hint: check its permissions" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "65536"], "65536 is not in the range"),
        (["--port", "http"], "not a valid integer"),
        (["--shard-size", "4M"], "'4M' is not a size"),
        (["--shard-size", "1KB"], "too small"),
        (["--cache-size", "0"], "less than one byte"),
        (["--worker-memory", "100MiB"], "too few for a conversion"),
        (["--grace", "5m"], "'5m' is not a duration"),
        (["--quantize", "int4"], "'int4' is not one of"),
        (["--cors-origin", "example.com"], "'example.com' is not an origin"),
        (["--cors-origin", "https://a.example/path"], "is not an origin"),
        (["--log-level", "loud"], "'loud' is not one of"),
        (["--cache-dir", "{models}/cache"], "lies inside the watched folder"),
        (["--cache-dir", "{link}/cache"], "lies inside the watched folder"),
        (["--cache-dir", "{models}/../models/cache"], "lies inside the watched folder"),
        (["--cache-dir", "{link}/sub/../../models/cache"], "lies inside the watched folder"),
        (["--nonsense"], "No such option"),
    ],
)
def test_a_bad_option_is_a_usage_error(invoke: Invoke, models, arguments, message):
    link = models.parent / "link"
    try:
        link.symlink_to(models)
    except OSError:
        pytest.skip("no symbolic links here")
    result = invoke(models, *(item.format(models=models, link=link) for item in arguments))
    assert result.exit_code == 2
    assert message in result.stderr


def test_dots_in_paths_lead_where_the_system_says(tmp_path: Path, monkeypatch):
    (tmp_path / "real" / "models").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "models", target_is_directory=True)
    monkeypatch.chdir(tmp_path / "real" / "models")

    def absolute(path: str) -> Path:
        return absolute_path(None, None, Path(path))

    assert absolute("../cache") == tmp_path / "real" / "cache"
    assert absolute("../../link/../cache") == tmp_path / "real" / "cache"
    assert absolute("../../link/cache") == tmp_path / "link" / "cache"
    assert absolute("a/../../b/link") == tmp_path / "real" / "b" / "link"
    assert absolute("..") == tmp_path / "real"
    assert absolute("cache") == tmp_path / "real" / "models" / "cache"
    settings = ServerSettings(models_dir=absolute("."), cache_dir=absolute("../cache"))
    check_folders(settings)


def test_a_taken_port_is_an_error_with_a_way_out(invoke: Invoke, models):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = invoke(models, "--port", str(port), "--cache-dir", models.parent / "cache")
    assert result.exit_code == 1
    assert f"error: port {port} of 127.0.0.1 is already in use" in result.stderr
    assert "hint: give another one with --port" in result.stderr
    assert not (models.parent / "cache").exists()


def test_a_cache_that_cannot_be_used_is_an_error(invoke: Invoke, models):
    cache = models.parent / "cache"
    cache.write_bytes(b"a file")
    for arguments in ([models, "--port", "0"], ["convert", SAMPLES / "iris.h5", models / "out"]):
        result = invoke(*arguments, "--cache-dir", cache)
        assert result.exit_code == 1
        assert str(cache) in result.stderr
        assert "Traceback" not in result.output
    assert list(models.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda out: (out.mkdir(), (out / "x").write_text("x")), "is not empty"),
        (lambda out: out.write_text("x"), "is not a folder"),
        (lambda out: out.symlink_to(out.parent), "is not empty"),
    ],
)
def test_convert_overwrites_nothing(invoke: Invoke, models, make, message):
    out = models / "out"
    make(out)
    before = sorted(os.walk(models))
    result = invoke("convert", SAMPLES / "iris.h5", out, "--cache-dir", models.parent / "cache")
    assert result.exit_code == 2
    assert message in result.stderr
    assert sorted(os.walk(models)) == before


def test_convert_refuses_the_model_itself_as_target(invoke: Invoke, models):
    source = SAMPLES / "breast-cancer-tfjs"
    result = invoke("convert", source, source, "--force", "--cache-dir", models.parent / "cache")
    assert result.exit_code == 2
    assert "is the model itself" in result.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.h5", "No such file"), ("notes.txt", "neither an HDF5 file nor")],
)
def test_convert_names_what_it_cannot_read(invoke: Invoke, models, name, message):
    (models / "notes.txt").write_text("x")
    out = models.parent / "out"
    result = invoke("convert", models / name, out, "--cache-dir", models.parent / "cache")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "hint: " in result.stderr
    assert not out.exists()


def test_an_interrupted_conversion_ends_quietly(invoke: Invoke, models, monkeypatch):
    def interrupted(coroutine):
        coroutine.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncio.run", interrupted)
    handlers = logging.getLogger().handlers
    result = invoke(
        "convert", SAMPLES / "iris.h5", models / "out", "--cache-dir", models.parent / "cache"
    )
    assert result.exit_code == 130
    assert result.output == ""
    assert logging.getLogger().handlers is handlers


def test_a_command_without_arguments_says_what_it_takes(invoke: Invoke):
    result = invoke("convert")
    assert result.exit_code == 2
    assert "Missing argument" in result.output
