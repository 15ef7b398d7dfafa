"""What is known of a model, as a part of its page. Pure; all texts are escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from tfjs_serve.facts import Became, LayerInfo, ModelFacts, TensorInfo, TrainingInfo, counted

_BECAME = {
    Became.NATIVE: "as in TensorFlow.js",
    Became.LOWERED: "other layers that compute the same",
    Became.COMPANION: "a layer of layers.js",
    Became.OWN: "a layer of the page (--layers)",
}
_MOST_LABELS = 100
_MOST_PATHS = 10


def facts_section(facts: ModelFacts | None, *, train_lines: Sequence[str] = ()) -> str:
    """Return what goes in and out of a model, and what its layers became; empty if not known.

    Parameters
    ----------
    train_lines
        What loads ``training.js``, and with it the model with all of Keras's settings.
    """
    if facts is None:
        return ""
    parts = (
        tensors_section("Inputs", facts.inputs),
        tensors_section("Outputs", facts.outputs),
        labels_section(facts.labels),
        _training(facts, train_lines),
        _layers(facts),
    )
    return "\n".join(filter(None, parts))


def tensors_section(heading: str, tensors: Sequence[TensorInfo]) -> str:
    """Return a table of inputs or outputs; empty if there are none."""
    rows = [(tensor.name, _shape(tensor.shape), tensor.dtype) for tensor in tensors]
    return _table(heading, rows)


def _shape(shape: Sequence[int | None] | None) -> str:
    if shape is None:
        return "of a shape that is not known"
    return f"[{', '.join('any' if size is None else str(size) for size in shape)}]"


def labels_section(labels: Sequence[str]) -> str:
    """Return the names of classes; empty if there are none."""
    if not labels:
        return ""
    shown = ", ".join(labels[:_MOST_LABELS])
    more = f" and {len(labels) - _MOST_LABELS:,} more" if len(labels) > _MOST_LABELS else ""
    return f"<h3>Classes</h3>\n<p>{escape(shown)}{more}</p>"


def _training(facts: ModelFacts, train_lines: Sequence[str]) -> str:
    """Return how the model was trained, and what a page that goes on with that should know."""
    training = facts.training
    if training is None:
        return ""
    losses = ", ".join(training.losses) or "a loss that is not Keras's"
    by = training.optimizer or "an optimizer that is not Keras's"
    loads = "loads compiled" if training.is_compiled else "does not load compiled"
    told = [*training.left_out, *_gradients(facts.layers)]
    items = "".join(f"<li>{escape(text)}</li>" for text in told)
    parts = (
        "<h3>Training</h3>",
        f"<p>{escape(f'It was trained with {by} and {losses}. It {loads}.')}</p>",
        f'<ul class="notes">{items}</ul>' if items else "",
        _code(training.compile_line),
        _with_script(training, train_lines),
    )
    return "\n".join(filter(None, parts))


def _gradients(layers: Sequence[LayerInfo]) -> list[str]:
    """Return which layers TensorFlow.js has wrong gradients of, or none, in a sentence."""
    paths = [layer.path for layer in layers if layer.needs_training_script]
    if not paths:
        return []
    more = len(paths) - _MOST_PATHS
    named = ", ".join(paths[:_MOST_PATHS]) + (f" and {more:,} more" if more > 0 else "")
    return [f"Without training.js, gradients are wrong or missing in {named}."]


def _with_script(training: TrainingInfo, lines: Sequence[str]) -> str:
    """Return how a page trains with Keras's numbers; if Python code is missing, it cannot."""
    if not (training.has_all and lines):
        return ""
    first = "<p>With training.js after TensorFlow.js, a page trains as Keras does:</p>"
    return "\n".join((first, *map(_code, lines)))


def _code(line: str) -> str:
    return f"<pre><code>{escape(line)}</code></pre>" if line else ""


def _layers(facts: ModelFacts) -> str:
    if not facts.layers:
        return ""
    rows = [(layer.path, layer.class_name, _told(layer)) for layer in facts.layers]
    counts = Counter(layer.became for layer in facts.layers)
    words = ", ".join(
        f"{counts[became]:,} {_BECAME[became]}" for became in Became if counts[became]
    )
    more = facts.layer_count - len(facts.layers)
    words += f"; {more:,} more {'is' if more == 1 else 'are'} not listed" if more else ""
    table = _table("", rows)
    summary = f"<summary>{counted(facts.layer_count, 'layer')}: {escape(words)}</summary>"
    return f"<h3>Layers</h3>\n<details>{summary}\n{table}</details>"


def _told(layer: LayerInfo) -> str:
    needs = "; trains with training.js" if layer.needs_training_script else ""
    return _BECAME[layer.became] + needs


def _table(heading: str, rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"{f'<h3>{heading}</h3>' if heading else ''}<table>{body}</table>"
