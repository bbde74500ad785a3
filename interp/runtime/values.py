"""The script values that Python does not have: array, dict (two layouts), map, pointer, library objects.

Rules of this file:
* a script string is `bytes`, null is None, int/real/bool are Python's own; functions are Python functions;
* a dict is a `Record` (entries are attributes, `$` before the name) or a `Table` (a Python dict with bytes keys);
* Python's own operators on these classes never answer for the script: equality is identity, no order, no `+`;
* an object's meta-object and switch are `meta` and `mm`, as class attributes wherever possible: instances of one
  script class share one Python class, which mirrors the functions of the meta-object chain for direct access.
"""

from __future__ import annotations

import sys

from .kinds import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class _Missing:
    """The absent value: not given, not found. Never visible to a script."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()


# --- attribute names of records -----------------------------------------------------------------------------------


class _AttributeNames(dict):  # type: ignore[type-arg]
    """Key bytes -> attribute name, made on demand; emptied when scripts make up too many names."""

    def __missing__(self, key: bytes) -> str:
        if len(self) > 50_000:
            self.clear()
        name = self[key] = sys.intern("$" + key.decode("latin-1"))
        return name


ATTR: dict[bytes, str] = _AttributeNames()


class _IndexTexts(dict):  # type: ignore[type-arg]
    """The dict keys of ints; those used first are kept."""

    def __missing__(self, number: Any) -> bytes:
        text = b"%d" % number
        if len(self) < 1 << 12:
            self[number] = text
        return text


INDEX_TEXT: dict[Any, bytes] = _IndexTexts()


class _Keys(dict):  # type: ignore[type-arg]
    """Attribute name -> key bytes. One bytes object for each name, so that lookups hit by identity."""

    def __missing__(self, name: str) -> bytes:
        if len(self) > 50_000:
            self.clear()
        key = self[name] = name[1:].encode("latin-1")
        return key


KEY: dict[str, bytes] = _Keys()


# --- objects ------------------------------------------------------------------------------------------------------


class Object:
    """Base of every script object that is not a container: what libraries define, and the runtime's own.

    The hooks are described in `interp.library`; the defaults here make an object that is true, has no entries,
    prints as its type name and cannot be copied, iterated or called.
    """

    __slots__ = ("__weakref__",)
    type_name = "object"
    meta: Any = None
    mm = False

    def own_get(self, key: Any, is_prop: bool) -> Any:
        """The object's own entry for a key or MISSING."""
        return MISSING

    def own_set(self, key: Any, value: Any, is_prop: bool) -> bool:
        """Stores; False when there is no such entry to write (the caller reports it)."""
        return False

    def text(self) -> bytes:
        return self.type_name.encode()

    def compare(self, other: Any) -> int | None:
        """Order against another value, None where the general rules apply."""
        return None

    def dump(self, depth: int) -> bytes | None:
        return None

    def clone(self) -> Any:
        """A copy; MISSING where the type has none."""
        return MISSING

    def iterator(self) -> Any:
        """An `Iterator`, or None where the object is not iterable."""
        return None

    def property_names(self) -> list[bytes]:
        return []

    def serialize_args(self) -> tuple[Any, ...] | None:
        """Arguments of the constructor named like the type, None where the object cannot be saved."""
        return None


class Iterator(Object):
    """A script iterator: `advance` moves on and tells whether there is an entry, `data` gives (key, value)."""

    __slots__ = ()

    def advance(self) -> bool:
        raise NotImplementedError

    def data(self) -> tuple[Any, Any]:
        raise NotImplementedError


class IteratorError(Exception):
    """An iterator cannot go on; the text is the message's."""


class Pointer:
    """A `pointer` value; equal pointers are the same key."""

    __slots__ = ("address",)

    def __init__(self, address: int) -> None:
        self.address = address & 0xFFFFFFFFFFFFFFFF

    def __eq__(self, other: object) -> bool:
        return type(other) is Pointer and other.address == self.address

    def __hash__(self) -> int:
        return hash(("pointer", self.address))

    def __bool__(self) -> bool:
        return self.address != 0


# --- records and the classes of their meta-objects ------------------------------------------------------------------


class Record:
    """A dict whose entries are attributes. Instances of script classes, and literals whose keys are all names."""

    type_name = "dict"
    meta: Any = None
    mm = False
    shape: Any = None
    is_hooked = False  # whether something else than the entries of the chain may answer a read
    own_stored: Any = None  # told the name of each entry that an instance of a script class gets

    def __bool__(self) -> bool:
        return bool(self.__dict__)


