"""What publishes write down at the destination: which files are theirs, and since when not needed.

In the folder ``.tfjs-serve``, beside the lock, ``doing-DIGEST.json`` is written before the first
file is sent, and ``done-DIGEST.json`` after the last one; the digest is that of the files that are
to be there. So a listing alone tells that there is nothing to do, and what a publish that
was ended had in mind is known to the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tfjs_serve.untrusted_json import parse_strict_json

FOLDER = ".tfjs-serve"
LOCK = f"{FOLDER}/lock.json"
HALF_WRITTEN = ".tfjs-serve-"
"""How the names of files begin that are not whole yet."""
_DONE, _DOING = f"{FOLDER}/done-", f"{FOLDER}/doing-"
_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files that publishes have put at a destination.

    Attributes
    ----------
    files
        SHA-256 in hexadecimal by path, of those that are needed.
    unneeded
        Since when others are not needed any more: seconds of the epoch by path.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    unneeded: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether publishes have left nothing there."""
        return not (self.files or self.unneeded)

    @property
    def digest(self) -> str:
        """Tells files that are to be there from others."""
        text = json.dumps(sorted(self.files.items()), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:_DIGITS]

    @property
    def done(self) -> str:
        """The path under which it is written when all files are there."""
        return f"{_DONE}{self.digest}.json"

    @property
    def doing(self) -> str:
        """The path under which it is written before."""
        return f"{_DOING}{self.digest}.json"

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        members = {"files": dict(self.files), "unneeded": dict(self.unneeded)}
        return json.dumps(members, indent=1, sort_keys=True).encode("ascii")

    @classmethod
    def from_bytes(cls, text: bytes) -> Manifest:
        """Return what was written; nothing of what is not in its form.

        Somebody else may have written it: a manifest decides what is removed, so paths that lead
        elsewhere are passed over.
        """
        try:
            found = parse_strict_json(text)
        except ValueError:
            return cls()
        members = found if isinstance(found, dict) else {}
        files, unneeded = members.get("files"), members.get("unneeded")
        return cls(
            files={
                path: digest
                for path, digest in (files if isinstance(files, dict) else {}).items()
                if _is_inside(path) and isinstance(digest, str)
            },
            unneeded={
                path: float(since)
                for path, since in (unneeded if isinstance(unneeded, dict) else {}).items()
                if _is_inside(path) and isinstance(since, (int, float))
            },
        )


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return not {"", ".", "..", FOLDER} & set(parts) and not set(path) & set("\\\0")


def is_done(path: str) -> bool:
    """Whether a path is that of a manifest of a whole publish."""
    return path.startswith(_DONE)


def is_manifest(path: str) -> bool:
    """Whether a path is that of any manifest."""
    return path.startswith((_DONE, _DOING))


def is_half_written(path: str) -> bool:
    """Whether a path is that of a file which a publish that was ended left behind."""
    return path.rpartition("/")[2].startswith(HALF_WRITTEN)


def joined(done: Iterable[Manifest], doing: Iterable[Manifest]) -> Manifest:
    """Return what is known from all manifests.

    What a publish wanted to send that was not done may be there or not, so its digests are not
    known; the empty text stands for that.
    """
    files: dict[str, str] = {}
    unneeded: dict[str, float] = {}
    for one in done:
        files |= one.files
        unneeded |= one.unneeded
    for one in doing:
        unneeded |= one.unneeded
        files |= {path: "" for path, digest in one.files.items() if files.get(path) != digest}
    return Manifest(files=files, unneeded={p: t for p, t in unneeded.items() if p not in files})
