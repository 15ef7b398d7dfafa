"""Specifications of operations: which arguments they take, and what they return.

The *specification* of a function of ``keras.ops`` is a function with the same parameters, whose
meaning Keras documents. First come those of ``Operation.call``, then those of ``__init__``: this is
the order in which graphs have them. It returns the shape and dtype of the result, as Keras's
``compute_output_spec`` does, and raises a ``TypeError`` or a ``ValueError`` if the arguments do not
fit. Parameters before the ``/`` are tensors or constants and are given as :class:`Operand`; the
others are given as they were saved. Shapes count the batch axis.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import CALL
from tfjs_serve.conversion.operations.operand import (
    Operand,
    constant_operand,
    has_tensors,
    is_array,
    is_tensor,
)

Specification = Callable[..., Operand | tuple[Operand, ...]]
"""From the arguments of an operation to what it makes.

It raises ``ValueError`` for arguments that Keras refuses; they are reported as making no sense.
"""
_Specification = TypeVar("_Specification", bound=Specification)

_SIGNATURES: dict[str, Signature] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parameters of one operation.

    Attributes
    ----------
    parameters
        Names of all parameters but the keywords of any name.
    operands
        Names of the parameters that take tensors or constants.
    rest
        The one among them that takes any number of positional arguments.
    keywords
        Whether it takes keywords of any name.
    defaults
        Values of the parameters that files may leave out.
    """

    name: str
    parameters: tuple[str, ...]
    operands: frozenset[str]
    rest: str | None
    keywords: bool
    defaults: Mapping[str, Json]
    specification: Specification

    def bind(self, args: Sequence[Json], named: Mapping[str, Json]) -> dict[str, Json]:
        """Return the arguments of a call by parameter.

        Parameters
        ----------
        args, named
            The positional arguments and the keywords, as they were saved.

        Raises
        ------
        TypeError
            There are more arguments than parameters.
        """
        if self.rest is not None:
            return {self.rest: list(args), **named}
        if len(args) > len(self.parameters):
            raise TypeError(f"{len(args)} arguments instead of {len(self.parameters)}")
        return {**dict(zip(self.parameters, args, strict=False)), **named}

    def resolved(self, config: Mapping[str, Json], inputs: Sequence[Operand]) -> dict[str, Any]:
        """Return the arguments by parameter, with defaults, and operands for tensors and constants.

        Parameters
        ----------
        config
            Of the operation, after its arguments were bound.
        inputs
            The inputs of the call.

        Raises
        ------
        IndexError, ValueError
            There is no such input, or a constant is no number.
        """
        given = {**self.defaults, **{key: config[key] for key in self.known(config)}}
        return {
            key: operands_of(value, inputs) if key in self.operands else _settings(value, inputs)
            for key, value in given.items()
        }

    def known(self, config: Mapping[str, Json]) -> list[str]:
        """Return the names in `config` that are arguments of the operation."""
        return [key for key in config if key in self.parameters or (self.keywords and key != CALL)]

    def outputs(self, config: Mapping[str, Json], inputs: Sequence[Operand]) -> tuple[Operand, ...]:
        """Return the shapes and dtypes of the results; the arguments are those of `resolved`.

        Raises
        ------
        LookupError, TypeError, ValueError
            The arguments do not fit the operation, or the shapes of its inputs.
        """
        arguments = self.resolved(config, inputs)
        positional = [arguments.pop(key) for key in self.parameters if key in self.operands]
        if self.rest is not None:
            positional = list(positional[0])
        made = self.specification(*positional, **arguments)
        return (made,) if isinstance(made, Operand) else made


def operands_of(value: Json, inputs: Sequence[Operand]) -> Any:
    """Return an argument as an operand or a list of operands; ``None`` and strings stay."""
    if value is None or isinstance(value, str):
        return value
    if is_tensor(value):
        return inputs[value["tensor"]]
    if isinstance(value, list) and (has_tensors(value) or any(map(is_array, value))):
        return [operands_of(item, inputs) for item in value]
    return constant_operand(value)


def _settings(value: Json, inputs: Sequence[Operand]) -> Any:
    """Return a setting, with operands in place of the tensors in it."""
    if is_tensor(value):
        return inputs[value["tensor"]]
    if is_array(value):
        return value["array"]
    if isinstance(value, list):
        return [_settings(item, inputs) for item in value]
    if isinstance(value, dict):
        return {key: _settings(item, inputs) for key, item in value.items()}
    return value


def operation(*names: str) -> Callable[[_Specification], _Specification]:
    """Register the decorated specification under one or more names.

    Raises
    ------
    ValueError
        One of the names has a specification already.
    """

    def register(specification: _Specification) -> _Specification:
        for name in names:
            if name in _SIGNATURES:
                raise ValueError(f"{name} has two specifications")
            _SIGNATURES[name] = _signature(name, specification)
        return specification

    return register


def _signature(name: str, specification: Specification) -> Signature:
    parameters = inspect.signature(specification).parameters.values()
    rest = [item.name for item in parameters if item.kind is item.VAR_POSITIONAL]
    return Signature(
        name=name,
        parameters=tuple(item.name for item in parameters if item.kind is not item.VAR_KEYWORD),
        operands=frozenset(
            item.name
            for item in parameters
            if item.kind in (item.POSITIONAL_ONLY, item.VAR_POSITIONAL)
        ),
        rest=rest[0] if rest else None,
        keywords=any(item.kind is item.VAR_KEYWORD for item in parameters),
        defaults={item.name: item.default for item in parameters if item.default is not item.empty},
        specification=specification,
    )


def registered() -> Mapping[str, Signature]:
    """Return the signatures that were registered so far, by operation."""
    return _SIGNATURES
