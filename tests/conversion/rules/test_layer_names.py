"""What is special about a layer is in its family file: no other file has its class name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tfjs_serve.conversion.all_rules import rules

ROOM = Path(__file__).parents[3] / "tfjs_serve" / "conversion"
LAYERS = ("layers/", "spelling/", "stored/")
"""Rooms that name layers: for their rules, their spellings, their forms in files."""
GRAPH = {"Functional", "InputLayer", "Sequential"}
"""Classes that compute nothing but make up a graph."""
REASONS = {
    "operations/lowered/": "small models are built of TF.js's layers, which have Keras's names",
    "operations/pieces.py": "small models are built of TF.js's layers, which have Keras's names",
    "raising/": "the way back writes layers as Keras 3 and tf_keras both read them",
    "small_models/": "small models are built of TF.js's layers, which have Keras's names",
    "training/regularizers.py": "ActivityRegularization only adds to the loss, so it is a setting",
    "training/trained_weights.py": "layers that were written are named as in TF.js",
    "writing/": "what is written is named as in TF.js",
    "rules/activation_names.py": "layers can be given as activation functions",
    "rules/initializers.py": "Identity is an initializer there",
}


def spelled_names() -> Iterator[tuple[str, str]]:
    """Yield each file outside LAYERS with each class name that is in it."""
    names = {name for name in rules() if "." not in name} - GRAPH
    for path in sorted(ROOM.rglob("*.py")):
        file = path.relative_to(ROOM).as_posix()
        if file.startswith(LAYERS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in names:
                yield file, node.value


def test_layers_are_named_in_their_family_files_only() -> None:
    found = [(file, name) for file, name in spelled_names() if not file.startswith((*REASONS,))]
    assert found == []


def test_each_exception_is_still_one() -> None:
    files = [file for file, _ in spelled_names()]
    assert [place for place in REASONS if not any(file.startswith(place) for file in files)] == []
