"""What files may be, as far as their first bytes tell: each version of a file is looked at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tfjs_serve.catalog.model import FileStamp
from tfjs_serve.source_files import open_source

_HEAD_BYTES = 1024
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ZIP_SIGNATURE, _NAME_IN_ZIP = b"PK\x03\x04", 30
"""How a zip archive starts, and where the name of its first member does."""
_FIRST_MEMBERS = (b"metadata.json", b"config.json")
_FIRST_KEY = re.compile(r'\s*\{\s*"([a-z_]+)"')
_KEYS_OF_ARCHITECTURES = frozenset(
    {
        *("backend", "build_config", "class_name", "config", "keras_version", "module"),
        "registered_name",
    }
)
_KEYS_OF_CONFIGURATIONS = frozenset({"dtype", "layers", "name", "trainable"})
_KEYS_OF_LISTS = frozenset({"metadata", "weight_map"})
_CLASS, _LAYERS = '"class_name"', '"layers"'
_LAYERS_ALONE = re.compile(r'\s*\[\s*\{\s*"(?:class_name|config|module)"')
_YAML = re.compile(r"(?:backend|class_name): ")


class HeadKind(Enum):
    """What a file may be.

    Attributes
    ----------
    PERHAPS
        It has a key with which an architecture may start, and no class near it.
    CONFIGURATION
        The result of ``get_config()``, which lacks the class of the model.
    """

    ARCHITECTURE = "architecture"
    PERHAPS = "perhaps an architecture"
    CONFIGURATION = "configuration"
    YAML = "architecture in YAML"
    LIST = "list of weights"
    HDF5 = "HDF5"
    ARCHIVE = "archive of Keras"
    OTHER = "other"

    @property
    def is_to_be_tried(self) -> bool:
        """Whether it is to be read as an architecture, or it is to be said why it is none."""
        return self in (HeadKind.ARCHITECTURE, HeadKind.PERHAPS, HeadKind.CONFIGURATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    stamp: FileStamp
    kind: HeadKind


class Heads:
    """Looks at the first bytes of each version of a file once.

    A file that is empty is most likely being rewritten: it counts as what it was.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def kind(self, path: str, stamp: FileStamp) -> HeadKind:
        """Return what the file at `path` may be, whose identity is now `stamp`."""
        seen = self._seen.get(path)
        if seen is not None and seen.stamp == stamp:
            return seen.kind
        try:
            with open_source(path) as file:
                head = file.read(_HEAD_BYTES)
        except OSError:
            return HeadKind.OTHER  # permissions may change without a new identity
        if not head:
            return seen.kind if seen is not None else HeadKind.OTHER
        kind = kind_of(head)
        self._seen[path] = _Seen(stamp=stamp, kind=kind)
        return kind

    def forget_all_but(self, folders: frozenset[str]) -> None:
        """Forget the files of all other folders: those were removed or renamed."""
        for path in tuple(self._seen):  # another thread may add to it
            if str(Path(path).parent) not in folders:
                self._seen.pop(path, None)


def kind_of(head: bytes) -> HeadKind:
    """Return what a file with this start may be: Keras writes few keys, in any order."""
    if head.startswith(_HDF5_SIGNATURE):
        return HeadKind.HDF5
    if head.startswith(_ZIP_SIGNATURE) and head.startswith(_FIRST_MEMBERS, _NAME_IN_ZIP):
        return HeadKind.ARCHIVE
    text = _text(head)
    if _YAML.match(text):
        return HeadKind.YAML
    if _LAYERS_ALONE.match(text) and _CLASS in text:  # of a Sequential of Keras 1 and 2.0
        return HeadKind.CONFIGURATION
    first = _FIRST_KEY.match(text)
    return HeadKind.OTHER if first is None else _kind_of_object(first[1], text)


def _kind_of_object(first_key: str, text: str) -> HeadKind:
    if first_key in _KEYS_OF_LISTS:
        return HeadKind.LIST
    if first_key in _KEYS_OF_ARCHITECTURES:
        return HeadKind.ARCHITECTURE if _CLASS in text else HeadKind.PERHAPS
    is_configuration = first_key in _KEYS_OF_CONFIGURATIONS and _LAYERS in text and _CLASS in text
    return HeadKind.CONFIGURATION if is_configuration else HeadKind.OTHER


def _text(head: bytes) -> str:
    """Return the start of a text in any encoding of JSON; of JSON in a string, what that holds."""
    text = head.decode(json.detect_encoding(head), errors="ignore").removeprefix("\ufeff")
    inner = text.lstrip().removeprefix('"')
    return inner.replace('\\"', '"') if inner.startswith('{\\"') else text
