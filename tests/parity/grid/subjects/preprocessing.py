"""Images, sounds, categories and words before a model, and augmentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.parity.cases.case import KERAS2, KERAS3, made

from .subject import Subject, floats, pixels, subject, whole, words

IMAGE = pixels(9, 8, 3)
COUNTS = ("one_hot", "multi_hot", "count")


def images() -> Iterator[Subject]:
    size = {"height": 5, "width": 6}
    kinds = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian")
    yield subject(
        "Resizing",
        IMAGE,
        base=size,
        values={
            "interpolation": (*kinds, "mitchellcubic"),
            "height": (12, 9),
            "width": (11, 3),
            "fill_value": (2.0,),
            "fill_mode": ("constant",),
        },
        tolerance=1e-4,
    )
    yield subject("CenterCrop", IMAGE, base=size, values={"height": (9, 12), "width": (8, 11)})
    yield subject("RandomCrop", IMAGE, base=size, values={"height": (9, 12), "width": (8, 11)})
    new: dict[str, Any] = {"dialects": (KERAS3,)}
    for name in ("AutoContrast", "Equalization"):
        yield subject(name, IMAGE, smooth=False, **new)
    yield subject("ContrastLimitedAdaptiveHistogramEqualization", IMAGE, smooth=False, **new)


def augmentation() -> Iterator[Subject]:
    new: dict[str, Any] = {"dialects": (KERAS3,)}
    old: dict[str, Any] = {"dialects": (KERAS2,)}
    for name in ("RandomBrightness", "RandomContrast", "RandomRotation"):
        yield subject(name, IMAGE, base={"factor": 0.2})
    yield subject("RandomFlip", IMAGE, values={"mode": ("horizontal", "vertical")})
    yield subject("RandomZoom", IMAGE, base={"height_factor": 0.2})
    shift = {"height_factor": 0.2, "width_factor": 0.1}
    yield subject("RandomTranslation", IMAGE, base=shift)
    for name in ("RandomHeight", "RandomWidth"):
        yield subject(name, IMAGE, base={"factor": 0.2}, **old)
    for part in ("ColorDegeneration", "Hue", "Saturation", "Sharpness"):
        yield subject(f"Random{part}", IMAGE, base={"factor": 0.2}, **new)
    yield subject("RandomPosterization", IMAGE, base={"factor": 4}, **new)
    scaled = {"scale": (0.5,), "kernel_size": (5,)}
    for part in ("Grayscale", "Invert", "ColorJitter", "GaussianBlur", "Shear"):
        yield subject(f"Random{part}", IMAGE, values=scaled, **new)
    for part in ("ElasticTransform", "Perspective"):
        yield subject(f"Random{part}", IMAGE, values=scaled, **new)
    yield subject("RandomErasing", IMAGE, values={"scale": ((0.1, 0.2),)}, **new)
    for name in ("AugMix", "CutMix", "MixUp", "RandAugment", "Solarization"):
        yield subject(name, IMAGE, **new)
    steps = [made("layers.RandomFlip"), made("layers.Rescaling", scale=0.5)]
    yield subject("Pipeline", IMAGE, base={"layers": steps}, **new)


def sounds() -> Iterator[Subject]:
    new: dict[str, Any] = {"dialects": (KERAS3,)}
    yield subject(
        "MelSpectrogram",
        floats(600),
        base={"fft_length": 64, "sequence_stride": 32, "num_mel_bins": 8},
        values={
            "sequence_length": (48,),
            "window": ("hamming", None),
            "sampling_rate": (8000,),
            "min_freq": (0.0, 100.0),
            "max_freq": (3000.0,),
            "power_to_db": (False,),
            "top_db": (20.0, None),
            "mag_exp": (1.0,),
            "min_power": (1e-4,),
            "ref_power": (2.0,),
            "fft_length": (128,),
            "sequence_stride": (20,),
            "num_mel_bins": (12,),
        },
        tolerance=1e-4,
        **new,
    )
    yield subject(
        "STFTSpectrogram",
        floats(200, 2),
        base={"frame_length": 32},
        values={
            "mode": ("magnitude", "psd", "real", "imag", "angle", "stft"),
            "frame_step": (10,),
            "fft_length": (64,),
            "window": ("hamming", None),
            "periodic": (True,),
            "scaling": ("spectrum", None),
            "expand_dims": (True,),
            "frame_length": (20,),
        },
        tolerance=1e-4,
        **new,
    )


def categories() -> Iterator[Subject]:
    given = whole(4, below=5)
    modes = {"output_mode": COUNTS}
    base = {"num_tokens": 5}
    counted = {"count_weights": (floats(4),)}
    yield subject("CategoryEncoding", given, base=base, values=modes, calls=counted)
    for label, shape in {"0": (), "1": (1,)}.items():
        yield subject(
            "CategoryEncoding",
            whole(*shape, below=5),
            base=base,
            values=modes,
            label=label,
            limited=True,
        )
    boundaries = {"bin_boundaries": [-0.5, 0.0, 0.7]}
    none: dict[str, Any] = {"num_bins": ()}
    yield subject("Discretization", floats(4), base=boundaries, values={**modes, **none})
    bins: dict[str, Any] = {"output_mode": ("one_hot",), "mask_value": (3,), "salt": (7, [1, 2])}
    yield subject("Hashing", whole(4, below=50), base={"num_bins": 6}, values=bins)
    bins = {"output_mode": ("one_hot",)}
    pair = (whole(1, below=50), whole(1, below=50))
    yield subject("HashedCrossing", *pair, base={"num_bins": 6}, values=bins)


def vocabularies() -> Iterator[Subject]:
    modes = {
        "output_mode": (*COUNTS, "tf_idf"),
        "max_tokens": (9,),
        "pad_to_max_tokens": (True,),
        "idf_weights": ([0.5, 1.0, 1.5],),
    }
    numbers = {"mask_token": (0,), "oov_token": (-2,), "salt": (3,)}
    yield subject(
        "IntegerLookup",
        whole(4, below=12),
        base={"vocabulary": [3, 5, 9]},
        values={**modes, **numbers, "oov_method": ("farmhash",)},
    )
    letters = ["a", "b", "c"]
    yield subject(
        "StringLookup",
        words(4, among=[*letters, "d", "e", ""]),
        base={"vocabulary": letters},
        values={**modes, "mask_token": ("",), "oov_token": ("?",), "salt": (3,)},
    )
    texts = ("The cat sat.", "on the mat", "dog, and CAT!", "")
    yield subject(
        "TextVectorization",
        words(among=texts),
        base={"vocabulary": ["the", "cat", "mat"]},
        values={
            **modes,
            "standardize": ("lower", "strip_punctuation", None),
            "split": ("character", None),
            "ngrams": (2, (2, 3)),
            "output_sequence_length": (3,),
            "output_mode": ("multi_hot", "count", "tf_idf"),
        },
    )


TABLES = (images, augmentation, sounds, categories, vocabularies)
SUBJECTS: tuple[Subject, ...] = tuple(one for table in TABLES for one in table())
