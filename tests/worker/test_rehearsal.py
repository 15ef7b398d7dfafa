"""A process that waits converts a model of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfjs_serve.compression import COMPRESSED_SUFFIXES
from tfjs_serve.worker import rehearsal


def test_it_takes_the_whole_road_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressed: list[bytes] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(COMPRESSED_SUFFIXES, ".gz", lambda data: compressed.append(data) or data)
    rehearsal.rehearse()
    (group,) = json.loads(compressed[0])["weightsManifest"]
    assert [weight["name"] for weight in group["weights"]] == [
        *("conv2d/kernel", "conv2d/bias"),
        *("batch_normalization/gamma", "batch_normalization/beta"),
        *("batch_normalization/moving_mean", "batch_normalization/moving_variance"),
        *("dense/kernel", "dense/bias"),
    ]
    assert list(tmp_path.iterdir()) == []
