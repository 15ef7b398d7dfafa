"""Draw ``docs/images/terminal.svg``: what the server really prints, as a picture.

Runs the server on the sample models in a pseudo-terminal, loads two of them, and renders what came
out. Linux and macOS only::

    python tools/make_picture.py
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import termios
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
LOADED = ("digits", "sequences/sine@uint8")
ENDINGS = ("digits.h5", "sine.h5@uint8")
"""What their lines begin with."""
COLUMNS = 108
PORT = 8000


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as cache:
        # A cache folder that exists for a second only would puzzle the reader.
        text = _run(Path(cache)).replace(cache, "~/.cache/tfjs-serve")
    text = text.replace(str(ROOT), "~/tfjs-serve")
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.from_ansi(f"$ tfjs-serve sample_models\n{text.rstrip()}"))
        drawing = console.export_svg(title="tfjs-serve")
    # No font from elsewhere: whoever shows the picture has a monospaced one.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL))


def _run(cache: Path) -> str:
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "tfjs_serve", "sample_models", "--port", str(PORT)]
    server = subprocess.Popen(
        [*command, "--cache-dir", str(cache)],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - there are no threads
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)},
    )
    os.close(terminal)
    text = _until(screen, "all load", "h helps")
    for name in LOADED:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{name}/model.json") as response:
            response.read()
    text += _until(screen, *ENDINGS)
    server.send_signal(signal.SIGINT)
    server.wait(10)
    os.close(screen)
    return text.replace("\r\n", "\n")


def _until(screen: int, *words: str) -> str:
    """Return what is printed until all `words` are in it."""
    text = ""
    while not all(word in text for word in words):
        text += os.read(screen, 1 << 16).decode()
    return text


def _take_terminal() -> None:
    """Make standard input the terminal of the new session, as that of a user is."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


if __name__ == "__main__":
    main()
