"""Notes the layers that one of TensorFlow.js's backends computes wrongly.

What is known of TensorFlow.js 4.22 stands in ``FAULTS``; ``tests/e2e/test_backends.py`` runs models
on all backends and finds each wrong prediction noted. ``layers.js`` goes round such faults
(``browser/layers/backends.js``), which TensorFlow.js's own layers cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.companion import PACKAGE
from tfjs_serve.facts.wording import and_more_layers, shortened
from tfjs_serve.layers_model.masked_layers import (
    RECURRENT,
    as_dict,
    as_list,
    masked_calls,
    name_of,
)
from tfjs_serve.layers_model.model import Json

CONTAINERS = frozenset({"Functional", "Model", "Sequential"})
VERSION = "4.22"


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
        arguments = as_dict(layer.config.get("arguments"))
        return layer.class_name == f"{PACKAGE}>Operation" and (
            arguments.get("operation") in operations
        )

    return occurs


def _may_divide_by_zero(layer: Placed) -> bool:
    """Whether fractions are divided by what may be 0; of integers, ``layers.js`` makes 0 then."""
    arguments = as_dict(layer.config.get("arguments"))
    divisor = as_dict(arguments.get("operands")).get("x2")
    is_constant = isinstance(divisor, int | float) and divisor != 0
    is_whole = arguments.get("operation") == "floor_divide" and "int" in str(arguments.get("dtype"))
    return _DIVIDES(layer) and not is_constant and not is_whole


def _computes_angles(layer: Placed) -> bool:
    return _IS_OF_ANGLES(layer) or _ANGLES(layer)


_IS_OF_ANGLES = _is(f"{PACKAGE}>RandomFourierFeatures", "Cos", "Sin", "Tan")


def _has_constrained_norm(layer: Placed) -> bool:
    """Whether TensorFlow.js scales weights, as it does whenever they are set.

    It adds its epsilon to their norm before it divides by that, and on webgl this is 1e-4.
    """
    constraints = (v for key, v in layer.config.items() if key.endswith("_constraint"))
    return any(as_dict(one).get("class_name") in _NORMS for one in constraints)


def _on_graphics_cards(what: str, occurs: Callable[[Placed], bool]) -> Iterator[Fault]:
    for backend in ("webgl", "webgpu"):
        yield Fault(backend=backend, what=what, occurs=occurs)


_NORMS = frozenset({"MaxNorm", "MinMaxNorm", "UnitNorm"})
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
        occurs=lambda layer: layer.is_masked and layer.class_name in RECURRENT,
    ),
    Fault(
        backend="webgpu",
        what="its numbers are read back while the model runs, which is slow there, and fails "
        "without a graphics card",
        occurs=_computes(*_READING),
    ),
    Fault(backend="webgl", what="0/0 is 1", occurs=_may_divide_by_zero),
    *_on_graphics_cards("sines and the like are right to four digits or so", _computes_angles),
    Fault(
        backend="webgl",
        what="the largest of no numbers is -1e20, the smallest 1e20",
        occurs=_computes("segment_max", "segment_min"),
    ),
    *_on_graphics_cards(
        "cropAndResize leaves out images whose number is not below that of boxes",
        _is("CropAndResize"),
    ),
    Fault(
        backend="webgl",
        what="a norm that a constraint limits becomes 0.0001 less",
        occurs=_has_constrained_norm,
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
    functions = as_list(as_dict(topology.get("library")).get("function"))
    inner = (node for one in functions for node in as_list(as_dict(one).get("nodeDef")))
    nodes = [as_dict(node) for node in (*as_list(topology.get("node")), *inner)]
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
    layers = [as_dict(layer) for layer in as_list(config.get("layers"))]
    masked = masked_calls(layers, is_masked=is_masked)
    for layer in layers:
        yield from _placed(layer, prefix, is_masked=name_of(layer) in masked)


def _placed(layer: Mapping[str, Json], prefix: str, *, is_masked: bool) -> Iterator[Placed]:
    """Yield a layer, then the layers of the model that it is, or the one that it wraps."""
    config, path = as_dict(layer.get("config")), prefix + name_of(layer)
    class_name = str(layer.get("class_name", ""))
    yield Placed(path=path, class_name=class_name, config=config, is_masked=is_masked)
    if class_name in CONTAINERS:
        yield from _layers(config, f"{path}/", is_masked=is_masked)
    elif wrapped := as_dict(config.get("layer")) or as_dict(config.get("cell")):
        # No mask gets into a TimeDistributed, and a Bidirectional is noted itself.
        yield from _placed(wrapped, f"{path}/", is_masked=False)
