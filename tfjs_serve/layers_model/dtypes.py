"""From the dtypes of model files to the three numeric dtypes that TF.js has.

The rules come from tfjs-core's ``io/types.ts`` (``DTYPE_VALUE_SIZE_MAP``) and ``io/io_utils.ts``
(``decodeWeight``): a weight is float32, int32 or bool, and is read through typed arrays, that is,
in the byte order of the reading machine. Every platform that runs TF.js is little-endian, so
weights are written little-endian, whatever the order of the source.

Each weight is copied out of the joined shards into a buffer of its own before it is viewed as a
typed array (``CompositeArrayBuffer.slice``), so weights need no alignment: a float32 tensor may
follow a bool tensor of three bytes without padding, and padding would be read as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FLOAT32 = "float32"
INT32 = "int32"
BOOL = "bool"

STORED_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    FLOAT32: np.dtype("<f4"),
    INT32: np.dtype("<i4"),
    BOOL: np.dtype("|u1"),
}
"""How the values of each TF.js dtype lie in a shard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DtypeRule:
    """What becomes of one source dtype.

    Attributes
    ----------
    target
        The TF.js dtype: ``float32``, ``int32`` or ``bool``.
    item_bytes
        Size of one value in the source.
    may_overflow
        Whether a value can lie outside the target's range, so that the values must be checked.
    """

    target: str
    item_bytes: int
    may_overflow: bool = False


DTYPE_RULES: Final[dict[str, DtypeRule]] = {
    "float64": DtypeRule(target=FLOAT32, item_bytes=8, may_overflow=True),
    "float32": DtypeRule(target=FLOAT32, item_bytes=4),
    "float16": DtypeRule(target=FLOAT32, item_bytes=2),
    "bfloat16": DtypeRule(target=FLOAT32, item_bytes=2),
    "int64": DtypeRule(target=INT32, item_bytes=8, may_overflow=True),
    "int32": DtypeRule(target=INT32, item_bytes=4),
    "int16": DtypeRule(target=INT32, item_bytes=2),
    "int8": DtypeRule(target=INT32, item_bytes=1),
    "uint32": DtypeRule(target=INT32, item_bytes=4, may_overflow=True),
    "uint16": DtypeRule(target=INT32, item_bytes=2),
    "uint8": DtypeRule(target=INT32, item_bytes=1),
    "bool": DtypeRule(target=BOOL, item_bytes=1),
}
"""Every accepted dtype; all others are refused by name."""


def fits(value: float, target: str) -> bool:
    """Return whether `value` survives as a `target` value.

    Rounding does not count: a float64 that rounds to the largest float32 fits. Infinities and NaN
    of the source fit too, as float32 has them.
    """
    if target == INT32:
        info = np.iinfo(np.int32)
        return bool(info.min <= value <= info.max)
    if target == FLOAT32 and np.isfinite(value):
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.float32(value)))
    return True


def to_stored(block: npt.NDArray[Any], target: str) -> npt.NDArray[Any]:
    """Return the values of `block` as they lie in a shard: contiguous and little-endian."""
    if target == BOOL:
        block = block.astype(np.bool_, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(block, dtype=STORED_DTYPES[target])
