"""Models of Keras that a test makes and serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.parity.harness import ServedModels
from tests.parity.keras3 import built


def keras_model(server: ServedModels, folder: Path, name: str, build: Callable[[Any], Any]) -> Any:
    """Serve the model that a function makes; return it."""
    model = built(build)
    path = folder / f"{name}.keras"
    model.save(path)
    server.add(path)
    return model
