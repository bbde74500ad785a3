"""Compiled scripts as values of the host (chapter 12 section 1).

Rule of this file: a program is its source and name; code is made for the variant an engine needs, once, and kept.
"""

from __future__ import annotations

from .compiler.pipeline import compile_unit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any


class Program:
    """A compiled script: runs in any engine, any number of times. Pickles: a pickle is code, load only your own."""

    __slots__ = ("_variants", "name", "source")

    def __init__(self, source: bytes, name: str) -> None:
        self.source = source
        self.name = name
        self._variants: dict[tuple[Any, ...], CodeType] = {}

    def code(self, limits: bool, optimize: bool, counting: bool, cache: bool, nesting: int) -> CodeType:
        """The code for an engine of that kind; raises `CompileError`."""
        key = (limits, optimize, counting, nesting)
        found = self._variants.get(key)
        if found is None:
            found = self._variants[key] = compile_unit(
                self.source,
                self.name,
                limits=limits,
                optimize=optimize,
                counting=counting,
                cache=cache,
                nesting=nesting,
            )
        return found

    @property
    def python(self) -> str:
        """The generated Python, for people to read."""
        from .compiler.cache import Cache
        from .compiler.generate import generate_source
        from .compiler.pipeline import parse_unit

        return generate_source(parse_unit(self.source, Cache(None)), True)

    def __reduce__(self) -> tuple[Any, ...]:
        import marshal
        import sys

        codes = {key: marshal.dumps(code) for key, code in self._variants.items()}
        return _load, (self.source, self.name, sys.version, _version(), codes)

    def __repr__(self) -> str:
        return f"<Program {self.name}>"


def _version() -> str:
    from .compiler.cache import compiler_version

    return compiler_version()


def _load(source: bytes, name: str, python: str, compiler: str, codes: dict[tuple[Any, ...], bytes]) -> Program:
    """A program from its pickle; code of another version is made anew."""
    import marshal
    import sys

    made = Program(source, name)
    if python == sys.version and compiler == _version():
        for key, data in codes.items():
            made._variants[key] = marshal.loads(data)
    return made
