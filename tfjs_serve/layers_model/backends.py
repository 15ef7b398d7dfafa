"""Notes the layers that one of TensorFlow.js's backends computes wrongly.

What is known of TensorFlow.js 4.22 stands in ``FAULTS``; ``tests/e2e/test_backends.py`` runs models
on all backends and finds each wrong prediction noted. ``layers.js`` goes round such faults
(``browser/layers/backends.js``), which TensorFlow.js's own layers cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.companion import PACKAGE
from tfjs_serve.facts import and_more_layers, shortened
from tfjs_serve.layers_model.model import Json

CONTAINERS = frozenset({"Functional", "Model", "Sequential"})
VERSION = "4.22"
_RECURRENT = frozenset({"Bidirectional", "GRU", "LSTM", "RNN", "SimpleRNN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A layer of a written model, or a node of a graph.

    Attributes
    ----------
    path
        Names of the models and wrappers around it, and its own.
    config
        Its arguments, in TF.js's words.
    is_masked
        Whether one of its inputs may have a mask.
    """

    path: str
    class_name: str
    config: Mapping[str, Json]
    is_masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a backend gets wrong.

    Attributes
    ----------
    backend
        Its name in ``tf.setBackend``.
    what
        What is wrong there, for users.
    occurs
        Whether a layer meets with it.
    """

    backend: str
    what: str
    occurs: Callable[[Placed], bool]


def _shares_inner_axes(layer: Placed) -> bool:
    """Whether a PReLU has the same slope along axes that do not come first.

    The kernel goes through the slopes again and again, as if they had no axes.
    """
    axes = layer.config.get("shared_axes")
    if layer.class_name != "PReLU" or not isinstance(axes, list):
        return False
    return sorted(map(str, axes)) != [str(axis) for axis in range(1, len(axes) + 1)]


def _is(*class_names: str) -> Callable[[Placed], bool]:
    return lambda layer: layer.class_name in class_names


def _computes(*operations: str) -> Callable[[Placed], bool]:
    """Return whether a layer of ``layers.js`` computes one of these functions."""

    def occurs(layer: Placed) -> bool:
        arguments = _dict(layer.config.get("arguments"))
        return layer.class_name == f"{PACKAGE}>Operation" and (
            arguments.get("operation") in operations
        )

    return occurs


def _may_divide_by_zero(layer: Placed) -> bool:
    """Whether fractions are divided by what may be 0; of integers, ``layers.js`` makes 0 then."""
    arguments = _dict(layer.config.get("arguments"))
    divisor = _dict(arguments.get("operands")).get("x2")
    is_constant = isinstance(divisor, int | float) and divisor != 0
    is_whole = arguments.get("operation") == "floor_divide" and "int" in str(arguments.get("dtype"))
    return _DIVIDES(layer) and not is_constant and not is_whole


def _computes_angles(layer: Placed) -> bool:
    return _IS_OF_ANGLES(layer) or _ANGLES(layer)


_IS_OF_ANGLES = _is(f"{PACKAGE}>RandomFourierFeatures", "Cos", "Sin", "Tan")
_ANGLES = _computes("cos", "sin", "sinc", "tan")
_DIVIDES = _computes("divide", "floor_divide", "true_divide")
_READING = (
    *("cholesky_inverse", "det", "inv", "logdet", "lstsq", "slogdet", "solve", "solve_triangular"),
    *("median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"),
)


FAULTS = (
    Fault(
        backend="wasm",
        what="conv3dTranspose computes something else",
        occurs=_is("Conv3DTranspose"),
    ),
    Fault(
        backend="wasm",
        what="maxPool3d takes negative numbers for 0",
        occurs=_is("MaxPooling3D", "MaxPool3D"),
    ),
    Fault(
        backend="wasm",
        what="prelu takes other slopes where inner axes share theirs",
        occurs=_shares_inner_axes,
    ),
    Fault(
        backend="webgpu",
        what="the mask of a recurrent layer is transposed into arbitrary numbers",
        occurs=lambda layer: layer.is_masked and layer.class_name in _RECURRENT,
    ),
    Fault(
        backend="webgpu",
        what="its numbers are read back while the model runs, which is slow there, and fails "
        "without a graphics card",
        occurs=_computes(*_READING),
    ),
    Fault(backend="webgl", what="0/0 is 1", occurs=_may_divide_by_zero),
    *(
        Fault(
            backend=backend,
            what="sines and the like are right to four digits or so",
            occurs=_computes_angles,
        )
        for backend in ("webgl", "webgpu")
    ),
    Fault(
        backend="webgl",
        what="the largest of no numbers is -1e20, the smallest 1e20",
        occurs=_computes("segment_max", "segment_min"),
    ),
    *(
        Fault(
            backend=backend,
            what="cropAndResize leaves out images whose number is not below that of boxes",
            occurs=_is("CropAndResize"),
        )
        for backend in ("webgl", "webgpu")
    ),
)


def backend_notes(config: Mapping[str, Json]) -> tuple[str, ...]:
    """Return a note for each fault that a model meets with, with the first layer that does.

    Parameters
    ----------
    config
        That of the outermost model, in TF.js's terms. It may come from a file; what makes no sense
        in it is passed over.
    """
    return _notes(list(_layers(config, "", is_masked=False)))


def graph_notes(topology: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the same for a graph model, with the first node of each fault.

    Parameters
    ----------
    topology
        A ``GraphDef`` as JSON; what makes no sense in it is passed over.
    """
    functions = _list(_dict(topology.get("library")).get("function"))
    inner = (node for one in functions for node in _list(_dict(one).get("nodeDef")))
    nodes = [_dict(node) for node in (*_list(topology.get("node")), *inner)]
    return _notes([_node(node) for node in nodes])


