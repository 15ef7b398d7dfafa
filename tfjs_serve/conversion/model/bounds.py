"""Limits for the size of one model, checked while its configuration is read.

A few kilobytes can describe a model of a million calls, because layers can be shared. The steps
after reading take time and memory for each layer and each call, so both are limited here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from tfjs_serve.conversion.model.layers import Graph
from tfjs_serve.errors import UnsafeFileError

MAXIMUM_LAYERS = 10_000
"""The largest models of keras.applications have about 1,000."""
MAXIMUM_NESTING = 32
"""How many levels of models and wrappers may be inside each other."""
MAXIMUM_CALLS = 20_000
MAXIMUM_REFERENCES = 50_000
"""Inputs of all calls together."""
MAXIMUM_ENDS = 1_000
"""Inputs and outputs of a model together."""
MAXIMUM_STEPS = 5_000_000
"""The number of a model's outputs times the number of its calls' inputs, because each output is
traced back to the model's inputs. NASNetLarge with all its layers as outputs has 1.4 million."""
MAXIMUM_RUNS = 100_000
"""Calls of layers in one prediction; a model that is called twice makes its own calls twice."""
MAXIMUM_ROUNDS = 1_000
"""How often TF.js's loader may go through a model before it has made all calls; see
``inference/load_order.py``."""
MAXIMUM_NUMBERS = 1 << 28
"""Numbers in one tensor, not counting the batch: 1 GiB, more than a browser can handle."""
MAXIMUM_NAME_CHARACTERS = 1_000
"""Keras sets no limit; names that programs put together have a few hundred."""
MAXIMUM_PATH_CHARACTERS = 2_000

_HINT_SIZE = "split the model; or the file is made to exhaust this machine"
_HINT_NAME = "give the layer another name, such as dense_1, and save the model again"
_NOT_SHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, halves of surrogate pairs, separators of lines and paragraphs."""
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction in which text is shown."""


class Bounds:
    """Counts the parts of one model, and refuses the file when there are too many.

    Parameters
    ----------
    display_name
        The name of the file in messages.
    """

    def __init__(self, display_name: str) -> None:
        self._display_name = display_name
        self._layers = self._depth = self._calls = self._references = 0

    def count_layers(self, count: int) -> None:
        """Count layers.

        Raises
        ------
        UnsafeFileError
            The model has too many.
        """
        self._layers += count
        if self._layers > MAXIMUM_LAYERS:
            self._refuse(f"has more than {MAXIMUM_LAYERS} layers", _HINT_SIZE)

    @contextmanager
    def one_more(self, path: str) -> Iterator[None]:
        """Count a layer; all layers that are counted within the context are inside it.

        Raises
        ------
        UnsafeFileError
            The model has too many layers, or they are nested too deeply.
        """
        self.count_layers(1)
        self._depth += 1
        if self._depth > MAXIMUM_NESTING:
            self._refuse(
                f"nests layers deeper than {MAXIMUM_NESTING} levels, at {path!r}", _HINT_SIZE
            )
        yield
        self._depth -= 1

    def count_graph(self, graph: Graph, path: str) -> None:
        """Count the calls of a graph and their inputs.

        Raises
        ------
        UnsafeFileError
            There are too many calls, inputs or outputs.
        """
        self._calls += sum(map(len, graph.calls.values()))
        references = sum(len(call.inputs) for calls in graph.calls.values() for call in calls)
        self._references += references
        found = {
            f"calls its layers more than {MAXIMUM_CALLS} times": self._calls > MAXIMUM_CALLS,
            f"has calls with more than {MAXIMUM_REFERENCES} inputs in all": (
                self._references > MAXIMUM_REFERENCES
            ),
            f"has more than {MAXIMUM_ENDS} inputs and outputs": (
                len(graph.inputs) + len(graph.outputs) > MAXIMUM_ENDS
            ),
            "has too many outputs for so many calls": (
                len(graph.outputs) * references > MAXIMUM_STEPS
            ),
        }
        for what, is_too_much in found.items():
            if is_too_much:
                self._refuse(f"{what}, at {path!r}", _HINT_SIZE)

    def check_names(self, path: str, *names: str) -> None:
        """Check names of layers and classes, which will appear in documents and messages.

        Raises
        ------
        UnsafeFileError
            A name or the path is too long, has characters that cannot be shown, or looks like a
            path to another folder.
        """
        for name in names:
            self._check_name(path, name)

    def _check_name(self, path: str, name: str) -> None:
        what = _name_problem(name)
        if what is None and len(path) > MAXIMUM_PATH_CHARACTERS:
            name, what = path, "is a path that is too long"
        if what is not None:
            shown = repr(name[:60]) + ("..." if len(name) > 60 else "")
            self._refuse(f"has a layer named {shown}, which {what}", _HINT_NAME)

    def _refuse(self, what: str, hint: str) -> NoReturn:
        raise UnsafeFileError(f"{self._display_name} {what}", hint=hint)


def _name_problem(name: str) -> str | None:
    """Return why a name is refused, as the end of a sentence."""
    if len(name) > MAXIMUM_NAME_CHARACTERS:
        return f"has {len(name)} characters"
    if any(unicodedata.category(c) in _NOT_SHOWN or c in _TURNS_TEXT for c in name):
        return "holds characters that cannot be shown"
    if {".", ".."} & set(re.split(r"[/\\]", name)):
        return "looks like a path that leads elsewhere"
    return None
