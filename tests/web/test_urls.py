from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tfjs_serve.settings import Variant
from tfjs_serve.web.urls import (
    ModelAddress,
    ModelFile,
    ModelPage,
    OwnUrl,
    Refusal,
    is_servable,
    model_url,
    page_url,
    parse_target,
)


def address(name: str, variant: str | None = None) -> ModelAddress:
    return ModelAddress(name=name, variant=variant)


def file_in(raw: str) -> tuple[list[tuple[str, str | None]], str]:
    target = parse_target(raw)
    assert isinstance(target, ModelFile)
    return [(one.name, one.variant) for one in target.addresses], target.file_name


def refused(raw: str) -> int | None:
    target = parse_target(raw)
    return target.status if isinstance(target, Refusal) else None


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/?a=/b/", "/"),
        ("http://host:1", "/"),
        ("/-/models.json", "/-/models.json"),
        ("/-/models.json?x", "/-/models.json"),
        ("/%2D/h%65alth", "/-/health"),
        ("/-", "/-"),
        ("/-/", "/-/"),
        ("/-/models.json/", "/-/models.json/"),
        ("/-/a/model.json", "/-/a/model.json"),
    ],
)
def test_own_urls(raw: str, path: str) -> None:
    assert parse_target(raw) == OwnUrl(path=path)


@pytest.mark.parametrize(
    ("raw", "addresses", "file_name"),
    [
        ("/iris/model.json", [("iris", None)], "model.json"),
        ("/iris/model.json?v=1&w=/../x", [("iris", None)], "model.json"),
        ("/iris.h5/model.json", [("iris.h5", None)], "model.json"),
        ("/a/b/iris/w.0a.bin", [("a/b/iris", None)], "w.0a.bin"),
        ("/iris%20two/model.json", [("iris two", None)], "model.json"),
        ("/m%C3%BCller/model.json", [("müller", None)], "model.json"),
        ("/m\udcc3\udcbcller/model.json", [("müller", None)], "model.json"),
        ("/iris/model.json", [("iris", None)], "model.json"),
        ("/100%25/model.json", [("100%", None)], "model.json"),
        ("/a+b;c=d/model.json", [("a+b;c=d", None)], "model.json"),
        ("/-x/model.json", [("-x", None)], "model.json"),
        ("/a/-/model.json", [("a/-", None)], "model.json"),
        ("http://host/iris/model.json", [("iris", None)], "model.json"),
        (
            "/iris@uint8/model.json",
            [("iris@uint8", None), ("iris", Variant.UINT8)],
            "model.json",
        ),
        ("/iris%40full/x", [("iris@full", None), ("iris", Variant.FULL)], "x"),
        (
            "/a@uint8@float16/x",
            [("a@uint8@float16", None), ("a@uint8", Variant.FLOAT16)],
            "x",
        ),
        ("/iris@int4/model.json", [("iris@int4", None), ("iris", "int4")], "model.json"),
        ("/iris@/model.json", [("iris@", None), ("iris", "")], "model.json"),
        ("/@uint8/model.json", [("@uint8", None)], "model.json"),
        ("/a/@uint8/model.json", [("a/@uint8", None)], "model.json"),
        ("/a@uint8/b/model.json", [("a@uint8/b", None)], "model.json"),
        ("/..@uint8/model.json", [("..@uint8", None)], "model.json"),
        ("/a/.@/model.json", [("a/.@", None)], "model.json"),
        ("/favicon.ico", [], "favicon.ico"),
    ],
)
def test_files(raw: str, addresses: list[tuple[str, str | None]], file_name: str) -> None:
    assert file_in(raw) == (addresses, file_name)


def test_pages_end_with_a_slash() -> None:
    both = (address("a/iris@uint8"), address("a/iris", Variant.UINT8))
    assert parse_target("/a/iris@uint8/") == ModelPage(addresses=both)
    assert parse_target("/a/iris@uint8") == ModelFile(
        addresses=(address("a"),), file_name="iris@uint8", page=both
    )


