"""Keys in the terminal of a running server: a real one, with a shell in front of it."""

from __future__ import annotations

import asyncio
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.keyboard import has_keyboard
from tfjs_serve.cli.pressing import action_of_keys

from .conftest import DEADLINE_SECONDS, SAMPLES

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals here", allow_module_level=True)

import pty
import termios

BROWSER = """#!/bin/sh
echo "$1" >> "{log}"
"""


class Screen:
    """A terminal, and what was printed on it."""

    def __init__(self) -> None:
        self.screen, self.terminal = pty.openpty()
        self.shown = ""
        self._read_to = 0

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until `pattern` appears after what was found before."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (found := re.compile(pattern).search(self.shown, self._read_to)) is None:
            ready, _, _ = select.select([self.screen], [], [], deadline - time.monotonic())
            assert ready, f"no {pattern!r} in:\n{self.shown}"
            self.shown += os.read(self.screen, 1 << 16).decode()
        self._read_to = found.end()
        return found

    def press(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def press_until(self, key: str, pattern: str) -> None:
        """Press a key again and again: it may arrive together with what was sent before."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not re.compile(pattern).search(self.shown, self._read_to):
            assert time.monotonic() < deadline, self.shown
            self.press(key)
            if select.select([self.screen], [], [], 0.5)[0]:
                self.shown += os.read(self.screen, 1 << 16).decode()

    @property
    def mode(self) -> list[object]:
        """How the terminal is set, such as whether it shows what is typed."""
        return termios.tcgetattr(self.terminal)

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def until_it_hands_over_keys(self) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.echoes:
            assert time.monotonic() < deadline, self.shown
            time.sleep(0.01)

    def close(self) -> None:
        os.close(self.screen)
        os.close(self.terminal)


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def start(screen: Screen, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a command whose terminal is `screen`, as a terminal program starts a shell."""
    (tmp_path / "models").mkdir()
    shutil.copy(SAMPLES / "iris.h5", tmp_path / "models")
    browser = tmp_path / "browser"
    browser.write_text(BROWSER.format(log=tmp_path / "opened"))
    browser.chmod(0o755)
    environment = {**os.environ, "TERM": "xterm", "BROWSER": str(browser), "COLUMNS": "200"}
    started: list[subprocess.Popen[bytes]] = []
    take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "

    def run(*command: str) -> subprocess.Popen[bytes]:
        code = f"{take}os.execvp(sys.argv[1], sys.argv[1:])"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *command],
            stdin=screen.terminal,
            stdout=screen.terminal,
            stderr=screen.terminal,
            start_new_session=True,
            cwd=tmp_path,
            env=environment,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


SERVER = (sys.executable, "-m", "tfjs_serve", "models", "--port", "0", "--cache-dir", "cache")
GREETED = r"o opens the list in a browser, h helps, q stops"


def test_keys_open_help_and_quit(
    screen: Screen, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    before = screen.mode
    server = start(*SERVER)
    url = screen.until(r"Listed at\S*\s+(?:\x1b\S+)*(http://[^\s\x1b]+/)")[1]
    screen.until(GREETED)
    screen.until_it_hands_over_keys()
    screen.press("h")
    screen.until("stop the server")
    screen.press("o")
    screen.until(f"Opening {re.escape(url)}")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (tmp_path / "opened").exists():
        assert time.monotonic() < deadline, "no browser was started"
        time.sleep(0.01)
    assert (tmp_path / "opened").read_text().split() == [url]
    screen.press("\x1b[A")  # an arrow
    screen.press("paste q")
    screen.press_until("H", "stop the server")
    screen.press_until("q", "Stopped.")
    assert server.wait(DEADLINE_SECONDS) == 0
    assert screen.mode == before


@pytest.mark.parametrize("end", ["\x03", signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_terminal_is_as_it_was_however_it_ends(
    screen: Screen, start: Callable[..., subprocess.Popen[bytes]], end: str | int
) -> None:
    before = screen.mode
    server = start(*SERVER)
    screen.until(GREETED)
    screen.until_it_hands_over_keys()
    if isinstance(end, str):
        screen.press(end)
    else:
        server.send_signal(end)
    screen.until("Stopped.")
    assert server.wait(DEADLINE_SECONDS) == 0
    assert screen.mode == before


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_a_shell_gets_its_terminal_back_meanwhile(
    screen: Screen, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    shell = start("bash", "--norc", "--noediting", "-i")
    screen.press("PS1='ready> '\n")
    screen.until("ready> $")
    before = screen.mode
    screen.press(" ".join(SERVER) + "\n")
    screen.until(GREETED)
    screen.until_it_hands_over_keys()
    screen.press("\x1a")
    screen.until("Stopped")
    screen.until("ready> ")
    assert screen.mode == before
    screen.press("bg\n")
    screen.until("ready> ")
    screen.press("echo q still reads $((40 + 2))\n")
    screen.until("still reads 42")
    assert screen.echoes
    screen.press("fg\n")
    screen.until("tfjs_serve")
    screen.until_it_hands_over_keys()
    screen.press("q")
    screen.until(r"Stopped\.")
    screen.until("ready> ")
    assert screen.mode == before
    screen.press("exit\n")
    assert shell.wait(DEADLINE_SECONDS) == 0


@pytest.mark.parametrize("arguments", [("--log-format", "json")])
def test_programs_get_no_keys(
    screen: Screen, start: Callable[..., subprocess.Popen[bytes]], arguments: tuple[str, ...]
) -> None:
    server = start(*SERVER, *arguments)
    screen.until('"event": "started"')
    assert screen.echoes
    server.terminate()
    screen.until('"event": "stopped"')
    assert server.wait(DEADLINE_SECONDS) == 0


def test_a_pipe_is_no_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin in (None, open(os.devnull)):  # noqa: PTH123, SIM115 - closed below
        monkeypatch.setattr(sys, "stdin", stdin)
        assert not has_keyboard()
        if stdin is not None:
            stdin.close()
            assert not has_keyboard()


async def test_windows_looks_for_keys_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what only Windows runs, on a console that is made up."""
    keys = list("\xe0Hhq")
    console = ModuleType("msvcrt")
    console.kbhit = lambda: bool(keys)  # type: ignore[attr-defined]
    console.getwch = lambda: keys.pop(0)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delitem(sys.modules, "tfjs_serve.cli.keyboard_windows", raising=False)
    from tfjs_serve.cli import keyboard_windows

    monkeypatch.delitem(sys.modules, "tfjs_serve.cli.keyboard_windows")
    pressed: asyncio.Queue[str] = asyncio.Queue()
    keyboard = keyboard_windows.Keyboard(0, pressed.put_nowait)
    keyboard.start()
    assert [await pressed.get(), await pressed.get()] == ["h", "q"]
    keyboard.stop()
    keyboard._thread.join(DEADLINE_SECONDS)
    assert not keyboard._thread.is_alive()


def test_other_keys_do_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stopped: list[bool] = []
    pressed = action_of_keys(Terminal(), "http://o/", lambda: stopped.append(True))
    for key in "xz1 \x1b":
        pressed(key)
    assert capsys.readouterr().out == ""
    pressed("\n")
    assert capsys.readouterr().out == "\n"
    pressed("q")
    assert stopped == [True]
