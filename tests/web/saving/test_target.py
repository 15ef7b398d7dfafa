from __future__ import annotations

import pytest

from tfjs_serve.errors import CannotSaveHereError
from tfjs_serve.settings import Variant
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.saving.target import SaveTarget, require_whole_weights, save_target
from tfjs_serve.web.urls import OwnUrl, parse_target


def target(path: str) -> SaveTarget:
    parsed = parse_target(path)
    assert not isinstance(parsed, OwnUrl)
    return save_target(parsed)


@pytest.mark.parametrize(
    ("path", "whole", "base", "variant"),
    [
        ("/mnist", "mnist", "mnist", None),
        ("/mnist/", "mnist", "mnist", None),
        ("/mnist/model.json", "mnist", "mnist", None),
        ("/mnist?token=x#y", "mnist", "mnist", None),
        ("/a/b/mnist.h5", "a/b/mnist.h5", "a/b/mnist.h5", None),
        ("/m%20n", "m n", "m n", None),
        ("/mnist@train/model.json", "mnist@train", "mnist", Variant.TRAIN),
        ("/mnist@uint8", "mnist@uint8", "mnist", Variant.UINT8),
        ("/me@home", "me@home", "me@home", None),
        ("/mnist/labels.txt", "mnist/labels.txt", "mnist/labels.txt", None),
        ("http://localhost:8000/mnist", "mnist", "mnist", None),
    ],
)
def test_what_a_url_names(path: str, whole: str, base: str, variant: Variant | None) -> None:
    assert target(path) == SaveTarget(whole=whole, base=base, variant=variant)


@pytest.mark.parametrize("path", ["/..", "/a/../b", "/a%2fb", "/%ff", "/a//b", "mnist"])
def test_what_names_nothing(path: str) -> None:
    with pytest.raises(ProblemError):
        target(path)


def test_a_document_without_a_model() -> None:
    with pytest.raises(CannotSaveHereError):
        target("/model.json")


def test_smaller_weights_are_not_saved() -> None:
    for path in ("/a", "/a@train", "/a@full"):
        require_whole_weights(target(path))
    with pytest.raises(CannotSaveHereError) as caught:
        require_whole_weights(target("/a@float16"))
    assert caught.value.hint == "save to /a"
