"""The error tree: every failure that a user may see, with a stable code and a hint.

The code names the kind of failure in problem+json, on the command line and in the docs;
the message says what happened to which file; the hint says what to do next.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


class TfjsServeError(Exception):
    """Base of all errors that tfjs-serve raises on purpose.

    Parameters
    ----------
    message
        What happened, naming the file, layer or option.
    hint
        What the user can do about it; may be empty.
    """

    code: ClassVar[str] = "error"
    problems: Sequence[ConversionProblem | DeploymentProblem] = ()

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Tell all of it: Python shows nothing else of an error that nobody catches."""
        return "\n".join((self.message, *self.details()))

    def details(self) -> tuple[str, ...]:
        """Return what is shown below the message, a text for each line: problems, and the hint."""
        hint = (f"hint: {self.hint}",) if self.hint else ()
        return (*(f"- {problem}" for problem in self.problems), *hint)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object used by problem+json and by the worker's reports."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class ConversionNote(UserWarning):
    """What the user of a converted model should know: what it leaves out, what it needs."""


class SettingsError(TfjsServeError):
    """An option's value, or a combination of options, makes no sense."""

    code = "bad-settings"


class KerasFileError(TfjsServeError):
    """The file is not a Keras model that can be read."""

    code = "unreadable-file"


class WeightsOnlyFileError(KerasFileError):
    """The file holds weights but no architecture."""

    code = "weights-only-file"


class UnsafeFileError(KerasFileError):
    """The file refers to data outside itself, or declares more than it holds."""

    code = "unsafe-file"


class TfjsFolderError(TfjsServeError):
    """A folder with a ``model.json`` is not a complete TensorFlow.js model."""

    code = "bad-tfjs-folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionProblem:
    """One reason why a model cannot be translated.

    Attributes
    ----------
    code
        Stable identifier of the kind of problem, such as ``unsupported-layer``.
    layer_path
        Names from the outermost model to the layer, joined by ``/``; empty for the model itself.
    class_name
        Keras class of that layer.
    message
        What is wrong, in one sentence.
    hint
        What the user can do about it.
    """

    code: str
    layer_path: str
    class_name: str
    message: str
    hint: str

    def __str__(self) -> str:
        where = f"{self.layer_path} ({self.class_name})" if self.layer_path else self.class_name
        return f"{where}: {self.message} {self.hint}".rstrip()


class ConversionError(TfjsServeError):
    """The model was read, but cannot be expressed in TensorFlow.js; lists all problems at once."""

    code = "cannot-convert"
    problems: tuple[ConversionProblem, ...]

    def __init__(self, message: str, problems: Sequence[ConversionProblem], *, hint: str = ""):
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "problems": [asdict(problem) for problem in self.problems]}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentProblem:
    """One thing that is wrong with a model on some web server.

    Attributes
    ----------
    code
        Stable identifier of the kind of problem, such as ``no-cors``.
    url
        What was asked for.
    message
        What is wrong, as the rest of a sentence about the URL.
    hint
        What whoever deploys the model can do about it.
    """

    code: str
    url: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.url} {self.message}. {self.hint}"


class DeploymentError(TfjsServeError):
    """A page could not load a model from where it is deployed; lists all problems at once."""

    code = "bad-deployment"
    problems: tuple[DeploymentProblem, ...]

    def __init__(self, message: str, problems: Sequence[DeploymentProblem], *, hint: str = ""):
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "problems": [asdict(problem) for problem in self.problems]}


class StoreError(TfjsServeError):
    """The artifact store cannot be used, for example because it may not be written to."""

    code = "store-failed"


class StoreFullError(StoreError):
    """The disk of the artifact store is full, or its quota is used up."""

    code = "store-full"


def store_error(error: OSError, message: str, *, hint: str) -> StoreError:
    """Return the error to raise from `error`, with which the system refused to write to the store.

    Parameters
    ----------
    hint
        What the user can do about it.
    """
    return (StoreFullError if is_full(error) else StoreError)(message, hint=hint)


