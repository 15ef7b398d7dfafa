"""Models that TensorFlow.js saves, as folders; its side is tests/js/saving.mjs."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy.typing as npt

from .node import Array, NodeTf, decode_tensor, encode_tensor


def save_in_page(
    node_tf: NodeTf,
    folder: Path,
    inputs: Sequence[npt.ArrayLike],
    *,
    url: str = "",
    program: str = "",
    targets: Sequence[npt.ArrayLike] | None = None,
    optimizer: bool = False,
    script: str = "",
) -> list[Array]:
    """Have TensorFlow.js save a model into a new folder; return what it predicts.

    Parameters
    ----------
    url
        Of the model; without one, `program` makes it.
    program
        JavaScript that returns a model, or promises one; it is given `tf`.
    targets
        What the model is trained on before, if anything.
    optimizer
        Whether the state of the optimizer is saved, too.
    script
        The text of ``training.js``, if it trains.
    """
    command = {"op": "saved", "url": url, "program": program, "script": script}
    command["inputs"] = [encode_tensor(array) for array in inputs]
    command["optimizer"] = optimizer
    if targets is not None:
        command["targets"] = [encode_tensor(array) for array in targets]
    reply = node_tf.ask(command)
    folder.mkdir()
    document = reply["document"]
    specs = document.pop("weightSpecs")
    # As ``getModelJSONForModelArtifacts`` in tfjs-core makes of it.
    document["weightsManifest"] = [{"paths": ["weights.bin"], "weights": specs}]
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "weights.bin").write_bytes(base64.b64decode(reply["data"]))
    return [decode_tensor(tensor) for tensor in reply["outputs"]]
