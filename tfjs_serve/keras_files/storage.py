"""How a dataset is stored, looked at before a byte of it is read.

What a dataset declares is only believed as far as the file has bytes for it; nothing outside of
the file and no code that is not part of libhdf5 or h5py is used to read it.
"""

from __future__ import annotations

import math

import h5py

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files import limits
from tfjs_serve.keras_files.limits import Budget

UNSAFE_HINT = "only files that hold all of their data themselves are read"
_NUMBERS = frozenset({h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM, h5py.h5t.OPAQUE})
"""Classes of the types in use: h5py writes booleans as enumerations, bfloat16 as opaque bytes."""
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
"""Those of libhdf5 and h5py themselves. For any other, libhdf5 would load a library."""


def load_no_plugins() -> None:
    """Forget where libhdf5 would look for libraries that it loads for filters of a file."""
    while h5py.h5pl.size():
        h5py.h5pl.remove(0)


def check_storage(dataset: h5py.Dataset, path: str, budget: Budget) -> None:
    """Refuse a weight that leads elsewhere or declares more than its file can hold.

    Raises
    ------
    UnsafeFileError
        Its data is in another file, or is declared only; its filters are unknown; its rank or
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
    kind = dataset.id.get_type()
    if kind.get_class() not in _NUMBERS:
        raise KerasFileError(
            f"{budget.display_name}: the weight {path!r} has an HDF5 type that is no number",
            hint="only weights made of numbers or booleans can be served",
        )


def _check_sizes(dataset: h5py.Dataset, path: str, packed: bool, budget: Budget) -> None:
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
