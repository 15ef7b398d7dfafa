"""Keeps Python code out of what is written for Keras.

Keras has two objects that hold a function as bytecode, which runs when a model is loaded or called:
the layer Lambda, and ``__lambda__`` wherever a function can stand. Keras 3 refuses them unless it
is told otherwise, and tf_keras runs those of ``.h5`` files. A ``model.json`` is data, whoever wrote
it. So neither comes from one: not as a layer that the page is said to register, and not by the
record.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.raising.model import Raised

_CODE = frozenset({"Lambda", "__lambda__"})
_HINT = "Replace it by layers of Keras in the model that this one came from."
_NOTE = "The compile settings hold Python code ({}), and are left out."


def refuse_code(model: Raised, report: Report) -> None:
    """Report layers, and arguments of layers, that are Python code."""
    if found := code_in(model.config):
        message = f"It holds Python code ({found}), which a model of a page cannot have."
        report.problem(model.model, "custom-layer", message, _HINT)


def without_code(model: Raised) -> Raised:
    """Return the model without compile settings if there is Python code in them."""
    found = code_in([model.training, model.optimizer])
    if not found:
        return model
    notes = (*model.notes, _NOTE.format(found))
    empty = replace(model, training=None, optimizer=None, state=(), state_of_keras2=())
    return replace(empty, notes=notes)


def code_in(value: Json) -> str:
    """Return the name, or the class, of the first object that is Python code; empty if none is."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            kind = str(one.get("class_name")).rpartition(">")[2].rpartition(".")[2]
            if kind in _CODE:
                config = one.get("config")
                return str(config.get("name", kind) if isinstance(config, dict) else kind)
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return ""
