"""What the web room takes from aiohttp although it is private: a new release may do without it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.http import RawRequestMessage

import tfjs_serve.web

RELIED_ON: dict[str, type] = {
    "_handler_waiter": web.RequestHandler,
    "_loop": web.RequestHandler,
    "_make_server": web.AppRunner,
    "_next_keepalive_close_time": web.RequestHandler,
    "_replace": RawRequestMessage,
    "_request_count": web.RequestHandler,
    "_request_in_progress": web.RequestHandler,
    "_waiter": web.RequestHandler,
}
TREES = [
    ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(Path(tfjs_serve.web.__path__[0]).glob("*.py"))
]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_attributes(tree: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            yield node


def is_of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def own_names(tree: ast.AST) -> set[str]:
    """Return the private names that classes give to themselves: methods, and what they assign."""
    assigned = {
        node.attr
        for node in private_attributes(tree)
        if is_of_self(node) and isinstance(node.ctx, ast.Store)
    }
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    methods = {node.name for node in ast.walk(tree) if isinstance(node, functions)}
    return assigned | set(filter(is_private, methods))


def names_of_others(tree: ast.AST) -> set[str]:
    """Return the private names that are used of anything but the class's own."""
    own = own_names(tree)
    return {
        node.attr
        for node in private_attributes(tree)
        if not is_of_self(node) or node.attr not in own
    }


def subclasses_of_aiohttp(tree: ast.AST) -> Iterator[tuple[ast.ClassDef, type]]:
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            if isinstance(base, ast.Attribute) and ast.unparse(base.value) == "web":
                yield node, getattr(web, base.attr)


def taken_by(base: type) -> set[str]:
    in_instances = {web.Server: set(vars(web.Server(lambda _request: None)))}
    return {*dir(base), *in_instances.get(base, ())}


async def test_every_private_name_in_use_is_listed() -> None:
    used = set().union(*map(names_of_others, TREES))
    classes = [pair for tree in TREES for pair in subclasses_of_aiohttp(tree)]
    assigned = set().union(*(own_names(node) & taken_by(base) for node, base in classes))
    assert used | assigned == RELIED_ON.keys()


@pytest.mark.parametrize("name", RELIED_ON)
def test_aiohttp_has_the_private_name(name: str) -> None:
    owner = RELIED_ON[name]
    assert hasattr(owner, name), f"aiohttp {aiohttp.__version__} has no {owner.__name__}.{name}"


async def test_no_private_name_of_ours_hides_one_of_aiohttp() -> None:
    classes = [pair for tree in TREES for pair in subclasses_of_aiohttp(tree)]
    assert len(classes) == 3
    for node, base in classes:
        assert own_names(node) & taken_by(base) <= RELIED_ON.keys(), node.name


def test_a_private_name_that_is_not_listed_is_found() -> None:
    source = """
class Connection(web.RequestHandler):
    def __init__(self):
        self._own = 1
        self.other._foreign = 2

    def _made(self):
        return self._own, self._inherited, self._made(), super()._above(), self.other._theirs
"""
    found = names_of_others(ast.parse(source))
    assert found == {"_foreign", "_inherited", "_above", "_theirs"}
