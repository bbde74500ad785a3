"""The templates of all messages, read from the sources.

Rule of this file: a template is what stands in the call that emits a message, as a regular expression; parts that are
computed match anything. What stands in a variable is found where the variable gets its value, as far as that goes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("interp/syntax", "interp/compiler", "interp/runtime", "interp/library.py", "stdlib", "sockets_module")
# function or exception -> the position of the text among its arguments
EMITTERS = {
    "warning": 0,
    "error": 0,
    "message": 1,
    "_lacking": 1,
    "_uncallable": 0,
    "at": 1,
    "error_at": 1,
    "_fail": 1,
    "expect": 1,
    "expect_name": 0,
    "SyntaxMessage": 0,
    "CompileError": 0,
    "NotIterable": 0,
    "IteratorError": 0,
    "texts.append": 0,
}


class Template(NamedTuple):
    """A message's text as a pattern, and where it comes from."""

    place: str
    pattern: str


def templates() -> list[Template]:
    """All templates, each once."""
    found: dict[str, Template] = {}
    for part in SOURCES:
        path = ROOT / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for template in _of_file(file):
                found.setdefault(template.pattern, template)
    return list(found.values())


def _of_file(file: Path) -> Iterator[Template]:
    tree = ast.parse(file.read_text())
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "append" and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func)
        position = EMITTERS.get(name)
        if position is None or len(node.args) <= position:
            continue
        for pattern in _patterns(node.args[position], constants):
            if re.sub(r"\.\*", "", pattern).strip():
                place = f"{file.relative_to(ROOT)}:{node.lineno}"
                yield Template(place, pattern)


def _patterns(node: ast.expr, constants: dict[str, ast.expr]) -> list[str]:
    """The patterns that an expression can give: several where it chooses."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        return [re.escape(text)]
    if isinstance(node, ast.List):
        return [pattern for item in node.elts for pattern in _patterns(item, constants)]
    if isinstance(node, ast.JoinedStr):
        patterns = [""]
        for part in node.values:
            added = _patterns(part.value if isinstance(part, ast.FormattedValue) else part, constants)
            patterns = [before + after for before in patterns for after in added]
        return patterns
    if isinstance(node, ast.IfExp):
        return _patterns(node.body, constants) + _patterns(node.orelse, constants)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return [re.sub(r"%[bdsrc]", ".*", pattern.replace(r"\%", "%")) for pattern in _patterns(node.left, constants)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _patterns(node.left, constants), _patterns(node.right, constants)
        return [before + after for before in left for after in right]
    if isinstance(node, ast.Name) and node.id in constants:
        return _patterns(constants[node.id], constants)
    return [".*"]
