"""The forms that a Keras model takes in several files, judged by names and the starts of files.

A folder that Keras wrote (``save_model(..., zipped=False)``) has the parts of a ``.keras`` archive.
Sharded weights are a list, ``digits.weights.json``, and files such as ``digits_00000.weights.h5``
(``ShardedH5IOStore`` in ``keras/src/saving/saving_lib.py``). Architectures are JSON files of any
name (``model.to_json()``). Only the conversion process reads any of these as a whole.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from tfjs_serve.catalog.heads import HeadKind
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp
from tfjs_serve.catalog.names import file_name_of, is_skipped_file, split_model_file
from tfjs_serve.neighbours import LABELS_TXT, neighbours_called
from tfjs_serve.settings import MODEL_JSON

CONFIG, ASSETS = "config.json", "assets"
LIST_ENDING = ".weights.json"
"""Ending of a list of files with weights."""
TEXT_ENDING = ".txt"
"""Ending that an architecture may have, besides ``.json``."""

_METADATA = "metadata.json"
_WEIGHTS = re.compile(r"model\.weights\.(?:h5|json|npz)|model_[0-9]{5}\.weights\.h5")
_SHARD = re.compile(r"(.+)_[0-9]{5}\.weights\.h5", re.DOTALL)
_AFTER_MODEL = re.compile(r"(?:[._-]weights)?\.[^.]*\Z")
"""What the name of a file of weights has after the name of the model."""
_SHARD_ENDING = ".weights.h5"
_OF_TEACHABLE_MACHINE = "keras_model.h5"
_MOST_ASSETS = 1000
MOST_JSON_FILES = 64
"""In a folder with more of them, only architectures that are named like the weights count."""


def folder_parts(names: Collection[str]) -> list[str]:
    """Return which of these files in a folder may be the parts of one model, ``config.json`` first.

    The result is empty if it is no folder as Keras writes it, or not yet.
    """
    if CONFIG not in names:
        return []
    weights = sorted(name for name in names if _WEIGHTS.fullmatch(name))
    metadata = [_METADATA] if _METADATA in names else []
    return [CONFIG, *metadata, *weights] if metadata or weights else []


def asset_folders(folder: str | os.PathLike[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder below a model's ``assets``, and the paths of its files below the model's.

    Links to folders are not followed.
    """
    left = _MOST_ASSETS
    for place, folders, files in os.walk(Path(folder, ASSETS)):
        folders.sort()
        inner = PurePosixPath(os.path.relpath(place, folder).replace(os.sep, "/"))
        yield place, [str(inner / name) for name in sorted(files)[:left]]
        left -= len(files)
        if left <= 0:
            return


def list_of_shard(name: str) -> str | None:
    """Return the name of the list that a file of weights belongs to, judged by its name."""
    shard = _SHARD.fullmatch(name) if name.endswith(_SHARD_ENDING) else None
    return f"{shard[1]}{LIST_ENDING}" if shard else None


def is_shard(list_name: str, name: str) -> bool:
    """Whether a file belongs to a list of weights, judged by its name."""
    return list_of_shard(name) == list_name


def is_weights(part: str) -> bool:
    """Whether a part of a Keras folder holds weights."""
    return _WEIGHTS.fullmatch(part) is not None


def own_architecture(file_name: str) -> str:
    """Return the name of the architecture that is called like a file of weights."""
    return f"{_AFTER_MODEL.sub('', file_name)}.json"


def neighbours_of_file(file_name: str, names: Collection[str]) -> dict[str, str]:
    """Return the names of files beside a model's, and those under which they are served.

    Teachable Machine exports ``keras_model.h5`` and ``labels.txt``. These belong together where
    there is no other model that the labels could be of.

    Parameters
    ----------
    names
        All names in the folder.
    """
    wanted = neighbours_called(file_name_of(file_name))
    if file_name == _OF_TEACHABLE_MACHINE and not any(map(_is_another_model, names)):
        wanted[LABELS_TXT] = LABELS_TXT
    return wanted


def _is_another_model(name: str) -> bool:
    is_file = split_model_file(name) is not None and not is_skipped_file(name)
    return name == MODEL_JSON or (is_file and name != _OF_TEACHABLE_MACHINE)


def parts_now(entry: CatalogEntry, known: Sequence[str]) -> Sequence[str]:
    """Return the names of the files that a model is made of now, in the order of its stamps.

    The parts of a model in several files are written one after another, so there may be more of
    them than when it was found. What is no plain file among these is left to the next look: it
    knows which links may be followed.

    Parameters
    ----------
    known
        Those of its stamps, relative to its folder.

    Raises
    ------
    OSError
        The folder is gone, or may not be listed.
    """
    if entry.kind is EntryKind.KERAS_FOLDER:
        now = folder_parts([path.name for path in entry.folder.iterdir()])
        if not (entry.folder / ASSETS).is_symlink():
            now += [name for _, names in asset_folders(entry.folder) for name in names]
    elif entry.kind is EntryKind.KERAS_WEIGHTS:
        shards = sorted(p.name for p in entry.folder.iterdir() if is_shard(known[0], p.name))
        now = [known[0], *shards, *(name for name in known[1:] if not is_shard(known[0], name))]
    else:
        return known
    if known[0] not in now:
        raise FileNotFoundError
    return [name for name in now if name in known or _is_plain(entry.folder / name)]


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def may_be_architecture(name: str, ending: str = ".json") -> bool:
    """Whether a file with this ending, in any case, may be an architecture, judged by its name."""
    is_right = name[-len(ending) :].lower() == ending
    return is_right and not name.endswith(LIST_ENDING) and not is_skipped_file(name)


LookAtHead = Callable[[str], tuple[FileStamp | None, HeadKind]]
"""From the name of a file in a folder to its identity, and what it may be."""


class Architectures:
    """The files in a folder that may be the architectures of weights there.

    Parameters
    ----------
    names
        All names in the folder.
    look
        Called once for each file that matters; in a crowd, only JSON files named like weights do.
    """

    def __init__(self, names: Iterable[str], look: LookAtHead) -> None:
        self._names = names
        self._look = look

    def beside(self, file_name: str) -> tuple[FileStamp, ...]:
        """Return the identities of those that may belong to a file of weights."""
        if len(self._json_files) > MOST_JSON_FILES:
            own = own_architecture(file_name)
            return self._found([own] if own in self._json_files else [])
        return self._all

    @cached_property
    def _json_files(self) -> frozenset[str]:
        return frozenset(filter(may_be_architecture, self._names))

    @cached_property
    def _all(self) -> tuple[FileStamp, ...]:
        texts = [name for name in self._names if may_be_architecture(name, TEXT_ENDING)]
        # Many texts are data, or a log for each day.
        return self._found(
            [*sorted(self._json_files), *(sorted(texts) if len(texts) <= MOST_JSON_FILES else ())]
        )

    def _found(self, names: Iterable[str]) -> tuple[FileStamp, ...]:
        looks = map(self._look, names)
        return tuple(stamp for stamp, kind in looks if stamp is not None and kind.is_to_be_tried)
