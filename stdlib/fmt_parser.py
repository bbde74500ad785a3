"""Parser objects and character classes of the library `fmt` (chapter 06, 3.4 and section 4).

A parser reads its source only when its buffer is used up, and only as much as one call gives: scripts see the calls.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from interp.library import MISSING, Object, call, convert, method, poll, prop, to_int, to_real, warning

from .regex_translate import ALL, class_text
from .remember import remembered

#: Default of `num` in `readcc` and `skipcc`: without limit.
_NO_LIMIT = 2147483647

#: A source gives at most as many bytes as it is asked for, None or b"" at the end.
Source = Callable[[int], "bytes | None"]


@remembered
def class_members(text: bytes) -> frozenset[int]:
    """Return the bytes a character class matches (3.4)."""
    if not text:
        return ALL
    negated = text.startswith(b"^")
    at = 1 if negated else 0
    members: set[int] = set()
    while at < len(text):
        if not at & 4095:
            poll()
        byte = text[at]
        if not text.startswith(b"-", at + 1):
            members.add(byte)
            at += 1
        elif byte == ord("-"):
            members.add(byte)
            at += 2
        elif at + 2 < len(text):
            members.update(range(byte, text[at + 2] + 1))
            at += 3
        else:
            at += 1
    return ALL - members if negated else frozenset(members)


@remembered
def _run_pattern(text: bytes) -> re.Pattern[bytes]:
    """Return a pattern for the longest run of bytes in a character class."""
    return re.compile(class_text(class_members(text)) + b"*")


class ReadError(Exception):
    """The source gave something that cannot be used."""


def callable_source(function: Any) -> Source:
    """Return a source that calls a script function with the number of bytes wanted."""

    def fetch(size: int) -> bytes | None:
        result = call(function, None, size)
        if result is None:
            return None
        text = convert("string", result)
        if text is MISSING or len(text) > size:
            raise ReadError
        return bytes(text)

    return fetch


def no_source(_size: int) -> None:
    """Source of a parser that has everything in its buffer."""


def _reading(body: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a failing source into the Warning of the method."""

    @functools.wraps(body)
    def guarded(*args: Any) -> Any:
        try:
            return body(*args)
        except ReadError:
            return warning("unexpected read error")

    return guarded


def _quick_getchar(spec: Any) -> Any:
    """The native of `getchar` (see `interp.library.method`): scripts that read byte for byte live in it."""

    def native(this: Any = None, peek: Any = MISSING, as_int: Any = MISSING) -> Any:
        if type(this) is FormatStream and as_int is MISSING:
            start = this.start
            byte = this.buffer[start : start + 1]
            if byte:
                if peek is MISSING:
                    this.start = start + 1
                    this.consumed += 1
                    return byte
                if peek is True:
                    return byte
        given = (peek, as_int)
        return spec.invoke(this, given[: given.index(MISSING)] if MISSING in given else given)

    return native


