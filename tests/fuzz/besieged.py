"""What is attacked: a folder of models with secrets around it, and the process that serves it."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tests.fuzz.request_grammar import World
from tests.parity.server import ServedModels
from tests.samples import SAMPLE_MODELS
from tfjs_serve.web.own_urls import EVENTS_URL, OWN_URLS


def lay_out(workspace: Path, canary: str) -> Path:
    """Make a folder of models, and around it what must not be served; return the former."""
    models = workspace / "served"
    models.mkdir()
    for name in ("iris.h5", "breast-cancer-tfjs"):
        source = SAMPLE_MODELS / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, models / name)
    for name in ("<img src=x onerror=alert(1)>.h5", "twins.h5", "twins.hdf5"):
        shutil.copyfile(SAMPLE_MODELS / "iris.h5", models / name)
    (models / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n nothing else")
    outside = workspace / "canary"
    outside.mkdir()
    (workspace / "canary.txt").write_text(canary)
    (workspace / "canary.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + canary.encode())
    document = {"format": "layers-model", "modelTopology": {}, "userDefinedMetadata": canary}
    paths = {"weightsManifest": [{"paths": ["canary.bin"], "weights": []}]}
    (outside / "model.json").write_text(json.dumps({**document, **paths}))
    (outside / "canary.bin").write_text(canary)
    shutil.copytree(outside, models / ".canary")
    shutil.copytree(SAMPLE_MODELS / "breast-cancer-tfjs", models / "mixed")
    mixed = json.loads((models / "mixed" / "model.json").read_bytes())
    mixed["weightsManifest"].append({"paths": ["canary.bin"], "weights": []})
    (models / "mixed" / "model.json").write_text(json.dumps(mixed))
    with suppress(OSError):  # Windows without the privilege
        (models / "leak.h5").symlink_to(workspace / "canary.h5")
        (models / "leak").symlink_to(outside)
        (models / "mixed" / "canary.bin").symlink_to(workspace / "canary.txt")
    return models


def explore(served: ServedModels, workspace: Path) -> World:
    """Load the models as a page does, and note where everything is."""
    paths = [path for path in OWN_URLS if path != EVENTS_URL]
    paths += ["/iris", "/iris/"]
    paths += ["/twins/model.json", "/broken/model.json", "/broken/"]
    etags = []
    for base in ("/iris", "/iris@uint8", "/iris.h5", "/breast-cancer-tfjs", "/mixed"):
        answer = served.get(f"{base}/model.json")
        manifest = json.loads(answer.body)["weightsManifest"] if answer.status == 200 else []
        shards = [f"{base}/{path}" for group in manifest for path in group["paths"]]
        paths += [f"{base}/model.json", *shards]
        etags += [served.get(path).headers["ETag"] for path in (f"{base}/model.json", *shards)]
    inside = ("/leak/model.json", "/leak.h5/model.json", "/leak/canary.bin", "/.canary/model.json")
    names = ("canary.txt", "canary.h5", "canary/model.json", "canary/canary.bin")
    root = quote(workspace.as_posix())
    outside = (f"{way}{name}" for name in names for way in ("/../", f"{root}/", f"/{root}/"))
    lures = (*inside, "/mixed/canary.bin", *outside, "/../../../../../../etc/passwd", "/leak/")
    return World(paths=tuple(paths), lures=lures, etags=tuple(tag for tag in etags if tag))


def usage(pid: int) -> dict[str, int]:
    """Return what the process holds; zeros where the platform does not tell (not Linux)."""
    process = Path(f"/proc/{pid}")
    if not process.is_dir():
        return {"descriptors": 0, "threads": 0, "memory KiB": 0}
    lines = (line.split() for line in (process / "status").read_text().splitlines())
    status = {line[0]: line[1] for line in lines if len(line) > 1}
    return {
        "descriptors": len(list((process / "fd").iterdir())),
        "threads": int(status["Threads:"]),
        "memory KiB": int(status["VmRSS:"]),
    }


def settled_usage(pid: int, before: dict[str, int], most_seconds: float) -> dict[str, int]:
    """Return what the process holds when it has noticed that its clients are gone."""
    deadline = time.monotonic() + most_seconds
    while (now := usage(pid))["descriptors"] > before["descriptors"]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return now
