"""Commands about the command itself, and words that are none; what programs read of a server."""

from __future__ import annotations

import json
import re
import shutil
import sys
import urllib.error
import urllib.request
from importlib import metadata

import pytest

from tfjs_serve import __version__

from .conftest import SAMPLES


def test_help_is_what_the_option_says(invoke):
    assert invoke("help").output == invoke("--help").output
    for command in ("serve", "convert", "help"):
        assert invoke("help", command).output == invoke(command, "--help").output


def test_help_knows_which_commands_there_are(invoke):
    result = invoke("help", "chekc")
    assert result.exit_code == 2
    assert "There is no command 'chekc'. There are: serve, convert," in result.stderr


def test_the_version_names_the_libraries(invoke, monkeypatch):
    first, second, *others = invoke("version").output.splitlines()
    assert first == f"tfjs-serve {__version__}"
    assert second.startswith(f"Python {sys.version.split()[0]} on ")
    libraries = dict(line.split(" ", 1) for line in others)
    for name in ("aiohttp", "h5py", "numpy"):
        assert libraries[name] == metadata.version(name)
    real = metadata.version

    def version(name: str) -> str:
        if name == "trustme":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    assert "trustme (not installed)" in invoke("version").output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(invoke, monkeypatch, shell):
    named = invoke("completion", shell).output
    assert "_TFJS_SERVE_COMPLETE" in named
    assert f"{shell}_complete" in named
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    assert invoke("completion").output == named


def test_completion_of_another_shell_is_refused(invoke, monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/tcsh")
    for arguments in ([], ["tcsh"]):
        result = invoke("completion", *arguments)
        assert result.exit_code == 2
        assert re.search("bash.*zsh.*fish", result.stderr)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("chekc", "Did you mean 'check'?"),
        ("list", "The commands are serve, convert, publish, check,"),
    ],
)
def test_a_word_that_is_neither_a_command_nor_a_folder_is_told(invoke, models, word, hint):
    result = invoke(word, models)
    assert result.exit_code == 2
    assert f"There is neither a command nor a folder '{word}'. {hint}" in result.stderr


def test_programs_read_an_object_from_each_line(run, models):
    shutil.copy(SAMPLES / "iris.h5", models)
    server = run(models, "--port", "0", "--log-format", "json", "--allow-save")
    server.until('"event": "started"')
    started = json.loads(server.lines[-1])
    assert started["models"] == 1
    assert started["version"] == __version__
    assert started["save_token"]
    url = started["url"]
    with urllib.request.urlopen(f"{url}iris@uint8/model.json", timeout=60) as answer:
        answer.read()
    server.until('"event": "ready"')
    ready = json.loads(server.lines[-1])
    assert (ready["subject"], ready["level"]) == ("iris.h5@uint8", "info")
    (models / "bad é.h5").write_bytes(b"nonsense")
    server.until('"event": "added"')
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{url}bad%20%C3%A9/model.json", timeout=60)
    caught.value.close()
    server.until('"event": "failed"')
    assert json.loads(server.lines[-1])["details"]
    request = urllib.request.Request(f"{url}-/health", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    caught.value.close()
    server.until('"event": "log"')
    assert server.interrupt() == 0
    records = [json.loads(line) for line in server.lines]
    assert records[-1]["event"] == "stopped"
    for record in records:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
        assert record["level"] in {"debug", "info", "warning", "error"}
        assert record["message"]
