"""Files outside of every model, which no answer may hold a part of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

MARK = b"cAnArY:7f3e9a1c."
"""Also four finite float32 numbers, so that it passes through a conversion unchanged."""
_CONTENT = MARK * 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Where the files lie.

    Attributes
    ----------
    raw
        Nothing but marks.
    hdf5
        A whole model, in which every weight is made of marks.
    """

    raw: Path
    hdf5: Path

    @property
    def paths(self) -> tuple[str, ...]:
        """How the raw file may be spelled in a model."""
        name = self.raw.name
        folder = self.raw.parent.name
        return (
            *(str(self.raw), self.raw.as_uri(), f"../{folder}/{name}", f"../../{folder}/{name}"),
            *(f"models/../../{folder}/{name}", f"..\\{folder}\\{name}", f"%2e%2e/{folder}/{name}"),
        )


def plant(folder: Path) -> Canary:
    """Write the files into `folder`, which is created."""
    folder.mkdir(parents=True)
    raw, hdf5 = folder / "canary.txt", folder / "canary.h5"
    raw.write_bytes(_CONTENT)
    config = {"class_name": "Sequential", "config": {"name": MARK.decode(), "layers": []}}
    with h5py.File(hdf5, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["note"] = MARK.decode() * 8
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"dense"]
        values = np.frombuffer(_CONTENT, np.float32)
        weights["dense/kernel"] = file["secret"] = values
        weights["dense"].attrs["weight_names"] = [b"kernel"]
        weights["secret"] = file["square"] = values[:1024].reshape(32, 32)
    return Canary(raw=raw, hdf5=hdf5)


def is_in(data: bytes) -> bool:
    """Whether `data` holds a mark, as it is or spelled out in JSON."""
    return MARK in data
