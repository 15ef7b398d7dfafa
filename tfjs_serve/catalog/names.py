"""Names of models: from paths to names, and from a requested name to the one entry that it means.

Every entry has two names. Its *exact name* is the path, below the models folder, of the file
that makes it a model: ``digits/cnn.h5``, ``digits/cnn/model.json`` for a tfjs folder, or
``digits/cnn/config.json`` for a folder that Keras wrote. Exact names are unique, as paths are. Its
*name* is that path without its ending, or the folder: ``digits/cnn`` in all cases. If several
entries share a name, the name alone is refused rather than guessed: a folder converted last week
must not silently win over a file that is being trained now.
An exact name always wins over an equal short name (``x.h5`` is the file ``x.h5``, even if
``x.h5.keras`` exists too).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from urllib.parse import quote

from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.errors import AmbiguousNameError, ModelNotFoundError
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES, Variant

RESERVED_TOP_LEVEL = "-"
"""``/-/...`` are the server's own URLs."""
MAX_QUOTED_NAME_CHARS = 4096
"""Half of the request line that aiohttp accepts; the other half is for the shard's name."""
NAME_OF_UNNAMED_FOLDER = "model"
"""Name of the models folder if it is itself a tfjs folder and its own name cannot be used."""

_TEMPORARY_PREFIXES = (".", "~", "#")
_TEMPORARY_STEM_ENDINGS = (".tmp", ".temp", ".part", ".partial")
_FOREIGN_FOLDERS = frozenset({"__MACOSX", "__pycache__", "node_modules"})
_KINDS_BY_SUFFIX = {
    suffix: EntryKind.KERAS_ZIP if suffix == ".keras" else EntryKind.HDF5
    for suffix in MODEL_SUFFIXES
}
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
"""Paths of which every character stands for itself in a URL, as nearly all do."""
_UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ESCAPES = re.compile(r"%(?:2[eEfF5]|5[cC]|[01][0-9A-Fa-f]|7[fF])")
"""Escapes of dots, slashes, percent signs, backslashes and control characters."""
_VARIANT_ENDINGS = tuple(f"@{variant.value}" for variant in Variant)
_MOST_SUGGESTIONS = 3
_MOST_COMPARED, _CERTAIN_CHARS = 3000, 2
"""To compare a name with so many takes less than a tenth of a second; of more, only those are
compared that have the same first characters."""


def split_model_file(file_name: str) -> tuple[str, EntryKind] | None:
    """Return stem and kind of a Keras model file's name, or ``None`` for any other file."""
    stem, dot, ending = file_name.rpartition(".")
    kind = _KINDS_BY_SUFFIX.get(dot + ending.lower())
    return (stem, kind) if kind is not None and stem else None


def is_skipped_file(file_name: str) -> bool:
    """Whether a file of that name is hidden, or some program's temporary file."""
    return file_name.startswith(_TEMPORARY_PREFIXES) or _stem(file_name).lower().endswith(
        _TEMPORARY_STEM_ENDINGS
    )


def is_skipped_folder(folder_name: str) -> bool:
    """Whether a folder of that name is hidden, or belongs to a tool and not to the user."""
    return folder_name.startswith(_TEMPORARY_PREFIXES) or folder_name in _FOREIGN_FOLDERS


def file_name_of(relative_path: str) -> str:
    """Return the short name of the model file at `relative_path` (forward slashes)."""
    parent, slash, file_name = relative_path.rpartition("/")
    return parent + slash + _stem(file_name)


def _stem(file_name: str) -> str:
    """Return a file's name without its ending; a leading dot starts no ending."""
    return file_name.rpartition(".")[0] or file_name


def folder_exact_name(relative_path: str, file_name: str = MODEL_JSON) -> str:
    """Return the exact name of the folder at `relative_path`, which is empty for the models folder.

    Parameters
    ----------
    file_name
        The file that makes the folder a model.
    """
    return f"{relative_path}/{file_name}" if relative_path else file_name


def root_folder_name(models_dir_name: str) -> str:
    """Return the name of the models folder as an entry, in case it is itself a tfjs folder."""
    if not models_dir_name or name_problem(models_dir_name):
        return NAME_OF_UNNAMED_FOLDER
    return models_dir_name


def name_problem(relative_path: str) -> str | None:
    """Say why no URL can carry this path, or ``None`` if one can.

    Parameters
    ----------
    relative_path
        Path below the models folder, with forward slashes, with or without its ending.
    """
    if _PLAIN.fullmatch(relative_path) and len(relative_path) <= MAX_QUOTED_NAME_CHARS:
        return _reserved_problem(relative_path)
    if any(unicodedata.category(char) in _UNPRINTABLE_CATEGORIES for char in relative_path):
        return "contains control characters, or bytes that are not text"
    if "\\" in relative_path:
        return "contains a backslash, which browsers read as a slash"
    if _ESCAPES.search(relative_path):
        return "contains a percent-escape, which some programs would decode once more"
    if len(quote(relative_path)) > MAX_QUOTED_NAME_CHARS:
        return "is too long for a URL"
    return _reserved_problem(relative_path)


def _reserved_problem(relative_path: str) -> str | None:
    if relative_path.partition("/")[0] != RESERVED_TOP_LEVEL:
        return None
    return f"is {RESERVED_TOP_LEVEL!r}, which is reserved for the server's own URLs"


