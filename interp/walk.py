"""Walking a script's tree from the outside, for the tools that look at scripts without running them.

Rule of this file: a walk never enters the functions in a body; `bodies` lists those. Nothing recurses, so that no tree
is too deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .syntax import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def children(node: Any) -> Iterator[Any]:
    """The nodes that are parts of a node, functions excluded."""
    for slot in node.parts:
        part = getattr(node, slot, None)
        if isinstance(part, n.Node):
            if type(part) is not n.Function:
                yield part
        elif isinstance(part, list):
            for item in part:
                if isinstance(item, tuple):
                    yield from (each for each in item if isinstance(each, n.Node))
                elif isinstance(item, n.Node) and type(item) is not n.Function:
                    yield item


def inside(node: n.Node) -> Iterator[Any]:
    """All nodes of a function's body, or below another node, in the order of the text."""
    stack = list(node.body) if isinstance(node, n.Function) else list(children(node))
    stack.reverse()
    while stack:
        found = stack.pop()
        yield found
        stack += reversed(list(children(found)))


def bodies(unit: n.Function) -> Iterator[n.Function]:
    """A function and all functions in it, outer ones first."""
    waiting = [unit]
    while waiting:
        function = waiting.pop()
        yield function
        for node in inside(function):
            inner = getattr(node, "function", None) or getattr(node, "constructor", None)
            if type(inner) is n.Function:
                waiting.append(inner)


def calls(function: n.Function, *names: str) -> Iterator[n.Call]:
    """The calls of globals of these names in a body."""
    for node in inside(function):
        if type(node) is n.Call and type(node.func) is n.Name and node.func.name in names:
            yield node


def text_of(node: Any) -> bytes | None:
    """The text of a constant, else None."""
    return node.value if type(node) is n.Const and type(node.value) is bytes else None
