"""Mutations of HDF5 files made with libhdf5 itself: links, storage, types, sizes, attributes."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

from .canary import Canary
from .configs import TEXTS, mutate_text

Mutation = Callable[[random.Random, h5py.File, Canary], None]

FAILS = (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What libhdf5 says to changes that a file does not allow: it stays as it is then."""
MOST_NUMBERS = 10**7
"""Of a weight that is changed again: what was only declared is not to be read here."""
NAMES_OF_TEXTS = ("model_config", "layer_names", "weight_names", "keras_version", "backend")


def mutate(
    chance: random.Random, data: bytes, canary: Canary, times: int
) -> tuple[bytes, list[str]]:
    """Return a changed file, and what was done."""
    stored = io.BytesIO(data)
    done: list[str] = []
    with h5py.File(stored, "r+") as file:
        for _ in range(times):
            weights = [weight for _, weight in MUTATIONS]
            mutation = chance.choices([mutation for mutation, _ in MUTATIONS], weights)[0]
            with suppress(*FAILS):
                mutation(chance, file, canary)
                done.append(f"hdf5.{mutation.__name__}")
    return stored.getvalue(), done


def _objects(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visit(found.append)
    return sorted(found)


def _weight(chance: random.Random, file: h5py.File) -> str:
    datasets = {path: file[path] for path in _objects(file)}
    return chance.choice(
        [
            path
            for path, dataset in datasets.items()
            if isinstance(dataset, h5py.Dataset) and (dataset.size or 0) <= MOST_NUMBERS
        ]
    )


def _removed(file: h5py.File, path: str) -> tuple[tuple[int, ...], Any]:
    """Delete a dataset; return the shape and dtype that it had."""
    shape, dtype = file[path].shape or (), file[path].dtype
    del file[path]
    return shape, dtype


def link_outside(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    path = chance.choice(_objects(file))
    target = chance.choice((str(canary.hdf5), f"../secret/{canary.hdf5.name}", "missing.h5"))
    inside = chance.choice(("/secret", "/square", "/model_weights", "/model_weights/dense", "/"))
    del file[path]
    file[path] = h5py.ExternalLink(target, inside)


def link_softly(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    objects = _objects(file)
    path, target = chance.choice(objects), chance.choice((*objects, "missing", ".", "/"))
    del file[path]
    file[path] = h5py.SoftLink(f"/{target}".replace("//", "/"))


def link_in_a_circle(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    groups = [path for path in _objects(file) if isinstance(file[path], h5py.Group)]
    place, target = chance.choice(groups), chance.choice((*groups, "/"))
    file[f"{place}/{chance.choice(('again', 'vars', '0', 'layers'))}"] = file[target]


def store_outside(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    path = _weight(chance, file)
    shape, _ = _removed(file, path)
    source = chance.choice(canary.paths[:1] + canary.paths[2:])
    size = max(4, int(np.prod(shape, dtype=int)) * 4)
    file.create_dataset(path, shape or (1,), np.float32, external=[(source, 0, size)])


def virtual(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    path = _weight(chance, file)
    shape, _ = _removed(file, path)
    layout = h5py.VirtualLayout(shape or (1,), np.float32)
    layout[...] = h5py.VirtualSource(str(canary.hdf5), "secret", shape or (1,))
    file.create_virtual_dataset(path, layout)


def declare(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    """Declare a size and write nothing."""
    path = _weight(chance, file)
    shape, dtype = _removed(file, path)
    factor = chance.choice((1, 2, 1 << 10, 1 << 20, 1 << 40))
    shape = (factor, *shape) if chance.random() < 0.5 else tuple(size * factor for size in shape)
    chunks = chance.choice((None, tuple(min(size, 64) or 1 for size in shape) or None))
    file.create_dataset(path, shape, dtype, chunks=chunks, maxshape=shape if chunks else None)


def pack(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    """Write zeros, or the weight itself, through filters."""
    path = _weight(chance, file)
    values = file[path][()]
    _removed(file, path)
    values = np.atleast_1d(values)
    if chance.random() < 0.3:
        values = np.zeros((chance.choice((10**3, 10**6, 2 * 10**7)),), np.float32)
    options: tuple[dict[str, Any], ...] = (
        *({"compression": "gzip", "shuffle": True}, {"compression": "lzf"}, {"fletcher32": True}),
        *({"compression": "gzip", "compression_opts": 9}, {"chunks": values.shape}),
    )
    file.create_dataset(path, data=values, **chance.choice(options))


def filter_unknown(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    path = _weight(chance, file)
    shape, _ = _removed(file, path)
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk(tuple(size or 1 for size in shape) or (1,))
    layout.set_filter(chance.choice((256, 307, 32001, 32015, 32023)), h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple(tuple(size or 1 for size in shape) or (1,))
    h5py.h5d.create(file.id, path.encode(), h5py.h5t.IEEE_F32LE, space, layout)


def change_type(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    path = _weight(chance, file)
    shape, _ = _removed(file, path)
    plain = ("f2", "f8", "i1", "i8", "u8", "?", ">f4", "c8", "S5", "V2", "V7", "g")
    dtypes: tuple[Any, ...] = (
        *(np.dtype(name) for name in plain),
        *(np.dtype([("a", "f4"), ("b", "S3")]), np.dtype(("f4", (2, 2)))),
        *(h5py.ref_dtype, h5py.regionref_dtype, h5py.string_dtype(), h5py.vlen_dtype(np.int32)),
    )
    file.create_dataset(path, shape, chance.choice(dtypes), fillvalue=None)


def reshape(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    path = _weight(chance, file)
    values = np.atleast_1d(file[path][()])
    _removed(file, path)
    shapes = (
        *(values.shape[::-1], (*values.shape, 1), (1,) * chance.choice((3, 9, 31)), (0,), ()),
        *((*values.shape[:-1], values.shape[-1] + 1), (values.size,)),
    )
    file[path] = np.resize(values, chance.choice(shapes))


def fill(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    dataset = file[_weight(chance, file)]
    dataset[...] = chance.choice((0, -1, 1e38, np.nan, np.inf, 2**31, 1e-45))


def drop(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    del file[chance.choice(_objects(file))]


def nest(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    group = file[chance.choice([p for p in _objects(file) if isinstance(file[p], h5py.Group)])]
    for _ in range(chance.choice((1, 10, 150))):
        group = group.create_group(chance.choice(("g", "vars", "layers", "cell")))


def change_attribute(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    holder = _with_attributes(chance, file)
    name = chance.choice(sorted(holder.attrs) or list(NAMES_OF_TEXTS))
    values: tuple[Any, ...] = (
        *(1, 2.5, [], [b"a", b"b"], b"", "", "x" * 60_000, np.zeros(4), h5py.Empty("S1")),
        *(["dense", "dense"], [b"\xff\xfe"], "3.0\x00", "2.9.9", "9.9", np.zeros(5000, "S12")),
        *(np.zeros(2, [("a", "f4"), ("b", "S3")]), chance.choice(TEXTS[:9]), "3." + "1" * 2000),
    )
    holder.attrs[name] = chance.choice(values)


def refer(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    holder = _with_attributes(chance, file)
    name = chance.choice((*NAMES_OF_TEXTS, "layer_names0"))
    holder.attrs.create(name, np.array([file.ref] * 2, h5py.ref_dtype), dtype=h5py.ref_dtype)


def drop_attribute(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    holder = _with_attributes(chance, file)
    del holder.attrs[chance.choice(sorted(holder.attrs))]


def rename(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    """Change an entry of a list of names: another of them, twice, or one that deceives."""
    holder = _with_attributes(chance, file)
    lists = [name for name in holder.attrs if np.ndim(holder.attrs[name]) == 1]
    name = chance.choice(sorted(lists))
    names = [bytes(item) if isinstance(item, bytes) else item for item in holder.attrs[name]]
    others = (b"..", b"/", b"../x", b"a\x00b", b"\xff", b"/model_weights", b"x" * 5000)
    names[chance.randrange(len(names))] = chance.choice((*others, *names))
    holder.attrs[name] = names * chance.choice((1, 1, 1, 2, 200))


def change_config(chance: random.Random, file: h5py.File, canary: Canary) -> None:
    text = file.attrs["model_config"]
    text = text.decode() if isinstance(text, bytes) else str(text)
    changed = mutate_text(chance, text, canary.paths)
    stored = changed.encode("utf-8", errors="surrogatepass")
    del file.attrs["model_config"]
    if len(stored) < 60_000:
        file.attrs["model_config"] = stored
    else:
        for index, start in enumerate(range(0, len(stored), 60_000)):
            file.attrs[f"model_config{index}"] = stored[start : start + 60_000]


def _with_attributes(chance: random.Random, file: h5py.File) -> Any:
    holders = [file[path] for path in ("/", *_objects(file)) if len(file[path].attrs)]
    return chance.choice(holders)


MUTATIONS: Sequence[tuple[Mutation, float]] = (
    *((link_outside, 2), (link_softly, 1), (link_in_a_circle, 1), (store_outside, 2), (virtual, 2)),
    *((declare, 2), (pack, 1), (filter_unknown, 0.5), (change_type, 2), (reshape, 1.5), (fill, 1)),
    *((drop, 1), (nest, 0.5), (change_attribute, 2), (refer, 0.5), (drop_attribute, 1)),
    *((rename, 1.5), (change_config, 8)),
)
