"""Random graphs.

A random graph is always the same for the same number. It is grown from its inputs: each step takes
tensors that are there, calls a layer (a new one, one that was called before, a whole model) or
computes with them, and at the end some of the tensors are arranged as outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.parity.cases.case import Keras

from .graphs import INPUTS, OUTPUTS, WIDTH, Graph, dense

COUNT = 120


@dataclass(slots=True)
class Growing:
    """A graph that grows: what it has so far."""

    keras: Keras
    random: np.random.Generator
    tensors: list[Any] = field(default_factory=list)
    layers: list[tuple[int, Any]] = field(default_factory=list)

    def choose(self, rank: int) -> Any:
        """Return one of the tensors of a rank, or make one of another."""
        fitting = [tensor for tensor in self.tensors if len(tensor.shape) == rank]
        if fitting:
            return fitting[self.random.integers(len(fitting))]
        tensor = self.tensors[self.random.integers(len(self.tensors))]
        if rank == 3:
            return self.keras.layers.RepeatVector(3)(tensor)
        return self.keras.layers.GlobalMaxPooling1D()(tensor)

    def grow(self) -> None:
        """Take a step."""
        step = STEPS[self.random.integers(len(STEPS))]
        self.tensors += step(self)


def new_layer(graph: Growing) -> list[Any]:
    layers, rank = graph.keras.layers, int(graph.random.integers(2, 4))
    makers: list[Callable[[], Any]] = [
        lambda: layers.Dense(WIDTH, activation="tanh"),
        lambda: layers.Dense(WIDTH, activation="gelu", trainable=False),
        lambda: layers.LayerNormalization(axis=-1),
        layers.BatchNormalization,
        lambda: layers.Dropout(0.5),
        layers.UnitNormalization,
        lambda: layers.EinsumDense("...a,ab->...b", WIDTH, bias_axes="b"),
    ]
    if rank == 3:
        makers += [
            lambda: layers.GRU(WIDTH, return_sequences=True),
            lambda: layers.LSTM(WIDTH),
            lambda: layers.Conv1D(WIDTH, 2, padding="causal"),
            lambda: layers.Bidirectional(layers.GRU(WIDTH), merge_mode="sum"),
        ]
    layer = makers[graph.random.integers(len(makers))]()
    graph.layers.append((rank, layer))
    return [layer(graph.choose(rank))]


def known_layer(graph: Growing) -> list[Any]:
    if not graph.layers:
        return []
    rank, layer = graph.layers[graph.random.integers(len(graph.layers))]
    return [layer(graph.choose(rank))]


def merged(graph: Growing) -> list[Any]:
    layers, rank = graph.keras.layers, int(graph.random.integers(2, 4))
    merge = [layers.Add, layers.Subtract, layers.Multiply, layers.Maximum, layers.Average]
    return [merge[graph.random.integers(len(merge))]()([graph.choose(rank), graph.choose(rank)])]


def joined(graph: Growing) -> list[Any]:
    pair = [graph.choose(2), graph.choose(2)]
    return [dense(graph.keras, graph.keras.layers.Concatenate()(pair))]


def whole_model(graph: Growing) -> list[Any]:
    """A nested model, which may be called again later."""
    keras, rank = graph.keras, int(graph.random.integers(2, 4))
    given = keras.Input((WIDTH,) if rank == 2 else (3, WIDTH))
    inner = Growing(keras, graph.random, [given])
    for _ in range(3):
        new = new_layer(inner) if graph.random.integers(2) else merged(inner)
        inner.tensors += new
    model = keras.Model(given, inner.choose(rank) if inner.choose(rank) is not given else new[-1])
    graph.layers.append((rank, model))
    return [model(graph.choose(rank))]


def with_states(graph: Growing) -> list[Any]:
    layer = graph.keras.layers.LSTM(WIDTH, return_sequences=True, return_state=True)
    outputs = layer(graph.choose(3))
    return [outputs[index] for index in graph.random.permutation(3)[:2]]


def attended(graph: Growing) -> list[Any]:
    layer = graph.keras.layers.MultiHeadAttention(2, 3)
    return [layer(graph.choose(3), graph.choose(3))]


def operators(graph: Growing) -> list[Any]:
    rank = int(graph.random.integers(2, 4))
    one, two = graph.choose(rank), graph.choose(rank)
    return [
        [one * 0.5 + two, 1.0 - one, one * two, -two, (one + 1.0) / 2.0][graph.random.integers(5)]
    ]


STEPS: tuple[Callable[[Growing], list[Any]], ...] = (
    *(new_layer, new_layer, new_layer, known_layer, known_layer, merged, joined, whole_model),
    *(with_states, attended, operators),
)


def random_graph(number: int) -> Callable[[Keras], Any]:
    """Return the function that builds the random graph of a number."""

    def build(keras: Keras) -> Any:
        random = np.random.default_rng(number)
        inputs = [keras.Input((WIDTH,), name="in_0"), keras.Input((3, WIDTH), name="in_1")]
        graph = Growing(keras, random, list(inputs))
        for _ in range(random.integers(3, 15)):
            graph.grow()
        outputs = [*graph.tensors[-2:], graph.tensors[random.integers(len(graph.tensors))]]
        arrange = list(OUTPUTS.values())[random.integers(len(OUTPUTS))]
        return keras.Model(list(INPUTS.values())[number % 2](inputs), arrange(outputs))

    return build


def random_graphs() -> Iterator[Graph]:
    """Yield the random graphs."""
    for number in range(COUNT):
        yield Graph(name=f"random-{number}", build=random_graph(number))
