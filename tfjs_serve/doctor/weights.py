"""Where the weights of a model lie, and whether they are those of its manifest. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from tfjs_serve.doctor.delivery import has_digest, time_in
from tfjs_serve.doctor.kinds import kind_of
from tfjs_serve.doctor.model import Answer, Findings, Notebook
from tfjs_serve.layers_model.digests import shard_name
from tfjs_serve.layers_model.manifests import WeightGroup
from tfjs_serve.neighbours import shard_at

_OWN_NAME = re.compile(r"weights\.[0-9a-f]{32}\.bin")
_LONGEST_UPLOAD = timedelta(minutes=30)
"""How much earlier than ``model.json`` its weights may have been put there."""
_DEPLOY_AGAIN = "Deploy all files of one conversion again, model.json last."


def shard_url(model_url: str, path: str) -> str:
    """Return where TensorFlow.js looks for a path of the manifest.

    The rule is that of ``parseUrl`` in tfjs-core's ``io/http.ts``: beside the address that was
    given, wherever that was redirected to, and with its query.
    """
    slash, question = model_url.rfind("/"), model_url.rfind("?")
    query = model_url[question:] if question > slash else ""
    return f"{model_url[: slash + 1]}{path}{query}"


def content_findings(answer: Answer) -> Findings:
    """Return what is wrong with the bytes of one shard."""
    notes = Notebook(answer.url)
    if kind := kind_of(answer.body):
        notes.fault(kind.code, f"{kind.message}, not weights", kind.hint)
    elif (name := _own_name(answer.url)) and answer.sha256 and name != shard_name(answer.sha256):
        message = "does not have the bytes that its name stands for"
        notes.fault("wrong-bytes", message, _DEPLOY_AGAIN)
    return notes.findings()


def _own_name(url: str) -> str:
    """Return the name of a shard that tfjs-serve named by its bytes; empty for others."""
    folders = url.partition("?")[0].split("/")
    for path in (folders[-1], "/".join(folders[-2:])):
        if _OWN_NAME.fullmatch(name := shard_at(path)):
            return name
    return ""


def size_findings(model_url: str, group: WeightGroup, shards: Sequence[Answer]) -> Findings:
    """Return whether the shards of a group have as many bytes as its weights need."""
    notes = Notebook(model_url)
    sizes = [shard.size_bytes for shard in shards if shard.size_bytes is not None]
    if (
        group.size_bytes is not None
        and len(sizes) == len(shards)
        and sum(sizes) != group.size_bytes
    ):
        names = ", ".join(group.paths[:3]) + (", ..." if len(group.paths) > 3 else "")
        notes.fault(
            "wrong-size",
            f"needs {group.size_bytes} bytes of weights, but {names or 'no files'} "
            f"{'has' if len(shards) == 1 else 'have'} {sum(sizes)}",
            f"They are of another conversion, or cut off. {_DEPLOY_AGAIN}",
        )
    return notes.findings()


def age_findings(model: Answer, shards: Sequence[Answer]) -> Findings:
    """Return whether weights, whose names do not tell, seem to be of an earlier model."""
    notes = Notebook(model.url)
    newest = _modified(model)
    times = [_modified(shard) for shard in shards if not has_digest(shard.url)]
    known = [time for time in times if time is not None]
    if newest is not None and known and newest - max(known) > _LONGEST_UPLOAD:
        notes.warning(
            "older-weights",
            f"is from {newest:%Y-%m-%d %H:%M}, and its weights are from {max(known):%Y-%m-%d %H:%M}"
            ": perhaps they are those of an earlier model",
            f"If so: {_DEPLOY_AGAIN[0].lower()}{_DEPLOY_AGAIN[1:]}",
        )
    return notes.findings()


def _modified(answer: Answer) -> datetime | None:
    return time_in(answer.last, "last-modified") if answer.last else None
