"""From the signature of a layer to sets of arguments: given, omitted, combined."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.parity.cases.case import Arguments, Keras, Made, slug

from .subjects import EXCLUDED, FAMILIES, Given
from .subjects.subject import Subject
from .values import changes_nothing, values_of

EVERY_LAYER = ("dtype", "trainable", "name")
"""Arguments that layers take as ``**kwargs``."""


class UnknownToTheGridError(Exception):
    """Keras has a class or an argument that the tables do not know."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value for one argument of the layer, or of its call."""

    name: str
    value: Any
    of_call: bool = False

    @property
    def matters(self) -> bool:
        return self.of_call or not changes_nothing(self.name)

    def __str__(self) -> str:
        return f"{'call.' if self.of_call else ''}{self.name}_{slug_of(self.value)}"


def slug_of(value: Any) -> str:
    """Return a short spelling, another one for each value in the tables."""
    if isinstance(value, Given):
        return "x".join(("tensor", *map(str, value.shape)))
    if isinstance(value, Made):
        arguments = (f"{name}.{slug_of(one)}" for name, one in value.arguments.items())
        return ".".join((value.path.rpartition(".")[2], *arguments))
    if isinstance(value, (list, tuple)):
        return "x".join(map(slug_of, value)) + ("x" if len(value) == 1 else "")
    return slug(value)


Choices = tuple[Choice, ...]


def parameters_of(layer_class: type) -> list[str]:
    """Return the names of the arguments of a class, those that all layers take at the end."""
    parameters = inspect.signature(layer_class.__init__).parameters.values()  # type: ignore[misc]  # of a class, not an instance
    named = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)][1:]
    return [*named, *(name for name in EVERY_LAYER if name not in named)]


def choices_of(subject: Subject, layer_class: type) -> list[Choice]:
    """Return all single choices for a subject.

    Raises
    ------
    UnknownToTheGridError
        An argument is in none of the tables.
    """
    choices = []
    for name in parameters_of(layer_class):
        if subject.limited and name not in subject.values:
            continue
        values = subject.values.get(name, values_of(name))
        if name in subject.base and values is None:
            continue
        if values is None:
            raise UnknownToTheGridError(
                f"{subject.class_name} has an argument {name!r}: add values for it to values.py"
            )
        choices += [Choice(name, value) for value in values]
    calls = [
        Choice(n, value, of_call=True) for n, values in subject.calls.items() for value in values
    ]
    return [*choices, *calls]


def variations(choices: Sequence[Choice]) -> Iterator[Choices]:
    """Yield no choice, each alone, pairs of those that matter, all others together."""
    yield ()
    yield from ((choice,) for choice in choices)
    yield from pairs([choice for choice in choices if choice.matters])
    rest = {choice.name: choice for choice in reversed(choices) if not choice.matters}
    yield from [tuple(rest.values())] if len(rest) > 1 else []


def pairs(choices: Sequence[Choice]) -> Iterator[Choices]:
    """Yield pairs of choices of different arguments: at most two values of each argument."""
    few: dict[str, list[Choice]] = {}
    for choice in choices:
        if choice.name != "dtype":
            few.setdefault(f"{choice.of_call} {choice.name}", []).append(choice)
    for first, second in itertools.combinations(few.values(), 2):
        yield from itertools.product(first[:2], second[:2])


def arguments_of(choices: Choices, *, of_call: bool) -> Arguments:
    """Return the chosen arguments of the layer, or of its call."""
    return {choice.name: choice.value for choice in choices if choice.of_call is of_call}


def classes_of(keras: Keras) -> Mapping[str, type]:
    """Return the classes of ``keras.layers``, each under its own name only.

    Raises
    ------
    UnknownToTheGridError
        A class is in none of the tables.
    """
    known = {subject.class_name for table in FAMILIES.values() for subject in table}
    found: dict[str, type] = {}
    exported = {name: c for name, c in vars(keras.layers).items() if inspect.isclass(c)}
    for name, layer_class in sorted(exported.items(), key=lambda item: item[0] not in known):
        if name not in EXCLUDED and layer_class not in found.values():
            found[name] = layer_class
    if missing := sorted(found.keys() - known):
        raise UnknownToTheGridError(
            f"no subject for {', '.join(missing)}: add one in tests/parity/grid/subjects/"
        )
    return found
