"""The tables leave no layer out that the product claims to translate."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.rules.registry import Outcome

from .cases import EVERY_CASE, REFUSED_CASES, tables
from .test_native_layers import KERAS2_ARCHIVE

KERAS_LAYERS = Path(__file__).parents[2] / "tools" / "keras_layers.json"
IN_OTHER_TESTS = frozenset({"cudnn_recurrent", "legacy", "mask_tensors", "quantization"})
"""Families that only old files or files of other kinds have, or the converter itself makes."""


def _class_names(entry: Any) -> Iterator[str]:
    """Yield the class names anywhere in a model's config."""
    if isinstance(entry, dict):
        if isinstance(entry.get("class_name"), str):
            yield entry["class_name"]
        entry = list(entry.values())
    if isinstance(entry, list):
        for item in entry:
            yield from _class_names(item)


def test_every_translated_class_is_in_a_parity_case() -> None:
    """All classes that TF.js has are in Keras 2, whose files are at hand."""
    seen: set[str] = set()
    with zipfile.ZipFile(KERAS2_ARCHIVE) as archive:
        for name in archive.namelist():
            if name.endswith(".keras"):
                with zipfile.ZipFile(io.BytesIO(archive.read(name))) as model:
                    seen.update(_class_names(json.loads(model.read("config.json"))))
            if not name.endswith(".h5"):
                continue
            with h5py.File(io.BytesIO(archive.read(name))) as file:
                # A config that was split into chunks belongs to a case about something else.
                seen.update(_class_names(json.loads(file.attrs.get("model_config", "{}"))))
    native = {name for name, rule in rules().items() if rule.outcome is Outcome.NATIVE}
    in_keras = set(json.loads(KERAS_LAYERS.read_text())["2"]["layers"])
    # An experimental name of what is BatchNormalization everywhere else, with the same rule.
    assert (native & in_keras) - seen == {"SyncBatchNormalization"}


def _table_of(module: ModuleType, package: str) -> str | None:
    """Return the name of the file, or of the folder, in a package of tables."""
    _, _, path = module.__name__.partition(f".cases.{package}.")
    return path.partition(".")[0] or None


def test_every_family_of_layers_has_a_table_of_its_name() -> None:
    families = {rule.family for name, rule in rules().items() if not name.startswith("ops.")}
    found = {_table_of(module, "layers") for module in tables()} - {None}
    assert found == families - IN_OTHER_TESTS


def test_every_family_of_operations_has_a_table_of_its_name() -> None:
    modules = {one.specification.__module__ for one in signatures().values()}
    found = {_table_of(module, "operations") for module in tables()} - {None}
    assert found == {name.rpartition(".")[2] for name in modules} | {"tensorflow"}


def test_cases_of_layers_lie_with_their_family() -> None:
    misplaced = [
        case.id
        for module in tables()
        if (family := _table_of(module, "layers"))
        for case in module.CASES
        if (known := re.split(r"\W", case.id)[0]) in rules() and rules()[known].family != family
    ]
    assert misplaced == []


def test_no_two_cases_have_one_id() -> None:
    ids = [case.id for case in (*EVERY_CASE, *REFUSED_CASES)]
    assert len(set(ids)) == len(ids)
