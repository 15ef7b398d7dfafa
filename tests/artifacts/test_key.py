from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest

from tfjs_serve.artifacts.key import artifact_key
from tfjs_serve.artifacts.model import ArtifactKey
from tfjs_serve.settings import ConversionOptions, KerasForm, Variant


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


OTHERS = {
    "by_name": ((Variant.UINT8, ("*kernel", "a")),),
    "by_layer": True,
    "anew": True,
    "weights_alone": True,
    "custom_layers": ("Scale",),
    "metadata": (("labels", '["a"]'),),
    "training": False,
    "keras_form": KerasForm.HDF5,
}
"""Another value for each option that the test before does not change."""


@pytest.mark.parametrize("name", OTHERS)
def test_every_option_changes_the_key_and_reaches_the_child(name: str) -> None:
    options = ConversionOptions(**{name: OTHERS[name]})
    assert artifact_key("abc", options, "1.0") != artifact_key("abc", ConversionOptions(), "1.0")
    assert ConversionOptions.from_json(json.loads(json.dumps(asdict(options)))) == options


def test_no_option_is_forgotten() -> None:
    names = {field.name for field in fields(ConversionOptions)}
    assert names == {*OTHERS, "variant", "shard_size_bytes"}


@pytest.mark.parametrize("digest", ["", "0" * 63, "A" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_what_is_no_digest_is_no_key(digest: str) -> None:
    with pytest.raises(ValueError, match="not an artifact key"):
        ArtifactKey(digest=digest)
