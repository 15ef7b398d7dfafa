"""A function of keras.ops is found under the name of one family in Python and in JavaScript."""

from __future__ import annotations

from importlib import resources

from tests.conversion.declared import declared, needs_node
from tfjs_serve.companion import camel_case
from tfjs_serve.conversion.operations.lowered import lowered_operations
from tfjs_serve.conversion.operations.specs import signatures

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
    assert found == {camel_case(name): family for name, family in families().items()}
