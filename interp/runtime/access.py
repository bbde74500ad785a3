"""Properties and indices: reading, writing and the meta-object rules (chapters 01 section 9, 03 sections 2-4 and 9).

Rules of this file: one function for each kind of access, complete for every type; generated code reaches it after its
own shortcut failed. `get_*` and `set_*` give the messages, `lookup` is silent.
"""

from __future__ import annotations

from . import convert
from .calls import call, hook_multi
from .kinds import FunctionType
from .messages import warning
from .shapes import chain, find_in_chain, find_with_owner, is_router, meta_of
from .state import current
from .values import (
    ATTR,
    INDEX_TEXT,
    MISSING,
    Array,
    Map,
    Object,
    Pointer,
    Record,
    Table,
    capacity,
    dict_get,
    dict_set,
    is_closure,
    is_object,
    map_get,
    map_key,
    map_set,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def find_metamethod(obj: Any, name: bytes) -> Any:
    """A metamethod of an object, looked up from its meta-object on, when its switch is on; else MISSING."""
    meta, enabled = meta_of(obj)
    if not enabled or meta is None:
        return MISSING
    return find_in_chain(meta, name)


def object_truth(obj: Any, native: bool) -> bool:
    """Truth of an object with metamethods enabled: `__tobool` if it gives a bool."""
    function = find_metamethod(obj, b"__tobool")
    if function is not MISSING:
        results = hook_multi(function, obj)
        if results and type(results[-1]) is bool:
            return results[-1]
    return native


# --- reading ----------------------------------------------------------------------------------------------------------


def get_property_after(exc: BaseException, obj: Any, key: Any) -> Any:
    """`obj.key` after the direct access failed with `exc`."""
    if exc.__traceback__ is not None and exc.__traceback__.tb_next is not None and type(obj) is not Table:
        trace = exc.__traceback__.tb_next
        if trace.tb_frame.f_code.co_filename != __file__ and trace.tb_next is not None:
            raise exc
    exc.__traceback__ = None
    return get_property(obj, key)


def get_property(obj: Any, key: Any) -> Any:
    """`obj.key` for any values."""
    kind = type(obj)
    if isinstance(obj, Record) and type(key) is bytes:
        value = obj.__dict__.get(ATTR[key], MISSING)  # most of what generated code comes for
        if value is not MISSING:
            return value
    if kind is bytes:
        if type(key) is bytes and key == b"length":
            return len(obj)
        if type(key) is bytes and (key == b"first" or key == b"last"):
            if not obj:
                warning(b"cannot get %b character of empty string" % key)
                return None
            return obj[0] if key == b"first" else obj[-1]
    elif kind is FunctionType:
        if type(key) is bytes and key == b"apply":
            return current().world.symbol(b"sys_apply")
        if is_closure(obj):
            value = lookup(obj, key, True)
            if value is not MISSING:
                return value
            return warning(b'Readable property not found: "%b"' % convert.text(key))
    elif is_object(obj):
        value = lookup(obj, key, True)
        if value is MISSING:
            return _lacking(obj, b'Readable property not found: "%b"' % convert.text(key))
        return value
    elif convert.type_name(obj) == "thread":
        value = obj.get_property(key)
        if value is not MISSING:
            return value
    kind_name = convert.general_type_name(obj).encode()
    if type(key) is bytes:
        warning(b"Property '%b' not found on object of type '%b'" % (key, kind_name))
    warning(
        b"Property of type '%b' not found on object of type '%b'" % (convert.general_type_name(key).encode(), kind_name)
    )
    return None


def _lacking(obj: Any, text: bytes) -> None:
    """A Warning about what an object has not; who explains it to people may look at the object meanwhile."""
    world = current().world
    before, world.subject = world.subject, obj
    try:
        warning(text)
    finally:
        world.subject = before


def get_index(obj: Any, key: Any) -> Any:
    """`obj[ key ]` for any values."""
    kind = type(obj)
    if kind is bytes:
        return _string_index(obj, key)
    if type(key) is int or type(key) is bytes:
        value = MISSING
        if kind is Table:
            value = obj.get(key if type(key) is bytes else INDEX_TEXT[key], MISSING)
        elif kind is Record:
            value = getattr(obj, ATTR[key if type(key) is bytes else INDEX_TEXT[key]], MISSING)
        elif kind is Map and obj.live is None:
            value = dict.get(obj, key, MISSING)
        if value is not MISSING:
            return value
    if is_object(obj):
        value = lookup(obj, key, False)
        if value is MISSING:
            return _lacking(obj, b'Cannot find readable value by index: "%b"' % convert.text(key))
        return value
    return warning(b"Cannot index variable of type '%b'" % convert.general_type_name(obj).encode())


def _string_index(text: bytes, key: Any) -> Any:
    index = string_position(key)
    if index is None:
        return warning(b"Expected integer as string index")
    if -len(text) <= index < len(text):
        return text[index]
    return warning(b"String index out of bounds")


def string_position(key: Any) -> int | None:
    """A string index as int, None where the key is no number."""
    kind = type(key)
    if kind is int or kind is bool or kind is float:
        return convert.to_int(key)
    if kind is bytes and convert.numeric_prefix(key) is not None:
        return convert.to_int(key)
    return 0 if is_object(key) else None


def lookup(obj: Any, key: Any, is_prop: bool) -> Any:
    """Reads an entry by chapter 03 section 9.1; MISSING when nothing answers."""
    # what was found behind one link holds for the next ones, up to the owner: each search sees the rest of the chain
    getter_key = b"__get_" + key if type(key) is bytes and len(key) < 256 else None
    hook = hook_owner = getter = getter_owner = None
    while True:
        value = own_get(obj, key, is_prop)
        if value is not MISSING:
            return value
        meta, enabled = meta_of(obj)
        if meta is None:
            return MISSING
        if hook_owner is obj:
            hook = getter = None
        elif getter_owner is obj:
            getter = None
        if enabled:
            if hook is None:
                hook, hook_owner = find_with_owner(meta, b"__getindex")
            if hook is not MISSING and not is_router(hook):
                results = hook_multi(hook, obj, key)
                if results:
                    return results[-1]
                hook = getter = None  # it may have changed the chain
            elif hook is not MISSING and getter_key is not None and hook.spec.name == "mm_getindex_router":
                if getter is None:
                    getter, getter_owner = find_with_owner(meta, getter_key)
                if getter is not MISSING:
                    return _call_accessor("mm_getindex_router", getter, obj, key)
        obj = meta


def _call_accessor(router: str, accessor: Any, this: Any, key: bytes, *args: Any) -> Any:
    return call(current().world.symbol(router.encode()), this, key, *args)


def own_get(obj: Any, key: Any, is_prop: bool) -> Any:
    """An object's own entry or built-in property; MISSING when there is none. May warn (array bounds)."""
    if isinstance(obj, (Record, Table)):
        return dict_get(obj, key if type(key) is bytes else convert.text(key))
    if isinstance(obj, Array):
        return _array_property(obj, key) if is_prop else _array_index(obj, key)
    if isinstance(obj, Map):
        return map_get(obj, key)
    if isinstance(obj, Object):
        return obj.own_get(key, is_prop)
    if is_prop and key == b"apply" and type(key) is bytes:  # a closure
        return current().world.symbol(b"sys_apply")
    return MISSING


def _array_index(array: Array, key: Any) -> Any:
    index = convert.to_int(key)
    if 0 <= index < len(array):
        return array[index]
    _lacking(array, b"array index out of bounds")
    return warning(b"Index out of bounds")


def _array_property(array: Array, key: Any) -> Any:
    if type(key) is not bytes:
        return MISSING
    if key == b"size":
        return len(array)
    if key == b"capacity":
        return capacity(array)
    if key == b"first" or key == b"last":
        if not len(array):  # its truth may be a script's `__tobool`
            return warning(b"array is empty, cannot get %b item" % key)
        return array[0] if key == b"first" else array[-1]
    return MISSING


def isset(obj: Any, key: Any) -> bool:
    """Whether the index read works, without messages (chapter 03 section 5)."""
    if type(obj) is Table and (type(key) is int or type(key) is bytes):
        return (key if type(key) is bytes else INDEX_TEXT[key]) in obj
    if type(obj) is bytes:
        index = string_position(key)
        return index is not None and -len(obj) <= index < len(obj)
    if isinstance(obj, Array):
        return 0 <= convert.to_int(key) < len(obj)
    if not is_object(obj) or type(obj) is FunctionType:
        return False
    context = current()
    context.suppress += 1
    try:
        value = lookup(obj, key, False)
    finally:
        context.suppress -= 1
    if value is None:
        for link in chain(obj):
            if isinstance(link, Array):  # where a search ends, be it with nothing but messages
                return 0 <= convert.to_int(key) < len(link)
    return value is not MISSING


# --- writing ----------------------------------------------------------------------------------------------------------


def set_property_after(exc: BaseException, obj: Any, key: Any, value: Any) -> None:
    """`obj.key = value` after the direct store failed with `exc`."""
    exc.__traceback__ = None
    set_property(obj, key, value)


def set_property(obj: Any, key: Any, value: Any) -> None:
    """`obj.key = value` for any values; instances of hooked classes come here too."""
    if type(key) is not bytes and type(key) is not int:
        warning(b"Invalid value type used for property write")
        return
    if not is_object(obj):
        warning(b"Property write operation not supported on the given variable type")
        return
    if _setindex_hook(obj, key, value):
        return
    if isinstance(obj, (Record, Table)):
        dict_set(obj, key if type(key) is bytes else convert.text(key), value)
    elif isinstance(obj, Map):
        map_set(obj, key, value)
    elif isinstance(obj, Array):
        _set_array_property(obj, key, value)
    elif type(obj) is FunctionType or not obj.own_set(key, value, True):
        _lacking(obj, b'Writable property not found: "%b"' % convert.text(key))


def _set_array_property(array: Array, key: Any, value: Any) -> None:
    if key == b"first" or key == b"last":
        if not len(array):  # its truth may be a script's `__tobool`
            warning(b"array is empty, cannot set %b item" % key)
        else:
            list.__setitem__(array, 0 if key == b"first" else -1, value)
        return
    _lacking(array, b'Writable property not found: "%b"' % convert.text(key))


def set_index(obj: Any, key: Any, value: Any) -> None:
    """`obj[ key ] = value` for any values."""
    if type(obj) is Table and (type(key) is int or type(key) is bytes):
        obj[key if type(key) is bytes else INDEX_TEXT[key]] = value
        return
    if not is_object(obj):
        warning(b"Index write operation not supported on the given variable type")
        return
    if _setindex_hook(obj, key, value):
        return
    if isinstance(obj, (Record, Table)):
        name = written_key(key)
        if name is not None:
            dict_set(obj, name, value)
    elif isinstance(obj, Array):
        index = convert.to_int(key)
        if 0 <= index < len(obj):
            list.__setitem__(obj, index, value)
        else:
            _lacking(obj, b"array index out of bounds")
            warning(b"Index out of bounds")
    elif isinstance(obj, Map):
        map_set(obj, key, value)
    elif type(obj) is FunctionType or not obj.own_set(key, value, False):
        warning(b'Cannot find writable value by index: "%b"' % convert.text(key))


def written_key(key: Any) -> bytes | None:
    """The text of a dict key that is written, None (with the Warning) for types that cannot be keys."""
    if type(key) is bytes:
        return key
    if (
        key is None
        or (type(key) is FunctionType and not is_closure(key))
        or type(key) is Pointer
        or not (type(key) in (bool, int, float) or is_object(key))
    ):
        warning(b"Invalid value type used for index write")
        return None
    return convert.text(key)


def _setindex_hook(obj: Any, key: Any, value: Any) -> bool:
    """Runs `__setindex`; True when it has done the write."""
    meta, enabled = meta_of(obj)
    if meta is None or not enabled:
        return False
    hook = find_in_chain(meta, b"__setindex")
    if hook is MISSING:
        return False
    busy = current().world.in_setindex
    if id(obj) in busy:
        return False
    if is_router(hook):
        if type(key) is not bytes or len(key) >= 256 or hook.spec.name != "mm_setindex_router":
            return False
        setter = find_in_chain(meta, b"__set_" + key)
        if setter is MISSING:
            return False
    busy.add(id(obj))
    try:
        if is_router(hook):
            _call_accessor("mm_setindex_router", setter, obj, key, value)
            return False
        results = hook_multi(hook, obj, key, value)
        return bool(results and results[0])
    finally:
        busy.discard(id(obj))


def literal_set(table: Any, key: Any, value: Any, is_map: bool) -> None:
    """One computed entry of a dict or map literal."""
    if is_map:
        dict.__setitem__(table, map_key(key), value)
        return
    name = written_key(key)
    if name is not None:
        dict.__setitem__(table, name, value)
