"""Read a ``weightsManifest`` that another program wrote: check its form, count the bytes it needs.

The rules are those of tfjs-core's ``io/io_utils.ts`` (``getWeightBytelength``) and ``io/types.ts``
(``DTYPE_VALUE_SIZE_MAP``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tfjs_serve.layers_model.model import Json

_STRING = "string"
_MOST_AXES = 32
"""TensorFlow.js has no tensors of more than 6 axes."""
_NAME_SHOWN = 200
"""How many characters of a name a message shows."""
_ITEM_BYTES: Final = {
    "float32": 4,
    "float16": 2,
    "int32": 4,
    "uint16": 2,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
}


class BadManifestError(Exception):
    """What is wrong with a manifest, as the rest of a sentence about ``model.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightEntry:
    """One weight of the manifest.

    Attributes
    ----------
    stored_dtype
        The dtype of its bytes: that of its quantization, if it has one.
    size_bytes
        How many bytes it needs; ``None`` if only the data tells, because each string is stored
        after its length.
    json
        As it is written.
    """

    name: str
    shape: tuple[int, ...]
    stored_dtype: str
    size_bytes: int | None
    json: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightGroup:
    """One group of the manifest.

    Attributes
    ----------
    paths
        As written, not yet checked.
    """

    paths: tuple[str, ...]
    weights: tuple[WeightEntry, ...]

    @property
    def size_bytes(self) -> int | None:
        """How many bytes all weights need; ``None`` if only the data tells."""
        sizes = [weight.size_bytes for weight in self.weights]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None


def shown_name(entry: WeightEntry) -> str:
    """Return a name as messages show it."""
    return repr(entry.name[:_NAME_SHOWN])


def parse_manifest(manifest: Json) -> tuple[WeightGroup, ...]:
    """Return the groups of a ``weightsManifest``.

    Raises
    ------
    BadManifestError
        It is malformed.
    """
    if not isinstance(manifest, list):
        raise BadManifestError("its weightsManifest is not a list")
    return tuple(_parse_group(group) for group in manifest)


def _parse_group(group: Json) -> WeightGroup:
    if not isinstance(group, dict):
        raise BadManifestError("a group of its weightsManifest is not an object")
    paths, weights = group.get("paths"), group.get("weights")
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise BadManifestError("a group of its weightsManifest has no list of paths")
    if not isinstance(weights, list):
        raise BadManifestError("a group of its weightsManifest has no list of weights")
    return WeightGroup(paths=tuple(paths), weights=tuple(map(_parse_weight, weights)))


def _parse_weight(weight: Json) -> WeightEntry:
    if not isinstance(weight, dict) or not isinstance(weight.get("name"), str):
        raise BadManifestError("a weight in its weightsManifest has no name")
    name, dtype = weight["name"], weight.get("dtype")
    if "quantization" in weight:
        quantization = weight["quantization"]
        dtype = quantization.get("dtype") if isinstance(quantization, dict) else None
    count = _count(name, weight.get("shape"))
    if not isinstance(dtype, str) or dtype not in (_STRING, *_ITEM_BYTES):
        raise BadManifestError(
            f"the weight {name[:_NAME_SHOWN]!r} has a dtype that TensorFlow.js does not know"
        )
    return WeightEntry(
        name=name,
        shape=tuple(weight["shape"]),
        stored_dtype=dtype,
        size_bytes=None if dtype == _STRING else count * _ITEM_BYTES[dtype],
        json=weight,
    )


def _count(name: str, shape: Json) -> int:
    valid = isinstance(shape, list) and len(shape) <= _MOST_AXES
    if not valid or not all(map(_is_dimension, shape)):
        raise BadManifestError(f"the weight {name[:_NAME_SHOWN]!r} has no valid shape")
    return math.prod(shape)


def _is_dimension(size: Json) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0
