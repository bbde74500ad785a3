"""Library `io` (chapter 07 section 3): files, directories, and file objects with the habits of C streams.

Rules of this file: the outside is reached only through `filesystem()`; a failure of the system becomes a result and
`errno`, never a Python exception. `Stream` knows nothing of scripts, `File` nothing of buffers.
"""

from __future__ import annotations

import errno
import os
import stat

from interp.library import (
    MISSING,
    Iterator,
    IteratorError,
    Library,
    Object,
    argument_error,
    convert,
    engine,
    method,
    new_dict,
    poll,
    prop,
    set_errno,
    warning,
)
from stdlib.filesystem import RawFile, filesystem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

library = Library("io", doc="Files, directories and file objects (chapter 07 section 3).")

FILE_READ, FILE_WRITE = 1, 2
FST_UNKNOWN, FST_FILE, FST_DIR = 0, 1, 2
for _name, _value in (
    ("FILE_READ", FILE_READ),
    ("FILE_WRITE", FILE_WRITE),
    ("SEEK_SET", os.SEEK_SET),
    ("SEEK_CUR", os.SEEK_CUR),
    ("SEEK_END", os.SEEK_END),
    ("FST_UNKNOWN", FST_UNKNOWN),
    ("FST_FILE", FST_FILE),
    ("FST_DIR", FST_DIR),
):
    library.constant(_name, _value)

MAX_BYTES = 0x7FFFFFFF

# One request to the system: a script may ask for 2 GB of a short file, which must not be reserved first.
_CHUNK = 1 << 20
_DEFAULT_BUFFER = 1 << 13
_MAX_BUFFER = 1 << 20

# What an operation of a file system can raise: the system's refusals, and values Python does not pass on.
FAILURES = (OSError, ValueError, OverflowError)


def error_number(failure: BaseException) -> int:
    """The system's number for a failed operation."""
    number = failure.errno if isinstance(failure, OSError) else None
    return errno.EINVAL if number is None else number


def _attempt(operation: Callable[..., Any], *args: Any) -> Any:
    """The operation's result, MISSING when it failed; sets errno either way."""
    try:
        result = operation(*args)
    except FAILURES as failure:
        set_errno(error_number(failure))
        return MISSING
    set_errno(0)
    return result


def _succeeds(operation: Callable[..., Any], *args: Any) -> bool:
    return _attempt(operation, *args) is not MISSING


# --- functions on paths -----------------------------------------------------------------------------------------------


@library.function("io_getcwd()", exact=True)
def io_getcwd() -> bytes | None:
    """The absolute path of the working directory; null on failure. Sets errno."""
    path = _attempt(filesystem().getcwd)
    return None if path is MISSING else path


@library.function("io_setcwd( cstring path )")
def io_setcwd(path: bytes) -> bool:
    """Changes what relative paths of this engine mean; whether it worked. Sets errno."""
    return _succeeds(filesystem().chdir, path)


@library.function("io_getexecpath()", exact=True)
def io_getexecpath() -> bytes | None:
    """The absolute path of the running executable; null on failure. Sets errno."""
    path = _attempt(filesystem().executable)
    return None if path is MISSING else path


@library.function("io_rename( cstring from, cstring to )")
def io_rename(source: bytes, target: bytes) -> bool:
    """Renames a file or directory, on POSIX over an existing file; whether it worked. Sets errno."""
    return _succeeds(filesystem().rename, source, target)


@library.function("io_file_exists( cstring path )")
def io_file_exists(path: bytes) -> bool:
    """Whether the item can be opened for reading. Leaves errno alone."""
    return filesystem().is_readable(path)


@library.function("io_dir_exists( cstring path )")
def io_dir_exists(path: bytes) -> bool:
    """Whether the item is a directory that can be opened. Leaves errno alone."""
    return filesystem().is_directory(path)


@library.function("io_stat( cstring path )")
def io_stat(path: bytes) -> Any:
    """A dict of ints `atime ctime mtime type size`, links followed; null on failure. Sets errno."""
    found = _attempt(filesystem().stat, path)
    if found is MISSING:
        return None
    kind = FST_DIR if stat.S_ISDIR(found.st_mode) else FST_FILE if stat.S_ISREG(found.st_mode) else FST_UNKNOWN
    return new_dict(
        {
            b"atime": found[stat.ST_ATIME],
            b"ctime": found[stat.ST_CTIME],
            b"mtime": found[stat.ST_MTIME],
            b"type": kind,
            b"size": found.st_size,
        }
    )


@library.function("io_dir_create( cstring path[, int mode = 0o777 ] )")
def io_dir_create(path: bytes, mode: int) -> bool:
    """Makes one directory; false when it exists or its parent does not. Sets errno."""
    return _succeeds(filesystem().make_directory, path, mode)


