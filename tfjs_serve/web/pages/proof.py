"""What a model's page tells of its proof: read by ``browser/pages/scripts/proof``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tfjs_serve.facts.proof import ProofInfo
from tfjs_serve.neighbours import PROOF_JSON, PROOF_NPZ
from tfjs_serve.settings import Variant
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.tfjs import Tfjs
from tfjs_serve.web.tfjs_backends import Backends, scripts_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """The proof beside a model.

    Attributes
    ----------
    is_there
        Whether there is one, or may be one: what nobody has looked into may be none.
    info
        What is known of it.
    file
        Its name.
    lines
        Python that makes one.
    data
        A JSON object; its URLs are paths on this server, but for those of TensorFlow.js.
    """

    is_there: bool
    info: ProofInfo | None
    file: str
    lines: str
    data: Mapping[str, Any]


def proof_of(summary: ModelSummary, tfjs: Tfjs, backends: Backends) -> ProofView:
    """Return what is told of the proof of a model that can be loaded."""
    facts, path = summary.status.facts, PurePosixPath(summary.entry.exact_name)
    is_beside = any(one.name == PROOF_NPZ for one in summary.entry.neighbours)
    file = PurePosixPath(summary.entry.name).name
    # The proof of a folder lies beside it, so the folder is named, and not a file in it.
    model = file if summary.entry.kind.is_folder else path.name
    return ProofView(
        is_there=facts.proof is not None if facts else is_beside,
        info=facts.proof if facts else None,
        file=f"{file}.{PROOF_NPZ}",
        lines=f"from tfjs_serve.keras import write_proof\n\nwrite_proof(model, x, {model!r})",
        data={
            "url": summary.variant_urls.get(Variant.FULL, summary.url),
            "loader": summary.loader,
            "needsLayers": bool(summary.layers_url),
            "proofUrl": f"{summary.page_url}{PROOF_JSON}",
            "tfjs": scripts_json(tfjs, backends),
        },
    )
