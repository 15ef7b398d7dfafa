from __future__ import annotations

import errno
import json

import pytest

from tfjs_serve import errors
from tfjs_serve.errors import ConversionError, ConversionProblem, TfjsServeError
from tfjs_serve.web import problems

CONVERSION_PROBLEM = ConversionProblem(
    code="unsupported-layer",
    layer_path="model/flip",
    class_name="RandomFlip",
    message="TensorFlow.js has no such layer.",
    hint="Remove it.",
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ModelNotFoundError("m"), 404),
        (errors.FileNotInModelError("m"), 404),
        (errors.VariantNotAvailableError("m"), 404),
        (errors.AmbiguousNameError("m", ["a.h5", "a.keras"]), 409),
        (ConversionError("m", [CONVERSION_PROBLEM]), 422),
        (errors.KerasFileError("m"), 422),
        (errors.WeightsOnlyFileError("m"), 422),
        (errors.UnsafeFileError("m"), 422),
        (errors.TfjsFolderError("m"), 422),
        (errors.ConversionLimitError("m"), 422),
        (errors.WorkerCrashedError("m"), 500),
        (errors.SourceChangedError("m"), 503),
        (errors.StoreError("m"), 503),
        (errors.WorkerUnavailableError("m"), 503),
        (errors.StoreFullError("m"), 507),
        (errors.FileGoneError("m"), 410),
        (errors.WorkerTimeoutError("m"), 504),
        (errors.SettingsError("m"), 500),
        (TfjsServeError("m"), 500),
    ],
)
def test_each_error_has_its_status_and_says_what_happened(
    error: TfjsServeError, status: int
) -> None:
    problem = problems.from_error(error)
    document = problem.to_json("/iris/model.json")
    assert (problem.status, document["status"]) == (status, status)
    assert document["code"] == error.code
    assert document["type"].endswith(error.code)
    assert document["detail"] == "m"
    assert document["title"]
    assert document["instance"] == "/iris/model.json"


def test_every_error_class_is_classified() -> None:
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    codes = {cls.code for cls in classes if issubclass(cls, TfjsServeError)}
    unclassified = {TfjsServeError.code, errors.SettingsError.code, errors.DeploymentError.code}
    assert codes - unclassified == set(problems.STATUS_AND_TITLE)


def test_all_that_the_error_knows_is_told() -> None:
    error = ConversionError("m", [CONVERSION_PROBLEM], hint="fix these")
    document = problems.from_error(error).to_json("/")
    assert document["hint"] == "fix these"
    assert document["problems"] == [
        {
            "code": "unsupported-layer",
            "layerPath": "model/flip",
            "className": "RandomFlip",
            "message": "TensorFlow.js has no such layer.",
            "hint": "Remove it.",
        }
    ]
    ambiguous = problems.from_error(errors.AmbiguousNameError("m", ["a.h5", "a.keras"]))
    assert ambiguous.to_json("/")["candidates"] == ["a.h5", "a.keras"]


def test_a_file_that_is_being_written_is_worth_another_try() -> None:
    assert int(problems.from_error(errors.SourceChangedError("m")).headers["Retry-After"]) > 0


def test_a_full_disk_has_a_status_of_its_own() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    error = errors.store_error(full, "m", hint="free some")
    assert problems.from_error(error).status == 507
    # Also when another process met it.
    assert problems.from_error(errors.error_from_json(error.to_json())).status == 507
    other = errors.store_error(OSError(errno.EACCES, "denied"), "m", hint="ask")
    assert problems.from_error(other).status == 503


def test_nothing_of_an_unforeseen_error_is_given_away() -> None:
    problem = problems.from_error(ValueError("secret"))
    assert problem.status == 500
    assert b"secret" not in problem.to_bytes("/")


def test_any_text_can_be_sent() -> None:
    body = problems.from_error(errors.ModelNotFoundError("no \udcff\n\u2028")).to_bytes("/\udcff")
    assert json.loads(body)["detail"] == "no \udcff\n\u2028"
