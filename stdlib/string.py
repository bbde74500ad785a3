"""Library `string`: functions on byte strings (chapter 06, section 2).

Positions and lengths count bytes everywhere; only the `string_utf8_*` functions look at characters. Work is done by
whole-string operations of `bytes`, never byte by byte where a built-in exists.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
from collections.abc import Iterable
from typing import Any

from interp import pieces
from interp.library import (
    MISSING,
    Iterator,
    IteratorError,
    Library,
    NotIterable,
    argument_error,
    charge,
    convert,
    is_array,
    iterate,
    new_array,
    poll,
    poll_every,
    prop,
    to_int,
    to_text,
    type_name,
    warning,
)

from .format_text import MAX_SIZE, join_strings, numbered_template, run_template, split_size_hint

library = Library("string", doc="Functions on byte strings: searching, cutting, trimming, formatting, UTF-8.")

NO_REV_INDEX = 1
STRICT_RANGES = 2
LEFT = 1
RIGHT = 2

library.constant("STRING_NO_REV_INDEX", NO_REV_INDEX)
library.constant("STRING_STRICT_RANGES", STRICT_RANGES)
library.constant("STRING_PAD_LEFT", LEFT)
library.constant("STRING_PAD_RIGHT", RIGHT)
library.constant("STRING_TRIM_LEFT", LEFT)
library.constant("STRING_TRIM_RIGHT", RIGHT)

# Sizes of what results are made of, in bytes.
_POINTER, _NUMBER, _STRING = 8, 36, 41

_BYTES = [bytes((value,)) for value in range(256)]
_RUN = 1 << 17  # bytes of characters that are gone through one by one between two looks at the limits
#: Results that may be longer than this are measured before they are made.
_NOTEWORTHY = 1 << 16
_TOO_BIG = "generated more string data than allowed to store"


def _int32(number: int) -> int:
    return (number + 0x80000000 & 0xFFFFFFFF) - 0x80000000


# --- 2.2, 2.3: parts of a string --------------------------------------------------------------------------------------


@library.function("string_cut( string str, int from[, int to[, int flags = 0 ]] )")
def string_cut(text: bytes, start: int, end: int | None, flags: int) -> bytes | None:
    """Bytes `from` to `to`, both included; `to` is the last byte by default, negative positions count from the end.

    `STRING_NO_REV_INDEX` and `STRING_STRICT_RANGES` turn negative or invalid positions into a Warning and null.
    Chapter 06, 2.2.
    """
    size = len(text)
    if end is None:
        end = size - 1
    if flags & NO_REV_INDEX and (start < 0 or end < 0):
        return warning("detected negative indices")
    start += size if start < 0 else 0
    end += size if end < 0 else 0
    if flags & STRICT_RANGES and (start > end or start < 0 or end < 0 or start >= size or end >= size):
        return warning("invalid character range")
    return pieces.part(text, *slice(max(start, 0), max(end + 1, 0)).indices(size)[:2])


def _part(text: bytes, start: int, length: int | None, flags: int) -> bytes | None:
    """Select like `string_part`; None after a Warning."""
    size = len(text)
    if length is not None and start >= 0 and 0 < length <= pieces.LONG and start + length <= size:
        return text[start : start + length]  # what most calls ask for
    if length is None:
        length = size - start
    if flags & NO_REV_INDEX and (start < 0 or length < 0):
        return warning("detected negative indices")
    start += size if start < 0 else 0
    length += size if length < 0 else 0
    end = start + length
    if flags & STRICT_RANGES and (start < 0 or end < 0 or length < 0 or start >= size or end > size):
        return warning("invalid character range")
    if length <= 0 or end < 0:
        return b""
    # The last byte is clamped into the string as well, so a window that ends at 0 still holds the first byte.
    return pieces.part(text, *slice(max(start, 0), max(end, 1)).indices(size)[:2])


@library.function("string_part( string str, int from[, int len[, int flags = 0 ]] )")
def string_part(text: bytes, start: int, length: int | None, flags: int) -> bytes | None:
    """`len` bytes beginning at `from`; the rest by default. A negative `from` or `len` gets the string's length added.

    `STRING_NO_REV_INDEX` and `STRING_STRICT_RANGES` turn negative or invalid ranges into a Warning and null.
    Chapter 06, 2.3.
    """
    return _part(text, start, length, flags)


# --- 2.4, 2.5: simple functions, padding ------------------------------------------------------------------------------


@library.function("string_reverse( string str )")
def string_reverse(text: bytes) -> bytes:
    """The bytes in reverse order. Chapter 06, 2.4."""
    return pieces.backwards(text)


@library.function("string_repeat( string str, int count )")
def string_repeat(text: bytes, count: int) -> bytes | None:
    """`count` copies; a negative count is a Warning and null. Chapter 06, 2.4."""
    if count < 0:
        return warning("argument 2 (count) must be at least 0")
    if len(text) * count > MAX_SIZE:
        return warning(_TOO_BIG)
    charge(len(text) * count)
    return pieces.repeat(text, len(text) * count)


@library.function("string_toupper( string str )")
def string_toupper(text: bytes) -> bytes:
    """The string with `a-z` as `A-Z`, all other bytes unchanged. Chapter 06, 2.4."""
    return text.upper() if len(text) <= pieces.LONG else pieces.mapped(text, bytes.upper)


@library.function("string_tolower( string str )")
def string_tolower(text: bytes) -> bytes:
    """The string with `A-Z` as `a-z`, all other bytes unchanged. Chapter 06, 2.4."""
    return text.lower() if len(text) <= pieces.LONG else pieces.mapped(text, bytes.lower)


@library.function('string_pad( string str, int tgtsize, string padstr = " ", int flags = STRING_PAD_RIGHT )')
def string_pad(text: bytes, target: int, padding: bytes, flags: int) -> bytes | None:
    """The string made `tgtsize` bytes long with `padstr` on the sides in `flags`; longer strings stay as they are.

    The padding repeats over the whole result, so its phase on the right depends on what stands before. Chapter 06, 2.5.
    """
    missing = target - len(text)
    if missing <= 0 or not flags & (LEFT | RIGHT) or not padding:
        return text
    if target > MAX_SIZE:
        return warning(_TOO_BIG)
    charge(target)
    left = 0
    if flags & LEFT:
        left = (missing + 1) // 2 if flags & RIGHT else missing
    right = missing - left
    if len(padding) == 1 and target <= pieces.LONG:
        if not right:
            return text.rjust(target, padding)
        if not left:
            return text.ljust(target, padding)
        # of an odd number of bytes the one more stands on the left
        return (padding + text if missing & 1 else text).center(target, padding)
    phase = (left + len(text)) % len(padding)
    before, behind = pieces.repeat(padding, left), pieces.repeat(padding[phase:] + padding[:phase], right)
    return pieces.joined(b"", [before, text, behind], target)


# --- 2.6: searching ---------------------------------------------------------------------------------------------------

_SHORT_NEEDLE = 16
_EMPTY_NEEDLE = "argument 2 (substring) length must be bigger than 0"


@library.function("string_count( string str, string substr, bool overlap = false )")
def string_count(text: bytes, needle: bytes, overlap: bool) -> int | None:
    """Number of occurrences of `substr`; with `overlap` they may share bytes. Empty `substr`: Warning, null.

    Chapter 06, 2.6.
    """
    if not needle:
        return warning(_EMPTY_NEEDLE)
    if not overlap:
        return pieces.count(text, needle)
    period = _shortest_period(needle)
    return pieces.count(text, needle) if period == len(needle) else _count_overlapping(text, needle, period)


def _shortest_period(needle: bytes) -> int:
    """By how many bytes an occurrence must be shifted, at least, to be one again (its length: no overlap possible)."""
    borders = [0] * len(needle)
    border = 0
    for index in poll_every(range(1, len(needle)), 4096):
        while border and needle[index] != needle[border]:
            border = borders[border - 1]
        if needle[index] == needle[border]:
            border += 1
        borders[index] = border
    return len(needle) - border


def _count_overlapping(text: bytes, needle: bytes, period: int) -> int:
    # Within a run of hits one period apart only the new bytes are compared; two such runs share less than a period.
    tail = needle[-period:]
    run = _repeats(tail) if period <= _SHORT_NEEDLE else None
    count = steps = 0
    at = text.find(needle)
    while at >= 0:
        count += 1
        steps += 1
        if not steps & 255:
            poll()
        end = at + len(needle)
        if not text.startswith(tail, end):
            at = text.find(needle, at + 1)
            continue
        at += period
        if run is not None and (found := run.match(text, end)) is not None:
            # the last one of these is counted in the next round
            more = (found.end() - end) // period - 1
            steps |= 255 if more > 1000 else 0
            count += more
            at += more * period
    return count


@functools.lru_cache(maxsize=64)
def _repeats(text: bytes) -> re.Pattern[bytes]:
    """A pattern for `text` over and over again, though not so often that it keeps the engine for long."""
    return re.compile(b"(?:" + re.escape(text) + b"){1,60000}")


@library.function("string_find( string str, string substr, int offset = 0 )")
def string_find(text: bytes, needle: bytes, offset: int) -> int | None:
    """First position of `substr` at `offset` or later, or null. A negative offset counts from the end.

    Empty `substr`: Warning, null. Chapter 06, 2.6.
    """
    if not needle:
        return warning(_EMPTY_NEEDLE)
    if offset:
        offset = _int32(offset)
        if offset < 0:
            offset = max(offset + len(text), 0)
    at = text.find(needle, offset)
    return at if at >= 0 else None


@library.function("string_find_rev( string str, string substr, int offset = -1 )")
def string_find_rev(text: bytes, needle: bytes, offset: int) -> int | None:
    """Last position of `substr` at `offset` or earlier, or null. A negative offset counts from the end.

    Empty `substr`: Warning, null. Chapter 06, 2.6.
    """
    if not needle:
        return warning(_EMPTY_NEEDLE)
    offset = _int32(offset)
    if offset < 0:
        offset += len(text)
    if offset < 0:
        return None
    end = min(offset + len(needle), len(text))
    if len(needle) <= _SHORT_NEEDLE:
        at = text.rfind(needle, 0, end)
        return at if at >= 0 else None
    # Searching backwards is quadratic in Python.
    behind = text[:end][::-1].find(needle[::-1])
    return end - behind - len(needle) if behind >= 0 else None


# --- 2.7, 2.8: replacing ----------------------------------------------------------------------------------------------


def _replace(text: bytes, old: bytes, new: bytes) -> bytes | None:
    """Replace all occurrences (an empty `old` has none); None when the result would be too long."""
    if not old:
        return text
    if len(text) // len(old) * len(new) > _NOTEWORTHY:
        size = len(text) + pieces.count(text, old) * (len(new) - len(old))
        if size > MAX_SIZE:
            return warning(_TOO_BIG)
        charge(size)
    return pieces.replaced(text, old, new)


@library.function("string_replace( string str, array|string from, array|string to )", raw=True)
def string_replace(_this: Any, args: tuple[Any, ...]) -> bytes | None:
    """The string with every occurrence of `from` replaced with `to`.

    With an array `from` its elements are replaced one after another, element i with element i (modulo the size) of an
    array `to`. Elements that are no strings make the result null, without a message. Chapter 06, 2.7.
    """
    subject, old, new = (*args, MISSING, MISSING, MISSING)[:3]
    if type(subject) is bytes and type(old) is bytes and type(new) is bytes:
        return _replace(subject, old, new)
    text = convert("string", subject)
    if text is MISSING:
        return argument_error(1, "string", subject)
    many = is_array(old)
    if is_array(new) and not many:
        return argument_error(3, "string", new)
    words = [convert("string", word) for word in list(old)] if many else [convert("string", old)]
    if not many and words[0] is MISSING:
        return argument_error(2, "array or string", old)
    if is_array(new):
        replacements = [convert("string", word) for word in list(new)] or [b""]
    else:
        replacements = [convert("string", new)]
        if replacements[0] is MISSING:
            return argument_error(3, "array or string" if many else "string", new)
    if MISSING in words or MISSING in replacements[: len(words)]:
        return None
    result: bytes | None = text
    for index, word in enumerate(words):
        poll()
        result = _replace(text, word, replacements[index % len(replacements)])
        if result is None:
            return None
        text = result
    return result


@library.function("string_translate( string str, iterable repmap )")
def string_translate(text: bytes, mapping: Any) -> bytes | None:
    """The string with every key of `repmap` replaced with its value, entry after entry.

    A key or value that is no string: Warning `failed to read data`, null. Chapter 06, 2.8.
    """
    result: bytes | None = text
    try:
        for key, value in iterate(mapping):
            poll()
            old, new = convert("string", key), convert("string", value)
            if old is MISSING or new is MISSING:
                return warning("failed to read data")
            result = _replace(text, old, new)
            if result is None:
                return None
            text = result
    except NotIterable:
        return argument_error(2, "iterable", mapping)
    except IteratorError as fault:
        return warning(str(fault))
    return result


@library.function(r'string_trim( string str, string chars = " \t\r\n", int flags = 3 )')
def string_trim(text: bytes, characters: bytes, flags: int) -> bytes:
    """The string without the bytes in `chars` on the sides in `flags`. Chapter 06, 2.9."""
    return pieces.stripped(text, characters, bool(flags & LEFT), bool(flags & RIGHT))


# --- 2.10, 2.11: comparing, joining -----------------------------------------------------------------------------------


@library.function("string_compare( string str1, string str2, int max = 0, int from = 0 )")
def string_compare(left: bytes, right: bytes, most: int, start: int) -> int:
    """-1, 0 or 1: order of the strings by unsigned bytes, of at most `max` bytes beginning at `from`.

    Chapter 06, 2.10.
    """
    most, start = _int32(most), _int32(start)
    if start == 0:
        if most > 0:
            left, right = left[:most], right[:most]
        return (left > right) - (left < right)
    return _compare_windows(left, right, most, start)


def _compare_windows(left: bytes, right: bytes, most: int, start: int) -> int:
    starts = [start if start > 0 else len(text) + start for text in (left, right)]
    texts = (left, right)
    spans = [most if most > 0 else len(text) - begin for text, begin in zip(texts, starts, strict=True)]
    steps = max(min(spans), 1)
    # Between two marks each string is either entirely within its bytes or entirely outside of them.
    marks = {0, steps}
    for text, begin in zip(texts, starts, strict=True):
        marks.update(mark for mark in (-begin, len(text) - begin) if 0 < mark < steps)
    ordered = sorted(marks)
    for low, high in itertools.pairwise(ordered):
        one, other = (
            text[begin + low : begin + high] if 0 <= begin + low < len(text) else b""
            for text, begin in zip(texts, starts, strict=True)
        )
        if one != other:
            return 1 if one > other else -1
    return (spans[0] > spans[1]) - (spans[0] < spans[1])


@library.function("string_implode( array items, string sep )")
def string_implode(items: list[Any], separator: bytes) -> bytes | None:
    """The elements' text forms, joined with `sep`. Chapter 06, 2.11."""
    try:
        return join_strings(separator, items)
    except TypeError:
        return join_strings(separator, [to_text(item) for item in poll_every(list(items))])


