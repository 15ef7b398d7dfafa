"""A short campaign of hostile files, and that its cases can be made again."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

from . import canary
from .cases import Case, make_case
from .files import Campaign

CASES = range(120)


def test_hostile_files_cost_at_most_their_own_model(tmp_path: Path) -> None:
    summary = Campaign(seed=1, reproducers=tmp_path).run(CASES)
    assert summary.findings == []
    assert summary.cases == len(CASES)
    # Both sides of the server's judgement were met.
    assert summary.codes["served"] > 5
    assert summary.codes["unsafe-file"] > 5
    assert summary.codes["unreadable-file"] > 5


def test_a_case_is_the_same_every_time(tmp_path: Path) -> None:
    planted = canary.plant(tmp_path / "secret")
    first, again = ([make_case(5, n, planted) for n in range(60)] for _ in range(2))
    other = [make_case(6, n, planted) for n in range(60)]
    assert [*map(_without_times, first)] == [*map(_without_times, again)]
    assert [*map(_without_times, first)] != [*map(_without_times, other)]


def _without_times(case: Case) -> Case:
    """Return the case with sizes for bytes: libhdf5 notes the second in which it changes things."""
    return replace(case, files={name: _sizes(data) for name, data in case.files.items()})


def _sizes(data: bytes) -> bytes:
    """Return the size of a file, or those of the members: times differ when compressed."""
    if not data.startswith(b"PK"):
        return b"%d" % len(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return repr([(one.filename, one.file_size) for one in archive.infolist()]).encode()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        return type(error).__name__.encode()


def test_all_kinds_of_mutations_are_in_use(tmp_path: Path) -> None:
    planted = canary.plant(tmp_path / "secret")
    steps = {step for n in range(400) for step in make_case(1, n, planted).steps}
    assert {step.partition(".")[0] for step in steps} >= {"hdf5", "archive", "raw", "folder"}
    assert len(steps) > 30
