"""What lies in a folder, looks like a model, and is none that can be served: said, never silent.

Names tell it, and of a few files their first bytes: what else is inside of a file is for the
process that converts it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tfjs_serve.catalog.forms import LIST_ENDING, TEXT_ENDING, may_be_architecture
from tfjs_serve.catalog.heads import HeadKind
from tfjs_serve.catalog.kinds import (
    BY_HEAD,
    CHECKPOINT,
    KINDS,
    MAY_BE_MODELS,
    PROOF,
    YAML_ENDINGS,
    Kind,
)
from tfjs_serve.catalog.model import EntryKind
from tfjs_serve.catalog.names import (
    NAME_OF_UNNAMED_FOLDER,
    file_name_of,
    is_skipped_file,
    split_model_file,
)
from tfjs_serve.errors import ModelNotFoundError
from tfjs_serve.neighbours import PROOF_NPZ
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES

SAVED_MODEL = "saved_model.pb"
"""The file that makes a folder a TensorFlow SavedModel."""
KERAS_METADATA = "keras_metadata.pb"
"""What Keras adds to it."""
MOST_IN_FOLDER = 20
"""A folder of ten thousand archives is a data set, and one line is enough for the rest."""
MOST_LOOKED_INTO = 64
"""So many files with an ending are looked into; more of them are data."""

_ORBAX = "_CHECKPOINT_METADATA"
"""The file that makes a folder a step of a checkpoint of Orbax, as Keras's callback writes them."""
_PARTS_OF_SAVED_MODEL = frozenset({SAVED_MODEL, KERAS_METADATA, "fingerprint.pb"})
_STEM_IN_SAVED_MODEL = "variables"
_CHECKPOINT_PART = re.compile(r"(.+)\.data-\d{5}-of-\d{5}")
_WEIGHTS_ENDING = ".weights.h5"
_TFJS_WEIGHTS = re.compile(r"group\d+-shard\d+of\d+(?:\.bin)?|(?:.+\.)?weights\.bin")


