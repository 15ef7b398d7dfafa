"""Names of former files, and which of them are kept. Pure.

``mnist.h5.~3~`` is the form of GNU's numbered backups: programs know it, it sorts beside its file,
and no part of this project takes it for a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\.~([1-9][0-9]{0,8})~")


def backup_name(file_name: str, number: int) -> str:
    """Return the name of the backup of a file."""
    return f"{file_name}.~{number}~"


def numbers_of(file_name: str, names: Iterable[str]) -> list[int]:
    """Return the numbers of the backups of a file among `names`, the oldest first."""
    endings = (name[len(file_name) :] for name in names if name.startswith(file_name))
    return sorted(int(match[1]) for match in map(_NUMBER.fullmatch, endings) if match)


def superfluous(numbers: Iterable[int], kept: int) -> list[int]:
    """Return which backups are to be removed so that `kept` remain, one or more.

    The first one always stays: it is what was there before any page saved. The others are the
    newest.
    """
    after_first = sorted(numbers)[1:]
    return after_first[: max(0, len(after_first) - (kept - 1))]
