"""What ``bench/compare.py`` makes of its measurements; nothing is measured here."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.parity.folder_server import serving

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"
PAGE = ROOT / "docs" / "performance.md"


@pytest.fixture(autouse=True)
def bench_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules import each other by their plain names."""
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.fixture
def tables() -> ModuleType:
    return importlib.import_module("tables")


def test_figures_are_medians_and_ratios_are_ours_divided_by_the_others(tables: ModuleType) -> None:
    table = tables.Table("Warm", ["A model."])
    row = table.row("model.json", "requests/s", tables.at_least(1, "nginx"))
    for side, value in [("nginx", 300), ("tfjs-serve", 100), ("nginx", 200), ("nginx", 900)]:
        table.add(row, side, value)
    assert "| model.json | requests/s | 100 | 300 (0.333x) | ≥ 1x nginx: **missed** |" in (
        table.to_markdown()
    )
    (written,) = table.to_json()["rows"]
    assert written["values"] == {"nginx": [300, 200, 900], "tfjs-serve": [100]}
    assert written["goals"] == [{"goal": "≥ 1x nginx", "met": False}]


def test_goals_are_held_against_the_best_of_the_others(tables: ModuleType) -> None:
    medians = {"tfjs-serve": 90, "nginx": 60, "Caddy": 100}
    assert tables.at_least(0.9, "nginx", "Caddy").is_met(medians) is True
    assert tables.at_least(1, "nginx", "Caddy").is_met(medians) is False
    assert tables.at_most(1.5, "nginx", "Caddy").is_met(medians) is True
    assert tables.at_most(1.4, "nginx", "Caddy").is_met(medians) is False
    assert tables.at_most(90).is_met(medians) is True
    assert tables.at_most(89).is_met(medians) is False
    assert tables.at_most(1, "http-server").is_met(medians) is None


def test_who_answers_otherwise_is_not_compared(tmp_path: Path) -> None:
    answers, builds = (importlib.import_module(name) for name in ("answers", "builds"))
    folders = [tmp_path / "right", tmp_path / "wrong"]
    for folder in folders:
        folder.mkdir()
        (folder / "model.json").write_text("{}")
    with serving(folders[0]) as right, serving(folders[1]) as wrong:

        def check() -> object:
            sides = {
                name: builds.Served(
                    port=int(origin.rpartition(":")[2]), pid=0, start_seconds=0, log=tmp_path
                )
                for name, origin in {"right": right, "wrong": wrong}.items()
            }
            return answers.check_same(sides, ["/model.json"])

        assert check() == {"/model.json": b"{}"}
        (folders[1] / "model.json").write_text("[]")
        with pytest.raises(SystemExit, match=r"wrong answers /model\.json with other bytes"):
            check()
        (folders[1] / "model.json").unlink()
        with pytest.raises(SystemExit, match=r"wrong answers /model\.json with 404"):
            check()


MEASURED = {"requests": 10, "bytes": 12_000, "us": 2_000_000, "p99_us": 1500, "refused": 0}


def test_wrk_is_believed_if_its_answers_had_the_right_size() -> None:
    checked = importlib.import_module("load_generator").checked
    done = checked({**MEASURED, "lost": 0}, 1000)
    assert (done.requests_per_second, done.bytes_per_second, done.p99_ms) == (5, 6000, 1.5)
    for measured, body_bytes in [
        ({**MEASURED, "bytes": 9_000}, 1000),
        ({**MEASURED, "bytes": 90_000}, 0),
        ({**MEASURED, "refused": 1}, 1000),
    ]:
        with pytest.raises(SystemExit, match="right answers"):
            checked({**measured, "lost": 0}, body_bytes)


def test_the_page_has_a_place_for_each_comparison() -> None:
    comparisons = importlib.import_module("compare").COMPARISONS
    files = {path.stem for path in (BENCH / "comparisons").glob("*.py")} - {"__init__"}
    places = re.findall(r"<!-- end of (\w+) -->", PAGE.read_text(encoding="utf-8"))
    assert sorted(comparisons) == sorted(files)
    assert places == ["machine", *comparisons]


def test_a_table_replaces_the_one_before(tables: ModuleType) -> None:
    with_tables = importlib.import_module("performance_page").with_tables
    page = PAGE.read_text(encoding="utf-8")
    table = tables.Table("Warm", ["First."])
    once = with_tables(page, {"warm": table}, "2 cores")
    table.settings[:] = ["Second."]
    twice = with_tables(once, {"warm": table}, "2 cores")
    assert "First." in once
    assert twice == once.replace("First.", "Second.")


def test_a_clone_without_the_earlier_build_is_told_what_to_do() -> None:
    builds = importlib.import_module("builds")
    with pytest.raises(SystemExit, match="has no revision 0000000"), builds.builds("0" * 7):
        pass
