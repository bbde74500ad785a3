"""Text templates of `string_format` and `fmt_text`: one specifier grammar, one formatter (chapter 06, 2.15, 3.6, 3.7).

A template is parsed into parts once (short ones are remembered) and then run with the arguments of a call. A fault in
a template is a part too, as the items before it are read, and may warn, first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from interp.library import MISSING, convert, to_text, warning

#: No function makes strings longer than this many bytes.
MAX_SIZE = 0x7FFFFFFF
#: Longer templates are not remembered.
_MEMORABLE = 4096

_SPECIFIER = re.compile(rb"([bodxXfgGeEsc])([0-9]*)(?:\.([0-9]*))?(r?)(?:p([\x00-\xff]))?\}")
_DIGITS = re.compile(rb"[0-9]+")
_UNSIGNED = 0xFFFFFFFFFFFFFFFF


class Specifier:
    """How one item is written: TYPE, minimum width, precision (None: the default), side and byte of the padding."""

    __slots__ = ("padding", "precision", "right", "type", "width")

    def __init__(self, type: str, width: int, precision: int | None, right: bool, padding: bytes) -> None:
        self.type = type
        self.width = width
        self.precision = precision
        self.right = right
        self.padding = padding

    def format(self, value: Any) -> bytes | None:
        """Return the formatted script value, or None when it cannot be read as this type (3.7)."""
        text = self.text(value)
        if text is None or len(text) >= self.width:
            return text
        if self.right:
            return text.ljust(self.width, self.padding)
        return text.rjust(self.width, self.padding)

    def text(self, value: Any) -> bytes | None:
        """Return the value's text without padding, or None."""
        if self.type in "sc":
            loaded = to_text(value) if self.type == "c" else convert("string", value)
            return None if loaded is MISSING else bytes(loaded[: self.precision])
        if self.type in "dboxX":
            number = convert("int", value)
            if number is MISSING:
                return None
            return b"%d" % number if self.type == "d" else format(number & _UNSIGNED, self.type).encode()
        number = convert("real", value)
        if number is MISSING:
            return None
        precision = 6 if self.precision is None else self.precision
        return (f"%.{precision}{self.type}" % number).encode()


class Item:
    """Part of a template: item `number` (from 1) shows argument `argument` (0: the template itself)."""

    __slots__ = ("argument", "number", "specifier")

    def __init__(self, number: int, argument: int, specifier: Specifier) -> None:
        self.number = number
        self.argument = argument
        self.specifier = specifier


class Fault:
    """Part of a template where parsing ended with a Warning."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text


Template = list[bytes | Item | Fault]

_PLAIN = Specifier("c", 0, None, False, b" ")


def _count(digits: bytes) -> int:
    """Return a decimal number, limited to something larger than any size."""
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= 10 else 10**10


def _parse_specifier(text: bytes, at: int) -> tuple[Specifier, int] | None:
    """Parse a specifier with its closing brace; return it and the position behind it, None when malformed."""
    found = _SPECIFIER.match(text, at)
    if found is None:
        return None
    kind, width, precision, right, padding = found.groups()
    size = _count(width)
    limit = None if precision is None else _count(precision)
    if size > MAX_SIZE or (limit is not None and limit > MAX_SIZE):
        return None
    return Specifier(kind.decode(), size, limit, bool(right), b" " if padding is None else padding), found.end()


def _remembered(parse: Callable[[bytes], Template]) -> Callable[[bytes], Template]:
    """Remember the templates of a program's short texts."""
    short = lru_cache(maxsize=256)(parse)
    return lambda text: short(text) if len(text) <= _MEMORABLE else parse(text)


@_remembered
def numbered_template(text: bytes) -> Template:
    """Parse a text with `{N}` and `{N:SPEC}` items (2.15)."""
    parts: Template = []
    at = number = 0
    while (brace := text.find(b"{", at)) >= 0:
        number += 1
        parts.append(text[at:brace])
        digits = _DIGITS.match(text, brace + 1)
        if digits is None:
            parts.append(b"{")
            at = brace + (2 if text.startswith(b"{{", brace) else 1)
            continue
        argument = _count(digits[0])
        end = digits.end()
        if text.startswith(b":{", end):
            parts.append(b"{")
            at = end + 2
        elif text.startswith(b"}", end):
            parts.append(Item(number, argument, _PLAIN))
            at = end + 1
        elif end < len(text) and text[end] != ord(":"):
            symbol = text[end : end + 1]
            parts.append(Fault(b"parsing error in item %d - unexpected symbol (%b)" % (number, symbol)))
            return parts
        else:
            parsed = _parse_specifier(text, end + 1)
            if parsed is None:
                parts.append(Fault(b"parsing error in item %d - failed to parse format part" % number))
                return parts
            parts.append(Item(number, argument, parsed[0]))
            at = parsed[1]
    parts.append(text[at:])
    return parts


@_remembered
def sequential_template(text: bytes) -> Template:
    """Parse a text with `{SPEC}` items, which take the arguments one after another (3.6)."""
    parts: Template = []
    at = number = argument = 0
    while (brace := text.find(b"{", at)) >= 0:
        number += 1
        parts.append(text[at:brace])
        if text.startswith(b"{{", brace):
            parts.append(b"{")
            at = brace + 2
            continue
        parsed = _parse_specifier(text, brace + 1)
        if parsed is None:
            parts.append(Fault(b"parsing error in item %d" % number))
            return parts
        argument += 1
        parts.append(Item(number, argument, parsed[0]))
        at = parsed[1]
    parts.append(text[at:])
    return parts


def split_size_hint(args: tuple[Any, ...]) -> tuple[int, tuple[Any, ...]]:
    """Drop the size hint, a number in front of the template.

    Return the template's position for messages (1 or 2), and the arguments from the template on (at least one,
    MISSING where nothing was given).
    """
    if args and type(args[0]) in (int, float):
        return 2, args[1:] or (MISSING,)
    return 1, args or (MISSING,)


def run_template(template: Template, values: tuple[Any, ...]) -> bytes | None:
    """Return the text of a template with `values`, argument 0 being the template itself.

    An unreadable item is a Warning and `#error#`, a fault of the template a Warning and null.
    """
    pieces: list[bytes] = []
    for part in template:
        if isinstance(part, bytes):
            pieces.append(part)
        elif isinstance(part, Item):
            piece = part.specifier.format(values[part.argument]) if part.argument < len(values) else None
            if piece is None:
                warning(f"could not read item {part.number} (arg. {part.argument})")
                piece = b"#error#"
            pieces.append(piece)
        else:
            warning(part.text)
            return None
    return b"".join(pieces)