def candidates(entries: Iterable[CatalogEntry], name: str) -> list[CatalogEntry]:
    """Return the entries that `name` may mean: the exact one, or else all with that short name."""
    matching = [entry for entry in entries if name in (entry.name, entry.exact_name)]
    exact = [entry for entry in matching if entry.exact_name == name]
    return exact or matching


def resolve(
    entries: Iterable[CatalogEntry], name: str, *, known: Sequence[CatalogEntry] | None = ()
) -> CatalogEntry:
    """Return the one entry that `name` means.

    Parameters
    ----------
    entries
        The whole catalogue, or at least all entries that may match.
    known
        Entries to suggest from if there is no match; ``None``: suggest nothing.

    Raises
    ------
    ModelNotFoundError
        No entry has that name.
    AmbiguousNameError
        Several entries have it; ``candidates`` are their exact names.
    """
    found = candidates(entries, name)
    if not found:
        raise _not_found(name, known)
    if len(found) > 1:
        raise _ambiguous(name, sorted(entry.exact_name for entry in found))
    return found[0]


def _not_found(name: str, known: Sequence[CatalogEntry] | None) -> ModelNotFoundError:
    similar = similar_names(name, known) if known else []
    hint = "" if known is None else _not_found_hint(similar, is_empty=not known)
    return ModelNotFoundError(f"there is no model {name!r}", hint=hint, candidates=similar)


def _ambiguous(name: str, exact_names: list[str]) -> AmbiguousNameError:
    urls = " or ".join(f"/{quote(exact)}/{MODEL_JSON}" for exact in exact_names)
    return AmbiguousNameError(
        f"several models are called {name!r}: {', '.join(exact_names)}",
        exact_names,
        hint=f"use the exact spelling: {urls}",
    )


def url_name(entry: CatalogEntry, entries: Iterable[CatalogEntry]) -> str:
    """Return the shortest name that means `entry` and nothing else; see :func:`url_names`."""
    return url_names(entries).get(entry.exact_name, entry.exact_name)


def url_names(entries: Iterable[CatalogEntry]) -> dict[str, str]:
    """Return, by exact name, the shortest name that means an entry and nothing else.

    This is the entry's name, or the exact name if the name also means another entry or could be
    read as a variant (``cnn@uint8``).
    """
    entries = tuple(entries)
    uses = Counter(entry.name for entry in entries)
    uses.update(entry.exact_name for entry in entries)
    return {
        entry.exact_name: entry.exact_name
        if uses[entry.name] > 1 or is_like_variant(entry.name)
        else entry.name
        for entry in entries
    }


def is_like_variant(name: str) -> bool:
    """Whether `name` could be read as a variant of another model (``cnn@uint8``)."""
    return name.endswith(_VARIANT_ENDINGS)


def similar_names(name: str, entries: Sequence[CatalogEntry]) -> list[str]:
    """Return a few names that may have been meant by `name`.

    First come models of which it names a part, such as the architecture beside the weights; of
    many that may share it, those whose names begin like it. Then those that are called so but for
    the case, the ending or the folder, those in a folder of that name, and what is spelled alike.
    """
    targets = url_names(entries)
    by_folded = _by_spelling(entries, targets)
    holders = [
        targets[entry.exact_name]
        for entry in entries
        if any(name in (stamp.path, file_name_of(stamp.path)) for stamp in entry.stamps)
    ]
    folded_name = name.casefold()
    last = folded_name.rpartition("/")[2]
    spellings = (folded_name, file_name_of(folded_name), last, _stem(last))
    same = [by_folded[spelling] for spelling in spellings if spelling in by_folded]
    inside = (targets[one.exact_name] for one in entries if one.name.startswith(f"{name}/"))
    likely = _likely(folded_name, by_folded)
    close = difflib.get_close_matches(folded_name, likely, n=3 * _MOST_SUGGESTIONS)
    similar = [by_folded[folded] for folded in close]
    stem = name.removesuffix(".json")
    own = [one for one in holders if one.startswith(stem)]
    found = (*(own or holders), *same, *islice(inside, _MOST_SUGGESTIONS), *similar)
    return list(dict.fromkeys(found))[:_MOST_SUGGESTIONS]


def _by_spelling(entries: Sequence[CatalogEntry], targets: Mapping[str, str]) -> dict[str, str]:
    """Return what each spelling means, without case; whole names go before those of files."""
    found: dict[str, str] = {}
    for entry in entries:
        for spelling in (entry.exact_name, entry.name):
            found[spelling.casefold()] = targets[entry.exact_name]
    for entry in entries:
        found.setdefault(entry.name.rpartition("/")[2].casefold(), targets[entry.exact_name])
    return found


def _likely(name: str, spellings: Collection[str]) -> Collection[str]:
    """Return what to compare `name` with: of thousands, those that begin in the same way."""
    if len(spellings) <= _MOST_COMPARED:
        return spellings
    start = name[:_CERTAIN_CHARS]
    return list(islice((one for one in spellings if one.startswith(start)), _MOST_COMPARED))


def _not_found_hint(similar: Sequence[str], *, is_empty: bool) -> str:
    if is_empty:
        return f"the folder holds no models ({', '.join(MODEL_SUFFIXES)} files, tfjs folders) yet"
    if not similar:
        return "the models are listed at /"
    return f"did you mean {' or '.join(map(repr, similar))}? The models are listed at /"
