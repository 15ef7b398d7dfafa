"""Keys on Linux and macOS: the terminal hands over each one, and does not show it.

Such a terminal would be of no use to the shell, so it is as it was whenever the shell has it: at
the end, and while the server is stopped (Ctrl-Z) or in the background. Ctrl-C remains a signal.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import asyncio
    import os
    import signal
    import termios
    import tty
    from collections.abc import Callable
    from contextlib import suppress
    from typing import Any

    _MOST_BYTES = 64
    """More than any key sends; what is pasted is more than one key, and none."""
    _LOOK_AGAIN_SECONDS = 0.5

    def is_own_terminal(descriptor: int) -> bool:
        """Whether it is the terminal of this session, which says who is in the foreground."""
        try:
            return os.tcgetpgrp(descriptor) >= 0
        except OSError:
            return False

    class Keyboard:
        """Reads keys from a terminal while its process is the one that the terminal listens to."""

        def __init__(self, descriptor: int, pressed: Callable[[str], None]) -> None:
            self._descriptor = descriptor
            self._pressed = pressed
            self._loop = asyncio.get_running_loop()
            self._as_it_was: list[Any] | None = None
            self._look: asyncio.TimerHandle | None = None

        def start(self) -> None:
            """Read keys from now on."""
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
            self._loop.add_signal_handler(signal.SIGCONT, self._resume)
            self._take()

        def stop(self) -> None:
            """Read no more keys, and give the terminal back."""
            self._loop.remove_signal_handler(signal.SIGTSTP)
            self._loop.remove_signal_handler(signal.SIGCONT)
            self._give_back()
            if self._look is not None:
                self._look.cancel()

        def _take(self) -> None:
            if self._as_it_was is not None:
                return
            # Whoever changes or reads a terminal from the background is stopped by the system. A
            # shell that brings a program to the front which runs already sends it no signal.
            if not self._is_in_foreground():
                self._look_again()
                return
            with suppress(termios.error):  # it is gone
                self._as_it_was = termios.tcgetattr(self._descriptor)
                tty.setcbreak(self._descriptor, termios.TCSADRAIN)
                self._loop.add_reader(self._descriptor, self._read)

        def _look_again(self) -> None:
            if self._look is not None:
                self._look.cancel()
            self._look = self._loop.call_later(_LOOK_AGAIN_SECONDS, self._take)

        def _give_back(self) -> None:
            as_it_was, self._as_it_was = self._as_it_was, None
            if as_it_was is None:
                return
            self._loop.remove_reader(self._descriptor)
            if self._is_in_foreground():
                with suppress(termios.error):
                    termios.tcsetattr(self._descriptor, termios.TCSADRAIN, as_it_was)

        def _is_in_foreground(self) -> bool:
            try:
                return os.tcgetpgrp(self._descriptor) == os.getpgrp()
            except OSError:
                return False

        def _suspend(self) -> None:
            """Stop, as Ctrl-Z asks for; the next signal is SIGCONT."""
            self._give_back()
            self._loop.remove_signal_handler(signal.SIGTSTP)
            os.kill(os.getpid(), signal.SIGTSTP)

        def _resume(self) -> None:
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
            # What was kept is older than what the shell has done since.
            self._give_back()
            self._take()

        def _read(self) -> None:
            if not self._is_in_foreground():
                self._give_back()
                self._look_again()
                return
            try:
                data = os.read(self._descriptor, _MOST_BYTES)
            except OSError:
                data = b""
            if not data:  # nobody is there any more
                self._give_back()
            elif len(data) == 1:
                self._pressed(data.decode("latin-1"))
