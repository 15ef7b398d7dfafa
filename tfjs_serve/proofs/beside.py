"""The proof among the files beside a model, in the process that reads strangers' files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfjs_serve.facts.proof import ProofInfo
from tfjs_serve.keras_files import KerasModel
from tfjs_serve.layers_model.files import write_file
from tfjs_serve.layers_model.model import WrittenFile
from tfjs_serve.layers_model.neighbours import Neighbour
from tfjs_serve.neighbours import PROOF_NPZ
from tfjs_serve.proofs.fingerprints import changed_weights
from tfjs_serve.proofs.npz import UnreadableProofError, from_npz
from tfjs_serve.proofs.served import files_of, notes_of, proof_info


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofBeside:
    """What becomes of the proof beside a model; nothing, if there is none.

    Attributes
    ----------
    files
        What a page gets, by names.
    notes
        Why it is left out, or that it is of other weights.
    """

    info: ProofInfo | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def write(self, directory: Path) -> tuple[WrittenFile, ...]:
        """Write the files. Raises :class:`StoreError`."""
        return tuple(write_file(directory, name, data) for name, data in self.files.items())


def without_proof(
    beside: Iterable[Neighbour], model: KerasModel | None
) -> tuple[tuple[Neighbour, ...], ProofBeside]:
    """Return the files that are no proof, and what becomes of the one that is.

    Parameters
    ----------
    model
        Whose weights are compared with those of the proof; all are read. ``None``: a folder for
        TensorFlow.js, whose weights are not those of Keras.
    """
    others = tuple(one for one in beside if one.name != PROOF_NPZ)
    proofs = [one for one in beside if one.name == PROOF_NPZ]
    return others, _used(proofs[0], model) if proofs else ProofBeside()


def _used(found: Neighbour, model: KerasModel | None) -> ProofBeside:
    try:
        proof = from_npz(found.data)
    except UnreadableProofError as problem:
        return ProofBeside(notes=(f"{found.shown} is left out: it {problem}",))
    info = proof_info(proof, changed_weights(proof.weights, model) if model else ())
    return ProofBeside(info=info, files=files_of(proof, info), notes=notes_of(info, found.shown))
