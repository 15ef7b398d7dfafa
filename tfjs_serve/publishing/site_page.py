"""The page of a published folder: its models, how they are loaded, and a try. Pure.

It is one file, whose policy lets it run its own script, TensorFlow.js when somebody asks for that,
and ``layers.js`` beside the models; nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from tfjs_serve.publishing.listed import Listed
from tfjs_serve.web.pages.assets import asset
from tfjs_serve.web.pages.templates import render

_TENSORFLOW = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.es2017.min.js"


def site_page(models: Sequence[Listed]) -> str:
    """Return ``index.html``."""
    style, script = asset("page.css").text, asset("site.js").text
    return render("site", models=models, policy=_policy(style, script), style=style, script=script)


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src {_as_source(script)} 'self' {_TENSORFLOW}; "
        f"style-src {_as_source(style)}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _as_source(text: str) -> str:
    """Return what a policy calls a text that stands in the page."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
