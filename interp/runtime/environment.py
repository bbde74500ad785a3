"""The global environment: `_G` as a live view of the namespace, missing names, replacing the whole table.

Rules of this file: script globals are entries of the engine's namespace dict whose names hold no `$` (four names that
Python needs carry one at the end); everything else in the namespace is invisible to scripts.
"""

from __future__ import annotations

from .messages import warning
from .values import ATTR, KEY, MISSING, LiveMap, LiveRecord, LiveTable, Record, Table, dict_items, map_items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .state import World

_RESERVED = frozenset(("None", "True", "False", "__debug__", "__builtins__"))


def python_name(name: bytes) -> str:
    """The namespace key of a global."""
    text = name.decode("latin-1")
    return text + "$" if text in _RESERVED else text


def _visible(key: str) -> bytes | None:
    if "$" not in key:
        return None if key == "__builtins__" else key.encode("latin-1")
    if key[:-1] in _RESERVED:
        return key[:-1].encode("latin-1")
    return None


class MissingGlobals(dict):  # type: ignore[type-arg]
    """Python's builtins of all script code: a name that is not there is a Warning and null."""

    def __missing__(self, name: str) -> Any:
        if name[:1] == "$":
            raise KeyError(name)
        shown = name[:-1] if name[-1:] == "$" else name
        warning(b"variable '%b' was not found" % shown.encode("latin-1"))
        return None


def global_get(world: World, name: bytes) -> Any:
    """A global's value or MISSING, without a message."""
    if name[:1] == b"$":
        return MISSING
    return world.namespace.get(python_name(name), MISSING)


def global_items(world: World) -> list[tuple[bytes, Any]]:
    items = []
    for key, value in list(world.namespace.items()):
        name = _visible(key)
        if name is not None:
            items.append((name, value))
    return items


class Namespace:
    """The script globals as a mapping of names (bytes): the home of `_G` and of what is assigned to it.

    With `attributes` the keys are attribute names, as a record's `__dict__` has them.
    """

    __slots__ = ("_attributes", "_world")

    def __init__(self, world: World, attributes: bool = False) -> None:
        self._world = world
        self._attributes = attributes

    def _name(self, key: Any) -> str | None:
        if self._attributes:
            key = KEY[key]
        return python_name(key) if type(key) is bytes and b"$" not in key else None

    def get(self, key: Any, default: Any = None) -> Any:
        name = self._name(key)
        return default if name is None else self._world.namespace.get(name, default)

    def __getitem__(self, key: Any) -> Any:
        return self.get(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        name = self._name(key)
        if name is not None:
            self._world.namespace[name] = value

    def pop(self, key: Any, default: Any = None) -> Any:
        name = self._name(key)
        return default if name is None else self._world.namespace.pop(name, default)

    def __contains__(self, key: Any) -> bool:
        return self.get(key, MISSING) is not MISSING

    def items(self) -> list[tuple[Any, Any]]:
        items = global_items(self._world)
        return [(ATTR[name], value) for name, value in items] if self._attributes else items  # type: ignore[misc]

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self.items()])

    def __len__(self) -> int:
        return len(global_items(self._world))


def make_view(world: World) -> LiveMap:
    """`_G` of a new engine."""
    view = LiveMap()
    view._meta = Namespace(world)
    view._mm = False
    return view


def replace_globals(world: World, value: Any) -> None:
    """`_G = value`: the entries of the table alone are globals from now on, and the table is their live view."""
    if value is world.globals_view:
        return
    namespace = world.namespace
    if isinstance(value, (Record, Table)):
        items: list[tuple[Any, Any]] = dict_items(value)
    else:
        items = map_items(value)
    for name, _ in global_items(world):
        namespace.pop(python_name(name), None)
    for key, item in items:
        if type(key) is bytes and b"$" not in key:
            namespace[python_name(key)] = item
    if isinstance(value, Record):
        value.__dict__.clear()
        value.__class__ = type("dict", (LiveRecord,), {"home": Namespace(world, attributes=True)})
    else:
        value.clear()
        value.__class__ = LiveTable if isinstance(value, Table) else LiveMap
        object.__setattr__(value, "_meta", Namespace(world))
    world.globals_view = value
