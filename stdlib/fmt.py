"""Library `fmt`: packing, base64, character classes, text formatting and parser objects (chapter 06, sections 3, 4).

Numbers in packed data have fixed sizes and are little-endian unless the format says otherwise, on every platform.
"""

from __future__ import annotations

import binascii
import math
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from interp.library import MISSING, Library, argument_error, charge, convert, new_array, poll, warning, wrap

from .fmt_parser import FormatStream, Source, callable_source, class_members, no_source
from .format_text import MAX_SIZE, run_template, sequential_template, split_size_hint
from .regex_translate import class_text
from .remember import remembered

library = Library("fmt", doc="Packing, base64, text formatting and parsing of byte streams.")

_NUMBER_FORMATS = ("b", "o", "d", "x", "X", "x")
for _index, _name in enumerate(("BINARY", "OCTAL", "DECIMAL", "HEX", "HEX_UC", "HEX_LC")):
    library.constant(f"FMT_NUMBER_{_name}", _index + 1)

library.type(FormatStream)

_TOO_BIG = "output was bigger than allowed to store"


# --- 3.1, 3.2: packing ------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """`times` equal elements of a pack format; for `s` and `x` the number of bytes."""

    code: str
    times: int
    order: str
    signed: bool


class PackFormat(NamedTuple):
    """A parsed pack format: its runs, numbers of items and bytes, and the position to warn about (0: none)."""

    runs: tuple[Run, ...]
    items: int
    size: int
    fault: int
    separate: bool


_SIZES = {"c": 1, "w": 2, "l": 4, "q": 8, "p": 8, "f": 4, "d": 8, "s": 1, "x": 1}
_STRUCT_CODES = {"c": "B", "w": "H", "l": "I", "q": "Q", "p": "Q", "f": "f", "d": "d"}
#: Larger multipliers make no difference: no data is that long.
_MOST = 1 << 53


#: A multiplier, perhaps with white space, and equal letters behind it (the end of the text: none).
_FORMAT_PART = re.compile(rb"([0-9 \t\r\n]*)(c+|w+|l+|q+|p+|f+|d+|s+|x+|[^0-9 \t\r\n]|\Z)")


def _parse_format(text: bytes) -> PackFormat:
    """Read a pack format (3.1)."""
    runs: list[Run] = []
    order, signed, separate = "<", False, False
    items = size = fault = 0
    for count, found in enumerate(_FORMAT_PART.finditer(text)):
        if not count & 1023:
            poll()
        digits = found[1].translate(None, b" \t\r\n").lstrip(b"0")
        letter = found[2][:1].decode("latin-1")
        if not letter:
            break
        if letter in _SIZES:
            times = max(int(digits or b"0"), 1) if len(digits) < 16 else _MOST
            # the multiplier is that of the first of equal letters only
            more = found.end() - found.start(2) - 1
            counts = [times, *[1] * more] if letter == "s" else [times + more]
            runs.extend(Run(letter, times, order, signed) for times in counts)
            size += (times + more) * _SIZES[letter]
            items += len(counts) if letter == "s" else 0 if letter == "x" else times + more
        elif letter in "=<>@":
            order = "<" if letter in "=<" else ">"
        elif letter in "+-":
            signed = letter == "-"
        elif letter == "#":
            separate = True
        elif not fault:
            fault = found.start(2) + 2
    return PackFormat(tuple(runs), items, size, fault, separate)


_remembered_format = remembered(_parse_format)


def _load_format(text: bytes) -> PackFormat:
    """Parse a format, with the Warning about characters that do not belong there."""
    layout = _remembered_format(text)
    if layout.fault:
        warning(f"invalid character at position {layout.fault} (there might be more)")
    return layout


@library.function("fmt_pack_count( string fmt )")
def fmt_pack_count(text: bytes) -> int:
    """Number of items in a pack format. Chapter 06, 3.2."""
    return wrap(_load_format(text).items)


@library.function("fmt_pack_size( string fmt )")
def fmt_pack_size(text: bytes) -> int:
    """Number of bytes a pack format makes. Chapter 06, 3.2."""
    return wrap(_load_format(text).size)


