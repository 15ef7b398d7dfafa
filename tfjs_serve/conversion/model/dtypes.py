"""Dtypes of the results of operations (``keras/src/backend/common/dtypes.py``).

A number in Python has no dtype of its own. It is ``"int"``, ``"float"`` or ``"bool"`` here, and
takes the dtype of the tensor that it is combined with.
"""

from __future__ import annotations

import re


def is_float(dtype: str) -> bool:
    """Whether numbers of this dtype may have fractions."""
    return "float" in dtype


def is_integer(dtype: str) -> bool:
    """Whether numbers of this dtype are integers or truth values."""
    return dtype.startswith(("int", "uint", "bool"))


def bits(dtype: str) -> int:
    """Return the size of a number in bits; 1 for ``bool``."""
    found = re.search(r"\d+$", dtype)
    return int(found.group()) if found else 1


def result_type(*dtypes: str) -> str:
    """Return the dtype in which Keras computes with operands of these dtypes."""
    strong = [dtype for dtype in dtypes if dtype not in ("int", "float")]
    weak = [dtype for dtype in dtypes if dtype in ("int", "float")]
    if not strong:
        return "float32" if "float" in weak else "int32"
    result = strong[0]
    for dtype in strong[1:]:
        result = _promoted(result, dtype)
    if "float" in weak and not is_float(result):
        return "float32"
    return "int32" if weak and result == "bool" else result


def as_float(dtype: str) -> str:
    """Return the dtype of the result of a function that always returns floats."""
    return result_type(dtype, "float")


def as_sum(dtype: str) -> str:
    """Return the dtype of sums and products: a larger one for small integers, which overflow."""
    if dtype in ("bool", "int", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else result_type(dtype)


def _promoted(one: str, other: str) -> str:
    if other in (one, "bool"):
        return one
    if one == "bool":
        return other
    if is_float(one) != is_float(other):
        return one if is_float(one) else other
    if is_float(one):
        return _wider(one, other) if bits(one) != bits(other) else "float32"
    if one[0] == other[0]:
        return _wider(one, other)
    signed, unsigned = (one, other) if one[0] == "i" else (other, one)
    if bits(signed) > bits(unsigned):
        return signed
    return f"int{2 * bits(unsigned)}" if bits(unsigned) < 64 else "float32"


def _wider(one: str, other: str) -> str:
    # bfloat16 and float16 have equal sizes.
    return one if bits(one) >= bits(other) else other