class FormatStream(Object, name="fmtstream"):
    """A stream of bytes with methods that read by character classes, numbers and literal text."""

    __slots__ = ("buffer", "consumed", "ended", "fetch", "size", "start")

    def __init__(self, fetch: Source, size: int, buffer: bytes = b"", start: int = 0) -> None:
        """Read `buffer` from `start` on, then what `fetch( size )` gives, call after call."""
        self.fetch = fetch
        self.size = max(size, 1)
        self.buffer = buffer
        self.start = max(start, 0)
        self.consumed = 0
        self.ended = False

    def refuse_write(self, name: bytes) -> None:
        """Properties and methods cannot be written."""
        warning(b"Property write operation not supported on the given variable type")

    @prop
    def at_end(self) -> bool:
        """Whether something has tried to read past the end."""
        return self.ended

    @prop
    def stream_offset(self) -> int:
        """Number of bytes consumed."""
        return self.consumed

    # --- for the methods: the buffer ---

    def more(self) -> bool:
        """Tell whether there is another byte, after filling an empty buffer; ReadError from the source."""
        if self.start < len(self.buffer):
            return True
        if not self.ended:
            data = self.fetch(self.size)
            self.buffer, self.start = data or b"", 0
            self.ended = not data
        return not self.ended

    def consume(self, end: int) -> bytes:
        """Take the bytes up to position `end` of the buffer."""
        piece = self.buffer[self.start : end]
        self.start += len(piece)
        self.consumed += len(piece)
        return piece

    def run(self, characters: bytes, limit: int) -> bytes:
        """Take the longest run of at most `limit` bytes in a character class."""
        pattern = _run_pattern(characters)
        pieces = []
        while limit > 0 and self.more():
            found = pattern.match(self.buffer, self.start, min(len(self.buffer), self.start + limit))
            piece = self.consume(found.end() if found else self.start)
            pieces.append(piece)
            limit -= len(piece)
            if self.start < len(self.buffer):
                break
        return b"".join(pieces)

    # --- methods ---

    @method("read( int num )")
    @_reading
    def read(self, count: int) -> bytes:
        """At most `num` bytes; an empty string at the end. Chapter 06, 4."""
        pieces = []
        while count > 0 and self.more():
            pieces.append(self.consume(self.start + count))
            count -= len(pieces[-1])
        return b"".join(pieces)

    @method("getchar( bool peek = false, bool as_int = false )", quick=_quick_getchar)
    @_reading
    def getchar(self, peek: bool, as_int: bool) -> bytes | int:
        """One byte as a string, or as an int with `as_int`; `peek` leaves it there. At the end "" or -1.

        Chapter 06, 4.
        """
        start = self.start
        if start >= len(self.buffer):
            if not self.more():
                return -1 if as_int else b""
            start = 0
        if not peek:
            self.start = start + 1
            self.consumed += 1
        return self.buffer[start] if as_int else self.buffer[start : start + 1]

    @method(f"readcc( string class, int num = {_NO_LIMIT} )")
    @_reading
    def readcc(self, characters: bytes, limit: int) -> bytes | None:
        """The longest run of at most `num` bytes in `class`. An empty class: Warning, null. Chapter 06, 4."""
        if characters in (b"", b"^"):
            return warning("error in character class")
        return self.run(characters, limit)

    @method(f"skipcc( string class, int num = {_NO_LIMIT} )")
    @_reading
    def skipcc(self, characters: bytes, limit: int) -> int | None:
        """Like `readcc`, but the number of bytes. Chapter 06, 4."""
        if characters in (b"", b"^"):
            return warning("error in character class")
        return len(self.run(characters, limit))

    @method("read_real( bool conv = true, int num = 128 )")
    @_reading
    def read_real(self, conv: bool, limit: int) -> float | bytes:
        """A real out of the characters of reals, 0 where they are none; the text itself without `conv`.

        Chapter 06, 4.
        """
        text = self.run(b"-+0-9.eE", limit)
        return float(to_real(text)) if conv else text

    @method("read_int( bool conv = true, int num = 128 )")
    @_reading
    def read_int(self, conv: bool, limit: int) -> int | bytes:
        """An int in any notation; like `read_real`. Chapter 06, 4."""
        return self.integer(b"", b"-+0-9A-Fa-fxob", conv, limit)

    @method("read_decimal_int( bool conv = true, int num = 128 )")
    @_reading
    def read_decimal_int(self, conv: bool, limit: int) -> int | bytes:
        """A decimal int; like `read_real`. Chapter 06, 4."""
        return self.integer(b"", b"-+0-9", conv, limit)

    @method("read_binary_int( bool conv = true, int num = 128 )")
    @_reading
    def read_binary_int(self, conv: bool, limit: int) -> int | bytes:
        """An int out of binary digits; without `conv` their text behind `0b`. Chapter 06, 4."""
        return self.integer(b"0b", b"0-1", conv, limit)

    @method("read_octal_int( bool conv = true, int num = 128 )")
    @_reading
    def read_octal_int(self, conv: bool, limit: int) -> int | bytes:
        """An int out of octal digits; without `conv` their text behind `0o`. Chapter 06, 4."""
        return self.integer(b"0o", b"0-7", conv, limit)

    @method("read_hex_int( bool conv = true, int num = 128 )")
    @_reading
    def read_hex_int(self, conv: bool, limit: int) -> int | bytes:
        """An int out of hexadecimal digits; without `conv` their text behind `0x`. Chapter 06, 4."""
        return self.integer(b"0x", b"0-9a-fA-F", conv, limit)

    def integer(self, prefix: bytes, digits: bytes, conv: bool, limit: int) -> int | bytes:
        """Take a run of digits and put `prefix` in front; convert the text, or give it as it is."""
        text = prefix + self.run(digits, limit)
        return int(to_int(text)) if conv else text

    @method("check( string str, bool ci = false, bool partial = false )")
    @_reading
    def check(self, expected: bytes, ignore_case: bool, partial: bool) -> bool | int:
        """Consume bytes as long as they equal `str`, in any ASCII case with `ci`.

        Whether all did; with `partial`, how many. Chapter 06, 4.
        """
        if ignore_case:
            expected = expected.lower()
        matched = 0
        while matched < len(expected) and self.more():
            piece = self.buffer[self.start : self.start + len(expected) - matched]
            same = _common_length(piece.lower() if ignore_case else piece, expected[matched : matched + len(piece)])
            self.consume(self.start + same)
            matched += same
            if same < len(piece):
                break
        return matched if partial else matched == len(expected)


def _common_length(left: bytes, right: bytes) -> int:
    """Return how many leading bytes of two strings of the same length are equal."""
    if left == right:
        return len(left)
    return next(index for index, (one, other) in enumerate(zip(left, right, strict=True)) if one != other)
