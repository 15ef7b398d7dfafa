from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.web.encoding import negotiate, parse_accept_encoding

CODINGS = ("br", "gzip")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.5, gzip;q=0.500", "br"),
        ("br ; q=0.001", "br"),
        ("br;Q=1.000, gzip", "br"),
        ("gzip;q=0.5, identity;q=0.6", "identity"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip;q=0.5, *;q=0.6", "br"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0, br;q=0.000", "identity"),
        ("deflate", "identity"),
        ("identity;q=0, br", "br"),
        ("identity;q=0", "identity"),
        ("*;q=0", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=1.001", "identity"),
        ("gzip;q=0.1234", "identity"),
        ("gzip;q=-1", "identity"),
        ("gzip;q=", "identity"),
        ("gzip;level=9", "identity"),
        ("gzip br", "identity"),
        ("gzip;q=nan, br;q=0.1", "br"),
        (",, gzip ,", "gzip"),
        ("gzip, gzip;q=0", "identity"),
    ],
)
def test_choice(field: str | None, expected: str) -> None:
    assert negotiate(field, CODINGS) == expected


def test_only_what_there_is_is_chosen() -> None:
    assert negotiate("br, gzip;q=0.1", ("gzip",)) == "gzip"
    assert negotiate("br, gzip", ()) == "identity"


@given(st.text() | st.text(alphabet="brgzip*;q=.01, \t"))
def test_any_text_gets_an_answer_that_was_not_excluded(field: str) -> None:
    chosen = negotiate(field, CODINGS)
    weights = parse_accept_encoding(field)
    assert chosen in (*CODINGS, "identity")
    if chosen != "identity":
        assert weights.get(chosen, weights.get("*", 0)) > 0


_weights = st.integers(0, 1000)


@given(
    st.dictionaries(st.sampled_from(["br", "gzip", "identity", "deflate"]), _weights, min_size=1)
)
def test_the_highest_weight_wins(weights: dict[str, int]) -> None:
    field = ", ".join(f"{name};q={weight / 1000:.3f}" for name, weight in weights.items())
    chosen = negotiate(field, CODINGS)
    offered = {name: weights.get(name, 0) for name in ("br", "gzip", "identity")}
    assert offered[chosen] == max(offered.values()) or max(offered.values()) == 0
