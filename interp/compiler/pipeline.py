"""Source bytes to code object, through the cache: the only way in for the engine.

Rule of this file: with a cached entry neither the parser nor `ast` is imported.
"""

from __future__ import annotations

import gc
import sys

from ..runtime.kinds import CodeType, FunctionType
from ..runtime.shapes import note_stores
from ..start import default_folder
from .cache import Cache, content_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..runtime.state import World
    from ..syntax.nodes import Origin


class Unit:
    """Code and what it was made from: a message for people needs the text, and where in it an instruction stands.

    `options` are the ones that `generate` took behind the file; `shape`, where there is one, changed the tree before.
    """

    __slots__ = ("code", "file", "nesting", "options", "shape", "source")

    def __init__(
        self, code: CodeType, source: bytes, file: str, options: tuple[bool, bool, bool], nesting: int,
        shape: Callable[[Any], None] | None = None,
    ) -> None:  # fmt: skip
        self.code = code
        self.source = source
        self.file = file
        self.options = options
        self.nesting = nesting
        self.shape = shape


# Loaded code by source, file and options: an engine that runs the same program again parses nothing.
_memory: dict[object, Unit] = {}
_MEMORY_MAX = 256

_ROOM = 10_000  # host frames that parsing and generating may take

_disk: Cache | None = None


class CompileError(Exception):
    """A program that does not compile: `texts` are its messages, `[line N] ` prefixes included."""

    def __init__(self, texts: list[bytes]) -> None:
        super().__init__(texts[0].decode("utf-8", "replace"))
        self.texts = texts


def disk_cache() -> Cache:
    """The process's cache of compiled code."""
    global _disk
    if _disk is None:
        _disk = Cache(default_folder())
    return _disk


def compile_unit(
    source: bytes, file: str, *, limits: bool = False, optimize: bool = True, counting: bool = False,
    cache: bool = True, nesting: int = 200, origin: Origin | None = None,
) -> CodeType:  # fmt: skip
    """The unit code of a source text; raises `CompileError`.

    `limits` selects the variant that polls the stop flag, `counting` the one that counts operations. With an `origin`
    the source is the text of one function alone, and the unit returns that function.
    """
    options = f"{limits:d}{optimize:d}{counting:d}{nesting}"
    if origin is not None:
        options += f" {origin.line} {origin.name} {origin.captured}"
    place = (source, file, options)
    known = _memory.get(place)
    if known is not None:
        return known.code
    disk = disk_cache() if cache else Cache(None)
    key, identity = content_key(source, file, options)
    code = disk.load_code(key, identity)
    if code is None:
        # a script deep in calls may compile another: that must not depend on how deep it is
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + _ROOM)
        # trees are many objects without a cycle: collecting in between would double the time
        collecting = gc.isenabled()
        gc.disable()
        try:
            # the tree is gone before the next collection could walk it
            code = _generate(parse_unit(source, disk, nesting, origin=origin), source, file, limits, optimize, counting)
        finally:
            sys.setrecursionlimit(limit)
            if collecting:
                gc.enable()
        disk.store_code(key, identity, code)
    remember(place, Unit(code, source, file, (limits, optimize, counting), nesting))
    return code


def remember(key: object, unit: Unit) -> None:
    """Keeps a unit in memory."""
    if len(_memory) >= _MEMORY_MAX:
        _memory.pop(next(iter(_memory)))
    _memory[key] = unit


def units() -> Iterator[Unit]:
    """The units in memory, the latest first."""
    return iter(list(_memory.values())[::-1])


def _generate(unit: Any, source: bytes, file: str, limits: bool, optimize: bool, counting: bool) -> CodeType:
    from .generate import generate

    try:
        return generate(unit, file, limits, optimize, counting, source)
    except (RecursionError, SyntaxError, MemoryError) as problem:
        # the host's compiler has limits of its own on nested blocks
        line = getattr(problem, "lineno", None) or 1
        raise CompileError([b"[line %d] nesting too deep" % line]) from None


def parse_unit(source: bytes, disk: Cache, nesting: int = 200, keep: bool = False, origin: Origin | None = None) -> Any:
    """The resolved tree of a source text, with `keep` its variables as globals; raises `CompileError`.

    With an `origin` see `compile_unit`.
    """
    from ..syntax.messages import SyntaxMessages
    from ..syntax.parser import analyse, analyse_function, prepare

    prepare(disk.load, disk.store)
    try:
        if origin is None:
            return analyse(source, nesting, keep)
        unit = analyse_function(source, origin, nesting)
        if origin.name != "<main>":
            from ..syntax.nodes import DeclTree, FuncExpr, Return
            from .statements import tree_constructor

            statement = unit.body[0]
            if isinstance(statement, DeclTree):
                line = statement.line
                unit.body = [Return(line, [FuncExpr(line, tree_constructor(statement))])]
        return unit
    except SyntaxMessages as found:
        raise CompileError([_as_bytes(text) for text in found.texts]) from None


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


def load_unit(code: CodeType, world: World) -> Any:
    """The `<main>` function of compiled code in an engine."""
    doc = code.co_consts[0]
    if isinstance(doc, str) and doc.startswith("stores "):
        note_stores(world, doc.split(" ")[1:])
    if world.waiting:
        world.need(_names(code, set()))
    return FunctionType(code, world.namespace)()


def _names(code: CodeType, found: set[str]) -> set[str]:
    """The names in a unit's code, those of globals among them."""
    found.update(code.co_names)
    for const in code.co_consts:
        if isinstance(const, CodeType):
            _names(const, found)
    return found
