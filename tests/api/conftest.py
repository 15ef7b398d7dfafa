"""A cache of its own for all that is called, and Keras's warnings that nothing can avoid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[2] / "sample_models"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore what Keras's numpy backend warns of when it turns variables into arrays."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            message = "ignore:__array__ implementation:DeprecationWarning"
            item.add_marker(pytest.mark.filterwarnings(message))


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache of the user as it is."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("tfjs_serve.api.options.default_cache_dir", lambda: cache)
    monkeypatch.setattr("tfjs_serve.api.application.default_cache_dir", lambda: cache)


@pytest.fixture
def model() -> Any:
    """A small model of Keras, compiled."""
    keras = pytest.importorskip("keras")
    keras.backend.clear_session(free_memory=False)
    layers = [keras.Input((2,)), keras.layers.Dense(3, name="d")]
    model = keras.Sequential(layers, name="small")
    model.compile(keras.optimizers.SGD(0.5, momentum=0.5), "mse")
    return model
