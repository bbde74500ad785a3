"""The SGSON text format, both ways (chapter 04 section 8).

Rules of this file: nesting is kept on lists of our own, never on the host's stack; both directions take time linear in
the text. Reading calls nothing but the constructors of `constructors.py`.
"""

from __future__ import annotations

import re
from types import FunctionType

from interp.library import (
    Pointer,
    charge,
    error,
    format_real,
    is_object,
    new_array,
    numeric_prefix,
    poll,
    type_name,
    warning,
)
from interp.pieces import gathered, join, joined
from interp.runtime.values import Array, Map, Object, Record, Table, dict_items, is_closure, map_items, map_key

from .constructors import Construction, TooLarge, constructor_call, symbol_of
from .containers import fits_dict
from .guard import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    # text before a part, and the part
    Part = tuple[bytes, Any]
    # an open container or call: its parts, closing text, depth of the parts, the thing itself
    Level = tuple[Iterator[Part], bytes, int, Any]

_AT_ONCE = 1 << 16  # bytes of a string that get their escapes without a look at the stop flag
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_SPACE = re.compile(rb"[ \t\n\r]*")
_SPECIAL = re.compile(rb'["\\\x00-\x1f\x7f-\xff]')
_PLAIN_TEXT = re.compile(rb"[^\"'\\\x00-\x1f\x7f]+")
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")
_BASED = re.compile(rb"0(?:x[0-9a-fA-F]*|o[0-7]*|b[01]*)")
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")

