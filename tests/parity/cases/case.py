"""What a parity case is, and the few helpers that the tables are written with.

A case builds a model with whichever Keras it is handed: ``keras`` 3 and ``tf_keras`` (Keras 2)
take the same functions, so one table covers both dialects. Nothing here imports either.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .inputs import Array, InputMaker, numbers

Keras = Any
Arguments = Mapping[str, Any]
Build = Callable[[Keras], Any]

KERAS2, KERAS3 = "keras2", "keras3"
BOTH = (KERAS2, KERAS3)
BATCH, FREE = 2, 5
"""What stands in for an unknown batch size, and for any other unknown dimension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model whose predictions in TensorFlow.js must equal Keras's.

    Attributes
    ----------
    id
        Unique; letters, digits and ``_.-`` only, so it serves as a file name and a URL too.
    inputs
        Makes the values of each model input, from its shape and dtype.
    tolerance
        Allowed difference relative to the output's largest magnitude.
    reason
        Why `tolerance` is not the default.
    weight_scale
        Multiplies the spread of the random weights; deep models need less to stay finite.
    only_hdf5
        Whether Keras 2 cannot save it as an archive, such as with tensors among its arguments.
    by_tensorflow
        Whether Keras on TensorFlow, which the page follows, predicts something else than Keras on
        numpy. The expected outputs are in ``tests/fixtures/tensorflow.zip``.
    is_spare
        Whether the tests leave it out; see :func:`one_in`.
    """

    id: str
    build: Build
    inputs: InputMaker = numbers
    tolerance: float = 1e-5
    reason: str = ""
    weight_scale: float = 1.0
    dialects: tuple[str, ...] = BOTH
    only_hdf5: bool = False
    by_tensorflow: bool = False
    is_spare: bool = False

    def __post_init__(self) -> None:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", self.id), self.id
        assert self.tolerance == 1e-5 or self.reason, f"{self.id} does not say why"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCase:
    """A model that must be refused.

    Attributes
    ----------
    problems
        Pairs of layer path and problem code: all of them, in any order.
    hints
        Words that the message or hint of some problem must hold, so that the user can act.
    """

    id: str
    build: Build
    problems: frozenset[tuple[str, str]]
    hints: tuple[str, ...] = ()
    dialects: tuple[str, ...] = BOTH


@dataclass(frozen=True, slots=True)
class Made:
    """A Keras object among a layer's arguments, made once it is known which Keras.

    ``Made("initializers.Constant", value=2.0)`` becomes ``keras.initializers.Constant(value=2.0)``.
    """

    path: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def make(self, keras: Keras) -> Any:
        found = keras
        for part in self.path.split("."):
            found = getattr(found, part)
        return found(**resolved(keras, self.arguments))


def made(path: str, **arguments: Any) -> Made:
    """Return a :class:`Made`; reads better in tables."""
    return Made(path, arguments)


def resolved(keras: Keras, value: Any) -> Any:
    """Return `value` with every :class:`Made` in it made."""
    if isinstance(value, Made):
        return value.make(keras)
    if isinstance(value, Mapping):
        return {key: resolved(keras, item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(keras, item) for item in value]
    return value


def layer(keras: Keras, class_name: str, **arguments: Any) -> Any:
    """Return a layer of the given class."""
    return getattr(keras.layers, class_name)(**resolved(keras, arguments))


def dense(keras: Keras, units: int, **arguments: Any) -> Any:
    """Return the layer that most models of several layers are made of."""
    return layer(keras, "Dense", units=units, **arguments)


def grid(**choices: Sequence[Any]) -> list[dict[str, Any]]:
    """Return every combination of the choices, as keyword arguments."""
    return [
        dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]


def each(**choices: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one set of keyword arguments per choice, the others being left out."""
    return [{name: value} for name, values in choices.items() for value in values]


def slug(value: Any) -> str:
    """Return a short spelling of an argument's value for a case id."""
    if isinstance(value, Made):
        short = [value.path.rsplit(".", 1)[-1], *map(slug, value.arguments.values())]
        return ".".join(short)
    if isinstance(value, Mapping):
        return "_".join(f"{key}.{slug(item)}" for key, item in value.items())
    if isinstance(value, (tuple, list)):
        return "x".join(map(slug, value))
    return re.sub(r"[^A-Za-z0-9_.-]", "_", str(value))


def case_id(head: str, arguments: Arguments) -> str:
    """Return the id of a case: what varies, readable."""
    return "-".join([head, *(f"{key}_{slug(value)}" for key, value in arguments.items())])