@library.function("io_dir_delete( cstring path )")
def io_dir_delete(path: bytes) -> bool:
    """Removes an empty directory; whether it worked. Sets errno."""
    return _succeeds(filesystem().remove_directory, path)


@library.function("io_file_delete( cstring path )")
def io_file_delete(path: bytes) -> bool:
    """Removes a file, on POSIX an empty directory too; whether it worked. Sets errno."""
    return _succeeds(filesystem().remove, path)


@library.function("io_file_write( cstring path, string data )")
def io_file_write(path: bytes, data: bytes) -> bool | None:
    """Creates or empties the file and writes all bytes: true, or a Warning and null. Sets errno."""
    raw = _attempt(filesystem().open, path, False, True)
    if raw is MISSING:
        return warning(b"failed to create file")
    try:
        if _succeeds(write_all, raw, data):
            return True
    finally:
        _close(raw)
    return warning(b"failed to write to file")


@library.function("io_file_read( cstring path )")
def io_file_read(path: bytes) -> bytes | None:
    """All bytes of a file, or a Warning and null. Sets errno on failure only."""
    try:
        raw = filesystem().open(path, True, False)
    except FAILURES as failure:
        return _read_failed(b"failed to open file", failure)
    try:
        return _read_whole(raw)
    finally:
        _close(raw)


def _read_failed(text: bytes, failure: BaseException) -> None:
    set_errno(error_number(failure))
    return warning(text)


def _read_whole(raw: RawFile) -> bytes | None:
    try:
        found = raw.stat()
        if stat.S_ISDIR(found.st_mode):
            return _read_failed(b"failed to open file", IsADirectoryError(errno.EISDIR, "directory"))
        regular = stat.S_ISREG(found.st_mode)
        length = found.st_size
        if not regular:
            length = raw.seek(0, os.SEEK_END)
            raw.seek(0, os.SEEK_SET)
    except FAILURES as failure:
        return _read_failed(b"failed to retrieve length of file", failure)
    if length > MAX_BYTES:
        return _read_failed(b"file bigger than allowed to store", OSError(errno.EFBIG, "too big"))
    # the system shows some regular files with a length of 0; a device without one may never end
    left = MAX_BYTES if regular else length
    parts: list[bytes] = []
    try:
        while left > 0:
            part = raw.read(min(left, _CHUNK))
            if not part:
                break
            parts.append(part)
            left -= len(part)
            poll()
    except FAILURES as failure:
        return _read_failed(b"failed to read file", failure)
    return b"".join(parts)


def write_all(raw: RawFile, data: bytes) -> None:
    """Writes every byte or raises `OSError`."""
    rest = memoryview(data)
    while rest:
        done = raw.write(rest[:_CHUNK])
        if done <= 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[done:]


def _close(raw: RawFile) -> None:
    try:
        raw.close()
    except OSError:
        pass  # all that was to be saved has been written before


def _no_script_names(self: Any, name: str, value: Any) -> None:
    # names scripts can see begin with `$`: a script's direct store must fail, so that the rules for writing decide
    if name[0] == "$":
        raise AttributeError(name)
    object.__setattr__(self, name, value)


# --- directories ------------------------------------------------------------------------------------------------------


class DirectoryIterator(Iterator, name="directory_iterator"):
    """Runs once through the names of a directory; the key is false for `.` and `..` (chapter 07 section 3.4)."""

    __setattr__ = _no_script_names

    def __init__(self, names: list[bytes]) -> None:
        self._names = iter(names)
        self._name: bytes | None = None

    def iterator(self) -> DirectoryIterator:
        """It is its own iterator: a second loop goes on where the first ended."""
        return self

    def advance(self) -> bool:
        """Moves to the next name; false at the end."""
        self._name = next(self._names, None)
        return self._name is not None

    def data(self) -> tuple[bool, bytes]:
        """(whether the name is a real item, the name). `IteratorError` before the first and after the last."""
        if self._name is None:
            raise IteratorError("failed to retrieve data from iterator")
        return self._name not in (b".", b".."), self._name


library.type(DirectoryIterator)


@library.function("io_dir( cstring path )")
def io_dir(path: bytes) -> DirectoryIterator | None:
    """An iterator over the names in a directory, or a Warning and null. Sets errno."""
    names = _attempt(filesystem().listdir, path)
    return warning(b"failed to open directory") if names is MISSING else DirectoryIterator(names)


# --- streams ----------------------------------------------------------------------------------------------------------


