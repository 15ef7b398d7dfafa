"""Change the configuration of saved models at random places, so that many reasons to refuse arise.

The values are small: conversions have no fences here that could stop one that takes too much.
"""

from __future__ import annotations

import copy
import json
import random
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2, 3.5, "", "same", "nonsense", [], [2, 3], {}),
    {"class_name": "Nonsense", "config": {}},
)
CONFIG = "config.json"
"""The member of a ``.keras`` archive."""
ATTRIBUTE = "model_config"
"""Its like in a ``.h5`` file."""


def write_damaged(source: Path, target: Path, name: str) -> None:
    """Copy a model with changes that follow from `name`."""
    chance = random.Random(zlib.crc32(name.encode()))
    if zipfile.is_zipfile(source):
        _copy_archive(source, target, chance)
    else:
        _copy_hdf5(source, target, chance)


def _copy_archive(source: Path, target: Path, chance: random.Random) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            is_config = member.filename == CONFIG
            new.writestr(member, damaged(data.decode(), chance) if is_config else data)


def _copy_hdf5(source: Path, target: Path, chance: random.Random) -> None:
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        config = file.attrs[ATTRIBUTE]
        text = config.decode() if isinstance(config, bytes) else config
        file.attrs[ATTRIBUTE] = damaged(text, chance)


def damaged(text: str, chance: random.Random) -> str:
    """Return a configuration with one to three changes."""
    config = json.loads(text)
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(config)))
        if isinstance(holder, dict):
            _change_entry(holder, key, chance)
        else:
            holder[key] = _value(chance)
    return json.dumps(config)


def _change_entry(holder: dict[str, Any], key: str, chance: random.Random) -> None:
    kind = chance.random()
    if kind < 0.15:
        del holder[key]
    elif kind < 0.3:
        holder["nonsense"] = _value(chance)
    else:
        holder[key] = _value(chance)


def _value(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(VALUES))  # later changes must not reach into `VALUES`


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each object or list below `value`, with each of its keys or indices."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        yield value, key
        if isinstance(item, (dict, list)):
            yield from _places(item)
