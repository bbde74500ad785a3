"""Iteration: script iterators over the containers, and the plain form natives use (chapter 03 section 8).

Rules of this file: an iterator remembers the size and fails once it differs; a native gets a snapshot-free Python
iterator of (key, value) and must not run script code between steps unless it can bear a changing container.
"""

from __future__ import annotations

from .convert import general_type_name, type_name
from .messages import error
from .values import (
    KEY,
    Array,
    Iterator,
    IteratorError,
    Map,
    Object,
    Record,
    Table,
    dict_items,
    is_object,
    map_key_value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator as PythonIterator
    from typing import Any


class NotIterable(Exception):
    """The value has no iterator; the text is the message's."""


class ArrayIterator(Iterator):
    __slots__ = ("array", "position", "size")  # no `__dict__`: a script's store must find nothing to write to
    type_name = "array_iterator"

    def __init__(self, array: Array) -> None:
        self.array = array
        self.size = len(array)
        self.position = -1

    def advance(self) -> bool:
        if len(self.array) != self.size:
            raise IteratorError("array changed size during iteration")
        if self.position < self.size:
            self.position += 1
        return self.position < self.size

    def data(self) -> tuple[Any, Any]:
        if len(self.array) != self.size:
            raise IteratorError("array changed size during iteration")
        if 0 <= self.position < self.size:
            return self.position, self.array[self.position]
        return None, None


def entries_of(container: Any) -> Any:
    """The Python mapping behind a dict or map, with its own form of keys."""
    if isinstance(container, Record):
        return container.__dict__
    return container if container.live is None else container.live


class DictIterator(Iterator):
    """Iterates dicts and maps: the keys of the start as long as they are there, the values as they are now."""

    __slots__ = ("container", "entries", "keys", "position", "size")
    type_name = "dict_iterator"

    def __init__(self, container: Any) -> None:
        self.container = container
        self.entries: Any = entries_of(container)
        self.keys = list(self.entries)
        self.size = len(self.keys)
        self.position = -1

    def advance(self) -> bool:
        entries, keys = self.entries, self.keys
        if len(entries) != self.size:
            raise IteratorError("failed to advance iterator")
        position = self.position + 1
        if position < len(keys) and keys[position] not in entries:
            keys[position:] = _keys_left(entries, keys, position)
        self.position = min(position, len(keys))
        return position < len(keys)

    def data(self) -> tuple[Any, Any]:
        if len(self.entries) != self.size:
            raise IteratorError("failed to retrieve data from iterator")
        if not 0 <= self.position < len(self.keys):
            return None, None
        key = self.keys[self.position]
        if key not in self.entries:
            raise IteratorError("failed to retrieve data from iterator")
        value = self.entries[key]
        if isinstance(self.container, Record):
            return key[1:].encode("latin-1"), value
        return map_key_value(key) if isinstance(self.container, Map) else key, value


def dict_steps(container: Any, wanted: str) -> PythonIterator[Any]:
    """What `foreach` takes from a dict or map, as a `DictIterator` gives it: values, keys ("k") or both ("kv")."""
    entries = entries_of(container)
    keys = list(entries)
    size = len(keys)
    script_key = KEY.__getitem__ if isinstance(container, Record) else map_key_value
    position = 0
    while True:
        if len(entries) != size:
            error(b"failed to advance iterator")
            return
        if position >= len(keys):
            return
        key = keys[position]
        if key not in entries:
            keys[position:] = _keys_left(entries, keys, position)
            continue
        position += 1
        if wanted == "v":
            yield entries[key]
        elif wanted == "k":
            yield script_key(key)
        else:
            yield script_key(key), entries[key]


def _keys_left(entries: Any, keys: list[Any], position: int) -> list[Any]:
    """As many entries as there were, but others: what is left in the order of now."""
    known = set(keys)
    return [key for key in keys[position:] if key in entries] + [key for key in entries if key not in known]


def get_iterator(value: Any) -> Iterator:
    """A script iterator over a value; `NotIterable` with the message's text when there is none."""
    if isinstance(value, Array):
        return ArrayIterator(value)
    if isinstance(value, (Table, Record, Map)):
        return DictIterator(value)
    if isinstance(value, Object):
        made = value.iterator()
        if made is not None:
            return made
    if is_object(value):
        raise NotIterable(f"Object '{type_name(value)}' doesn't have an iterator")
    raise NotIterable(f"Variable of type '{general_type_name(value)}' doesn't have an iterator")


def is_iterable(value: Any) -> bool:
    try:
        get_iterator(value)
    except NotIterable:
        return False
    return True


def iterate(value: Any) -> PythonIterator[tuple[Any, Any]]:
    """(key, value) pairs of anything iterable; raises `NotIterable` at once when it is not."""
    if isinstance(value, Array):
        return iter(enumerate(value[:]))
    if isinstance(value, (Table, Record)):
        return iter(dict_items(value))
    if isinstance(value, Map):
        # the entries of now, but their keys when each is wanted: who goes through many looks at the limits in between
        entries = list(entries_of(value).items())
        return ((map_key_value(key), item) for key, item in entries)
    return _run(get_iterator(value))


def _run(iterator: Iterator) -> PythonIterator[tuple[Any, Any]]:
    while iterator.advance():
        yield iterator.data()