class Stream:
    """A C stream over a raw file: one buffer each way, an end-of-file state and an error state (section 3.3.2).

    `eof` and `error` are the two states. Operations do not raise; they answer false, or an error number.
    """

    __slots__ = (
        "__weakref__",
        "_at",
        "_buffer",
        "_capacity",
        "_pending",
        "_pending_size",
        "_raw",
        "_readable",
        "_writable",
        "eof",
        "error",
    )

    def __init__(self, raw: RawFile, readable: bool, writable: bool) -> None:
        self._raw = raw
        self._readable = readable
        self._writable = writable
        self._capacity = _DEFAULT_BUFFER
        self._buffer = b""  # read ahead; what is left of it begins at `_at`
        self._at = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self.eof = False
        self.error = False

    def read(self, count: int) -> tuple[bytes, int]:
        """(at most `count` bytes, error number or 0)."""
        end = self._at + count
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data, 0
        if not self._readable:
            self.error = True
            return b"", errno.EBADF
        problem = self._drain()
        if problem:
            return b"", problem
        parts = [self._buffer[self._at :]]
        wanted = count - len(parts[0])
        self._buffer, self._at = b"", 0
        while wanted > 0:
            try:
                part = self._raw.read(max(self._capacity, min(wanted, _CHUNK)))
            except FAILURES as failure:
                self.error = True
                problem = error_number(failure)
                break
            if not part:
                self.eof = True
                break
            if len(part) > wanted:
                self._buffer, self._at = part, wanted
                part = part[:wanted]
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts), problem

    def write(self, data: bytes) -> bool:
        """Whether all bytes were taken."""
        if not data:
            return True
        if not self._writable:
            self.error = True
            return False
        # where that is impossible (a pipe, a terminal), reading and writing have nothing to do with each other
        self._forget_read_ahead()
        self._pending.append(data)
        self._pending_size += len(data)
        return self._pending_size < self._capacity or not self._drain()

    def flush(self) -> bool:
        """Passes everything on to the system."""
        return not self._drain()

    def tell(self) -> int:
        """The position, -1 where there are none."""
        try:
            return self._raw.seek(0, os.SEEK_CUR) - (len(self._buffer) - self._at) + self._pending_size
        except FAILURES:
            return -1

    def seek(self, offset: int, whence: int) -> bool:
        """Moves; false, and the position stays, when that is impossible."""
        if self._drain():
            return False
        if whence == os.SEEK_CUR:
            offset -= len(self._buffer) - self._at
        try:
            self._raw.seek(offset, whence)
        except FAILURES:
            return False
        self._buffer, self._at = b"", 0
        self.eof = False
        return True

    def size(self) -> int:
        """The size of the file with all that was written, -1 where there is none. Clears the end-of-file state."""
        self._drain()
        if not self._forget_read_ahead():
            return -1
        try:
            here = self._raw.seek(0, os.SEEK_CUR)
            end = self._raw.seek(0, os.SEEK_END)
            self._raw.seek(here, os.SEEK_SET)
        except FAILURES:
            return -1
        self.eof = False
        return end

    def set_buffer(self, size: int) -> bool:
        """The number of bytes gathered before they are written, and read ahead; 0: none."""
        if size < 0 or self._drain():
            return False
        self._capacity = min(size, _MAX_BUFFER)
        return True

    def fileno(self) -> int:
        """The descriptor, for other libraries; `OSError` where the raw file has none.

        First passes everything on to the system and brings its position to the script's.
        """
        number: int = getattr(self._raw, "fileno", lambda: -1)()
        if number < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        problem = self._drain()
        if problem:
            raise OSError(problem, os.strerror(problem))
        self._forget_read_ahead()
        return number

    def close(self) -> None:
        """Writes what is left and closes."""
        self._drain()
        _close(self._raw)

    def _drain(self) -> int:
        """Writes the gathered bytes; the error number, 0 for success. What could not be written is lost, as in C."""
        if not self._pending:
            return 0
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        try:
            write_all(self._raw, data)
        except FAILURES as failure:
            self.error = True
            return error_number(failure)
        return 0

    def _forget_read_ahead(self) -> bool:
        """Brings the system's position to the script's; false, and no change, where there are none."""
        ahead = len(self._buffer) - self._at
        if ahead:
            try:
                self._raw.seek(-ahead, os.SEEK_CUR)
            except FAILURES:
                return False
        self._buffer, self._at = b"", 0
        return True


# --- file objects -----------------------------------------------------------------------------------------------------

# The reference shows this name in the messages of all methods.
_DISPLAY = "file.name"
_WRONG_MODE = b"argument 2 (flags) must be either FILE_READ or FILE_WRITE or both"


