"""Writing the binary streams of `serialize`: mode 1, a stack machine's, and mode 2, numbered variables (04 section 7).

Rules of this file: nesting is kept on lists of our own, never on the host's stack; a value that cannot be saved ends
the writing with one message, and the result is null.
"""

from __future__ import annotations

import struct
from types import FunctionType

from interp.library import Pointer, engine, error, is_object, poll, type_name, warning
from interp.pieces import join
from interp.runtime.functions import captured, cell_value
from interp.runtime.shapes import meta_of
from interp.runtime.values import Array, Map, Object, Record, Table, dict_items, is_native, map_items, map_key

from .constructors import constructor_call, symbol_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import Any

_I32 = struct.Struct("<i").pack
_I64 = struct.Struct("<q").pack
_F64 = struct.Struct("<d").pack

# What begins the code of a script function in a stream of ours: its source text follows.
SOURCE_MARK = b"SGT\0"


class _Unsupported(Exception):
    """A value that the format cannot hold."""


def _record(value: Any) -> bytes | None:
    """The basic value record (section 7.1), None for what has none."""
    kind = type(value)
    if value is None:
        return b"P\x00"
    if kind is bool:
        return b"P\x01\x01" if value else b"P\x01\x00"
    if kind is int:
        return b"P\x02" + _I64(value)
    if kind is float:
        return b"P\x03" + _F64(value)
    if kind is bytes:
        return b"P\x04" + _I32(len(value)) + bytes(value)
    return None


def _function_record(function: Any) -> bytes | None:
    """The record of a script function without a symbol, for a closure that of its text: None where there is none."""
    source_of = engine().slots.get("function_source")
    source: bytes | None = source_of(function) if source_of is not None else None
    if source is None:
        return None
    code = SOURCE_MARK + source
    return b"P\x05" + _I32(len(code)) + code


def _name(name: bytes) -> bytes:
    return bytes((len(name),)) + name + b"\0"


# --- mode 1 -----------------------------------------------------------------------------------------------------------


def write_stack(value: Any) -> bytes | None:
    """The mode 1 stream of a value. Errors: values it cannot hold, containers that hold themselves (null)."""
    try:
        return _write_stack(value)
    except _Unsupported as reason:
        return error(str(reason))


def _write_stack(value: Any) -> bytes:
    out: list[bytes] = []
    path: set[int] = set()
    # open containers: parts still to write, the command after them, the container
    levels: list[tuple[Iterator[Any], bytes, Any]] = [(iter((value,)), b"", None)]
    steps = 0
    while levels:
        steps += 1
        if not steps & 1023:
            poll()
        parts, command, container = levels[-1]
        try:
            item = next(parts)
        except StopIteration:
            levels.pop()
            path.discard(id(container))
            out.append(command)
            continue
        record = _record(item)
        if record is None:
            symbol = symbol_of(item)
            if symbol is not None:
                record = b"P\x04" + _I32(len(symbol)) + symbol + b"S"
            elif not is_object(item):
                record = _stack_function(item)
        if record is not None:
            out.append(record)
            continue
        if id(item) in path:
            raise _Unsupported("recursion detected")
        path.add(id(item))
        name, content = _stack_parts(item)
        levels.append((iter(content), b"C" + _I32(len(content)) + _name(name), item))
    return join(b"", out)


def _stack_function(value: Any) -> bytes:
    if type(value) is FunctionType and not is_native(value):
        record = _function_record(value)
        if record is not None:
            return record
    what = "pointer" if type(value) is Pointer else "thread"
    if type(value) is FunctionType:
        what = "C function" if is_native(value) else "function"
    raise _Unsupported(f"serialization mode 1 does not support {what} serialization")


def _stack_parts(value: Any) -> tuple[bytes, list[Any]]:
    """The constructor's name and arguments."""
    if isinstance(value, Array):
        return b"array", list(value)
    if isinstance(value, Map):
        return b"map", [part for pair in map_items(value) for part in pair]
    if isinstance(value, (Table, Record)):
        return b"dict", [part for pair in dict_items(value) for part in pair]
    made = constructor_call(value) if isinstance(value, Object) else None
    if made is None:
        raise _Unsupported(f"cannot serialize object of type '{type_name(value)}'")
    return made[0], list(made[1])


# --- mode 2 -----------------------------------------------------------------------------------------------------------


def write_variables(value: Any) -> bytes | None:
    """The mode 2 stream of a value; identity and cycles are kept. Values it cannot hold: Warning, null."""
    try:
        return _VariableWriter().write(value)
    except _Unsupported as reason:
        return warning(str(reason))


