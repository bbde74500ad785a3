"""Text templates of `string_format` and `fmt_text`: one specifier grammar, one formatter (chapter 06, 2.15, 3.6, 3.7).

A template is parsed into parts once (short ones are remembered) and then run with the arguments of a call. A fault in
a template is a part too, as the items before it are read, and may warn, first.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from interp import pieces as in_pieces
from interp.library import MISSING, charge, convert, gather, is_memory_limited, poll, poll_every, to_text, warning

from .remember import remembered

#: No function makes strings longer than this many bytes.
MAX_SIZE = 0x7FFFFFFF
#: Longer templates are not remembered.

_SPECIFIER_TEXT = rb"[bodxXfgGeEsc][0-9]*(?:\.[0-9]*)?r?(?:p[\x00-\xff])?\}"
_SPECIFIER_PARTS = re.compile(rb"(.)([0-9]*)(?:\.([0-9]*))?(r?)(?:p([\x00-\xff]))?\}")
_NUMBERED_ITEM = re.compile(rb"(\{(?:\{|[0-9]+(?:\}|:\{|:" + _SPECIFIER_TEXT + rb"))?)")
_SEQUENTIAL_ITEM = re.compile(rb"\{(\{|" + _SPECIFIER_TEXT + rb")?")
_SHORT_TEMPLATE = 1 << 18
_BASES = {"o": b"%o", "x": b"%x", "X": b"%X"}
#: Wider items are accounted for before they are made.
_WIDE = 4096
#: Items formatted or strings joined between two looks at the engine's limits.
_AT_ONCE = 1024
#: So few pieces may be large ones: what is empty is left out, as then perhaps nothing is copied.
_FEW = 16
_UNSIGNED = 0xFFFFFFFFFFFFFFFF


class Specifier:
    """How one item is written: TYPE, minimum width, precision (None: the default), side and byte of the padding."""

    __slots__ = ("directive", "kind", "padding", "precision", "right", "type", "unsigned", "verbatim", "width")

    def __init__(self, type: str, width: int, precision: int | None, right: bool, padding: bytes) -> None:
        self.type = type
        self.width = width
        self.precision = precision
        self.right = right
        self.padding = padding
        #: Whether strings are written as they are.
        self.verbatim = type in "sc" and not width and precision is None
        #: The same in Python's formatting language, for values of the Python type `kind`, which must not be negative
        #: where `unsigned`; None when there is no such.
        self.unsigned = type in "oxX"
        self.directive, self.kind = self._directive()

    def _directive(self) -> tuple[bytes | None, Any]:
        kind = bytes if self.type in "sc" else int if self.type in "dboxX" else float
        precision = b"" if self.precision is None or kind is int else b".%d" % self.precision
        simple = self.type != "b" and self.padding == b" " and max(self.width, self.precision or 0) <= _WIDE
        if not simple:
            return None, kind
        width = b"-%d" % self.width if self.right and self.width else b"%d" % self.width if self.width else b""
        letter = "s" if kind is bytes else self.type
        return b"%" + width + precision + letter.encode(), kind

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


#: Number of the argument an item shows, and how.
Item = tuple[int, Specifier]


class Template(NamedTuple):
    """A parsed text: literal pieces around items; what stands behind a fault is not read.

    `pieces` has literal text at even places and room for the items' texts at odd ones; `items` has for each item the
    number of the argument it shows (0: the template itself) and how, or bytes that it simply stands for.
    """

    pieces: list[bytes]
    items: list[Item | bytes]
    fault: bytes | None


_PLAIN = Specifier("c", 0, None, False, b" ")


def _count(digits: bytes) -> int:
    """Return a decimal number, limited to something larger than any size."""
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= 10 else 10**10


@remembered
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


@remembered
def _numbered_item(text: bytes) -> Item | bytes | None:
    """Return what a whole item stands for, None when a number in its specifier is too large."""
    if text.endswith(b"{"):
        return b"{"
    digits, _, shape = text[1:].partition(b":")
    if not shape:
        return _count(digits[:-1]), _PLAIN
    specifier = _specifier(shape)
    return None if specifier is None else (_count(digits), specifier)


def _split(pattern: re.Pattern[bytes], text: bytes) -> list[bytes]:
    """As `pattern.split( text )` for a pattern of one group, with checks where the text is long."""
    if len(text) <= _SHORT_TEMPLATE:
        return pattern.split(text)
    pieces: list[bytes] = []
    at = 0
    for found in poll_every(pattern.finditer(text)):
        pieces += text[at : found.start()], found[1]
        at = found.end()
    pieces.append(text[at:])
    return pieces


@remembered
def numbered_template(text: bytes) -> Template:
    """Parse a text with `{N}` and `{N:SPEC}` items (2.15)."""
    # literal text and items in turn
    pieces = _split(_NUMBERED_ITEM, text)
    shapes = pieces[1::2]
    known = {shape: _numbered_item(shape) for shape in set(shapes)}
    stray = b"{" in known  # perhaps a literal brace, perhaps an item that nobody can read
    if not stray and None not in known.values():
        return Template(pieces, gather(map(known.__getitem__, shapes)), None)
    items: list[Item | bytes] = []
    for number, (shape, literal) in enumerate(zip(shapes, pieces[2::2], strict=True), 1):
        item = known[shape]
        fault = b"failed to parse format part" if item is None else None
        if shape == b"{" and literal[:1].isdigit():
            symbol = b"".join(pieces[2 * number :]).lstrip(b"0123456789")[:1]
            fault = b"unexpected symbol (%b)" % symbol if symbol and symbol != b":" else b"failed to parse format part"
        if fault is not None:
            return Template(pieces[: 2 * number - 1], items, b"parsing error in item %d - %b" % (number, fault))
        items.append(item)
    return Template(pieces, items, None)


@remembered
def sequential_template(text: bytes) -> Template:
    """Parse a text with `{SPEC}` items, which take the arguments one after another (3.6)."""
    # literal text and items, without their opening braces, in turn
    pieces = _split(_SEQUENTIAL_ITEM, text)
    shapes = pieces[1::2]
    known = {shape: _specifier(shape) if shape else None for shape in set(shapes) if shape != b"{"}
    if len(known) == len(set(shapes)) and None not in known.values():
        items = gather(zip(range(1, len(shapes) + 1), map(known.__getitem__, shapes), strict=True))
        return Template(pieces, items, None)
    parsed: list[Item | bytes] = []
    argument = 0
    for number, shape in enumerate(shapes, 1):
        if shape == b"{":
            parsed.append(b"{")
            continue
        specifier = known[shape]
        if specifier is None:
            return Template(pieces[: 2 * number - 1], parsed, b"parsing error in item %d" % number)
        argument += 1
        parsed.append((argument, specifier))
    return Template(pieces, parsed, None)


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
    texts: list[bytes] = []
    limited = is_memory_limited()
    for start in range(0, len(template.items), _AT_ONCE):
        _format_items(template.items[start : start + _AT_ONCE], values, texts)
        poll()
        if limited:
            charge(sum(map(len, texts[start:])))
    if template.fault is not None:
        warning(template.fault)
        return None
    if not texts:
        return template.pieces[0]
    pieces = template.pieces[:]
    pieces[1::2] = texts
    return join_strings(b"", pieces if len(pieces) > _FEW else [piece for piece in pieces if piece])


def _format_items(items: list[Item | bytes], values: tuple[Any, ...], texts: list[bytes]) -> None:
    """Add the texts of some items to those of the items before."""
    put = texts.append
    given = len(values)
    for item in items:
        if isinstance(item, bytes):
            put(item)
            continue
        argument, specifier = item
        if argument < given:
            value = values[argument]
            if type(value) is specifier.kind:
                if specifier.verbatim:
                    put(value)
                    continue
                directive = specifier.directive
                if directive is not None and not (specifier.unsigned and value < 0):
                    put(directive % value)
                    continue
            piece = specifier.format(value)
            if piece is not None:
                put(piece)
                continue
        warning(f"could not read item {len(texts) + 1} (arg. {argument})")
        put(b"#error#")


def join_strings(separator: bytes, pieces: list[bytes]) -> bytes | None:
    """Join strings; TypeError when some are none; a Warning and None when the result would be too long.

    The same string may stand in the list many times: where memory is limited, sizes are looked at before joining.
    """
    limited = is_memory_limited()
    joined: list[bytes] = []
    size = 0
    for start in range(0, len(pieces), _AT_ONCE):
        part = pieces[start : start + _AT_ONCE]
        if limited:
            charge(sum(map(len, part)) + len(part) * len(separator))
        poll()
        joined.append(separator.join(part))
        size += len(joined[-1]) + len(separator)
        if size > MAX_SIZE:
            return warning("generated more string data than allowed to store")
    if len(joined) == 1:
        return joined[0]
    charge(size)
    return in_pieces.joined(separator, joined, size)
