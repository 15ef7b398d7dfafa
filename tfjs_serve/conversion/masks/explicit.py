"""Turns masks into tensors of the graph, for models in which TF.js would use wrong masks.

TF.js lets masks travel beside tensors, loses them at nested models and mixes them up between
layers (see ``inference/shared_arguments.py``). Here the model becomes one flat graph without such
masks: separate layers compute the masks, and a layer that uses a mask gets it as its last input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import zip_longest

from tfjs_serve.conversion.inference.keras_order import keras_order
from tfjs_serve.conversion.inference.load_order import load_order
from tfjs_serve.conversion.masks.attention_calls import masked_call
from tfjs_serve.conversion.masks.given import Masks, given_masks, used_masks, with_given_masks
from tfjs_serve.conversion.masks.users import FOR_EACH_INPUT, has_full_mask, replaces_masked
from tfjs_serve.conversion.model.layers import (
    CONTAINERS,
    Call,
    CallKey,
    Graph,
    Json,
    KerasLayer,
    TensorRef,
)
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.rules.registry import Rules, passes_mask, traits_of
from tfjs_serve.conversion.rules.traits import Masking, MaskMerge, Traits, is_stateful

Tensors = tuple[TensorRef, ...]


def with_explicit_masks(model: KerasLayer, rules: Rules, report: Report) -> KerasLayer:
    """Return `model` as one flat graph in which masks are tensors; layers keep their paths."""
    flat = _FlatGraph(model, rules, report)
    inputs = flat.inputs(model)
    outputs = flat.call_model(model, inputs)
    flat.give_all_calls_masks()
    flat.order_calls_with_states()
    graph = Graph(
        inputs=inputs,
        outputs=outputs,
        calls={name: tuple(calls) for name, calls in flat.calls.items()},
    )
    return replace(
        model, class_name="Functional", children=tuple(flat.layers.values()), graph=graph
    )


class _FlatGraph:
    """The flat graph, built call by call, and the masks of its tensors so far."""

    def __init__(self, root: KerasLayer, rules: Rules, report: Report) -> None:
        self._root = root
        self._rules = rules
        self._report = report
        self._names: dict[str, str] = {}
        self._masks: dict[TensorRef, TensorRef] = {}
        self._used: dict[TensorRef, Masks] = {}
        self._mask_layers = 0
        self.layers: dict[str, KerasLayer] = {}
        self.calls: dict[str, list[Call]] = {}

    def _traits(self, layer: KerasLayer) -> Traits:
        return traits_of(self._rules, layer)

    def inputs(self, model: KerasLayer) -> Tensors:
        """Add the inputs of the outermost model and return them."""
        if model.graph is None:
            return (self._add(model.children[0], Call(inputs=())),)
        layers = {child.name: child for child in model.children}
        return tuple(self._add(layers[ref.layer], Call(inputs=())) for ref in model.graph.inputs)

    def call_model(self, model: KerasLayer, inputs: Tensors) -> Tensors:
        """Add what one call of a model computes and return its outputs."""
        if model.graph is not None:
            return self._call_graph(model, model.graph, inputs)
        tensors = inputs
        for child in model.children:
            if child.class_name != "InputLayer":
                tensors = self._call(child, Call(inputs=tensors[:1]), ())
        return tensors

    def _call_graph(self, model: KerasLayer, graph: Graph, inputs: Tensors) -> Tensors:
        layers = {child.name: child for child in model.children}
        made: dict[CallKey, Tensors] = {
            ref.key: (tensor,) for ref, tensor in zip(graph.inputs, inputs, strict=True)
        }

        def tensor(ref: TensorRef) -> TensorRef:
            outputs = made[ref.key]
            # A model has all of its outputs here, a layer only the first: others differ by index.
            return (
                outputs[ref.tensor]
                if len(outputs) > 1
                else replace(outputs[0], tensor=max(ref.tensor, outputs[0].tensor))
            )

        ordered = with_given_masks(self._rules, layers, graph)
        order = load_order(replace(model, graph=ordered), self._report)
        for key in keras_order(ordered, order.numbers):
            if key not in made:
                layer, call = layers[key[0]], graph.call(key)
                masks = given_masks(self._rules, layer, call)
                given = tuple(ref and tensor(ref) for ref in masks)
                flat = replace(call, inputs=tuple(map(tensor, call.inputs)))
                made[key] = self._call(layer, flat, given, travels=not layer.saved_masks_only)
        return tuple(map(tensor, graph.outputs))

    def _call(
        self, layer: KerasLayer, call: Call, given: Masks, *, travels: bool = True
    ) -> Tensors:
        """Add one call.

        Parameters
        ----------
        given
            The masks among its arguments, which take precedence over those of its inputs.
        travels
            Whether it uses the mask of an input for which no mask is given.
        """
        if layer.class_name in CONTAINERS:
            return self.call_model(layer, call.inputs)
        if self._traits(layer).mask_use in FOR_EACH_INPUT:
            return self._call_attention(layer, call, given)
        inputs = call.inputs
        masks = tuple(one or self._masks.get(tensor) for tensor, one in zip_longest(inputs, given))
        masks = masks[: len(inputs)]
        arguments = {key: value for key, value in call.kwargs.items() if key != "mask"}
        output = self._add(self._without_mask(layer), replace(call, kwargs=arguments))
        used = used_masks(self._rules, layer, masks, given, travels=travels)
        if any(used):
            self._used[output] = used
        mask = self._mask_of_output(layer, inputs, masks)
        if mask is not None:
            self._masks[output] = mask
        return (output,)

    def _call_attention(self, layer: KerasLayer, call: Call, given: Masks) -> Tensors:
        """Add one call of a layer that uses a mask for each of its inputs."""
        casts = self.layers[call.inputs[0].layer].dtype != layer.dtype
        found = masked_call(layer, self._traits(layer), call, self._masks, given, casts=casts)
        output = self._add(layer, found.call)
        for tensor in found.cleared:
            self._masks.pop(tensor, None)
        if found.mask is not None:
            self._masks[output] = found.mask
        return (output,)

    def give_all_calls_masks(self) -> None:
        """Append masks to all calls of the layers that use some; a call without one gets ones."""
        for name in dict.fromkeys(tensor.layer for tensor in self._used):
            layer = replace(self.layers[name], mask_input=True)
            self.layers[name] = layer
            for index, call in enumerate(self.calls[name]):
                used = self._used.get(TensorRef(layer=name, call=index, tensor=0), ())
                masked = call.inputs if replaces_masked(self._rules, layer) else call.inputs[:1]
                masks = (
                    mask
                    or self._add_mask("Ones", {"full": has_full_mask(self._rules, layer)}, tensor)
                    for tensor, mask in zip_longest(masked, used)
                )
                self.calls[name][index] = replace(call, inputs=(*call.inputs, *masks))

    def order_calls_with_states(self) -> None:
        """Make each call of a stateful layer depend on the call before it, in Keras's order."""
        for name, layer in self.layers.items():
            calls = self.calls[name]
            if len(calls) > 1 and is_stateful(layer, self._traits):
                self.layers[name] = replace(layer, order_input=True)
                before = [calls[0].inputs[0]]
                before += [TensorRef(layer=name, call=i, tensor=0) for i in range(len(calls) - 1)]
                self.calls[name] = [
                    replace(call, inputs=(*call.inputs, tensor))
                    for call, tensor in zip(calls, before, strict=True)
                ]

    def _add(self, layer: KerasLayer, call: Call) -> TensorRef:
        name = self._name(layer)
        self._mask_layers += name not in self.layers and layer.class_name.startswith("masks.")
        self.layers.setdefault(name, replace(layer, name=name))
        self.calls.setdefault(name, []).append(call)
        return TensorRef(layer=name, call=len(self.calls[name]) - 1, tensor=0)

    def _name(self, layer: KerasLayer) -> str:
        """Return a unique name in the flat graph: the layer's own if it is free, else its path."""
        if layer.path not in self._names:
            taken = set(self._names.values())
            own = layer.name if layer.name not in taken else layer.path
            self._names[layer.path] = own
        return self._names[layer.path]

    def _add_mask(
        self, class_name: str, config: Mapping[str, Json], *inputs: TensorRef
    ) -> TensorRef:
        """Add a layer that computes a mask (``layers/mask_tensors.py``), and return the mask."""
        name = f"mask_{self._mask_layers}"
        layer = KerasLayer(
            class_name=f"masks.{class_name}",
            name=name,
            path=f"{self._root.path}/{name}",
            config=config,
            dtype="float32",
            generation=self._root.generation,
        )
        return self._add(layer, Call(inputs=inputs))

    def _mask_of_output(
        self, layer: KerasLayer, inputs: Tensors, masks: Sequence[TensorRef | None]
    ) -> TensorRef | None:
        traits = self._traits(layer)
        if not inputs:
            return None
        if traits.mask_maker is not None:
            made = traits.mask_maker.made(layer)
            return None if made is None else self._add_mask("Made", asdict(made), inputs[0])
        if not passes_mask(traits, layer):
            return None
        if len(inputs) > 1 and traits.masking is Masking.PASSES:
            return self._merged(layer, inputs, masks)
        return masks[0]

    def _merged(
        self, layer: KerasLayer, inputs: Tensors, masks: Sequence[TensorRef | None]
    ) -> TensorRef | None:
        """Return the mask of a merge layer (``compute_mask`` in ``base_merge.py``)."""
        present = [mask for mask in masks if mask is not None]
        union = layer.generation >= 3
        if not present:
            return None
        if self._traits(layer).mask_merge is MaskMerge.SIDE_BY_SIDE:
            config = {
                "axis": layer.config.get("axis", -1),
                "union": union,
                "masked": [mask is not None for mask in masks],
            }
            return self._add_mask("Joined", config, *inputs, *present)
        if union and len(present) < len(masks):
            return None
        return self._add_mask("Merged", {"union": union}, *present)

    def _without_mask(self, layer: KerasLayer) -> KerasLayer:
        """Return the layer as one that makes no mask of its own in TF.js."""
        maker = self._traits(layer).mask_maker
        if maker is not None and maker.made(layer) is not None:
            return maker.without(layer)
        # Layers inside a wrapper get no masks but those that they make themselves.
        children = [
            with_explicit_masks(child, self._rules, self._report)
            if child.class_name in CONTAINERS
            else child
            for child in layer.children
        ]
        return replace(layer, children=tuple(children))
