"""Keys on Windows, where a thread has to wait for them; the console stays as it is."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import asyncio
    import msvcrt
    import threading
    from collections.abc import Callable
    from contextlib import suppress

    _PAUSE_SECONDS = 0.1
    _OF_TWO_PARTS = ("\x00", "\xe0")
    """Keys such as arrows begin with one of these."""

    def is_own_terminal(_descriptor: int) -> bool:
        """Whether keys can be read from it: there is only one console."""
        return True

    class Keyboard:
        """Looks for keys in the console, and calls the event loop."""

        def __init__(self, _descriptor: int, pressed: Callable[[str], None]) -> None:
            self._pressed = pressed
            self._loop = asyncio.get_running_loop()
            self._stopped = threading.Event()
            self._thread = threading.Thread(target=self._look, name="keyboard", daemon=True)

        def start(self) -> None:
            """Read keys from now on."""
            self._thread.start()

        def stop(self) -> None:
            """Read no more keys."""
            self._stopped.set()

        def _look(self) -> None:
            while not self._stopped.wait(_PAUSE_SECONDS):
                while msvcrt.kbhit():
                    key = msvcrt.getwch()
                    if key in _OF_TWO_PARTS:
                        msvcrt.getwch()
                        continue
                    with suppress(RuntimeError):  # the loop is closed: the server has ended
                        self._loop.call_soon_threadsafe(self._pressed, key)
