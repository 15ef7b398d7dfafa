"""Widens inputs that have one number, or one string, per sample.

TF.js turns a tensor ``(batch,)`` into ``(batch, 1)`` before it compares the shape with the model's
(``ensureTensorsRank2OrHigher`` in ``tfjs-layers/src/engine/training_tensors.ts``). So the outermost
model takes that shape, and a layer after the input restores Keras's shape.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.conversion.model.layers import Call, Graph, KerasLayer, TensorRef


def with_scalar_inputs(model: KerasLayer) -> KerasLayer:
    """Return the outermost model with inputs that TF.js can be fed."""
    scalars = [child for child in model.children if _is_scalar(child)]
    if not scalars:
        return model
    names = {child.name: _fresh(model, f"{child.name}_scalar") for child in scalars}
    children: list[KerasLayer] = []
    for child in model.children:
        if child.name in names:
            children += [_widened(child), _squeeze(child, names[child.name])]
        else:
            children.append(child)
    graph = model.graph and _rewired(model.graph, names)
    return replace(model, children=tuple(children), graph=graph)


def _is_scalar(layer: KerasLayer) -> bool:
    shape = layer.config.get("batch_input_shape")
    return layer.class_name == "InputLayer" and isinstance(shape, list) and len(shape) == 1


def _fresh(model: KerasLayer, name: str) -> str:
    taken = {child.name for child in model.children}
    while name in taken:
        name += "_"
    return name


def _widened(layer: KerasLayer) -> KerasLayer:
    shape = [*layer.config["batch_input_shape"], 1]
    return replace(layer, config={**layer.config, "batch_input_shape": shape})


def _squeeze(layer: KerasLayer, name: str) -> KerasLayer:
    texts = layer.dtype == "string"
    return KerasLayer(
        class_name="inputs.OneTextEach" if texts else "Reshape",
        name=name,
        path=f"{layer.path}/{name}",
        config={} if texts else {"target_shape": []},
        dtype="float32",
        generation=layer.generation,
    )


def _rewired(graph: Graph, names: dict[str, str]) -> Graph:
    def behind(ref: TensorRef) -> TensorRef:
        return replace(ref, layer=names.get(ref.layer, ref.layer))

    calls = {
        name: tuple(replace(call, inputs=tuple(map(behind, call.inputs))) for call in calls)
        for name, calls in graph.calls.items()
    }
    for source, name in names.items():
        calls[name] = (Call(inputs=(TensorRef(layer=source, call=0, tensor=0),)),)
    return replace(graph, outputs=tuple(map(behind, graph.outputs)), calls=calls)
