"""Write the documents that follow from the code: ``python tools/generate_docs.py``.

``tests/test_docs.py`` fails while a committed document differs from what this writes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

import command_pages

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.operations.backends import DIFFERENCES
from tfjs_serve.conversion.rules.registry import LayerRule, Outcome
from tfjs_serve.conversion.writing.page_gradients import FUNCTIONS

DOCS = Path(__file__).parents[1] / "docs"
KERAS_LAYERS = Path(__file__).with_name("keras_layers.json")
"""The layers of both generations, written by ``list_keras_layers.py``."""
OPERATION = "ops."
_INTERNAL = ("masks.", "inputs.")
"""Prefix of the layers that stand for masks; no file has them."""

_LAYERS_HEAD = """\
# Layers

<!-- written by tools/generate_docs.py from the registry of layer rules; do not edit -->

What becomes of each Keras layer in the page:

- **native**: TensorFlow.js has the layer.
- **lowered**: other layers of TensorFlow.js compute the same; the layer becomes a small model of
  its name. Plain `tf.loadLayersModel` works, nothing is to be installed.
- **companion**: the page loads [`layers.js`](serving.md#layersjs) first.
- **refused**: the message says which layer it is and what to do. A model is never served with a
  layer or an argument left out.

The second column says which Keras has the layer: 2 is {keras2}, 3 is {keras3}. A layer that is
native with most arguments may be lowered or need the companion with others. What is in none of
the columns works as it is.

The column `training.js` has what a page can train, or train through, as Keras does only if it has
loaded that script: TensorFlow.js alone computes wrong gradients, or throws. All other layers, and
all of them with the script, have the gradients that they have in Keras; see
[gradients.md](gradients.md).

A model is a `Sequential` or a Functional `Model`; models may be nested in each other. Every input
becomes float32, to which TensorFlow.js converts what it is fed. Functions of tensors in graphs
(`x + 1`, `keras.ops`, TensorFlow's) are in [operations.md](operations.md). What a backend of
TensorFlow.js gets wrong is noted with the model, and listed in [backends.md](backends.md).
"""
_OPERATIONS_HEAD = """\
# Operations

<!-- written by tools/generate_docs.py from the registry of rules; do not edit -->

Functions of tensors in a Functional model: `x + 1`, `x[:, 1:]`, those of `keras.ops`, and in
Keras 2 those of TensorFlow (`tf.math.add`, `tf.reshape` ...), which become the same operations.
They are named as in `keras.ops`.

A *lowered* operation becomes layers that TensorFlow.js has, with the operands that the third column
names; with others, and where sizes are not known, it needs [`layers.js`](serving.md#layersjs),
as all others do. A page trains through what needs `training.js` with that script only; see
[gradients.md](gradients.md).

No layer of TensorFlow.js takes a root of a tensor or divides by one (`sqrt`, `std`, `divide`). One
that selects would be a product with zeros and ones, which lets NaN and Infinity through (`where`
between tensors), and a comparison of fractions a difference, in which NaN is not false.
"""
_BACKENDS_HEAD = """\
## What Keras's backends compute differently

A `.keras` file does not say on which backend its model was made. Where Keras 3.15 computes
something else on TensorFlow than on JAX or numpy, the page follows TensorFlow, unless the row says
otherwise. A model that uses such a function with such arguments gets a note; not if only the
numbers of its inputs decide.

| operation | where | TensorFlow | others | note |
|---|---|---|---|---|"""
_BACKENDS_END = """\
Of the layers, unrolled recurrent ones with `zero_output_for_mask`, also in `Bidirectional`, return
zeros at masked steps on TensorFlow, as the page does, with a note; JAX and numpy repeat the output
before them. `EinsumDense`, `MultiHeadAttention` and `GroupQueryAttention` whose heads have one
number add their biases on TensorFlow as `add` does, if there are as many steps as heads; the page
does not.

TensorFlow raises an error, and the page does what JAX and numpy do, for: `softmax` over several
axes; `pad` with `edge` and `wrap`; sums and products of truth values; `norm` over more than two
axes; `searchsorted` in several rows; `affine_transform` with `mirror`; patches with strides and
dilation, or with the channels first; integers divided by zero.

With NaN or Infinity among the numbers, backends differ in many functions, and the page may have
another result than each of them: `argmax`, `argmin`, `sort`, `argsort`, `top_k`, pooling by the
largest number, `heaviside`, `hypot`, `isclose`, `nancumsum`, `nancumprod`, `resize`, images of HSV,
Fourier transforms, `quantile` and `median`, `slogdet`, `qr`. So do shifts of bits by negative
numbers, or by more than there are."""
_PYTHON = "what it computes is code, not data"
_REFUSED = {
    "DenseFeatures": "its feature columns are Python objects",
    "DynamicEmbedding": "its table changes while it is trained",
    "DynamicLookup": "its table changes while it is trained",
    "FlaxLayer": _PYTHON,
    "JaxLayer": _PYTHON,
    "Lambda": _PYTHON,
    "TFSMLayer": _PYTHON,
    "TorchModuleWrapper": _PYTHON,
}
"""Why there is no rule."""


def layers() -> str:
    """Return the support table of layers."""
    record = json.loads(KERAS_LAYERS.read_text(encoding="utf-8"))
    known = {name: rule for name, rule in rules().items() if _is_layer(name)}
    generations = {key: frozenset(record[key]["layers"]) for key in ("2", "3")}
    versions = {f"keras{key}": f"version {record[key]['version']}" for key in generations}
    lines = [_LAYERS_HEAD.format(**versions), f"{len(known)} layers: {_counts(known)}.", ""]
    lines += [
        "| Keras layer | Keras | in the page | lowered | layers.js | training.js | limits | rule |"
    ]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for name in sorted(known.keys() | generations["2"] | generations["3"], key=str.lower):
        has = ", ".join(key for key, names in generations.items() if name in names) or "older"
        rule = known.get(name)
        if rule is None:
            lines.append(f"| `{name}` | {has} | refused | | | | {_reason(name)} | |")
        else:
            lines.append(f"| `{name}` | {has} | {_row(rule)} | {_link(rule, 'layers')} |")
    return "\n".join(lines) + "\n"


def operations() -> str:
    """Return the support table of operations."""
    known = {name: rule for name, rule in rules().items() if name.startswith(OPERATION)}
    lines = [_OPERATIONS_HEAD, f"{len(known)} operations: {_counts(known)}.", ""]
    lines += [
        "| operation | in the page | lowered | training.js | limits |",
        "|---|---|---|---|---|",
    ]
    lines += _operation_rows(known)
    lines += ["", _BACKENDS_HEAD, *_difference_rows(), "", _BACKENDS_END]
    return "\n".join(lines) + "\n"


def _operation_rows(known: Mapping[str, LayerRule]) -> Iterator[str]:
    for name in sorted(known):
        outcome, support = known[name].outcome, known[name].support
        short = name.removeprefix(OPERATION)
        trains = "needed" if short in FUNCTIONS else ""
        yield f"| `{short}` | {outcome.value} | {support.lowered} | {trains} | {support.notes} |"


def _difference_rows() -> Iterator[str]:
    for each in DIFFERENCES:
        names = ", ".join(f"`{name}`" for name in each.names)
        note = "" if each.applies is None else "yes"
        yield f"| {names} | {each.where} | {each.tensorflow} | {each.others} | {note} |"


def _is_layer(name: str) -> bool:
    return not name.startswith((OPERATION, *_INTERNAL))


def _counts(known: Mapping[str, LayerRule]) -> str:
    counts = {
        outcome: sum(rule.outcome is outcome for rule in known.values()) for outcome in Outcome
    }
    return ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items() if count)


def _row(rule: LayerRule) -> str:
    support = rule.support
    told = (support.lowered, support.companion, support.training, support.notes)
    return " | ".join((rule.outcome.value, *told))


def _reason(name: str) -> str:
    """Return why a class of Keras has no rule."""
    if name not in _REFUSED:
        raise LookupError(f"{name} has no rule: add one, or say why not in _REFUSED of this file")
    return _REFUSED[name]


def _link(rule: LayerRule, folder: str) -> str:
    return f"[{rule.family}](../tfjs_serve/conversion/{folder}/{rule.family}.py)"


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "layers.md": layers,
    "operations.md": operations,
    "cli.md": command_pages.commands,
    "error-codes.md": command_pages.error_codes,
}
"""From the name of a document to the function that writes it."""


def main() -> None:
    """Write all documents."""
    for name, document in DOCUMENTS.items():
        (DOCS / name).write_text(document(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
