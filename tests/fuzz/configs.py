"""Mutations of JSON that know its structure: a model's configuration, a ``model.json``."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

Json = Any
Place = tuple[Any, Any]
"""A list or object, and the index or key of a value in it."""

NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63),
    *(2**64, -(2**63), 10**6, 10**9, 10**18, 0.5, -0.5, 1e-320, 1e308, -0.0),
    *(float("nan"), float("inf"), float("-inf")),
)
TEXTS = (
    *("", " ", ".", "..", "../..", "/etc/passwd", "a\x00b", "a\nb", "\x1b[2J", "\ud800", "\u202e"),
    *("__proto__", "constructor", "toString", "<img onerror=alert(1)>", "%s%n", "{0}", "None"),
    *("Sequential", "Functional", "Lambda", "InputLayer", "Dense", "LSTM", "TimeDistributed"),
    *("Bidirectional", "RNN", "StackedRNNCells", "Add", "Concatenate", "Reshape", "Embedding"),
    *("TextVectorization", "StringLookup", "Conv2D", "BatchNormalization", "MultiHeadAttention"),
    *("__tuple__", "__numpy__", "__keras_tensor__", "__lambda__", "__import__('os')", "function"),
    *("float32", "int64", "string", "mixed_float16", "channels_first", "same", "causal", "relu"),
)
LARGEST_TEXT = 300_000
DEEPEST = 400
MOST_PLACES = 20_000
"""Documents grow until they have so many values: the campaign is to cost the server more."""


def mutate_text(chance: random.Random, text: str, lures: Sequence[str]) -> str:
    """Return a JSON document with some of its values changed.

    Parameters
    ----------
    lures
        Texts to put in place of others: paths that must not be followed.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return text
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if len(_places(document)) > MOST_PLACES:
            break
        with suppress(RecursionError):  # too deep to be copied
            document = mutate(chance, document, lures)
    written = _dumps(document)
    if chance.random() < 0.05:
        written = _not_quite_json(chance, written)
    return written


def mutate(chance: random.Random, document: Json, lures: Sequence[str]) -> Json:
    """Return the document after one change; it may be changed in place."""
    places = list(_places(document))
    if not places:
        return chance.choice((None, [], {}, 0, "x"))
    holder, key = chance.choice(places)
    weights = [weight for _, weight in CHANGES]
    change = chance.choices([change for change, _ in CHANGES], weights)[0]
    change(chance, (holder, key), places, lures)
    return document


def _count(value: Json) -> int:
    return 1 + len(_places([value]))


def _places(value: Json) -> list[Place]:
    places: list[Place] = []
    todo = [value] if isinstance(value, (dict, list)) else []
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            places.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                todo.append(holder[key])
    return places


Change = Callable[[random.Random, Place, Sequence[Place], Sequence[str]], None]


def delete(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    holder, key = at
    del holder[key]


def repeat(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    holder, key = at
    count = min(chance.choice((1, 1, 2, 10, 300)), MOST_PLACES // _count(holder[key]))
    if isinstance(holder, list):
        holder[key:key] = [copy.deepcopy(holder[key]) for _ in range(count)]
    elif isinstance(holder[key], list):
        holder[key] = holder[key] * (count + 1)


def retype(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    holder, key = at
    value = holder[key]
    others: tuple[Json, ...] = (
        *(None, True, False, [], {}, [value], {"a": value}, [[]], str(value)[:99]),
        *({"class_name": "__numpy__", "config": {"value": value}}, [None], [-1], [0], [2**40]),
    )
    holder[key] = copy.deepcopy(chance.choice(others))


def number(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    """Change a number, one that is there already if possible."""
    of_numbers = [(h, k) for h, k in places if type(h[k]) in (int, float)]
    holder, key = chance.choice(of_numbers or [at])
    holder[key] = chance.choice((*NUMBERS, chance.randrange(-3, 20)))


def text(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    of_texts = [(h, k) for h, k in places if isinstance(h[k], str)]
    holder, key = chance.choice(of_texts or [at])
    others = [h[k] for h, k in of_texts] or ["x"]
    holder[key] = chance.choice((chance.choice(TEXTS), chance.choice(others), *lures[:1]))
    if chance.random() < 0.1:
        holder[key] = chance.choice("aé\x01\ud83d") * chance.choice((300, 5_000, LARGEST_TEXT))


def lure(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    """Put a path where Keras might read a file: vocabularies, for one."""
    keys = ("vocabulary", "path", "file", "paths", "config", "initializer", "vocabulary_path")
    named = [(h, k) for h, k in places if k in keys or isinstance(h[k], str)]
    holder, key = chance.choice(named or [at])
    path = chance.choice(lures)
    holder[key] = [path] if isinstance(holder[key], list) else path


def rename(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    of_objects = [(h, k) for h, k in places if isinstance(h, dict)]
    holder, key = chance.choice(of_objects or [at])
    if isinstance(holder, dict):
        keys = [k for h, k in of_objects]
        holder[chance.choice((*TEXTS[:20], *keys))] = holder.pop(key)


def swap(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    (first, i), (second, j) = at, chance.choice(places)
    first[i], second[j] = copy.deepcopy(second[j]), copy.deepcopy(first[i])


def deepen(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    holder, key = at
    value = holder[key]
    for _ in range(chance.choice((1, 3, 40, 150, DEEPEST))):
        value = chance.choice(([value], {"config": value}))
    holder[key] = value


def nest(chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]) -> None:
    """Wrap a layer into others, as often as may be."""
    of_layers = [(h, k) for h, k in places if isinstance(h[k], dict) and "class_name" in h[k]]
    holder, key = chance.choice(of_layers or [at])
    inner = holder[key]
    for index in range(chance.choice((1, 2, 8, 30))):
        name = chance.choice(("TimeDistributed", "Bidirectional", "Sequential", "RNN"))
        key_of_inner = {"Sequential": "layers", "RNN": "cell"}.get(name, "layer")
        part = {key_of_inner: [inner] if name == "Sequential" else inner}
        inner = {"class_name": name, "config": {"name": f"w{index}", "trainable": True, **part}}
    holder[key] = inner


def connect(
    chance: random.Random, at: Place, places: Sequence[Place], lures: Sequence[str]
) -> None:
    """Let a call take another tensor: cycles, calls that are not there, outputs that are not."""
    of_refs = [
        (h, k)
        for h, k in places
        if isinstance(h[k], list) and len(h[k]) >= 3 and isinstance(h[k][0], str)
    ]
    if of_refs:
        holder, key = chance.choice(of_refs)
        name = chance.choice([h[k][0] for h, k in of_refs])
        holder[key] = [name, chance.choice((0, 0, 1, -1, 10**9)), chance.choice((0, 0, 1, -1))]


CHANGES: tuple[tuple[Change, float], ...] = (
    (delete, 3),
    (repeat, 2),
    (retype, 3),
    (number, 4),
    (text, 3),
    (lure, 1),
    (rename, 1),
    (swap, 2),
    (deepen, 1),
    (nest, 1),
    (connect, 2),
)


def _dumps(document: Json) -> str:
    """Write a document that may be deeper than Python's own writer goes."""
    try:
        return json.dumps(document)
    except RecursionError:
        return "[" * DEEPEST + "]" * DEEPEST


def _not_quite_json(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    inserted = chance.choice(("1e999", "[" * 100_000, "9" * 5_000, "NaN", '"', "\\ud800", ",", "}"))
    return text[:at] + inserted + text[at:]
