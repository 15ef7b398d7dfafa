"""All cases of the grid, and the sample of them that every test run has time for."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.parity.cases.case import BATCH, Keras, generator, random_weight
from tests.parity.cases.inputs import Array

from .generate import Choice, Choices, choices_of, classes_of, variations
from .graphs import shapes
from .random_graphs import random_graphs
from .settings import ALONE, SURROUNDED, Plan
from .subjects import FAMILIES
from .subjects.subject import Subject
from .values import tolerance_of

MAXIMUM_NAME = 150
"""File systems take 255 characters, and the case's files have endings."""


def randomise(case_id: str, model: Any) -> None:
    """Give every weight a value that no initializer would; tables and seeds stay as they are."""
    random = generator(f"weights of {case_id}")
    for variable in model.weights:
        dtype = getattr(variable.dtype, "name", variable.dtype)
        if "float" in dtype:
            name = getattr(variable, "path", variable.name)
            value = random_weight(random, tuple(variable.shape), name, 1.0)
            variable.assign(value.astype("float32"))
    for layer in _all_layers(model):
        if type(layer).__name__ == "Normalization":
            layer.finalize_state()  # as loading does


def _all_layers(part: Any) -> list[Any]:
    """Return the layers of a model, those in nested models and wrappers included."""
    wrapped = [part.layer] if hasattr(part, "layer") else getattr(part, "layers", [])
    return [leaf for one in wrapped for leaf in (one, *_all_layers(one))]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCase:
    """A model whose predictions must be the same in the page.

    Attributes
    ----------
    inputs
        From the case's id and the built model to values for its inputs.
    prepare
        Gives the model's weights their values.
    """

    id: str
    family: str
    class_name: str
    build: Callable[[Keras], Any]
    inputs: Callable[[str, Any], list[Array]]
    prepare: Callable[[str, Any], None] = randomise
    tolerance: float = 1e-5


def sized_inputs(plan: Plan, setting: str) -> Callable[[str, Any], list[Array]]:
    """Return the function that makes values for the inputs of a plan in a setting."""

    def values(case_id: str, model: Any) -> list[Array]:
        random = generator(case_id)
        arrays = []
        for index in range(len(model.inputs)):
            given = plan.given[index % len(plan.given)]
            steps = (3,) if setting == "steps" else ()
            array = given.make(random, (BATCH, *steps, *given.shape), given.dtype)
            if setting == "masked" and len(given.shape) == 2:
                array = padded(array)
            arrays.append(array)
        return arrays

    return values


def padded(sequences: Array) -> Array:
    """Return sequences of different lengths: zeros at their ends."""
    sequences = sequences.copy()
    for index, sequence in enumerate(sequences):
        sequence[len(sequence) - 1 - index :] = 0
    return sequences


def identifier(*parts: str) -> str:
    """Return a file name of the parts; a digest stands for the end of a long one."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", "-".join(part for part in parts if part))
    if len(name) <= MAXIMUM_NAME:
        return name
    return f"{name[:MAXIMUM_NAME]}.{zlib.crc32(name.encode()):08x}"


def layer_case(family: str, subject: Subject, choices: Choices, setting: str) -> GridCase:
    """Return the case of a layer with some arguments in a setting."""
    plan = Plan(subject, choices)
    build = {**ALONE, **SURROUNDED}[setting]
    dtype = next((choice.value for choice in choices if choice.name == "dtype"), "float32")
    deep = 1e-4 if setting != "alone" else 0.0
    return GridCase(
        id=identifier(subject.title, setting, *map(str, choices)),
        family=family,
        class_name=subject.class_name,
        build=lambda keras: build(keras, plan),
        inputs=sized_inputs(plan, setting),
        tolerance=max(subject.tolerance, tolerance_of(dtype), deep),
    )


def layer_cases(keras: Keras, dialect: str, only: str = "") -> Iterator[GridCase]:
    """Yield the cases of all layers: every variation alone, single ones in other settings."""
    classes = classes_of(keras)
    for family, subjects in FAMILIES.items():
        for subject in subjects:
            if dialect not in subject.dialects or subject.class_name not in classes:
                continue
            if only not in ("", subject.class_name, family):
                continue
            choices = choices_of(subject, classes[subject.class_name])
            for chosen in variations(choices):
                yield layer_case(family, subject, chosen, "alone")
            important = [(), *((choice,) for choice in choices if worth_surrounding(choice))]
            for chosen in important:
                for setting in SURROUNDED:
                    yield layer_case(family, subject, chosen, setting)


def worth_surrounding(choice: Choice) -> bool:
    """Whether a choice is tried in all settings: of the dtypes, only the most frequent one."""
    return choice.matters and (choice.name != "dtype" or choice.value == "mixed_float16")


def graph_inputs(case_id: str, model: Any) -> list[Array]:
    """Return normally distributed values; 3 for each unknown size."""
    random = generator(case_id)
    return [
        random.normal(0, 1, tuple(size or 3 for size in tensor.shape)).astype("float32")
        for tensor in model.inputs
    ]


def graph_cases(dialect: str) -> Iterator[GridCase]:
    """Yield the cases of all graph shapes."""
    for graph in (*shapes(), *random_graphs()):
        if dialect in graph.dialects:
            yield GridCase(
                id=identifier("graph", graph.name),
                family="graphs",
                class_name="graphs",
                build=graph.build,
                inputs=graph_inputs,
                tolerance=1e-4,
            )


def nightly(keras: Keras, dialect: str, only: str = "") -> Iterator[GridCase]:
    """Yield all cases."""
    yield from layer_cases(keras, dialect, only)
    if only in ("", "graphs"):
        yield from graph_cases(dialect)


def sample(keras: Keras, dialect: str, count: int) -> list[GridCase]:
    """Return `count` of all cases: always the same ones, and each class's simplest among them."""
    cases = list(nightly(keras, dialect))
    simplest = {case.class_name: case for case in reversed(cases)}
    rest = sorted(cases, key=lambda case: zlib.crc32(case.id.encode()))
    chosen = {case.id: case for case in [*simplest.values(), *rest][:count]}
    return list(chosen.values())
