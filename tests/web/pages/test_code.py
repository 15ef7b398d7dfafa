"""Code that loads a model, and its types."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from tests.conversion.declared import NODE_FOLDER, needs_node
from tests.web.asking import ask
from tests.web.fakes import Site, make_entry
from tests.web.test_pages import HOSTILE, ORIGIN, summaries
from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.facts.layers import TensorInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.web.pages.snippets import snippets_of
from tfjs_serve.web.pages.typescript import type_name, types_of

FACTS = ModelFacts(
    inputs=(
        TensorInfo(name="image", shape=(None, 8, 8, 1), dtype="float32"),
        TensorInfo(name="words", shape=(None, None), dtype="int32"),
    ),
    outputs=(TensorInfo(name="digit", shape=(None, 10), dtype="float32"),),
    labels=("zero", HOSTILE),
)


def code(facts: ModelFacts | None, entry: CatalogEntry | None = None) -> dict[str, str]:
    status = EntryStatus(state=EntryState.CHECKED, facts=facts)
    (summary,) = summaries(entry or make_entry("a/my-digits.h5"), status=status)
    return {
        one.title: "\n".join(part.code for part in one.parts)
        for one in snippets_of(summary, ORIGIN)
    }


def test_each_kind_of_program_has_its_code() -> None:
    found = code(FACTS)
    url = f"'{ORIGIN}/a/my-digits/model.json'"
    assert list(found) == ["Script tag", "Bundler", "Node.js", "TypeScript"]
    for text in found.values():
        assert f"await tf.loadLayersModel({url})" in text
        assert "model.predict([tf.zeros([1, 8, 8, 1]), tf.zeros([1, 1])]);" in text
        assert "layers" not in text.replace("loadLayersModel", "")
    assert "as MyDigitsModel;" in found["TypeScript"]
    assert f"curl -O {ORIGIN}/a/my-digits/model.d.ts" in found["TypeScript"]


def test_a_model_that_needs_layers_has_them_in_all_of_them() -> None:
    found = code(replace(FACTS, parts=("recurrent",)))
    assert f'<script src="{ORIGIN}/a/my-digits/layers.js"></script>' in found["Script tag"]
    for title in ("Bundler", "Node.js", "TypeScript"):
        assert "import { register } from './layers.mjs';" in found[title]
        assert "register(tf);" in found[title]
        for name in ("layers.mjs", "layers.js"):
            assert f"curl -O {ORIGIN}/a/my-digits/{name}" in found[title]


def test_an_example_needs_shapes() -> None:
    unknown = ModelFacts(inputs=(TensorInfo(name="x", shape=None, dtype="float32"),))
    for facts in (None, ModelFacts(), unknown):
        assert "predict" not in "".join(code(facts).values())
    assert code(FACTS, make_entry("a%2eb.h5")) == {}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/my-digits", "MyDigitsModel"),
        ("model", "Model"),
        ("layers", "_LayersModel"),
        ("TwoInputsModel", "TwoInputsModel"),
        ("2 x", "_2XModel"),
        (HOSTILE, "ImgSrcXOnerrorAlert1VersionXModel"),
        ("\u00e4\u00f6", "Model"),
    ],
)
def test_types_have_names(name: str, shown: str) -> None:
    assert type_name(name) == shown


def test_types_are_those_of_inputs_outputs_and_classes() -> None:
    text = types_of(make_entry("a/my-digits.h5"), FACTS)
    assert "import type {LayersModel, Tensor2D, Tensor4D} from '@tensorflow/tfjs';" in text
    assert '  "image": Tensor4D;  // float32 [any, 8, 8, 1]' in text
    assert "predict(x: [Tensor4D, Tensor2D], config?: {batchSize?: number}): Tensor2D;" in text
    assert f'export type Labels = ["zero", {json.dumps(HOSTILE)}];' in text


def test_what_is_not_known_has_the_type_of_any_tensor() -> None:
    graph = make_entry("g/model.json", EntryKind.TFJS_GRAPH, name="g")
    text = types_of(graph, ModelFacts())
    assert "import type {GraphModel, ModelPredictConfig, Tensor} from" in text
    assert "predict(x: Tensor | Tensor[], config?: ModelPredictConfig): Tensor | Tensor[];" in text
    many = TensorInfo(name="x", shape=(None,) * 7, dtype="float32")
    one = TensorInfo(name="y", shape=(), dtype="float32")
    text = types_of(graph, ModelFacts(inputs=(many,), outputs=(one,)))
    assert "predict(x: Tensor, config?: ModelPredictConfig): Scalar;" in text


@needs_node
@pytest.mark.parametrize("name", ["a/my-digits.h5", f"{HOSTILE}\n.h5", "*/ }.h5"])
def test_they_are_typescript(name: str) -> None:
    hostile = TensorInfo(name=f'"{HOSTILE}\n*/', shape=(None,), dtype="x\n*/ }")
    text = types_of(make_entry(name), replace(FACTS, outputs=(hostile,)))
    script = (
        "import { transformSync } from 'esbuild';"
        "import { readFileSync } from 'node:fs';"
        "console.log(transformSync(readFileSync(0, 'utf8'), { loader: 'ts' }).code);"
    )
    result = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=text,
        cwd=NODE_FOLDER,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "alert" not in result.stdout


async def test_types_are_served_without_a_conversion(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = EntryStatus(state=EntryState.CHECKED, facts=FACTS)
    monkeypatch.setattr(site.builder, "status", lambda _entry, _variant: status)
    answer = await ask(site, "/iris/model.d.ts")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"export interface IrisModel extends LayersModel" in answer.body
    assert site.builder.artifacts == {}


async def test_types_of_a_model_that_nobody_has_looked_at_are_found_out(site: Site) -> None:
    answer = await ask(site, "/iris/model.d.ts")
    assert b"predict(x: Tensor | Tensor[]" in answer.body
    assert len(site.builder.artifacts) == 1
