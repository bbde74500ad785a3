"""Text templates of `string_format` and `fmt_text`: one specifier grammar, one formatter (chapter 06, 2.15, 3.6, 3.7).

A template is parsed into parts once (short ones are remembered) and then run with the arguments of a call. A fault in
a template is a part too, as the items before it are read, and may warn, first.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import compress
from operator import itemgetter
from typing import Any, NamedTuple

from interp import pieces as in_pieces
from interp.library import MISSING, charge, convert, is_memory_limited, poll, to_text, warning

from .remember import remembered

#: No function makes strings longer than this many bytes.
MAX_SIZE = 0x7FFFFFFF
#: Longer templates are not remembered.

# most specifiers are one letter
_SPECIFIER_TEXT = rb"[bodxXfgGeEsc](?:\}|[0-9]*(?:\.[0-9]*)?r?(?:p[\x00-\xff])?\})"
_SPECIFIER_PARTS = re.compile(rb"(.)([0-9]*)(?:\.([0-9]*))?(r?)(?:p([\x00-\xff]))?\}")
_NUMBERED_ITEM = re.compile(rb"(\{(?:\{|[0-9]+(?:\}|:\{|:" + _SPECIFIER_TEXT + rb"))?)")
_SEQUENTIAL_ITEM = re.compile(rb"\{(\{|" + _SPECIFIER_TEXT + rb")?")
_SHORT_TEMPLATE = 1 << 18
_BASES = {"o": b"%o", "x": b"%x", "X": b"%X"}
#: Wider items are accounted for before they are made.
_WIDE = 4096
#: Items formatted or strings joined between two looks at the engine's limits.
_AT_ONCE = 1024
_FEW = 64  # strings that are looked at once more rather than gone through in stretches
#: So few pieces may be large ones: what is empty is left out, as then perhaps nothing is copied.
_FEW = 16
_UNSIGNED = 0xFFFFFFFFFFFFFFFF


class Specifier:
    """How one item is written: TYPE, minimum width, precision (None: the default), side and byte of the padding."""

    __slots__ = ("directive", "kind", "padding", "precision", "right", "type", "unsigned", "width")

    def __init__(self, type: str, width: int, precision: int | None, right: bool, padding: bytes) -> None:
        self.type = type
        self.width = width
        self.precision = precision
        self.right = right
        self.padding = padding
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


class Meanings:
    """What the items of one template stand for, by their text.

    `specifiers` says how an item is written, None where it is a literal brace; `arguments` the number of the argument
    it shows (0: the template itself), None where items take the arguments one after another.
    """

    __slots__ = ("arguments", "directives", "kinds", "literals", "specifiers", "unsigned")

    def __init__(self, specifiers: dict[bytes, Specifier | None], arguments: dict[bytes, int] | None = None) -> None:
        self.specifiers = specifiers
        self.arguments = arguments
        shown = {shape: specifier for shape, specifier in specifiers.items() if specifier is not None}
        self.literals = len(shown) < len(specifiers)
        self.directives = {**dict.fromkeys(specifiers, b"{"), **{shape: how.directive for shape, how in shown.items()}}
        self.kinds = {shape: specifier.kind for shape, specifier in shown.items()}
        self.unsigned = {shape: specifier.unsigned for shape, specifier in shown.items()}


class Chunk:
    """Some items with the literal text around them, and a way to write them all at once.

    `pieces` has literal text and items in turn; `number` is that of the first item, `first` the number of the argument
    it shows, unless items have numbers.
    """

    __slots__ = (
        "_chosen",
        "_directives",
        "_kinds",
        "_texts",
        "_unsigned",
        "first",
        "meanings",
        "number",
        "pieces",
        "shown",
    )

    def __init__(self, pieces: list[bytes], meanings: Meanings, number: int, first: int) -> None:
        self.pieces = pieces
        self.meanings = meanings
        self.number = number
        self.first = first
        shapes = pieces[1::2]
        shown = [shape for shape in shapes if meanings.specifiers[shape]] if meanings.literals else shapes
        #: How many arguments are shown.
        self.shown = len(shown)
        #: The chunk in Python's formatting language; None where it cannot say all.
        self._directives: bytes | None = None
        directives = list(map(meanings.directives.__getitem__, shapes))
        if not shown or None in directives:
            return
        quoted = pieces[:]
        if b"%" in b"".join(pieces[::2]):
            quoted = [piece.replace(b"%", b"%%") for piece in pieces]
        quoted[1::2] = directives  # type: ignore[assignment]
        self._directives = b"".join(quoted)
        #: What takes the values shown out of the arguments; their types; which must not be negative, None: none.
        numbers = None if meanings.arguments is None else list(map(meanings.arguments.__getitem__, shown))
        if numbers is not None and len(numbers) > 1:
            self._chosen = itemgetter(*numbers)
        else:
            first = first if numbers is None else numbers[0]
            self._chosen = itemgetter(slice(first, first + len(shown)))  # type: ignore[arg-type]
        self._kinds = tuple(map(meanings.kinds.__getitem__, shown))
        self._texts = bytes in self._kinds
        unsigned = list(map(meanings.unsigned.__getitem__, shown))
        self._unsigned = unsigned if True in unsigned else None

    def text(self, values: tuple[Any, ...]) -> bytes:
        """The text with `values` shown; a Warning and `#error#` for each that cannot be."""
        if self._directives is not None:
            try:
                chosen = self._chosen(values)
            except IndexError:
                chosen = ()
            fit = (*map(type, chosen),) == self._kinds
            if fit and (self._unsigned is None or min(compress(chosen, self._unsigned)) >= 0):
                if self._texts and is_memory_limited():
                    charge(sum([len(value) for value in chosen if type(value) is bytes]))
                return self._directives % chosen
        pieces = self.pieces[:]
        pieces[1::2] = self._item_texts(values)
        if is_memory_limited():
            charge(sum(map(len, pieces)))
        # where there are few pieces and but one is not empty, nothing is copied
        return b"".join(pieces if len(pieces) > _FEW else [piece for piece in pieces if piece])

    def _item_texts(self, values: tuple[Any, ...]) -> list[bytes]:
        """The texts of the items, one by one."""
        texts: list[bytes] = []
        put = texts.append
        specifiers, arguments = self.meanings.specifiers, self.meanings.arguments
        argument = self.first - 1
        for shape in self.pieces[1::2]:
            specifier = specifiers[shape]
            if specifier is None:
                put(b"{")
                continue
            argument = argument + 1 if arguments is None else arguments[shape]
            if argument < len(values):
                value = values[argument]
                directive = specifier.directive
                if type(value) is specifier.kind and directive is not None and not (specifier.unsigned and value < 0):
                    put(directive % value)
                    continue
                piece = specifier.format(value)
                if piece is not None:
                    put(piece)
                    continue
            warning(f"could not read item {self.number + len(texts)} (arg. {argument})")
            put(b"#error#")
        return texts


class Template(NamedTuple):
    """A parsed text; what stands behind a fault is not read."""

    chunks: list[Chunk]
    fault: bytes | None


def _template(pieces: list[bytes], meanings: Meanings, fault: bytes | None = None) -> Template:
    """The template of literal texts and items in turn."""
    chunks = []
    argument = 1
    # the text behind the last item belongs to it
    for start in range(0, max(len(pieces) - 1, 1), 2 * _AT_ONCE):
        poll()
        end = start + 2 * _AT_ONCE
        chunk = Chunk(pieces[start : end if end < len(pieces) - 1 else None], meanings, start // 2 + 1, argument)
        argument += chunk.shown
        chunks.append(chunk)
    return Template(chunks, fault)


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
def _numbered_item(text: bytes) -> tuple[int, Specifier | None]:
    """Return the argument an item shows, and how; no specifier for a brace, or where a number in it is too large."""
    if text.endswith(b"{"):
        return 0, None
    digits, _, shape = text[1:].partition(b":")
    return (_count(digits), _specifier(shape)) if shape else (_count(digits[:-1]), _PLAIN)


def _split(pattern: re.Pattern[bytes], text: bytes) -> list[bytes]:
    """As `pattern.split( text )` for a pattern of one group, with checks where the text is long."""
    if len(text) <= _SHORT_TEMPLATE:
        return pattern.split(text)
    pieces: list[bytes] = []
    literal: list[bytes] = []
    begin = 0
    while begin < len(text):
        poll()
        end = begin + _SHORT_TEMPLATE
        while end < len(text) and text[end - 1] == ord("{"):
            end += 1  # the padding byte of an item, which would be taken for another item without what follows
        if end < len(text) and (last := deque(pattern.finditer(text, begin, end), maxlen=1)):
            # only the last item may go on behind the stretch: the next stretch begins with it
            start = last[0].start()
            end = start if start > begin else max(end, pattern.match(text, begin).end())  # type: ignore[union-attr]
        first, *others = pattern.split(text[begin:end])
        literal.append(first)
        if others:
            pieces.append(b"".join(literal))
            pieces += others
            literal = [pieces.pop()]
        begin = end
    pieces.append(b"".join(literal))
    return pieces


@remembered
def numbered_template(text: bytes) -> Template:
    """Parse a text with `{N}` and `{N:SPEC}` items (2.15)."""
    # literal text and items in turn
    pieces = _split(_NUMBERED_ITEM, text)
    known = {shape: _numbered_item(shape) for shape in set(pieces[1::2])}
    fault: bytes | None = None
    faulty = {shape for shape, (_, specifier) in known.items() if specifier is None and not shape.endswith(b"{")}
    if faulty or b"{" in known:
        for at in range(1, len(pieces), 2):
            # perhaps a literal brace, perhaps an item that nobody can read
            unfinished = pieces[at] == b"{" and pieces[at + 1][:1].isdigit()
            if not unfinished and pieces[at] not in faulty:
                continue
            symbol = b"".join(pieces[at + 1 :]).lstrip(b"0123456789")[:1] if unfinished else b""
            reason = b"failed to parse format part" if symbol in b":" else b"unexpected symbol (%b)" % symbol
            fault = b"parsing error in item %d - %b" % (at // 2 + 1, reason)
            del pieces[at:]
            break
    meanings = Meanings(
        {shape: specifier for shape, (_, specifier) in known.items()},
        {shape: argument for shape, (argument, _) in known.items()},
    )
    return _template(pieces, meanings, fault)


@remembered
def sequential_template(text: bytes) -> Template:
    """Parse a text with `{SPEC}` items, which take the arguments one after another (3.6)."""
    # literal text and items, without their opening braces, in turn
    pieces = _split(_SEQUENTIAL_ITEM, text)
    known = {shape: _specifier(shape) if shape else None for shape in set(pieces[1::2])}
    fault: bytes | None = None
    faulty = {shape for shape, specifier in known.items() if specifier is None and shape != b"{"}
    if faulty:
        at = next(at for at in range(1, len(pieces), 2) if pieces[at] in faulty)
        fault = b"parsing error in item %d" % (at // 2 + 1)
        del pieces[at:]
    return _template(pieces, Meanings(known), fault)


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
    for chunk in template.chunks:
        texts.append(chunk.text(values))
        poll()
    if template.fault is not None:
        warning(template.fault)
        return None
    return texts[0] if len(texts) == 1 and len(texts[0]) <= MAX_SIZE else join_strings(b"", texts)


def join_strings(separator: bytes, pieces: list[bytes]) -> bytes | None:
    """Join strings; TypeError when some are none; a Warning and None when the result would be too long.

    The same string may stand in the list many times: where memory is limited, sizes are looked at before joining.
    """
    if len(pieces) <= _FEW and sum(map(len, pieces)) + _FEW * len(separator) < 1 << 16:
        return separator.join(pieces)
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