_ESCAPES = {bytes((code,)): b"\\x%02X" % code for code in (*range(0x20), *range(0x7F, 0x100))}
_ESCAPES.update({b'"': b'\\"', b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t"})
_UNESCAPES = {ord('"'): b'"', ord("'"): b"'", ord("\\"): b"\\", ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t"}
_KEYWORDS = {b"null": None, b"true": True, b"false": False}
_AFTER_KEYWORD = frozenset(b")}]=, \t\n\r")
_SIMPLE = frozenset((type(None), bool, int, float))


# --- writing ----------------------------------------------------------------------------------------------------------


class _Unsupported(Exception):
    """A value without text form; `is_object` tells the objects, which are written as null at top level."""

    def __init__(self, text: str, is_object: bool = False) -> None:
        super().__init__(text)
        self.is_object = is_object


class _Cyclic(Exception):
    """A container holds itself."""


def encode(value: Any, tab: bytes | None) -> bytes | None:
    """The text of a value, indented by `tab` unless that is None; null after the message when there is none."""
    try:
        return _encode(value, tab)
    except _Cyclic:
        return error("recursion detected")
    except _Unsupported as reason:
        warning(str(reason))
        top = reason.is_object and not isinstance(value, (Array, Table, Record, Map))
        return b"null" if top else None


def _encode(value: Any, tab: bytes | None) -> bytes:
    out: list[bytes] = []
    levels: list[Level] = []
    path: set[int] = set()
    _write(value, 0, tab, out, levels, path)
    steps = 0
    while levels:
        steps += 1
        if not steps & 1023:
            poll()
        parts, closing, depth, container = levels[-1]
        part = next(parts, None)
        if part is None:
            levels.pop()
            path.discard(id(container))
            out.append(closing)
        else:
            out.append(part[0])
            charge(len(part[0]))
            _write(part[1], depth, tab, out, levels, path)
    return join(b"", out)


def _write(value: Any, depth: int, tab: bytes | None, out: list[bytes], levels: list[Level], path: set[int]) -> None:
    """Writes a value where it has no parts, else its opening; the parts become a new level."""
    text = _scalar(value)
    if text is not None:
        out.append(text)
        return
    if id(value) in path:
        raise _Cyclic
    path.add(id(value))
    if isinstance(value, Object):
        made = constructor_call(value)
        if made is None:
            raise _Unsupported(f"cannot serialize object of type '{type_name(value)}'", True)
        out.append(made[0] + b"(")
        levels.append((_call_parts(made[1]), b")", depth, value))
        return
    if tab is not None:
        charge(2 * len(tab) * (depth + 1))
    inner = None if tab is None else b"\n" + tab * (depth + 1)
    outer = b"" if tab is None or not _size(value) else b"\n" + tab * depth
    if isinstance(value, Array):
        out.append(b"[")
        levels.append((_array_parts(list(value), inner), outer + b"]", depth + 1, value))
    else:
        in_map = isinstance(value, Map)
        out.append(b"map{" if in_map else b"{")
        entries = map_items(value) if in_map else dict_items(value)
        levels.append((_pair_parts(entries, inner), outer + b"}", depth + 1, value))


def _size(container: Any) -> int:
    return len(container.__dict__) if isinstance(container, Record) else len(container)


def _scalar(value: Any) -> bytes | None:
    """The text of a value without parts, None for the others."""
    kind = type(value)
    if kind is bytes:
        return quoted(value)
    if kind is int:
        return b"%d" % value
    if kind is float:
        return format_real(value)
    if value is None:
        return b"null"
    if kind is bool:
        return b"true" if value else b"false"
    symbol = symbol_of(value, pointers=True)
    if symbol is not None:
        return b"sym_get(" + quoted(symbol) + b")"
    if kind is FunctionType and is_closure(value):
        raise _Unsupported("cannot serialize object of type 'closure'", True)
    if not is_object(value):
        what = "pointer" if kind is Pointer else "function" if kind is FunctionType else "thread"
        raise _Unsupported(f"serialization mode 3 (SGSON text) does not support {what} serialization")
    return None


def quoted(text: bytes) -> bytes:
    """A string in double quotes, with its escapes."""
    if _SPECIAL.search(text):
        if len(text) <= _AT_ONCE:
            text = _SPECIAL.sub(_escaped, text)
        else:
            charge(4 * len(text))
            text = gathered(_SPECIAL.sub(_escaped, text[at : at + _AT_ONCE]) for at in range(0, len(text), _AT_ONCE))
    return b'"' + text + b'"'


def _escaped(match: re.Match[bytes]) -> bytes:
    return _ESCAPES[match[0]]


def _array_parts(items: list[Any], line: bytes | None) -> Iterator[Part]:
    before_simple = False
    for index, item in enumerate(items):
        simple = type(item) in _SIMPLE
        if not index:
            yield line or b"", item
        elif simple and before_simple and index % 16:
            yield b", ", item
        else:
            yield b"," + (line or b""), item
        before_simple = simple


def _pair_parts(entries: list[tuple[Any, Any]], line: bytes | None) -> Iterator[Part]:
    equals = b"=" if line is None else b" = "
    start = line or b""
    for key, item in entries:
        if type(key) is bytes:
            bare = len(key) <= 32 and _NAME.fullmatch(key)
            yield start + (key if bare else quoted(key)) + equals, item
        else:
            yield start + b"[", key
            yield b"]" + equals, item
        start = b"," + (line or b"")


def _call_parts(args: tuple[Any, ...]) -> Iterator[Part]:
    for index, arg in enumerate(args):
        yield b", " if index else b"", arg


# --- reading ----------------------------------------------------------------------------------------------------------


class _Fault(Exception):
    """The text cannot be read; `position` is where."""

    def __init__(self, position: int) -> None:
        self.position = position


def decode(text: bytes) -> Any:
    """The value of a text; null after a Warning with the position of a fault."""
    try:
        return _Reader(text).read()
    except _Fault as fault:
        position = fault.position
        rest = text[position : position + 8]
        return warning(b"failed to parse SGSON (position %d, %b..." % (position, rest))


def decode_silently(text: bytes) -> Any:
    """The value of a text; null without a message where it is faulty."""
    try:
        return _Reader(text).read()
    except _Fault:
        return None


class _Open:
    """A container, call or bracketed key that is being read.

    kind        "array", "dict", "map", "call" or "key"; `closing` is the byte that ends it
    start       where it begins; `name` is a call's function
    items       values so far (array, call); entries of a dict or map go to `target` as they come
    key         of a dict or map: the key whose value is being read, `_NO_KEY` when a key is next
    """

    __slots__ = ("closing", "items", "key", "kind", "name", "start", "target")

    def __init__(self, kind: str, closing: bytes, start: int, target: Any = None, name: bytes = b"") -> None:
        self.kind = kind
        self.closing = closing[0]
        self.start = start
        self.target = target
        self.name = name
        self.items: list[Any] = []
        self.key: Any = _NO_KEY

    def put(self, value: Any) -> None:
        """Takes a value that has just been read."""
        if self.target is None:
            self.items.append(value)
            return
        if self.kind == "map":
            dict.__setitem__(self.target, map_key(self.key), value)
        elif fits_dict(self.key):
            dict.__setitem__(self.target, safe_text(self.key), value)
        self.key = _NO_KEY


_NO_KEY: Any = object()
_OPENED: Any = object()


class _Reader:
    """One reading of a text, a loop over values; `open` holds what is not closed yet, outermost first."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.open: list[_Open] = []
        self.construction = Construction(len(text))
        self.result: Any = None

    def read(self) -> Any:
        """The value of the whole text."""
        position = 0
        steps = 0
        while True:
            steps += 1
            if not steps & 1023:
                poll()
            # here a value, a key or the end of what is open may stand
            position = self.skip(position)
            code = self.peek(position)
            top = self.open[-1] if self.open else None
            if top is not None and code == top.closing and top.kind != "key" and top.key is _NO_KEY:
                value = self.close()
                position += 1
            elif top is not None and top.target is not None and top.key is _NO_KEY:
                position = self.read_key(top, position)
                continue
            else:
                value, position = self.read_value(position)
                if value is _OPENED:
                    continue
            position = self.deliver(value, position)
            if position < 0:
                return self.result

    def deliver(self, value: Any, position: int) -> int:
        """Gives a value to what is open and closes all that ends after it; the next position, -1 at the end."""
        while self.open:
            top = self.open[-1]
            position = self.skip(position)
            code = self.peek(position)
            if top.kind == "key":
                if code != top.closing:
                    raise _Fault(position)
                self.open.pop()
                return self.read_equals(self.open[-1], value, position + 1)
            top.put(value)
            if code == 44:
                return position + 1
            if code != top.closing:
                raise _Fault(position)
            value = self.close()
            position += 1
        position = self.skip(position)
        if position < len(self.text):
            raise _Fault(position)
        self.result = value
        return -1

    def close(self) -> Any:
        """Ends what is open innermost and gives its value; a call happens here."""
        top = self.open.pop()
        if top.target is not None:
            return top.target
        if top.kind == "array":
            return new_array(top.items)
        try:
            return self.construction.make(top.name, top.items)
        except TooLarge:
            raise _Fault(top.start) from None

    def skip(self, position: int) -> int:
        """The position after white space."""
        return _SPACE.match(self.text, position).end()  # type: ignore[union-attr]

    def peek(self, position: int) -> int:
        """The byte at a position; the end of the text is a fault."""
        if position >= len(self.text):
            raise _Fault(0)
        return self.text[position]

    def read_key(self, top: _Open, position: int) -> int:
        """Reads a key and its `=`, or opens a bracketed key; the position after it."""
        code = self.text[position]
        if code in b"\"'":
            key, end = self.read_string(position)
            return self.read_equals(top, key, end)
        if code == 91:
            self.open.append(_Open("key", b"]", position))
            return position + 1
        match = _NAME.match(self.text, position)
        if match is None or match[0] in _KEYWORDS or len(match[0]) > 255:
            raise _Fault(position)
        return self.read_equals(top, match[0], match.end())

    def read_equals(self, top: _Open, key: Any, position: int) -> int:
        position = self.skip(position)
        if self.text[position : position + 1] != b"=":
            raise _Fault(position)
        top.key = key
        return position + 1

    def read_value(self, position: int) -> tuple[Any, int]:
        """A value without parts and the position after it, or `_OPENED` and the position of its first part."""
        code = self.text[position]
        if code in b"\"'":
            return self.read_string(position)
        if code == 91:
            self.open.append(_Open("array", b"]", position))
            return _OPENED, position + 1
        if code == 123:
            self.open.append(_Open("dict", b"}", position, Table()))
            return _OPENED, position + 1
        if code in b"-0123456789":
            based = _BASED.match(self.text, position) if len(self.text) - position >= 3 else None
            match = based or _NUMBER.match(self.text, position)
            if match is None:
                raise _Fault(position)
            return numeric_prefix(match[0]), match.end()
        match = _NAME.match(self.text, position)
        if match is None:
            raise _Fault(position)
        name, end = match[0], match.end()
        if name in _KEYWORDS and (end == len(self.text) or self.text[end] in _AFTER_KEYWORD):
            return _KEYWORDS[name], end
        if len(name) > 255:
            raise _Fault(position)
        end = self.skip(end)
        following = self.text[end : end + 1]
        if following == b"(":
            self.open.append(_Open("call", b")", position, name=name))
        elif following == b"{" and name == b"map":
            self.open.append(_Open("map", b"}", position, Map()))
        else:
            raise _Fault(end)
        return _OPENED, end + 1

    def read_string(self, position: int) -> tuple[bytes, int]:
        """The string whose opening quote is at a position, and the position after its closing quote."""
        text = self.text
        quote = text[position]
        start = position = position + 1
        parts: list[bytes] = []
        while True:
            match = _PLAIN_TEXT.match(text, position)
            if match is not None:
                parts.append(match[0])
                position = match.end()
            if position >= len(text):
                raise _Fault(start)
            code = text[position]
            if code == quote:
                return joined(b"", parts, position - start), position + 1
            if len(parts) & 1023 < 2:  # it grows by one or by two
                poll()
            if code in b"\"'":
                parts.append(text[position : position + 1])
                position += 1
            elif code == 92:
                part, position = self.read_escape(position + 1, start)
                parts.append(part)
            else:
                raise _Fault(position)

    def read_escape(self, position: int, start: int) -> tuple[bytes, int]:
        """The byte behind a backslash and the position after it; the end of the text is a fault at `start`."""
        text = self.text
        if position >= len(text):
            raise _Fault(start)
        code = text[position]
        if code in _UNESCAPES:
            return _UNESCAPES[code], position + 1
        if code != 120:
            raise _Fault(position)
        for digit in (position + 1, position + 2):
            if digit >= len(text):
                raise _Fault(start)
            if text[digit] not in _HEX_DIGITS:
                raise _Fault(digit)
        return bytes((int(text[position + 1 : position + 3], 16),)), position + 3
