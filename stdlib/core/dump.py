"""Variable dumps: `printvar` and its family (chapters 03 section 11.1 and 04 section 4.2).

Rules of this file: dumps see the native contents only, no metamethod or meta-object; nesting is on a list of our own,
so that self-containing objects end at the depth and not at the host's stack.
"""

from __future__ import annotations

from interp.library import Library, Pointer, Spec, engine, poll
from interp.runtime.convert import text
from interp.runtime.functions import captured, cell_value
from interp.runtime.kinds import FunctionType
from interp.runtime.values import Array, Map, Object, Record, Table, dict_items, is_closure, is_native, map_items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    # what stands on a line: whether it starts one, its label, its value
    Part = tuple[bool, bytes, Any]
    # an open container: its parts, closing bracket, indentation of the parts, depth for them
    Level = tuple[Iterator[Part], bytes, bytes, int]

library = Library("core-dump", doc="Variable dumps")

# Where a string's dump, header included, stops.
_STRING_LIMIT = 512
# Indentation makes a dump grow with the square of its depth; beyond this it would be no use to anyone.
_MAX_DEPTH = 4096

_ESCAPED = [bytes((code,)) if 0x20 <= code <= 0x7E else b"\\x%02X" % code for code in range(256)]


def _string(value: bytes) -> bytes:
    parts = [b'string [%d] "' % len(value)]
    size = len(parts[0])
    for code in value[:_STRING_LIMIT]:
        if size >= _STRING_LIMIT:
            parts.append(b"...")
            break
        escaped = _ESCAPED[code]
        parts.append(escaped)
        size += len(escaped)
    parts.append(b'"')
    return b"".join(parts)


def _key(value: bytes) -> bytes:
    return b"".join([_ESCAPED[code] for code in value])


def _address(number: int) -> bytes:
    return b"0x%x" % number if number else b"(nil)"


def _identity(thing: Any) -> bytes:
    return _address(engine().identities.number(thing))


def _function(function: Any) -> bytes:
    code = function.__code__
    name = code.co_name.encode()
    shown = b"<anonymous>" if name == b"<anonymous function>" else b"'%b'" % name
    place = b" defined at %b:%d" % (code.co_filename.encode("utf-8", "surrogateescape"), code.co_firstlineno)
    return b"SGS function " + shown + (place if code.co_filename else b"")


def _line(value: Any, depth: int) -> bytes | None:
    """The dump of a value without parts of its own; None for containers and closures."""
    kind = type(value)
    if value is None:
        return b"null"
    if kind is bytes:
        return _string(value)
    if kind is bool or kind is int or kind is float:
        return b"%b (%b)" % (_PLAIN_NAMES[kind], text(value))
    if kind is FunctionType:
        if is_closure(value):
            return None
        return b"C function (%b)" % _identity(value) if is_native(value) else _function(value)
    if kind is Pointer:
        return b"pointer (%b)" % _address(value.address)
    if isinstance(value, (Array, Table, Record, Map)):
        return None
    if isinstance(value, Object):
        made = value.dump(depth)
        if made is not None:
            return made
        return b"object (%b) [1] %b" % (_identity(value), value.type_name.encode())
    return b"thread (%b)" % _identity(value)


_PLAIN_NAMES = {bool: b"bool", int: b"int", float: b"real"}
_NO_VALUE: Any = object()


def _array_parts(items: list[Any]) -> Iterator[Part]:
    for item in items:
        yield True, b"", item


def _dict_parts(entries: list[tuple[bytes, Any]]) -> Iterator[Part]:
    for key, item in entries:
        yield True, _key(key) + b" = ", item


def _map_parts(entries: list[tuple[Any, Any]]) -> Iterator[Part]:
    for key, item in entries:
        if type(key) is bytes:
            yield True, _key(key) + b" = ", item
        else:
            yield True, b"", key
            yield False, b" = ", item


