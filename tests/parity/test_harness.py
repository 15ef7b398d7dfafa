"""The harness finds what it is there to find."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from .handmade import (
    BIAS,
    KERNEL,
    dense_layer,
    input_layer,
    write_dense,
    write_graph,
    write_layers_model,
)
from .harness import Array, LoaderHungError, NodeTf, NodeTfError, compare, difference

ONES = np.ones((2, 3), np.float32)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def static(tmp_path: Path) -> Iterator[str]:
    """URL of a plain file server on `tmp_path`: these models are TensorFlow.js's own affair."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_predictions_and_names_come_back(node_tf: NodeTf, static: str, tmp_path: Path) -> None:
    write_dense(tmp_path)
    given = np.array([[1, 10, 100], [0, 0, 1]], np.float32)
    prediction = node_tf.predict(f"{static}/model.json", [given])
    compare([given @ np.array(KERNEL, np.float32) + BIAS], prediction.outputs)
    assert prediction.input_names == ("given",)
    assert prediction.output_names == ("out",)


def test_weights_keep_the_names_they_were_looked_up_by(
    node_tf: NodeTf, static: str, tmp_path: Path
) -> None:
    write_dense(tmp_path)
    for _ in range(2):  # the second time, TensorFlow.js's own names get a suffix
        weights = node_tf.weights(f"{static}/model.json")
        assert {name: array.tolist() for name, array in weights.items()} == {
            "out/kernel": KERNEL,
            "out/bias": BIAS,
        }


@pytest.mark.parametrize(
    ("inputs", "fails"), [([ONES], False), ([ONES, ONES], True), ([ONES.T], True)]
)
def test_no_tensor_outlives_its_command(
    node_tf: NodeTf, static: str, tmp_path: Path, inputs: list[Array], fails: bool
) -> None:
    write_dense(tmp_path)
    before = node_tf.tensor_count()  # others may have left some
    with pytest.raises(NodeTfError) if fails else nullcontext():
        node_tf.predict(f"{static}/model.json", inputs)
    assert node_tf.tensor_count() == before


def test_a_missing_weight_is_the_loaders_error(
    node_tf: NodeTf, static: str, tmp_path: Path
) -> None:
    write_layers_model(tmp_path, [input_layer(3), dense_layer(2)], {"out/kernel": KERNEL})
    with pytest.raises(NodeTfError, match="out/bias"):
        node_tf.predict(f"{static}/model.json", [ONES])


def test_an_absent_model_is_an_error(node_tf: NodeTf, static: str) -> None:
    with pytest.raises(NodeTfError, match="404"):
        node_tf.predict(f"{static}/model.json", [ONES])


def test_node_is_ended_and_replaced_when_it_does_not_answer(static: str, tmp_path: Path) -> None:
    node = NodeTf(deadline_seconds=8)
    write_dense(tmp_path)
    try:
        with pytest.raises(LoaderHungError):
            node.block(seconds=60)
        assert len(node.predict(f"{static}/model.json", [ONES]).outputs) == 1
    finally:
        node.close()


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (ONES, ONES),
        (ONES, ONES * np.float32(1 + 5e-6)),
        (np.array([1000.0, 0.0]), np.array([1000.0, 0.009])),
        (np.array([np.nan, np.inf, 1.0]), np.array([np.nan, np.inf, 1.0])),
        (np.array([1, 2]), np.array([1, 2], np.int32)),
        (np.zeros((2, 0)), np.zeros((2, 0), np.float32)),
    ],
)
def test_the_same_within_tolerance(expected: Array, actual: Array) -> None:
    assert difference(expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        (ONES, ONES[:1], "shape"),
        (ONES, ONES * np.float32(1 + 2e-5), "off by"),
        (np.array([1000.0, 0.0]), np.array([1000.0, 0.011]), "off by"),
        (np.zeros(2), np.array([0.0, 1e-30]), "off by"),
        (np.ones(2), np.array([1.0, np.nan]), "off by"),
        (np.array([np.inf, 1.0]), np.array([-np.inf, 1.0]), "infinities"),
        (np.array([1000000]), np.array([1000001], np.int32), "instead of"),
        (np.array([True]), np.array([False]), "instead of"),
    ],
)
def test_different(
    expected: Array,
    actual: Array,
    words: str,
) -> None:
    assert words in (difference(expected, actual) or "")


def test_a_missing_output_is_a_difference() -> None:
    with pytest.raises(AssertionError, match="1 outputs instead of 2"):
        compare([ONES, ONES], [ONES])


def test_a_graph_model_predicts_too(node_tf: NodeTf, static: str, tmp_path: Path) -> None:
    write_graph(tmp_path)
    before = node_tf.tensor_count()
    prediction = node_tf.predict(f"{static}/model.json", [ONES], kind="graph")
    compare([ONES @ np.array(KERNEL, np.float32) + BIAS], prediction.outputs)
    assert set(node_tf.weights(f"{static}/model.json", kind="graph")) == {"kernel", "bias"}
    assert node_tf.tensor_count() == before
