"""The page of a published folder: its models, how they are loaded, and a try. Pure.

All texts are escaped here. Its policy lets it run its own script, TensorFlow.js when somebody asks
for that, and ``layers.js`` beside the models; nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from tfjs_serve.facts import counted
from tfjs_serve.publishing.listed import Listed
from tfjs_serve.version import __version__
from tfjs_serve.web.facts_section import labels_section, tensors_section
from tfjs_serve.web.pages import readable_size
from tfjs_serve.web.templates import as_source, data, render

_TENSORFLOW = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.es2017.min.js"
_PAGE, _CARD, _STYLE, _SCRIPT = "site.html", "site_card.html", "page.css", "site.js"


def site_page(models: Sequence[Listed]) -> str:
    """Return ``index.html``."""
    return render(
        _PAGE,
        title="Models for TensorFlow.js",
        policy=_policy(),
        style=data(_STYLE),
        script=data(_SCRIPT),
        lead=f"{counted(len(models), 'model')}, to be loaded from here.",
        cards="\n".join(map(_card, models)),
        version=__version__,
    )


def _policy() -> str:
    return (
        f"default-src 'none'; script-src {as_source(_SCRIPT)} 'self' {_TENSORFLOW}; "
        f"style-src {as_source(_STYLE)}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _card(model: Listed) -> str:
    facts = [readable_size(model.size_bytes)]
    if model.facts.parameters:
        facts.append(counted(model.facts.parameters, "parameter"))
    tables = (
        tensors_section("Inputs", model.facts.inputs),
        tensors_section("Outputs", model.facts.outputs),
        labels_section(model.facts.labels),
    )
    return render(
        _CARD,
        address=escape(model.address),
        loader=model.loader,
        layers=escape(model.layers_address),
        labels=escape(json.dumps(model.facts.labels)),
        heading=escape(model.folder),
        facts=escape(" · ".join(facts)),
        lines=_lines(model),
        tables="\n".join(filter(None, tables)),
        notes=_notes(model.notes),
    )


def _lines(model: Listed) -> str:
    """Return what a page has to have; its script completes the addresses."""
    address = f'<span class="address">{escape(model.address)}</span>'
    line = f"<pre><code>const model = await tf.{model.loader}('{address}');</code></pre>"
    if not model.layers_address:
        return line
    script = f'<span class="address">{escape(model.layers_address)}</span>'
    tag = f"&lt;script src=&quot;{script}&quot;&gt;&lt;/script&gt;"
    hint = "Load these layers after TensorFlow.js and before the model:"
    return f"<p>{hint}</p>\n<pre><code>{tag}</code></pre>\n{line}"


def _notes(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<h3>Notes</h3>\n<ul class="notes">{items}</ul>' if items else ""
