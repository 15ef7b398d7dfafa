"""What TF.js makes of a written model, told in Python: join the shards, cut by the specs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tfjs_serve.neighbours import shard_at

STORED = {"float32": "<f4", "int32": "<i4", "bool": "|u1", "float16": "<f2"}
STORED |= {"uint16": "<u2", "uint8": "|u1"}


def file_names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def read_manifest(directory: Path) -> list[dict[str, Any]]:
    return json.loads((directory / "model.json").read_text("ascii"))["weightsManifest"]


def joined_shards(directory: Path) -> bytes:
    paths = [path for group in read_manifest(directory) for path in group["paths"]]
    return b"".join((directory / shard_at(path)).read_bytes() for path in paths)


def decode_model(directory: Path) -> dict[str, np.ndarray]:
    data, offset, weights = joined_shards(directory), 0, {}
    for spec in (spec for group in read_manifest(directory) for spec in group["weights"]):
        quantization = spec.get("quantization", {})
        dtype = np.dtype(STORED[quantization.get("dtype", spec["dtype"])])
        size = math.prod(spec["shape"])
        stored = np.frombuffer(data, dtype, size, offset)
        offset += stored.nbytes
        values = stored.astype(spec["dtype"])
        if "min" in quantization:
            doubles = stored.astype(np.float64) * quantization["scale"] + quantization["min"]
            values = doubles.astype(np.float32)
        weights[spec["name"]] = values.reshape(spec["shape"])
    assert offset == len(data)
    return weights
