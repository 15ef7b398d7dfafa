"""``NAME.proof.npz``: written by NumPy, uncompressed; read from strangers without its unpickler.

``about`` is JSON in UTF-8, as numbers from 0 to 255. ``inputs_0``, ``outputs_0`` and so on are
float32, [examples, ...]; ``layers`` is float32, flat: the numbers of all inner layers.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.facts.checks import MOST_CHARACTERS, MOST_TENSORS
from tfjs_serve.proofs.model import PRECISIONS, Floats, LayerOutput, Proof, Tensor
from tfjs_serve.settings import MIB, MOST_PROVEN_LAYERS, PROVEN_NUMBERS_OF_LAYER
from tfjs_serve.untrusted_json import parse_strict_json

MAXIMUM_PROOF_BYTES = 8 * MIB
_VERSION = 1
_MOST_EXAMPLES, _MOST_AXES, _MOST_WEIGHTS = 1000, 16, 20_000
_ABOUT, _INPUTS, _OUTPUTS, _LAYERS = "about", "inputs", "outputs", "layers"
_DTYPES = {_ABOUT: np.dtype("u1")}
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

Arrays = Mapping[str, npt.NDArray[Any]]


class UnreadableProofError(Exception):
    """Why a file is no proof, as the rest of a sentence about it."""


def to_npz(proof: Proof) -> bytes:
    """Return the bytes of the file."""
    about = {
        "version": _VERSION,
        "madeWith": proof.made_with,
        _INPUTS: [tensor.name for tensor in proof.inputs],
        _OUTPUTS: [tensor.name for tensor in proof.outputs],
        _LAYERS: [{"path": one.path, "shape": list(one.shape)} for one in proof.layers],
        "weights": dict(proof.weights),
        "precision": proof.precision,
    }
    arrays = {
        _ABOUT: np.frombuffer(json.dumps(about).encode("utf-8"), np.uint8),
        **{f"{_INPUTS}_{at}": one.values for at, one in enumerate(proof.inputs)},
        **{f"{_OUTPUTS}_{at}": one.values for at, one in enumerate(proof.outputs)},
        _LAYERS: np.concatenate([np.zeros(0, "<f4"), *(one.values for one in proof.layers)]),
    }
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # which takes the arrays for its option
    return file.getvalue()


def from_npz(data: bytes) -> Proof:
    """Read a proof that anybody may have made.

    Raises
    ------
    UnreadableProofError
        It is none, or larger than any.
    """
    if len(data) > MAXIMUM_PROOF_BYTES:
        raise UnreadableProofError(f"has more than {MAXIMUM_PROOF_BYTES // MIB} MiB")
    try:
        return _proof(_arrays(data))
    except UnreadableProofError:
        raise
    except (
        ValueError,
        LookupError,
        TypeError,
        OSError,
        RuntimeError,
        RecursionError,
        NotImplementedError,
        zipfile.BadZipFile,
        SyntaxError,
    ) as error:
        raise UnreadableProofError(f"is no proof of tfjs-serve ({error})") from error


def _arrays(data: bytes) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > 2 * MOST_TENSORS + 2:
            raise ValueError("it has too many arrays")
        return {
            member.filename.removesuffix(".npy"): _array(archive, member, len(data))
            for member in members
        }


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> npt.NDArray[Any]:
    """Return one array, whose size is that of its bytes, whatever its header says."""
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > most:
        raise ValueError("it is compressed")
    content = io.BytesIO(archive.read(member))
    shape, is_fortran, dtype = _HEADERS[np.lib.format.read_magic(content)](content)
    expected = _DTYPES.get(member.filename.removesuffix(".npy"), np.dtype("<f4"))
    if dtype != expected or is_fortran or len(shape) > _MOST_AXES:
        raise ValueError(f"{member.filename} holds other numbers")
    rest = content.read()
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError(f"{member.filename} is not as large as it says")
    return np.frombuffer(rest, dtype).reshape(shape)


def _proof(arrays: Arrays) -> Proof:
    about = parse_strict_json(arrays[_ABOUT].tobytes().decode("utf-8"))
    if about["version"] != _VERSION:
        raise UnreadableProofError("was made by another version of tfjs-serve; make it again")
    inputs = _tensors(arrays, _INPUTS, about[_INPUTS])
    outputs = _tensors(arrays, _OUTPUTS, about[_OUTPUTS])
    counts = {one.values.shape[0] for one in (*inputs, *outputs)}
    if not inputs or not outputs or len(counts) != 1 or not 0 < min(counts) <= _MOST_EXAMPLES:
        raise ValueError("inputs and outputs have not the same number of examples")
    return Proof(
        made_with=_text(about["madeWith"]),
        inputs=inputs,
        outputs=outputs,
        layers=_layers(arrays[_LAYERS], about[_LAYERS]),
        weights=_weights(about["weights"]),
        precision=_precision(about.get("precision", "")),
    )


def _tensors(arrays: Arrays, key: str, names: Sequence[Any]) -> tuple[Tensor, ...]:
    if len(names) > MOST_TENSORS:
        raise ValueError(f"it has too many {key}")
    found = [(_text(name), arrays[f"{key}_{at}"]) for at, name in enumerate(names)]
    if any(values.ndim == 0 for _, values in found):
        raise ValueError(f"its {key} have no axis of examples")
    return tuple(Tensor(name=name, values=values) for name, values in found)


def _layers(values: Floats, listed: Sequence[Any]) -> tuple[LayerOutput, ...]:
    if len(listed) > MOST_PROVEN_LAYERS:
        raise ValueError("it has too many layers")
    layers, start = [], 0
    for one in listed:
        shape = tuple(_size(size) for size in one["shape"][: _MOST_AXES + 1])
        if len(shape) > _MOST_AXES:
            raise ValueError("a layer has too many axes")
        end = start + min(math.prod(shape), PROVEN_NUMBERS_OF_LAYER)
        layers.append(LayerOutput(path=_text(one["path"]), shape=shape, values=values[start:end]))
        start = end
    if start != values.size:
        raise ValueError("it has not as many numbers of layers as it says")
    return tuple(layers)


def _weights(listed: Mapping[str, Any]) -> dict[str, str]:
    if not isinstance(listed, dict) or len(listed) > _MOST_WEIGHTS:
        raise ValueError("it has too many weights")
    return {_text(name): _text(digest) for name, digest in listed.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise ValueError("a name in it is none")
    return value


def _precision(value: Any) -> str:
    if value not in ("", *PRECISIONS):
        raise ValueError("its precision is none")
    return str(value)


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise ValueError("a size in it is none")
    return value
