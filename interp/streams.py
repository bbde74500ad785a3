"""An engine's standard streams, and the account of what is written to them (chapter 12 section 4).

Rules of this file: streams are binary; None stands for the process's, looked up at each use, so that a host may replace
`sys.stdout`; stdout, stderr and messages share one account, which a call begins anew.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .limits import Guard


class Streams:
    """An engine's standard streams: binary file objects."""

    __slots__ = ("_err", "_guard", "_in", "_limit", "_out")

    def __init__(self, stdin: Any, stdout: Any, stderr: Any, guard: Guard) -> None:
        self._in = stdin
        self._out = stdout
        self._err = stderr
        self._guard = guard
        self._limit = guard.limits.output

    def output(self, data: bytes) -> None:
        """Writes to the standard output."""
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
        guard.written += size
        if self._limit is not None and guard.written > self._limit and guard.busy:
            guard.fire("output")

    def read_line(self) -> bytes:
        """A line of the standard input with its newline; empty at the end."""
        return self._source().readline()

    def read_all(self) -> bytes:
        """What is left of the standard input."""
        return self._source().read()

    def _source(self) -> Any:
        return self._in if self._in is not None else sys.stdin.buffer

    def flush(self) -> None:
        """Flushes the standard output."""
        stream = self._out if self._out is not None else sys.stdout
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()


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
