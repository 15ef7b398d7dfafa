"""What crosses the process boundary: JSON lines, one request in, progress and one report out.

JSON and never pickle: the child reads files of strangers, and what it says is data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tfjs_serve.errors import TfjsServeError, error_from_json
from tfjs_serve.settings import ConversionOptions, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRequest:
    """Convert one model into files in an empty folder.

    Attributes
    ----------
    source
        Absolute path of the Keras file or of the tfjs folder.
    display_name
        What messages call the file.
    output_dir
        Absolute path of an existing, empty folder.
    """

    source: str
    display_name: str
    output_dir: str
    options: ConversionOptions

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the child reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConversionRequest:
        """Rebuild the request in the child."""
        options = data["options"]
        return cls(
            source=data["source"],
            display_name=data["display_name"],
            output_dir=data["output_dir"],
            options=ConversionOptions(
                variant=Variant(options["variant"]), shard_size_bytes=options["shard_size_bytes"]
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFile:
    """A file that the child says it wrote; the parent checks it."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionReport:
    """How a conversion ended well: the files written and what the user should know."""

    files: tuple[ReportedFile, ...]
    warnings: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the parent reads."""
        return {"report": asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConversionReport:
        """Rebuild the report in the parent."""
        files = tuple(ReportedFile(**file) for file in data["files"])
        return cls(files=files, warnings=tuple(data["warnings"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a conversion is, in bytes of weights."""

    done_bytes: int
    total_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the parent reads."""
        return {"progress": asdict(self)}


def error_to_json(error: TfjsServeError) -> dict[str, Any]:
    """Return the JSON object that tells the parent why there is no report."""
    return {"error": error.to_json()}


def parse_message(data: dict[str, Any]) -> ConversionReport | Progress | TfjsServeError:
    """Read one line of the child. Raises ``KeyError``/``TypeError``/``ValueError`` on nonsense."""
    if "progress" in data:
        return Progress(**data["progress"])
    if "report" in data:
        return ConversionReport.from_json(data["report"])
    return error_from_json(data["error"])