@library.function("string_explode( string str, string sep )")
def string_explode(text: bytes, separator: bytes) -> list[Any]:
    """Array of the parts between occurrences of `sep`; with an empty separator, of the single bytes.

    Chapter 06, 2.11.
    """
    if not separator:
        charge(len(text) * _POINTER)
        return new_array(pieces.listed(text, _BYTES.__getitem__))
    if len(text) > _NOTEWORTHY:
        charge(len(text) + pieces.count(text, separator) * _STRING)
    return new_array(pieces.split(text, separator))


def _bytes_of(values: list[Any]) -> bytes | None:
    """The bytes with these values, None when one of them is none."""
    try:
        return pieces.of_values(values)
    except (TypeError, ValueError, OverflowError):
        return None


@library.function("string_frombytes( array|int bytes )", raw=True)
def string_frombytes(_this: Any, args: tuple[Any, ...]) -> bytes | None:
    """String of one byte value, or of an array of them; values outside 0 to 255: Warning, null. Chapter 06, 2.12."""
    value = args[0] if args else MISSING
    if len(args) == 1 and is_array(value):
        items = list(value)
        result = _bytes_of(items)
        if result is None:
            result = _bytes_of([to_int(item) for item in items])
    else:
        number = convert("int", value) if len(args) == 1 else MISSING
        if number is MISSING:
            return argument_error(1, "array or int", value)
        result = _bytes_of([number])
    return result if result is not None else warning("invalid byte value")


