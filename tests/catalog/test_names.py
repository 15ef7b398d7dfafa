from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.catalog import names
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.errors import AmbiguousNameError, ModelNotFoundError


def entry(exact_name: str) -> CatalogEntry:
    folder, _, last = exact_name.rpartition("/")
    if last == "model.json":
        name, kind = folder, EntryKind.TFJS_LAYERS
    else:
        name, kind = names.file_name_of(exact_name), EntryKind.HDF5
    return CatalogEntry(
        name=name, exact_name=exact_name, path=Path("/", exact_name), kind=kind, stamps=()
    )


def entries(*exact_names: str) -> list[CatalogEntry]:
    return [entry(exact_name) for exact_name in exact_names]


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("mnist.h5", ("mnist", EntryKind.HDF5)),
        ("mnist.HDF5", ("mnist", EntryKind.HDF5)),
        ("mnist.v2.Keras", ("mnist.v2", EntryKind.KERAS_ZIP)),
        ("mnist.h5.tmp", None),
        ("h5", None),
        (".h5", None),
        ("model.json", None),
    ],
)
def test_model_files_are_told_by_their_ending(file_name, expected):
    assert names.split_model_file(file_name) == expected


@pytest.mark.parametrize(
    "file_name",
    [".mnist.h5", "._mnist.h5", "~mnist.h5", "#mnist.h5", "mnist.tmp.h5", "mnist.PART.keras"],
)
def test_hidden_and_temporary_files_are_skipped(file_name):
    assert names.is_skipped_file(file_name)


@pytest.mark.parametrize("file_name", ["mnist.h5", "partial.h5", "temp.keras", "a~.h5"])
def test_ordinary_files_are_not_skipped(file_name):
    assert not names.is_skipped_file(file_name)


def test_the_name_is_the_path_without_ending():
    assert names.file_name_of("digits/cnn.v2.h5") == "digits/cnn.v2"
    assert names.file_name_of("cnn.keras") == "cnn"


def test_a_name_and_an_exact_name_both_resolve():
    known = entries("digits/cnn.h5", "digits/rnn.h5")
    assert names.resolve(known, "digits/cnn") is known[0]
    assert names.resolve(known, "digits/cnn.h5") is known[0]


@pytest.mark.parametrize(
    "exact_names",
    [("mnist.h5", "mnist.keras"), ("mnist.h5", "mnist/model.json"), ("mnist.h5", "mnist.H5")],
)
def test_a_shared_name_is_ambiguous_and_exact_names_are_not(exact_names):
    known = entries(*exact_names)
    with pytest.raises(AmbiguousNameError) as caught:
        names.resolve(known, "mnist")
    assert caught.value.candidates == tuple(sorted(exact_names))
    assert all(f"/{exact}/model.json" in caught.value.hint for exact in exact_names)
    for item in known:
        assert names.resolve(known, item.exact_name) is item
        assert names.url_name(item, known) == item.exact_name


def test_an_exact_name_wins_over_an_equal_short_name():
    known = entries("x.h5", "x.h5.keras")
    assert names.resolve(known, "x.h5").exact_name == "x.h5"
    assert names.url_name(known[0], known) == "x"
    assert names.url_name(known[1], known) == "x.h5.keras"


def test_a_name_that_ends_like_a_variant_is_spelled_exactly_in_urls():
    known = entries("cnn@uint8.h5", "cnn@big.h5")
    assert names.url_name(known[0], known) == "cnn@uint8.h5"
    assert names.url_name(known[1], known) == "cnn@big"


def test_an_unknown_name_suggests_similar_ones_and_the_list():
    known = entries("digits/cnn.h5", "iris.h5")
    with pytest.raises(ModelNotFoundError) as caught:
        names.resolve(known, "Digits/cn", known=known)
    assert "'digits/cnn'" in caught.value.hint
    assert "iris" not in caught.value.hint
    assert caught.value.hint.endswith("listed at /")


def test_a_name_without_its_folder_suggests_the_whole_name():
    known = entries("digits/deep/cnn.h5")
    assert names.similar_names("cnn", known) == ["digits/deep/cnn"]


