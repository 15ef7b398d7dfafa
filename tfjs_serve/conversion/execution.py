"""The order in which TF.js computes the tensors of a graph.

It matters because calls of one prediction share an object with the mask in it; see `mask_use`.
"""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.conversion.graph import Node
from tfjs_serve.conversion.model import Graph, TensorRef


def execution_order(graph: Graph, calls: Collection[Node]) -> tuple[TensorRef, ...]:
    """Return the tensors in the order of ``execute`` in ``tfjs-layers/src/engine/executor.ts``.

    Each output of a call is computed on its own, by calling the layer again.

    Parameters
    ----------
    calls
        Those that can be made; others are left out.
    """
    order: dict[TensorRef, None] = {}
    for output in graph.outputs:
        for tensor in _walk(graph, calls, output):
            order.setdefault(tensor)
    return tuple(order)


def _walk(graph: Graph, calls: Collection[Node], output: TensorRef) -> list[TensorRef]:
    """Return what `output` depends on and itself, depth first, last inputs first."""
    order: list[TensorRef] = []
    done: set[TensorRef] = set()
    opened: set[TensorRef] = set()
    stack = [output]
    while stack:
        tensor = stack[-1]
        node = (tensor.layer, tensor.call)
        if tensor in done or node not in calls:
            stack.pop()
        elif tensor in opened or not graph.calls[node[0]][node[1]].inputs:
            stack.pop()
            order.append(tensor)
            done.add(tensor)
        else:
            opened.add(tensor)
            stack += [ref for ref in graph.calls[node[0]][node[1]].inputs if ref not in done]
    return order
