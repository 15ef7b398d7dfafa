"""TRANSLATE: a :class:`KerasModel` into a :class:`LayersModel`. Pure: no files, no HTTP."""

from tfjs_serve.conversion.translate import translate

__all__ = ["translate"]
