"""``/-/events`` as a client reads it, from services that say when something happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.web.asking import ask
from tests.web.fakes import FakeBuilder, FakeCatalog, Site, make_entry, running
from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.errors import ConversionError, ConversionProblem, SourceChangedError
from tfjs_serve.settings import ConnectionLimits, ServerSettings, Variant
from tfjs_serve.web.events import stream

IRIS = make_entry("iris.h5")
LOCAL = "http://localhost:5173"


@dataclass
class Told:
    kind: str
    id: str
    data: Any


class Listener:
    """Reads events one by one."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def next(self) -> Told:
        while True:
            fields = await asyncio.wait_for(self._block(), 10)
            if "data" in fields:
                return Told(fields["event"], fields["id"], json.loads(fields["data"]))

    async def _block(self) -> dict[str, str]:
        fields = {}
        while line := (await self.response.content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields


@asynccontextmanager
async def listening(site: Site, query: str = "", **headers: str) -> AsyncIterator[Listener]:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    url = f"{site.origin}/-/events{query}"
    async with site.session.get(url, headers=named) as response:
        assert response.status == 200
        yield Listener(response)


def change(site: Site, kind: ChangeKind, exact_name: str = "iris.h5") -> None:
    for subscriber in site.catalog.subscribers:
        subscriber(CatalogChange(kind=kind, entry=make_entry(exact_name)))


def build(site: Site, kind: BuildEventKind, **members: Any) -> None:
    told = BuildEvent(kind=kind, entry=IRIS, **{"variant": Variant.FULL, **members})
    for listener in site.builder.listeners:
        listener(told)


async def test_a_stream_is_one_of_server_sent_events(site: Site) -> None:
    async with listening(site, Origin=LOCAL) as listener:
        headers = listener.response.headers
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["Cache-Control"] == "no-cache"
        assert headers["Access-Control-Allow-Origin"] == LOCAL
        hello = await listener.next()
        assert (hello.kind, hello.data["resumed"]) == ("hello", False)
    head = await ask(site, "/-/events", "HEAD")
    assert head.headers["Content-Type"] == "text/event-stream"


async def test_a_page_of_another_origin_may_not_read_it(site: Site) -> None:
    async with listening(site, Origin="https://evil.example") as listener:
        assert "Access-Control-Allow-Origin" not in listener.response.headers


async def test_changes_of_the_folder_are_told(site: Site) -> None:
    async with listening(site) as listener:
        await listener.next()
        for kind in ChangeKind:
            change(site, kind)
        told = [await listener.next() for _ in ChangeKind]
    assert [one.kind for one in told] == ["added", "changed", "removed"]
    assert all(one.data["exactName"] == "iris.h5" for one in told)


async def test_the_url_is_the_exact_one_where_models_share_a_name(site: Site) -> None:
    async with listening(site) as listener:
        await listener.next()
        for kind, name in (
            (ChangeKind.ADDED, "new.h5"),
            (ChangeKind.ADDED, "new.keras"),
            (ChangeKind.REMOVED, "new.h5"),
            (ChangeKind.CHANGED, "new.keras"),
        ):
            change(site, kind, name)
        urls = [(await listener.next()).data["url"] for _ in range(4)]
    assert urls == [
        *("/new/model.json", "/new.keras/model.json", "/new.h5/model.json", "/new/model.json")
    ]


async def test_what_is_ready_says_which_generation_it_is(site: Site) -> None:
    async with listening(site) as listener:
        await listener.next()
        build(site, BuildEventKind.STARTED)
        build(site, BuildEventKind.READY, generation="0123456789abcdef", variant=Variant.UINT8)
        ready = await listener.next()
    assert ready.kind == "ready"
    assert ready.data == {
        "name": "iris",
        "exactName": "iris.h5",
        "url": "/iris/model.json",
        "variant": "uint8",
        "isDefault": False,
        "generation": "0123456789abcdef",
    }


async def test_a_failure_comes_with_its_diagnosis(site: Site) -> None:
    problem = ConversionProblem(
        code="unsupported-layer", layer_path="a", class_name="Mine", message="why", hint="do"
    )
    error = ConversionError("iris.h5", problems=[problem])
    async with listening(site) as listener:
        await listener.next()
        build(site, BuildEventKind.STALE, error=error, reason=error.message)
        stale = await listener.next()
        build(site, BuildEventKind.DIAGNOSED, error=SourceChangedError("written", hint="wait"))
        looked_at = await listener.next()
        build(site, BuildEventKind.DIAGNOSED)
        checked = await listener.next()
    assert (stale.kind, stale.data["isServed"], stale.data["isDefault"]) == ("failed", True, True)
    assert stale.data["error"]["code"] == error.code
    assert stale.data["error"]["problems"][0]["layerPath"] == "a"
    assert (looked_at.kind, looked_at.data["isServed"]) == ("failed", False)
    assert looked_at.data["error"]["hint"] == "wait"
    assert "variant" not in looked_at.data
    assert checked.kind == "checked"


@pytest.mark.parametrize("how", ["field", "query"])
async def test_who_comes_back_is_told_what_it_missed(site: Site, how: str) -> None:
    async with listening(site) as listener:
        last_id = (await listener.next()).id
    for _ in range(3):
        change(site, ChangeKind.CHANGED)
    query = f"?after={last_id}" if how == "query" else ""
    headers = {"Last_Event_ID": last_id} if how == "field" else {}
    async with listening(site, query, **headers) as listener:
        hello, changed = await listener.next(), await listener.next()
        assert hello.data["resumed"] is True
        assert hello.id == last_id
        assert changed.kind == "changed"
        change(site, ChangeKind.REMOVED)
        assert (await listener.next()).kind == "removed"


async def test_a_new_run_of_the_server_says_that_something_may_be_missing(site: Site) -> None:
    async with listening(site, Last_Event_ID="0123456789abcdef-5") as listener:
        assert (await listener.next()).data["resumed"] is False


async def test_a_silent_stream_beats(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "EVENTS_HEARTBEAT_SECONDS", 0.01)
    async with listening(site) as listener:
        hello = await listener.next()
        beat = await listener.next()
    assert (beat.kind, beat.id) == ("beat", hello.id)


async def test_a_stream_ends_after_a_while_and_goes_on_where_it_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "EVENTS_HEARTBEAT_SECONDS", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(stream, "EVENTS_STREAM_SECONDS", 0.1)
        async with listening(site) as listener:
            hello = await listener.next()
            await asyncio.wait_for(listener.response.content.read(), 10)  # to its end
    change(site, ChangeKind.CHANGED)
    async with listening(site, Last_Event_ID=hello.id) as listener:
        assert (await listener.next()).data["resumed"] is True
        assert (await listener.next()).kind == "changed"


async def test_nothing_is_collected_before_anybody_listens(site: Site) -> None:
    assert not site.catalog.subscribers
    for _ in range(2):
        async with listening(site) as listener:
            await listener.next()
    assert len(site.catalog.subscribers) == len(site.builder.listeners) == 1


async def test_streams_are_counted_while_they_are_open(site: Site) -> None:
    async def count() -> int:
        number: int = (await ask(site, "/-/health")).json()["listening"]
        return number

    assert await count() == 0
    async with listening(site) as one, listening(site) as other:
        await one.next()
        await other.next()
        assert await count() == 2
    for _ in range(1000):
        if await count() == 0:
            return
        await asyncio.sleep(0.01)
    pytest.fail("a stream is counted that is closed")


async def test_a_server_that_stops_ends_all_streams_at_once(site: Site) -> None:
    async with listening(site) as listener:
        await listener.next()
        await site.runner.shutdown()
        assert await listener.response.content.read() == b""


async def test_listeners_leave_connections_to_those_who_load_models(
    settings: ServerSettings, catalog: FakeCatalog, builder: FakeBuilder
) -> None:
    few = replace(settings, connections=ConnectionLimits(count=8))
    async with running(catalog, builder, few) as site, AsyncExitStack() as stack:
        for _ in range(4):
            await (await stack.enter_async_context(listening(site))).next()
        async with site.session.get(f"{site.origin}/-/events") as refused:
            assert refused.status == 503
        assert (await ask(site, "/iris/model.json")).status == 200
    async with running(catalog, builder, few) as site:
        for _ in range(6):
            async with listening(site) as listener:
                await listener.next()


async def test_a_client_that_has_gone_before_the_answer_is_no_fault(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, may_go_on = asyncio.Event(), asyncio.Event()
    refresh = site.catalog.refresh

    async def slowly() -> Any:
        begun.set()
        await may_go_on.wait()
        return await refresh()

    monkeypatch.setattr(site.catalog, "refresh", slowly)
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /-/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await begun.wait()
    writer.transport.abort()
    await asyncio.sleep(0.1)
    may_go_on.set()
    async with listening(site) as listener:
        assert (await listener.next()).kind == "hello"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
