"""What a process that waits for a model does meanwhile: it converts one that comes with the code.

Imports alone do not make a process ready. Libraries set themselves up when they are first used, and
a forked process gets each page of memory of its own when it first writes to it. Together that takes
longer than a small conversion, so it is done before anybody waits for it.

The rooms are imported inside the function, so that importing this module does not load h5py.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path

from tfjs_serve.compression import COMPRESSED_SUFFIXES
from tfjs_serve.settings import Variant

MODEL = Path(__file__).with_name("rehearsal.h5")
"""Made by ``tools/write_rehearsal.py``."""


def rehearse() -> None:
    """Convert the model, and keep nothing of it: no file is written."""
    from tfjs_serve.conversion.translate import translate
    from tfjs_serve.keras_files import open_model
    from tfjs_serve.layers_model.documents import encode_document, layers_model_document
    from tfjs_serve.layers_model.encoding import plan_encodings

    with open_model(MODEL, display_name=MODEL.name) as keras_model:
        model = translate(keras_model)
        encodings = plan_encodings(model.weights, Variant.FULL, lambda _: None)
    weights = [encoding.to_json() for encoding in encodings]
    document = layers_model_document(model, [{"paths": [], "weights": weights}])
    for compress in COMPRESSED_SUFFIXES.values():
        compress(encode_document(document))
