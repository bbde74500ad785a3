"""Time, chance, hashes, error numbers, the process (chapter 04 sections 4.3 to 4.5).

Rules of this file: nothing here reaches the process itself; a script that ends the program ends its engine's run, and
the host decides what that means.
"""

from __future__ import annotations

from interp.library import Library, engine, error, is_stoppable, spend
from interp.runtime.state import ScriptQuit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from random import Random
    from typing import Any

library = Library("core-system", doc="Time, chance, hashes, error numbers, the process")
library.constant("RAND_MAX", 0x7FFFFFFF)

# What `errno_value` knows (chapter 04 section 4.5).
_ERRNO_NAMES = frozenset(
    b"E2BIG EACCES EAGAIN EBADF EBUSY ECHILD EDEADLK EDOM EEXIST EFAULT EFBIG EILSEQ EINTR EINVAL EIO EISDIR EMFILE "
    b"EMLINK ENAMETOOLONG ENFILE ENODEV ENOENT ENOEXEC ENOLCK ENOMEM ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTTY ENXIO "
    b"EPERM EPIPE ERANGE EROFS ESPIPE ESRCH EXDEV".split()
)


# --- time and chance --------------------------------------------------------------------------------------------------


@library.function("ftime( ... )", raw=True)
def ftime(this: Any, args: tuple[Any, ...]) -> float:
    """`ftime()`: seconds of the engine's monotonic clock."""
    return float(engine().ports.clock())


def generator() -> Random:
    """The running engine's random generator: `slots[ "random" ]`, made on first use."""
    slots = engine().slots
    made: Random | None = slots.get("random")
    if made is None:
        import random

        made = slots["random"] = random.Random()
    return made


@library.function("rand( ... )", raw=True)
def rand(this: Any, args: tuple[Any, ...]) -> int:
    """`rand()`: an int from 0 to `RAND_MAX`."""
    return generator().getrandbits(31)


@library.function("randf( ... )", raw=True)
def randf(this: Any, args: tuple[Any, ...]) -> float:
    """`randf()`: a real from 0 to 1, both included."""
    return generator().getrandbits(31) / 0x7FFFFFFF


@library.function("srand( int seed )", multi=True)
def srand(seed: int) -> tuple[()]:
    """Restarts the generator; equal seeds (their low 32 bits) give equal sequences."""
    generator().seed(seed & 0xFFFFFFFF)
    return ()


# --- hashes -----------------------------------------------------------------------------------------------------------


def _hash_result(number: int, as_hex: bool) -> int | bytes:
    return b"%08x" % number if as_hex else number


@library.function("hash_fnv( string text[, bool hex = false] )")
def hash_fnv(text: bytes, as_hex: bool) -> int | bytes:
    """32-bit FNV-1a of all bytes, as an int or as eight hex digits."""
    number = 2166136261
    for start in range(0, len(text), 1 << 16):
        for byte in text[start : start + (1 << 16)]:
            number = ((number ^ byte) * 16777619) & 0xFFFFFFFF
        spend(64)
    return _hash_result(number, as_hex)


@library.function("hash_crc32( string text[, bool hex = false] )")
def hash_crc32(text: bytes, as_hex: bool) -> int | bytes:
    """IEEE CRC-32 of all bytes, as an int or as eight hex digits."""
    from binascii import crc32

    return _hash_result(crc32(text), as_hex)


# --- error numbers ----------------------------------------------------------------------------------------------------


def errno_text(number: int) -> bytes:
    """The C library's text of an error number."""
    import os

    if not -0x80000000 <= number <= 0x7FFFFFFF:
        return b"Unknown error %d" % number
    return os.strerror(number).encode("utf-8", "surrogateescape")


@library.function("errno( [bool as_string = false] )")
def errno(as_string: bool) -> int | bytes:
    """The engine's last error number, or its text."""
    number = engine().errno
    return errno_text(number) if as_string else number


@library.function("errno_string( int number )")
def errno_string(number: int) -> bytes:
    """The text of an error number, of which the low 32 bits count."""
    return errno_text((number + 0x80000000) % 0x100000000 - 0x80000000)


@library.function("errno_value( cstring name )")
def errno_value(name: bytes) -> int | None:
    """The error number of a name. Errors: `this errno value is unsupported`."""
    import errno as numbers

    if name not in _ERRNO_NAMES:
        return error("this errno value is unsupported")
    return getattr(numbers, name.decode())


# --- the process ------------------------------------------------------------------------------------------------------


@library.function("app_exit( [int code = 0] )")
def app_exit(code: int) -> None:
    """Ends the program at once with an exit status; nothing else runs."""
    raise ScriptQuit(code)


@library.function("app_abort( ... )", raw=True)
def app_abort(this: Any, args: tuple[Any, ...]) -> None:
    """`app_abort()`: ends the program abnormally, with the status a shell shows for SIGABRT."""
    raise ScriptQuit(134)


@library.function("gc_collect( ... )", raw=True)
def gc_collect(this: Any, args: tuple[Any, ...]) -> int:
    """`gc_collect()`: frees unreachable cycles; the number of host objects freed.

    Where limits or interrupts can stop the script, only cycles of young objects: a full collection looks at everything
    in the process, and nothing stops it.
    """
    import gc

    return gc.collect(1) if is_stoppable() else gc.collect()


@library.function("sys_stat( int code )")
def sys_stat(code: int) -> int:
    """0: the version of the language (0x010401), 1: contexts, 2: objects, 3 to 6: memory in bytes; others -6.

    The figures are the whole process's; the dumps of the C program (10 to 20) are not written.
    """
    if code == 0:
        return 0x010401
    if code == 1:
        return 1 + len(getattr(engine().threads, "contexts", ()))
    if code == 2:
        import gc

        return len(gc.get_objects())
    if 3 <= code <= 6:
        return _memory()
    return 0 if 10 <= code <= 20 else -6


def _memory() -> int:
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
