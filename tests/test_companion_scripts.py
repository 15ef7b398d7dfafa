"""Each model's ``layers.js``: what is in it, and what a page may do with several of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.conversion.declared import NODE_FOLDER, needs_node, node
from tfjs_serve import companion, packed_scripts
from tfjs_serve.packed_scripts import KINDS, LAYERS, Kind

ROOT = Path(__file__).parents[1]
MINIFY = "run: python tools/minify_layers.py"


def layer(class_name: str, **arguments: Any) -> dict[str, Any]:
    config = {"name": "it", "arguments": arguments, "variables": [], "shapes": []}
    class_name = f"{companion.PACKAGE}>{class_name}"
    return {"class_name": class_name, "config": {**config, "passes_mask": False}}


def operation(name: str, **operands: Any) -> dict[str, Any]:
    return layer("Operation", operation=name, operands={"x": {"tensor": 0}, **operands})


CROPPING = layer("Cropping", edges=[[0, 0], [1, 1], [0, 0]])
SINE = operation("sin")
SORT = operation("sort", axis=1)
SOFTSIGN = layer("Activation", function="softsign")
GRU = layer("GRU")


def script_of(*layers: Mapping[str, Any]) -> packed_scripts.Script:
    config = {"class_name": "Sequential", "config": {"layers": [*layers]}}
    script = companion.script_of(companion.parts_for(config))
    assert script is not None
    return script


# --- What is in it ----------------------------------------------------------------------------


def test_a_model_of_layers_that_tensorflow_js_has_needs_none() -> None:
    dense = {"class_name": "Dense", "config": {"name": "Operation", "activation": "Activation"}}
    assert companion.parts_for({"class_name": "Sequential", "config": {"layers": [dense]}}) == ()


def test_a_model_gets_what_it_needs_and_no_more() -> None:
    text = script_of(GRU).text
    assert all(f'part("{name}"' in text for name in ("activations", "cells", "recurrent"))
    assert text.count("part(") == 3
    assert len(text) < len(companion.whole_script().text) / 5


def test_an_operation_brings_its_family_and_those_that_it_needs() -> None:
    text = script_of(SORT).text
    assert 'family("ordering"' in text
    assert 'family("indexing"' in text
    assert "transcendental" not in text


def test_layers_inside_of_others_count() -> None:
    inside = {"class_name": "Wrapper", "config": {"layer": CROPPING, "others": [[SINE]]}}
    assert script_of(inside) == script_of(SINE, CROPPING)


def test_the_same_layers_give_the_same_script_in_any_order() -> None:
    assert script_of(SINE, GRU) == script_of(GRU, SINE, operation("cos"), GRU)
    assert script_of(SINE, GRU).name != script_of(GRU).name
    assert companion.is_script(script_of(GRU).name)
    assert not companion.is_script(companion.SCRIPT_NAME)


# --- What it is made of -----------------------------------------------------------------------


@needs_node
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_minified_parts_are_current(kind: Kind) -> None:
    path = ROOT / "tools" / "minify_layers.py"
    program = f"""if True:
      import runpy
      from tfjs_serve.packed_scripts import KINDS
      kind = next(kind for kind in KINDS if kind.name == {kind.name!r})
      print(runpy.run_path({str(path)!r})["minified"](kind), end="")
    """
    written = (ROOT / "tfjs_serve" / "browser" / f"{kind.name}.json").read_bytes().decode("utf-8")
    assert written == run_python(program), MINIFY


def run_python(program: str) -> str:
    command = [sys.executable, "-X", "utf8", "-c", program]
    return subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout.decode("utf-8")


def test_who_changes_a_source_is_told_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = packed_scripts.sources(LAYERS)
    assert sources is not None
    changed = {**sources, "core": "// another one", "new": ""}
    monkeypatch.setattr(packed_scripts, "sources", lambda kind: changed)
    with pytest.raises(packed_scripts.StaleScriptError, match=rf"core\.js, new\.js; {MINIFY}"):
        packed_scripts.parts.__wrapped__(LAYERS)


def test_an_installation_has_no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_scripts, "sources", lambda kind: None)
    assert packed_scripts.parts.__wrapped__(LAYERS) == packed_scripts.parts(LAYERS)


# --- Several of them in a page ----------------------------------------------------------------

LOAD = """
async function load(layers) {
  const input = { name: "x", batch_input_shape: [null, 4, 2], dtype: "float32" };
  const all = [{ class_name: "InputLayer", config: input }, ...layers];
  const config = { name: "m", layers: all };
  const modelTopology = { class_name: "Sequential", config };
  const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology }));
  return Array.from(tf.tidy(() => model.predict(tf.ones([1, 4, 2])).dataSync()).slice(0, 2));
}
const outcome = (layers) => load(layers).catch((error) => error.message);
"""
QUIET = "console.log = console.warn = console.info = () => {};"


def in_page(
    scripts: Sequence[packed_scripts.Script],
    models: Sequence[Any],
    before: str = "",
    after: str = "",
) -> list[Any]:
    """Return what models predict in a page that loads `scripts` one after the other."""
    program = f"""
      {QUIET}
      const tf = require("@tensorflow/tfjs");
      {before or "globalThis.tf = tf;"}
      for (const text of {json.dumps([script.text for script in scripts])}) new Function(text)();
      {after}
      {LOAD}
      (async () => {{
        const answers = [];
        for (const model of {json.dumps(models)}) answers.push(await outcome(model));
        process.stdout.write(JSON.stringify(answers));
      }})();
    """
    answers: list[Any] = node("--eval", program)
    return answers


PREDICTED = {"sine": [0.8415, 0.8415], "sort": [1, 1], "softsign": [0.5, 0.5], "crop": [1, 1]}
MODELS = {"sine": [SINE], "sort": [SORT], "softsign": [SOFTSIGN], "crop": [CROPPING]}


@needs_node
@pytest.mark.parametrize("names", [*permutations(["sine", "sort", "softsign"]), ("crop", "sine")])
def test_each_model_finds_its_layers(names: tuple[str, ...]) -> None:
    scripts = [script_of(*MODELS[name]) for name in names]
    found = in_page(scripts, [MODELS[name] for name in names])
    assert found == [pytest.approx(PREDICTED[name], abs=1e-3) for name in names]


@needs_node
@pytest.mark.parametrize("first", [True, False])
def test_the_layers_of_all_models_may_be_there_too(first: bool) -> None:
    scripts = [companion.whole_script(), script_of(SINE)]
    found = in_page(scripts if first else scripts[::-1], list(MODELS.values()))
    assert found == [pytest.approx(values, abs=1e-3) for values in PREDICTED.values()]


@needs_node
def test_a_page_may_load_them_before_tensorflow_js_and_register_them_once() -> None:
    scripts = [script_of(SINE), script_of(CROPPING), script_of(SINE)]
    register = "tfjsServeLayers.register(tf); tfjsServeLayers.register(tf);"
    found = in_page(scripts, [[SINE], [CROPPING]], before=" ", after=register)
    assert found == [pytest.approx(PREDICTED[name], abs=1e-3) for name in ("sine", "crop")]


EARLIER = """
globalThis.tf = tf;
class Earlier extends tf.layers.Layer {
  static className = "tfjs-serve/layers.js>Cropping";
  constructor(config) {
    super(config);
    if (!("sides" in config.arguments)) throw new Error("not of this version either");
  }
  call(inputs) { return tf.mul(inputs[0] ?? inputs, 7); }
}
tf.serialization.registerClass(Earlier);
"""


@needs_node
def test_a_model_of_an_earlier_version_gets_the_layers_of_that_version() -> None:
    old, wrong = layer("Cropping", sides=1), layer("Cropping", edge=1)
    found = in_page([script_of(CROPPING)], [[old], [CROPPING], [wrong]], before=EARLIER)
    assert found == [[7, 7], [1, 1], "not of this version either"]


@needs_node
def test_a_model_without_its_script_is_told_which_file_to_load() -> None:
    missing = operation("tan")
    found = in_page([script_of(SORT)], [[missing], [CROPPING]])
    assert found[0].startswith("There is no operation tan in layers.js. Load the layers.js that")
    assert found[1].startswith("Unknown layer: tfjs-serve/layers.js>Cropping")


# --- As modules -------------------------------------------------------------------------------


def write_model_folders(folder: Path) -> None:
    for name in ("sine", "crop"):
        (folder / name).mkdir()
        script = script_of(*MODELS[name])
        (folder / name / companion.SCRIPT_NAME).write_text(script.text, encoding="utf-8")
        module = companion.module(companion.SCRIPT_NAME)
        (folder / name / companion.MODULE_NAME).write_text(module, encoding="utf-8")
    page = f"""
      import * as tf from "@tensorflow/tfjs";
      import {{ register }} from "./sine/layers.mjs";
      import crop from "./crop/layers.mjs";
      {QUIET}
      register(tf);
      crop.register(tf);
      {LOAD}
      const found = [await outcome({json.dumps([SINE])}), await outcome({json.dumps([CROPPING])})];
      process.stdout.write(JSON.stringify(found));
    """
    (folder / "page.mjs").write_text(page, encoding="utf-8")
    (folder / "node_modules").symlink_to(NODE_FOLDER / "node_modules", target_is_directory=True)


@needs_node
@pytest.mark.parametrize("bundled", [False, True])
def test_modules_register_the_layers_of_their_model(tmp_path: Path, bundled: bool) -> None:
    try:
        write_model_folders(tmp_path)
    except OSError:
        pytest.skip("no symbolic links here")
    page = tmp_path / "page.mjs"
    if bundled:
        bundle = tmp_path / "bundle.mjs"
        options = {
            **{"entryPoints": [str(page)], "outfile": str(bundle), "bundle": True},
            **{"format": "esm", "platform": "node", "external": ["@tensorflow/tfjs"]},
        }
        program = f'require("esbuild").build({json.dumps(options)}).then(() => console.log(1));'
        node("--eval", program)
        page = bundle
    found = node(str(page))
    assert found == [pytest.approx(PREDICTED[name], abs=1e-3) for name in ("sine", "crop")]


@needs_node
def test_node_requires_the_script(tmp_path: Path) -> None:
    script = tmp_path / "layers.cjs"
    script.write_text(script_of(SINE).text, encoding="utf-8")
    program = f"""
      const {{ register }} = require({json.dumps(str(script))});
      process.stdout.write(JSON.stringify(typeof register));
    """
    assert node("--eval", program) == "function"
