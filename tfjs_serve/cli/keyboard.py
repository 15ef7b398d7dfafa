"""Keys that are pressed in the terminal of a running server, if it has one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

if sys.platform == "win32":
    from tfjs_serve.cli.keyboard_windows import Keyboard, is_own_terminal
else:
    from tfjs_serve.cli.keyboard_posix import Keyboard, is_own_terminal

ENTER = ("\r", "\n")


def has_keyboard() -> bool:
    """Whether somebody can press keys: standard input is a terminal."""
    with suppress(AttributeError, OSError, ValueError):  # none, or one that is closed
        return sys.stdin.isatty() and is_own_terminal(sys.stdin.fileno())
    return False


@contextmanager
def keys_read(pressed: Callable[[str], None]) -> Iterator[None]:
    """Call `pressed` on the running event loop for each key; leave the terminal as it was."""
    keyboard = Keyboard(sys.stdin.fileno(), pressed)
    keyboard.start()
    try:
        yield
    finally:
        keyboard.stop()
