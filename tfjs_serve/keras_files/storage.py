"""Check how a dataset is stored before any of it is read.

Declared sizes are trusted only as far as the file has bytes for them. Nothing outside the file is
read, and only filters that are part of libhdf5 or h5py are run.
"""

from __future__ import annotations

import math

import h5py

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files import limits
from tfjs_serve.keras_files.limits import Budget

UNSAFE_HINT = "only files that contain all of their own data are read"
_NUMBERS = frozenset({h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM, h5py.h5t.OPAQUE})
"""Type classes that occur: h5py writes booleans as enumerations and bfloat16 as opaque bytes."""
_FILTERS = frozenset(
    {
        h5py.h5z.FILTER_DEFLATE,
        h5py.h5z.FILTER_FLETCHER32,
        h5py.h5z.FILTER_LZF,
        h5py.h5z.FILTER_NBIT,
        h5py.h5z.FILTER_SCALEOFFSET,
        h5py.h5z.FILTER_SHUFFLE,
        h5py.h5z.FILTER_SZIP,
    }
)
"""The filters of libhdf5 and h5py themselves. For any other, libhdf5 would load a library."""


def load_no_plugins() -> None:
    """Empty the list of folders in which libhdf5 looks for filter libraries."""
    while h5py.h5pl.size():
        h5py.h5pl.remove(0)


def check_storage(dataset: h5py.Dataset, path: str, budget: Budget) -> None:
    """Refuse a weight that is stored elsewhere or declares more than its file can hold.

    Raises
    ------
    UnsafeFileError
        Its data is in another file or was never written, its filters are unknown, or its rank or
        its chunks are absurd.
    KerasFileError
        It does not hold numbers.
    """
    layout = dataset.id.get_create_plist()
    _check_type(dataset, path, budget)
    if layout.get_layout() == h5py.h5d.VIRTUAL or layout.get_external_count():
        raise _unsafe(path, "is stored in another file", budget, UNSAFE_HINT)
    if len(dataset.shape) > limits.MAXIMUM_RANK:
        raise _unsafe(path, f"has {len(dataset.shape)} axes", budget)
    filters = {layout.get_filter(index)[0] for index in range(layout.get_nfilters())}
    if filters - _FILTERS:
        hint = "save the model without compression, or with gzip"
        numbers = ", ".join(map(str, sorted(filters - _FILTERS)))
        raise _unsafe(path, f"is packed with an unknown filter ({numbers})", budget, hint)
    _check_sizes(dataset, path, bool(filters), budget)


def _check_type(dataset: h5py.Dataset, path: str, budget: Budget) -> None:
    """Refuse what does not hold numbers.

    Raises
    ------
    KerasFileError
        The type of `dataset` is not numeric.
    """
    kind = dataset.id.get_type()
    if kind.get_class() not in _NUMBERS:
        raise KerasFileError(
            f"{budget.display_name}: the weight {path!r} has an HDF5 type that is not numeric",
            hint="only weights made of numbers or booleans can be served",
        )


def _check_sizes(dataset: h5py.Dataset, path: str, packed: bool, budget: Budget) -> None:
    """Refuse a weight whose declared size is not backed by bytes in the file.

    Raises
    ------
    UnsafeFileError
        Its size, or that of its chunks, is more than the file or `budget` allows.
    """
    itemsize = dataset.id.get_type().get_size()
    declared_bytes = math.prod(dataset.shape) * itemsize
    if not declared_bytes:
        return
    budget.spend(declared_bytes, f"the weight {path!r}")
    stored_bytes = dataset.id.get_storage_size()
    if stored_bytes > dataset.file.id.get_filesize():
        raise _unsafe(path, f"declares {stored_bytes} bytes, more than the file has", budget)
    if not stored_bytes or (stored_bytes < declared_bytes and not packed):
        what = f"declares {declared_bytes} bytes, of which {stored_bytes} were written"
        raise _unsafe(path, what, budget)
    chunk_bytes = math.prod(dataset.chunks or ()) * itemsize
    if chunk_bytes > max(declared_bytes, limits.MAXIMUM_CHUNK_BYTES):
        raise _unsafe(path, f"has chunks of {chunk_bytes} bytes", budget)


def _unsafe(
    path: str, what: str, budget: Budget, hint: str = limits.UNSAFE_HINT
) -> UnsafeFileError:
    return UnsafeFileError(f"{budget.display_name}: the weight {path!r} {what}", hint=hint)
