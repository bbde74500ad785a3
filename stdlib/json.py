"""Module `sgsjson`, also `json` (chapter 07 section 5): script values to JSON text and back.

Rules of this file: the depth of the data is no depth of calls, and time is linear in its size. Python's own scanner
and string quoting do the work character by character, in texts that stand for bytes one to one: Latin-1 when encoding,
UTF-8 with stray bytes kept apart (`surrogateescape`) when decoding.
"""

from __future__ import annotations

import json
import math
import re
import sys
from functools import cached_property
from itertools import accumulate
from json.encoder import encode_basestring as _quote

from interp.library import (
    Library,
    NotIterable,
    argument_error,
    charge,
    dict_items,
    engine,
    error,
    is_array,
    is_dict,
    is_map,
    is_object,
    is_stoppable,
    iterate,
    map_items,
    new_array,
    new_dict,
    poll,
    poll_every,
    to_text,
    warning,
)
from interp.runtime.access import set_index
from interp.runtime.values import Array, Table

from .core.containers import cloned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

library = Library("sgsjson", aliases=("json",), doc="JSON (chapter 07 section 5).")

_ONLY_BYTES, _ONLY_INTS = {bytes}, {int}

# An object of more entries rarely has names in common with others.
_LARGE = 64
# So few items are looked at one by one.
_SMALL = 8
# Arrays in arrays are written by calls in calls to this depth.
_PLAIN_DEPTH = 4
# Containers made or written between two looks at the engine's limits.
_POLL_EVERY = 256
# Items of arrays and bytes of strings that are written between two looks.
_AT_ONCE = 1 << 14
_LONG_TEXT = 1 << 20

# --- encoding ---------------------------------------------------------------------------------------------------------


class _Refused(Exception):
    """The value has no JSON form; `report` is the message function, the text is the message's."""

    def __init__(self, report: Callable[[str], None], text: str) -> None:
        super().__init__(text)
        self.report = report


class _Keys(dict):  # type: ignore[type-arg]
    """Key -> its text with the comma before and the colon behind; the keys of one call, as most occur many times."""

    def __missing__(self, key: Any) -> str:
        text = key if type(key) is bytes else to_text(key)
        piece = "," + _quote(text.decode("latin-1")) + ":"
        if type(key) is bytes:
            self[key] = piece
        return piece


def _scalar(value: Any) -> str:
    """The text of a value that is not an object."""
    kind = type(value)
    if kind is bytes:
        return _text(value)
    if kind is int:
        return str(value)
    if kind is float:
        return f"{value:g}"
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    raise _Refused(warning, "cannot encode functions, pointers or threads")


def _text(value: bytes) -> str:
    """The text of a string, with its quotes."""
    if len(value) <= _LONG_TEXT:
        return _quote(value.decode("latin-1"))
    parts: list[str] = ['"']
    for at in range(0, len(value), _LONG_TEXT):
        parts.append(_quote(value[at : at + _LONG_TEXT].decode("latin-1"))[1:-1])
        poll()
    parts.append('"')
    charge(sum(map(len, parts)))
    return "".join(parts)


def _quoted(values: list[bytes]) -> list[str]:
    """The texts of strings, at least one, without the quotes around them."""
    charge(3 * sum(map(len, values)))
    joined = b"\x7f".join(values).decode("latin-1")
    # this byte is quoted as itself: where no string holds it, all of them are quoted in one go
    if joined.count("\x7f") == len(values) - 1:
        return _quote(joined)[1:-1].split("\x7f")
    return [_quote(value.decode("latin-1"))[1:-1] for value in values]


def _plain(value: Any, keys: _Keys) -> str | None:
    """The text of an array or a dict that holds nothing deeper than plain arrays; None for others."""
    if isinstance(value, Array):
        return _plain_array(value)
    if type(value) is Table:
        return _plain_dict(value, keys) if len(value) <= _LARGE else _large_dict(value)
    return None


def _plain_array(value: list[Any], depth: int = 0) -> str | None:
    """The text of an array whose elements are all strings or all ints, or a few simple values and such arrays.

    None for others.
    """
    if not len(value):  # an array may have a truth of its own
        return "[]"
    if len(value) <= _SMALL and depth < _PLAIN_DEPTH:
        return _small_array(value, depth)
    if len(value) > _AT_ONCE:
        texts: list[str] = []
        for at in range(0, len(value), _AT_ONCE):
            text = _plain_array(value[at : at + _AT_ONCE])
            if text is None:
                return None
            texts.append(text[1:-1])
            poll()
        return "[" + ",".join(texts) + "]"
    if type(value[0]) is not type(value[-1]):
        return None
    kinds = set(map(type, value))
    if kinds == _ONLY_BYTES:
        return '["' + '","'.join(_quoted(value)) + '"]'
    return f"[{','.join(map(str, value))}]" if kinds == _ONLY_INTS else None


