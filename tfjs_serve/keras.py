"""For training scripts: ``from tfjs_serve.keras import Proof``. Imports no Keras.

The functions are explained in ``docs/proof.md``.
"""

from tfjs_serve.api.proof import Proof, write_proof

__all__ = ["Proof", "write_proof"]