def own_keys(record: Record) -> Record:
    """The record, new and empty, with keys that it shares with no other.

    All records share one list of some thirty names as long as they can: dicts of many members would use it up, and
    every record made afterwards would need a hash table of its own.
    """
    record.__dict__ = {}
    return record


class LiveRecord(Record):
    """A `Record` that became the view of the global environment; its own attributes are gone."""

    home: Any = None
    shape: Any = None

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return self.home

    @property
    def meta(self) -> Any:
        return self.home.meta

    @property
    def mm(self) -> bool:  # type: ignore[override]
        return self.home.mm

    def __eq__(self, other: object) -> bool:
        raise TypeError  # see _eq_hook

    __hash__ = object.__hash__

    def __setattr__(self, name: str, value: Any) -> None:
        from . import access

        access.set_property(self, KEY[name], value)

    def __bool__(self) -> bool:
        return _table_bool(self, len(self.home))


class FlaggedRecord(Record):
    """Metamethods enabled, no meta-object."""

    mm = True


class Table(dict):  # type: ignore[type-arg]
    """A dict with bytes keys. Exactly `Table` has no meta-object: generated code may index it directly."""

    __slots__ = ("_meta", "_mm", "_shape")
    _meta: Any
    _mm: bool
    _shape: Any
    type_name = "dict"
    meta: Any = None
    mm = False
    shape: Any = None
    live: Any = None  # the entries' true home, where the table is the view of the global environment
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __or__ = __ror__ = __ior__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        # only names with the prefix can come from scripts; a missing one ends in the slow path
        if name[0] == "$":
            try:
                return dict.__getitem__(self, KEY[name])
            except KeyError:
                pass
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0] == "$":
            dict.__setitem__(self, KEY[name], value)
        else:
            object.__setattr__(self, name, value)


class MetaTable(Table):
    """A `Table` with a meta-object, a switch or a shape of its own: only the slow paths touch it."""

    __slots__ = ()

    @property
    def meta(self) -> Any:
        return self._meta

    @property
    def mm(self) -> bool:  # type: ignore[override]
        return self._mm

    @property
    def shape(self) -> Any:
        return self._shape

    def __eq__(self, other: object) -> bool:
        raise TypeError  # see _eq_hook

    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0] == "$":
            from . import access

            access.set_property(self, KEY[name], value)
        else:
            object.__setattr__(self, name, value)

    def __bool__(self) -> bool:
        return _table_bool(self, len(self))


def _table_bool(obj: Any, size: int) -> bool:
    if obj.mm and obj.meta is not None:
        from . import access

        return access.object_truth(obj, size > 0)
    return size > 0


class LiveTable(Table):
    """A `Table` that became the view of the global environment (`_G = table`); `_meta` is its home."""

    __slots__ = ()
    __getattr__ = MetaTable.__getattr__
    __setattr__ = MetaTable.__setattr__
    __eq__ = MetaTable.__eq__
    __hash__ = object.__hash__
    shape = MetaTable.shape

    @property
    def live(self) -> Any:
        return self._meta

    @property
    def meta(self) -> Any:
        return self._meta.meta

    @property
    def mm(self) -> bool:  # type: ignore[override]
        return self._meta.mm

    def __bool__(self) -> bool:
        return _table_bool(self, len(self.live))


class Map(dict):  # type: ignore[type-arg]
    """A map: keys are encoded by `map_key`. Exactly `Map` has no meta-object."""

    __slots__ = ("_meta", "_mm")
    _meta: Any
    _mm: bool
    type_name = "map"
    meta: Any = None
    mm = False
    live: Any = None
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __or__ = __ror__ = __ior__ = None  # type: ignore[assignment]


class MetaMap(Map):
    """A `Map` with a meta-object or a switch of its own."""

    __slots__ = ()
    __eq__ = MetaTable.__eq__
    __hash__ = object.__hash__
    __bool__ = MetaTable.__bool__
    meta = MetaTable.meta
    mm = MetaTable.mm


class LiveMap(Map):
    """`_G`: a map whose entries live in the engine's namespace; `_meta` is their home."""

    __slots__ = ()
    __eq__ = MetaTable.__eq__
    __hash__ = object.__hash__
    __bool__ = LiveTable.__bool__
    live = LiveTable.live
    meta = LiveTable.meta
    mm = LiveTable.mm


class Array(list):  # type: ignore[type-arg]
    """An array. Each engine has a subclass whose `meta` is its `array` dict; `cap` is set when it is first needed."""

    __slots__ = ("_meta", "_mm", "cap")
    _meta: Any
    _mm: bool
    cap: int
    type_name = "array"
    meta: Any = None
    mm = False
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __add__ = __iadd__ = __mul__ = __rmul__ = __imul__ = None  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = None  # type: ignore[assignment]


