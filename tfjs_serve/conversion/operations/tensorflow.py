"""Keras 2."""

from __future__ import annotations


class UntranslatableError(ValueError):
    code = "unsupported-layer"
    hint = ""


def tensorflow_operation(layer, config, args, arguments):
    raise UntranslatableError("not yet")
