"""An engine's standard streams, and the account of what is written to them (chapter 12 section 4).

Rules of this file: streams are binary; None stands for the process's, looked up at each use, so that a host may replace
`sys.stdout`; stdout, stderr and messages share one account, which a call begins anew. Nothing is taken from an input
before it is asked for, and waiting for one ends with an interrupt or a limit.
"""

from __future__ import annotations

import sys
from _io import _TextIOBase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .limits import Guard


class Streams:
    """An engine's standard streams: binary file objects."""

    __slots__ = ("_begun", "_buffered", "_err", "_guard", "_in", "_limit", "_out", "before_output")

    def __init__(self, stdin: Any, stdout: Any, stderr: Any, guard: Guard) -> None:
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            if isinstance(stream, _TextIOBase):
                raise TypeError(f"{name} is a binary file object, like a text file's `buffer` or io.BytesIO")
        self._in = stdin
        self._out = stdout
        self._err = stderr
        self._guard = guard
        self._limit = guard.limits.output
        self._begun = b""  # of a line or a text whose end an interrupted call did not see
        self._buffered: bool | None = None  # whether the input's own buffer holds something, None: nobody knows
        self.before_output: Callable[[], None] | None = None  # called once: who waits without a look at what is printed

    def output(self, data: bytes) -> None:
        """Writes to the standard output."""
        if self.before_output is not None:
            tell, self.before_output = self.before_output, None
            tell()
        first = not self._guard.written
        self.count(len(data))
        if self._out is not None:
            self._out.write(data)
        else:
            _write(sys.stdout, data, first)

    def errors(self, data: bytes) -> None:
        """Writes to the error output."""
        first = not self._guard.written
        self.count(len(data))
        if self._err is not None:
            self._err.write(data)
        else:
            _write(sys.stderr, data, first)

    def count(self, size: int) -> None:
        """Adds bytes to the account; fires before they are written when they are too many."""
        guard = self._guard
        guard.written = written = (guard.written or 0) + size
        if self._limit is not None and written > self._limit and guard.busy:
            guard.fire("output")

    def read_line(self) -> bytes:
        """A line of the standard input with its newline; empty at the end."""
        source = self._source()
        return self._read(source, b"\n") if _blocks(source) else source.readline()

    def read_all(self) -> bytes:
        """What is left of the standard input."""
        source = self._source()
        return self._read(source, None) if _blocks(source) else source.read()

    def _read(self, source: Any, end: bytes | None) -> bytes:
        """From a pipe, a terminal or the like, up to `end` or to its end."""
        parts, self._begun = [self._begun], b""
        try:
            while True:
                if not self._buffered:
                    self._wait(source)
                there = source.peek(1)
                size = there.find(end) + 1 if end is not None else 0
                parts.append(source.read(size or len(there)))
                self._buffered = 0 < size < len(there)
                if size or not there:
                    line, parts = b"".join(parts), []
                    return line
        finally:
            self._begun = b"".join(parts)

    def _wait(self, source: Any) -> None:
        """Waits until something can be read or the input has ended; raises for an interrupt or a limit."""
        import os
        from select import select

        from .ports import check, on_interrupt

        descriptor = source.fileno()
        check()
        if select([descriptor], [], [], 0.0)[0]:
            return
        if self._buffered is None:
            # what the host has read but not taken shows only to one who would read on
            os.set_blocking(descriptor, False)
            try:
                if source.peek(1):
                    return
            finally:
                os.set_blocking(descriptor, True)
        stopped, stop = os.pipe()

        def wake_up() -> None:
            os.write(stop, b"x")

        remove = on_interrupt(wake_up)
        try:
            check()  # an interrupt just before nobody was told of
            select([descriptor, stopped], [], [])
            check()
        finally:
            remove()
            os.close(stopped)
            os.close(stop)

    def _source(self) -> Any:
        return self._in if self._in is not None else sys.stdin.buffer

    def flush(self) -> None:
        """Flushes the standard output."""
        stream = self._out if self._out is not None else sys.stdout
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()


def _blocks(source: Any) -> bool:
    """Whether reading from it may have to wait: it is a buffered pipe, terminal or socket."""
    from _io import BufferedReader

    if not isinstance(source, BufferedReader):
        return False
    import os
    from stat import S_ISREG

    try:
        return os.name == "posix" and not S_ISREG(os.fstat(source.fileno()).st_mode)
    except (OSError, ValueError):
        return False  # nothing of the system


def _write(stream: Any, data: bytes, first: bool) -> None:
    """Writes bytes to a text stream of the process, which may be absent or replaced by one without bytes."""
    if stream is None:
        return
    binary = getattr(stream, "buffer", None)
    if binary is not None:
        if first:
            stream.flush()  # what the host printed before the call comes first
        binary.write(data)
    else:
        stream.write(data.decode("utf-8", "replace"))