@pytest.mark.parametrize(
    "asked",
    ["Good", "good.h5", "good.onnx", "models/good", "static/Good", "localhost:8000/good"],
)
def test_a_slip_beside_the_name_suggests_the_model_first(asked):
    known = entries("good.keras", "good (1).keras", "sub/good.keras")
    assert names.similar_names(asked, known)[0] == "good"


def test_a_folder_suggests_the_models_in_it():
    known = entries("sub/a.h5", "sub/b.h5", "submarine.h5", "x/y.h5")
    assert names.similar_names("sub", known)[:2] == ["sub/a", "sub/b"]


def test_without_a_similar_name_the_hint_is_no_new_sentence():
    with pytest.raises(ModelNotFoundError) as caught:
        names.resolve((), "mobile", known=entries("iris.h5"))
    assert caught.value.hint == "the models are listed at /"


def test_in_an_empty_folder_the_hint_says_what_is_looked_for():
    with pytest.raises(ModelNotFoundError) as caught:
        names.resolve([], "mnist")
    assert ".h5" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a\nb.h5", "control"),
        ("a\x9bb.h5", "control"),
        ("a\udcffb.h5", "not text"),
        ("a\u2028b.h5", "control"),
        ("a\\b.h5", "backslash"),
        ("a%2fb.h5", "escape"),
        ("-", "reserved"),
        ("-/a", "reserved"),
        ("ä" * 1000, "too long"),
    ],
)
def test_names_that_no_url_can_carry_are_told(path, reason):
    assert reason in (names.name_problem(path) or "")


@pytest.mark.parametrize("path", ["-.h5", "a/-/b.h5", "100% sure?.h5", "été #1.h5", "模型/一.h5"])
def test_strange_but_possible_names_are_fine(path):
    assert names.name_problem(path) is None


@pytest.mark.parametrize("folder_name", ["", "-", "a\nb"])
def test_a_models_folder_without_usable_name_gets_one(folder_name):
    assert names.root_folder_name(folder_name) == "model"
    assert names.root_folder_name("mnist") == "mnist"


_part = st.sampled_from(["a", "b", "a.h5", "model.json", "a@uint8"])
_folder = st.lists(_part, max_size=2).map("/".join)
_exact = st.builds(
    lambda folder, last: f"{folder}/{last}" if folder else last,
    _folder,
    st.sampled_from(["a.h5", "a.keras", "a.h5.h5", "b.h5", "a@uint8.h5"]),
) | _folder.map(names.folder_exact_name).filter(lambda exact: exact != "model.json")


@given(st.sets(_exact, max_size=12))
def test_every_entry_is_reachable_by_its_exact_name_and_by_its_url_name(exact_names):
    known = entries(*exact_names)
    for item in known:
        assert names.resolve(known, item.exact_name) is item
        assert names.resolve(known, names.url_name(item, known)) is item


@given(st.sets(_exact, max_size=12), _exact | _folder)
def test_a_name_is_never_guessed(exact_names, name):
    known = entries(*exact_names)
    short = [item for item in known if item.name == name]
    exact = [item for item in known if item.exact_name == name]
    try:
        found = names.resolve(known, name, known=known)
    except ModelNotFoundError:
        assert not short
        assert not exact
    except AmbiguousNameError as error:
        assert not exact
        assert set(error.candidates) == {item.exact_name for item in short}
        assert len(short) > 1
    else:
        assert [found] == (exact or short)


@given(st.text(max_size=40))
def test_a_name_without_problem_survives_a_url(name):
    from urllib.parse import quote, unquote

    if names.name_problem(name) is None:
        assert unquote(quote(name), errors="strict") == name
        assert name.isprintable() or not any(ord(char) < 32 for char in name)


def test_among_very_many_models_similar_names_are_still_found() -> None:
    entries = [entry(f"group{number % 10}/model_{number:05}.h5") for number in range(5_000)]
    found = names.similar_names("digist", [*entries, entry("deep/digits.h5")])
    assert found[0] == "deep/digits"
