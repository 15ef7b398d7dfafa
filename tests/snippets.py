"""The fenced blocks of documents: what they are for, and whether they are run.

The line before a block may say more about it:

- ``In `file`:`` adds to a file, ``New, `file`:`` and any other line that ends like that makes one,
- ``<!-- not run: reason -->`` says why nobody tries it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
_NAMED = re.compile(r"(?:^(In|New,) |)`([^`]+\.(?:css|html|js|json|md|py|yaml))`:$")
_CODE = ("css", "diff", "html", "js", "json", "python", "yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    section
        The heading above it.
    line
        The number of its first line in the document.
    path
        The file that it is for; empty if no line says so.
    is_new
        Whether it makes this file.
    not_run
        Why it is not run; empty if it is.
    """

    section: str
    language: str
    text: str
    line: int
    path: str = ""
    is_new: bool = False
    not_run: str = ""

    @property
    def lines_of_commands(self) -> list[str]:
        """Each command as it is typed."""
        text = self.text.replace("\\\n", "") if self.language == "console" else ""
        return [line[2:] for line in text.splitlines() if line.startswith("$ ")]

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command."""
        return [shlex.split(line) for line in self.lines_of_commands]


def blocks(document: Path) -> Iterator[Block]:
    """Yield the blocks of a document in order."""
    lines = iter(enumerate(document.read_text(encoding="utf-8").splitlines(), 1))
    section, before = "", [""]
    for number, line in lines:
        if line.startswith("#"):
            section, before = line.lstrip("# "), [""]
        elif fence := re.match(r"( *)(`{3,})(\w*)$", line):
            body = []
            while (inner := next(lines)[1]).strip() != fence[2]:
                body.append(inner.removeprefix(fence[1]))
            yield _block(section, number, fence[3], body, before)
            if _NOT_RUN.fullmatch(before[-1]):
                before.pop()
        elif line:
            before.append(line.strip())


def _block(section: str, number: int, language: str, body: list[str], before: list[str]) -> Block:
    reason = _NOT_RUN.fullmatch(before[-1])
    label = before[-2 if reason else -1]
    named = _NAMED.search(label) if language in _CODE else None
    return Block(
        section=section,
        language=language,
        text="\n".join(body) + "\n",
        line=number,
        path=named[2] if named else "",
        is_new=bool(named and named[1] != "In"),
        not_run=reason[1] if reason else "",
    )


def documents() -> list[str]:
    """Return the paths of all documents for users, from the root of the project."""
    found = [ROOT / "README.md", ROOT / "sample_models/README.md", *(ROOT / "docs").rglob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)
