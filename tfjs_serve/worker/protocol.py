"""What crosses the process boundary as JSON lines: a request in, progress and a report out.

In between the child may ask for copies: weights that lie in the source as they will be served are
not sent through the child. It says where they lie, and the parent, who has checked that it is in
the file, copies them and answers with the digests.

It is JSON and never pickle: the child reads untrusted files, so what it says must be plain data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tfjs_serve.errors import TfjsServeError, error_from_json
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import ConversionLimits, ConversionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRequest:
    """Convert one model into files in an empty folder, or tell what would become of it.

    Attributes
    ----------
    source
        Absolute path of the Keras file, or of the tfjs folder. Of several files, it is the one that
        makes them a model.
    beside
        Absolute paths of the others: the parts of a Keras folder, the files of listed weights,
        architectures that may belong to weights. None for a tfjs folder.
    weights_only
        Whether the architecture has to be one of them.
    display_name
        What messages call the file.
    output_dir
        Absolute path of an existing, empty folder. Empty: the child only diagnoses the model. It
        may write nothing, and takes only time that nobody else needs.
    copies_dir
        The same, of another one, for what the parent copies: the child may not go there. Empty:
        the parent copies nothing.
    neighbours
        Files that become part of the model: absolute paths, by the names under which the files
        are served.
    """

    source: str
    beside: tuple[str, ...] = ()
    weights_only: bool = False
    display_name: str
    output_dir: str
    copies_dir: str = ""
    neighbours: dict[str, str] = field(default_factory=dict)
    options: ConversionOptions
    limits: ConversionLimits = field(default_factory=ConversionLimits)

    @property
    def is_diagnosis(self) -> bool:
        """Whether nothing is to be written."""
        return not self.output_dir

    @property
    def files(self) -> tuple[str, ...]:
        """Absolute paths of the files that may be copied from, in the order of their bytes."""
        return (self.source, *self.beside)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the child reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConversionRequest:
        """Rebuild the request in the child."""
        return cls(
            source=data["source"],
            beside=tuple(data["beside"]),
            weights_only=data["weights_only"],
            display_name=data["display_name"],
            output_dir=data["output_dir"],
            copies_dir=data["copies_dir"],
            neighbours=dict(data["neighbours"]),
            options=ConversionOptions.from_json(data["options"]),
            limits=ConversionLimits(**data["limits"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The child has the request and is confined; the file is not open yet.

    If the child ends before this message, the file is not the reason.

    Attributes
    ----------
    missing
        What the child could not be kept from; see :func:`tfjs_serve.worker.limits.missing`.
    """

    missing: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the parent reads."""
        return {"accepted": asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Acceptance:
        """Rebuild the message in the parent."""
        return cls(missing=tuple(_text(item) for item in data["missing"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFile:
    """A file that the child says it wrote; the parent checks it.

    Attributes
    ----------
    originals
        Names that it had in the source.
    """

    name: str
    size_bytes: int
    sha256: str
    originals: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ReportedFile:
        """Rebuild the file's description in the parent."""
        return cls(
            name=_text(data["name"]),
            size_bytes=_count(data["size_bytes"]),
            sha256=_text(data["sha256"]),
            originals=tuple(map(_text, data.get("originals", ()))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionReport:
    """The result of a successful conversion: the files written and what the user should know.

    A diagnosis has no files.

    Attributes
    ----------
    parts
        Names of the parts of ``layers.js`` that the model needs. The parent writes the script:
        pages run it, so it must not come from a process that has read a stranger's file.
    copied
        Digests of the files that the parent has copied: they lie in the request's ``copies_dir``,
        named by their digests. Only the parent knows them.
    """

    files: tuple[ReportedFile, ...]
    warnings: tuple[str, ...] = field(default=())
    parts: tuple[str, ...] = ()
    facts: ModelFacts = field(default_factory=ModelFacts)
    copied: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the parent reads."""
        report = {
            "files": [asdict(file) for file in self.files],
            "warnings": self.warnings,
            "parts": self.parts,
            "facts": self.facts.to_json(),
        }
        return {"report": report}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConversionReport:
        """Rebuild the report in the parent."""
        files = tuple(ReportedFile.from_json(file) for file in data["files"])
        return cls(
            files=files,
            warnings=tuple(_text(warning) for warning in data["warnings"]),
            parts=tuple(_text(part) for part in data["parts"]),
            facts=ModelFacts.from_json(data["facts"]),
        )


FORK_DATAGRAM_BYTES = 256
"""The most that the parent and its fork server say to each other at once."""

Pieces = tuple[tuple[int, int], ...]
"""A file as pieces of the source, one after the other: offset and size of each, in bytes.

The files of a source count as one, in the order of :meth:`ConversionRequest.files`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """Make these files of the source's bytes; the child waits for :class:`Copies`."""

    files: tuple[Pieces, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the parent reads."""
        return {"copy": asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CopyRequest:
        """Rebuild the message in the parent."""
        files = tuple(
            tuple((_count(offset), _count(size_bytes)) for offset, size_bytes in pieces)
            for pieces in data["files"]
        )
        if not files:
            raise ValueError("nothing to copy")
        return cls(files=files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """The digests (SHA-256, hexadecimal) of the files that a child has asked for, in order."""

    digests: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the child reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Copies:
        """Rebuild the message in the child."""
        return cls(digests=tuple(data["digests"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a conversion has got, in bytes of weights."""

    done_bytes: int
    total_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the parent reads."""
        return {"progress": asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Progress:
        """Rebuild the progress in the parent."""
        return cls(done_bytes=_count(data["done_bytes"]), total_bytes=_count(data["total_bytes"]))


def error_to_json(error: TfjsServeError) -> dict[str, Any]:
    """Return the JSON object that tells the parent why there is no report."""
    return {"error": error.to_json()}


Message = Acceptance | Progress | CopyRequest | ConversionReport | TfjsServeError


def parse_message(data: dict[str, Any]) -> Message:
    """Parse one line of the child.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is not a message.
    """
    if "accepted" in data:
        return Acceptance.from_json(data["accepted"])
    if "progress" in data:
        return Progress.from_json(data["progress"])
    if "copy" in data:
        return CopyRequest.from_json(data["copy"])
    if "report" in data:
        return ConversionReport.from_json(data["report"])
    return error_from_json(data["error"])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:  # what the system has for sizes
        raise ValueError(f"not a count: {value!r}")
    return value
