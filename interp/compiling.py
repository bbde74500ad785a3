"""How an engine compiles: for its host, and for the scripts' `eval` and `include` (chapter 12 sections 1 and 5).

Rule of this file: the compiler knows no engine; what an engine's settings mean for it is said here.
"""

from __future__ import annotations

import sys
from _weakref import ref

from .compiler.pipeline import CompileError, compile_unit, load_unit
from .pace import pace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .limits import Limits
    from .runtime.state import World
    from .syntax.nodes import Origin


class Compiler:
    """How an engine compiles: for the host, and for `eval` and `include`."""

    def __init__(
        self, world: World, limits: Limits, optimize: bool, cache: bool, polling: bool, teach_linecache: bool
    ) -> None:
        self._world = ref(world)
        self._limits = limits
        self._options = (polling, optimize, limits.operations is not None, cache, limits.nesting)
        self._teach = teach_linecache
        self.polling = polling  # whether anything can stop a busy script
        self._pending: dict[str, bytes] = {}

    def load(self, source: Any, name: str, from_disk: bool = False) -> Any:
        """The `<main>` function of a source or program; raises CompileError."""
        limit = self._limits.source
        size = len(source) if isinstance(source, bytes) else len(source.source)
        if limit is not None and size > limit:
            raise CompileError([b"source too large"])
        polling, optimize, counting, cache, nesting = self._options
        if isinstance(source, bytes):
            if not from_disk:
                self.remember(source, name)
            code = compile_unit(
                source, name, limits=polling, optimize=optimize, counting=counting, cache=cache, nesting=nesting
            )
        else:
            self.remember(source.source, source.name)
            code = source.code(polling, optimize, counting, cache, nesting)
        return load_unit(code, self._world())  # type: ignore[arg-type]

    def load_function(self, text: bytes, origin: Origin) -> Any:
        """The `<main>` function of a unit that returns one function, made from its text; raises CompileError."""
        polling, optimize, counting, cache, nesting = self._options
        limit = self._limits.source
        if limit is not None and len(text) > limit:
            raise CompileError([b"source too large"])
        code = compile_unit(
            text, origin.file, limits=polling, optimize=optimize, counting=counting, cache=cache, nesting=nesting,
            origin=origin,
        )  # fmt: skip
        return load_unit(code, self._world())  # type: ignore[arg-type]

    def load_running(self, source: Any, name: str, from_disk: bool = False) -> Any:
        """As `load`, within a call of the host: what ends scripts ends the compilation, too."""
        world = self._world()
        assert world is not None

        def check() -> None:
            if world.namespace["$stop"]:
                world.stop_reason()

        before, pace.check = pace.check, check
        try:
            return self.load(source, name, from_disk)
        finally:
            pace.check = before

    def __call__(self, source: Any, file: bytes) -> tuple[Any, list[bytes]]:
        """For scripts: `<main>` and no messages, or None and the messages."""
        try:
            return self.load_running(source, file.decode("utf-8", "surrogateescape")), []
        except CompileError as found:
            return None, found.texts

    def pack(self, function: Any) -> bytes | None:
        """What stands for a script function in serialized data; None where it cannot be saved."""
        from .transfer import pack

        return pack(function)

    def unpack(self, data: bytes) -> Any:
        """The script function that serialized data stands for; None for faulty data."""
        from .transfer import unpack

        return unpack(data, self)

    def remember(self, source: bytes, name: str) -> None:
        """Makes the lines of a source without a file known to tracebacks and debuggers."""
        if self._teach:
            self._pending[name] = source
            if "linecache" in sys.modules or len(self._pending) > 64:
                self.flush()

    def flush(self) -> None:
        """Hands over what was remembered."""
        if not self._pending:
            return
        import linecache
        import os

        pending, self._pending = self._pending, {}
        for name, source in pending.items():
            if not os.path.exists(name):
                lines = source.decode("utf-8", "replace").splitlines(keepends=True)
                # no time stamp: linecache keeps the entry although there is no such file
                linecache.cache[name] = (len(source), None, lines, name)