def _small_array(value: list[Any], depth: int) -> str | None:
    pieces: list[str] = []
    put = pieces.append
    for item in value:
        kind = type(item)
        if kind is int:
            put(str(item))
        elif kind is bytes:
            put(_quote(item.decode("latin-1")))
        elif kind is float:
            put(f"{item:g}")
        elif isinstance(item, Array):
            text = _plain_array(item, depth + 1)
            if text is None:
                return None
            put(text)
        elif item is None:
            put("null")
        elif kind is bool:
            put("true" if item else "false")
        else:
            return None
    return "[" + ",".join(pieces) + "]"


def _plain_dict(value: dict[bytes, Any], keys: _Keys) -> str | None:
    """The text of a dict of simple values and plain arrays, None for others."""
    pieces: list[str] = []
    put = pieces.append
    for key, member in value.items():
        kind = type(member)
        put(keys[key])
        if kind is bytes:
            put(_text(member))
        elif kind is int:
            put(str(member))
        elif kind is float:
            put(f"{member:g}")
        elif member is None:
            put("null")
        elif kind is bool:
            put("true" if member else "false")
        else:
            text = _plain_array(member) if isinstance(member, Array) else None
            if text is None:
                return None
            put(text)
    return "{" + "".join(pieces)[1:] + "}"


def _large_dict(value: dict[bytes, Any]) -> str | None:
    """The text of a dict whose values are all strings or all ints, None for others."""
    values: list[Any] = list(value.values())
    kinds = set(map(type, values))
    if kinds == _ONLY_BYTES:
        entry, values = '"%s":"%s"', _quoted(values)
    elif kinds == _ONLY_INTS:
        entry = '"%s":%s'
    else:
        return None
    return "{" + ",".join(map(entry.__mod__, zip(_quoted(list(value)), values, strict=True))) + "}"


def _members(value: Any) -> Iterator[Any]:
    """The elements of an array, or the (key, value) pairs of another object."""
    if is_array(value):
        return iter(value if len(value) <= _AT_ONCE else poll_every(value))
    if is_dict(value) or is_map(value):
        pairs = dict_items(value) if is_dict(value) else map_items(value)
        return iter(pairs if len(pairs) <= _AT_ONCE else poll_every(pairs))
    try:
        return iterate(value)
    except NotIterable as reason:
        raise _Refused(error, str(reason)) from None


def _encode(value: Any) -> bytes:
    if not is_object(value):
        return _scalar(value).encode("latin-1")
    keys = _Keys()
    whole = _plain(value, keys)
    if whole is not None:
        return whole.encode("latin-1")
    out: list[str] = []
    put = out.append
    # what encloses the object being written: its members still to come, whether it is an array, its identity, and
    # where its text begins
    outer: list[tuple[Iterator[Any], bool, int, int]] = []
    members, listing, identity, start = _members(value), is_array(value), id(value), 0
    busy = {identity}
    countdown = _POLL_EVERY
    while True:
        # every member is written with a comma before it
        for member in members:
            if listing:
                put(",")
                value = member
            else:
                put(keys[member[0]])
                value = member[1]
            kind = type(value)
            if kind is bytes:
                put(_text(value))
            elif kind is int:
                put(str(value))
            elif kind is float or value is None or kind is bool or not is_object(value):
                put(_scalar(value))
            else:
                countdown -= 1
                if not countdown:
                    poll()
                    countdown = _POLL_EVERY
                text = _plain(value, keys)
                if text is not None:
                    put(text)
                    continue
                if id(value) in busy:
                    raise _Refused(warning, "cannot encode recursive data")
                outer.append((members, listing, identity, start))
                members, listing, identity, start = _members(value), is_array(value), id(value), len(out)
                busy.add(identity)
                break
        else:
            # the comma before the first member becomes the bracket
            if start < len(out):
                out[start] = ("[" if listing else "{") + out[start][1:]
            else:
                put("[" if listing else "{")
            put("]" if listing else "}")
            if not outer:
                return _whole(out)
            busy.discard(identity)
            members, listing, identity, start = outer.pop()


