"""A server that lets pages save.

``export_dense`` stands for the way back to Keras, which has tests of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.saving.dense import export_dense
from tests.stack.saving.asking import (
    PAGE,
    TOKEN,
)
from tests.stack.whole import Stack, running
from tfjs_serve.settings import ServerSettings


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return replace(settings, save_token=TOKEN, cors_origins=frozenset({PAGE}))


@pytest.fixture
async def stack(settings: ServerSettings) -> AsyncIterator[Stack]:
    async with running(settings, export=export_dense) as started:
        yield started
