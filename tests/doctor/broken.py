"""What is wrong with deployments, one thing at a time, and what the doctor calls it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import brotli

from .deployments import IMMUTABLE, PAGE, SHARD, WEIGHTS, File, digest_name, good, layer, model

Files = dict[str, File]
Break = Callable[[Files], None]
JSON = good()["model.json"].body


def model_json(body: bytes = JSON, status: int = 200, **headers: str) -> Break:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def change(files: Files) -> None:
        files["model.json"] = File(body=body, status=status, headers=named)

    return change


def shard(body: bytes = WEIGHTS, name: str = SHARD, status: int = 200, **headers: str) -> Break:
    named = {field.replace("_", "-"): value for field, value in headers.items()}

    def change(files: Files) -> None:
        del files[SHARD]
        files["model.json"] = File(body=json.dumps(model([name])).encode())
        files[name] = File(body=body, status=status, headers={**IMMUTABLE, **named})

    return change


def document(*layers: dict[str, object], **members: object) -> Break:
    return model_json(json.dumps(model([SHARD], *layers, **members)).encode())


def redirected(**headers: str) -> Break:
    def change(files: Files) -> None:
        files["there.json"] = files["model.json"]
        location = {"Location": "there.json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        files["model.json"] = File(status=302, headers={**location, **named})

    return change


def without(name: str) -> Break:
    return lambda files: files.pop(name) and None


def nested(inner: dict[str, object]) -> dict[str, object]:
    return layer("TimeDistributed", name="td", layer=inner)


HTML = b"<!doctype html><title>app</title>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 36\n"
FAULTS: dict[str, tuple[Break, str]] = {
    "no model.json": (without("model.json"), "http-status"),
    "private": (model_json(status=403), "http-status"),
    "no CORS": (model_json(Access_Control_Allow_Origin=""), "no-cors"),
    "CORS for another origin": (
        model_json(Access_Control_Allow_Origin="https://other.example"),
        "other-origin",
    ),
    "two origins": (
        model_json(Access_Control_Allow_Origin=f"{PAGE}, https://o.example"),
        "bad-cors",
    ),
    "redirect without CORS": (redirected(Access_Control_Allow_Origin=""), "redirect-no-cors"),
    "endless redirects": (
        lambda files: files.update(
            {"model.json": File(status=301, headers={"Location": "model.json"})}
        ),
        "too-many-redirects",
    ),
    "a redirect to nowhere": (model_json(status=302), "http-status"),
    "no content": (model_json(b"", status=204), "empty"),
    "empty": (model_json(b""), "empty"),
    "HTML with a comment first": (model_json(b"<!-- app --><html></html>"), "html"),
    "HTML": (model_json(HTML), "html"),
    "LFS pointer": (model_json(POINTER), "lfs-pointer"),
    "error of a store": (model_json(b"<?xml version='1.0'?><Error/>"), "xml"),
    "gzip that does not say so": (model_json(gzip.compress(JSON)), "undeclared-gzip"),
    "HDF5": (model_json(b"\x89HDF\r\n\x1a\n" + bytes(100)), "keras-file"),
    ".keras": (model_json(b"PK\x03\x04" + bytes(100)), "keras-file"),
    "cut off": (model_json(JSON[:-30]), "invalid-json"),
    "NaN": (model_json(JSON[:-1] + b', "x": NaN}'), "invalid-json"),
    "Keras's model.json": (model_json(b'{"class_name": "Sequential", "config": {}}'), "keras-json"),
    "weights without a model": (document(modelTopology=None), "weights-only"),
    "other JSON": (model_json(b'{"name": "site"}'), "not-a-model"),
    "no layers": (document(modelTopology={"x": 1}), "no-layers"),
    "bad manifest": (document(weightsManifest={"paths": []}), "bad-manifest"),
    "Keras 3's configuration": (
        document(layer("InputLayer", name="input", batch_shape=[None, 2])),
        "keras-3-config",
    ),
    "unknown layer": (document(layer("GroupNormalization", name="g")), "unknown-layers"),
    "unknown layer in a layer": (
        document(nested(layer("EinsumDense", name="e"))),
        "unknown-layers",
    ),
    "missing shard": (without(SHARD), "http-status"),
    "shard without CORS": (shard(Access_Control_Allow_Origin=""), "no-cors"),
    "shard is HTML": (shard(HTML), "html"),
    "shard is an LFS pointer": (shard(POINTER), "lfs-pointer"),
    "shard of another conversion": (shard(WEIGHTS + bytes(4)), "wrong-size"),
    "shard cut off": (shard(WEIGHTS[:-1]), "wrong-size"),
    "empty shard": (shard(b"", "a.bin", Cache_Control="no-cache"), "wrong-size"),
    "other bytes than the name says": (shard(b""), "wrong-bytes"),
    "not what it is said to be encoded as": (
        model_json(JSON, Content_Encoding="gzip"),
        "incomplete-answer",
    ),
}


WARNINGS: dict[str, tuple[Break, str]] = {
    "no Cache-Control": (model_json(Cache_Control=""), "no-cache-control"),
    "model.json is kept": (model_json(Cache_Control="max-age=3600"), "loses-updates"),
    "model.json is immutable": (
        model_json(Cache_Control=IMMUTABLE["Cache-Control"]),
        "loses-updates",
    ),
    "model.json until a day": (
        model_json(Cache_Control="", Expires="Thu, 01 Jan 2099 00:00:00 GMT"),
        "loses-updates",
    ),
    "nothing to ask with": (model_json(ETag=""), "no-validator"),
    "shards are asked for again": (shard(Cache_Control="no-cache"), "asked-again"),
    "shards are never kept": (
        shard(name="group1-shard1of1.bin", Cache_Control="no-store"),
        "no-store",
    ),
    "shards are kept under one name": (shard(name="group1-shard1of1.bin"), "stale-weights"),
    "shards of last year": (
        lambda files: (
            shard(
                name="weights.bin",
                Cache_Control="no-cache",
                Last_Modified="Wed, 01 Jan 2025 00:00:00 GMT",
            )(files),
            files.update(
                {
                    "model.json": File(
                        body=files["model.json"].body,
                        headers={"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"},
                    )
                }
            ),
        )[0],
        "older-weights",
    ),
    "large shards": (
        lambda files: (
            document(
                weightsManifest=[
                    {
                        "paths": [digest_name(b"large")],
                        "weights": [{"name": "w", "shape": [60 << 20], "dtype": "uint8"}],
                    }
                ]
            )(files),
            files.update({digest_name(b"large"): File(body=bytes(60 << 20), headers=IMMUTABLE)}),
        )[0],
        "too-large-to-cache",
    ),
    "sent as br to everybody": (
        model_json(brotli.compress(JSON), Content_Encoding="br"),
        "content-encoding",
    ),
    "wildcard and credentials": (
        model_json(Access_Control_Allow_Credentials="true"),
        "wildcard-with-credentials",
    ),
    "one origin, and no Vary": (model_json(Access_Control_Allow_Origin=PAGE), "no-vary"),
    "a graph model": (document(format="graph-model"), "graph-model"),
    "layers that are not there": (
        document(layer("tfjs-serve/layers.js>GRU", name="gru")),
        "no-layers-script",
    ),
}


def _refusing_ranges(status: int) -> Break:
    return lambda files: setattr(files[SHARD], "range_status", status)


def _weights_like_gzip(files: Files) -> None:
    weights = b"\x1f\x8b" + WEIGHTS[2:]
    shard(weights, digest_name(weights))(files)


HARMLESS: dict[str, Break] = {
    "old at once": model_json(Cache_Control="", Expires="0"),
    "old at once, with a date": model_json(
        Cache_Control="",
        Expires="Thu, 01 Jan 1970 00:00:00 GMT",
        Date="Thu, 01 Jan 2026 00:00:00 GMT",
    ),
    "times without a zone": lambda files: (
        shard(
            name="weights.bin", Cache_Control="no-cache", Last_Modified="Wed, 01 Jan 2025 00:00:00"
        )(files),
        setattr(files["model.json"], "headers", {"Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}),
    )[0],
    "parts are refused": _refusing_ranges(501),
    "parts are said not to be there": _refusing_ranges(416),
    "weights that begin like gzip": _weights_like_gzip,
}
"""What looks odd, and is nothing to TensorFlow.js and to browsers."""