class File(Object, name="file"):
    """A file object (chapter 07 section 3.3). Closed when it is dropped and when the engine closes."""

    __setattr__ = _no_script_names

    def __init__(self) -> None:
        self.stream: Stream | None = None

    def __del__(self) -> None:
        self.close_stream()

    def open_stream(self, path: bytes, mode: int) -> bool:
        """Closes what is open and opens; sets errno."""
        self.close_stream()
        read, write = bool(mode & FILE_READ), bool(mode & FILE_WRITE)
        raw = _attempt(filesystem().open, path, read, write)
        if raw is MISSING:
            return False
        self.stream = Stream(raw, read, write)
        resources = engine().resources
        if resources is not None:
            resources.add(self.stream)
        return True

    def close_stream(self) -> bool:
        """Whether there was something to close."""
        # also runs when the object dies, perhaps after its engine: so nothing here may ask for the engine,
        # which holds the stream weakly and needs no word that it is gone
        stream, self.stream = self.stream, None
        if stream is None:
            return False
        stream.close()
        return True

    def fileno(self) -> int:
        """For other libraries: the descriptor of the flushed file. `OSError` (EBADF) when it is closed or has none."""
        if self.stream is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self.stream.fileno()

    def truth(self) -> bool:
        """True while open."""
        return self.stream is not None

    def refuse_write(self, name: bytes) -> None:
        """Properties and methods cannot be written."""
        warning(b"Property write operation not supported on the given variable type")

    @prop
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self.stream is not None

    @prop
    def offset(self) -> int | None:
        """The current position in bytes."""
        return warning(b"file.offset - file is not opened") if self.stream is None else self.stream.tell()

    @prop
    def size(self) -> int | None:
        """The size in bytes, with data not yet flushed. Reading it clears `eof`."""
        return warning(b"file.size - file is not opened") if self.stream is None else self.stream.size()

    @prop
    def error(self) -> bool | None:
        """The error state."""
        return warning(b"file.error - file is not opened") if self.stream is None else self.stream.error

    @prop
    def eof(self) -> bool | None:
        """Whether a read asked for more than was left."""
        return warning(b"file.eof - file is not opened") if self.stream is None else self.stream.eof

    @method("open( cstring path, int mode )", display=_DISPLAY)
    def open(self, path: bytes, mode: int) -> bool | None:
        """Closes an open file, then opens; whether it worked. A wrong mode: Warning, null, no change. Sets errno."""
        if not mode & (FILE_READ | FILE_WRITE):
            return warning(_WRONG_MODE)
        return self.open_stream(path, mode)

    @method("close()", display=_DISPLAY, exact=True)
    def close(self) -> bool:
        """Closes; false when it was not open."""
        return self.close_stream()

    @method("read( int n )", display=_DISPLAY)
    def read(self, n: int) -> bytes | None:
        """At most `n` bytes, an empty string at the end. Sets errno."""
        if not 0 <= n <= MAX_BYTES:
            return warning(b"attempted to read a negative or huge amount of bytes")
        if self.stream is None:
            return warning(b"file.write() - file is not opened")
        data, problem = self.stream.read(n)
        set_errno(problem)
        return data

    @method("write( string data )", display=_DISPLAY)
    def write(self, data: bytes) -> bool | None:
        """Writes at the current position; whether all bytes were taken."""
        if self.stream is None:
            return warning(b"file.write() - file is not opened")
        return self.stream.write(data)

    @method("seek( int offset, int mode )", display=_DISPLAY)
    def seek(self, offset: int, mode: int) -> bool | None:
        """Moves to `offset` from the start, the current position or the end; whether it worked."""
        if mode not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            return warning(b"'mode' not one of SEEK_(SET|CUR|END)")
        if self.stream is None:
            return warning(b"file.eof() - file is not opened")
        return self.stream.seek(offset, mode)

    @method("flush()", display=_DISPLAY, exact=True)
    def flush(self) -> bool | None:
        """Passes written data on to the system; whether it worked."""
        if self.stream is None:
            return warning(b"file.flush() - file is not opened")
        return self.stream.flush()

    @method("setbuf( int size )", display=_DISPLAY)
    def setbuf(self, size: int) -> bool | None:
        """Sets the size of the buffer in bytes, 0 for none; false for negative sizes."""
        if self.stream is None:
            return warning(b"file.setbuf() - file is not opened")
        return self.stream.set_buffer(size)


library.type(File)


@library.function("io_file( cstring path, int mode )", raw=True)
def io_file(this: Any, args: tuple[Any, ...]) -> File | None:
    """A file object: not open without arguments, else opened with `path` and `mode`, both required. Sets errno."""
    made = File()
    if not args:
        return made
    path = convert("cstring", args[0])
    if path is MISSING:
        return argument_error(1, "string", args[0])
    given = args[1] if len(args) > 1 else MISSING
    mode = convert("int", given)
    if mode is MISSING:
        return argument_error(2, "int", given)
    if not mode & (FILE_READ | FILE_WRITE):
        return warning(_WRONG_MODE)
    made.open_stream(path, mode)
    return made
