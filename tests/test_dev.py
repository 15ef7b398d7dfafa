"""The decisions of ``dev.py``; what it installs is shown by every run of these tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dev


@pytest.fixture
def stamped(tmp_path: Path) -> tuple[Path, Path, list[str]]:
    """A stamp that does not exist yet, an input, and what was done so far."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("a==1")
    return tmp_path / "new" / "stamp", requirements, []


def test_work_is_done_once(stamped: tuple[Path, Path, list[str]]) -> None:
    stamp, requirements, done = stamped
    for _ in range(2):
        dev.once(stamp, [requirements], "installing", lambda: done.append("installed"))
    assert done == ["installed"]


def test_work_is_done_again_when_its_input_changed(stamped: tuple[Path, Path, list[str]]) -> None:
    stamp, requirements, done = stamped
    for text in ("a==1", "a==2", "a==2"):
        requirements.write_text(text)
        dev.once(stamp, [requirements], "installing", lambda: done.append(text))  # noqa: B023 -- called at once
    assert done == ["a==1", "a==2"]


def test_work_that_failed_is_not_taken_for_done(stamped: tuple[Path, Path, list[str]]) -> None:
    stamp, requirements, done = stamped

    def fail() -> None:
        raise dev.DevError("no network")

    for text in ("a==1", "a==2"):
        requirements.write_text(text)
        with pytest.raises(dev.DevError):
            dev.once(stamp, [requirements], "installing", fail)
        assert not stamp.exists()
        dev.once(stamp, [requirements], "installing", lambda: done.append(text))  # noqa: B023 -- called at once
    assert done == ["a==1", "a==2"]


def test_steps_after_a_failure_are_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def run_module(words: list[str]) -> int:
        ran.append(words[0])
        return 1 if words[0] == "mypy" else 0

    for name in ("install_python", "install_programs"):
        monkeypatch.setattr(dev, name, lambda: 0)
    monkeypatch.setattr(dev, "run_module", run_module)
    assert dev.test([]) == 1
    assert ran == ["ruff", "ruff", "mypy"]
    summary = capsys.readouterr().out.partition("== summary\n")[2].splitlines()
    outcomes = ["ok", "ok", "ok", "FAILED", "not run", "not run"]
    assert [line[:8].strip() for line in summary] == outcomes


def test_what_cannot_be_installed_ends_the_run_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def fail() -> int:
        raise dev.DevError("Install a browser.")

    def run_module(words: list[str]) -> int:
        ran.append(words[0])
        return 0

    monkeypatch.setattr(dev, "install_python", lambda: 0)
    monkeypatch.setattr(dev, "install_programs", fail)
    monkeypatch.setattr(dev, "run_module", run_module)
    assert dev.test([]) == 1
    assert "error: Install a browser.\n" in capsys.readouterr().out
    assert ran == ["ruff", "ruff", "mypy"]


def test_a_browser_that_does_not_exist_is_not_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHROME", str(tmp_path / "no-browser"))
    with pytest.raises(dev.DevError, match="no-browser"):
        dev.find_chromium()


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["deploy"], 2), (["--help"], 0), (["-h"], 0)]
)
def test_the_usage_is_shown(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    assert dev.main(arguments) == code
    assert "python3 dev.py serve" in capsys.readouterr().out


def test_what_can_be_measured_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["bench", "soak_clients"]) == 1
    assert ", ".join(dev.BENCHMARKS) in capsys.readouterr().out
    assert all((dev.ROOT / "bench" / f"{name}.py").is_file() for name in dev.BENCHMARKS)


def test_what_the_documents_measure_with_can_be_measured() -> None:
    documents = [*dev.ROOT.glob("*.md"), *dev.ROOT.glob("docs/**/*.md")]
    texts = [path.read_text(encoding="utf-8") for path in documents]
    named = {
        name for text in texts for name in re.findall(r"python3 dev\.py bench ([a-z_]+)", text)
    }
    assert "live" in named
    assert named <= set(dev.BENCHMARKS)
