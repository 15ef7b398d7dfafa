"""What the fast road answers is what the slow road would answer, whatever happens in between."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.stack.roads import (
    CHANGES,
    MODEL,
    Question,
    Roads,
    both_roads,
    damage_the_cache,
    remove,
    remove_labels,
    remove_the_folder,
    remove_the_twin,
    remove_what_names_a_variant,
    save,
    save_a_bad_one,
)
from tests.stack.whole import Folder
from tests.web.fast import Hits, Kept
from tfjs_serve.settings import TICK_SECONDS, ServerSettings

LINES = [
    "Origin: http://localhost:5173",
    "Origin: http://127.0.0.1:1",
    "Origin: https://evil.example",
    "Origin: null",
    "origin:http://localhost:5173",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Encoding: gzip",
    "Accept-Encoding: br;q=0, identity",
    "If-None-Match: {etag}",
    "If-None-Match: *",
    'If-None-Match: "other"',
    "If-Match: {etag}",
    'If-Match: "other"',
    "Range: bytes=1-5",
    "Range: bytes=9999999-",
    "If-Range: {etag}",
    "Connection: close",
    "Connection: keep-alive",
    "Cache-Control: no-cache",
    "Host: evil.example",
    "Content-Length: 0",
    "Expect: 100-continue",
    "Upgrade-Insecure-Requests: 1",
    "X-Unknown: \u00e9",
]
TARGETS = [
    MODEL,
    f"{MODEL}?tfjs=1",
    "/iris.h5/model.json",
    "/iris@uint8/model.json",
    "http://localhost/iris/model.json",
    "http://evil.example/iris/model.json",
    "/iris/{shard}",
    "/iris/{shard}?tfjs=1",
    "/iris@uint8/{shard}",
    "/iris/labels.txt",
    "/iris/labels.txt?tfjs=1",
    "/iris@uint8/labels.txt",
    "/iris/metadata.json",
    "/iris/weights.bin",
    "/iris/model.json/weights.bin",
    "/iris/",
    "/none/model.json",
]
QUESTIONS = st.builds(
    Question,
    target=st.sampled_from([MODEL, "/iris/{shard}", "/iris/labels.txt", *TARGETS]),
    lines=st.lists(st.sampled_from(LINES), max_size=3).map(tuple),
    method=st.sampled_from(["GET"] * 6 + ["HEAD", "OPTIONS"]),
    host=st.sampled_from(["localhost"] * 4 + ["127.0.0.1:8000", "evil.example"]),
    version=st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0"]),
)

UNDO = (
    *(remove, remove_the_twin, remove_the_folder, remove_labels),
    remove_what_names_a_variant,
)

Change = Callable[[Roads], None]


async def take(roads: Roads, questions: list[Question], changes: list[Change]) -> None:
    """Ask everything after each change, and again when the fast road may know the answers."""
    for undo in UNDO:
        undo(roads)
    asking = [(question, Kept(roads.fast), Kept(roads.slow)) for question in questions]
    try:
        for change in (save, *changes):
            change(roads)
            for each in asking:
                await roads.ask(*each)
            await asyncio.sleep(2 * TICK_SECONDS)
            for each in asking:
                await roads.ask(*each)
    finally:
        for _, fast, slow in asking:
            await fast.close()
            await slow.close()


PLAIN = Question(MODEL, (), "GET", "localhost", "HTTP/1.1")


@pytest.mark.skipif(os.name == "nt", reason="makes links")
def test_both_roads_give_the_same_answers(
    settings: ServerSettings, folder: Folder, hits: Hits
) -> None:
    loop = asyncio.new_event_loop()
    servers = both_roads(settings)
    roads = loop.run_until_complete(servers.__aenter__())

    @hypothesis_settings(max_examples=12, deadline=None)
    @example([], [save_a_bad_one, damage_the_cache])
    @given(
        st.lists(QUESTIONS, max_size=3),
        st.lists(st.sampled_from(CHANGES), min_size=3, max_size=8),
    )
    def check(questions: list[Question], changes: list[Change]) -> None:
        loop.run_until_complete(take(roads, [PLAIN, *questions], changes))

    try:
        check()
    finally:
        loop.run_until_complete(servers.__aexit__(None, None, None))
        loop.close()
    assert hits.heads  # or nothing was compared