def _whole(texts: list[str]) -> bytes:
    if len(texts) <= _AT_ONCE:
        return "".join(texts).encode("latin-1")
    from interp.pieces import gathered

    return gathered("".join(texts[at : at + _AT_ONCE]).encode("latin-1") for at in range(0, len(texts), _AT_ONCE))


@library.function("json_encode( any value )", raw=True)
def json_encode(this: Any, args: tuple[Any, ...]) -> bytes | None:
    """A value as JSON text without white space.

    Functions, pointers and threads at any depth, and data that contains itself: Warning and null. An object without
    an iterator: Error. Reals have 6 significant digits.
    """
    if len(args) != 1:
        return warning(b"function expects 1 argument")
    try:
        return _encode(args[0])
    except _Refused as refused:
        report, text = refused.report, str(refused)
    return report(text)


# --- decoding ---------------------------------------------------------------------------------------------------------

# Python's scanner recurses in C; beyond this depth `_decode_stepwise` takes over.
_SCANNER_DEPTH = 200
_EXACT = 1 << 53
_TO_CONVERT = {str, int, float, list}
# A number of fewer digits is exact as a double.
_LONG_NUMBER = b"0" * 16
_DIGITS_ALIKE = bytes(48 if 48 <= code <= 57 else code for code in range(256))
_INT_END = 2.0**63

_ESCAPE = re.compile(rb"\\(?:u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r]*")
_FOUR_BYTES = re.compile(rb"[\xf0-\xff]")
# What Python's scanner gets at once of a text that limits and interrupts may end, and what is worth a call of it.
_WINDOW = 1 << 17
_SHORT_RUN = 48
# Items of an array that are not containers, each with its comma; the same with names. The scanner judges them.
_PLAIN_ITEM = r'[^",\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^",\[\]{}]*+)?+,'
_ITEMS = re.compile(rf"(?:{_PLAIN_ITEM})*+", re.DOTALL)
_MEMBERS = re.compile(rf'(?:[ \t\n\r]*+"[^"\\]*+(?:\\.[^"\\]*+)*+"[ \t\n\r]*+:{_PLAIN_ITEM})*+', re.DOTALL)
_STEPS = {91: 1, 123: 1, 93: -1, 125: -1}
_NOT_MARKS = bytes(code for code in range(256) if code not in b'[]{}"')


class _Invalid(ValueError):
    """The text is not JSON."""


def _no_constant(name: str) -> None:
    # `NaN` and the infinities are no JSON
    raise _Invalid(name)


def _number(value: float) -> int | float:
    """A number by the rule of section 5.2: the nearest double, int where that is whole and fits."""
    try:
        number = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return int(number) if -_INT_END <= number < _INT_END and number.is_integer() else number


def _half_pair(match: re.Match[bytes]) -> bytes:
    escape = match[0]
    return chr(int(escape[2:], 16)).encode("utf-8", "surrogatepass") if len(escape) > 2 else escape


def _prepare(text: bytes) -> tuple[str, Callable[[str], bytes]]:
    """The text for Python's scanner, and what makes script strings of the strings found in it."""
    if b"\\" in text and (b"\\ud" in text or b"\\uD" in text):
        # Python would join two halves to one character: as bare bytes each keeps its own three
        text = _ESCAPE.sub(_half_pair, text)
    try:
        return text.decode(), str.encode
    except UnicodeDecodeError:
        return text.decode("utf-8", "surrogateescape"), _stray_bytes


