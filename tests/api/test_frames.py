"""Where a page is for a notebook."""

from __future__ import annotations

import json
import re

import pytest

from tfjs_serve.api.frames import frame_html, hosts_of_hub

URL = "http://127.0.0.1:8000/iris/"
HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/me/"}


def test_on_this_machine_it_is_where_it_is() -> None:
    html = frame_html(URL, "f1", {})
    assert f'src="{URL}"' in html
    assert f'href="{URL}"' in html
    assert 'allow="camera;' in html


def test_a_hub_says_below_which_path_it_passes_requests_on() -> None:
    html = frame_html(URL, "f1", HUB)
    assert 'src="/user/me/proxy/8000/iris/"' in html
    assert "<script" not in html
    assert "127.0.0.1:8000/iris/</a>" in html


def test_nothing_in_a_name_can_end_the_script() -> None:
    url = "http://127.0.0.1:8000/%3C/script%3E'\"<b>/"
    html = frame_html(url, "f1", {})
    assert len(re.findall("<", html)) == len(re.findall("</?(?:iframe|p|a|script)[ >]", html))
    (path,) = re.findall(r"base \+ (\".*\");", html)
    assert json.loads(path) == "proxy/8000/%3C/script%3E'\"<b>/"


@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({}, ()),
        ({"JUPYTERHUB_PUBLIC_URL": "https://a.example/"}, ()),
        (HUB, ("*",)),
        ({**HUB, "JUPYTERHUB_PUBLIC_URL": "https://a.example:8443/user/me/"}, ("a.example",)),
        ({**HUB, "JUPYTERHUB_HOST": "https://b.example"}, ("b.example",)),
    ],
)
def test_a_hub_has_names(environment: dict[str, str], hosts: tuple[str, ...]) -> None:
    assert hosts_of_hub(environment) == hosts
