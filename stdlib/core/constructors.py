"""What serialized data may name: symbols and constructors (chapters 00 B15, 04 sections 7 and 8, 12 section 5).

Rule of this file: data calls only what stands here or what the host added to `slots[ "data_constructors" ]`; every
other name is as if there were no such function.
"""

from __future__ import annotations

from types import FunctionType

from interp.library import call, engine, is_object, new_array, type_name
from interp.runtime.values import Pointer, map_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from interp.runtime.values import Object

_ALLOWED = frozenset(
    b"array array_sized dict map event closure sym_get socket_address socket_address_unix string_utf8_iterator".split()
)

# Nulls that a piece of data may ask for beyond its own length, all its `array_sized` calls together.
_SPARE_ITEMS = 65_536


class TooLarge(Exception):
    """The data asks for more memory than its size can justify."""


def symbol_of(value: Any, pointers: bool = False) -> bytes | None:
    """The name under which an object, function or thread travels, with `pointers` a pointer too; None: it has none."""
    kind = type(value)
    if kind is Pointer and not pointers:
        return None
    if is_object(value) or kind is FunctionType or kind is Pointer or type_name(value) == "thread":
        return engine().symbol_names.get(map_key(value))
    return None


def find(name: bytes) -> Any:
    """The function behind a constructor's name, None where data may not call one of that name."""
    world = engine()
    key = name.decode("latin-1")
    if name not in _ALLOWED:
        added = world.slots.get("data_constructors", ())
        if name not in added and key not in added:
            return None
    value = world.symbol_values.get(name)
    return world.namespace.get(key) if value is None else value


def constructor_call(value: Object) -> tuple[bytes, tuple[Any, ...]] | None:
    """Name and arguments of the call that makes a library object again, None where it cannot be saved.

    The constructor is the global named like the type, or as the object's attribute `constructor` says.
    """
    args = value.serialize_args()
    if args is None:
        return None
    name: str = getattr(value, "constructor", value.type_name)
    return name.encode(), args


class Construction:
    """The constructor calls of one piece of data of `size` bytes."""

    def __init__(self, size: int) -> None:
        self.spare = size + _SPARE_ITEMS

    def make(self, name: bytes, args: list[Any]) -> Any:
        """What a constructor gives; null where there is none, with the message of calling null. Raises `TooLarge`."""
        if name == b"array":
            return new_array(args)
        if name == b"array_sized" and args and type(args[0]) is int and args[0] >= 0:
            self.spare -= args[0]
            if self.spare < 0:
                raise TooLarge
        return call(find(name), None, *args)
