"""A short run of ``bench/soak.py``: a model is saved all the time while clients load it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "bench" / "soak.py"


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.parametrize("writer", ["in-place", "replace"])
def test_no_load_is_torn_and_new_generations_come_through(writer: str) -> None:
    options = ["--seconds", "6", "--clients", "4", "--writer", writer]
    done = subprocess.run(
        [sys.executable, SOAK, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", done.stdout, re.MULTILINE))
    assert (figures["mixed or torn loads"], figures["writer errors"]) == ("0", "0")
    assert figures["requests that failed"] == "0"
    assert int(figures["loads"]) > 0
    assert int(figures["generations served"]) >= 3