@library.function("fmt_pack( string fmt, ... )", raw=True)
def fmt_pack(_this: Any, args: tuple[Any, ...]) -> bytes | None:
    """The arguments packed into a string. Too few: Warning, null; an unusable one: Warning, the rest is NUL bytes.

    Chapter 06, 3.2.
    """
    text = convert("string", args[0]) if args else MISSING
    if text is MISSING:
        return argument_error(1, "string", *args[:1])
    layout = _load_format(text)
    values = args[1:]
    if len(values) < layout.items:
        return warning(f"expected at least {layout.items + 1} arguments, got {len(values) + 1}\n")
    if layout.size > MAX_SIZE:
        return warning(_TOO_BIG)
    charge(layout.size)
    pieces: list[bytes] = []
    used = 0
    for run in layout.runs:
        count = 1 if run.code == "s" else 0 if run.code == "x" else run.times
        piece, complete = _pack_run(run, values[used : used + count])
        pieces.append(piece)
        used += count
        if not complete:
            warning("error in arguments, could not read all")
            break
    return b"".join(pieces).ljust(layout.size, b"\0")


def _pack_run(run: Run, values: tuple[Any, ...]) -> tuple[bytes, bool]:
    """Return the bytes of the values up to the first unusable one, and whether all were usable."""
    if run.code == "x":
        return bytes(run.times), True
    if run.code != "s":
        unsigned = _STRUCT_CODES[run.code]
        for code in dict.fromkeys((unsigned, unsigned.lower())):
            try:
                return _structure(run.order, len(values), code)(*values), True
            except (struct.error, OverflowError):
                pass  # not all of them are numbers in the range: load them one by one
    kind = "string" if run.code == "s" else "real" if run.code in "fd" else "int"
    loaded = [convert(kind, value) for value in values]
    complete = MISSING not in loaded
    if not complete:
        del loaded[loaded.index(MISSING) :]
    if run.code == "s":
        return b"".join(loaded)[: run.times].ljust(run.times if complete else 0, b"\0"), complete
    if run.code == "f":
        loaded = [_single(number) for number in loaded]
    elif run.code != "d":
        mask = (1 << 8 * _SIZES[run.code]) - 1
        loaded = [number & mask for number in loaded]
    return struct.pack(f"{run.order}{len(loaded)}{_STRUCT_CODES[run.code]}", *loaded), complete


@lru_cache(maxsize=64)
def _structure(order: str, count: int, code: str) -> Callable[..., bytes]:
    return struct.Struct(f"{order}{count}{code}").pack


def _single(number: float) -> float:
    """Return the number, or infinity where it exceeds single precision."""
    try:
        struct.pack("<f", number)
    except OverflowError:
        return math.copysign(math.inf, number)
    return number


@library.function("fmt_unpack( string fmt, string data )", multi=True)
def fmt_unpack(text: bytes, data: bytes) -> tuple[Any, ...]:
    """Array of the items packed in `data`; with `#` in the format separate values. Too little data: Warning, null.

    Chapter 06, 3.2.
    """
    layout = _load_format(text)
    if len(data) < layout.size:
        warning("not enough data to successfully unpack")
        return ()
    charge(layout.size + layout.items * 36)
    items: list[Any] = []
    at = 0
    for run in layout.runs:
        end = at + run.times * _SIZES[run.code]
        if run.code == "s":
            items.append(data[at:end])
        elif run.code != "x":
            code = _STRUCT_CODES[run.code]
            if run.signed or code == "Q":
                code = code.lower()
            items.extend(struct.unpack_from(f"{run.order}{run.times}{code}", data, at))
        at = end
    return tuple(items) if layout.separate else (new_array(items),)


# --- 3.3: base64 ------------------------------------------------------------------------------------------------------

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@library.function("fmt_base64_encode( string data )")
def fmt_base64_encode(data: bytes) -> bytes:
    """Base64 text of a string, padded, without line breaks. Chapter 06, 3.3."""
    return binascii.b2a_base64(data, newline=False)


@library.function("fmt_base64_decode( string text )")
def fmt_base64_decode(text: bytes) -> bytes | None:
    """The string a base64 text stands for. Wrong characters: Warning, null; surplus ones: Warning. Chapter 06, 3.3."""
    if len(text) % 4 == 0 and not text.endswith(b"==="):
        try:
            return binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error:
            pass  # find out what is wrong
    good = len(text)
    if text.translate(None, _ALPHABET):
        good -= len(text.lstrip(_ALPHABET))
    end = good - good % 4
    padded = text[end : end + 4]
    if len(padded) == 4:
        # The first group with another character: it may end in padding, and is the last one then.
        letters = padded[:2] if padded.endswith(b"==") else padded[:3] if padded.endswith(b"=") else padded
        wrong = letters.lstrip(_ALPHABET)
        if wrong:
            position = end + len(letters) - len(wrong) + 1
            return warning(f"fmt_base64_decode() - wrong byte value at position {position}")
        end += 4
    if end < len(text):
        warning("extra bytes detected and ignored")
    return binascii.a2b_base64(text[:end])