def _closure_parts(function: Any) -> Iterator[Part]:
    yield True, b"func: " + _function(function), _NO_VALUE
    for index, cell in enumerate(captured(function)):
        yield True, b"#%d (rc=1): " % index, cell_value(cell)


def _open(value: Any) -> tuple[bytes, bytes, bytes, Iterator[Part]]:
    """Header, brackets and parts of a container or closure."""
    if isinstance(value, Array):
        return b"array (%d)" % len(value), b"[", b"]", _array_parts(list(value))
    if isinstance(value, Map):
        items = map_items(value)
        return b"map (%d)" % len(items), b"{", b"}", _map_parts(items)
    if type(value) is FunctionType:
        return b"closure", b"{", b"}", _closure_parts(value)
    entries = dict_items(value)
    return b"dict (%d)" % len(entries), b"{", b"}", _dict_parts(entries)


def dump(value: Any, depth: int) -> bytes:
    """The dump of a value, without a newline at the end."""
    if depth <= 0:
        return b"..."
    out: list[bytes] = []
    levels: list[Level] = []
    _begin(value, min(depth, _MAX_DEPTH), b"\n", out, levels)
    steps = 0
    while levels:
        steps += 1
        if not steps & 1023:
            poll()
        parts, closing, indent, left = levels[-1]
        part = next(parts, None)
        if part is None:
            levels.pop()
            out.append(closing)
            continue
        new_line, label, item = part
        out.append(indent + label if new_line else label)
        if item is not _NO_VALUE:
            _begin(item, left, indent, out, levels)
    from interp.pieces import join

    return join(b"", out)


def _begin(value: Any, depth: int, indent: bytes, out: list[bytes], levels: list[Level]) -> None:
    """Writes a value where it has no parts, else its header; the parts become a new level."""
    line = _line(value, depth)
    if line is not None:
        out.append(line.replace(b"\n", indent))
        return
    header, opening, closing, parts = _open(value)
    out.append(header + indent + opening)
    if depth == 1:
        out.append(indent + b"  ..." + indent + closing)
    else:
        levels.append((parts, indent + closing, indent + b"  ", depth - 1))


# --- functions --------------------------------------------------------------------------------------------------------


@library.function("printvar( ... )", raw=True, multi=True)
def printvar(this: Any, values: tuple[Any, ...]) -> tuple[()]:
    """`printvar( ... )`: writes the dump of each value to depth 5 and a newline."""
    for value in values:
        engine().streams.output(dump(value, 5) + b"\n")
    return ()


_EXT = Spec("dumpvar_ext", "dumpvar_ext( any v[, int depth = 5] )", None, None, True, False, None, {})


@library.function("printvar_ext( any v[, int depth = 5] )", raw=True, multi=True)
def printvar_ext(this: Any, args: tuple[Any, ...]) -> tuple[()]:
    """`printvar_ext( v[, depth = 5 ] )`: writes the dump of one value and a newline; nothing without arguments."""
    loaded = _EXT.load(args) if args else None
    if loaded is not None:
        engine().streams.output(dump(*loaded) + b"\n")
    return ()


@library.function("dumpvar_ext( any v[, int depth = 5] )", raw=True, multi=True)
def dumpvar_ext(this: Any, args: tuple[Any, ...]) -> tuple[bytes, ...]:
    """`dumpvar_ext( v[, depth = 5 ] )`: the dump of one value, without a newline; nothing without arguments."""
    loaded = _EXT.load(args) if args else None
    return () if loaded is None else (dump(*loaded),)


@library.function("dumpvar( ... )", raw=True, multi=True)
def dumpvar(this: Any, values: tuple[Any, ...]) -> tuple[bytes, ...]:
    """`dumpvar( ... )`: what `printvar` would write; nothing without arguments."""
    from interp.pieces import join

    return (join(b"", [dump(value, 5) + b"\n" for value in values]),) if values else ()
