"""Iteration: script iterators over the containers, and the plain form natives use (chapter 03 section 8).

Rules of this file: an iterator remembers the size and fails once it differs; a native gets a snapshot-free Python
iterator of (key, value) and must not run script code between steps unless it can bear a changing container.
"""

from __future__ import annotations

from .convert import general_type_name, type_name
from .values import (
    Array,
    Iterator,
    IteratorError,
    Map,
    Object,
    Record,
    Table,
    dict_items,
    is_object,
    map_items,
    map_key_value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator as PythonIterator
    from typing import Any


class NotIterable(Exception):
    """The value has no iterator; the text is the message's."""


class ArrayIterator(Iterator):
    # no attributes of a script's own: a write to one is refused (chapter 03 section 13)
    __slots__ = ("array", "position", "size")
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
            # as many entries as there were, but others: what is left in the order of now
            known = set(keys)
            keys[position:] = [key for key in keys[position:] if key in entries]
            keys += [key for key in entries if key not in known]
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
        return iter(map_items(value))
    return _run(get_iterator(value))


def _run(iterator: Iterator) -> PythonIterator[tuple[Any, Any]]:
    while iterator.advance():
        yield iterator.data()
