"""Whose pages may show ours in a frame."""

from __future__ import annotations

from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.framing import frame_ancestors


def test_pages_of_this_machine_may_whatever_their_port() -> None:
    allowed = frame_ancestors(CorsPolicy.from_settings(()))
    assert {"http://localhost:*", "https://127.0.0.1:*"} <= set(allowed)
    hosts = [one.removesuffix(":*").replace("*.localhost", "localhost") for one in allowed]
    assert not any("*" in host for host in hosts), "but of no other machine"
    assert not {"http:", "https:", "*"} & set(allowed)


def test_those_that_are_named_may_too() -> None:
    policy = CorsPolicy.from_settings(["https://a.example", "https://*.b.example", "*", "null"])
    allowed = set(frame_ancestors(policy)) - set(frame_ancestors(CorsPolicy.from_settings(())))
    assert allowed == {"https://a.example", "https://*.b.example"}


def test_pages_of_own_addresses_may() -> None:
    policy = CorsPolicy.from_settings((), frozenset({"192.168.1.5", "[fd00::2]"}))
    allowed = frame_ancestors(policy)
    assert {"http://192.168.1.5:*", "https://192.168.1.5:*"} <= set(allowed)
    assert not any("[" in one for one in allowed), "a policy has no spelling for it"
