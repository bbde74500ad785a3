"""Making the snapshot that `interp.start` takes the command's modules from.

Rules of this file: nothing of it is loaded once the snapshot is there; the code in it is compiled from the sources
whose size and time it records, whatever this process itself runs.
"""

from __future__ import annotations
import __future__

import ast
import marshal
import os
import sys

from .compiler.cache import Cache
from .start import KEY, default_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .start import Module

_OURS = ("interp", "stdlib")


def keep(needed: list[str], rest: list[str]) -> None:
    """Writes the snapshot: the modules that every script needs and those that some do, each behind what it imports.

    Nothing happens where a source is missing or the cache is not to be trusted.
    """
    cache = Cache(default_folder())
    if cache.folder is None:
        return
    try:
        modules = [module for name in needed if (module := _module(name)) is not None]
        others = [module for name in rest if (module := _module(name)) is not None]
    except (OSError, SyntaxError, ValueError):
        return
    later = [(*place, marshal.dumps(code)) for *place, code in others]
    cache.store(KEY, marshal.dumps((sys.version, modules, later)))


def _module(name: str) -> Module | None:
    """A module as the snapshot has it; None when it is none of ours."""
    package = name.partition(".")[0]
    file = getattr(sys.modules[name], "__file__", None)
    if package not in _OURS or file is None or name == "interp.start":
        return None
    with open(file, "rb") as stream:
        stat = os.fstat(stream.fileno())
        tree = ast.parse(stream.read(), file)
    flags = _without_types(tree)
    if package == "interp":
        _without_texts(tree)
    code = compile(tree, file, "exec", flags=flags, dont_inherit=True)
    folder = os.path.dirname(file) if hasattr(sys.modules[name], "__path__") else None
    return name, file, folder, stat.st_mtime_ns, stat.st_size, code


def _without_types(tree: ast.Module) -> int:
    """Takes out what only type checkers look at; gives the flags to compile with in its place."""
    body: list[ast.stmt] = []
    flags = 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            flags |= __future__.annotations.compiler_flag  # without the module
        elif isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            body += statement.orelse
        else:
            body.append(statement)
    tree.body = body
    return flags


def _without_texts(tree: ast.Module) -> None:
    """Takes out the docstrings and the types of functions; libraries keep theirs, which the prompt shows."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, False) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), node.body[0])]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
