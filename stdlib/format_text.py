"""Text templates of `string_format` and `fmt_text`: one specifier grammar, one formatter (chapter 06, 2.15, 3.6, 3.7).

A template is parsed into parts once (short ones are remembered) and then run with the arguments of a call. A fault in
a template is a part too, as the items before it are read, and may warn, first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from interp.library import MISSING, charge, convert, poll_every, to_text, warning

#: No function makes strings longer than this many bytes.
MAX_SIZE = 0x7FFFFFFF
#: Longer templates are not remembered.
_MEMORABLE = 4096

_SPECIFIER_TEXT = rb"[bodxXfgGeEsc][0-9]*(?:\.[0-9]*)?r?(?:p[\x00-\xff])?\}"
_SPECIFIER_PARTS = re.compile(rb"(.)([0-9]*)(?:\.([0-9]*))?(r?)(?:p([\x00-\xff]))?\}")
_NUMBERED_ITEM = re.compile(rb"(\{(?:\{|[0-9]+(?:\}|:\{|:" + _SPECIFIER_TEXT + rb"))?)")
_SEQUENTIAL_ITEM = re.compile(rb"\{(\{|" + _SPECIFIER_TEXT + rb")?")
_BASES = {"o": b"%o", "x": b"%x", "X": b"%X"}
_UNSIGNED = 0xFFFFFFFFFFFFFFFF


class Specifier:
    """How one item is written: TYPE, minimum width, precision (None: the default), side and byte of the padding."""

    __slots__ = ("padding", "precision", "right", "type", "verbatim", "width")

    def __init__(self, type: str, width: int, precision: int | None, right: bool, padding: bytes) -> None:
        self.type = type
        self.width = width
        self.precision = precision
        self.right = right
        self.padding = padding
        #: Whether strings are written as they are.
        self.verbatim = type in "sc" and not width and precision is None

    def format(self, value: Any) -> bytes | None:
        """Return the formatted script value, or None when it cannot be read as this type (3.7)."""
        text = self.text(value)
        if text is None or len(text) >= self.width:
            return text
        charge(self.width)
        if self.right:
            return text.ljust(self.width, self.padding)
        return text.rjust(self.width, self.padding)

    def text(self, value: Any) -> bytes | None:
        """Return the value's text without padding, or None."""
        kind = self.type
        if kind in "sc":
            loaded: Any = to_text(value) if kind == "c" else convert("string", value)
            return None if loaded is MISSING else loaded[: self.precision]
        if kind in "dboxX":
            number = value if type(value) is int else convert("int", value)
            if number is MISSING:
                return None
            if kind == "d":
                return b"%d" % number
            return format(number & _UNSIGNED, kind).encode() if kind == "b" else _BASES[kind] % (number & _UNSIGNED)
        number = convert("real", value)
        if number is MISSING:
            return None
        precision = 6 if self.precision is None else self.precision
        charge(precision)
        return (f"%.{precision}{kind}" % number).encode()


class Fault:
    """Part of a template where parsing ended with a Warning."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text


#: Number of the item (from 1), number of the argument it shows (0: the template itself), and how.
Item = tuple[int, int, Specifier]
Template = list[bytes | Item | Fault]

_PLAIN = Specifier("c", 0, None, False, b" ")


def _count(digits: bytes) -> int:
    """Return a decimal number, limited to something larger than any size."""
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= 10 else 10**10


@lru_cache(maxsize=256)
def _specifier(text: bytes) -> Specifier | None:
    """Return the meaning of a specifier with its closing brace, None when a number in it is too large."""
    found = _SPECIFIER_PARTS.fullmatch(text)
    if found is None:
        return None
    kind, width, precision, right, padding = found.groups()
    size = _count(width)
    limit = None if precision is None else _count(precision)
    if size > MAX_SIZE or (limit is not None and limit > MAX_SIZE):
        return None
    return Specifier(kind.decode(), size, limit, bool(right), b" " if padding is None else padding)


def _remembered(parse: Callable[[bytes], Template]) -> Callable[[bytes], Template]:
    """Remember the templates of a program's short texts."""
    short = lru_cache(maxsize=256)(parse)
    return lambda text: short(text) if len(text) <= _MEMORABLE else parse(text)


@lru_cache(maxsize=256)
def _numbered_item(text: bytes) -> tuple[int, Specifier] | bytes | None:
    """Return what a whole item stands for, None when a number in its specifier is too large."""
    if text.endswith(b"{"):
        return b"{"
    digits, _, shape = text[1:].partition(b":")
    if not shape:
        return _count(digits[:-1]), _PLAIN
    specifier = _specifier(shape)
    return None if specifier is None else (_count(digits), specifier)


@_remembered
def numbered_template(text: bytes) -> Template:
    """Parse a text with `{N}` and `{N:SPEC}` items (2.15)."""
    # literal text and items in turn
    pieces = _NUMBERED_ITEM.split(text)
    parts: Template = [pieces[0]] if pieces[0] else []
    put = parts.append
    for number, (shape, literal) in enumerate(poll_every(zip(pieces[1::2], pieces[2::2], strict=True)), 1):
        if shape == b"{" and literal[:1].isdigit():
            rest = b"".join(pieces[2 * number :])
            symbol = rest.lstrip(b"0123456789")[:1]
            if symbol and symbol != b":":
                put(Fault(b"parsing error in item %d - unexpected symbol (%b)" % (number, symbol)))
            else:
                put(Fault(b"parsing error in item %d - failed to parse format part" % number))
            return parts
        item = _numbered_item(shape)
        if item is None:
            put(Fault(b"parsing error in item %d - failed to parse format part" % number))
            return parts
        put(item if type(item) is bytes else (number, *item))
        if literal:
            put(literal)
    return parts


@_remembered
def sequential_template(text: bytes) -> Template:
    """Parse a text with `{SPEC}` items, which take the arguments one after another (3.6)."""
    # literal text and items, without their opening braces, in turn
    pieces = _SEQUENTIAL_ITEM.split(text)
    parts: Template = [pieces[0]] if pieces[0] else []
    put = parts.append
    argument = 0
    for number, (shape, literal) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True), 1):
        if shape == b"{":
            put(b"{")
        else:
            specifier = _specifier(shape) if shape else None
            if specifier is None:
                put(Fault(b"parsing error in item %d" % number))
                return parts
            argument += 1
            put((number, argument, specifier))
        if literal:
            put(literal)
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
    put = pieces.append
    given = len(values)
    for part in poll_every(template):
        if type(part) is bytes:
            put(part)
        elif type(part) is tuple:
            number, argument, specifier = part
            piece = None
            if argument < given:
                value = values[argument]
                piece = value if specifier.verbatim and type(value) is bytes else specifier.format(value)
            if piece is None:
                warning(f"could not read item {number} (arg. {argument})")
                piece = b"#error#"
            put(piece)
        else:
            assert isinstance(part, Fault)
            warning(part.text)
            return None
    return b"".join(pieces)
