"""The models that run on every backend: all samples, and one or more of each family of layers.

python -m tests.e2e.backend_models    run them, and write docs/backends.md anew
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "numpy")  # before anyone imports Keras

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.parity.cases import KERAS3, cases_of
from tests.parity.converted import convert_into
from tests.parity.harness import Array
from tests.parity.keras3 import model_with_references
from tests.samples import REFERENCES, SAMPLE_MODELS, Tensor, arrays
from tfjs_serve import companion
from tfjs_serve.layers_model.tfjs_folder import check_tfjs_folder

from .browser import launch, predict

DOCUMENT = Path(__file__).parents[2] / "docs/backends.md"
BEGIN = "<!-- written by python -m tests.e2e.backend_models; do not edit -->\n"
BACKENDS = ("cpu", "wasm", "webgl", "webgpu")
LARGEST_ERROR = 1e-4
"""Relative to the largest number of an output; more is to be noted with the model."""
FAMILIES = {
    "adaptive_pooling": ("AdaptiveMaxPooling2D.lowered-output_size_1",),
    "advanced_activations": ("ReLU-max_value_6.0", "PReLU-shared_axes_2"),
    "attention": ("Attention.two",),
    "audio": ("STFTSpectrogram-mode_psd-expand_dims_False",),
    "bidirectional": ("Bidirectional.LSTM", "Bidirectional.both-GRU-sequences-masked-end"),
    "categories": (
        "CategoryEncoding.row-output_mode_count",
        "Discretization.row-output_mode_count",
    ),
    "convolutional": ("Conv2D-padding_same-strides_2", "Conv3D-padding_same-strides_1"),
    "convolutional_depthwise": ("DepthwiseConv2D-padding_same-strides_1",),
    "convolutional_recurrent": ("ConvLSTM2D", "ConvLSTM3D"),
    "convolutional_transposed": (
        "Conv2DTranspose-padding_valid-strides_2",
        "Conv3DTranspose.long-strides-kernel_size_2-strides_3",
    ),
    "core": ("Dense-activation_gelu", "Masking-lstm--1.0"),
    "cropping": ("Cropping2D-cropping_1x2",),
    "einsum_dense": ("EinsumDense.ab.bc.ac-of_4-to_5",),
    "embeddings": ("Embedding", "Embedding-masks-LSTM"),
    "global_pooling": ("GlobalMaxPooling1D",),
    "image_augmentation": ("AutoContrast",),
    "image_resizing": ("Resizing.3x4-interpolation_bilinear",),
    "input_layer": ("InputLayer-shape_4",),
    "merge": ("Add-broadcast",),
    "multi_head_attention": ("MultiHeadAttention.self",),
    "noise": ("Dropout-rate_0.4",),
    "normalization": ("BatchNormalization",),
    "padding": ("ZeroPadding2D-padding_1x2",),
    "pipeline": ("Pipeline",),
    "pooling": ("MaxPooling1D", "MaxPooling3D-pool_size_2-padding_same-strides_1"),
    "preprocessing": ("Rescaling.rank4-scale_2.0-offset_0.0",),
    "recurrent": ("LSTM", "GRU.masked-at-start", "GRU.reset_after"),
    "reversible_embedding": ("ReversibleEmbedding.forward",),
    "scaling": ("GroupNormalization.rank3-groups_1",),
    "stacked_cells": ("RNN.LSTMCell", "RNN.LSTM.GRU"),
    "upsampling": ("UpSampling2D-size_2x3",),
    "wrappers": ("TimeDistributed-layer_Dense.2",),
}
"""Ids of parity cases by the families of ``docs/layers.md``: plain ones, and with layers.js."""
CASES = {case.id: case for case in cases_of(KERAS3)}
MODELS = (*REFERENCES, *(one for cases in FAMILIES.values() for one in cases))


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A model in the folder of the page, and what Keras, or its trainer, predicts."""

    folder: str
    notes: tuple[str, ...]
    inputs: Sequence[Tensor]
    expected: Sequence[Array]

    def is_noted(self, backend: str) -> bool:
        """Whether the model's notes name `backend`."""
        return any(f"the {backend} backend" in note for note in self.notes)


