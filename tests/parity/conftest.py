"""The server and TensorFlow.js, one of each for all parity tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .harness import NodeTf, ServedModels


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The running server on an empty folder: ``served.folder`` and ``served.base_url``."""
    server = ServedModels(tmp_path_factory.mktemp("served"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def node_tf() -> Iterator[NodeTf]:
    """TensorFlow.js in Node."""
    node = NodeTf()
    yield node
    node.close()
