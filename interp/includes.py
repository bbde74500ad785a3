"""Where code comes from: the resolver behind include, eval_file and the rest (chapters 04 section 6, 12 section 5).

Rule of this file: every path a script names passes `exists` and `read` of the engine's resolver; nothing else opens
files of code.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Includes:
    """No files at all: the default for embedding. `program` is the interpreter's path as scripts see it."""

    program = b""
    program_directory = b""

    def exists(self, path: bytes) -> bool:
        """Whether there is a file of that path that may be read."""
        return False

    def read(self, path: bytes) -> bytes | None:
        """The file's bytes, None when it does not exist for scripts."""
        return None

    def custom(self, name: bytes, from_file: bytes | None) -> tuple[bytes, Any] | None:
        """What a host's callback has for an include that no file answers: (path, source)."""
        return None


class DiskIncludes(Includes):
    """Files of the system; with `roots` only those inside them, links followed."""

    def __init__(self, roots: tuple[str, ...] | None = None) -> None:
        self.roots = None if roots is None else tuple(os.path.realpath(root) for root in roots)
        program = os.path.realpath(sys.argv[0]) if sys.argv and sys.argv[0] else sys.executable
        self.program = os.fsencode(program)
        self.program_directory = os.fsencode(os.path.dirname(program))

    def _allowed(self, path: bytes) -> bool:
        if b"\0" in path:
            return False
        if self.roots is None:
            return True
        real = os.path.realpath(os.fsdecode(path))
        return any(real == root or real.startswith(root + os.sep) for root in self.roots)

    def exists(self, path: bytes) -> bool:
        return self._allowed(path) and os.path.isfile(path) and os.access(path, os.R_OK)

    def read(self, path: bytes) -> bytes | None:
        if not self.exists(path):
            return None
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None
