"""Requests that failed, told to whoever started the server: a page sees only a status code.

Pure, but for what is remembered so that nobody is told the same again and again.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.web.problems import Problem

_REPEATED_SECONDS = 2.0
"""One load of a page may ask several times; the next load is worth a line again."""
_REMEMBERED = 200
_MOST_AT_ONCE, _AT_ONCE_SECONDS = 20, 10.0
"""Somebody who tries thousands of URLs must not fill the terminal."""
_NOT_OF_PAGES = re.compile(
    r"/(?:-|\.well-known)(?:/|$)|/(?:favicon\.ico|robots\.txt|apple-touch-icon[^/]*)$"
)
"""What browsers and tools ask for by themselves, and URLs of the server's own."""
_OPENED = frozenset({"document", "iframe", "frame"})
_ACCEPTED_BY_BROWSERS = ("text/html", "application/xhtml+xml")
_ALREADY_TOLD = frozenset({"host-not-allowed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A request that got no model, or could not save one.

    Attributes
    ----------
    path
        As it was sent, without the query.
    status
        That of the answer.
    message, hint
        Why, and what to do or which name was meant; the hint may be empty.
    error
        What was raised, if it was one of our own errors.
    """

    path: str
    status: int
    message: str
    hint: str = ""
    error: TfjsServeError | None = None


Listener = Callable[[Notice], None]


class Notices:
    """Passes notices on, but not the same again within a moment, and not any number of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._listener: Listener | None = None
        self._last_seconds: OrderedDict[str, float] = OrderedDict()
        self._recent: deque[float] = deque(maxlen=_MOST_AT_ONCE)

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listener = listener

    def tell(self, notice: Notice) -> None:
        """Pass `notice` on, if it is news."""
        now_seconds = self._clock()
        key = f"{notice.message}{notice.hint}"
        last_seconds = self._last_seconds.pop(key, None)
        self._last_seconds[key] = now_seconds
        if len(self._last_seconds) > _REMEMBERED:
            self._last_seconds.popitem(last=False)
        is_same = last_seconds is not None and now_seconds - last_seconds < _REPEATED_SECONDS
        if self._listener is None or is_same or self._is_too_much(now_seconds):
            return
        self._recent.append(now_seconds)
        self._listener(notice)

    def _is_too_much(self, now_seconds: float) -> bool:
        is_full = len(self._recent) == _MOST_AT_ONCE
        return is_full and now_seconds - self._recent[0] < _AT_ONCE_SECONDS


def notice_of(method: str, path: str, problem: Problem, error: Exception) -> Notice | None:
    """Return what to tell about a request that was answered with `problem`; ``None``: nothing."""
    if method not in ("GET", "POST") or problem.code in _ALREADY_TOLD or _NOT_OF_PAGES.match(path):
        return None
    return Notice(
        path=path,
        status=problem.status,
        message=problem.detail,
        hint=str(problem.members.get("hint", "")),
        error=error if isinstance(error, TfjsServeError) else None,
    )


def notice_of_slip(path: str, model_url: str) -> Notice:
    """Return what to tell if a script asks for the page about a model instead of the model."""
    return Notice(
        path=path,
        status=200,
        message="a script asked for the page about a model, and not for the model itself",
        hint=f"did you mean {model_url}?",
    )


def is_by_script(headers: Mapping[str, str]) -> bool:
    """Whether ``fetch`` or the like made a request, and not a person who opens a URL.

    Browsers say so in ``Sec-Fetch-Dest``, except on unencrypted connections to other machines. A
    script that accepts HTML knows what it asks for: ours do, to show what is new.
    """
    if "text/html" in headers.get("Accept", "*/*"):
        return False
    destination = headers.get("Sec-Fetch-Dest")
    if destination is not None:
        return destination == "empty"
    return "Origin" in headers or "Referer" in headers


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether a person would read the answer: a browser opens a URL.

    TensorFlow.js must never get HTML, because it takes any answer for weights. Browsers say in
    ``Sec-Fetch-Dest`` that they open a URL, except on unencrypted connections to other machines.
    There, what they accept is unlike what any script asks for, and they name no origin.
    """
    accepted = headers.get("Accept", "").lower()
    destination = headers.get("Sec-Fetch-Dest")
    if destination is not None:
        return destination in _OPENED and "text/html" in accepted
    return "Origin" not in headers and all(kind in accepted for kind in _ACCEPTED_BY_BROWSERS)
