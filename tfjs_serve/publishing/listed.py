"""What the page of a published folder tells of a model; kept in ``models.json`` beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.publishing.addresses import relative_address
from tfjs_serve.publishing.models import Built
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.untrusted_json import parse_strict_json
from tfjs_serve.version import __version__

_LOADERS = ("loadLayersModel", "loadGraphModel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model that was published.

    Attributes
    ----------
    folder
        From the folder of the site on.
    loader
        The function of TF.js that loads it.
    size_bytes
        Of all that a page loads of it.
    """

    folder: str
    loader: str
    size_bytes: int
    notes: tuple[str, ...]
    facts: ModelFacts

    @property
    def address(self) -> str:
        """Its ``model.json``, from the page on."""
        return relative_address(f"{self.folder}/{MODEL_JSON}")

    @property
    def layers_address(self) -> str:
        """The layers that it needs, from the page on; empty if it needs none."""
        return relative_address(f"{self.folder}/{SCRIPT_NAME}") if self.facts.needs_layers else ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; keys are in camel case, as usual in JavaScript."""
        return {
            "name": self.folder,
            "url": self.address,
            "layersUrl": self.layers_address or None,
            "loader": self.loader,
            "sizeBytes": self.size_bytes,
            "notes": list(self.notes),
            "facts": self.facts.to_json(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Listed:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        if data["loader"] not in _LOADERS or not isinstance(data["name"], str):
            raise ValueError("not a model")
        return cls(
            folder=data["name"],
            loader=data["loader"],
            size_bytes=int(data["sizeBytes"]),
            notes=tuple(map(str, data["notes"])),
            facts=ModelFacts.from_json(data["facts"]),
        )


def listed(built: Built) -> list[Listed]:
    """Return what is told of models that are published now."""
    return [
        Listed(
            folder=folder,
            loader=built.loaders[folder],
            size_bytes=_loaded_bytes(artifact),
            notes=artifact.notes,
            facts=replace(artifact.facts, layers=()),  # most of all bytes, and not shown
        )
        for folder, artifact in built.artifacts.items()
    ]


def _loaded_bytes(artifact: Artifact) -> int:
    endings = (".bin", MODEL_JSON)
    return sum(file.size_bytes for file in artifact.files if file.name.endswith(endings))


def document(models: Iterable[Listed]) -> str:
    """Return ``models.json``."""
    members = {
        "generatedBy": f"tfjs-serve {__version__}",
        "models": [one.to_json() for one in models],
    }
    return json.dumps(members, indent=1)


def read_document(text: bytes) -> list[Listed]:
    """Return what a ``models.json`` tells; nothing of what is not in its form."""
    try:
        members = parse_strict_json(text)
    except ValueError:
        return []
    models = members.get("models") if isinstance(members, Mapping) else None
    return [
        found
        for one in (models if isinstance(models, list) else ())
        if (found := _or_none(one)) is not None
    ]


def _or_none(data: Any) -> Listed | None:
    try:
        return Listed.from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
