"""What is known of a model, as its page tells it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.facts.layers import Became, LayerInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.facts.training import TrainingInfo
from tfjs_serve.facts.wording import counted
from tfjs_serve.web.pages.layers import LayerRow, graph_of, layer_rows
from tfjs_serve.web.pages.wording import BECAME

_MOST_PATHS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingView:
    """How a model was trained, and what a page that goes on with that should know.

    Attributes
    ----------
    script_lines
        What loads ``training.js``, and with it the model with all of Keras's settings.
    """

    told: str
    notes: Sequence[str]
    compile_line: str
    script_lines: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What goes in and out of a model, and what its layers became."""

    facts: ModelFacts
    training: TrainingView | None
    rows: Sequence[LayerRow]
    layers_told: str
    graph: Mapping[str, Any]


def known_of(facts: ModelFacts, train_lines: Sequence[str] = ()) -> Known:
    """Return the facts in words.

    Parameters
    ----------
    train_lines
        What loads ``training.js``, and with it the model with all of Keras's settings.
    """
    training = facts.training
    return Known(
        facts=facts,
        training=_training(training, facts.layers, train_lines) if training else None,
        rows=layer_rows(facts),
        graph=graph_of(facts),
        layers_told=_layers_told(facts),
    )


def _training(
    training: TrainingInfo, layers: Sequence[LayerInfo], lines: Sequence[str]
) -> TrainingView:
    losses = ", ".join(training.losses) or "a loss that is not Keras's"
    by = training.optimizer or "an optimizer that is not Keras's"
    loads = "loads compiled" if training.is_compiled else "does not load compiled"
    return TrainingView(
        told=f"It was trained with {by} and {losses}. It {loads}.",
        notes=[*training.left_out, *_gradients(layers)],
        compile_line=training.compile_line,
        script_lines=lines if training.has_all else (),  # if Python code is missing, it cannot
    )


def _gradients(layers: Sequence[LayerInfo]) -> list[str]:
    """Return which layers TensorFlow.js has wrong gradients of, or none, in a sentence."""
    paths = [layer.path for layer in layers if layer.needs_training_script]
    if not paths:
        return []
    more = len(paths) - _MOST_PATHS
    named = ", ".join(paths[:_MOST_PATHS]) + (f" and {more:,} more" if more > 0 else "")
    return [f"Without training.js, gradients are wrong or missing in {named}."]


def _layers_told(facts: ModelFacts) -> str:
    counts = Counter(layer.became for layer in facts.layers)
    words = ", ".join(f"{counts[became]:,} {BECAME[became]}" for became in Became if counts[became])
    more = facts.layer_count - len(facts.layers)
    words += f"; {more:,} more {'is' if more == 1 else 'are'} not listed" if more else ""
    return f"{counted(facts.layer_count, 'layer')}: {words}"
