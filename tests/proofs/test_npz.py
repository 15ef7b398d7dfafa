"""Proofs are read from anybody: what is none is said, and costs nothing."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest

from tfjs_serve.proofs.model import LayerOutput, Proof, Tensor, as_floats, sampled
from tfjs_serve.proofs.npz import MAXIMUM_PROOF_BYTES, UnreadableProofError, from_npz, to_npz
from tfjs_serve.settings import PROVEN_NUMBERS_OF_LAYER

PROOF = Proof(
    made_with="Keras 3 on numpy",
    inputs=(Tensor(name="a", values=np.ones((2, 3), "<f4")),),
    outputs=(Tensor(name="b", values=np.full((2, 1), np.nan, "<f4")),),
    layers=(LayerOutput(path="m/d", shape=(2, 2), values=np.arange(4, dtype="<f4")),),
    weights={"d/kernel": "0123456789abcdef"},
)


def test_what_was_written_is_read() -> None:
    proof = from_npz(to_npz(PROOF))
    assert proof.made_with == PROOF.made_with
    assert proof.weights == PROOF.weights
    assert proof.examples == 2
    for kind in ("inputs", "outputs", "layers"):
        for read, written in zip(getattr(proof, kind), getattr(PROOF, kind), strict=True):
            np.testing.assert_array_equal(read.values, written.values)
    assert [(one.path, one.shape) for one in proof.layers] == [("m/d", (2, 2))]


def test_numpy_reads_it_as_well() -> None:
    with np.load(io.BytesIO(to_npz(PROOF))) as file:
        assert set(file) == {"about", "inputs_0", "outputs_0", "layers"}
        assert json.loads(bytes(file["about"]))["inputs"] == ["a"]
        assert file["inputs_0"].shape == (2, 3)


def changed(name: str, data: bytes, *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return the proof with another member."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(to_npz(PROOF))) as old, zipfile.ZipFile(result, "w") as new:
        for member in old.namelist():
            kept = data if member == name else old.read(member)
            new.writestr(member, kept, compression if member == name else zipfile.ZIP_STORED)
    return result.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def about(**members: Any) -> bytes:
    """Return ``about.npy`` with other members."""
    with np.load(io.BytesIO(to_npz(PROOF))) as file:
        document = json.loads(bytes(file["about"])) | members
    return npy(np.frombuffer(json.dumps(document).encode(), np.uint8))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no proof"),
        (b"PK\x03\x04" + bytes(100), "is no proof"),
        (bytes(MAXIMUM_PROOF_BYTES + 1), "more than 8 MiB"),
        (changed("inputs_0.npy", npy(np.array([object()]))), "other numbers"),
        (changed("inputs_0.npy", npy(np.zeros((2, 3)))), "other numbers"),
        (changed("inputs_0.npy", npy(np.zeros((2, 3), "<f4"))[:-4]), "not as large"),
        (changed("inputs_0.npy", npy(np.zeros((3, 3), "<f4"))), "same number of examples"),
        (changed("inputs_0.npy", npy(np.float32(1.0))), "no axis"),
        (
            changed("layers.npy", npy(np.zeros(4, "<f4")), compression=zipfile.ZIP_DEFLATED),
            "compressed",
        ),
        (changed("layers.npy", npy(np.zeros(5, "<f4"))), "as many numbers"),
        (changed("about.npy", npy(np.zeros(4, np.uint8))), "is no proof"),
        (changed("about.npy", about(version=2)), "another version"),
        (changed("about.npy", about(inputs=["a", "b"])), "is no proof"),
        (changed("about.npy", about(layers=[{"path": "d", "shape": [-1]}])), "a size"),
        (changed("about.npy", about(layers=[{"path": "d" * 301, "shape": [4]}])), "a name"),
        (changed("about.npy", about(weights=[])), "too many weights"),
    ],
)
def test_what_is_none_is_said(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableProofError, match=message):
        from_npz(data)


def test_a_size_that_a_header_declares_is_not_believed() -> None:
    array = npy(np.zeros(4, "<f4"))
    at = array.index(b"(4,)")
    shape = b"(4000000000,)"
    padded = array[:at] + shape + array[at + 4 :].replace(b" " * (len(shape) - 4), b"", 1)
    with pytest.raises(UnreadableProofError, match="not as large"):
        from_npz(changed("layers.npy", padded))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000, 12345])
def test_places_are_spread_evenly(size: int) -> None:
    places = sampled(size, PROVEN_NUMBERS_OF_LAYER)
    assert len(places) == min(size, PROVEN_NUMBERS_OF_LAYER)
    assert len(set(places.tolist())) == len(places)
    assert not size or (places[0] == 0 and places[-1] < size)


def test_whole_numbers_must_be_exact() -> None:
    assert as_floats([1 << 24]).tolist() == [float(1 << 24)]
    with pytest.raises(ValueError, match="above"):
        as_floats([(1 << 24) + 1])
    with pytest.raises(ValueError, match="not numbers"):
        as_floats(["text"])
