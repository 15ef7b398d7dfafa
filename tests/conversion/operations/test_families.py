"""Python and JavaScript have the same operations, in the same families, of the same arguments."""

from __future__ import annotations

from importlib import resources
from typing import Any

from tests.conversion.declared import declared, needs_node
from tfjs_serve.companion import camel_case
from tfjs_serve.conversion.model.serialized import snake_case
from tfjs_serve.conversion.operations.lowered import lowered_operations
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.settings import page_arguments
from tfjs_serve.conversion.operations.signatures import Signature
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.rules.activation_names import named

_OPERATIONS = "tfjs_serve.conversion.operations"


def module_name(function: object) -> str:
    return str(function.__module__).rpartition(".")[2]


def families() -> dict[str, str]:
    return {name: module_name(found.specification) for name, found in signatures().items()}


def files_in(package: str, folder: str, ending: str) -> set[str]:
    names = [item.name for item in (resources.files(package) / folder).iterdir()]
    return {name.removesuffix(ending) for name in names if name.endswith(ending)} - {"__init__"}


def test_every_file_is_a_family() -> None:
    known = set(families().values())
    assert files_in(_OPERATIONS, "specs", ".py") == known
    assert files_in(_OPERATIONS, "lowered", ".py") <= known
    assert files_in("tfjs_serve.browser", "layers/operations", ".js") == known


def test_what_lowers_an_operation_is_in_its_family() -> None:
    lowered = {name: module_name(lower) for name, lower in lowered_operations().items()}
    assert lowered == {name: families()[name] for name in lowered}
    assert files_in(_OPERATIONS, "lowered", ".py") == set(lowered.values())


@needs_node
def test_what_computes_an_operation_in_the_page_is_in_its_family() -> None:
    found = {name: item["family"] for name, item in declared()["operations"].items()}
    expected = {camel_case(name): family for name, family in families().items()}
    missing = {name: f"{expected[name]}.js" for name in expected.keys() - found.keys()}
    assert not missing, f"declare in tfjs_serve/browser/layers/operations/: {missing}"
    assert found == expected


X = Operand(shape=(None, 4, 4, 4), index=0)
EXAMPLES: dict[str, dict[str, Any]] = {
    "depth_to_space": {"block_size": 2},
    "einsum": {"operands": [X], "subscripts": "abcd->a"},
    "rearrange": {"pattern": "b h w c -> b (h w) c"},
    "resize": {"size": [2, 2]},
    "space_to_depth": {"block_size": 2},
}
"""Arguments of operations whose JavaScript gets others than the specification has."""


def written(signature: Signature) -> list[str]:
    """Return the names of the arguments that are written, all of which the page gets."""
    given = {name: signature.defaults.get(name, X) for name in signature.parameters}
    arguments = {**given, **EXAMPLES.get(signature.name, {})}
    return list(map(camel_case, page_arguments(signature.name, arguments, 3)))


@needs_node
def test_the_page_reads_the_arguments_that_are_written() -> None:
    found = {name: item["parameters"] for name, item in declared()["operations"].items()}
    assert {name for name, names in found.items() if any("?" in item for item in names)} == {
        "multiHot"  # that of Keras has keywords beside its parameters
    }
    read = {name: [item for item in names if "?" not in item] for name, names in found.items()}
    assert read == {camel_case(name): written(item) for name, item in signatures().items()}


@needs_node
def test_the_page_reads_the_arguments_of_activations() -> None:
    for name, parameters in declared()["activations"].items():
        found = named(snake_case(name), 3)
        assert camel_case(found.name) == name
        assert parameters == list(map(camel_case, found.arguments))
