"""What a line of the official converter's users has made, as TensorFlow.js or Keras takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.node import Array, NodeTf, NodeTfError

CALL = "python"
MOST_ERROR = {"float32": 1e-5, "float16": 5e-3, "uint16": 5e-3, "uint8": 0.2}
"""How far a prediction, a probability, may be from that of the model, by the coarsest dtype."""

_CELL = re.compile(r"/[a-z_]*cell(?:_\d+)?(?=/)")
"""The part of a name that only the official converter's manifests have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made.

    Attributes
    ----------
    is_right
        Whether it is what the line says: it ended well, what was made loads, and predicts what the
        model predicts.
    weights
        Shape, dtype and stored dtype of each weight, by name.
    values
        What TensorFlow.js decodes of them, by name.
    answer
        What a call returned.
    """

    is_right: bool
    detail: str
    weights: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    values: Mapping[str, Array] = field(default_factory=dict)
    answer: str = ""

    def with_keras_file(self, found: Mapping[str, Any] | None) -> Made:
        """Return it with what Keras says of the file that was made, if one was."""
        if found is None:
            return self
        return replace(self, is_right=found["right"], detail=found["detail"])


def made_of(folder: Path, place: str, end: Mapping[str, Any], url: str, node: NodeTf) -> Made:
    """Return what a line has made at `place` in `folder`, which is served at `url`."""
    if end["code"]:
        return Made(is_right=False, detail=_last_line(end["said"]))
    if not (folder / place / "model.json").exists():
        return Made(is_right=True, detail=end.get("detail", ""), answer=end.get("detail", ""))
    document = json.loads((folder / place / "model.json").read_text())
    weights = _specs(document)
    reference = np.load(folder / ("big.npz" if _is_big(weights) else "net.npz"))
    stored = {spec[-1] for spec in weights.values()}
    try:
        values, error = _loaded(document, f"{url}/{place}/model.json", reference, node)
    except NodeTfError as thrown:
        return Made(is_right=False, detail=_first_line(str(thrown)), weights=weights)
    worst = max(MOST_ERROR.get(dtype, 0.0) for dtype in stored)
    detail = f"{', '.join(sorted(stored))}; error {error:.1g}"
    return Made(is_right=error <= worst, detail=detail, weights=weights, values=values)


def difference(one: Made, other: Made) -> str:
    """Say in what two differ; nothing, if they are the same."""
    if one.weights.keys() != other.weights.keys():
        return f"other weights: {sorted(one.weights.keys() ^ other.weights.keys())[:4]}"
    for name, spec in one.weights.items():
        if other.weights[name] != spec:
            return f"{name}: {spec} and {other.weights[name]}"
    for name, array in one.values.items():
        if not np.array_equal(array, other.values[name]):
            worst = float(np.abs(array - other.values[name]).max())
            return f"{name}: values are up to {worst:.1g} apart"
    return ""


def _specs(document: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return of each weight its shape, its dtype and how it is stored, under one name for both."""
    specs = [spec for group in document["weightsManifest"] for spec in group["weights"]]
    return {
        _CELL.sub("", spec["name"]): (
            tuple(spec["shape"]),
            spec["dtype"],
            spec.get("quantization", spec)["dtype"],
        )
        for spec in specs
    }


def _is_big(weights: Mapping[str, Any]) -> bool:
    return any("big/" in name for name in weights)


def _loaded(
    document: Mapping[str, Any], url: str, reference: Mapping[str, Array], node: NodeTf
) -> tuple[dict[str, Array], float]:
    """Return the weights in TensorFlow.js, and how far its prediction is from the model's."""
    if document["modelTopology"] is None:  # weights alone
        values = node.weights_of_manifest(url)
        return {_CELL.sub("", name): array for name, array in values.items()}, 0.0
    kind = "graph" if document.get("format") == "graph-model" else "layers"
    (output,) = node.predict(url, [reference["x"]], kind=kind).outputs
    values = node.weights(url) if kind == "layers" else {}
    return values, float(np.abs(output - reference["y"]).max())


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0][:160]


def _last_line(text: str) -> str:
    """Return what was said in the end, without the marks that lead to it."""
    lines = [line.strip("│╭╰─╮╯ ") for line in text.strip().splitlines()]
    return next((line for line in reversed(lines) if line), "")[:160].replace("|", "\\|")
