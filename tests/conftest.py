"""What all tests share: which Keras is the reference, and the programs that are driven."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.distribution import InRows
    from tests.parity.harness import NodeTf, ServedModels

# Before anyone imports Keras. The numpy backend computes most layers eagerly, so a small model
# answers at once where the jax backend would compile each one for half a second; it borrows only
# convolutions, pooling and Fourier transforms from jax.
os.environ["KERAS_BACKEND"] = "numpy"
os.environ["JAX_PLATFORMS"] = "cpu"

# Before a fixture imports it.
pytest.register_assert_rewrite("tests.parity.harness")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InRows:
    """Choose how tests are spread over the workers."""
    from tests.distribution import InRows

    return InRows(config, log)


@pytest.fixture(autouse=True)
def patient_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes end, however busy the machine is.

    A server gives up after half a second and leaves them to the system. Here, one that is still
    running would be a warning in whichever test runs when it is collected.
    """
    from tfjs_serve.builder import single_flight
    from tfjs_serve.worker import client, copying, forks, process

    for module in (client, copying, single_flight):
        monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 60.0)
    for module in (forks, process):
        monkeypatch.setattr(module, "_END_SECONDS", 60.0)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The running server on an empty folder: ``served.folder`` and ``served.base_url``."""
    from tests.parity.harness import ServedModels

    server = ServedModels(tmp_path_factory.mktemp("served"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModels]:
    """The running server on the sample models."""
    from tests.parity.harness import ServedModels
    from tests.samples import SAMPLE_MODELS

    server = ServedModels(tmp_path_factory.mktemp("samples"), models=SAMPLE_MODELS)
    yield server
    server.close()


@pytest.fixture(scope="session")
def node_tf() -> Iterator[NodeTf]:
    """TensorFlow.js in Node."""
    from tests.parity.harness import NodeTf

    node = NodeTf()
    yield node
    node.close()


@pytest.fixture(scope="session")
def training_tf() -> Iterator[NodeTf]:
    """TensorFlow.js in Node, for tests that load ``training.js``, which changes it for good."""
    from tests.parity.harness import NodeTf

    node = NodeTf()
    yield node
    node.close()
