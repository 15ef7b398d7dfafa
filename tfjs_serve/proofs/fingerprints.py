"""Which weights a model has, told by their numbers: names differ between forms of one model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from tfjs_serve.facts.wording import shortened
from tfjs_serve.keras_files import WeightRef
from tfjs_serve.settings import MIB

_BLOCK_BYTES = 4 * MIB
_DIGITS = 16
"""64 bits: nobody has to be kept from making two weights that are told apart by nothing else."""


class _Model(Protocol):
    @property
    def weights(self) -> Mapping[str, Sequence[WeightRef]]: ...


def named_fingerprints(model: _Model) -> dict[str, str]:
    """Return the fingerprints of all weights of a model, by their names. Reads all of them."""
    named: dict[str, str] = {}
    for ref in _weights(model):
        name = shortened(ref.name)
        if name in named:  # as layers of models inside of others may have
            name = f"{name} ({len(named)})"
        named[name] = fingerprint(ref)
    return named


def changed_weights(proven: Mapping[str, str], model: _Model) -> tuple[str, ...]:
    """Return the names of proven weights that a model has not. Reads all of them.

    What the model has besides does not count: files keep counters that are no weights.
    """
    there = {fingerprint(ref) for ref in _weights(model)}
    return tuple(name for name, digest in proven.items() if digest not in there)


def fingerprint(ref: WeightRef) -> str:
    """Return the first digits of a digest of shape and numbers; fractions are taken as float32."""
    state = hashlib.sha256(repr(tuple(ref.shape)).encode("ascii"))
    for block in ref.blocks(_BLOCK_BYTES):
        plain = block.astype("<i8" if block.dtype.kind in "iub" else "<f4", copy=False)
        state.update(np.ascontiguousarray(plain).data)
    return state.hexdigest()[:_DIGITS]


def _weights(model: _Model) -> Iterator[WeightRef]:
    """Yield each weight once, however many layers share it."""
    seen: set[int] = set()
    for ref in _all(model.weights.values()):
        if id(ref) not in seen and ref.dtype not in {"object", "string"}:
            seen.add(id(ref))
            yield ref


def _all(groups: Iterable[Sequence[WeightRef]]) -> Iterator[WeightRef]:
    for refs in groups:
        yield from refs
