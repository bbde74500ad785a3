"""The one door from library `io` to files and folders (chapter 07 section 3; chapter 12: a working folder per engine).

Rules of this file: nothing here knows scripts; every operation takes `bytes` paths, resolves them against the
instance's own working directory and raises `OSError` on failure. `filesystem()` gives the running engine's instance.
A host puts its own into `engine().slots["filesystem"]`; None there means that no file exists for the scripts.
"""

from __future__ import annotations

import errno
import os
import sys

from interp.library import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SLOT = "filesystem"

# Not on every platform: no translation of line ends on Windows, no waiting for the other end of a pipe on POSIX.
_BINARY: int = getattr(os, "O_BINARY", 0)
_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
_FOLDER: int | None = getattr(os, "O_DIRECTORY", None)


class RawFile:
    """An open file without buffers. A host's own file system returns objects with the same methods."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, size: int) -> bytes:
        """At most `size` bytes, `b""` at the end."""
        return os.read(self._descriptor, size)

    def write(self, data: bytes | memoryview) -> int:
        """Writes some of the bytes; how many."""
        return os.write(self._descriptor, data)

    def seek(self, offset: int, whence: int) -> int:
        """Moves as `os.lseek` does; the new position. `OSError` for what has no positions."""
        return os.lseek(self._descriptor, offset, whence)

    def stat(self) -> os.stat_result:
        """What `os.fstat` says."""
        return os.fstat(self._descriptor)

    def fileno(self) -> int:
        """The descriptor, -1 when closed. `Stream` does without this method in a host's objects."""
        return self._descriptor

    def close(self) -> None:
        """Closes; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class FileSystem:
    """The operating system's files, seen from a working directory of the instance's own."""

    def __init__(self, cwd: bytes | None = None) -> None:
        """`cwd` is the absolute path to start from; None: the process's at the first use."""
        self._cwd = cwd

    def getcwd(self) -> bytes:
        """The absolute path of the working directory."""
        if self._cwd is None:
            self._cwd = os.getcwdb()
        return self._cwd

    def chdir(self, path: bytes) -> None:
        """Makes another directory the working directory of this instance, not of the process."""
        target = self.resolve(path)
        # the entry "." can only be reached by those who may change into the directory
        os.stat(os.path.join(target, b"."))
        self._cwd = os.path.realpath(target)

    def resolve(self, path: bytes) -> bytes:
        """The absolute path a script's path means. All access goes through here."""
        if not path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return path if os.path.isabs(path) else os.path.join(self.getcwd(), path)

    def executable(self) -> bytes:
        """The absolute path of the running program."""
        try:
            return os.readlink(b"/proc/self/exe")
        except OSError:
            if not sys.executable:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
            return os.path.abspath(os.fsencode(sys.executable))

    def open(self, path: bytes, read: bool, write: bool) -> RawFile:
        """Opens a file. With `write` it is created, or emptied."""
        flags = os.O_RDONLY if not write else (os.O_RDWR if read else os.O_WRONLY) | os.O_CREAT | os.O_TRUNC
        return RawFile(os.open(self.resolve(path), flags | _BINARY, 0o666))

    def is_readable(self, path: bytes) -> bool:
        """Whether the item can be opened for reading; on POSIX directories can."""
        try:
            os.close(os.open(self.resolve(path), os.O_RDONLY | _BINARY | _NO_WAIT))
        except (OSError, ValueError):
            return False
        return True

    def is_directory(self, path: bytes) -> bool:
        """Whether the item is a directory that can be opened."""
        try:
            if _FOLDER is None:
                return os.path.isdir(self.resolve(path))
            os.close(os.open(self.resolve(path), os.O_RDONLY | _FOLDER | _NO_WAIT))
        except (OSError, ValueError):
            return False
        return True

    def stat(self, path: bytes) -> os.stat_result:
        """What `os.stat` says; links are followed."""
        return os.stat(self.resolve(path))

    def rename(self, source: bytes, target: bytes) -> None:
        """Renames; what happens to an existing target is the platform's choice."""
        os.rename(self.resolve(source), self.resolve(target))

    def make_directory(self, path: bytes, mode: int) -> None:
        """Makes one directory; the umask applies."""
        os.mkdir(self.resolve(path), mode & 0o7777)

    def remove_directory(self, path: bytes) -> None:
        """Removes an empty directory."""
        os.rmdir(self.resolve(path))

    def remove(self, path: bytes) -> None:
        """Removes a file; as C's `remove` also an empty directory, except on Windows."""
        target = self.resolve(path)
        try:
            os.unlink(target)
        except (IsADirectoryError, PermissionError):
            if os.name == "nt" or not os.path.isdir(target) or os.path.islink(target):
                raise
            os.rmdir(target)

    def listdir(self, path: bytes) -> list[bytes]:
        """The names in a directory, `.` and `..` included, in no particular order."""
        return [b".", b"..", *os.listdir(self.resolve(path))]


class NoFileSystem(FileSystem):
    """What scripts get where the host gave none: every access is refused with EACCES."""

    def resolve(self, path: bytes) -> bytes:
        _refuse()

    def getcwd(self) -> bytes:
        _refuse()

    def executable(self) -> bytes:
        _refuse()


def _refuse() -> NoReturn:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


_NOTHING = NoFileSystem()


def filesystem() -> FileSystem:
    """The running engine's file system; made at the first use when the host did not decide."""
    slots = engine().slots
    try:
        found: FileSystem | None = slots[SLOT]
    except KeyError:
        found = slots[SLOT] = FileSystem()
    return _NOTHING if found is None else found
