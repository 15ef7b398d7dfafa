"""Models of Keras 1 (0.3 to 1.2.2) in the spelling and with the weights of Keras 2."""

from __future__ import annotations

from tfjs_serve.conversion.keras1.forms import keras1_forms
from tfjs_serve.conversion.keras1.structure import modern_structure

__all__ = ["keras1_forms", "modern_structure"]
