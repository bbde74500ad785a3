"""Writing to the output and error streams, reading the input (chapter 04 sections 4.1 and 4.3).

Rules of this file: bytes go out unchanged; what stands before a value whose text runs script code is written before
that code runs.
"""

from __future__ import annotations

from interp.library import Library, engine
from interp.runtime.convert import text
from interp.runtime.state import current

from .guard import PLAIN, direct, safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

library = Library("core-output", doc="Output and input")


def _write(write: Callable[[bytes], None], values: tuple[Any, ...], after_each: bytes, at_end: bytes) -> None:
    parts: list[bytes] = []
    for value in values:
        if type(value) in PLAIN:
            parts.append(text(value))
        else:
            if parts:
                write(b"".join(parts))
                parts = []
            parts.append(safe_text(value))
        if after_each:
            parts.append(after_each)
    parts.append(at_end)
    write(b"".join(parts))


@direct(library, "print( ... )", nothing=True)
def print_(spec: Any) -> Any:
    """`print( ... )`: writes the text forms to the output, one after the other."""

    def native(this: Any = None, *values: Any) -> None:
        if len(values) == 1 and type(values[0]) is bytes:
            current().world.streams.output(values[0])
        elif spec:
            _write(current().world.streams.output, values, b"", b"")

    return native


@direct(library, "println( ... )", nothing=True)
def println(spec: Any) -> Any:
    """`println( ... )`: like `print`, with a newline at the end."""

    def native(this: Any = None, *values: Any) -> None:
        if len(values) == 1 and type(values[0]) is bytes:
            current().world.streams.output(values[0] + b"\n")
        elif spec:
            _write(current().world.streams.output, values, b"", b"\n")

    return native


@library.function("printlns( ... )", raw=True, multi=True)
def printlns(this: Any, values: tuple[Any, ...]) -> tuple[()]:
    """`printlns( ... )`: like `print`, with a newline after each value."""
    if values:
        _write(engine().streams.output, values, b"\n", b"")
    return ()


@library.function("errprint( ... )", raw=True, multi=True)
def errprint(this: Any, values: tuple[Any, ...]) -> tuple[()]:
    """`errprint( ... )`: writes the text forms to the error stream."""
    _write(engine().streams.errors, values, b"", b"")
    return ()


@library.function("errprintln( ... )", raw=True, multi=True)
def errprintln(this: Any, values: tuple[Any, ...]) -> tuple[()]:
    """`errprintln( ... )`: like `errprint`, with a newline at the end."""
    _write(engine().streams.errors, values, b"", b"\n")
    return ()


@library.function("errprintlns( ... )", raw=True, multi=True)
def errprintlns(this: Any, values: tuple[Any, ...]) -> tuple[()]:
    """`errprintlns( ... )`: like `errprint`, with a newline after each value."""
    if values:
        _write(engine().streams.errors, values, b"\n", b"")
    return ()


@library.function("read_stdin( [bool all = false] )")
def read_stdin(everything: bool) -> bytes:
    """One line of the input without its newline, or all that is left; empty at the end."""
    streams = engine().streams
    if everything:
        return streams.read_all()
    line: bytes = streams.read_line()
    return line[:-1] if line.endswith(b"\n") else line
