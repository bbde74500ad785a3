"""Dicts and maps, and what works on every container: size, membership, copies, key lists, merging, iterators.

Rules of this file (chapter 03 sections 3 to 8): own entries only, in their order; meta-objects count for `isset` and
`clone` alone. A missing iterator is an Error followed by the argument's Warning, and the abort comes after both.
"""

from __future__ import annotations

from _operator import itemgetter  # `operator` takes longer to load

from interp.library import (
    MISSING,
    Library,
    NotIterable,
    Pointer,
    argument_error,
    charge,
    convert,
    engine,
    error,
    gather,
    is_dict,
    is_map,
    is_object,
    iterate,
    poll_every,
    type_name,
    warning,
)
from interp.runtime import access, iterators
from interp.runtime.calls import call_multi, enter_native, leave_native
from interp.runtime.state import current
from interp.runtime.values import (
    ATTR,
    Array,
    Iterator,
    IteratorError,
    Map,
    Object,
    Record,
    Table,
    capacity,
    dict_items,
    dict_unset,
    make_table,
    map_items,
    map_key,
    map_unset,
)
from interp.runtime.values import dict_size as entries_of
from interp.runtime.values import map_size as count_entries

from .arrays import built
from .guard import callback, direct, guarded, report_all, safe_text, safe_truth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_KEY, _VALUE = itemgetter(0), itemgetter(1)

library = Library("core-containers", doc="Dicts, maps and iterators")

_THREAD_PROPERTIES = (b"was_aborted", b"not_started", b"running", b"can_resume")


# --- construction and size --------------------------------------------------------------------------------------------


def _paired(args: tuple[Any, ...]) -> bool:
    if len(args) % 2:
        warning("function expects 0 or an even number of arguments")
        return False
    return True


@library.function("dict( ... )", raw=True)
def dict_(this: Any, args: tuple[Any, ...]) -> Any:
    """`dict( key, value, … )`: a new dict; keys become text. An odd count is a Warning and gives null."""
    if not _paired(args):
        return None
    return make_table((safe_text(args[i]), args[i + 1]) for i in range(0, len(args), 2))


@library.function("map( ... )", raw=True)
def map_(this: Any, args: tuple[Any, ...]) -> Any:
    """`map( key, value, … )`: a new map; keys keep their type. An odd count is a Warning and gives null."""
    if not _paired(args):
        return None
    return Map((map_key(args[i]), args[i + 1]) for i in range(0, len(args), 2))


@library.function("dict_size( dict d )", exact=True)
def dict_size(d: Any) -> int:
    """The number of own entries of a dict."""
    return entries_of(d)


@library.function("map_size( map m )", exact=True)
def map_size(m: Map) -> int:
    """The number of own entries of a map."""
    return count_entries(m)


# --- single entries ---------------------------------------------------------------------------------------------------


@direct(library, "isset( any v, any key )")
def isset(spec: Any) -> Any:
    """`isset( v, key )`: whether the index read `v[ key ]` works, without messages; exactly two arguments."""

    def native(this: Any = None, value: Any = MISSING, key: Any = MISSING, *more: Any) -> Any:
        kind = type(value)
        if not more:
            if kind is Table and (type(key) is bytes or type(key) is int):
                return access.isset(value, key)
            if kind is Record and type(key) is bytes:
                return getattr(value, ATTR[key], MISSING) is not MISSING
            if kind is Array and type(key) is int:
                return 0 <= key < len(value)
        if key is MISSING:
            return argument_error(1 if value is MISSING else 2, "any")
        if more:
            return warning(f"function expects exactly 2 arguments, {len(more) + 2} given")
        if kind is Map:
            return map_key(key) in value
        return guarded(access.isset, lambda value, key: False, value, key) if spec else None

    return native


@library.function("unset( dict/map container, any key )", raw=True)
def unset(this: Any, args: tuple[Any, ...]) -> Any:
    """`unset( container, key )`: removes the entry if present; exactly two arguments. (Chapter 03 section 5.)"""
    container = args[0] if args else MISSING
    key = args[1] if len(args) > 1 else MISSING
    in_map = is_map(container)
    if not in_map and not is_dict(container):
        return argument_error(1, "dict / map", container)
    usable = key if in_map or type(key) is bytes else convert("string", key)
    if usable is MISSING:
        return argument_error(2, "any" if in_map else "string", key)
    if len(args) > 2:
        return warning(f"function expects exactly 2 arguments, {len(args)} given")
    if in_map:
        map_unset(container, usable)
    else:
        dict_unset(container, usable)
    return None


