"""RNN of one cell or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Build,
    Case,
    Keras,
    Made,
    case_id,
    layer,
    made,
    resolved,
)
from tests.parity.cases.inputs import numbers, padded_sequences
from tests.parity.cases.layers.recurrent.native import KINDS

# --- What TensorFlow.js has --------------------------------------------------------------------


def cells(keras: Keras, spelling: str) -> Any:
    """Return the cell, or cells, that ``RNN`` is given."""
    single = {
        "SimpleRNNCell": made("layers.SimpleRNNCell", units=3, activation="relu"),
        "LSTMCell": made("layers.LSTMCell", units=3, unit_forget_bias=False),
        "GRUCell": made("layers.GRUCell", units=3, reset_after=False, use_bias=False),
    }
    both: list[Made] = [
        made("layers.LSTMCell", units=3),
        made("layers.GRUCell", units=2, reset_after=False),
    ]
    if spelling == "list":
        return [cell.make(keras) for cell in both]
    if spelling == "StackedRNNCells":
        return keras.layers.StackedRNNCells([cell.make(keras) for cell in both])
    return single[spelling].make(keras)


def rnn_of_cells(spelling: str, arguments: Mapping[str, Any]) -> Case:
    def build(keras: Keras) -> Any:
        recurrent = keras.layers.RNN(cells(keras, spelling), **arguments)
        return keras.Sequential([keras.Input((4, 2)), recurrent])

    return Case(id=case_id(f"RNN.{spelling}", arguments), build=build)


def three_stacked(names: tuple[str, ...]) -> Build:
    def build(keras: Keras) -> Any:
        stack = [
            layer(keras, "SimpleRNNCell", units=n, name=name)
            for n, name in zip((2, 3, 4), names, strict=True)
        ]
        return keras.Sequential([keras.Input((4, 2)), keras.layers.RNN(stack)])

    return build


def cell_with_dropout(kind: str) -> Build:
    def build(keras: Keras) -> Any:
        rates = {"dropout": 0.3, "recurrent_dropout": 0.2}
        cell = layer(keras, f"{kind}Cell", units=3, **KINDS[kind], **rates)
        return keras.Sequential([keras.Input((4, 2)), keras.layers.RNN(cell)])

    return build


# --- What it lacks, or gets wrong ---------------------------------------------------------------

SEQUENCE = (4, 2)
CELLS: dict[str, list[Made]] = {
    "GRU": [made("layers.GRUCell", units=3)],
    "SimpleRNN": [made("layers.SimpleRNNCell", units=3, activation="softmax")],
    "LSTM.GRU": [made("layers.LSTMCell", units=2), made("layers.GRUCell", units=3)],
    "GRU.LSTM.SimpleRNN": [
        made("layers.GRUCell", units=4, use_bias=False),
        made("layers.LSTMCell", units=2),
        made("layers.SimpleRNNCell", units=3, activation="relu"),
    ],
    "LSTM.LSTM": [made("layers.LSTMCell", units=2), made("layers.LSTMCell", units=3)],
    "dropout": [
        made("layers.LSTMCell", units=2, dropout=0.3),
        made("layers.GRUCell", units=3, dropout=0.3, recurrent_dropout=0.2),
    ],
}


def rnn(keras: Keras, cells: str, **arguments: Any) -> Any:
    """Return an RNN of the cells of that name."""
    made_cells = resolved(keras, CELLS[cells])
    return keras.layers.RNN(made_cells if len(made_cells) > 1 else made_cells[0], **arguments)


def of_cells(
    cells: str, arguments: Mapping[str, Any], *, masks: bool = False, dialects: Any = None
) -> Case:
    def build(keras: Keras) -> Any:
        given = keras.Input((5, 2))
        flow = layer(keras, "Masking")(given) if masks else given
        return keras.Model(given, _flat(rnn(keras, cells, **arguments)(flow)))

    return Case(
        id=case_id(f"RNN.{cells}{'-masked' if masks else ''}", arguments),
        build=build,
        inputs=padded_sequences() if masks else numbers,
        dialects=dialects or (KERAS2, KERAS3),
    )


def _flat(outputs: Any) -> Any:
    """Return the outputs of an RNN, whose states are nested as its cells are."""
    if not isinstance(outputs, (list, tuple)):
        return outputs
    return [leaf for output in outputs for leaf in _leaves(_flat(output))]


def _leaves(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def started_stack(keras: Keras) -> Any:
    """States are nested: those of the first cell come first."""
    given, start = keras.Input(SEQUENCE), keras.Input((2,))
    sizes = [[2, 2], [3, 3]]
    states = [[layer(keras, "Dense", units=n)(start) for n in cell] for cell in sizes]
    stack = rnn(keras, "LSTM.LSTM", return_state=True, return_sequences=True)
    return keras.Model([given, start], _flat(stack(given, initial_state=states)))


def nested_stack(keras: Keras) -> Any:
    inner = keras.layers.StackedRNNCells(resolved(keras, CELLS["LSTM.GRU"]))
    outer = keras.layers.StackedRNNCells([inner, layer(keras, "GRUCell", units=2)])
    return keras.Sequential([keras.Input(SEQUENCE), keras.layers.RNN(outer)])


CASES = [
    *(
        rnn_of_cells(spelling, arguments)
        for spelling in ("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells", "list")
        for arguments in ({}, {"return_sequences": True, "go_backwards": True})
    ),
    *(
        Case(id=f"RNN.dropout-{kind}", build=cell_with_dropout(kind), dialects=(KERAS3,))
        for kind in KINDS
    ),
    Case(id="RNN.three-cells", build=three_stacked(("lower", "middle", "upper"))),
    *(of_cells(cells, {}) for cells in CELLS),
    *(of_cells(cells, {"return_sequences": True, "go_backwards": True}) for cells in CELLS),
    *(of_cells(cells, {"return_state": True}) for cells in CELLS),
    *(of_cells(cells, {"return_sequences": True}, masks=True) for cells in CELLS),
    Case(id="RNN.started-stack", build=started_stack),
    Case(id="RNN.nested-stack", build=nested_stack),
]
