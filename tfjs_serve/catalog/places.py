"""Where a model is to be saved: a file that is there, or a new one.

Nothing is written here. What a name leads to is judged as everywhere in this room, but more
strictly: no link is followed, on no part of the way, so what is saved lies below the models folder
whatever the links in it say. A new file must get a name that every system can have, and one that
means no other model afterwards.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.folders import Children, Folder, root_folder
from tfjs_serve.catalog.look import Look
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.catalog.scan import find
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.errors import AmbiguousNameError, CannotSaveHereError, ModelNotFoundError

DEFAULT_SUFFIX = ".h5"
"""Of a new file whose name does not say what it is to be."""

_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
"""What Windows does not allow; a colon would write into a stream of another file."""
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_WEIGHTS_ENDING = ".weights"
_MOST_NAME_BYTES = 200
"""Of the 255 that file systems have, so that backups can have longer names."""
_SEVERAL_FILES = {
    EntryKind.KERAS_FOLDER: "a folder that Keras wrote",
    EntryKind.KERAS_WEIGHTS: "weights in several files",
    EntryKind.TFJS_LAYERS: "a TensorFlow.js folder",
    EntryKind.TFJS_GRAPH: "a TensorFlow.js folder",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a model is to be saved.

    Attributes
    ----------
    exact_name
        The path below the models folder, with forward slashes.
    real_folder
        The folder of the file, with all links resolved: only the models folder may be behind any.
    entry
        The model that is there now; ``None``: nothing is.
    """

    path: Path
    exact_name: str
    real_folder: Path
    entry: CatalogEntry | None


def place_of(
    models_dir: Path,
    name: str,
    reader: TfjsReader | None = None,
    *,
    follow_symlinks: bool = False,
) -> Place:
    """Return the file that a model called `name` is to be saved in.

    Parameters
    ----------
    follow_symlinks
        Whether models behind links that lead out of the folder are known. They are not written to.

    Raises
    ------
    CannotSaveHereError
        It must not be, or cannot be, one file of its own in the folder.
    AmbiguousNameError
        Several models are called that.
    """
    reader = reader or TfjsReader()
    found = find(models_dir, name, reader, follow_symlinks=follow_symlinks)
    try:
        return _place_of_entry(models_dir, names.resolve(found, name, known=None))
    except ModelNotFoundError:
        look = Look(reader, root_folder(str(models_dir), follow_out=follow_symlinks))
        return _new_place(look, name)


def _place_of_entry(models_dir: Path, entry: CatalogEntry) -> Place:
    if not entry.kind.is_one_file:
        raise _refused(
            f"the model {entry.name!r} is {_SEVERAL_FILES[entry.kind]}, and a page can only "
            "replace one file",
            hint="save it under another name",
        )
    if _is_of_weights(entry.exact_name):
        raise _only_weights(entry.exact_name)
    inside = Path(os.path.realpath(models_dir), entry.exact_name)
    if Path(os.path.realpath(entry.path)) != inside:
        raise _refused(
            f"{entry.exact_name} is a link or lies behind one, and pages write through no link",
            hint="save it under the name of the file that the link leads to, or another one",
        )
    return Place(
        path=entry.path, exact_name=entry.exact_name, real_folder=inside.parent, entry=entry
    )


def _new_place(look: Look, name: str) -> Place:
    file_name = _file_name(name)
    folder, children = _folder_at(look, name.split("/")[:-1])
    _check_beside(look, folder, children, file_name)
    return Place(
        path=Path(folder.path, file_name),
        exact_name=folder.relative_to_root(file_name),
        real_folder=Path(folder.real_path),
        entry=None,
    )


def _file_name(name: str) -> str:
    """Return the name of a new file, after checking all parts of the path.

    Raises
    ------
    CannotSaveHereError
        A system, or the catalogue, could not have it.
    """
    last = name.rpartition("/")[2]
    file_name = last if names.split_model_file(last) else f"{last}{DEFAULT_SUFFIX}"
    problem = names.name_problem(name) or next(filter(None, map(_fault, name.split("/"))), None)
    if problem is None and names.is_skipped_file(file_name):
        problem = "is that of a hidden or temporary file"
    if problem is None and len(os.fsencode(file_name)) > _MOST_NAME_BYTES:
        problem = "is too long"
    if problem is not None:
        raise _refused(f"no model can be saved as {name[:200]!r}: the name {problem}")
    if _is_of_weights(file_name):
        raise _only_weights(file_name)
    return file_name


def _fault(segment: str) -> str | None:
    if not segment or segment in (".", ".."):
        return "leads out of the folder"
    if _NOT_IN_NAMES.search(segment):
        return 'contains one of < > : " | ? *, which Windows does not allow'
    if segment != segment.strip() or segment.endswith("."):
        return "begins or ends with a space, or ends with a dot"
    return "is that of a device in Windows" if _DEVICES.fullmatch(segment) else None


def _folder_at(look: Look, folder_names: Iterable[str]) -> tuple[Folder, Children]:
    """Return the folder along these names, and what is in it.

    Raises
    ------
    CannotSaveHereError
        It does not exist, is not looked at, or a link leads there.
    """
    folder, children = look.root, look.children(look.root)
    for name in folder_names:
        inner = look.step(folder, children, name)
        if inner is None:
            shown = folder.relative_to_root(name)
            raise _refused(
                f"there is no folder {shown!r} for models",
                hint="create it, or save the model under a name without it",
            )
        if inner.linked:
            raise _refused(
                f"the folder {inner.relative!r} is a link, and pages write through no link",
                hint="save the model in the folder that it leads to",
            )
        folder, children = inner, look.children(inner)
    return folder, children


def _check_beside(look: Look, folder: Folder, children: Children, file_name: str) -> None:
    """Refuse a new file that would be, or be taken for, something that is there.

    Raises
    ------
    CannotSaveHereError
    """
    if any(look.folder_entries(folder, children)):
        raise _refused(f"the folder {folder.relative or '/'!r} is a model itself")
    folded = folded_name(file_name)
    taken = next((one for one in children if folded_name(one) == folded), None)
    if taken is not None:
        raise _refused(f"there is {taken!r}, which is no model that a page can replace")
    stem = names.file_name_of(file_name)
    namesakes = [entry for entry in look.matches(folder, children, stem) if entry is not None]
    wanted = folder.relative_to_root(stem)
    others = sorted(entry.exact_name for entry in namesakes if entry.name == wanted)
    if others:
        raise AmbiguousNameError(
            f"with {file_name}, two models would be called {wanted!r}: it is {others[0]} now",
            others,
            hint=f"save it as {wanted!r} to replace that, or under another name",
        )


def folded_name(name: str) -> str:
    """Return what names have in common that some system takes for the same.

    Windows and macOS do not tell small letters from capital ones, and macOS not an ``é`` from an
    ``e`` with an accent behind it. Models move between systems.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_of_weights(file_name: str) -> bool:
    return names.file_name_of(file_name).lower().endswith(_WEIGHTS_ENDING)


def _only_weights(file_name: str) -> CannotSaveHereError:
    return _refused(
        f"{file_name} is the name of weights without a model, and a page saves whole models",
        hint="save it under a name that does not end with .weights",
    )


def _refused(message: str, hint: str = "save it under another name") -> CannotSaveHereError:
    return CannotSaveHereError(message, hint=hint)
