"""``training.js`` in Node: what the tests of training ask of tests/js/training_operations.mjs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.training_script import whole_script

from .harness import NodeTf
from .node import Array, decode_tensor, encode_tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a page with ``training.js`` gets to train on.

    Attributes
    ----------
    trained
        Names of the trained weights.
    state
        The state of the optimizer by name, both in the order of the page.
    """

    trained: tuple[str, ...]
    state: Mapping[str, Array]
    is_compiled: bool


ARRAYS = ("yTrue", "yPred", "mask", "sampleWeight")


def ask(node_tf: NodeTf, op: str, **command: Any) -> dict[str, Any]:
    """Send a command with the text of ``training.js``."""
    return node_tf.ask({"op": op, "script": whole_script().text, **command})


def encoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case with its arrays as the runner takes them."""
    return {
        key: encode_tensor(value) if key in ARRAYS and value is not None else value
        for key, value in values.items()
    }


def losses(node_tf: NodeTf, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the value and the gradient of each loss, or ``error``."""
    results = ask(node_tf, "losses", cases=[encoded(case) for case in cases])["results"]
    return [_decoded(result) for result in results]


def metrics(node_tf: NodeTf, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the value of each metric after its batches, or ``error``."""
    sent = [{**case, "batches": [encoded(batch) for batch in case["batches"]]} for case in cases]
    answer = ask(node_tf, "metrics", cases=sent)
    assert answer["leaked"] == 0
    return [_decoded(result) for result in answer["results"]]


def optimize(
    node_tf: NodeTf,
    class_name: str,
    config: Mapping[str, Any],
    weights: Mapping[str, Array],
    state: Sequence[npt.ArrayLike] | None,
    gradients: Sequence[Sequence[Array]],
) -> tuple[list[Array], dict[str, Array]]:
    """Return the weights, and the state by name, after a step for each list of gradients."""
    answer = ask(
        node_tf,
        "optimize",
        class_name=class_name,
        config=config,
        weights=[{"name": name, "tensor": encode_tensor(value)} for name, value in weights.items()],
        state=None if state is None else [encode_tensor(value) for value in state],
        gradients=[[encode_tensor(value) for value in step] for step in gradients],
    )
    assert answer["leaked"] == 0
    states = {entry["name"]: decode_tensor(entry["tensor"]) for entry in answer["state"]}
    return [decode_tensor(value) for value in answer["weights"]], states


def state(node_tf: NodeTf, url: str) -> State:
    """Load the model at `url` with all that there is to train on."""
    answer = ask(node_tf, "state", url=url)
    return State(
        trained=tuple(answer["trained"]),
        state={item["name"]: decode_tensor(item["tensor"]) for item in answer["state"]},
        is_compiled=answer["isCompiled"],
    )


def _decoded(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value if key == "error" else np.asarray(decode_tensor(value))
        for key, value in result.items()
    }
