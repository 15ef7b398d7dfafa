"""What operations are called with and what they make, each in one function.

A *specification* is named as the function of ``keras.ops``, has its parameters in the order in
which nodes have them (those of ``call`` of the ``Operation`` first, then those it was made with),
and returns what ``compute_output_spec`` does. Parameters before the ``/`` are tensors or
constants, which arrive as :class:`Operand`; the others arrive as they were saved.
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
_Specification = TypeVar("_Specification", bound=Specification)

_SIGNATURES: dict[str, Signature] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parameters of one operation.

    Attributes
    ----------
    operands
        Names of the parameters that take tensors or constants.
    rest
        The one among them that takes any number of positional arguments.
    keywords
        Whether it takes arguments of any name.
    defaults
        Values of parameters that files leave out.
    """

    name: str
    parameters: tuple[str, ...]
    operands: frozenset[str]
    rest: str | None
    keywords: bool
    defaults: Mapping[str, Json]
    specification: Specification

    def bind(self, args: Sequence[Json], named: Mapping[str, Json]) -> dict[str, Json]:
        """Return all arguments by parameter.

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
        """Return all arguments, with operands for tensors and constants."""
        given = {**self.defaults, **{key: config[key] for key in self.known(config)}}
        return {
            key: operands_of(value, inputs) if key in self.operands else _settings(value, inputs)
            for key, value in given.items()
        }

    def known(self, config: Mapping[str, Json]) -> list[str]:
        """Return the arguments in `config` that the operation has."""
        return [key for key in config if key in self.parameters or (self.keywords and key != CALL)]

    def outputs(self, config: Mapping[str, Json], inputs: Sequence[Operand]) -> tuple[Operand, ...]:
        """Return what the operation makes of inputs of these shapes and dtypes."""
        arguments = self.resolved(config, inputs)
        positional = [arguments.pop(key) for key in self.parameters if key in self.operands]
        if self.rest is not None:
            positional = list(positional[0])
        made = self.specification(*positional, **arguments)
        return (made,) if isinstance(made, Operand) else made


def operands_of(value: Json, inputs: Sequence[Operand]) -> Any:
    """Return the operand or list of operands that an argument is; ``None`` stays."""
    if value is None or isinstance(value, str):
        return value
    if is_tensor(value):
        return inputs[value["tensor"]]
    if isinstance(value, list) and (has_tensors(value) or any(map(is_array, value))):
        return [operands_of(item, inputs) for item in value]
    return constant_operand(value)


def _settings(value: Json, inputs: Sequence[Operand]) -> Any:
    """Return a setting with operands for the tensors in it."""
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
    """Register the decorated specification under one or more names."""

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
    """Return the operations by name, of the specifications that were imported so far."""
    return _SIGNATURES
