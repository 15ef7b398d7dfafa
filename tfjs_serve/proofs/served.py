"""What a page gets of a proof: ``proof.json``, and a file of numbers that is named by its digest.

There are two, so that the numbers, which do not change with the model, stay in caches. The name
brings a page those that belong to its ``proof.json``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tfjs_serve.facts.proof import ProofInfo
from tfjs_serve.facts.wording import counted
from tfjs_serve.neighbours import PROOF_JSON
from tfjs_serve.proofs.model import Floats, Proof

_DIGITS = 32
_MOST_CHANGED = 20


def proof_info(proof: Proof, changed: Sequence[str]) -> ProofInfo:
    """Return what is told of a proof, `changed` being the proven weights that the model has not."""
    return ProofInfo(
        examples=proof.examples,
        layers=len(proof.layers),
        made_with=proof.made_with,
        precision=proof.precision,
        changed=tuple(changed[:_MOST_CHANGED]),
        changed_count=len(changed),
    )


def notes_of(info: ProofInfo, shown: str) -> tuple[str, ...]:
    """Return a note if a proof is of other weights; `shown` is the name of its file."""
    if not info.changed_count:
        return ()
    more = info.changed_count - 1
    others = f" and {counted(more, 'more weight')}" if more else ""
    what = f"{info.changed[0]}{others} {'are' if more else 'is'}"
    return (
        f"{shown} was made from other weights: {what} not as in the proof. The model was trained "
        "on since, or somebody has changed its file; if that is meant, make the proof again.",
    )


def files_of(proof: Proof, info: ProofInfo) -> dict[str, bytes]:
    """Return the files for a page, by their names."""
    numbers: list[Floats] = []
    described = {
        "inputs": [_described(one.name, one.values, numbers) for one in proof.inputs],
        "outputs": [_described(one.name, one.values, numbers) for one in proof.outputs],
        "layers": [_described(one.path, one.values, numbers, one.shape) for one in proof.layers],
    }
    data = b"".join(one.astype("<f4", copy=False).tobytes() for one in numbers)
    name = f"proof.{hashlib.sha256(data).hexdigest()[:_DIGITS]}.bin"
    document = {**info.to_json(), "numbers": name, **described}
    return {PROOF_JSON: json.dumps(document, separators=(",", ":")).encode("ascii"), name: data}


def _described(
    name: str, values: Floats, numbers: list[Floats], shape: Sequence[int] | None = None
) -> dict[str, Any]:
    """Return what is said of one tensor, and add its values to `numbers`.

    Parameters
    ----------
    shape
        If it is not that of the values, which are then some of it.
    """
    numbers.append(values)
    return {"name": name, "shape": list(shape or values.shape), "count": int(values.size)}
