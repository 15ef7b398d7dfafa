"""What follows from the settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.errors import SettingsError
from tfjs_serve.settings import (
    DEFAULT_SHARD_SIZE_BYTES,
    GIB,
    MIB,
    MINIMUM_SHARD_SIZE_BYTES,
    ServerSettings,
)

SETTINGS = ServerSettings(models_dir=Path("/models"), cache_dir=Path("/cache"))


@given(
    st.lists(st.integers(min_value=0, max_value=100 * GIB)),
    st.integers(min_value=MINIMUM_SHARD_SIZE_BYTES, max_value=GIB),
)
def test_a_conversion_may_write_what_its_source_can_give(
    sizes_bytes: list[int], shard_size_bytes: int
) -> None:
    settings = replace(SETTINGS, shard_size_bytes=shard_size_bytes)
    limits = settings.conversion_limits(sizes_bytes)
    # Packed 4-bit weights become float32, in shards that are hardly half full; or all is copied.
    assert limits.written_bytes >= 8 * sum(sizes_bytes)
    assert limits.files >= 2 * 8 * sum(sizes_bytes) // shard_size_bytes
    assert limits.files > len(sizes_bytes)


def test_a_small_file_cannot_fill_the_disk() -> None:
    limits = SETTINGS.conversion_limits([1400])
    assert limits.written_bytes < 2 * GIB
    assert limits.files < 2 * 2 * GIB / DEFAULT_SHARD_SIZE_BYTES


def test_processor_time_ends_after_the_deadline() -> None:
    settings = replace(SETTINGS, conversion_deadline_seconds=0.5)
    assert 1 < settings.conversion_limits([]).cpu_seconds < 60


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(SettingsError, match="memory"):
        replace(SETTINGS, worker_memory_bytes=100 * MIB)