def _stray_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _has_few(text: bytes, mark: bytes) -> bool:
    """Whether a byte occurs at most half as often as the scanner may go deep; many are not counted to the end."""
    position = -1
    for _ in range(_SCANNER_DEPTH // 2 + 1):
        position = text.find(mark, position + 1)
        if position < 0:
            return True
    return False


def _is_deep(text: bytes) -> bool:
    """Whether a valid beginning of the text nests deeper than Python's scanner may go."""
    if _has_few(text, b"[") and _has_few(text, b"{"):
        return False
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = text.translate(None, _NOT_MARKS).replace(b'""', b"")
    if b'"' in marks:
        # some string holds brackets: what is outside of strings lies at even places between quotes
        marks = b"".join(text.translate(None, _NOT_MARKS).split(b'"')[::2])
    # each round takes away the innermost level; common data is flat, and then little is left at once
    for _ in range(6):
        marks = marks.replace(b"[]", b"").replace(b"{}", b"")
        if len(marks) <= _SCANNER_DEPTH // 2:
            return False
    return max(accumulate(map(_STEPS.__getitem__, marks)), default=0) > _SCANNER_DEPTH // 2


class _Names(dict):  # type: ignore[type-arg]
    """Name of an entry -> its key; the names of one text, as most occur many times."""

    def __init__(self, to_bytes: Callable[[str], bytes]) -> None:
        super().__init__()
        self._to_bytes = to_bytes

    def __missing__(self, name: str) -> bytes:
        key = self[name] = self._to_bytes(name)
        return key


class _Builder:
    """Makes script values of what Python's scanner finds; every JSON object becomes a clone of the prototype, if any.

    Objects are made while the scanner runs (`make_object` is its hook), arrays with what encloses them.
    """

    def __init__(self, text: bytes, to_bytes: Callable[[str], bytes], prototype: Any) -> None:
        self._text = text
        self._to_bytes = to_bytes
        self._names = _Names(to_bytes)
        self._prototype = prototype
        self._countdown = _POLL_EVERY
        self._make_array = engine().array_type

    @cached_property
    def exact(self) -> bool:
        """Whether every whole number in the text surely is exact as a double."""
        return _LONG_NUMBER not in self._text.translate(_DIGITS_ALIKE)

    def make_object(self, pairs: list[tuple[str, Any]]) -> Any:
        """The script object of scanned (name, value) pairs."""
        to_bytes, names, exact = self._to_bytes, self._names, self.exact
        if len(pairs) > _LARGE:
            keys = map(to_bytes, [name for name, _ in pairs])
            entries = Table(zip(keys, self._converted([value for _, value in pairs]), strict=True))
            return entries if self._prototype is None else self.finish(entries)
        entries = Table()
        # frequent kinds of values are dealt with here: a call for each would double the time
        for name, value in pairs:
            kind = type(value)
            if kind is str:
                entries[names[name]] = to_bytes(value)
            elif kind is int:
                entries[names[name]] = value if exact or -_EXACT <= value <= _EXACT else _number(value)
            elif kind is list:
                entries[names[name]] = self._array(value)
            elif kind is float and value.is_integer():
                entries[names[name]] = _number(value)
            else:
                entries[names[name]] = value
        self._countdown -= 1
        if not self._countdown:
            poll()
            self._countdown = _POLL_EVERY
        return entries if self._prototype is None else self.finish(entries)

    def finish(self, entries: dict[bytes, Any]) -> Any:
        """A script dict, or a clone of the prototype with the entries set."""
        if self._prototype is None:
            return new_dict(entries)
        # an Error inside it ends the script, as in `clone`
        made = cloned(self._prototype)
        if made is None:
            raise _Invalid("the prototype cannot be cloned")
        for key, value in entries.items():
            set_index(made, key, value)
        return made

    def convert(self, found: Any) -> Any:
        """The script value of a scanned one; lists in it are at most `_SCANNER_DEPTH` deep."""
        kind = type(found)
        if kind is str:
            return self._to_bytes(found)
        if kind is list:
            return self._array(found)
        if kind is float or kind is int:
            return _number(found)
        return found

    def _array(self, found: list[Any]) -> Any:
        """The script array; uses up the list, so that old and new lists are not there at the same time."""
        return self._make_array(self._converted(found))

    def _converted(self, found: list[Any]) -> Iterable[Any]:
        if len(found) <= _SMALL:
            return self._small(found)
        if found and type(found[0]) is str:
            try:
                return list(map(self._to_bytes, found))
            except (TypeError, AttributeError):
                pass  # not all of them are strings
        kinds = set(map(type, found))
        if not kinds.isdisjoint(_TO_CONVERT) and (kinds != _ONLY_INTS or not self.exact):
            convert = self.convert
            for index, item in enumerate(found):
                found[index] = convert(item)
        return found

    def _small(self, found: list[Any]) -> list[Any]:
        # a look at each item is quicker than a look at all
        for index, item in enumerate(found):
            kind = type(item)
            if kind is list:
                found[index] = self._make_array(self._converted(item))
            elif kind is str:
                found[index] = self._to_bytes(item)
            elif kind is int:
                if not -_EXACT <= item <= _EXACT:
                    found[index] = _number(item)
            elif kind is float:
                found[index] = _number(item)
        return found


class _Windows:
    """Whole containers found by Python's scanner in one stretch of a text after the other, so that none takes long.

    A container that does not end in its stretch is tried for nothing: after each failure more are passed over.
    """

    def __init__(self, text: str, scan: Callable[[str, int], tuple[Any, int]]) -> None:
        self._text = text
        self._scan = scan
        self._start = self._end = 0
        self._window = ""
        self._skip = self._failures = 0

    def container(self, position: int, builder: _Builder) -> tuple[Any, int] | None:
        """The script value of the container that begins at a position, and where it ends; None when it is too large."""
        if self._skip:
            self._skip -= 1
            return None
        for fresh in (False, True):
            if fresh or position >= self._end:
                self._start, self._end = position, position + _WINDOW
                self._window = self._text[self._start : self._end]
            poll()
            try:
                found, end = self._scan(self._window, position - self._start)
                made = builder.convert(found)
            except (ValueError, StopIteration, RecursionError):
                if self._start == position:
                    break
                continue
            self._failures = 0
            return made, self._start + end
        self._failures = min(self._failures + 1, 10)
        self._skip = (1 << self._failures) - 1
        return None


class _Stretches:
    """Items of a long array, or members of a long object, found by Python's scanner many at a time.

    A stretch is cut at a comma that may be one between items. What the scanner takes for an array (an object) between
    brackets of its own is whole items then: it reads from left to right and never looks behind a value.
    """

    def __init__(self, text: str, scan: Callable[[str, int], tuple[Any, int]]) -> None:
        self._text = text
        self._scan = scan
        self._skip = self._failures = 0

    def take(self, position: int, add: Callable[[Any], None], brackets: str, builder: _Builder) -> int:
        """Adds script values to what encloses them; where the first item begins that is not among them."""
        text = self._text
        while len(text) - position > _WINDOW:
            if self._skip:
                self._skip -= 1
                break
            end = self._cut(position, brackets)
            poll()
            made = None
            try:
                if end > position:
                    found, found_end = self._scan(f"{brackets[0]}{text[position:end]}{brackets[1]}", 0)
                    made = builder.convert(found) if found_end == end - position + 2 else None
            except (ValueError, StopIteration, RecursionError):
                pass
            if not made:
                self._failures = min(self._failures + 1, 10)
                self._skip = (1 << self._failures) - 1
                break
            self._failures = 0
            add(made)
            position = _SPACE.match(text, end + 1).end()  # type: ignore[union-attr]
        return position

    def _cut(self, position: int, brackets: str) -> int:
        """A comma in the stretch that probably stands behind an item like the one that begins here."""
        text, limit = self._text, position + _WINDOW
        if brackets == "{}":
            position = _SPACE.match(text, text.find('":', position, limit) + 2).end()  # type: ignore[union-attr]
        mark = text[position : position + 1]
        if mark == "[":
            # as many brackets as open here may close there
            inner = position
            while inner < position + 8 and text[inner : inner + 1] == "[":
                inner += 1
            endings = ["]" * (inner - position) + ",", "],"]
        else:
            endings = ["},"] if mark == "{" else ['",'] if mark == '"' else []
        for ending in endings:
            end = text.rfind(ending, position, limit)
            if end > 0:
                return end + len(ending) - 1
        return text.rfind(",", position, limit)


def _decode_stepwise(text: str, builder: _Builder, whole: bool) -> Any:
    """The value of a text of any depth and length: brackets are dealt with here, what they hold by Python's scanner.

    whole   whether containers may be left to the scanner where they are not too large
    """
    options: dict[str, Any] = {"parse_constant": _no_constant}
    if not builder.exact:
        options["parse_int"] = float
    scan = json.JSONDecoder(**options).raw_decode
    scan_pairs = json.JSONDecoder(object_pairs_hook=list, **options).decode
    scan_object = json.JSONDecoder(object_pairs_hook=builder.make_object, **options).scan_once  # type: ignore[attr-defined]
    windows = _Windows(text, scan_object) if whole else None
    stretches = _Stretches(text, scan_object) if whole else None

    def skip(position: int) -> int:
        return _SPACE.match(text, position).end()  # type: ignore[union-attr]

    def expect(mark: str, position: int) -> int:
        if text[position : position + 1] != mark:
            raise _Invalid(mark)
        return position + 1

    def scan_key(position: int) -> tuple[bytes, int]:
        expect('"', position)
        name, position = scan(text, position)
        return builder.convert(name), skip(expect(":", skip(position)))

    def run_of_items(position: int, around: list[Any]) -> int:
        if stretches is not None:
            position = stretches.take(position, around.extend, "[]", builder)
        # all but the last one of many plain values in a row
        end = _ITEMS.match(text, position, position + _WINDOW).end()  # type: ignore[union-attr]
        if end - position < _SHORT_RUN:
            return position
        poll()
        found = scan(f"[{text[position : end - 1]}]")[0]
        if not found:
            raise _Invalid("a comma alone")
        around += builder.convert(found)
        return skip(end)

    def run_of_members(position: int, around: dict[bytes, Any]) -> int:
        if stretches is not None:
            position = stretches.take(position, around.update, "{}", builder)
        end = _MEMBERS.match(text, position, position + _WINDOW).end()  # type: ignore[union-attr]
        if end - position < _SHORT_RUN:
            return position
        poll()
        for name, value in scan_pairs(f"{{{text[position : end - 1]}}}"):  # the pattern asks for one at least
            around[builder.convert(name)] = builder.convert(value)
        return skip(end)

    open_values: list[list[Any] | dict[bytes, Any]] = []
    keys: list[bytes] = []
    position = skip(0)
    steps = 0
    while True:
        # a value begins here
        steps += 1
        if not steps & 255:
            poll()
        mark = text[position : position + 1]
        if mark == "[" or mark == "{":
            made = windows.container(position, builder) if windows is not None else None
            if made is not None:
                value, position = made
            else:
                position = skip(position + 1)
                if mark == "[" and text[position : position + 1] != "]":
                    items: list[Any] = []
                    open_values.append(items)
                    position = run_of_items(position, items)
                    continue
                if mark == "{" and text[position : position + 1] != "}":
                    members: dict[bytes, Any] = {}
                    open_values.append(members)
                    key, position = scan_key(run_of_members(position, members))
                    keys.append(key)
                    continue
                value = new_array() if mark == "[" else builder.finish({})
                position += 1
        else:
            found, position = scan(text, position)
            value = builder.convert(found)
        # a value ended here, and with it perhaps those around it
        while True:
            position = skip(position)
            if not open_values:
                if position < len(text):
                    raise _Invalid("more text")
                return value
            around = open_values[-1]
            mark = text[position : position + 1]
            if isinstance(around, list):
                around.append(value)
                if mark == ",":
                    position = run_of_items(skip(position + 1), around)
                    break
                position = expect("]", position)
                value = new_array(around)
            else:
                around[keys.pop()] = value
                if mark == ",":
                    key, position = scan_key(run_of_members(skip(position + 1), around))
                    keys.append(key)
                    break
                position = expect("}", position)
                value = builder.finish(around)
            poll()
            open_values.pop()


def _decode(text: bytes, prototype: Any) -> Any:
    long = len(text) > _WINDOW and is_stoppable()
    if long and not text.isascii():
        charge(len(text) * (4 if _FOUR_BYTES.search(text) else 2))
    prepared, to_bytes = _prepare(text)
    builder = _Builder(text, to_bytes, prototype)
    if long:
        # a clone may run code of the script: each is made once, so nothing is tried out
        return _decode_stepwise(prepared, builder, prototype is None)
    if _is_deep(text):
        return _decode_stepwise(prepared, builder, False)
    options: dict[str, Any] = {"object_pairs_hook": builder.make_object, "parse_constant": _no_constant}
    try:
        if sys.get_int_max_str_digits():
            try:
                return builder.convert(json.JSONDecoder(**options).decode(prepared))
            except (json.JSONDecodeError, _Invalid):
                raise
            except ValueError:
                pass  # a whole number of so many digits that Python does not make an int of it
        # where Python's limit is lifted, ints of many digits would take quadratic time
        return builder.convert(json.JSONDecoder(parse_int=float, **options).decode(prepared))
    except RecursionError:
        pass  # a script deep in calls: go on without recursion
    return _decode_stepwise(prepared, builder, False)


@library.function("json_decode( string text[, any prototype ] )")
def json_decode(text: bytes, prototype: Any) -> Any:
    """The value of a JSON text; null, without a message, when it is not valid.

    With a prototype (an object) every JSON object becomes a clone of it with its entries set; anything else as
    prototype except null: Warning and null.
    """
    if prototype is not None and not is_object(prototype):
        return argument_error(2, "custom object", prototype)
    try:
        return _decode(text, prototype)
    except ValueError:
        return None
