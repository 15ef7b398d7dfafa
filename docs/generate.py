"""Write the documents that follow from the code: ``python docs/generate.py``.

``tests/test_docs.py`` fails while a committed document differs from what this writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tfjs_serve.conversion.registry import LayerRule, Outcome, rules

FOLDER = Path(__file__).parent

_LAYERS_HEAD = """\
# Layers

<!-- written by docs/generate.py from the registry of layer rules; do not edit -->

What becomes of each Keras layer in the page. A layer or an argument that this table does not name
is refused, with a message that says which layer it is and what to do; a model is never served with
a layer left out. "Limits" are the arguments that TensorFlow.js's layer gets right; what exceeds
them is refused too.

A model is a `Sequential` or a Functional `Model`; models may be nested in each other. Every input
becomes float32, to which TensorFlow.js converts what it is fed.
"""
_OUTCOMES = {
    Outcome.NATIVE: "native",
    Outcome.LOWERED: "by other layers",
    Outcome.REFUSED: "refused",
}


def layers() -> str:
    """Return the support table."""
    known = rules()
    counts = ", ".join(
        f"{sum(rule.outcome is outcome for rule in known.values())} {name}"
        for outcome, name in _OUTCOMES.items()
        if any(rule.outcome is outcome for rule in known.values())
    )
    lines = [_LAYERS_HEAD, f"{len(known)} layers: {counts}.", ""]
    return "\n".join([*lines, *_table(known)]) + "\n"


def _table(known: Mapping[str, LayerRule]) -> Iterator[str]:
    yield "| Keras layer | in TensorFlow.js | limits | rule |"
    yield "|---|---|---|---|"
    for name in sorted(known, key=str.lower):
        rule = known[name]
        path = f"../tfjs_serve/conversion/layers/{rule.family}.py"
        yield f"| `{name}` | {_OUTCOMES[rule.outcome]} | {rule.notes} | [{rule.family}]({path}) |"


DOCUMENTS: Mapping[str, Callable[[], str]] = {"layers.md": layers}
"""From the name of a document to the function that writes it."""


def main() -> None:
    """Write all documents."""
    for name, document in DOCUMENTS.items():
        (FOLDER / name).write_text(document(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
