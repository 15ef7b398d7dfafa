"""Distinguish folders that TensorFlow.js can load from folders with other JSON in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tfjs_serve.catalog.heads import Heads
from tfjs_serve.catalog.model import EntryKind, FileStamp
from tfjs_serve.settings import MAXIMUM_MODEL_JSON_BYTES, MIB
from tfjs_serve.source_files import open_source
from tfjs_serve.untrusted_json import parse_json

_KINDS_BY_FORMAT = {
    "layers-model": EntryKind.TFJS_LAYERS,
    "graph-model": EntryKind.TFJS_GRAPH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TfjsDocument:
    """What the catalogue needs from a ``model.json``.

    Attributes
    ----------
    shard_paths
        Those of the manifest's paths that stay inside the folder, in the manifest's order.
    """

    kind: EntryKind
    shard_paths: tuple[str, ...]


def parse_document(document: object) -> TfjsDocument | None:
    """Return what a parsed ``model.json`` is, or ``None`` if it is not a TensorFlow.js model.

    ``format`` is defined by tfjs-core's ``io/types.ts`` (``ModelJSON``). Documents from before that
    field existed are distinguished by their topology: Keras' ``model_config`` or a ``node`` list.
    """
    if not isinstance(document, dict):
        return None
    kind = _KINDS_BY_FORMAT.get(str(document.get("format"))) or _kind_of_topology(document)
    if kind is None:
        return None
    return TfjsDocument(kind=kind, shard_paths=tuple(dict.fromkeys(_shard_paths(document))))


def _kind_of_topology(document: dict[str, Any]) -> EntryKind | None:
    topology = document.get("modelTopology")
    if not isinstance(topology, dict):
        return None
    if "model_config" in topology or "keras_version" in topology:
        return EntryKind.TFJS_LAYERS
    return EntryKind.TFJS_GRAPH if "node" in topology else None


def _shard_paths(document: dict[str, Any]) -> Iterator[str]:
    groups = document.get("weightsManifest")
    for group in groups if isinstance(groups, list) else ():
        paths = group.get("paths") if isinstance(group, dict) else None
        for path in paths if isinstance(paths, list) else ():
            if isinstance(path, str) and _stays_inside(path):
                yield path


def _stays_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    unusual = "\\" in path or ":" in path or "\0" in path
    return not (unusual or pure.is_absolute() or ".." in pure.parts or not pure.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    stamp: FileStamp | None
    document: TfjsDocument | None
    problem: str | None


class TfjsReader:
    """Reads each version of a ``model.json`` once.

    A document that stops being JSON is most likely being rewritten. Its last contents count until
    it is JSON again, so that a model does not vanish during a save.

    Attributes
    ----------
    heads
        What other files are.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self.heads = Heads()

    def read(self, path: str, stamp: FileStamp) -> TfjsDocument | None:
        """Return the contents of the ``model.json`` at `path`, whose identity is now `stamp`."""
        seen = self._seen.get(path)
        if seen is None or seen.stamp != stamp:
            seen = _look(path, stamp, seen.document if seen else None)
            self._seen[path] = seen
        return seen.document

    def problem(self, path: str) -> str | None:
        """Say why the document at `path` could not be read, or ``None`` if it could."""
        seen = self._seen.get(path)
        return seen.problem if seen else None

    def forget_all_but(self, folders: Iterable[str]) -> None:
        """Forget the documents of all other folders: those were removed or renamed."""
        kept = frozenset(folders)
        self.heads.forget_all_but(kept)
        for path in tuple(self._seen):  # another thread may add to it
            if str(Path(path).parent) not in kept:
                self._seen.pop(path, None)


def _look(path: str, stamp: FileStamp, last_document: TfjsDocument | None) -> _Seen:
    if stamp.size_bytes > MAXIMUM_MODEL_JSON_BYTES:
        problem = (
            f"is larger than {MAXIMUM_MODEL_JSON_BYTES // MIB} MiB, which no model.json should be"
        )
        return _Seen(stamp=stamp, document=None, problem=problem)
    try:
        with open_source(path) as file:
            document = parse_document(parse_json(file.readall()))
    except OSError as error:
        # Permissions may change without a new identity, so try again next time.
        problem = f"cannot be read ({error.strerror})"
        return _Seen(stamp=None, document=last_document, problem=problem)
    except ValueError:
        return _Seen(stamp=stamp, document=last_document, problem="is not valid JSON")
    return _Seen(stamp=stamp, document=document, problem=None)
