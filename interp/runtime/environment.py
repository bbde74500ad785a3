"""The global environment: `_G` as a live view of the namespace, missing names, replacing the whole table.

Rules of this file: script globals are entries of the engine's namespace dict whose names hold no `$` (four names that
Python needs carry one at the end); everything else in the namespace is invisible to scripts.
"""

from __future__ import annotations

from .messages import warning
from .shapes import go_live, go_plain
from .values import ATTR, KEY, MISSING, LiveMap, Record, Table, dict_items, map_items, map_key

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
    key = python_name(name)
    world.need((key,))
    return world.namespace.get(key, MISSING)


def global_items(world: World) -> list[tuple[bytes, Any]]:
    """Names and values of all globals: those of the core first, whenever they were made, the others as they came."""
    world.need(None)
    namespace, core = world.namespace, world.core_names
    keys = [*(key for key in core if key in namespace), *(key for key in namespace if key not in core)]
    return [(name, namespace[key]) for key in keys if (name := _visible(key)) is not None]


class Namespace:
    """The script globals as a mapping of names (bytes): the home of `_G` and of what is assigned to it.

    With `attributes` the keys are attribute names, as a record's `__dict__` has them.
    """

    __slots__ = ("_attributes", "_others", "_world", "meta", "mm")

    def __init__(self, world: World, attributes: bool = False) -> None:
        self.meta: Any = None
        self.mm = False
        self._world = world
        self._attributes = attributes
        self._others: dict[Any, Any] = {}  # entries whose keys cannot be names of globals, by encoded key

    def _place(self, key: Any) -> tuple[dict[Any, Any], Any]:
        """The Python dict that an entry lives in, and its key there."""
        if self._attributes:
            key = KEY[key]
        if type(key) is bytes and b"$" not in key:
            name = python_name(key)
            self._world.need((name,))
            return self._world.namespace, name
        return self._others, key if type(key) is tuple else map_key(key)

    def get(self, key: Any, default: Any = None) -> Any:
        home, name = self._place(key)
        return home.get(name, default)

    def __getitem__(self, key: Any) -> Any:
        return self.get(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        home, name = self._place(key)
        home[name] = value

    def pop(self, key: Any, default: Any = None) -> Any:
        home, name = self._place(key)
        if home is self._world.namespace:
            forget(self._world)
        return home.pop(name, default)

    def __contains__(self, key: Any) -> bool:
        return self.get(key, MISSING) is not MISSING

    def items(self) -> list[tuple[Any, Any]]:
        items = [*global_items(self._world), *self._others.items()]
        return [(ATTR[name], value) for name, value in items] if self._attributes else items

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self.items()])

    def __len__(self) -> int:
        return len(self.items())


def forget(world: World) -> None:
    """A global goes away: from here on code that only wants to look at a global cannot rely on its being there."""
    world.namespace["$whole"] = False


def make_view(world: World) -> LiveMap:
    """`_G` of a new engine."""
    view = LiveMap()
    view._meta = Namespace(world)
    return view


def replace_globals(world: World, value: Any) -> None:
    """`_G = value`: the entries of the table alone are globals from now on, and the table is their live view.

    The table before keeps its entries, so it can be put back.
    """
    if value is world.globals_view:
        return
    namespace = world.namespace
    if isinstance(value, (Record, Table)):
        items: list[tuple[Any, Any]] = dict_items(value)
    else:
        items = map_items(value)
    go_plain(world.globals_view)
    forget(world)
    for name, _ in global_items(world):
        namespace.pop(python_name(name), None)
    for key, item in items:
        if type(key) is bytes and b"$" not in key:
            namespace[python_name(key)] = item
    home = Namespace(world, attributes=isinstance(value, Record))
    others = [(key, item) for key, item in items if type(key) is not bytes or b"$" in key]
    go_live(value, home)
    for key, item in others:
        home[ATTR[key] if isinstance(value, Record) else key] = item
    world.globals_view = value