# --- 2.13: UTF-8 ------------------------------------------------------------------------------------------------------

REPLACEMENT = 0xFFFD

# How far a character reaches depends on its first byte alone, valid or not.
_CHARACTER = re.compile(rb"[\xc0-\xdf][\x00-\xff]?|[\xe0-\xef][\x00-\xff]{0,2}|[\xf0-\xf7][\x00-\xff]{0,3}|[\x00-\xff]")
#: All characters that end in the text given; possessive, so that it remembers nothing on the way.
_CHARACTERS = re.compile(
    rb"(?:[\x00-\xbf\xf8-\xff]|[\xc0-\xdf][\x00-\xff]|[\xe0-\xef][\x00-\xff]{2}|[\xf0-\xf7][\x00-\xff]{3})*+"
)
_LONG_CHARACTER = re.compile(rb"[\xc0-\xdf][\x00-\xff]?|[\xe0-\xef][\x00-\xff]{0,2}|[\xf0-\xf7][\x00-\xff]{0,3}")
_LENGTHS = bytes([1] * 0xC0 + [2] * 0x20 + [3] * 0x10 + [4] * 8 + [1] * 8)
_VALID = re.compile(rb"[\x00-\x7f]|[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3}")
_LEAD_BITS = (0, 0x7F, 0x1F, 0x0F, 0x07)


