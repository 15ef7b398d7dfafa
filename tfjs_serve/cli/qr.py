"""A URL as a picture that phones read, of characters: two rows of dots to a line."""

from __future__ import annotations

import segno

_BORDER = 2
"""How many dots remain free around it; the standard says 4, but cameras need no more."""
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def qr_lines(url: str) -> list[str]:
    """Return the lines of the QR code of `url`, which are to be dark on light."""
    code = segno.make_qr(url, error="l")
    rows = [[int(dot) for dot in row] for row in code.matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_HALVES[pair] for pair in zip(*both, strict=True)) for both in pairs]
