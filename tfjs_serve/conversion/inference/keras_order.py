"""The order in which Keras makes the calls of a graph.

It matters where a call removes the masks of its inputs; see ``masks/attention_calls.py``.
"""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.conversion.model.layers import CallKey, Graph


def keras_order(graph: Graph, calls: Collection[CallKey]) -> list[CallKey]:
    """Return the calls in the order of ``_run_through_graph`` in ``keras/src/ops/function.py``.

    Deeper calls come first. A call is deeper than all calls that use its outputs, and at least as
    deep as the later calls of its layer.

    Parameters
    ----------
    calls
        The calls that can be made; others are left out.
    """
    depths: dict[CallKey, int] = {}
    of_layers: dict[str, int] = {}
    for key in reversed(_finished(graph, calls)):
        depth = max(depths.setdefault(key, 0), of_layers.get(key[0], 0))
        depths[key] = of_layers[key[0]] = depth
        for source in _sources(graph, calls, key):
            depths[source] = max(depth + 1, depths.get(source, 0))
    return sorted(depths, key=lambda key: -depths[key])


def _sources(graph: Graph, calls: Collection[CallKey], key: CallKey) -> list[CallKey]:
    refs = graph.call(key).inputs
    return [ref.key for ref in refs if ref.key in calls]


def _finished(graph: Graph, calls: Collection[CallKey]) -> list[CallKey]:
    """Return the calls that the outputs depend on, each after the calls that it depends on."""
    order: dict[CallKey, None] = {}
    opened: set[CallKey] = set()
    for output in graph.outputs:
        stack = [output.key] if output.key in calls else []
        while stack:
            key = stack[-1]
            if key in opened:
                stack.pop()
                order.setdefault(key)
                continue
            opened.add(key)
            stack += [
                source for source in reversed(_sources(graph, calls, key)) if source not in opened
            ]
    return list(order)