def _code_point(character: bytes) -> int:
    """Decode one character as cut out by `_CHARACTER`."""
    try:
        return ord(character.decode())
    except UnicodeDecodeError:
        pass
    if not _VALID.fullmatch(character):
        return REPLACEMENT
    value = character[0] & _LEAD_BITS[len(character)]
    for byte in character[1:]:
        value = value << 6 | byte & 0x3F
    return value


def _decode(text: bytes) -> list[int]:
    """Decode all characters of a string."""
    if text.isascii():
        charge(len(text) * _POINTER)
        return pieces.listed(text)
    charge(len(text) * _NUMBER)
    try:
        return pieces.listed(text.decode(), ord)
    except UnicodeDecodeError:
        pass
    known: dict[bytes, int] = {}
    points: list[int] = []
    for part in _runs(text):
        characters = _CHARACTER.findall(part)
        for character in set(characters).difference(known):
            known[character] = _code_point(character)
        points += map(known.__getitem__, characters)
    return points


def _runs(text: bytes) -> Iterable[bytes]:
    """The string in pieces that begin and end between characters, with a check after each."""
    at = 0
    while at < len(text):
        end = min(at + _RUN, len(text))
        if end < len(text):
            step = _CHARACTERS.match(text, at, end)
            end = step.end() if step is not None else end
        yield text[at:end]
        poll()
        at = end


