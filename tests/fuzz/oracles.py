"""What must hold for every answer, whatever was asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from . import canary
from .server import Answer

PROBLEM = "application/problem+json"
EXPECTED_CODES = frozenset(
    {
        *("bad-tfjs-folder", "cannot-convert"),
        *("conversion-crashed", "conversion-limit", "conversion-timeout"),
        *("no-such-file", "no-such-model", "source-changed", "unreadable-file", "unsafe-file"),
        *("store-failed", "weights-only-file"),
    }
)
"""What a file may cause; every other code is a defect of the server."""
ITEM_BYTES = {"float32": 4, "float16": 2, "int32": 4, "uint16": 2, "uint8": 1, "bool": 1}


def findings(answers: Sequence[Answer], folders: Sequence[Path]) -> Iterator[str]:
    """Yield what is wrong with the answers to one load: ``model.json``, then the weights.

    Parameters
    ----------
    folders
        Where the server has its files, which it tells nobody.
    """
    for answer in answers:
        said = answer.body + unquote(answer.headers).encode(errors="replace")
        for folder in folders:
            if str(folder).encode() in said:
                yield f"the place of {folder.name} in {answer.path}: {answer.body[:300]!r}"
        if canary.is_in(answer.body) or canary.is_in(answer.headers.encode()):
            yield f"canary in {answer.path}"
        if answer.status != 200:
            yield from _problem_findings(answer)
    if answers[0].status == 200:
        yield from _model_findings(answers)


def code_of(answer: Answer) -> str:
    """Return the code of a problem, or ``served``."""
    if answer.status == 200:
        return "served"
    try:
        return str(json.loads(answer.body)["code"])
    except (ValueError, LookupError, TypeError):
        return "no-code"


def _problem_findings(answer: Answer) -> Iterator[str]:
    if answer.media_type != PROBLEM:
        yield f"{answer.status} with {answer.media_type}"
    elif code_of(answer) not in EXPECTED_CODES:
        yield f"unexpected code {code_of(answer)}: {answer.body[:300]!r}"
    elif not _is_json(answer.body):
        yield "a problem that is no JSON"


def _model_findings(answers: Sequence[Answer]) -> Iterator[str]:
    document, shards = answers[0], {answer.path: answer for answer in answers[1:]}
    if not _is_json(document.body):
        yield "model.json is no JSON"
        return
    base = document.path.removesuffix("model.json")
    for group in json.loads(document.body).get("weightsManifest") or ():
        files = [shards.get(f"{base}{path}") for path in group["paths"]]
        if not all(file is not None and file.status == 200 for file in files):
            yield "a shard that model.json names is not served"
        else:
            held = sum(len(file.body) for file in files if file is not None)
            declared = _declared_bytes(group)
            if declared is not None and declared != held:
                yield f"shards of {held} bytes for {declared} bytes of weights"


def _declared_bytes(group: Any) -> int | None:
    """Return what the weights of a group need; ``None`` where only the data tells."""
    total = 0
    for weight in group["weights"]:
        dtype = weight.get("quantization", weight)["dtype"]
        if dtype not in ITEM_BYTES:
            return None
        total += math.prod(weight["shape"]) * ITEM_BYTES[dtype]
    return total


def _is_json(data: bytes) -> bool:
    """Whether a browser can parse it: UTF-8, and no numbers that JSON does not have."""
    try:
        json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
