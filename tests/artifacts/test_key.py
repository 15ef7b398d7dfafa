from __future__ import annotations

import pytest

from tfjs_serve.artifacts.key import artifact_key
from tfjs_serve.artifacts.model import ArtifactKey
from tfjs_serve.settings import ConversionOptions, Variant


def test_the_same_inputs_give_the_same_key() -> None:
    keys = {artifact_key("abc", ConversionOptions(), "1.0") for _ in range(3)}
    assert len(keys) == 1


def test_every_input_changes_the_key() -> None:
    options = ConversionOptions()
    keys = {
        artifact_key("abc", options, "1.0"),
        artifact_key("abd", options, "1.0"),
        artifact_key("abc", options, "1.1"),
        artifact_key("abc", ConversionOptions(shard_size_bytes=8192), "1.0"),
        *(artifact_key("abc", ConversionOptions(variant=variant), "1.0") for variant in Variant),
    }
    assert len(keys) == 4 + len(Variant) - 1


@pytest.mark.parametrize("digest", ["", "0" * 63, "A" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_what_is_no_digest_is_no_key(digest: str) -> None:
    with pytest.raises(ValueError, match="not an artifact key"):
        ArtifactKey(digest=digest)