def _character_count(text: bytes) -> int:
    """Count the characters of a string; an incomplete one at the end counts."""
    if text.isascii():
        return len(text)
    try:
        characters, used = codecs.utf_8_decode(text, "strict", False)
    except UnicodeDecodeError:
        count = 0
        for part in _runs(text):
            rest, long = _LONG_CHARACTER.subn(b"", part)
            count += len(rest) + long
        return count
    return len(characters) + (used < len(text))


def _encode(points: list[Any]) -> bytes:
    """Encode code points given as script values."""
    try:
        return "".join(map(chr, points)).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, OverflowError):
        numbers = [to_int(point) & 0xFFFFFFFF for point in points]
    return "".join(chr(n) if n <= 0x10FFFF else "\ufffd" for n in numbers).encode("utf-8", "surrogatepass")


@library.function("string_utf8_decode( string ustr )")
def string_utf8_decode(text: bytes) -> list[Any]:
    """Array of the code points; invalid sequences give 65533. Chapter 06, 2.13."""
    return new_array(_decode(text))


@library.function("string_utf8_encode( array|int codepoints, ... )", raw=True)
def string_utf8_encode(_this: Any, args: tuple[Any, ...]) -> bytes:
    """String of the code points in an array, or of all arguments; impossible ones give U+FFFD. Chapter 06, 2.13."""
    return _encode(list(args[0] if args and is_array(args[0]) else args))


@library.function("string_utf8_offset( string ustr, int charnum, int byteoff = 0 )", multi=True)
def string_utf8_offset(text: bytes, count: int, start: int) -> tuple[Any, ...]:
    """Two values: byte offset `charnum` characters after `byteoff`, and whether there were that many.

    Offsets outside the string and negative counts: Warning, null. Chapter 06, 2.13.
    """
    count, start = _int32(count), _int32(start)
    if start < 0:
        start += len(text)
    if start < 0 or start > max(len(text) - 1, 0):
        warning("starting offset out of bounds")
        return ()
    if count < 0:
        warning("negative character number is not allowed")
        return ()
    # No character is longer than four bytes.
    window = text[start : start + 4 * count]
    if window.isascii():
        return start + min(count, len(window)), count <= len(window)
    try:
        characters, _ = codecs.utf_8_decode(window, "strict", False)
        if len(characters) >= count:
            return start + len(characters[:count].encode()), True
    except UnicodeDecodeError:
        pass
    found = _CHARACTER.findall(window)
    return start + sum(map(len, found[:count])), count <= len(found)


