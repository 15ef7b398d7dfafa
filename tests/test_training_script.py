"""``training.js`` as pages get it: what it offers, what its types and the documents say of that."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conversion.declared import needs_node, node
from tfjs_serve.training_script import types, whole_script

DOCUMENT = Path(__file__).parents[1] / "docs" / "training.md"
KINDS = {
    "optimizers": "OptimizerName",
    "schedules": "ScheduleName",
    "losses": "LossName",
    "metrics": "MetricName",
}
SHARED = ("name", "dtype", "reduction", "fn")
"""Settings that the document tells of once."""

QUIET = "console.log = console.warn = console.info = () => {};"
OFFERED = f"""
{QUIET}
const tf = require("@tensorflow/tfjs");
const training = require(process.argv[1]);
training.register(tf);
const settings = ([name, made]) => [name, Object.keys(made.rule?.defaults ?? made.defaults)];
const table = (kind) => Object.fromEntries(Object.entries(training[kind]).map(settings));
const kinds = {json.dumps(list(KINDS))};
const tables = Object.fromEntries(kinds.map((kind) => [kind, table(kind)]));
process.stdout.write(JSON.stringify(tables));
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of ``training.js`` as a CommonJS module."""
    path = tmp_path_factory.mktemp("script") / "training.cjs"
    path.write_text(whole_script().text, encoding="utf-8")
    return str(path)


@cache
def offered(script: str) -> dict[str, dict[str, list[str]]]:
    """Return the settings of each class of each kind."""
    found: dict[str, dict[str, list[str]]] = node("--eval", OFFERED, script)
    return found


def rows(table: dict[str, list[str]]) -> list[str]:
    """Return the rows of a table in the document."""
    return [
        f"| `{name}` | {', '.join(f'`{own}`' for own in settings if own not in SHARED)} |"
        for name, settings in sorted(table.items())
    ]


def own_rows(kind: str, tables: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return the rows that the document has for a kind."""
    table = tables[kind]
    if kind == "optimizers":
        table = {
            name: [own for own in settings if own not in ("learningRate", "weightDecay")]
            for name, settings in table.items()
        }
    if kind == "metrics":
        table = {name: own for name, own in table.items() if name not in tables["losses"]}
    return rows(table)


@needs_node
@pytest.mark.parametrize("kind", KINDS)
def test_the_document_has_all_that_there_is(kind: str, script: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    heading = {"losses": "loss"}.get(kind, kind.removesuffix("s"))
    (table,) = re.findall(
        rf"^\| {heading} \| .*\n\|---\|---\|\n((?:\|.*\n)*)", text, flags=re.MULTILINE
    )
    assert table.splitlines() == own_rows(kind, offered(script))


@needs_node
@pytest.mark.parametrize("kind", KINDS)
def test_the_types_have_all_that_there_is(kind: str, script: str) -> None:
    union = types().partition(f"export type {KINDS[kind]} =")[2].partition(";")[0]
    assert re.findall(r'"(\w+)"', union) == sorted(offered(script)[kind])


@needs_node
def test_a_loss_among_the_metrics_is_logged_under_its_name(script: str) -> None:
    program = f"""
      {QUIET}
      const tf = require("@tensorflow/tfjs");
      const {{ losses }} = require(process.argv[1]).register(tf);
      const model = tf.sequential({{ layers: [tf.layers.dense({{ units: 1, inputShape: [2] }})] }});
      const metrics = [losses.Huber(), losses.LogCosh({{ name: "mine" }})];
      model.compile({{ optimizer: "sgd", loss: losses.MeanSquaredError(), metrics }});
      model.fit(tf.ones([4, 2]), tf.ones([4, 1]), {{ epochs: 1, verbose: 0 }}).then((found) =>
        process.stdout.write(JSON.stringify(Object.keys(found.history))));
    """
    assert node("--eval", program, script) == ["loss", "huber_loss", "mine"]