def capacity(array: Array) -> int:
    """Allocated slots as the reference counts them: a literal has just its items, single pushes double."""
    size = len(array)
    try:
        cap: int = array.cap
    except AttributeError:
        cap = array.cap = size
    while cap < size:
        cap = max(cap + 1, 2 * cap)
    array.cap = cap
    return cap


def grow(array: Array, extra: int) -> None:
    """Accounts for `extra` items about to be added in one step."""
    cap = capacity(array)
    needed = len(array) + extra
    if needed > cap:
        array.cap = max(needed, 2 * cap)


_BOOL_KEYS = {False: ("bool", False), True: ("bool", True)}


def map_key(key: Any) -> Any:
    """The Python dict key that stands for a script key: type and value, objects by identity (chapter 03 section 4)."""
    kind = type(key)
    if kind is bytes or kind is int:
        return key
    if kind is bool:
        return _BOOL_KEYS[key]
    if kind is float:
        return ("real", 0.0 if key == 0 else key + 0.0)  # a NaN becomes another object each time: never found
    return key


def map_key_value(key: Any) -> Any:
    """The script key behind a key of a `Map`."""
    return key[1] if type(key) is tuple else key


# --- entries of both dict layouts -----------------------------------------------------------------------------------


def is_dict(value: Any) -> bool:
    return isinstance(value, (Table, Record))


def is_object(value: Any) -> bool:
    """An object in the language's sense: containers, library objects and closures; not plain functions or threads."""
    return isinstance(value, (Array, Table, Record, Map, Object)) or is_closure(value)


def is_closure(value: Any) -> bool:
    return type(value) is FunctionType and (value.__doc__ or "").startswith("closure")


def is_native(value: Any) -> bool:
    return type(value) is FunctionType and "spec" in value.__dict__


def _home(d: Any) -> Any:
    """The Python dict of bytes keys behind a `Table` or `Map`."""
    return d if d.live is None else d.live


def dict_get(d: Any, key: bytes, default: Any = MISSING) -> Any:
    """The own entry of a dict (either layout)."""
    if isinstance(d, Record):
        return d.__dict__.get(ATTR[key], default)
    if d.live is not None:
        return d.live.get(key, default)
    return dict.get(d, key, default)


def dict_set(d: Any, key: bytes, value: Any) -> None:
    """A plain store, without hooks; instances of a changed meta-object notice."""
    if isinstance(d, Record):
        name = ATTR[key]
        d.__dict__[name] = value
        if d.own_stored is not None:
            d.own_stored(name)
    elif d.live is not None:
        d.live[key] = value
    else:
        dict.__setitem__(d, key, value)
    if d.shape is not None:
        d.shape.changed(key)


def dict_unset(d: Any, key: bytes) -> None:
    """Removes an entry if it is there."""
    if isinstance(d, Record):
        d.__dict__.pop(ATTR[key], None)
    elif d.live is not None:
        d.live.pop(key, None)
    else:
        dict.pop(d, key, None)
    if d.shape is not None:
        d.shape.changed(key)


def dict_size(d: Any) -> int:
    return len(d.__dict__) if isinstance(d, Record) else len(_home(d))


def dict_keys(d: Any) -> list[bytes]:
    return [KEY[name] for name in d.__dict__] if isinstance(d, Record) else list(_home(d))


def dict_items(d: Any) -> list[tuple[bytes, Any]]:
    if isinstance(d, Record):
        return [(KEY[name], value) for name, value in d.__dict__.items()]
    return list(_home(d).items())


def map_get(m: Map, key: Any, default: Any = MISSING) -> Any:
    """The entry of a script key."""
    if m.live is not None:
        return m.live.get(key, default)
    return dict.get(m, map_key(key), default)


def map_set(m: Map, key: Any, value: Any) -> None:
    """A plain store, without hooks."""
    if m.live is not None:
        m.live[key] = value
    else:
        dict.__setitem__(m, map_key(key), value)


def map_unset(m: Map, key: Any) -> None:
    """Removes an entry if it is there."""
    if m.live is not None:
        m.live.pop(key, None)
    else:
        dict.pop(m, map_key(key), None)


def map_size(m: Map) -> int:
    return len(_home(m))


def map_items(m: Map) -> list[tuple[Any, Any]]:
    return [(map_key_value(key), value) for key, value in list(_home(m).items())]


def make_table(items: Iterable[tuple[bytes, Any]]) -> Table:
    return Table(items)
