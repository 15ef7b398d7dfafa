"""How long a page may take to send something."""

from __future__ import annotations

from tfjs_serve.settings import KIB, MIB
from tfjs_serve.web.saving.receiving import Pace


def test_each_mebibyte_has_its_time_and_no_drop_of_bytes_makes_it_longer() -> None:
    now = 100.0
    pace = Pace(60, clock=lambda: now)
    assert pace.left_seconds() == 60
    now += 50
    pace.came(KIB)
    assert pace.left_seconds() == 10
    pace.came(MIB)
    assert pace.left_seconds() == 60
    now += 61
    pace.came(1)
    assert pace.left_seconds() == 0
