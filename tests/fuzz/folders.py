"""Mutations of folders that are TensorFlow.js models already: ``model.json`` and its shards."""

from __future__ import annotations

import json
import random

from .canary import Canary
from .configs import mutate_text
from .raw import mutate as mutate_bytes

MODEL_JSON = "model.json"


def mutate(
    chance: random.Random, files: dict[str, bytes], canary: Canary
) -> tuple[dict[str, bytes], dict[str, str], list[str]]:
    """Return changed files, links by name, and what was done."""
    files, links = dict(files), {}
    what = chance.choice(("document", "document", "path", "path", "link", "shard", "drop", "raw"))
    if what == "document":
        files[MODEL_JSON] = mutate_text(chance, files[MODEL_JSON].decode(), canary.paths).encode(
            "utf-8", errors="surrogatepass"
        )
    elif what == "path":
        files[MODEL_JSON] = _with_path(chance, files[MODEL_JSON], canary)
    elif what == "raw":
        files[MODEL_JSON], _ = mutate_bytes(chance, files[MODEL_JSON], b"{}")
    else:
        name = chance.choice(sorted(files))
        data = files.pop(name)
        if what == "link":
            links[name] = chance.choice((str(canary.raw), "../../secret/canary.txt", name, "/"))
        elif what == "shard":
            files[name], _ = mutate_bytes(chance, data, b"")
    return files, links, [f"folder.{what}"]


def _with_path(chance: random.Random, text: bytes, canary: Canary) -> bytes:
    document = json.loads(text)
    paths = document["weightsManifest"][0]["paths"]
    others = (*canary.paths, "../model.json", "", ".", "model.json", paths[0], "a\x00b", "\ud800")
    paths[chance.randrange(len(paths)) :] = [chance.choice(others)] * chance.choice((1, 1, 2, 9999))
    # The canary's size, so that nothing but the path is wrong.
    weights = document["weightsManifest"][0]["weights"]
    if chance.random() < 0.5:
        weights[:] = [{"name": "w", "shape": [1024], "dtype": "float32"}]
    return json.dumps(document).encode()
