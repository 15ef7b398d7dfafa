from __future__ import annotations

import gzip
import json
import math

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve import __version__
from tfjs_serve.compression import COMPRESSED_SUFFIXES
from tfjs_serve.layers_model.documents import (
    encode_document,
    find_document_problems,
    layers_model_document,
)
from tfjs_serve.layers_model.model import LayersModel

ANY_TEXT = st.text(st.characters())
"""Also halves of surrogate pairs, NUL and the separators that end lines in JavaScript."""
NUMBERS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT
JSON_VALUES = st.recursive(
    NUMBERS, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=10
)


def model(**parts: object) -> LayersModel:
    return LayersModel(**{"topology": {}, "weights": (), "generated_by": "keras 3.0.0", **parts})


def test_the_document_has_what_tfjs_reads_and_no_more() -> None:
    document = layers_model_document(
        model(topology={"a": 1}), [{"paths": ["s.bin"], "weights": [{"name": "w"}]}]
    )
    assert document == {
        "format": "layers-model",
        "generatedBy": "keras 3.0.0",
        "convertedBy": f"tfjs-serve {__version__}",
        "modelTopology": {"a": 1},
        "weightsManifest": [{"paths": ["s.bin"], "weights": [{"name": "w"}]}],
    }


def test_metadata_appears_when_it_is_given() -> None:
    document = layers_model_document(model(user_defined_metadata={"labels": ["a"]}), [])
    assert document["userDefinedMetadata"] == {"labels": ["a"]}


@given(st.dictionaries(ANY_TEXT, JSON_VALUES))
def test_any_topology_becomes_ascii_json_that_means_the_same(topology: dict) -> None:
    given_model = model(topology=topology)
    document = layers_model_document(given_model, [])
    if find_document_problems(given_model):
        with pytest.raises(ValueError, match="not JSON compliant"):
            encode_document(document)
    else:
        assert json.loads(encode_document(document).decode("ascii")) == document


def test_numbers_that_json_lacks_are_all_reported_with_their_place() -> None:
    broken = model(
        topology={"config": {"layers": [{"rate": math.nan}, {"max_value": math.inf}]}},
        user_defined_metadata={"lr": -math.inf},
    )
    messages = [problem.message for problem in find_document_problems(broken)]
    assert [message.split(",")[0] for message in messages] == [
        "the value at modelTopology.config.layers[0].rate is nan",
        "the value at modelTopology.config.layers[1].max_value is inf",
        "the value at userDefinedMetadata.lr is -inf",
    ]


@given(st.binary(max_size=2000))
def test_compressed_forms_unpack_to_the_document_and_are_reproducible(data: bytes) -> None:
    unpack = {".gz": gzip.decompress, ".br": brotli.decompress}
    for suffix, compress in COMPRESSED_SUFFIXES.items():
        assert unpack[suffix](compress(data)) == data
        assert compress(data) == compress(data)


def test_gzip_does_not_tell_the_time() -> None:
    assert COMPRESSED_SUFFIXES[".gz"](b"{}")[4:8] == bytes(4)
