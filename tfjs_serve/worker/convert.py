"""The pipeline of one conversion, in the child: open, translate, write.

The rooms are imported inside the functions, so that importing this module does not load h5py.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfjs_serve.errors import (
    KerasFileError,
    StoreFullError,
    TfjsServeError,
    VariantNotAvailableError,
)
from tfjs_serve.settings import ConversionOptions, KerasForm, Variant
from tfjs_serve.worker import limits, reached
from tfjs_serve.worker.protocol import (
    ConversionReport,
    ConversionRequest,
    Progress,
    ReportedFile,
)

if TYPE_CHECKING:
    from tfjs_serve.conversion.compiling import Detail
    from tfjs_serve.facts.model import ModelFacts
    from tfjs_serve.facts.weight_error import WeightError
    from tfjs_serve.keras_files import KerasModel
    from tfjs_serve.layers_model.model import LayersModel, WrittenFile

Copy = Callable[[Sequence[Sequence[tuple[int, int]]]], Sequence[str]]
"""Has files made of pieces of the source, and returns their digests."""
_DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def warm_up() -> None:
    """Import everything that a conversion needs, so that a waiting process can begin at once."""
    import tfjs_serve.conversion.translate
    import tfjs_serve.keras_files
    import tfjs_serve.layers_model.tfjs_folder
    import tfjs_serve.layers_model.writer
    import tfjs_serve.proofs.beside  # noqa: F401 -- importing is all


def convert(
    request: ConversionRequest,
    on_progress: Callable[[Progress], None],
    copy: Copy | None = None,
) -> ConversionReport:
    """Carry out `request` and say what was written, and what is known of the model.

    Parameters
    ----------
    copy
        Makes the files for which the source's bytes are all that is needed; without it, they are
        written as all others.

    Raises
    ------
    TfjsServeError
        Whatever went wrong, in a form that pages can be told: without the path of the file. An
        unexpected exception is its ``__cause__``.
    """
    try:
        return _convert(request, on_progress, copy)
    except Exception as error:
        memory_bytes = limits.memory_bytes()
        limits.release_reserve()
        limit = reached.by_exception(error, request, memory_bytes)
        if limit is not None:
            raise limit from error
        if isinstance(error, TfjsServeError):
            error.message = _without_paths(error.message, request)
            raise
        raise _reportable(error, request) from error


def _convert(
    request: ConversionRequest, on_progress: Callable[[Progress], None], copy: Copy | None
) -> ConversionReport:
    source = Path(request.source)

    def report_progress(done_bytes: int, total_bytes: int) -> None:
        on_progress(Progress(done_bytes=done_bytes, total_bytes=total_bytes))

    if request.options.keras_form is not None:
        return _raise_folder(source, request, request.options.keras_form, report_progress)
    if source.is_dir():
        return _import_folder(source, request, report_progress)
    return _convert_file(source, request, report_progress, copy)


def _convert_file(
    source: Path,
    request: ConversionRequest,
    on_progress: Callable[[int, int], None],
    copy: Copy | None,
) -> ConversionReport:
    from tfjs_serve.keras_files import open_model

    parts = [Path(path) for path in request.beside]
    with open_model(source, display_name=request.display_name, beside=parts) as keras_model:
        if request.weights_only and keras_model.config:
            raise KerasFileError(
                f"{request.display_name} has an architecture of its own",
                hint="leave out --topology (topology in Python)",
            )
        return convert_opened(keras_model, request, on_progress, copy)


def convert_opened(
    keras_model: KerasModel,
    request: ConversionRequest,
    on_progress: Callable[[int, int], None],
    copy: Copy | None = None,
) -> ConversionReport:
    """Carry out `request` for a model that can be read, wherever it is.

    Parameters
    ----------
    request
        What it says of the source does not count.

    Raises
    ------
    TfjsServeError
        The model cannot be converted.
    """
    from tfjs_serve.layers_model.by_name import notes_on_patterns
    from tfjs_serve.layers_model.neighbours import (
        describe,
        in_archive,
        labels_in,
        note_on_labels,
        read_neighbours,
        write_neighbours,
    )
    from tfjs_serve.layers_model.writer import check_layers_model, write_layers_model
    from tfjs_serve.proofs.beside import without_proof

    files: tuple[WrittenFile, ...] = ()
    error: WeightError | None = None
    directory, options = Path(request.output_dir), request.options
    translated = _translated(keras_model, options)
    beside, notes = read_neighbours(request.neighbours)
    beside, proof = without_proof(beside, keras_model)
    inside = in_archive(keras_model.neighbours, replaced_by=beside)
    model, used = describe(translated, (*inside, *beside), options.metadata_json())
    if request.is_diagnosis:
        check_layers_model(model, options)
    else:
        written = write_layers_model(model, directory, options, on_progress, copy)
        files, error = written.files, written.weight_error
        files += write_neighbours(used, directory) + proof.write(directory)
    labels = labels_in(model.user_defined_metadata)
    facts = replace(_with_sizes(model), labels=labels, proof=proof.info, weight_error=error)
    notes = (*notes, *proof.notes, *notes_on_patterns(model.weights, options))
    return ConversionReport(
        files=_reported(files),
        warnings=(*model.warnings, *notes, *note_on_labels(facts)),
        parts=model.parts,
        facts=facts,
    )


def _translated(keras_model: KerasModel, options: ConversionOptions) -> LayersModel:
    from tfjs_serve.conversion.translate import translate

    detail = _detail(options)
    return translate(keras_model, options.custom_layers, detail, alone=options.weights_alone)


def _detail(options: ConversionOptions) -> Detail:
    """Return how much of the training is wanted.

    Raises
    ------
    VariantNotAvailableError
        The variant is for training, and nothing of training is wanted.
    """
    from tfjs_serve.conversion.compiling import Detail

    is_full = options.variant is Variant.TRAIN
    if is_full and not options.training:
        raise VariantNotAvailableError(
            "there is no train variant, because of --no-training",
            hint="leave out --no-training, or load the model without @train",
        )
    if not options.training:
        return Detail.NONE
    return Detail.FULL if is_full else Detail.PLAIN


def _with_sizes(model: LayersModel) -> ModelFacts:
    from tfjs_serve.layers_model.encoding import size_bytes

    weights = [weight for weight in model.weights if not weight.group]
    # What there is to train on would have to be read.
    variants = [variant for variant in Variant if variant is not Variant.TRAIN]
    sizes = {variant.value: size_bytes(weights, variant) for variant in variants}
    return replace(model.facts, weight_bytes=sizes)


def _import_folder(
    folder: Path, request: ConversionRequest, on_progress: Callable[[int, int], None]
) -> ConversionReport:
    """Copy a folder that was made for TensorFlow.js, or check whether that can be done.

    Raises
    ------
    VariantNotAvailableError
        Another variant than ``full`` is asked for, and the weights are to be copied as they are;
        or there is nothing to train on.
    """
    from tfjs_serve.layers_model.neighbours import (
        labels_beside,
        note_on_labels,
        read_neighbours,
        write_neighbours,
    )
    from tfjs_serve.layers_model.tfjs_folder import check_tfjs_folder
    from tfjs_serve.proofs.beside import without_proof

    options = request.options
    if not (options.variant is Variant.FULL or (options.anew and options.variant.is_quantized)):
        raise VariantNotAvailableError(
            f"{request.display_name} is already a converted TensorFlow.js model: "
            f"there is no {options.variant.value} variant of it",
            hint="load it without @variant, or put the Keras file into the folder",
        )
    files: tuple[WrittenFile, ...] = ()
    facts, warnings = check_tfjs_folder(folder, request.display_name)
    beside, notes = read_neighbours(request.neighbours)
    neighbours, proof = without_proof(beside, None)
    if not request.is_diagnosis:
        files, more = _write_folder(folder, request, on_progress)
        files += write_neighbours(neighbours, Path(request.output_dir))
        files += proof.write(Path(request.output_dir))
        notes = (*notes, *more)
    labels = facts.labels or labels_beside(neighbours)
    facts = replace(facts, labels=labels, proof=proof.info)
    return ConversionReport(
        files=_reported(files),
        warnings=(*warnings, *notes, *proof.notes, *note_on_labels(facts)),
        facts=facts,
    )


def _raise_folder(
    folder: Path,
    request: ConversionRequest,
    form: KerasForm,
    on_progress: Callable[[int, int], None],
) -> ConversionReport:
    """Write a layers model as a file for Keras."""
    from tfjs_serve.conversion.raising.road import raised
    from tfjs_serve.keras_writing.write import write_keras
    from tfjs_serve.layers_model.tfjs_source import open_tfjs_folder
    from tfjs_serve.layers_model.tfjs_weights import numeric_weights

    source = open_tfjs_folder(folder, request.display_name)
    wanted = request.options.training
    model = raised(source.document, numeric_weights(source), request.display_name, with_all=wanted)
    file = write_keras(model, form, Path(request.output_dir), on_progress)
    return ConversionReport(files=_reported((file,)), warnings=model.notes)


def _write_folder(
    folder: Path, request: ConversionRequest, on_progress: Callable[[int, int], None]
) -> tuple[tuple[WrittenFile, ...], tuple[str, ...]]:
    """Return the files that were written, and what users should know of them."""
    from tfjs_serve.layers_model.tfjs_anew import rewrite_tfjs_folder
    from tfjs_serve.layers_model.tfjs_folder import import_tfjs_folder

    shown, directory, options = request.display_name, Path(request.output_dir), request.options
    if options.anew:
        return rewrite_tfjs_folder(folder, shown, directory, options, on_progress)
    metadata = options.metadata_json()
    return import_tfjs_folder(folder, shown, directory, on_progress, metadata), ()


def _reported(files: tuple[WrittenFile, ...]) -> tuple[ReportedFile, ...]:
    return tuple(ReportedFile(**asdict(file)) for file in files)


def _reportable(error: Exception, request: ConversionRequest) -> TfjsServeError:
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return StoreFullError(
            f"no space is left to write the converted {request.display_name}",
            hint="free some space, or choose another --cache-dir or a smaller --cache-size",
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    what = _without_paths(f"{type(error).__name__}: {reason}", request)
    return TfjsServeError(
        f"{request.display_name}: the conversion failed unexpectedly ({what})",
        hint="this is a defect of tfjs-serve: please report it, with the model's summary",
    )


def _without_paths(text: str, request: ConversionRequest) -> str:
    """Replace the path of the source, which libraries put into their messages, by its name."""
    spelled = (request.source, repr(request.source)[1:-1])  # errors of the system have the latter
    for path in spelled:
        text = text.replace(path, request.display_name)
    return text
