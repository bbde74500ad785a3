"""Reading the binary streams of `unserialize`, modes 1 and 2 (chapter 04 sections 7.1 to 7.5).

Rules of this file: a stream is untrusted. It calls only the constructors of `constructors.py`, it writes only to
objects it has made itself, without hooks, and what it allocates is bounded by its own size. Every fault is a Warning
and null.
"""

from __future__ import annotations

import struct
from types import CellType, FunctionType

from interp.library import Pointer, engine, is_object, poll, warning
from interp.runtime.functions import captured_names, with_captured
from interp.runtime.shapes import set_meta
from interp.runtime.values import Array, Map, Object, Record, Table, dict_set, is_closure, map_key

from .constructors import Construction, TooLarge, find
from .containers import fits_dict
from .guard import safe_text
from .stream_write import SOURCE_MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_I32 = struct.Struct("<i").unpack_from
_I64 = struct.Struct("<q").unpack_from
_F64 = struct.Struct("<d").unpack_from


class _Fault(Exception):
    """The stream cannot be read; the text is the message's, without its beginning."""


_INCOMPLETE = ": incomplete data"
_BAD = ": error in data"
_NO_OBJECT = ": could not create object from function"


def read_stack(data: bytes) -> Any:
    """The value of a mode 1 stream; null after the Warning for a faulty one."""
    return _read(_StackReader(data).read)


def read_variables(data: bytes) -> Any:
    """The value of a mode 2 stream; null after the Warning for a faulty one, and without `R`."""
    return _read(_VariableReader(data).read)