def is_full(error: OSError) -> bool:
    """Whether the system refused to write because there is no space left."""
    return error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class SourceChangedError(TfjsServeError):
    """The model file changed while it was read, so the result is discarded."""

    code = "source-changed"


class WorkerCrashedError(TfjsServeError):
    """The conversion process ended without a report."""

    code = "conversion-crashed"


class WorkerTimeoutError(TfjsServeError):
    """The conversion did not finish before its deadline and was stopped."""

    code = "conversion-timeout"


class WorkerUnavailableError(TfjsServeError):
    """No conversion process could be started. The file is not the reason, so it is tried again."""

    code = "conversion-unavailable"


class ConversionLimitError(TfjsServeError):
    """The conversion reached a limit: memory, processor time, open files, bytes written."""

    code = "conversion-limit"


class ModelNotFoundError(TfjsServeError):
    """No model of that name is in the folder.

    Parameters
    ----------
    line
        The code with which the hint ends, if it does.
    candidates
        Names of models that may have been meant.
    """

    code = "no-such-model"

    def __init__(
        self, message: str, *, hint: str = "", line: str = "", candidates: Sequence[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.candidates = tuple(candidates)

    def to_json(self) -> dict[str, Any]:
        own = {"line": self.line, "candidates": list(self.candidates)}
        return {**super().to_json(), **{key: value for key, value in own.items() if value}}


class AmbiguousNameError(TfjsServeError):
    """Several files share the name; ``candidates`` are their exact names."""

    code = "ambiguous-name"

    def __init__(self, message: str, candidates: Sequence[str], *, hint: str = ""):
        super().__init__(message, hint=hint)
        self.candidates = tuple(candidates)

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "candidates": list(self.candidates)}


class FileNotInModelError(TfjsServeError):
    """The model exists, but no generation of it has a file of that name."""

    code = "no-such-file"


class HostNotAllowedError(TfjsServeError):
    """A request names a host that this server does not answer for."""

    code = "host-not-allowed"


class SavingOffError(TfjsServeError):
    """A page wants to save a model, and the server was not started with ``--allow-save``."""

    code = "saving-off"


class OriginNotAllowedError(TfjsServeError):
    """A page of an origin that was not named wants to save a model."""

    code = "origin-not-allowed"


class WrongTokenError(TfjsServeError):
    """A request that wants to save a model lacks the token, or has another one."""

    code = "wrong-token"


class BadUploadError(TfjsServeError):
    """What was sent to be saved is not what TensorFlow.js sends."""

    code = "bad-upload"


class UploadTooLargeError(TfjsServeError):
    """What was sent to be saved exceeds a limit."""

    code = "upload-too-large"


class UploadTooSlowError(TfjsServeError):
    """What was sent to be saved did not arrive in time."""

    code = "upload-too-slow"


class CannotSaveHereError(TfjsServeError):
    """No model can be saved under that name, or not now."""

    code = "cannot-save-here"


class NotWritableError(TfjsServeError):
    """The folder of the models cannot be written to."""

    code = "not-writable"


class FolderFullError(NotWritableError):
    """The disk of the models is full, or its quota is used up."""

    code = "folder-full"


class FileGoneError(FileNotInModelError):
    """An earlier generation of the model had the file, but can no longer be served."""

    code = "file-gone"


class VariantNotAvailableError(TfjsServeError):
    """The model has no such variant; folders that were already converted have only one."""

    code = "no-such-variant"


def error_from_json(report: Mapping[str, Any]) -> TfjsServeError:
    """Rebuild the error that a worker reported with :meth:`TfjsServeError.to_json`."""
    message, hint = str(report["message"]), str(report["hint"])
    if report["code"] == ConversionError.code:
        problems = [ConversionProblem(**problem) for problem in report["problems"]]
        return ConversionError(message, problems, hint=hint)
    classes = (KerasFileError, WeightsOnlyFileError, UnsafeFileError, TfjsFolderError)
    others = (StoreError, StoreFullError, VariantNotAvailableError, ConversionLimitError)
    classes_by_code = {cls.code: cls for cls in (*classes, *others)}
    return classes_by_code.get(report["code"], TfjsServeError)(message, hint=hint)