# --- copies -----------------------------------------------------------------------------------------------------------


@library.function("clone( any v )", exact=True)
def clone(value: Any) -> Any:
    """A shallow copy without meta-object, or what `__clone` gives; other values are themselves.

    Errors: `failed to clone variable` for objects that have no copies. (Chapter 03 section 7.)
    """
    return cloned(value)


def cloned(value: Any) -> Any:
    """What `clone` gives, for every native that copies: its Error names the native that runs (chapter 04 1.1)."""
    if not is_object(value):
        return value
    if value.__class__ is not Table and value.__class__ is not Record:
        hook = access.find_metamethod(value, b"__clone")
        if hook is not MISSING:
            results = call_multi(hook, value)
            if results:
                return results[-1]
    copy = _copy(value)
    return error("failed to clone variable") if copy is MISSING else copy


def _copy(value: Any) -> Any:
    if isinstance(value, Record):
        record = Record()
        for name, item in value.__dict__.items():
            setattr(record, name, item)
        return record
    if isinstance(value, Array):
        array = engine().array_type(value)
        array.cap = capacity(value)
        return array
    if isinstance(value, Table):
        return make_table(dict_items(value))
    if isinstance(value, Map):
        return Map((map_key(key), item) for key, item in poll_every(map_items(value)))
    return value.clone() if isinstance(value, Object) else MISSING


@library.function("get_props( [any v] )", exact=True)
def get_props(value: Any) -> Array:
    """An array of the names of a value's built-in properties. (Chapter 03 section 5.)"""
    if isinstance(value, Array):
        return built((b"size", b"capacity", b"first", b"last"))
    if isinstance(value, Object):
        return built(value.property_names())
    if type(value) is bytes:
        return built((b"length",))
    return built(_THREAD_PROPERTIES if type_name(value) == "thread" else ())


# --- filters ----------------------------------------------------------------------------------------------------------


def _kept(entries: list[tuple[Any, Any]], keep: Any) -> list[tuple[Any, Any]]:
    if keep is None:
        return [entry for entry in poll_every(entries) if safe_truth(entry[1])]
    test = callback(keep)
    context = current()
    enter_native(context)
    try:
        return [entry for entry in poll_every(entries) if safe_truth(test(entry[1], entry[0]))]
    finally:
        leave_native(context)


@library.function("dict_filter( dict d[, callable keep ] )")
def dict_filter(d: Any, keep: Any) -> Any:
    """A new dict of the entries whose value is true, or for which `keep( value, key )` is true."""
    return make_table(_kept(dict_items(d), keep))


@library.function("map_filter( map m[, callable keep ] )")
def map_filter(m: Map, keep: Any) -> Map:
    """A new map of the entries whose value is true, or for which `keep( value, key )` is true."""
    return Map((map_key(key), value) for key, value in _kept(list(iterate(m)), keep))


@library.function("map_process( any object, callable change )")
def map_process(target: Any, change: Any) -> Any:
    """`object[ key ] = change( value, key )` for each entry; returns the object.

    Errors: the value has no iterator (two messages), or an iterator that fails on the way.
    """
    try:
        entries = iterate(target)
    except NotIterable as reason:
        text = str(reason)
        report_all(lambda: error(text), lambda: error("iterator is not an object"))
        return None
    run = callback(change)
    context = current()
    enter_native(context)
    try:
        for key, value in entries:
            guarded(access.set_index, lambda *_: None, target, key, run(value, key))
    except IteratorError as reason:
        error(str(reason))
    finally:
        leave_native(context)
    return target


# --- key and value lists ----------------------------------------------------------------------------------------------


