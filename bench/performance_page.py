"""The tables in pages of the documentation that are written by what measured them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from machine import machine_in_words
from tables import Table


def write_tables(page: Path, tables: Mapping[str, Table]) -> None:
    """Put new tables, and the words for this machine, into a page; see :func:`with_tables`."""
    text = page.read_text(encoding="utf-8")
    page.write_text(with_tables(text, tables, machine_in_words()), encoding="utf-8")


def with_tables(page: str, tables: Mapping[str, Table], machine: str) -> str:
    """Return `page` with new tables; those of other comparisons stay.

    Raises
    ------
    SystemExit
        The page has no place for one of them.
    """
    page = _replaced(page, "machine", f"{machine}.\n")
    for name, table in tables.items():
        page = _replaced(page, name, table.to_markdown())
    return page


def _replaced(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    replaced, count = pattern.subn(lambda _: f"{begin}\n{text}\n{end}", page)
    if count != 1:
        raise SystemExit(f"the page needs one place for {name}, and has {count}")
    return replaced
