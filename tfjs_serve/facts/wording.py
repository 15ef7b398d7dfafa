"""Facts in words, in the terminal and on pages."""

from __future__ import annotations

from tfjs_serve.facts.checks import MOST_CHARACTERS


def shortened(text: str) -> str:
    """Return a name as facts tell it: only a file made for that has longer ones."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def counted(count: int, noun: str) -> str:
    """Return a number of things in words, such as "1 model"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def and_more_layers(count: int) -> str:
    """Return how many layers there are besides one that is named; empty for none."""
    return f" (and {counted(count, 'more layer')})" if count else ""
