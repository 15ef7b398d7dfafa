"""The tables of parity cases: what is built with Keras, and what must come of it.

- ``layers/`` has a file for each family of rules in ``tfjs_serve/conversion/layers/``, and
  ``operations/`` one for each family of functions in ``conversion/operations/specs/``, of its name.
- ``models/`` has what concerns whole models: graphs, names, masks, dtypes.

Each file has a table ``CASES``. It is found here, so a new file needs no entry anywhere. A family
with more than a file holds becomes a folder of its name. What tables share lies beside the three.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from . import layers, models, operations
from .case import KERAS2, KERAS3, Case, RefusedCase
from .text import TextCase


def tables() -> Iterator[ModuleType]:
    """Yield the files that have a table, in the order of their names."""
    for package in (layers, operations, models):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.ispkg:
                yield import_module(found.name)


_FOUND: tuple[Case | RefusedCase | TextCase, ...] = tuple(
    case for table in tables() for case in table.CASES
)
EVERY_CASE: tuple[Case, ...] = tuple(case for case in _FOUND if isinstance(case, Case))
"""Also those that the tests leave out."""
ALL_CASES: tuple[Case, ...] = tuple(case for case in EVERY_CASE if not case.is_spare)
REFUSED_CASES: tuple[RefusedCase, ...] = tuple(
    case for case in _FOUND if isinstance(case, RefusedCase)
)
TEXT_CASES: tuple[TextCase, ...] = tuple(case for case in _FOUND if isinstance(case, TextCase))


def cases_of(dialect: str) -> list[Case]:
    """Return the cases that a dialect can build."""
    return [case for case in ALL_CASES if dialect in case.dialects]


def refused_cases_of(dialect: str) -> list[RefusedCase]:
    """Return the cases that a dialect can build and that must be refused."""
    return [case for case in REFUSED_CASES if dialect in case.dialects]


__all__ = [
    "ALL_CASES",
    "EVERY_CASE",
    "KERAS2",
    "KERAS3",
    "REFUSED_CASES",
    "TEXT_CASES",
    "Case",
    "RefusedCase",
    "TextCase",
    "cases_of",
    "refused_cases_of",
    "tables",
]