def single_layer(
    class_name: str, shape: tuple[int | None, ...], input_options: Arguments, arguments: Arguments
) -> Build:
    """Return the function that builds a model of one layer, Sequential if it can be."""

    def build(keras: Keras) -> Any:
        given = keras.Input(shape, **resolved(keras, dict(input_options)))
        single = layer(keras, class_name, **arguments)
        if arguments.get("return_state"):
            return keras.Model(given, single(given))
        return keras.Sequential([given, single])

    return build


def layer_cases(
    class_name: str,
    shape: tuple[int | None, ...],
    variants: Sequence[Arguments] = ({},),
    *,
    base: Arguments | None = None,
    label: str = "",
    input_options: Arguments | None = None,
    **options: Any,
) -> Iterator[Case]:
    """Yield a one-layer model for each set of arguments.

    Parameters
    ----------
    shape
        Shape of the input without its batch dimension.
    base
        Arguments that all variants share and their ids leave out.
    label
        Tells tables of one class apart.
    options
        Further attributes of :class:`Case`.
    """
    head = f"{class_name}.{label}" if label else class_name
    for variant in variants:
        arguments = {**(base or {}), **variant}
        build = single_layer(class_name, shape, input_options or {}, arguments)
        yield Case(id=case_id(head, variant), build=build, **options)


def one_in(count: int, cases: Iterable[Case], first: int = 0) -> list[Case]:
    """Return a table of so many combinations that the tests take one in `count` only.

    The others are spare: the grid has more of the kind. Which is the `first` is of no importance,
    but the files of Keras 2 that are at hand are those of the cases that are taken.
    """
    return [replace(case, is_spare=index % count != first) for index, case in enumerate(cases)]


def generator(case_identifier: str) -> np.random.Generator:
    """Return the random numbers of one case: the same in every run and every process."""
    return np.random.default_rng(zlib.crc32(case_identifier.encode()))


def keras2_file(case: Case) -> str:
    """Return the name of the file that Keras 2 writes for a case: half of them are archives."""
    as_archive = zlib.crc32(case.id.encode()) % 2 and not case.only_hdf5
    ending = "keras" if as_archive else "h5"
    return f"{case.id}.{ending}"


def model_inputs(case: Case, model: Any) -> list[Array]:
    """Return values for each input of `model`, in the order of ``model.inputs``."""
    random = generator(case.id)
    values = []
    for tensor in model.inputs:
        batch, *rest = tensor.shape
        shape = (batch or BATCH, *(size or FREE for size in rest))
        dtype = getattr(tensor.dtype, "name", tensor.dtype)
        values.append(case.inputs(random, shape, dtype))
    return values


def randomise_weights(case: Case, model: Any) -> None:
    """Give every weight a value that no initializer would: a bias of zero hides a lost bias."""
    random = generator(f"weights of {case.id}")
    for variable in model.weights:
        shape = tuple(variable.shape)
        name = getattr(variable, "path", variable.name)
        variable.assign(random_weight(random, shape, name, case.weight_scale).astype("float32"))
    for part in model._flatten_layers():
        # Normalization keeps copies of its weights, as adapt() and loading tell it to.
        if part.weights and hasattr(part, "finalize_state"):
            part.finalize_state()


def random_weight(
    random: np.random.Generator, shape: tuple[int, ...], name: str, scale: float
) -> Array:
    """Return a weight of a size that keeps activations in the range where they bend."""
    if "variance" in name:
        return random.uniform(0.5, 2.0, shape)
    if "gamma" in name:
        return 1 + 0.3 * random.normal(0, 1, shape)
    if len(shape) < 2:
        return random.normal(0, 0.4, shape)
    return random.normal(0, 1, shape) * scale / np.sqrt(np.prod(shape[:-1]))


def outputs_of(model: Any, inputs: list[Array]) -> list[Array]:
    """Return Keras's own predictions, in the order of ``model.outputs``."""
    structure = None if type(model).__name__ == "Sequential" else model.input
    if isinstance(structure, dict):
        given: Any = dict(zip(sorted(structure), inputs, strict=True))
    else:
        given = inputs if isinstance(structure, (list, tuple)) else inputs[0]
    return [np.asarray(output) for output in _flat(model(given, training=False))]


def _flat(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        return [leaf for key in sorted(outputs) for leaf in _flat(outputs[key])]
    if isinstance(outputs, (list, tuple)):
        return [leaf for output in outputs for leaf in _flat(output)]
    return [outputs]
