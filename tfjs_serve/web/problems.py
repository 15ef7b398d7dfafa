"""Errors as ``application/problem+json`` (RFC 9457). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfjs_serve import errors
from tfjs_serve.errors import TfjsServeError

MEDIA_TYPE = "application/problem+json"

STATUS_AND_TITLE: Mapping[str, tuple[int, str]] = {
    errors.HostNotAllowedError.code: (403, "The server does not answer for this host"),
    errors.ModelNotFoundError.code: (404, "No such model"),
    errors.FileNotInModelError.code: (404, "No such file in the model"),
    errors.FileGoneError.code: (410, "The version of the model that had the file is gone"),
    errors.VariantNotAvailableError.code: (404, "No such variant of the model"),
    errors.AmbiguousNameError.code: (409, "Several models share the name"),
    errors.ConversionError.code: (422, "The model cannot be expressed in TensorFlow.js"),
    errors.KerasFileError.code: (422, "The file cannot be read as a Keras model"),
    errors.WeightsOnlyFileError.code: (422, "The file holds weights but no model"),
    errors.UnsafeFileError.code: (422, "The file is not safe to read"),
    errors.TfjsFolderError.code: (422, "The folder is not a complete TensorFlow.js model"),
    errors.ConversionLimitError.code: (422, "The conversion reached a limit"),
    errors.WorkerCrashedError.code: (500, "The conversion crashed"),
    errors.SourceChangedError.code: (503, "The model is being written"),
    errors.StoreError.code: (503, "The cache cannot be used"),
    errors.WorkerUnavailableError.code: (503, "Conversions cannot be started"),
    errors.StoreFullError.code: (507, "The disk of the cache is full"),
    errors.WorkerTimeoutError.code: (504, "The conversion took too long"),
    errors.SavingOffError.code: (403, "Pages may not save models"),
    errors.OriginNotAllowedError.code: (403, "Pages of this origin may not save models"),
    errors.WrongTokenError.code: (401, "The token is missing or wrong"),
    errors.BadUploadError.code: (400, "This is not what TensorFlow.js sends"),
    errors.UploadTooLargeError.code: (413, "The model is too large"),
    errors.UploadTooSlowError.code: (408, "The model did not arrive in time"),
    errors.CannotSaveHereError.code: (409, "The model cannot be saved here"),
    errors.NotWritableError.code: (500, "The folder of the models cannot be written to"),
    errors.FolderFullError.code: (507, "The disk of the models is full"),
}
_PLAIN_TITLES: Mapping[int, str] = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    412: "Precondition failed",
    413: "Content too large",
    414: "URI too long",
    416: "Range not satisfiable",
    431: "Request header fields too large",
    500: "Internal server error",
    503: "Service unavailable",
}
"""Fixed here because codes are derived from them, and Python's phrases changed in 3.13."""
_RETRY_AFTER_SECONDS = 2
"""For a file that is being written; about the time of a save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error response.

    Attributes
    ----------
    code
        Stable identifier of the kind of problem.
    members
        Further members of the document, such as ``hint``, ``problems``, ``candidates``.
    headers
        Header fields that belong to this status.
    """

    status: int
    code: str
    title: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self, instance: str | None) -> dict[str, Any]:
        """Return the document; `instance` is the path that was asked for, if known."""
        return {
            "type": f"urn:tfjs-serve:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **({"instance": instance} if instance else {}),
            "code": self.code,
            **self.members,
        }

    def to_bytes(self, instance: str | None) -> bytes:
        """Return the document as ASCII JSON: whatever a name holds, it can be sent."""
        return json.dumps(self.to_json(instance)).encode("ascii")


class ProblemError(Exception):
    """Carries a problem out of a handler."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


def from_error(error: BaseException) -> Problem:
    """Return what to tell the client; about an unexpected error only that it happened."""
    if not isinstance(error, TfjsServeError) or error.code not in STATUS_AND_TITLE:
        return unexpected(error)
    status, title = STATUS_AND_TITLE[error.code]
    members = describe(error)
    code, detail = members.pop("code"), members.pop("message")
    return Problem(
        status=status,
        code=code,
        title=title,
        detail=detail,
        members=members,
        headers=_headers_for(error),
    )


def describe(error: TfjsServeError) -> dict[str, Any]:
    """Return code, message and other facts of an error, with the names used in JSON."""
    described = error.to_json()
    if "problems" in described:
        described["problems"] = [_camel_case(problem) for problem in described["problems"]]
    return {key: value for key, value in described.items() if value}


def from_status(
    status: int, detail: str = "", *, headers: Mapping[str, str] | None = None
) -> Problem:
    """Return a problem that is described by its HTTP status alone, such as 405."""
    title = _PLAIN_TITLES.get(status, f"HTTP status {status}")
    return Problem(
        status=status,
        code=title.lower().replace(" ", "-"),
        title=title,
        detail=detail or f"{title}.",
        headers=headers or {},
    )


def unexpected(error: BaseException) -> Problem:
    """Return a 500 that reveals no internals, except the messages of our own errors."""
    problem = from_status(500, "The server failed to answer; its log says more.")
    if not isinstance(error, TfjsServeError):
        return problem
    return Problem(status=500, code=error.code, title=problem.title, detail=error.message)


def _headers_for(error: TfjsServeError) -> Mapping[str, str]:
    if isinstance(error, errors.SourceChangedError):
        return {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    if isinstance(error, errors.WrongTokenError):
        return {"WWW-Authenticate": "Bearer"}  # RFC 9110, section 15.5.2
    return {}


def _camel_case(members: Mapping[str, Any]) -> dict[str, Any]:
    return {re.sub("_(.)", lambda at: at[1].upper(), key): members[key] for key in members}
