"""One HDF5 dataset as a lazy weight: checked links, native byte order, blocks of bounded size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.limits import Budget
from tfjs_serve.keras_files.model import WeightRef
from tfjs_serve.keras_files.storage import UNSAFE_HINT, check_storage
from tfjs_serve.settings import MIB

_CHUNKED_BYTES = 32 * MIB
"""How much of an array that is stored in pieces is read at once: most arrays whole, and of others
whole pieces, so that none is decompressed twice."""
_PLAIN = (h5py.h5t.IEEE_F32LE, h5py.h5t.STD_I32LE)
"""Types that TensorFlow.js reads as they lie in the file."""


def child(group: h5py.Group, path: str, display_name: str) -> h5py.Group | h5py.Dataset:
    """Return what lies at `path` below `group`, following hard links only.

    Raises
    ------
    UnsafeFileError
        A step of the path is a soft or external link.
    KerasFileError
        Nothing is there.
    """
    node: Any = group
    for step in [part for part in path.split("/") if part]:
        link = node.get(step, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            raise KerasFileError(
                f"{display_name} has no {path!r} in {group.name}, although its own index lists it",
                hint="the file is damaged or was not written by Keras; save the model again",
            )
        if not isinstance(link, h5py.HardLink):
            raise UnsafeFileError(
                f"{display_name}: {step!r} in {node.name} is a link to other data",
                hint=UNSAFE_HINT,
            )
        node = node[step]
    return node


def weight_ref(group: h5py.Group, path: str, budget: Budget, *, start: int | None = 0) -> WeightRef:
    """Return the dataset at `path` below `group` as a weight.

    Parameters
    ----------
    start
        Where the HDF5 file begins in the model file; ``None`` if it does not lie there as it is.

    Raises
    ------
    UnsafeFileError
        The dataset is virtual or stored in another file, or declares more than `budget` allows.
    KerasFileError
        It is missing, or not an array of numbers.
    """
    display_name = budget.display_name
    budget.count_weight(repr(path))
    dataset = child(group, path, display_name)
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise KerasFileError(
            f"{display_name}: the weight {path!r} is not an array",
            hint="the file is damaged; save the model again",
        )
    check_storage(dataset, path, budget)
    dtype = _dtype_name(dataset, path, display_name)
    return WeightRef(
        name=path,
        shape=tuple(dataset.shape),
        dtype=dtype,
        read=lambda max_bytes: _blocks(dataset, dtype, max_bytes, display_name),
        place=_place(dataset, start, budget),
    )


def _place(dataset: h5py.Dataset, start: int | None, budget: Budget) -> tuple[int, int] | None:
    """Return offset and size of the values in the model file, if they lie there as they are."""
    kind, layout = dataset.id.get_type(), dataset.id.get_create_plist().get_layout()
    if start is None or layout != h5py.h5d.CONTIGUOUS or not any(map(kind.equal, _PLAIN)):
        return None
    offset, size_bytes = dataset.id.get_offset(), math.prod(dataset.shape) * kind.get_size()
    if offset is None or start + offset + size_bytes > budget.file_bytes:
        return None  # reading it will tell what is wrong
    return start + offset, size_bytes


def _dtype_name(dataset: h5py.Dataset, path: str, display_name: str) -> str:
    """Return the dtype as :class:`WeightRef` names it.

    Raises
    ------
    KerasFileError
        It is not a dtype of numbers.
    """
    dtype = dataset.dtype
    if dtype.kind in "fiu":
        return str(dtype.newbyteorder("=").name)
    if dtype.kind == "b":
        return "bool"
    if dtype == np.dtype("V2"):
        # numpy has no bfloat16, so h5py stores that of ml_dtypes as two opaque bytes.
        return "bfloat16"
    raise KerasFileError(
        f"{display_name}: the weight {path!r} has the dtype {dtype}, which is not numeric",
        hint="only weights made of numbers or booleans can be served",
    )


def _blocks(
    dataset: h5py.Dataset, dtype: str, max_bytes: int, display_name: str
) -> Iterator[npt.NDArray[Any]]:
    itemsize, chunks = dataset.dtype.itemsize, dataset.chunks
    most_bytes = max_bytes if chunks is None else max(max_bytes, _CHUNKED_BYTES)
    count = max(1, max_bytes // itemsize)
    for selection in _selections(tuple(dataset.shape), itemsize, most_bytes, chunks):
        with damage_as_error(display_name):
            slab = np.asarray(dataset[selection]).reshape(-1)
        for start in range(0, slab.size, count):
            block = slab[start : start + count]
            if dtype == "bfloat16":
                yield _widen_bfloat16(block)
            else:
                yield block.astype(np.dtype(dtype), copy=False)


def _widen_bfloat16(block: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return the exact float32 values: bfloat16 is the upper half of a float32."""
    return (block.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def _selections(
    shape: tuple[int, ...], itemsize: int, max_bytes: int, chunks: tuple[int, ...] | None = None
) -> Iterator[tuple[int | slice, ...]]:
    """Yield indices that cut an array into C-ordered slabs of at most `max_bytes`.

    The first axis whose rows fit is sliced; the axes before it are walked one by one.

    Parameters
    ----------
    chunks
        Shape of the pieces in which the array is stored. Slabs end where pieces do, if there is
        room for one: libhdf5 decompresses a piece again for each slab that has a part of it.
    """
    if math.prod(shape) == 0:
        return
    if not shape:
        yield ()
        return
    axis = 0
    while axis < len(shape) - 1 and itemsize * math.prod(shape[axis + 1 :]) > max_bytes:
        axis += 1
    step = max(1, max_bytes // (itemsize * math.prod(shape[axis + 1 :])))
    if chunks is not None and step >= chunks[axis]:
        step -= step % chunks[axis]
    for prefix in itertools.product(*(range(size) for size in shape[:axis])):
        for start in range(0, shape[axis], step):
            yield (*prefix, slice(start, start + step))
