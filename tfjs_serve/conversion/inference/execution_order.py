"""The order in which TF.js computes the tensors of a graph.

It matters because the calls of one prediction share an object that holds the mask; see
``inference/shared_arguments.py``.
"""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.conversion.model.layers import CallKey, Graph, TensorRef


def execution_order(graph: Graph, calls: Collection[CallKey]) -> tuple[TensorRef, ...]:
    """Return the tensors in the order of ``execute`` in ``tfjs-layers/src/engine/executor.ts``.

    Each output of a call is computed separately, by calling the layer again.

    Parameters
    ----------
    calls
        The calls that can be made; others are left out.
    """
    order: dict[TensorRef, None] = {}
    for output in graph.outputs:
        for tensor in _walk(graph, calls, output):
            order.setdefault(tensor)
    return tuple(order)


def _walk(graph: Graph, calls: Collection[CallKey], output: TensorRef) -> list[TensorRef]:
    """Return the tensors that `output` depends on, then itself: depth first, last inputs first."""
    order: list[TensorRef] = []
    done: set[TensorRef] = set()
    opened: set[TensorRef] = set()
    stack = [output]
    while stack:
        tensor = stack[-1]
        key = tensor.key
        if tensor in done or key not in calls:
            stack.pop()
        elif tensor in opened or not graph.call(key).inputs:
            stack.pop()
            order.append(tensor)
            done.add(tensor)
        else:
            opened.add(tensor)
            stack += [ref for ref in graph.call(key).inputs if ref not in done]
    return order