def _entries(value: Any, position: int, part: Any = None) -> list[Any] | None:
    """All (key, value) pairs of an argument, or that part of them; None after the messages when it has no iterator."""
    if isinstance(value, Array):
        charge(24 * len(value))  # a snapshot, the list of its parts, and what is made of that
    try:
        return gather(iterate(value) if part is None else map(part, iterate(value)))
    except NotIterable as reason:
        text = str(reason)
        report_all(lambda: error(text), lambda: argument_error(position, "iterable", value))
    except IteratorError as reason:
        error(str(reason))
    return None


def _entries_of_all(args: tuple[Any, ...], part: Any = None) -> list[Any] | None:
    if len(args) < 2:
        warning(f"function expects at least 2 arguments, got {len(args)}")
        return None
    merged: list[Any] = []
    for position, value in enumerate(args, 1):
        entries = _entries(value, position, part)
        if entries is None:
            return None
        merged += entries
    return merged


@library.function("get_keys( [any x] )", exact=True)
def get_keys(value: Any) -> Array | None:
    """An array of the keys of anything iterable. Errors: no iterator. (Chapter 03 section 6.)"""
    if type(value) is Table:
        return built(value)
    keys = _entries(value, 1, _KEY)
    return None if keys is None else built(keys)


@library.function("get_values( [any x] )", exact=True)
def get_values(value: Any) -> Array | None:
    """A new array of the values of anything iterable. Errors: no iterator. (Chapter 03 section 6.)"""
    values = _entries(value, 1, _VALUE)
    return None if values is None else built(values)


@library.function("get_concat( ... )", raw=True)
def get_concat(this: Any, args: tuple[Any, ...]) -> Array | None:
    """`get_concat( x, y, … )`: an array of the values of all arguments. Errors: no iterator."""
    values = _entries_of_all(args, _VALUE)
    return None if values is None else built(values)


@library.function("get_merged( ... )", raw=True)
def get_merged(this: Any, args: tuple[Any, ...]) -> Any:
    """`get_merged( x, y, … )`: a dict of all entries; later values win, keys no dict can hold are left out."""
    entries = _entries_of_all(args)
    if entries is None:
        return None
    return make_table((safe_text(key), value) for key, value in poll_every(entries) if fits_dict(key))


@library.function("get_merged_map( ... )", raw=True)
def get_merged_map(this: Any, args: tuple[Any, ...]) -> Map | None:
    """`get_merged_map( x, y, … )`: a map of all entries; later values win, keys keep their type."""
    entries = _entries_of_all(args)
    return None if entries is None else Map((map_key(key), value) for key, value in poll_every(entries))


def fits_dict(key: Any) -> bool:
    """Whether a written dict key may be this value (chapter 03 section 3.1)."""
    return type(key) in (bytes, bool, int, float) or (type(key) is not Pointer and is_object(key))


# --- iterators --------------------------------------------------------------------------------------------------------


@library.function("get_iterator( non-null x )")
def get_iterator(value: Any) -> Any:
    """An iterator before the first entry. Errors: no iterator. (Chapter 03 section 8.)"""
    try:
        return iterators.get_iterator(value)
    except NotIterable as reason:
        return error(str(reason))


def _step(iterator: Any, step: Callable[[Iterator], Any], failure: str) -> Any:
    """One step of a script iterator; None after the Error when it is none or cannot go on."""
    if not is_object(iterator):
        return error("iterator is not an object")
    if not isinstance(iterator, Iterator):
        return error(failure)
    try:
        return step(iterator)
    except IteratorError as reason:
        return error(str(reason))


@library.function("iter_advance( non-null it )")
def iter_advance(iterator: Any) -> Any:
    """Moves an iterator on; true if there is an entry. Errors: no iterator, or its container changed size."""
    return _step(iterator, lambda it: it.advance(), "failed to advance iterator")


@library.function("iter_getdata( non-null it[, bool key = false[, bool value = true ] ] )", multi=True)
def iter_getdata(iterator: Any, want_key: bool, want_value: bool) -> tuple[Any, ...]:
    """The key and/or the value of the present entry, the key first. Errors as for `iter_advance`."""
    if not want_key and not want_value:
        warning("no data requested from iterator")
        return ()
    data = _step(iterator, lambda it: it.data(), "failed to retrieve data from iterator")
    if data is None:
        return ()
    return tuple(part for part, wanted in zip(data, (want_key, want_value), strict=True) if wanted)
