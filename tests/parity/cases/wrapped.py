"""Layers that the tables of wrappers put into these."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import Made, made

SEQUENCE = (4, 2)
UNITS: dict[str, Any] = {"units": 3}


def sequences(kind: str, **arguments: Any) -> Made:
    return made(f"layers.{kind}", **UNITS, **arguments)


def cells(*kinds: str, **arguments: Any) -> Made:
    inner: list[Made] = [made(f"layers.{kind}Cell", **UNITS) for kind in kinds]
    return made("layers.RNN", cell=inner if len(inner) > 1 else inner[0], **arguments)
