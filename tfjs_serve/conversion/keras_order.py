"""The order in which Keras makes the calls of a graph.

It matters where a call changes what later ones see; see `attention_calls`.
"""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.conversion.graph import Node
from tfjs_serve.conversion.model import Graph


def keras_order(graph: Graph, calls: Collection[Node]) -> list[Node]:
    """Return the calls in the order of ``_run_through_graph`` in ``keras/src/ops/function.py``.

    Deeper calls come first, a call being deeper than all that use its outputs; a layer's earlier
    calls are at least as deep as its later ones.

    Parameters
    ----------
    calls
        Those that can be made; others are left out.
    """
    depths: dict[Node, int] = {}
    of_layers: dict[str, int] = {}
    for node in reversed(_finished(graph, calls)):
        depth = max(depths.setdefault(node, 0), of_layers.get(node[0], 0))
        depths[node] = of_layers[node[0]] = depth
        for source in _sources(graph, calls, node):
            depths[source] = max(depth + 1, depths.get(source, 0))
    return sorted(depths, key=lambda node: -depths[node])


def _sources(graph: Graph, calls: Collection[Node], node: Node) -> list[Node]:
    refs = graph.calls[node[0]][node[1]].inputs
    return [(ref.layer, ref.call) for ref in refs if (ref.layer, ref.call) in calls]


def _finished(graph: Graph, calls: Collection[Node]) -> list[Node]:
    """Return the calls that outputs depend on, each after those that it depends on itself."""
    order: dict[Node, None] = {}
    opened: set[Node] = set()
    for output in graph.outputs:
        stack = [(output.layer, output.call)] if (output.layer, output.call) in calls else []
        while stack:
            node = stack[-1]
            if node in opened:
                stack.pop()
                order.setdefault(node)
                continue
            opened.add(node)
            stack += [
                source for source in reversed(_sources(graph, calls, node)) if source not in opened
            ]
    return list(order)
