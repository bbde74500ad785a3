"""A bare engine state with the core library in it: natives are called directly, without the compiler.

`Core` holds what scripts would see: globals, array methods, collected output and messages. Script functions are
stood in for by Python functions of the same calling convention (`this` first).
"""

from __future__ import annotations

from typing import Any

from interp.runtime.shapes import array_class
from interp.runtime.state import World, switch
from interp.runtime.values import Array, Record, dict_set
from stdlib.core import arrays, containers, conversion, dump, output, serialize, sgson, system

MODULES = (arrays, containers, conversion, dump, output, serialize, sgson, system)


class Streams:
    """The engine's streams in memory."""

    def __init__(self, incoming: bytes = b"") -> None:
        self.out = b""
        self.err = b""
        self.incoming = incoming

    def output(self, data: bytes) -> None:
        self.out += data

    def errors(self, data: bytes) -> None:
        self.err += data

    def read_line(self) -> bytes:
        line, mark, self.incoming = self.incoming.partition(b"\n")
        return line + mark

    def read_all(self) -> bytes:
        rest, self.incoming = self.incoming, b""
        return rest


class Core:
    """One engine state; `core.name( … )` calls a global, `core.on( array, method, … )` an array method."""

    def __init__(self, incoming: bytes = b"") -> None:
        self.world = World()
        switch(self.world.root)
        self.streams = Streams(incoming)
        self.world.streams = self.streams
        self.world.namespace["$stop"] = False
        methods = self.world.array_meta = Record()
        for name, native in arrays.METHODS.items():
            dict_set(methods, name.encode(), native)
        self.world.array_type = array_class(methods)
        for module in MODULES:
            module.library.install(self.world)
        self.world.symbol_register(b"array", methods)

    def __getattr__(self, name: str) -> Any:
        native = self.world.namespace[name]
        return lambda *args: native(None, *args)

    def on(self, array: Array, method: str, *args: Any) -> Any:
        """Calls an array method."""
        return arrays.METHODS[method](array, *args)

    def array(self, items: Any = ()) -> Array:
        """A new array."""
        made: Array = self.world.array_type(items)
        return made

    def messages(self) -> list[bytes]:
        """The message lines since the last look, without traces."""
        err, self.streams.err = self.streams.err, b""
        return [line for line in err.split(b"\n") if line.startswith((b"Warning: ", b"Error: ", b"Info: "))]

    def output(self) -> bytes:
        """The output since the last look."""
        out, self.streams.out = self.streams.out, b""
        return out
