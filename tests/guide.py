"""The blocks of code and of commands in ``CONTRIBUTING.md``.

The line before a block of code names the file that it is for: ``In `file`:`` adds to a file,
``New, `file`:`` makes one. In a diff, the lines without a sign are there already.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "CONTRIBUTING.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    section
        The heading above it.
    path
        The file that it is for; empty if no line says so.
    is_new
        Whether it makes this file.
    """

    section: str
    language: str
    text: str
    path: str = ""
    is_new: bool = False

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command."""
        lines = self.text.splitlines() if self.language == "console" else []
        return [shlex.split(line[2:]) for line in lines if line.startswith("$ ")]


def blocks() -> Iterator[Block]:
    """Yield the blocks of the guide in order."""
    lines = iter(GUIDE.read_text(encoding="utf-8").splitlines())
    section, label = "", ""
    for line in lines:
        if line.startswith("#"):
            section, label = line.lstrip("# "), ""
        elif fence := re.match(r"(`{3,})(\w*)$", line):
            body = list(iter(lambda end=fence[1]: _until(next(lines), end), None))
            is_code = fence[2] in ("diff", "js", "python")
            named = re.fullmatch(r"(In|New,) `([^`]+)`:", label) if is_code else None
            yield Block(
                section=section,
                language=fence[2],
                text="\n".join(body) + "\n",
                path=named[2] if named else "",
                is_new=bool(named and named[1] == "New,"),
            )
        elif line:
            label = line


def _until(line: str, end: str) -> str | None:
    return None if line == end else line


BLOCKS = tuple(blocks())
