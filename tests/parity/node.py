"""The real TensorFlow.js, driven from Python; its side is tests/js/runner.mjs."""

from __future__ import annotations

import base64
import itertools
import json
import math
import queue
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .process import Process

Array = npt.NDArray[Any]

RUNNER = Path(__file__).parents[1] / "js" / "runner.mjs"
COMMAND_DEADLINE_SECONDS = 60.0
"""Far above what any case needs: only a loader that never ends gets there."""


class NodeTfError(Exception):
    """What TensorFlow.js threw."""


class LoaderHungError(NodeTfError):
    """TensorFlow.js did not answer before the deadline; it was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What ``model.predict`` returned, in the order of the model's outputs."""

    outputs: tuple[Array, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What training a model for a little while gave.

    Attributes
    ----------
    gradients
        Of the mean squared error with respect to all trainable weights, one after another.
    after
        Predictions after one step of gradient descent.
    losses
        In each epoch of ``model.fit`` from there.
    """

    gradients: Array
    after: Array
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a page gets that takes a model apart, and saves it.

    Attributes
    ----------
    before, after
        Predictions of the model, and of what was saved.
    layers
        Outputs of each layer, by name, for the same inputs.
    """

    before: tuple[Array, ...]
    after: tuple[Array, ...]
    layers: Mapping[str, tuple[Array, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTo:
    """What a page gets that changes the weights of a model, and saves it to a server.

    Attributes
    ----------
    outputs
        Predictions of the model that was saved.
    status, etag, answer
        What the server answered.
    """

    outputs: tuple[Array, ...]
    status: int
    etag: str | None
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A trainable weight, or an input of floats, and how its gradient compares with the slope.

    Attributes
    ----------
    kind
        ``"weight"`` or ``"input"``.
    size
        How many numbers it has.
    gradient
        Length of the gradient of a random sum of the outputs.
    error
        How far the gradient and the slope are apart along a random direction, relative to them;
        infinite if one of them is NaN.
    """

    kind: str
    name: str
    size: int
    gradient: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a model did that came compiled.

    Attributes
    ----------
    before
        What ``model.evaluate`` returned: the loss, and the metrics.
    losses
        In each epoch of ``model.fit``.
    after
        Predictions after that.
    """

    before: Array
    losses: Array
    after: Array


def encode_tensor(array: npt.ArrayLike) -> dict[str, Any]:
    """Return the runner's JSON for `array`, in the dtype that TensorFlow.js has for it."""
    values = np.asarray(array)
    if values.dtype.kind in "OU":
        return {"shape": list(values.shape), "dtype": "string", "data": values.ravel().tolist()}
    if values.dtype != bool:
        dtype = "<f4" if values.dtype.kind == "f" else "<i4"
        values = values.astype(dtype, casting="same_kind")
    data = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"shape": list(values.shape), "dtype": values.dtype.name, "data": data}


def decode_tensor(tensor: Mapping[str, Any]) -> Array:
    """Return the array that the runner sent; of objects if they are strings."""
    if tensor["dtype"] == "string":
        strings: Array = np.array(tensor["data"], dtype=object).reshape(tensor["shape"])
        return strings
    dtype = np.dtype(tensor["dtype"]).newbyteorder("<")
    values = np.frombuffer(base64.b64decode(tensor["data"]), dtype)
    array: Array = values.reshape(tensor["shape"])
    return array


class NodeTf:
    """TensorFlow.js in Node, loading models over HTTP as a page does, after their layers.

    Starts Node when it is first needed, and again after it hung or crashed.

    Parameters
    ----------
    deadline_seconds
        How long one command may take before Node is killed.
    """

    def __init__(self, *, deadline_seconds: float = COMMAND_DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds
        self._process: Process | None = None
        self._ids = itertools.count()

    def predict(
        self, url: str, inputs: Sequence[npt.ArrayLike], *, kind: str = "layers"
    ) -> Prediction:
        """Load the model at `url` and predict.

        Parameters
        ----------
        inputs
            One array per model input, in the order of the model's inputs. Floats become float32,
            integers int32.
        kind
            ``"layers"`` or ``"graph"``.

        Raises
        ------
        NodeTfError
            With TensorFlow.js's own message.
        LoaderHungError
        """
        tensors = [encode_tensor(array) for array in inputs]
        reply = self.ask({"op": "predict", "kind": kind, "url": url, "inputs": tensors})
        return Prediction(
            outputs=tuple(map(decode_tensor, reply["outputs"])),
            input_names=tuple(reply["inputNames"]),
            output_names=tuple(reply["outputNames"]),
        )

    def train(
        self,
        url: str,
        inputs: Sequence[npt.ArrayLike],
        target: npt.ArrayLike,
        *,
        rate: float,
        epochs: int,
    ) -> Training:
        """Load the model at `url`, which has one output, and train it."""
        command = {"op": "train", "url": url, "rate": rate, "epochs": epochs}
        tensors = [encode_tensor(array) for array in inputs]
        reply = self.ask({**command, "inputs": tensors, "target": encode_tensor(target)})
        return Training(
            gradients=decode_tensor(reply["gradients"]),
            after=decode_tensor(reply["after"]),
            losses=tuple(reply["losses"]),
        )

    def slopes(
        self, url: str, inputs: Sequence[npt.ArrayLike], *, training: bool, tolerance: float
    ) -> list[Slope]:
        """Load the model at `url`, and hold its gradients against differences of its outputs.

        Parameters
        ----------
        training
            Whether the layers are called as in a training.
        tolerance
            An error that is small enough not to look for a better step.
        """
        command = {"op": "slopes", "url": url, "training": training, "tolerance": tolerance}
        tensors = [encode_tensor(array) for array in inputs]
        reply = self.ask({**command, "inputs": tensors})
        return [
            Slope(**{**slope, "error": math.inf if slope["error"] is None else slope["error"]})
            for slope in reply["slopes"]
        ]

    def compiled(
        self, url: str, inputs: npt.ArrayLike, targets: npt.ArrayLike, *, batch: int, epochs: int
    ) -> Compiled:
        """Load the model at `url`, evaluate it as it was compiled, and train it."""
        command = {"op": "compiled", "url": url, "batch": batch, "epochs": epochs}
        tensors = {"inputs": [encode_tensor(inputs)], "targets": [encode_tensor(targets)]}
        reply = self.ask({**command, **tensors})
        return Compiled(
            before=decode_tensor(reply["before"]),
            losses=np.array(reply["losses"]),
            after=decode_tensor(reply["after"]),
        )

    def save(self, url: str, inputs: Sequence[npt.ArrayLike]) -> Saved:
        """Load the model at `url`, look at its layers, and save it."""
        tensors = [encode_tensor(array) for array in inputs]
        reply = self.ask({"op": "save", "url": url, "inputs": tensors})
        return Saved(
            before=tuple(map(decode_tensor, reply["before"])),
            after=tuple(map(decode_tensor, reply["after"])),
            layers={
                layer["name"]: tuple(map(decode_tensor, layer["outputs"]))
                for layer in reply["layers"]
            },
        )

    def save_to(
        self,
        url: str,
        inputs: Sequence[npt.ArrayLike],
        to: str,
        headers: Mapping[str, str] | None = None,
        *,
        steps: int = 0,
    ) -> SavedTo:
        """Load the model at `url`, change its weights, and save it to the URL `to`.

        Parameters
        ----------
        headers
            Of the request, where the URL is not all.
        steps
            How many steps of Adam to train; with any, the state of that is saved, too.

        Raises
        ------
        NodeTfError
            With what ``model.save`` threw.
        """
        command = {"op": "saveTo", "url": url, "to": to, "headers": headers, "steps": steps}
        reply = self.ask({**command, "inputs": [encode_tensor(array) for array in inputs]})
        return SavedTo(
            outputs=tuple(map(decode_tensor, reply["outputs"])),
            status=reply["status"],
            etag=reply["etag"],
            answer=reply["answer"],
        )

    def weights(self, url: str, *, kind: str = "layers") -> dict[str, Array]:
        """Load the model at `url` and return its weights by the names it looked them up."""
        reply = self.ask({"op": "weights", "kind": kind, "url": url})
        return {weight["name"]: decode_tensor(weight) for weight in reply["weights"]}

    def weights_of_manifest(self, url: str) -> dict[str, Array]:
        """Read the weights in the manifest of a ``model.json``, which may have no topology."""
        reply = self.ask({"op": "manifest", "url": url})
        return {weight["name"]: decode_tensor(weight) for weight in reply["weights"]}

    def tensor_count(self) -> int:
        """Return how many tensors are alive in Node; none are, between commands."""
        return int(self.ask({"op": "memory"})["tensors"])

    def block(self, seconds: float) -> None:
        """Hold Node's thread for so long, as a loader does that finds no end."""
        self.ask({"op": "block", "seconds": seconds})

    def close(self) -> None:
        """End Node."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command of the runner; return its answer.

        Raises
        ------
        NodeTfError
            With TensorFlow.js's own message.
        LoaderHungError
        """
        identifier = next(self._ids)
        if self._process is None:
            self._process = Process(["node", str(RUNNER)])
        self._process.write_line(json.dumps({"id": identifier, **command}))
        reply = self._read_reply(self._process)
        assert reply["id"] == identifier
        if "error" in reply:
            raise NodeTfError(reply["error"])
        return reply

    def _read_reply(self, process: Process) -> dict[str, Any]:
        try:
            line = process.read_line(self._deadline_seconds)
        except queue.Empty:
            self._process = None
            process.kill()
            message = f"loader hung: no answer within {self._deadline_seconds} s"
            raise LoaderHungError(message) from None
        if line is None:
            self.close()
            raise NodeTfError(f"Node ended without an answer:\n{process.printed()}")
        reply: dict[str, Any] = json.loads(line)
        return reply