def _read(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except _Fault as fault:
        return warning(b"failed to unserialize" + fault.args[0])


class _Reader:
    """The position in a stream and what both modes share."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.steps = 0
        self.construction = Construction(len(data) // 13)
        self.made: dict[int, Any] = {}

    def take(self, size: int) -> bytes:
        """The next bytes."""
        end = self.position + size
        if size < 0:
            raise _fault(_BAD)
        if end > len(self.data):
            raise _fault(_INCOMPLETE)
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def command(self) -> int:
        """The next command byte, -1 at the end."""
        self.steps += 1
        if not self.steps & 1023:
            poll()
        if self.position >= len(self.data):
            return -1
        self.position += 1
        return self.data[self.position - 1]

    def number(self) -> int:
        """The next 32-bit integer."""
        return _I32(self.take(4))[0]

    def value(self) -> Any:
        """The rest of a basic value record."""
        kind = self.take(1)[0]
        if kind == 0:
            return None
        if kind == 1:
            return self.take(1) != b"\0"
        if kind == 2:
            return _I64(self.take(8))[0]
        if kind == 3:
            return _F64(self.take(8))[0]
        if kind == 4:
            return self.take(self.number())
        if kind == 5:
            return _function(self.take(self.number()))
        raise _fault(_BAD)

    def symbol(self, name: Any) -> Any:
        """The symbol of a name."""
        if type(name) is not bytes:
            raise _fault(": could not map name to symbol")
        symbols = engine().symbol_values
        if name not in symbols:
            raise _fault(b": could not map name (%b) to symbol" % name)
        return symbols[name]

    def construct(self, name: bytes, args: list[Any]) -> Any:
        """What a constructor gives."""
        if name != b"array" and find(name) is None:
            raise _fault(_NO_OBJECT)
        try:
            made = self.construction.make(name, args)
        except TooLarge:
            raise _fault(_NO_OBJECT) from None
        if isinstance(made, (Array, Table, Record, Map, Object)) and name != b"sym_get":
            if id(made) in self.made:
                raise _fault(_NO_OBJECT)  # a host's constructor gave the same object twice
            self.made[id(made)] = made
        return made

    def store(self, target: Any, key: Any, value: Any, is_index: bool) -> None:
        """Sets an entry of an object that this stream has made."""
        if id(target) not in self.made:
            raise _fault(_BAD)
        if isinstance(target, Array):
            if not is_index or type(key) is not int or not 0 <= key < len(target):
                raise _fault(_BAD)
            list.__setitem__(target, key, value)  # whatever its meta-object is
        elif isinstance(target, Map):
            dict.__setitem__(target, map_key(key), value)
        elif isinstance(target, (Table, Record)):
            if fits_dict(key):
                dict_set(target, safe_text(key), value)
        elif not target.own_set(key, value, not is_index):
            raise _fault(_BAD)


# How many numbers follow a command of mode 2, where that does not depend on them.
_SIZES = {46: 3, 67: 1, 81: 1, 82: 1, 83: 1, 91: 3, 102: 2}


def _takes(closure: Any, slot: int) -> bool:
    return type(closure) is FunctionType and is_closure(closure) and 0 <= slot < len(captured_names(closure))


def _fault(text: bytes | str) -> _Fault:
    return _Fault(text if isinstance(text, bytes) else text.encode())


def _function(code: bytes) -> Any:
    """A script function from the source text in a stream, when the engine can make one."""
    compile_source = engine().slots.get("function_from_source")
    if not code.startswith(SOURCE_MARK) or compile_source is None:
        raise _fault(" function: incomplete data")
    function = compile_source(code[len(SOURCE_MARK) :])
    if function is None:
        raise _fault(" function: error in data")
    return function


class _StackReader(_Reader):
    """Mode 1: the value on top of the stack at the end."""

    def read(self) -> Any:
        stack: list[Any] = []
        while (command := self.command()) >= 0:
            if command == 80:  # P
                stack.append(self.value())
            elif command == 67:  # C
                count = self.number()
                name = self.take(self.take(1)[0] + 1)[:-1]
                if not 0 <= count <= len(stack):
                    raise _fault(_BAD)
                args = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                stack.append(self.construct(name, args))
            elif command == 83:  # S
                if not stack:
                    raise _fault(_BAD)
                stack.append(self.symbol(stack.pop()))
            elif command in (46, 91):  # . [
                if len(stack) < 3:
                    raise _fault(_BAD)
                value = stack.pop()
                key = stack.pop()
                self.store(stack[-1], key, value, command == 91)
            else:
                raise _fault(_BAD)
        if not stack:
            raise _fault(_INCOMPLETE)
        return stack[-1]


class _Unfinished:
    """What is no value: a closure that has no function yet (its number of captured variables), or a captured cell."""

    def __init__(self, count: int = 0, cell: CellType | None = None) -> None:
        self.count = count
        self.cell = cell


class _VariableReader(_Reader):
    """Mode 2: the variable that `R` names.

    A closure of the host cannot change its cells, but a cell its content: which cell goes where is read ahead at the
    first closure, and `f` makes the closure complete.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.variables: list[Any] = []
        self.slots: dict[int, dict[int, CellType]] | None = None
        self.cells: dict[int, CellType] = {}

    def variable(self) -> Any:
        """The variable whose number comes next."""
        value = self.variables[self.index()]
        if type(value) is _Unfinished:
            raise _fault(_BAD)
        return value

    def index(self) -> int:
        """The next number of a variable."""
        number = self.number()
        if not 0 <= number < len(self.variables):
            raise _fault(_BAD)
        return number

    def read(self) -> Any:
        result = None
        variables = self.variables
        while (command := self.command()) >= 0:
            if command == 80:  # P
                variables.append(self.value())
            elif command == 83:  # S
                variables.append(self.symbol(self.variable()))
            elif command == 79:  # O
                variables.append(self.object())
            elif command in (46, 91):  # . [
                target, key, value = self.variable(), self.variable(), self.variable()
                self.store(target, key, value, command == 91)
            elif command == 82:  # R
                result = self.variable()
            elif command == 81:  # Q
                if self.slots is None:
                    self.read_ahead()
                variables.append(_Unfinished(count=self.number()))
            elif command == 102:  # f
                self.closure(self.index(), self.variable())
            elif command == 67:  # C
                value = self.variable()
                cell = self.cells.setdefault(len(variables), CellType())
                cell.cell_contents = value
                variables.append(_Unfinished(cell=cell))
            elif command == 60:  # <
                slot, closure, cell = self.number(), self.variables[self.index()], self.variables[self.index()]
                if type(cell) is not _Unfinished or cell.cell is None or not _takes(closure, slot):
                    raise _fault(_BAD)
            else:
                raise _fault(_BAD)
        return result

    def closure(self, number: int, function: Any) -> None:
        """Gives a closure its function; that of a text without `use` captures nothing."""
        empty = self.variables[number]
        names = captured_names(function) if type(function) is FunctionType and is_closure(function) else None
        if type(empty) is not _Unfinished or empty.cell is not None or names is None or len(names) != empty.count:
            raise _fault(_BAD)
        slots = (self.slots or {}).get(number, {})
        self.variables[number] = with_captured(function, [slots.get(slot) or CellType() for slot in range(len(names))])

    def read_ahead(self) -> None:
        """Finds out which cells the rest of the stream puts where."""
        position = self.position
        self.slots = {}
        pairs = []
        count = len(self.variables)
        self.position -= 1
        while (command := self.command()) >= 0:
            if command == 60:
                slot, closure, cell = self.number(), self.number(), self.number()
                pairs.append((slot, closure, cell))
            elif command == 80:
                kind = self.take(1)[0]
                self.take(self.number() if kind > 3 else (0, 1, 8, 8)[kind])
            elif command == 79:
                arguments = self.number()
                length = self.take(2)[0]
                self.take(4 + 4 * arguments + length + 1)
            else:
                self.take(4 * _SIZES.get(command, 0))
            count += command in b"PSOQC"
            if command == 67:
                self.cells[count - 1] = CellType()
        for slot, closure, number in pairs:
            if number in self.cells:
                self.slots.setdefault(closure, {})[slot] = self.cells[number]
        self.position = position

    def object(self) -> Any:
        """The rest of an `O`: a new object with its switch and meta-object."""
        count = self.number()
        length, switch = self.take(2)
        meta_number = self.number()
        if not 0 <= count <= len(self.data) // 4:
            raise _fault(_BAD)
        args = [self.variable() for _ in range(count)]
        name = self.take(length + 1)[:-1]
        if not -1 <= meta_number < len(self.variables):
            raise _fault(_BAD)
        made = self.construct(name, args)
        if id(made) not in self.made:
            raise _fault(_NO_OBJECT)
        meta = None if meta_number < 0 else self.variables[meta_number]
        if meta is not None and (not is_object(meta) or isinstance(meta, Pointer)):
            raise _fault(_BAD)
        if made.meta is not meta or bool(made.mm) != bool(switch):
            set_meta(made, meta, bool(switch))
        return made
