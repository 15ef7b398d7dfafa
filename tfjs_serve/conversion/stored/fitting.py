"""Whether an architecture and weights that were saved in two files belong together.

Keras itself loads weights by position (``load_weights_from_hdf5_group``), into any model with the
same numbers of layers and weights. Where several architectures lie beside the weights, that would
be a guess. So names of layers come first, where the file of the weights has them; without them
(``.weights.h5`` has none), each count and each size that the architecture tells has to be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum

from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.model.layers import CONTAINERS, Json, KerasLayer
from tfjs_serve.conversion.model.report import NONSENSE, Report
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import LayerWeights, Weights, origins
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.stored.assignment import OwnVariables
from tfjs_serve.conversion.stored.missing_shapes import accepted_shapes, agree
from tfjs_serve.keras_files import Container, KerasModel, WeightRef

_TRANSPOSED = ("Transpose", "Deconvolution")
"""In the names of convolutions whose kernels have their filters last but one."""
_SEEDS = "seed_generator"
"""States of random numbers, which Keras 3 saves as variables and no page uses."""


_Expectation = tuple[str, str, bool]
"""A weight, the argument that tells one of its sizes, and whether the size is right."""


class Names(IntEnum):
    """How far the names of layers in both files agree."""

    NONE = 0
    """The weights name no layers, or others, so their order counts."""
    OF_WEIGHTS = 1
    """All layers with weights are named alike."""
    ALL = 2
    """And so are the layers without weights."""


def matched(
    model: KerasLayer, keras_model: KerasModel, own: OwnVariables
) -> tuple[KerasModel, Names]:
    """Return the weights under the names of the model's layers, and how these were found.

    If names differ, the layers with weights are matched in order, as Keras does it. If there are
    not as many, the weights are returned as they are.
    """
    if keras_model.dialect.container is not Container.HDF5:
        return keras_model, Names.NONE
    saved = {name: refs for name, refs in keras_model.weights.items() if refs}
    needed = [layer.name for layer in model.children if _needs_weights(layer, own)]
    if set(saved) == set(needed):
        known = {layer.name for layer in model.children}
        return keras_model, Names.ALL if known >= set(keras_model.weights) else Names.OF_WEIGHTS
    if len(saved) != len(needed):
        return keras_model, Names.NONE
    weights = dict(zip(needed, saved.values(), strict=True))
    return replace(keras_model, weights=weights), Names.NONE


def _needs_weights(layer: KerasLayer, own: OwnVariables) -> bool:
    """Whether a layer has variables; a layer of the user's, of which nothing is known, may."""
    return any(own(inner) != () for inner in layer.walk())


def misfit(
    model: KerasLayer,
    weights: LayerWeights,
    keras_model: KerasModel,
    own: OwnVariables,
    rules: Rules,
) -> str:
    """Say why the weights are not those of `model`; empty if they may be.

    Parameters
    ----------
    model
        As the rules know it, with input shapes.
    weights
        What was found for it, by layer path and variable name.
    keras_model
        The file of the weights.
    own
        Returns the variables of a layer.
    """
    for layer in model.walk():
        for name, told, size in _wrong_sizes(layer, weights.get(layer.path, {})):
            return f"{layer.path} has {told}, but its saved {name} {_shape(size)}"
    problem = _wrong_for_inputs(model, weights, rules, Report(keras_model.display_name))
    if problem:
        return problem
    if any(own(layer) is None for layer in model.walk() if layer.class_name not in CONTAINERS):
        return ""
    left = next(_left_over(keras_model.weights, weights), "")
    return f"it has no layer for the saved weights {left!r}" if left else ""


def _shape(shape: tuple[int, ...]) -> str:
    return f"has the shape {'x'.join(map(str, shape))}"


