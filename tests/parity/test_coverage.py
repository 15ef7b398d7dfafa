"""No rule is without a model whose predictions are compared."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.passes import spelled
from tfjs_serve.keras_files import open_model

from .cases import EVERY_CASE, KERAS3, REFUSED_CASES, cases_of, tables
from .grid.subjects import FAMILIES
from .recorder import used_by

IN_OTHER_TESTS = frozenset(
    {"cudnn_recurrent", "legacy", "legacy_activations", "mask_tensors", "quantization"}
)
"""Families that only old files or files of other kinds have, or the converter itself makes."""
FIXTURES = Path(__file__).parents[1] / "fixtures"
"""Files of other versions and backends, with what these predicted."""
ENDINGS = (".h5", ".keras")
WITHOUT_A_CASE = {
    **dict.fromkeys(
        ("BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"),
        "TensorFlow's names of BatchNormalization",
    ),
    **dict.fromkeys(("UnifiedGRU", "UnifiedLSTM"), "TensorFlow's names of GRU and LSTM"),
    **dict.fromkeys(
        ("CuDNNGRU", "CuDNNLSTM"),
        "only graphics cards compute them; tests/conversion/layers/test_recurrent.py",
    ),
    **dict.fromkeys(
        ("CosineMerge", "BatchStatisticsNormalization", "SampleNormalization"),
        "what layers of Keras 1 become when their weights are read",
    ),
    "HalfPaddedPooling": "what layers on Theano become when their weights are read",
    **dict.fromkeys(
        ("AbsMaxQuantizer", "Float8Quantizer"),
        "what quantized layers become when their weights are read",
    ),
    **dict.fromkeys(
        ("masks.Joined", "masks.Made", "masks.Masking", "masks.Merged", "masks.Ones"),
        "what masks become in a second translation; cases/models/explicit_masks.py",
    ),
    "inputs.OneTextEach": "what inputs of text become; cases/models/text.py",
    **dict.fromkeys(
        ("ops.batch_dot", "ops.hard_sigmoid_keras2", "ops.matrix_transpose", "ops.mish"),
        "functions of Keras 2 that TensorFlow may write as several smaller ones",
    ),
    "ops.positive": "`+x` of a tensor of TensorFlow, which no version at hand writes",
    "ops.ndim": "Keras announces another shape than it computes",
    "ops.conv_transpose": "Keras 3.15 mixes up its arguments when it computes it",
}
"""Each rule that is in no model that this test looks into, and why."""
OTHER_NAMES = {
    "GroupQueryAttention": "GroupedQueryAttention",
    "ops.batch_normalization": "ops.batch_norm",
    "ops.layer_normalization": "ops.layer_norm",
    "ops.rms_normalization": "ops.rms_norm",
}
"""From the name in Keras to the name in files."""


def in_files(folder: Path) -> Iterator[str]:
    """Yield what the whole models in the fixtures consist of, under the names that rules have."""
    path = folder / "model"
    for archive in set(FIXTURES.glob("*.zip")) - set(FIXTURES.glob("weights-*.zip")):
        with zipfile.ZipFile(archive) as files:
            for name in filter(lambda name: name.endswith(ENDINGS), files.namelist()):
                path.write_bytes(files.read(name))
                with open_model(path, display_name=name) as saved:
                    yield from (layer.class_name for layer in spelled(saved, ()).model.walk())


def missing(folder: Path) -> set[str]:
    """Return the rules that are in no model."""
    built = used_by(cases_of(KERAS3))
    grid = {subject.class_name for subject in chain.from_iterable(FAMILIES.values())}
    used = {OTHER_NAMES.get(name, name) for name in built | grid}
    return rules().keys() - used - set(in_files(folder))


def test_every_rule_has_a_parity_case(tmp_path: Path) -> None:
    found = missing(tmp_path)
    new = found - WITHOUT_A_CASE.keys()
    assert not new, f"add cases to a table in tests/parity/cases/ for the rules of: {sorted(new)}"
    assert WITHOUT_A_CASE.keys() == found, "take out what has a case by now, or no rule any more"


def test_a_rule_without_a_case_is_noticed() -> None:
    cases = [case for case in cases_of(KERAS3) if case.id.startswith(("Dense-", "ops.pair-"))]
    used = used_by(cases)
    assert {"Dense", "ops.add", "ops.less"} <= used
    assert {"LSTM", "ops.sin"} & used == set()


def _table_of(module: ModuleType, package: str) -> str | None:
    """Return the name of the file, or of the folder, in a package of tables."""
    _, _, path = module.__name__.partition(f".cases.{package}.")
    return path.partition(".")[0] or None


def test_every_family_of_layers_has_a_table_of_its_name() -> None:
    families = {rule.family for name, rule in rules().items() if not name.startswith("ops.")}
    found = {_table_of(module, "layers") for module in tables()} - {None}
    new = families - IN_OTHER_TESTS - found
    assert not new, f"add a table of this name to tests/parity/cases/layers/: {sorted(new)}"
    assert found == families - IN_OTHER_TESTS


def test_every_family_of_operations_has_a_table_of_its_name() -> None:
    modules = {one.specification.__module__ for one in signatures().values()}
    families = {name.rpartition(".")[2] for name in modules} | {"tensorflow"}
    found = {_table_of(module, "operations") for module in tables()} - {None}
    new = families - found
    assert not new, f"add a table of this name to tests/parity/cases/operations/: {sorted(new)}"
    assert found == families


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
