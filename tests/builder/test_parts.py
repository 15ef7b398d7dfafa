"""The small parts: single flights, bounded memory, the converter's version."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

import tfjs_serve
from tfjs_serve.builder import converter_version as version_module
from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.single_flight import SingleFlight


async def test_callers_share_work_only_while_it_lasts() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        return begun

    assert await asyncio.gather(*(flights.join("a", work) for _ in range(5))) == [1] * 5
    assert await flights.join("a", work) == 2


async def test_failure_that_nobody_waits_for_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    flights: SingleFlight[str, None] = SingleFlight()

    async def fail() -> None:
        raise RuntimeError("nobody hears this")

    await asyncio.wait([flights.begin("a", fail)])
    await asyncio.sleep(0)
    assert caplog.text == ""


async def test_close_cancels_what_is_under_way() -> None:
    flights: SingleFlight[str, None] = SingleFlight()

    async def hang() -> None:
        await asyncio.Event().wait()

    task = flights.begin("a", hang)
    await flights.close()
    assert task.cancelled()


def test_memory_forgets_what_was_not_used_for_the_longest_time() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)


def test_version_names_release_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tfjs_serve"
    shutil.copytree(Path(tfjs_serve.__file__).parent, package)
    monkeypatch.setattr(tfjs_serve, "__file__", str(package / "__init__.py"))
    version = version_module.converter_version.__wrapped__
    original = version()
    assert original.startswith(f"{tfjs_serve.__version__}+")
    (package / "web" / "app.py").write_text("# does not convert")
    assert version() == original
    (package / "conversion" / "translate.py").write_text("# converts otherwise")
    assert version() != original
