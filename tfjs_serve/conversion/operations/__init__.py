"""Functions of tensors in graphs: those of ``keras.ops``, and TensorFlow's in Keras 2.

Both generations' spellings become one: an operation is a layer of the class ``ops.<name>``, the
name being that of ``keras.ops``, whose arguments are named as there; see `bind`. Their rules are
in the registry like those of layers.
"""

from __future__ import annotations

from tfjs_serve.conversion.operations.binding import (
    KERAS2_OPERATIONS,
    bind,
    is_known_operation,
)

__all__ = ["KERAS2_OPERATIONS", "bind", "is_known_operation"]
