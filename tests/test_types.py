"""The types of the ES modules that pages import: TypeScript finds them, and they are true."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conversion.declared import NODE_FOLDER, needs_node, node
from tests.web.fakes import make_entry
from tfjs_serve.facts.layers import TensorInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.packed_scripts import KINDS, Kind, module, types, whole_script
from tfjs_serve.web.pages.typescript import types_of

PROGRAM = """
import * as tf from "@tensorflow/tfjs";
import { register } from "./layers.mjs";
import layers from "./layers.mjs";
import training, { losses, metrics, optimizers, schedules } from "./training.mjs";
import type { Loss, TrainedModel } from "./training.mjs";

register(tf);
layers.register(tf);
training.register(tf);
const learningRate = new schedules.ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 10 });
const loss: Loss = losses.Huber({ delta: 2 });
const model = (await tf.loadLayersModel("model.json")) as TrainedModel;
model.compile({ optimizer: new optimizers.AdamW({ learningRate, weightDecay: 0.1 }), loss });
console.log(model.optimizer.learningRate, new metrics.F1Score().result().dataSync());
"""
MISTAKES = {
    'register("tf");': "TS2345",
    "layers.remove(tf);": "TS2339",
    'import { losses as nothing } from "./layers.mjs";': "TS2614",
    "new optimizers.Adamm();": "TS2551",
    'new optimizers.Adam({ learningRate: "fast" });': "TS2322",
    "const result: number = register(tf);": "TS2322",
}
"""What must not be accepted, and the error that says so."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules with their scripts and types, as an export has them."""
    folder = tmp_path_factory.mktemp("typed")
    for kind in KINDS:
        (folder / kind.script_name).write_text(whole_script(kind).text, encoding="utf-8")
        (folder / kind.module_name).write_text(module(kind, kind.script_name), encoding="utf-8")
        (folder / kind.types_name).write_text(types(kind), encoding="utf-8")
    return folder


def found_in(folder: Path, **programs: str) -> dict[str, list[str]]:
    """Return the codes of the errors that TypeScript finds in programs beside the modules."""
    try:
        (folder / "node_modules").symlink_to(NODE_FOLDER / "node_modules", target_is_directory=True)
    except FileExistsError:
        pass
    except OSError:
        pytest.skip("no symbolic links here")
    for name, program in programs.items():
        (folder / f"{name}.mts").write_text(program, encoding="utf-8")
    options = "--noEmit --strict --skipLibCheck --target es2022 --module nodenext --pretty false"
    compiler = NODE_FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
    command = [str(shutil.which("node")), str(compiler), *options.split()]
    command += [f"{name}.mts" for name in programs]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\w+)\.mts\(.*error (TS\d+)", done.stdout, flags=re.MULTILINE)
    return {name: [code for where, code in found if where == name] for name in programs}


@needs_node
def test_typescript_accepts_what_they_have_and_nothing_else(folder: Path) -> None:
    found = found_in(folder, page=PROGRAM, mistakes=PROGRAM + "\n".join(MISTAKES))
    assert found == {"page": [], "mistakes": list(MISTAKES.values())}


@needs_node
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_module_exports_what_its_types_say(folder: Path, kind: Kind) -> None:
    program = f"""
      import({json.dumps((folder / kind.module_name).as_uri())}).then((found) =>
        process.stdout.write(JSON.stringify([Object.keys(found), Object.keys(found.default)])));
    """
    exported, offered = node("--eval", program)
    told = re.findall(r"^export declare (?:function|const) (\w+)", types(kind), flags=re.MULTILINE)
    assert sorted(exported) == sorted([*told, "default"])
    assert sorted(offered) == sorted(told)


@needs_node
def test_types_of_models_are_typescript_whatever_they_are_called(folder: Path) -> None:
    tensors = tuple(
        TensorInfo(name=f"x{axes}", shape=(None,) * axes, dtype="float32") for axes in range(9)
    )
    facts = ModelFacts(
        inputs=tensors, outputs=tensors[:1], labels=("it's", '"', "</script>", "${x}")
    )
    names = ("layers.h5", "graph.keras", "class.h5", "1st.h5", "label.h5", "-.h5", "tensor2-d.h5")
    programs = {f"types{at}": types_of(make_entry(name), facts) for at, name in enumerate(names)}
    assert found_in(folder, **programs) == {name: [] for name in programs}
