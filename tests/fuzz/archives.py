"""Mutations of ``.keras`` archives: their members, and the directory that lists them."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from collections.abc import Callable, Sequence

from . import hdf5, raw
from .canary import Canary
from .configs import mutate_text

Members = list[tuple[str, bytes]]
Mutation = Callable[[random.Random, Members, Canary], Members]
WEIGHTS = "model.weights.h5"


def mutate(chance: random.Random, data: bytes, canary: Canary) -> tuple[bytes, list[str]]:
    """Return a changed archive, and what was done."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    mutation = chance.choices([m for m, _ in MUTATIONS], [weight for _, weight in MUTATIONS])[0]
    members = mutation(chance, members, canary)
    return _written(chance, members), [f"archive.{mutation.__name__}"]


def _written(chance: random.Random, members: Members) -> bytes:
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", chance.choice(methods)) as archive:
        for name, content in members:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a name that is there already
                archive.writestr(zipfile.ZipInfo(name), content, archive.compression)
    return stored.getvalue()


def _changed(members: Members, name: str, change: Callable[[bytes], bytes]) -> Members:
    return [(other, change(data) if other == name else data) for other, data in members]


def change_config(chance: random.Random, members: Members, canary: Canary) -> Members:
    def change(data: bytes) -> bytes:
        text = mutate_text(chance, data.decode(), canary.paths)
        return text.encode("utf-8", errors="surrogatepass")

    return _changed(members, chance.choice(("config.json",) * 5 + ("metadata.json",)), change)


def change_weights(chance: random.Random, members: Members, canary: Canary) -> Members:
    return _changed(members, WEIGHTS, lambda data: hdf5.mutate(chance, data, canary, 2)[0])


def damage(chance: random.Random, members: Members, canary: Canary) -> Members:
    name = chance.choice([name for name, _ in members] + [WEIGHTS] * 3)
    return _changed(members, name, lambda data: raw.mutate(chance, data, members[0][1])[0])


def rename(chance: random.Random, members: Members, canary: Canary) -> Members:
    names = ("../config.json", "/etc/x", "a\\b", "config.json", "x/config.json", "assets/a/../b")
    names += ("model.weights.npz", "model.weights.json", "assets/layers/x/vocabulary.txt", WEIGHTS)
    at = chance.randrange(len(members))
    return [*members[:at], (chance.choice(names), members[at][1]), *members[at + 1 :]]


def repeat(chance: random.Random, members: Members, canary: Canary) -> Members:
    return [*members, chance.choice(members)]


def drop(chance: random.Random, members: Members, canary: Canary) -> Members:
    return chance.sample(members, len(members) - 1)


def add(chance: random.Random, members: Members, canary: Canary) -> Members:
    """Add vocabularies, an index of shards, thousands of members, or much of nothing."""
    index = '{"weight_map": {"/layers": ["../secret/canary.h5", "/etc/passwd", "x.h5"]}}'
    added: tuple[Members, ...] = (
        [("model.weights.json", index.encode())],
        [("assets/_layer/vocabulary.txt", b"a\nb\xff\x00"), (f"assets/{'x/' * 500}y", b"")],
        [(f"assets/{number}", b"") for number in range(3_000)],
        [("assets/layers/dense/vocabulary.txt", bytes(30_000_000))],
    )
    without = [member for member in members if member[0] != WEIGHTS]
    return (without if chance.random() < 0.3 else members) + chance.choice(added)


MUTATIONS: Sequence[tuple[Mutation, float]] = (
    (change_config, 6),
    (change_weights, 6),
    (damage, 3),
    (rename, 1),
    (repeat, 0.5),
    (drop, 0.5),
    (add, 0.5),
)