@pytest.mark.parametrize(
    "raw",
    [
        "//",
        "//etc/passwd",
        "/a//model.json",
        "/a//",
        "/./model.json",
        "/../model.json",
        "/a/../../model.json",
        "/a/..",
        "/a/../",
        "/%2e%2e/model.json",
        "/%2E./model.json",
        "/a/%2e/",
        "/a%2fb/model.json",
        "/..%2f..%2fetc/passwd",
        "/a%5cb/model.json",
        "/a\\b/model.json",
        "/..\\..\\x/model.json",
        "/a%00/model.json",
        "/a%0d%0ab/model.json",
        "/a%7f/model.json",
        "/a%c2%85/model.json",
        "/%252e%252e/model.json",
        "/%252E%252E%252Fetc/model.json",
        "/a%252fb/model.json",
        "/a%255cb/x",
        "/a%2500/x",
        "/a%25252fb/x",
    ],
)
def test_paths_that_could_lead_elsewhere_do_not_exist(raw: str) -> None:
    assert refused(raw) == 404


@pytest.mark.parametrize(
    "raw",
    ["/%", "/%2", "/a%zz/x", "/%ff/x", "/\udcff/x", "/\ud800/x", "/%ed%a0%80/x", "*", "", "x/y"],
)
def test_paths_that_cannot_be_decoded_are_bad_requests(raw: str) -> None:
    assert refused(raw) == 400


_segments = st.text(min_size=1, max_size=12) | st.text(
    alphabet="ab.@-%2eE5cf/ ü'\"<", min_size=1, max_size=8
)
_names = st.lists(_segments, min_size=1, max_size=3).map("/".join)
_variants = st.none() | st.sampled_from(Variant)


@given(_names, _variants)
@example("a@uint8", Variant.UINT8)
@example('it\'s <odd> "name"?#%', None)
def test_a_url_leads_back_to_the_name_it_was_made_of(name: str, variant: Variant | None) -> None:
    assume(is_servable(name))
    target = parse_target(model_url(name, variant))
    assert isinstance(target, ModelFile)
    assert target.file_name == "model.json"
    assert address(name, variant) in target.addresses
    page = parse_target(page_url(name, variant))
    assert isinstance(page, ModelPage)
    assert page.addresses == target.addresses


@given(_names)
def test_without_a_variant_the_whole_name_is_tried_first(name: str) -> None:
    assume(is_servable(name))
    target = parse_target(model_url(name))
    assert isinstance(target, ModelFile)
    assert target.addresses[0] == address(name)


@given(_names, _variants)
def test_urls_can_stand_in_attributes_and_in_strings_of_javascript(
    name: str, variant: Variant | None
) -> None:
    assert set(model_url(name, variant)).isdisjoint("'\"<>&\\ \n`")


@given(st.text() | st.text(alphabet="/.%2eEfF05cC\\-@?#ab").map("/".__add__))
def test_what_gets_through_is_clean(raw: str) -> None:
    target = parse_target(raw)
    if not isinstance(target, ModelFile | ModelPage):
        return
    names = [one.name for one in target.addresses]
    if isinstance(target, ModelFile):
        names += [target.file_name, *(one.name for one in target.page)]
    for name in names:
        assert name.encode("utf-8")
        assert "\\" not in name
        assert name.isprintable() or not any(char < " " for char in name)
        for segment in name.split("/"):
            assert segment not in ("", ".", "..")
            assert not any(sign in segment.lower() for sign in ("%2e", "%2f", "%5c", "%00"))


@given(st.text(alphabet="ab/.@ü%", min_size=1))
def test_decoding_happens_exactly_once(name: str) -> None:
    assume(is_servable(name))
    target = parse_target("/" + quote(name, safe="/") + "/")
    assert isinstance(target, ModelPage)
    assert target.addresses[0].name == name
