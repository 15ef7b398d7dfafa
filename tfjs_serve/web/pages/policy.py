"""What the pages may do: the header fields that they are sent with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class PagePolicy:
    """What pages may load, and who may show them in a frame.

    Attributes
    ----------
    scripts, connections
        What scripts, and what they fetch, may come from besides this server: origins or URLs.
    frame_ancestors
        Origins whose pages may show ours in a frame.
    """

    scripts: Sequence[str] = ()
    connections: Sequence[str] = ()
    frame_ancestors: Sequence[str] = ()

    @cached_property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header fields of all pages.

        Nothing in a page itself may run or style it: what a model's name or a message would bring
        in is inert even where it was not escaped.
        """
        directives = {
            "default-src": ["'none'"],
            "script-src": ["'self'", *self.scripts],
            "style-src": ["'self'"],
            "img-src": ["'self'", "data:", "blob:"],
            "media-src": ["blob:"],
            "connect-src": ["'self'", *self.connections],
            "frame-src": ["'self'"],
            "base-uri": ["'none'"],
            "form-action": ["'self'"],
            "frame-ancestors": ["'self'", *self.frame_ancestors],
        }
        policy = "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())
        return (("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"))
