"""The completion of shells: click's own scripts, run in the shells that are there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tfjs_serve.cli.group import command_line

COMMANDS = command_line.list_commands(click.Context(command_line))

BASH = """
eval "$(_TFJS_SERVE_COMPLETE=bash_source tfjs-serve)"
compopt() {{ echo "option=$2"; }}
COMP_WORDS=({words}) COMP_CWORD={position}
_tfjs_serve_completion tfjs-serve
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
"""What bash does when somebody presses the tab key."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``tfjs-serve`` is the command of this interpreter."""
    command = tmp_path / "tfjs-serve"
    code = "from tfjs_serve.cli import main; main()"
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -W error -c '{code}' \"$@\"\n")
    command.chmod(0o755)
    return {**os.environ, "PATH": os.pathsep.join([str(tmp_path), os.environ["PATH"]])}


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("", ["option=dirnames", *COMMANDS]),
        ("mod", ["option=dirnames"]),
        ("con", ["option=dirnames", "convert"]),
        ("--ver", ["--version"]),
        ("--allowed", ["--allowed-host"]),
        ("--he", ["--help"]),
        ("convert --topo", ["--topology"]),
        ("convert mnist.h5 out --quantize ''", ["float16", "uint16", "uint8"]),
        ("check mod", ["option=default"]),
        ("serve mod", ["option=dirnames"]),
        ("./models --allowed", ["--allowed-host"]),
    ],
)
def test_bash_completes(line: str, completed: list[str], environment: dict[str, str]) -> None:
    words = ["tfjs-serve", *line.split()] if line else ["tfjs-serve", "''"]
    script = BASH.format(words=" ".join(words), position=len(words) - 1)
    command = ["bash", "--norc", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.split() == completed


FISH = 'env _TFJS_SERVE_COMPLETE=fish_source tfjs-serve | source; complete -C "tfjs-serve con"'


def test_the_second_command_is_completed(environment: dict[str, str]) -> None:
    asked = {
        "_TFJS_SERVE_CONVERTER_COMPLETE": "bash_complete",
        "COMP_WORDS": "tfjs-serve-converter --split",
        "COMP_CWORD": "1",
    }
    code = "import sys; sys.argv = ['tfjs-serve-converter']; from tfjs_serve.cli import converter; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}converter()"],
        env={**environment, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["plain,--split-weights-by-layer"]


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish")
def test_fish_completes(environment: dict[str, str]) -> None:
    command = ["fish", "--no-config", "-c", FISH]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "convert" in done.stdout.split()


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh")
def test_zsh_takes_the_script(environment: dict[str, str]) -> None:
    script = subprocess.run(
        ["tfjs-serve"],
        env={**environment, "_TFJS_SERVE_COMPLETE": "zsh_source"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "compdef _tfjs_serve_completion tfjs-serve" in script
    subprocess.run(["zsh", "-n"], input=script, text=True, check=True)


def test_commands_are_completed_without_loading_them(environment: dict[str, str]) -> None:
    code = (
        "import sys; from tfjs_serve.cli.group import command_line; import atexit;"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "command_line(prog_name='tfjs-serve')"
    )
    asked = {
        "_TFJS_SERVE_COMPLETE": "bash_complete",
        "COMP_WORDS": "tfjs-serve ",
        "COMP_CWORD": "1",
    }
    command = [sys.executable, "-c", code]
    variables = {**environment, **asked}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert [f"plain,{name}" for name in COMMANDS] == done.stdout.split()[1:]
    assert {"aiohttp", "rich", "h5py", "numpy", "platformdirs"} & set(done.stderr.split()) == set()
