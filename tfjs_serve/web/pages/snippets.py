"""Code that loads a model: in a page, with a bundler, in Node.js, in TypeScript. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.companion import MODULE_NAME
from tfjs_serve.facts.checks import Shape
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.pages.typescript import TYPES_NAME, type_name

_SCRIPT = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.min.js"
_SOME = 1
"""What an example takes for a size that may be any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A box of code, and what is said before it."""

    code: str
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """How one kind of program loads the model."""

    title: str
    parts: Sequence[Part]


def snippets_of(summary: ModelSummary, origin: str) -> Sequence[Snippet]:
    """Return the code for all kinds of programs; none for a model that no URL can name."""
    if not summary.url:
        return ()
    return (
        Snippet(title="Script tag", parts=(Part(code=_page(summary, origin)),)),
        Snippet(title="Bundler", parts=_bundler(summary, origin)),
        Snippet(title="Node.js", parts=_node(summary, origin)),
        Snippet(title="TypeScript", parts=_typescript(summary, origin)),
    )


def _page(summary: ModelSummary, origin: str) -> str:
    layers = summary.script_tag(origin)
    lines = [
        f'<script src="{_SCRIPT}"></script>',
        *([layers] if layers else []),
        '<script type="module">',
        f"  {summary.load_line(origin)}",
        *(f"  {line}" for line in _example(summary.status.facts)),
        "</script>",
    ]
    return "\n".join(lines)


def _bundler(summary: ModelSummary, origin: str) -> Sequence[Part]:
    return (
        Part(code=f"npm install @tensorflow/tfjs{_and_layers(summary, origin)}"),
        Part(code=_module(summary, origin)),
    )


def _node(summary: ModelSummary, origin: str) -> Sequence[Part]:
    told = "In a file that ends in .mjs. With @tensorflow/tfjs-node instead, it is faster."
    return (
        Part(code=f"npm install @tensorflow/tfjs{_and_layers(summary, origin)}"),
        Part(code=_module(summary, origin), told=told),
    )


def _typescript(summary: ModelSummary, origin: str) -> Sequence[Part]:
    name = type_name(summary.entry.name)
    load = summary.load_line(origin).removeprefix("const model = await ").removesuffix(";")
    lines = [
        "import * as tf from '@tensorflow/tfjs';",
        f"import type {{ {name} }} from './{TYPES_NAME.removesuffix('.d.ts')}';",
        *_register(summary),
        "",
        f"const model = (await {load}) as {name};",
        *_example(summary.status.facts),
    ]
    fetch = f"curl -O {origin}{summary.page_url}{TYPES_NAME}"
    told = "Its inputs, outputs and classes have types:"
    return (
        Part(code=f"{fetch}{_and_layers(summary, origin)}", told=told),
        Part(code="\n".join(lines)),
    )


def _module(summary: ModelSummary, origin: str) -> str:
    lines = [
        "import * as tf from '@tensorflow/tfjs';",
        *_register(summary),
        "",
        summary.load_line(origin),
        *_example(summary.status.facts),
    ]
    return "\n".join(lines)


def _and_layers(summary: ModelSummary, origin: str) -> str:
    """Return the lines that fetch the layers that the model needs; empty if it needs none."""
    if not summary.layers_url:
        return ""
    urls = (f"{origin}{summary.page_url}{name}" for name in _layer_files(summary))
    return "".join(f"\ncurl -O {url}" for url in urls)


def _layer_files(summary: ModelSummary) -> Sequence[str]:
    return (MODULE_NAME, summary.layers_url.rpartition("/")[2])


def _register(summary: ModelSummary) -> Sequence[str]:
    if not summary.layers_url:
        return ()
    return (f"import {{ register }} from './{MODULE_NAME}';", "", "register(tf);")


def _example(facts: ModelFacts | None) -> Sequence[str]:
    """Return lines that predict for zeros; none if the shapes of the inputs are not known."""
    shapes = [tensor.shape for tensor in facts.inputs] if facts else []
    if not shapes or None in shapes:
        return ()
    given = ", ".join(_zeros(shape) for shape in shapes if shape is not None)
    given = given if len(shapes) == 1 else f"[{given}]"
    return (f"const result = model.predict({given});",)


def _zeros(shape: Shape) -> str:
    sizes = ", ".join(str(_SOME if size is None else size) for size in shape)
    return f"tf.zeros([{sizes}])"