def converted(name: str, page_folder: Path) -> Converted:
    """Convert a sample or a case into a folder of its own."""
    folder = page_folder / ("on-backends-" + re.sub(r"\W", "_", name))
    if (SAMPLE_MODELS / name).is_dir():  # it is served with names that a plain server lacks
        shutil.copytree(SAMPLE_MODELS / name, folder)
        _, notes = check_tfjs_folder(folder, name)
        return _converted(folder, notes, *_of_sample(name))
    folder.mkdir()
    if name in REFERENCES:
        notes = convert_into(folder, SAMPLE_MODELS / f"{name}.h5").warnings
        return _converted(folder, notes, *_of_sample(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Keras says of its own computing
        model, inputs, expected = model_with_references(CASES[name])
        model.save(folder / "model.keras")
    notes = convert_into(folder, folder / "model.keras").warnings
    return _converted(folder, notes, tensors(inputs), expected)


def _of_sample(name: str) -> tuple[Sequence[Tensor], Sequence[Array]]:
    reference = REFERENCES[name]
    return reference["inputs"], arrays(reference["outputs"])


def _converted(
    folder: Path, notes: Sequence[str], inputs: Sequence[Tensor], expected: Sequence[Array]
) -> Converted:
    return Converted(folder=folder.name, notes=tuple(notes), inputs=inputs, expected=expected)


def tensors(inputs: Sequence[Array]) -> list[Tensor]:
    """Spell out arrays as the page takes them."""
    return [
        {"shape": list(one.shape), "dtype": "float32", "values": one.astype(float).ravel().tolist()}
        for one in inputs
    ]


@contextmanager
def page_with_layers(context: BrowserContext, page_folder: Path, page_url: str) -> Iterator[Page]:
    """Open a page with all of ``layers.js``; it serves models out of its own folder."""
    script = companion.whole_script()
    (page_folder / script.name).write_text(script.text, encoding="utf-8")
    with context.new_page() as page:
        page.goto(page_url)
        page.add_script_tag(url=page_url.replace("page.html", script.name))
        yield page


def largest_error(
    page: Page, page_url: str, model: Converted, backend: str, *, kind: str = "layers"
) -> float:
    """Return the largest relative error of a prediction; infinite if it has another shape."""
    url = page_url.replace("page.html", f"{model.folder}/model.json")
    outputs = predict(page, url, model.inputs, kind=kind, backend=backend)
    return max(_error(*pair) for pair in zip(model.expected, outputs, strict=True))


def _error(expected: Any, actual: Array) -> float:
    wanted = np.asarray(expected, np.float64)
    if wanted.shape != actual.shape:
        return float("inf")
    largest = np.abs(wanted).max(initial=0.0) or 1.0
    error = float(np.abs(actual - wanted).max(initial=0.0) / largest)
    return error if np.isfinite(error) else float("inf")


# --- The table --------------------------------------------------------------------------------


def main() -> None:
    """Write the table of a run below the words of the document."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        rows = list(_rows(launch(playwright, f"{folder}/profile"), Path(folder)))
    words = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[0]
    DOCUMENT.write_text("\n".join([words + BEGIN, *_HEAD, *rows, ""]), encoding="utf-8")


_HEAD = (
    f"| family | model | {' | '.join(BACKENDS)} |",
    "|---|---|---|---|---|---|",
)


def _rows(context: BrowserContext, folder: Path) -> Iterator[str]:
    from .conftest import copy_page, serving

    family = {name: f"`{title}`" for title, names in FAMILIES.items() for name in names}
    copy_page(folder)
    with serving(folder) as url:
        models = {name: converted(name, folder) for name in MODELS}
        columns = [_column(context, folder, url, models, backend) for backend in BACKENDS]
    context.close()
    for name, *cells in zip(models, *columns, strict=True):
        yield f"| {family.get(name, 'samples')} | `{name}` | {' | '.join(cells)} |"


def _column(
    context: BrowserContext, folder: Path, url: str, models: Mapping[str, Converted], backend: str
) -> list[str]:
    cells = []
    with page_with_layers(context, folder, url) as shared:
        for name, model in models.items():
            if model.is_noted(backend):
                with page_with_layers(context, folder, url) as page:
                    cells.append(f"**{_shown(largest_error(page, url, model, backend))}**, noted")
            else:
                cells.append(_shown(largest_error(shared, url, model, backend)))
            print(backend, name, cells[-1], file=sys.stderr)
    return cells


def _shown(error: float) -> str:
    if error == float("inf"):
        return "another shape or NaN"
    return f"{error:.0e}" if error else "0"


if __name__ == "__main__":
    main()
