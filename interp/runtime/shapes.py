"""Meta-objects: which Python class an object gets, and what that class shows of the meta-object chain.

Rules of this file:
* instances of one script class share one Python class. It mirrors the functions of the meta-object chain as `$name`,
  and as `name$` in the form a method call enters directly (`obj.name$( 1 )`, with `this` in front);
* an own entry wins over the chain. `$name` is right by Python's own rules, `name$` only as long as no instance of the
  class can hold an own `name`; where one can, `name$` looks the entry up at each call;
* a record that is a meta-object itself is the only instance of a class of its own, which notices writes;
* a class shows nothing of a chain of very many links, and is told nothing of it: all its accesses are slow ones;
* whatever the classes cannot show is left to the slow paths of `access.py`.
"""

from __future__ import annotations

import sys
from _weakref import ref

from .kinds import FunctionType, MethodType
from .state import current
from .values import (
    ATTR,
    KEY,
    MISSING,
    Array,
    FlaggedRecord,
    LiveMap,
    LiveRecord,
    LiveTable,
    Map,
    MetaMap,
    MetaTable,
    Object,
    Record,
    Table,
    dict_get,
    dict_items,
    is_native,
    map_get,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType
    from typing import Any


class Shape:
    """What a meta-object knows about the Python classes that mirror it.

    `instances` holds the class for each state of the switch; `dependents` all classes whose chain contains the
    meta-object, held weakly, to be refreshed when it changes.
    """

    __slots__ = ("dependents", "instances", "owner")

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.instances: dict[bool, type] = {}
        self.dependents: set[ref[type]] = set()

    def alive(self) -> list[type]:
        """The dependents that there still are."""
        return [cls for cls in [dependent() for dependent in list(self.dependents)] if cls is not None]

    def changed(self, key: bytes) -> None:
        """An entry of the owner was written or removed."""
        if key == b"push":
            world = current().world
            if self.owner is world.array_meta:
                world.namespace["$push_kept"] = False
        if type(self.owner).__dict__.get("is_observed", False):
            _mirror_name(type(self.owner), key)
        for cls in self.alive():
            if key.startswith(b"__"):
                mirror(cls)
            elif not cls.is_hooked:  # type: ignore[attr-defined]
                _mirror_name(cls, key)

    def relinked(self) -> None:
        """The owner's own meta-object or switch changed."""
        for cls in self.alive():
            mirror(cls)


def chain(meta: Any) -> Iterator[Any]:
    """The meta-object and its meta-objects. There are no cycles: who links objects looks with `is_linked_to`."""
    while meta is not None:
        yield meta
        meta = meta.__dict__.get("meta") if type(meta) is FunctionType else meta.meta


def is_linked_to(obj: Any, other: Any) -> bool:
    """Whether an object is another one, or has it somewhere in the chain of its meta-objects."""
    # as `chain`, but nothing is called for each link
    while obj is not None:
        if obj is other:
            return True
        obj = obj.__dict__.get("meta") if type(obj) is FunctionType else obj.meta
    return False


_MOST_LINKS = 64


def _is_long(meta: Any) -> bool:
    """Whether a chain has too many links for classes to follow: each follows all of them."""
    links = chain(meta)
    return all(next(links, None) is not None for _ in range(_MOST_LINKS + 1))


def find_in_chain(meta: Any, key: bytes) -> Any:
    """The first own entry of that name in the chain, or MISSING. Arrays and closures have no named entries."""
    return find_with_owner(meta, key)[0]


def find_with_owner(meta: Any, key: bytes) -> tuple[Any, Any]:
    """As `find_in_chain`, and the link that has the entry (None for MISSING)."""
    while meta is not None:
        if isinstance(meta, (Table, Record)):
            value = dict_get(meta, key)
        elif isinstance(meta, Map):
            value = map_get(meta, key)
        elif isinstance(meta, Array):
            value = MISSING
        elif type(meta) is FunctionType:
            meta = meta.__dict__.get("meta")  # a closure: no entries of its own
            continue
        else:
            value = meta.own_get(key, True)
        if value is not MISSING:
            return value, meta
        meta = meta.meta
    return MISSING, None


def is_live(obj: Any) -> bool:
    """Whether a dict or map is the view of the global environment: its entries change without its notice."""
    return isinstance(obj, LiveRecord) or (isinstance(obj, (Table, Map)) and obj.live is not None)


def entries_home(obj: Any) -> Any:
    """The namespace behind a live view."""
    return obj.home if isinstance(obj, LiveRecord) else obj.live


def go_live(obj: Any, home: Any) -> None:
    """Makes a dict or map the view of the global environment: its own entries go, `home` answers for it."""
    home.meta, home.mm = obj.meta, obj.mm
    shape = getattr(obj, "shape", None)
    if isinstance(obj, Record):
        obj.__dict__.clear()
        made = type("dict", (LiveRecord,), {"home": home, "shape": shape})
        object.__setattr__(obj, "__class__", made)
    else:
        dict.clear(obj)
        obj.__class__ = LiveTable if isinstance(obj, Table) else LiveMap
        object.__setattr__(obj, "_meta", home)
        if isinstance(obj, Table):
            object.__setattr__(obj, "_shape", shape)
    if shape is not None:
        shape.relinked()


def go_plain(obj: Any) -> None:
    """The opposite: a dict or map that is no longer the global environment keeps what it showed."""
    home = entries_home(obj)
    items = list(home.items())
    shape = getattr(obj, "shape", None)
    if isinstance(obj, Record):
        object.__setattr__(obj, "__class__", Record)
        obj.__dict__.update(items)
        _link(obj, instance_class(home.meta, home.mm) if home.meta or home.mm else Record)
        if shape is not None:
            unique_class(obj, shape)
    else:
        if isinstance(obj, Table):
            plain = home.meta is None and not home.mm and shape is None
            obj.__class__ = Table if plain else MetaTable
        else:
            obj.__class__ = Map if home.meta is None and not home.mm else MetaMap
        object.__setattr__(obj, "_meta", home.meta)
        object.__setattr__(obj, "_mm", home.mm)
        for key, value in items:
            dict.__setitem__(obj, key, value)
    if shape is not None:
        shape.relinked()


def shape_of(meta: Any) -> Shape | None:
    """The shape of a dict that serves as meta-object, made on first use; None for other kinds of objects."""
    if is_live(meta):
        return None
    if isinstance(meta, Record):
        if meta.shape is None:
            unique_class(meta, Shape(meta))
        return meta.shape
    if isinstance(meta, Table):
        if meta.shape is None:
            if type(meta) is Table:
                meta.__class__ = MetaTable
                meta._meta = None
                meta._mm = False
            meta._shape = Shape(meta)
        return meta.shape
    return None


def unique_class(record: Record, shape: Shape) -> None:
    """Gives a record that is a meta-object a Python class of its own, which notices writes."""
    parent = type(record)
    made = type(
        "dict",
        (Record,),
        {
            "meta": _unbound(parent.meta),
            "mm": parent.mm,
            "shape": shape,
            "mirrored": set(),
            "methods": set(),
            "__setattr__": _slow_setattr,
            "is_observed": True,
        },
    )
    object.__setattr__(record, "__class__", made)
    _follow(made)
    mirror(made)


def _slow_setattr(self: Record, name: str, value: Any) -> None:
    from . import access

    access.set_property(self, KEY[name], value)


def _follow(cls: Any) -> None:
    if _is_long(cls.meta):
        return
    for meta in chain(cls.meta):
        shape = shape_of(meta)
        if shape is not None:
            shape.dependents.add(ref(cls, shape.dependents.discard))


def _unbound(meta: Any) -> Any:
    """A meta-object as a class attribute: a closure must not become a method."""
    return staticmethod(meta) if type(meta) is FunctionType else meta


def instance_class(meta: Any, mm: bool = True) -> type:
    """The Python class of records with this meta-object and switch."""
    if meta is None:
        return FlaggedRecord if mm else Record
    shape = shape_of(meta)
    if shape is not None and mm in shape.instances:
        return shape.instances[mm]
    body = {
        "meta": _unbound(meta),
        "mm": mm,
        "mirrored": set(),
        "methods": set(),
        "shadowed": set(),
        "own_stored": classmethod(_own_stored),
    }
    cls = type("dict", (Record,), body)
    _follow(cls)
    context = current()
    if context is not None:
        cls.shadowed.update(context.world.stored)  # type: ignore[attr-defined]
        classes = context.world.classes
        classes.add(ref(cls, classes.discard))
    if shape is not None:
        shape.instances[mm] = cls
    mirror(cls, is_new=True)
    return cls


def mirror(cls: Any, is_new: bool = False) -> None:
    """Makes the class show the functions of its meta-object chain, or none where a hook may answer instead.

    A class that is not new may have instances with own entries.
    """
    for name in cls.mirrored:
        delattr(cls, name)
        _drop_form(cls, name)
    cls.mirrored.clear()
    observed = cls.__dict__.get("is_observed", False)
    reads = writes = long = _is_long(cls.meta)
    keys: dict[bytes, None] = {}
    if not long and not isinstance(cls.meta, (Array, Map, Object)):
        for meta in chain(cls.meta):
            if not isinstance(meta, (Table, Record)) or is_live(meta):
                reads = True  # an entry of a strange meta-object: leave all to the slow path
                break
            for key, value in dict_items(meta):
                if key.startswith(b"__"):
                    if key == b"__getindex":
                        reads |= not is_router(value)
                    elif key == b"__setindex":
                        writes |= not is_router(value)
                    elif key.startswith(b"__get_"):
                        reads = True
                    elif key.startswith(b"__set_"):
                        writes = True
                keys[key] = None
    cls.is_hooked = reads
    if not reads:
        for key in keys:
            _mirror_name(cls, key, is_new)
    if observed and cls.shape is not None:
        for key, value in dict_items(cls.shape.owner):
            if type(value) is FunctionType:
                _mirror_name(cls, key)
    elif not observed:
        _set_maker(cls, long)
    if cls.mm and cls.meta is not None and not observed:
        if writes:
            cls.__setattr__ = _slow_setattr
        elif "__setattr__" in cls.__dict__:
            del cls.__setattr__
    if cls.mm:
        _install(cls, b"__tobool", "__bool__", _bool_hook, long)
        _install(cls, b"__compare", "__eq__", _eq_hook, long)
        if "__eq__" in cls.__dict__:
            cls.__hash__ = object.__hash__


def _set_maker(cls: Any, long: bool) -> None:
    """Lets `new` call the class's meta-object for an instance (see `construct.py`)."""
    home: Any = type(cls.meta)
    if (
        not isinstance(cls.meta, Record)
        or "is_observed" not in home.__dict__
        or cls.meta.shape.instances.get(True) is not cls
    ):
        return
    from .construct import maker

    made = None if long else maker(cls, find_in_chain(cls.meta, b"__construct"))
    if made is not None:
        home.construct = made
    elif "construct" in home.__dict__:
        del home.construct


def is_router(value: Any) -> bool:
    return is_native(value) and value.spec.name in ("mm_getindex_router", "mm_setindex_router")


def _install(cls: Any, key: bytes, method: str, hook: Any, always: bool) -> None:
    if always or find_in_chain(cls.meta, key) is not MISSING:
        setattr(cls, method, hook)
    elif method in cls.__dict__:
        delattr(cls, method)


def _bool_hook(self: Any) -> bool:
    from . import access

    return access.object_truth(self, bool(self.__dict__))


def _eq_hook(self: Any, other: Any) -> bool:
    # the operator's slow path finds `__compare` and keeps the order of the operands
    raise TypeError


def _mirror_name(cls: Any, key: bytes, is_new: bool = False) -> None:
    value = MISSING
    if not cls.is_hooked:
        for meta in chain(cls.meta):
            if not isinstance(meta, (Table, Record)):
                return
            value = dict_get(meta, key)
            if value is not MISSING:
                break
    name = ATTR[key]
    if type(value) is FunctionType:
        setattr(cls, name, staticmethod(value))
        cls.mirrored.add(name)
    elif name in cls.mirrored:
        delattr(cls, name)
        cls.mirrored.discard(name)
    _set_form(cls, key, value, is_new)


# --- the form of a method that calls enter directly -------------------------------------------------------------------


class _Forms(dict):  # type: ignore[type-arg]
    """`$name` -> `name$`, made on demand."""

    def __missing__(self, name: str) -> str:
        if len(self) > 50_000:
            self.clear()
        form = self[name] = sys.intern(name[1:] + "$")
        return form


class _Lookups(dict):  # type: ignore[type-arg]
    """`$name` -> the property that looks the entry up at each call, made on demand."""

    def __missing__(self, name: str) -> property:
        if len(self) > 50_000:
            self.clear()

        def bind(obj: Any) -> MethodType:
            function = getattr(obj, name)
            if type(function) is not FunctionType:
                raise AttributeError(name)
            return MethodType(function, obj)

        BIND_CODES.add(bind.__code__)
        lookup = self[name] = property(bind)
        return lookup


FORMS: dict[str, str] = _Forms()
LOOKUPS: dict[str, property] = _Lookups()
# of the look-ups' frames, in which a call has not begun yet
BIND_CODES: set[CodeType] = {Table.__getattr__.__code__, MetaTable.__getattr__.__code__}


def _set_form(cls: Any, key: bytes, value: Any, is_new: bool) -> None:
    """Shows a member of the chain, or removes it when there is none (that is a function)."""
    name = ATTR[key]
    form = FORMS[name]
    if cls.__dict__.get("is_observed", False):
        if cls.shape is not None:
            own = dict_get(cls.shape.owner, key)
            value = value if own is MISSING else own
        direct = True
    else:
        if not is_new and name not in cls.methods:
            cls.shadowed.add(name)
        direct = name not in cls.shadowed
    if type(value) is FunctionType:
        setattr(cls, form, value if direct else LOOKUPS[name])
        cls.methods.add(name)
    else:
        _drop_form(cls, name)


def _drop_form(cls: Any, name: str) -> None:
    form = FORMS[name]
    if form in cls.__dict__:
        delattr(cls, form)


def _link(record: Record, cls: Any) -> None:
    """Makes a record with entries an instance of a class."""
    object.__setattr__(record, "__class__", cls)
    if cls.own_stored is not None:
        for name in record.__dict__.keys() & cls.methods:
            _own_stored(cls, name)


def _own_stored(cls: Any, name: str) -> None:
    """An instance got, or may get, an own entry `$name`: calls look before they enter the chain's."""
    if name in cls.methods:
        cls.shadowed.add(name)
        form = FORMS[name]
        if form in cls.__dict__:
            setattr(cls, form, LOOKUPS[name])


def note_stores(world: Any, names: Iterable[str]) -> None:
    """Code was loaded that stores these attributes to any object, without notice."""
    new = set(names) - world.stored
    if new:
        world.stored |= new
        for cls in [known() for known in list(world.classes)]:
            if cls is None:
                continue
            cls.shadowed |= new
            for name in new & cls.methods:
                _own_stored(cls, name)


_TAUGHT_MOST = 100  # names; each costs all classes of records their caches once
_taught: set[tuple[type, str]] = set()


def teach(obj: Any, name: str) -> None:
    """A method call did not find `name$` at an object whose `$name` is a function: the next ones shall."""
    base: Any = Record if isinstance(obj, Record) else Table if isinstance(obj, Table) else None
    if base is not None and len(_taught) < _TAUGHT_MOST and type(getattr(obj, name, None)) is FunctionType:
        _taught.add((base, name))
        setattr(base, FORMS[name], LOOKUPS[name])


def set_meta(obj: Any, meta: Any, mm: bool) -> None:
    """Links an object to a meta-object and sets its switch. The caller has looked for cycles."""
    if is_live(obj):
        home = entries_home(obj)
        home.meta = meta
        home.mm = mm
        if getattr(obj, "shape", None) is not None:
            obj.shape.relinked()
        return
    if isinstance(obj, Record):
        if obj.shape is not None:
            cls: Any = type(obj)
            cls.meta = _unbound(meta)
            cls.mm = mm
            _follow(cls)
            mirror(cls)
            _follow_dependents(obj)
            obj.shape.relinked()
        else:
            _link(obj, instance_class(meta, mm))
        return
    if isinstance(obj, Table):
        if type(obj) is Table:
            obj.__class__ = MetaTable
            obj._shape = None
        obj._meta = meta
        obj._mm = mm
        if obj.shape is not None:
            _follow_dependents(obj)
            obj.shape.relinked()
    elif isinstance(obj, Map):
        obj.__class__ = MetaMap
        obj._meta = meta
        obj._mm = mm
    elif isinstance(obj, Array):
        base: Any = type(obj)
        if "meta_variant" in base.__dict__:
            obj.__class__ = _meta_variant(base)
        obj._meta = meta
        obj._mm = mm
    elif type(obj) is FunctionType:
        from .hooked import hook_calls

        obj.__dict__["meta"] = meta
        obj.__dict__["mm"] = mm
        hook_calls(obj, mm)
    else:
        _link_object(obj, meta, mm)


def _link_object(obj: Any, meta: Any, mm: bool) -> None:
    """Links an object of a library: a class of its own says so, where its truth and `==` find the hooks."""
    kind: Any = type(obj)
    if "is_linked" in kind.__dict__:
        kind = kind.__base__
    if meta is None and not mm:
        obj.__class__ = kind
        return
    linked: dict[str, Any] = {"meta": _unbound(meta), "mm": mm, "is_linked": True}
    if mm:
        linked["__bool__"] = lambda self: _object_bool(self, kind)
        linked["__eq__"] = _eq_hook
        linked["__hash__"] = object.__hash__
    if not hasattr(obj, "__dict__"):
        linked["__slots__"] = ()
    obj.__class__ = type(kind.__name__, (kind,), linked)


def _object_bool(self: Any, kind: Any) -> bool:
    from . import access

    return access.object_truth(self, kind.__bool__(self) if hasattr(kind, "__bool__") else True)


def meta_of(obj: Any) -> tuple[Any, bool]:
    """Meta-object and switch of any object, closures included."""
    if type(obj) is FunctionType:
        return obj.__dict__.get("meta"), obj.__dict__.get("mm", False)
    return obj.meta, obj.mm


def _follow_dependents(obj: Any) -> None:
    for cls in obj.shape.alive():
        _follow(cls)


def array_class(meta: Record) -> type[Array]:
    """An engine's own array class: `meta` is its `array` dict, new and with natives alone, which are mirrored."""
    body: dict[str, Any] = {
        "__slots__": (),
        "meta": meta,
        "mm": False,
        "is_hooked": False,
        "mirrored": {ATTR[key] for key, _ in dict_items(meta)},
        "methods": {ATTR[key] for key, _ in dict_items(meta)},
        "$size": property(len),
        "is_observed": True,
        "shape": None,
        "meta_variant": None,
    }
    # as `mirror` would add them one by one, which takes longer than all the rest of an engine
    for key, native in dict_items(meta):
        body[ATTR[key]] = staticmethod(native)
        body[FORMS[ATTR[key]]] = native
    cls = type("array", (Array,), body)
    _follow(cls)
    return cls


def _meta_variant(cls: Any) -> Any:
    """The class of an engine's arrays that have another meta-object or switch."""
    if cls.meta_variant is None:
        cls.meta_variant = type(
            "array",
            (cls,),
            {
                "__slots__": (),
                "meta": property(lambda self: self._meta),
                "mm": property(lambda self: self._mm),
                "mirrored": set(),
                "__bool__": _array_bool,
                "__eq__": _eq_hook,
                "__hash__": object.__hash__,
                "__getattribute__": _only_python_names,
                "__setitem__": _slow_setitem,
            },
        )
    return cls.meta_variant


def _array_bool(self: Any) -> bool:
    from . import access

    return access.object_truth(self, len(self) > 0)


def _slow_setitem(self: Any, key: Any, value: Any) -> None:
    # a store of generated code: `__setindex` may want to know
    if type(key) is not slice:
        raise TypeError
    list.__setitem__(self, key, value)


def _only_python_names(self: Any, name: str) -> Any:
    # an array with another meta-object: what its class mirrors does not hold for it
    if name[0] == "$" or name[-1] == "$":
        raise AttributeError(name)
    return object.__getattribute__(self, name)


BIND_CODES.add(_only_python_names.__code__)