def _wrong_sizes(layer: KerasLayer, weights: Weights) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield the weights whose sizes contradict the arguments: name, argument and real shape.

    Layers of all kinds spell their arguments alike, so these tell what to expect.
    """
    shapes = {name: tuple(source.shape) for name, source in weights.items()}
    for name, argument, is_right in (*_outputs(layer, shapes), *_windows(layer.config, shapes)):
        if not is_right:
            yield name, f"{argument}={layer.config[argument]}", shapes[name]


def _outputs(layer: KerasLayer, shapes: Mapping[str, Shape]) -> Iterator[_Expectation]:
    """Yield which weights have the sizes that the arguments give to a layer's output."""
    config, is_transposed = layer.config, any(word in layer.class_name for word in _TRANSPOSED)
    recurrent, kernel = shapes.get("recurrent_kernel"), shapes.get("kernel")
    pointwise, table = shapes.get("pointwise_kernel"), shapes.get("embeddings")
    for argument in sorted({"units", "filters"} & config.keys()):
        size = config[argument]
        if recurrent:
            yield "recurrent_kernel", argument, recurrent[-2:-1] == (size,)
        elif pointwise:
            yield "pointwise_kernel", argument, pointwise[-1] == size
        elif kernel and not _is_local(config):
            yield "kernel", argument, kernel[-2 if is_transposed else -1] == size
        if "bias" in shapes and not recurrent:
            yield "bias", argument, shapes["bias"][-1:] == (size,)
    if table and {"input_dim", "output_dim"} <= config.keys():
        yield "embeddings", "input_dim", table[0] == config["input_dim"]
        yield "embeddings", "output_dim", table[-1] == config["output_dim"]


def _windows(config: Mapping[str, Json], shapes: Mapping[str, Shape]) -> Iterator[_Expectation]:
    """Yield which kernels have the sizes of the windows."""
    depthwise, sizes = shapes.get("depthwise_kernel"), config.get("kernel_size")
    for name in ("kernel", "depthwise_kernel"):
        axes = shapes.get(name, ())[:-2]
        if sizes and axes and not _is_local(config):
            yield name, "kernel_size", axes == _of_rank(sizes, len(axes))
    if depthwise and "depth_multiplier" in config:
        yield "depthwise_kernel", "depth_multiplier", depthwise[-1] == config["depth_multiplier"]


def _of_rank(sizes: Json, rank: int) -> tuple[int, ...]:
    return (sizes,) * rank if isinstance(sizes, int) else tuple(sizes)


def _is_local(config: Mapping[str, Json]) -> bool:
    """Whether each place has a kernel of its own; how these are laid out is a choice."""
    return "implementation" in config and "filters" in config


def _wrong_for_inputs(
    model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report
) -> str:
    """Say which layer gets inputs of other sizes than its weights are for."""
    facts = infer(model, rules, report)
    for layer in model.walk():
        saved = weights.get(layer.path, {})
        accepted = list(_accepted(layer, weights, rules))
        for call in facts.calls.get(layer.path, ()):
            shape = call[0].shape
            if shape and not _is_accepted(shape, accepted):
                return f"the inputs of {layer.path} have other sizes than its saved weights"
            for name, told in (_told(layer, shape, rules) if shape else {}).items():
                if name in saved and not agree(told, tuple(saved[name].shape)):
                    return f"{layer.path} needs a {name} of another shape than the saved one"
    return ""


def _is_accepted(shape: Shape, accepted: Sequence[Shape]) -> bool:
    """Whether an input fits; Keras also takes some with more axes, of which nothing is told."""
    alike = [other for other in accepted if len(other) == len(shape)]
    return not alike or any(agree(shape, other) for other in alike)


def _accepted(layer: KerasLayer, weights: LayerWeights, rules: Rules) -> Iterator[Shape]:
    axis = layer.config.get("axis")
    is_over_several = isinstance(axis, list) and len(axis) > 1  # such weights tell of no single one
    if layer.class_name not in CONTAINERS and not is_over_several:
        yield from accepted_shapes(layer, weights, rules)


def _told(layer: KerasLayer, shape: Shape, rules: Rules) -> Mapping[str, Shape]:
    """Return the shapes of weights that the layer's family tells, if its arguments make sense."""
    tell = traits_of(rules, layer).weight_shapes
    if tell is None:
        return {}
    try:
        return tell(layer, shape)
    except NONSENSE:
        return {}  # its rule tells what is wrong


def _left_over(saved: Mapping[str, tuple[WeightRef, ...]], weights: LayerWeights) -> Iterator[str]:
    """Yield the groups of weights of which there are more than all layers together have.

    Weights that are computed from several saved ones are counted by the groups they are in.
    """
    found = [source for of_layer in weights.values() for source in of_layer.values()]
    used = {id(origin) for source in found for origin in origins(source)}
    for path, refs in saved.items():
        if refs and _SEEDS not in path.rpartition("/")[2] and not any(id(r) in used for r in refs):
            yield path