def _optional_ints(args: tuple[Any, ...], first: int, defaults: list[int | None]) -> list[int | None]:
    """Load one group of optional int arguments beginning at position `first` (counted from 0; 1.2 and 1.3)."""
    values = list(defaults)
    for index in range(len(defaults)):
        value = args[first + index] if first + index < len(args) else None
        if value is None:
            break
        number = convert("int", value)
        if number is MISSING:
            argument_error(first + index + 1, "int", value)
            break
        values[index] = _int32(number)
    return values


@library.function("string_utf8_length( string ustr, int byteoff = 0[, int numbytes[, int flags = 0 ]] )", raw=True)
def string_utf8_length(_this: Any, args: tuple[Any, ...]) -> int | None:
    """Number of characters in the bytes `string_part( ustr, byteoff, numbytes, flags )` selects. Chapter 06, 2.13."""
    subject = args[0] if args else MISSING
    text = convert("string", subject)
    if text is MISSING:
        return argument_error(1, "string", subject)
    (start,) = _optional_ints(args, 1, [0])
    length, flags = _optional_ints(args, 2, [None, 0])
    part = _part(text, start or 0, length, flags or 0)
    return None if part is None else _character_count(part)


# --- 2.14: the iterator -----------------------------------------------------------------------------------------------


class Utf8Iterator(Iterator, name="utf8_iterator"):
    """Walks over the characters of a string: keys are byte offsets, values code points (chapter 06, 2.14)."""

    __slots__ = ("next", "position", "size", "source")

    constructor = "string_utf8_iterator"

    def __init__(self, text: bytes, offset: int) -> None:
        """Stand before the character at byte `offset`; outside the string the iterator is finished."""
        self.source = text
        self.size = len(text)
        #: Where the current character begins, and where the next one does; both are the same before the first advance.
        self.position = self.next = offset

    def advance(self) -> bool:
        """Move on to the next character; False at the end."""
        position = self.next
        if 0 <= position < self.size:
            self.position = position
            self.next = position + _LENGTHS[self.source[position]]
            return True
        # behind the last character, which may be incomplete, or where it was put outside of the string
        self.position = self.next = position if self.position == position else self.size
        return False

    def data(self) -> tuple[int, int]:
        """Byte offset and code point of the current character; IteratorError before the first and after the last."""
        position, end = self.position, self.next
        if position == end:
            raise IteratorError("failed to retrieve data from iterator")
        byte = self.source[position]
        return position, byte if byte < 0x80 else _code_point(self.source[position:end])

    def iterator(self) -> Utf8Iterator:
        """Return the iterator itself."""
        return self

    def clone(self) -> Utf8Iterator:
        """Return an iterator of its own at the same place."""
        copy = Utf8Iterator(self.source, self.position)
        copy.next = self.next
        return copy

    def serialize_args(self) -> tuple[bytes]:
        """Keep the string only."""
        return (self.source,)

    @prop
    def string(self) -> bytes:
        """The string walked over."""
        return self.source

    @prop
    def offset(self) -> int:
        """Byte offset of the current character; writing it puts the iterator before that character."""
        return self.position

    @offset.setter  # type: ignore[no-redef]
    def offset(self, value: object) -> None:
        number = convert("int", value)
        if number is MISSING:
            warning(f'Property write process interrupted: "offset" - expected int, got {type_name(value)}')
            return
        self.position = self.next = number


library.type(Utf8Iterator)


@library.function("string_utf8_iterator( string ustr, int byteoff = 0 )")
def string_utf8_iterator(text: bytes, offset: int) -> Utf8Iterator:
    """Iterator over the characters from byte `byteoff` on. Chapter 06, 2.14."""
    return Utf8Iterator(text, offset)


# --- 2.15: formatting -------------------------------------------------------------------------------------------------


@library.function("string_format( [int prealloc,] string text, ... )", raw=True)
def string_format(_this: Any, args: tuple[Any, ...]) -> bytes | None:
    """`text` with `{N}` and `{N:SPEC}` replaced with argument N (0 is `text` itself), formatted as by `fmt_text`.

    A number in front of `text` is a size hint and ignored. Unreadable items give a Warning and `#error#`, malformed
    ones a Warning and null. Chapter 06, 2.15.
    """
    position, values = split_size_hint(args)
    text = convert("string", values[0])
    if text is MISSING:
        return argument_error(position, "string", values[0])
    return run_template(numbered_template(text), values)