_DOWNLOADED_WEIGHTS = ".weights.bin"
"""What ``BrowserDownloads`` in tfjs-core's ``io/browser_files.ts`` writes beside ``.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAModel:
    """A file or folder that is no model.

    Attributes
    ----------
    path
        Below the models folder, with forward slashes; of a folder with a slash at the end.
    message
        What it is, as the rest of "it is ...".
    hint
        What to do.
    line
        The code with which the hint ends, if it does.
    count
        For how many files it stands.
    """

    path: str
    message: str
    hint: str
    line: str = ""
    count: int = 1

    def to_json(self) -> dict[str, str]:
        """Return its object in ``/-/models.json``."""
        return {"path": self.path, "message": self.message, "hint": self.hint}


def names_to_look_into(names: Collection[str]) -> list[str]:
    """Return which files in a folder are to be looked into, as their names do not say enough.

    Where weights lie, all architectures belong to them: which one fits is told with the weights.
    """
    wanted: dict[str, list[str]] = {}
    has_weights = any(map(_may_hold_weights, names))
    for name in names:
        ending = _ending(name)
        is_unclear = ending in MAY_BE_MODELS or ending in YAML_ENDINGS
        if is_unclear or (not has_weights and _may_be_architecture(name)):
            wanted.setdefault(ending, []).append(name)
    few = (found for found in wanted.values() if len(found) <= MOST_LOOKED_INTO)
    return [name for found in few for name in found if not is_skipped_file(name)]


def others_among(
    folder: str,
    names: Collection[str],
    heads: Mapping[str, HeadKind] = MappingProxyType({}),
    problem: str = "",
) -> tuple[NotAModel, ...]:
    """Return what in a folder is no model, in order; at most a few, and how many more there are.

    Parameters
    ----------
    folder
        Its path below the models folder; empty for that itself.
    names
        All names in it.
    heads
        What those are that were looked into.
    problem
        Why the ``model.json`` among them could not be read.
    """
    found = list(_found(folder, names, heads))
    if problem and MODEL_JSON in names:
        found.insert(0, _damaged_document(f"{folder}/{MODEL_JSON}".lstrip("/"), problem))
    more = len(found) - MOST_IN_FOLDER
    if more <= 0:
        return tuple(found)
    rest = NotAModel(
        path=f"{folder}/" if folder else "./",
        message=f"where {more} more files are that are no models",
        hint="keep data elsewhere: what is not a model is looked at in vain",
        count=more,
    )
    return (*found[:MOST_IN_FOLDER], rest)


def why_not_a_model(path: str) -> NotAModel | None:
    """Return what a file is, by its name, if it is known and no model."""
    kind = KINDS.get(_ending(path))
    return None if kind is None else _other(path, kind)


def saved_model(folder: str, *, has_keras: bool, place: str = "") -> NotAModel:
    """Return what is said of a SavedModel.

    Parameters
    ----------
    folder
        What messages call it.
    has_keras
        Whether there is Keras's own description in it.
    place
        Where Python finds it, if that is not `folder`.
    """
    place = place or folder
    stem = NAME_OF_UNNAMED_FOLDER if place == "." else place
    line = f"import tf_keras; tf_keras.models.load_model({place!r}).save({f'{stem}.h5'!r})"
    once = f"once, in Python (pip install tf_keras): {line}"
    # What Keras 3 exports, and what is not of Keras, has no layers that could be saved. Before
    # TensorFlow 2.5, a folder without Keras's description may have them all the same.
    exported = f"save the model that it was exported from: model.save({f'{stem}.keras'!r})"
    return NotAModel(
        path=f"{folder}/",
        message="a TensorFlow SavedModel, which is not a Keras file",
        hint=once if has_keras else f"{exported}; or if it is from before 2021, {once}",
        line=line,
    )


def other_called(name: str, others: Iterable[NotAModel]) -> NotAModel | None:
    """Return the one that somebody means who asks for the model `name`."""
    by_name: dict[str, NotAModel] = {}
    for spelled in (str, file_name_of, _folder_of_document, _weights_of_document):
        for other in others:
            by_name.setdefault(spelled(other.path.rstrip("/")), other)
    return by_name.get(name)


def _folder_of_document(path: str) -> str:
    return path.removesuffix(f"/{MODEL_JSON}")


def _weights_of_document(path: str) -> str:
    """Return the path of the weights that a page downloaded with a document."""
    return path.removesuffix(".json") + _DOWNLOADED_WEIGHTS


def not_a_model(other: NotAModel) -> ModelNotFoundError:
    """Return the error for a request of something that is no model."""
    message = f"{other.path!r} is no model: it is {other.message}"
    return ModelNotFoundError(message, hint=other.hint, line=other.line)


def _found(
    folder: str, names: Collection[str], heads: Mapping[str, HeadKind]
) -> Iterator[NotAModel]:
    prefix = f"{folder}/" if folder else ""
    if SAVED_MODEL in names:
        yield saved_model(folder or ".", has_keras=KERAS_METADATA in names)
    if _ORBAX in names:
        yield _orbax(folder)
    yield from (_other(f"{prefix}{stem}", CHECKPOINT) for stem in _checkpoints(names))
    there = frozenset(names)
    downloads = {name for name in names if _document_of(name) in there}
    yield from (_downloaded(prefix, name) for name in sorted(downloads))
    alone = (name for name in names if name not in downloads and _TFJS_WEIGHTS.fullmatch(name))
    weights = next(alone, None)
    if weights is not None and MODEL_JSON not in names:
        yield _weights_alone(f"{prefix}{weights}")
    for name in names:
        if name in _PARTS_OF_SAVED_MODEL or is_skipped_file(name) or split_model_file(name):
            continue
        if name.endswith(f".{PROOF_NPZ}"):
            if not _has_model(name.removesuffix(f".{PROOF_NPZ}"), there):
                yield _other(f"{prefix}{name}", PROOF)
        elif kind := BY_HEAD.get(heads.get(name, HeadKind.OTHER)):
            yield _other(f"{prefix}{name}", kind)
        elif other := why_not_a_model(f"{prefix}{name}"):
            yield other


def _has_model(stem: str, names: Collection[str]) -> bool:
    """Whether there is a model, or a folder, that files beside it are named after."""
    endings = ("", *MODEL_SUFFIXES, _WEIGHTS_ENDING, LIST_ENDING)
    return any(f"{stem}{ending}" in names for ending in endings)


def _may_hold_weights(name: str) -> bool:
    split = split_model_file(name)
    is_hdf5 = split is not None and split[1] is EntryKind.HDF5
    return is_hdf5 or name.endswith(LIST_ENDING)


def _may_be_architecture(name: str) -> bool:
    return may_be_architecture(name) or may_be_architecture(name, TEXT_ENDING)


def _checkpoints(names: Collection[str]) -> list[str]:
    parts = filter(None, map(_CHECKPOINT_PART.fullmatch, names))
    stems = dict.fromkeys(part[1] for part in parts)
    return [stem for stem in stems if stem != _STEM_IN_SAVED_MODEL]


def _document_of(weights: str) -> str:
    """Return the name that a page's ``model.save('downloads://...')`` gave to the model.json.

    It is empty if they are no such weights, or if it is a model.json.
    """
    stem = weights.removesuffix(_DOWNLOADED_WEIGHTS)
    document = f"{stem}.json"
    return "" if stem in ("", weights) or document == MODEL_JSON else document


def _downloaded(prefix: str, weights: str) -> NotAModel:
    document = _document_of(weights)
    folder = document.removesuffix(".json")
    return NotAModel(
        path=f"{prefix}{document}",
        message=f"the {MODEL_JSON} of a TensorFlow.js model under another name",
        hint=f"move it and its weights, {weights}, into a folder of its own, as "
        f"{folder}/{MODEL_JSON} and {folder}/{weights}",
    )


def _weights_alone(path: str) -> NotAModel:
    return NotAModel(
        path=path,
        message=f"weights of a TensorFlow.js model without its {MODEL_JSON}",
        hint=f"copy the {MODEL_JSON} that belongs to it here",
    )


def _orbax(folder: str) -> NotAModel:
    """Return what is said of a step of a checkpoint, of whose folder Keras loads the newest."""
    whole = folder.rpartition("/")[0] or folder or "."
    stem = NAME_OF_UNNAMED_FOLDER if whole == "." else whole
    line = f"import keras; keras.saving.load_model({whole!r}).save({f'{stem}.keras'!r})"
    return NotAModel(
        path=f"{folder or '.'}/",
        message="a checkpoint of Orbax, which is not a Keras file",
        hint="if Keras 3.15 or newer made it, once, in Python (pip install orbax-checkpoint): "
        f"{line}",
        line=line,
    )


def _damaged_document(path: str, problem: str) -> NotAModel:
    return NotAModel(
        path=path,
        message=f"a {MODEL_JSON} that {problem}",
        hint="copy the whole folder again, as it was written",
    )


def _other(path: str, kind: Kind) -> NotAModel:
    message, hint = kind
    stem = path.rpartition("/")[2].partition(".")[0] or path
    return NotAModel(path=path, message=message, hint=hint.format(stem=stem))


def _ending(path: str) -> str:
    _, dot, ending = path.rpartition("/")[2].rpartition(".")
    return dot and dot + ending.lower()