# --- 3.4, 3.5: character classes --------------------------------------------------------------------------------------


@library.function("fmt_charcc( string char, string class )")
def fmt_charcc(character: bytes, characters: bytes) -> bool | None:
    """Whether the first byte of `char` is in a character class. Empty `char`: Warning, null. Chapter 06, 3.4."""
    if not character:
        return warning("argument 1 (string) needs at least one character")
    return character[0] in class_members(characters)


@library.function(
    'fmt_custom_encode( string text, string class, string prefix, int format, int mindigits = 0, string postfix = "" )'
)
def fmt_custom_encode(
    text: bytes, characters: bytes, prefix: bytes, number_format: int, digits: int, postfix: bytes
) -> bytes | None:
    """The string with every byte in `class` as `prefix`, its number in `format`, `postfix`.

    `mindigits` is the least number of digits. Unknown formats and more than 8 digits: Warning, null. Chapter 06, 3.5.
    """
    if not 1 <= number_format <= len(_NUMBER_FORMATS):
        return warning("unknown number type (argument 4)")
    if digits > 8:
        return warning("min. number of digits (argument 5) must be less than or equal to 8")
    members = class_members(characters)
    changed = len(text) - len(text.translate(None, bytes(members)))
    code = _NUMBER_FORMATS[number_format - 1]
    pieces = [bytes((byte,)) for byte in range(256)]
    for byte in members:
        number = format(byte, code).rjust(digits, "0") if byte or digits > 0 else ""
        pieces[byte] = prefix + number.encode() + postfix
    size = len(text) + changed * (len(prefix) + 8 + len(postfix))
    if size > MAX_SIZE:
        return warning(_TOO_BIG)
    charge(size)
    if changed > len(text) // 4:
        return b"".join(map(pieces.__getitem__, text))
    return re.sub(class_text(members), lambda found: pieces[found[0][0]], text)


# --- 3.6: formatting --------------------------------------------------------------------------------------------------


@library.function("fmt_text( [int prealloc,] string text, ... )", raw=True)
def fmt_text(_this: Any, args: tuple[Any, ...]) -> bytes | None:
    """`text` with `{SPEC}` items replaced with the arguments, one after another.

    A number in front of `text` is a size hint and ignored. Unreadable items give a Warning and `#error#`, malformed
    ones a Warning and null. Chapter 06, 3.6 and 3.7.
    """
    position, values = split_size_hint(args)
    text = convert("string", values[0])
    if text is MISSING:
        return argument_error(position, "string", values[0])
    return run_template(sequential_template(text), values)


# --- 4: parser objects ------------------------------------------------------------------------------------------------


@library.function("fmt_parser( callable source, int buffersize = 1024 )")
def fmt_parser(source: Any, size: int) -> FormatStream:
    """Parser of what `source( n )` returns: at most `n` bytes a call, null at the end. Chapter 06, 4."""
    return FormatStream(callable_source(source), size)


@library.function("fmt_string_parser( string str, int offset = 0, int buffersize = 1024 )")
def fmt_string_parser(text: bytes, offset: int, size: int) -> FormatStream:
    """Parser of a string from byte `offset` on. Chapter 06, 4."""
    return FormatStream(no_source, size, text, offset)


@library.function("fmt_file_parser( file file, int buffersize = 1024 )", raw=True)
def fmt_file_parser(_this: Any, args: tuple[Any, ...]) -> FormatStream | None:
    """Parser of an io file object from its current position; a closed one is empty. Chapter 06, 4."""
    from .io import File

    file = args[0] if args else MISSING
    if not isinstance(file, File):
        return argument_error(1, "custom object", file)
    size = args[1] if len(args) > 1 else None
    number = 1024 if size is None else convert("int", size)
    if number is MISSING:
        argument_error(2, "int", size)
        number = 1024
    return FormatStream(_file_source(file), min(number, MAX_SIZE))


def _file_source(file: Any) -> Source:
    def fetch(size: int) -> bytes | None:
        data: bytes | None = file.read(size) if file.is_open else None
        return data

    return fetch
