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

# What a file of code is called when a script names it without an extension (chapter 04 section 6.5).
_ENDINGS = (b"", b".sgs")


class Includes:
    """No files at all: the default for embedding. `program` is the interpreter's path as scripts see it."""

    program = b""
    program_directory = b""

    def exists(self, path: bytes) -> bool:
        """Whether there is a file of that path that may be read."""
        return False

    def read(self, path: bytes) -> Any:
        """The file's bytes (or a compiled program), None when it does not exist for scripts."""
        return None

    def find(self, name: bytes) -> bytes | None:
        """The path of a name that the script's search path does not answer."""
        return None

    def custom(self, name: bytes, from_file: bytes | None) -> tuple[bytes, Any] | None:
        """What a host's callback has for an include that no file answers: (path, source)."""
        return None


class DiskIncludes(Includes):
    """Files of the system; with `roots` only those inside them, links followed.

    The roots are searched, too, after the script's own search path.
    """

    def __init__(self, roots: tuple[str | os.PathLike[str], ...] | None = None) -> None:
        self.roots = None if roots is None else tuple(os.path.realpath(os.fspath(root)) for root in roots)
        self._shown = () if roots is None else tuple(os.fsencode(os.fspath(root)) for root in roots)
        if roots is None:
            program = os.path.realpath(sys.argv[0]) if sys.argv and sys.argv[0] else sys.executable
            self.program = os.fsencode(program)
            self.program_directory = os.fsencode(os.path.dirname(program))

    def _real(self, path: bytes) -> str | None:
        """The file a path means in this engine, None when scripts must not know it."""
        if b"\0" in path:
            return None
        name = os.fsdecode(path)
        if not os.path.isabs(name):
            folder = _working_folder()
            if folder is not None:
                name = os.path.join(folder, name)
        if self.roots is None:
            return name
        real = os.path.realpath(name)
        return real if any(real.startswith(root.rstrip(os.sep) + os.sep) for root in self.roots) else None

    def exists(self, path: bytes) -> bool:
        real = self._real(path)
        return real is not None and os.path.isfile(real) and os.access(real, os.R_OK)

    def read(self, path: bytes) -> Any:
        real = self._real(path)
        if real is None or not os.path.isfile(real):
            return None
        try:
            with open(real, "rb") as file:
                return file.read()
        except OSError:
            return None

    def find(self, name: bytes) -> bytes | None:
        if name[:1] in (b"/", b"\\"):
            return None
        for folder in self._shown:
            for ending in _ENDINGS:
                path = folder.rstrip(b"/") + b"/" + name + ending
                if self.exists(path):
                    return path
        return None


def _working_folder() -> str | None:
    """The running engine's own working folder, None when it is the process's."""
    from .runtime.state import current

    context = current()
    files = None if context is None else context.world.slots.get("filesystem")
    own = getattr(files, "_cwd", None)
    return None if own is None else os.fsdecode(own)