def _node(node: Mapping[str, Json]) -> Placed:
    name, operation = (shortened(str(node.get(key, ""))) for key in ("name", "op"))
    return Placed(path=name, class_name=operation, config={}, is_masked=False)


def _notes(layers: Sequence[Placed]) -> tuple[str, ...]:
    notes = []
    for fault in FAULTS:
        met = [layer for layer in layers if fault.occurs(layer)]
        if met:
            more = and_more_layers(len(met) - 1)
            notes.append(
                f"{met[0].path} ({met[0].class_name}): wrong on the {fault.backend} backend of "
                f"TensorFlow.js {VERSION}{more}: {fault.what}. Choose another one in the page, "
                f"such as with tf.setBackend('{_other(fault.backend)}')."
            )
    return tuple(notes)


def _other(backend: str) -> str:
    return "webgl" if backend != "webgl" else "wasm"


def _layers(config: Mapping[str, Json], prefix: str, *, is_masked: bool) -> Iterator[Placed]:
    """Yield the layers of a model, whose inputs may have masks, and those inside of them."""
    layers = [_dict(layer) for layer in _list(config.get("layers"))]
    masked = _masked_calls(layers, is_masked=is_masked)
    for layer in layers:
        yield from _placed(layer, prefix, is_masked=_name(layer) in masked)


def _placed(layer: Mapping[str, Json], prefix: str, *, is_masked: bool) -> Iterator[Placed]:
    """Yield a layer, then the layers of the model that it is, or the one that it wraps."""
    config, path = _dict(layer.get("config")), prefix + _name(layer)
    class_name = str(layer.get("class_name", ""))
    yield Placed(path=path, class_name=class_name, config=config, is_masked=is_masked)
    if class_name in CONTAINERS:
        yield from _layers(config, f"{path}/", is_masked=is_masked)
    elif wrapped := _dict(config.get("layer")):
        # No mask gets into a TimeDistributed, and a Bidirectional is noted itself.
        yield from _placed(wrapped, f"{path}/", is_masked=False)


# --- Masks -----------------------------------------------------------------------------------


def _masked_calls(layers: Sequence[Mapping[str, Json]], *, is_masked: bool) -> frozenset[str]:
    """Return the names of the layers whose inputs have masks.

    A layer passes a mask on unless it is a recurrent layer that returns one step only.
    """
    users = _users(layers)
    by_name = {_name(layer): layer for layer in layers}
    waiting = [name for name, layer in by_name.items() if _makes_mask(layer, is_masked)]
    masked: set[str] = set()
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in masked and user in by_name:
                masked.add(user)
                if _passes_mask(by_name[user]):
                    waiting.append(user)
    return frozenset(masked)


def _users(layers: Sequence[Mapping[str, Json]]) -> Mapping[str, Sequence[str]]:
    """Return which layers each layer's outputs go to; in a Sequential model, to the next one."""
    users: dict[str, list[str]] = {}
    for before, layer in zip([None, *layers], layers, strict=False):
        nodes = layer.get("inbound_nodes")
        sources = list(_sources(nodes))
        if nodes is None and before is not None:
            sources = [_name(before)]
        for source in sources:
            users.setdefault(source, []).append(_name(layer))
    return users


def _sources(nodes: Json) -> Iterator[str]:
    """Yield the names in ``inbound_nodes``, which are lists of ``[name, node, tensor, ...]``."""
    for tensors in _list(nodes):
        for tensor in _list(tensors):
            if isinstance(tensor, list) and tensor and isinstance(tensor[0], str):
                yield tensor[0]


def _makes_mask(layer: Mapping[str, Json], is_model_masked: bool) -> bool:
    class_name, config = layer.get("class_name"), _dict(layer.get("config"))
    if class_name == "InputLayer":
        return is_model_masked
    return class_name == "Masking" or (
        class_name == "Embedding" and config.get("mask_zero") is True
    )


def _passes_mask(layer: Mapping[str, Json]) -> bool:
    class_name, config = str(layer.get("class_name", "")), _dict(layer.get("config"))
    if config.get("passes_mask") is False:
        return False
    inner = _dict(_dict(config.get("layer")).get("config"))
    returns = config.get("return_sequences", inner.get("return_sequences"))
    return class_name not in _RECURRENT or returns is True


def _name(layer: Mapping[str, Json]) -> str:
    return str(_dict(layer.get("config")).get("name", layer.get("name", "")))


def _dict(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