class _VariableWriter:
    """One stream: its commands so far and the number of each value in it."""

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.numbers: dict[Any, int] = {}
        self.cells: dict[int, int] = {}
        self.count = 0

    def write(self, value: Any) -> bytes:
        """The whole stream. Objects are coroutines that hand out their parts and get the parts' numbers."""
        number = self.simple(value)
        writers = [] if number is not None else [self.object(value)]
        steps = 0
        while writers:
            steps += 1
            if not steps & 1023:
                poll()
            try:
                # a fresh generator takes only None, and that is what `simple` gave for its object
                part = writers[-1].send(number)
            except StopIteration as end:
                writers.pop()
                number = end.value
                continue
            number = self.simple(part)
            if number is None:
                writers.append(self.object(part))
        assert number is not None
        return join(b"", self.out) + b"R" + _I32(number)

    def command(self, command: bytes) -> int:
        """Writes a command that makes a variable; its number."""
        self.out.append(command)
        self.count += 1
        return self.count - 1

    def simple(self, value: Any) -> int | None:
        """The number of a value that was written before or has no parts; None for a new object."""
        key = map_key(value)
        number = self.numbers.get(key)
        if number is not None:
            return number
        record = _record(value)
        if record is None:
            symbol = symbol_of(value)
            if symbol is not None:
                named = self.simple(symbol)
                assert named is not None
                record = b"S" + _I32(named)
            elif is_object(value):
                return None
            else:
                record = self.function(value)
        number = self.numbers[key] = self.command(record)
        return number

    def function(self, value: Any) -> bytes:
        """The record of a function; pointers and threads have none."""
        if type(value) is FunctionType:
            if is_native(value):
                raise _Unsupported("Cannot serialize C functions")
            record = _function_record(value)
            if record is None:
                raise _Unsupported("Cannot serialize functions")
            return record
        raise _Unsupported("Cannot serialize pointers" if type(value) is Pointer else "Cannot serialize threads")

    def object(self, value: Any) -> Generator[Any, Any, int]:
        """Writes an object without a symbol; gives its number."""
        library_object = isinstance(value, Object)
        made = constructor_call(value) if library_object else None
        if library_object and made is None:
            raise _Unsupported(f"Cannot serialize object of type '{type_name(value)}'")
        meta = -1
        linked = meta_of(value)[0]
        if linked is not None:
            meta = yield linked
            if map_key(value) in self.numbers:  # the meta-object holds the object itself
                return self.numbers[map_key(value)]
        if type(value) is FunctionType:
            return (yield from self.closure(value))
        args: list[int] = []
        if isinstance(value, Array):
            name = b"array_sized"
            args.append((yield len(value)))
        elif made is not None:
            name = made[0]
            for arg in made[1]:
                args.append((yield arg))
        else:
            name = b"map" if isinstance(value, Map) else b"dict"
        head = b"O" + _I32(len(args)) + bytes((len(name), bool(value.mm))) + _I32(meta)
        number = self.numbers[value] = self.command(head + b"".join(map(_I32, args)) + name + b"\0")
        entries = self.entries(value)  # a variable, where the account of memory finds them
        for key, item in entries:
            at = yield key
            what = yield item
            self.out.append(b"[" + _I32(number) + _I32(at) + _I32(what))
        return number

    def closure(self, value: Any) -> Generator[Any, Any, int]:
        """Writes a closure: the text once for all closures made of it, each captured variable once."""
        cells = captured(value)
        record = _function_record(value)
        if record is None:
            raise _Unsupported(f"Cannot serialize object of type '{type_name(value)}'")
        number = self.numbers[map_key(value)] = self.command(b"Q" + _I32(len(cells)))
        text = self.numbers.get(value.__code__)
        if text is None:
            text = self.numbers[value.__code__] = self.command(record)
        self.out.append(b"f" + _I32(number) + _I32(text))
        for slot, cell in enumerate(cells):
            held = self.cells.get(id(cell))
            if held is None:
                what = yield cell_value(cell)
                # the value may have led here again
                held = self.cells.get(id(cell))
                if held is None:
                    held = self.cells[id(cell)] = self.command(b"C" + _I32(what))
            self.out.append(b"<" + _I32(slot) + _I32(number) + _I32(held))
        return number

    def entries(self, value: Any) -> Iterable[tuple[Any, Any]]:
        """The (key, value) pairs that are set after the construction."""
        if isinstance(value, Array):
            return enumerate(value)
        if isinstance(value, Map):
            return map_items(value)
        return dict_items(value) if isinstance(value, (Table, Record)) else []
