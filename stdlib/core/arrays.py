"""Arrays: the methods of the `array` dict and the functions that make or rebuild arrays (chapter 03 sections 2 and 5).

Rules of this file: an operation that may run script code works on a copy of the items and puts its result in place at
the end; whatever adds or removes items brings the capacity up to date first (`capacity`, `grow`), as it is derived from
the sizes seen.
"""

from __future__ import annotations

from interp.library import MISSING, Library, charge, error, gather, make_native, new_array, poll, poll_every, warning
from interp.runtime.calls import enter_native, leave_native
from interp.runtime.convert import to_real
from interp.runtime.operators import compare, same_type
from interp.runtime.state import current
from interp.runtime.values import Array, Object, capacity, grow, is_object, map_key

from .guard import (
    BAIL_ERRORS,
    PLAIN,
    as_native,
    callback,
    closed_copy,
    comparator,
    guarded,
    native_order,
    safe_order,
    safe_text,
    safe_truth,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

library = Library("core-arrays", doc="Arrays")

# The methods of `array`, name to native, in the order of chapter 03 section 2.1.
METHODS: dict[str, Any] = {}

_NEGATIVE_SIZE = "argument 1 (size) must be bigger than or equal to 0"
_NUMBERS = frozenset((int, float, bool))
_EXACT = frozenset((int, bytes))


def _method(signature: str, *, exact: bool = False, raw: bool = False) -> Callable[[Any], Any]:
    def declare(body: Any) -> Any:
        name = signature[: signature.index("(")].strip()
        METHODS[name] = make_native(
            name, signature, body, display=f"array.{name}", exact=exact, raw=raw, this_kind="array"
        )
        return body

    return declare


def _direct_method(factory: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """Declares a raw method whose native is `factory( spec, body )`: a shortcut that leaves odd calls to the body."""

    def declare(body: Any) -> Any:
        name = body.__name__
        spec = make_native(name, f"{name}( ... )", body, display=f"array.{name}", raw=True, this_kind="array").spec
        METHODS[name] = as_native(factory(spec, body), spec, body)
        return body

    return declare


def built(items: Iterable[Any]) -> Array:
    """A new array with the capacity it would have after single pushes (chapter 03 section 2.5)."""
    array = new_array(items)
    size = len(array)
    array.cap = 1 << (size - 1).bit_length() if size else 0
    return array


def _nulls(count: int) -> list[None] | None:
    charge(8 * count)
    try:
        return [None] * count
    except (MemoryError, OverflowError):
        return error("not enough memory")


# --- construction -----------------------------------------------------------------------------------------------------


def _array_call(this: Any, args: tuple[Any, ...]) -> Array:
    """`array( a, b, … )`: a new array of the values. As a `__call` it is given the caller's `this` first."""
    return new_array(args[1:])


array_call = make_native("array", "array( ... )", _array_call, raw=True)


@library.function("array_sized( int size )")
def array_sized(size: int) -> Array | None:
    """A new array of `size` nulls. A negative size is a Warning and gives null. (Chapter 03 section 2.1.)"""
    if size < 0:
        return warning(_NEGATIVE_SIZE)
    nulls = _nulls(size)
    return None if nulls is None else new_array(nulls)


# --- adding and removing ----------------------------------------------------------------------------------------------


def _push_native(spec: Any, body: Any) -> Any:
    def native(this: Any = None, value: Any = MISSING, *more: Any) -> Any:
        if not more and value is not MISSING and isinstance(this, Array):
            try:
                this.cap  # noqa: B018 - once set, the capacity follows from the sizes seen later
            except AttributeError:
                this.cap = len(this)
            this.append(value)
            return this
        args = more if value is MISSING else (value, *more)
        this, args = spec.load_this(this, args)
        return None if this is MISSING else body(this, args)

    return native


@_direct_method(_push_native)
def push(this: Array, args: tuple[Any, ...]) -> Array:
    """`push( ... )`: appends the values; returns this."""
    grow(this, len(args))
    this.extend(args)
    return this


def _pop_native(spec: Any, body: Any) -> Any:
    def native(this: Any = None, *args: Any) -> Any:
        if isinstance(this, Array) and len(this):
            try:
                if this.cap < len(this):
                    capacity(this)
            except AttributeError:
                this.cap = len(this)
            return this.pop()
        this, args = spec.load_this(this, args)
        return None if this is MISSING else body(this, args)

    return native


@_direct_method(_pop_native)
def pop(this: Array, args: tuple[Any, ...]) -> Any:
    """`pop()`: removes and returns the last item; empty: Warning and null."""
    if not len(this):
        return warning("array is empty, cannot pop")
    capacity(this)
    return this.pop()


@_method("shift( ... )", raw=True)
def shift(this: Array, args: tuple[Any, ...]) -> Any:
    """Removes and returns the first item; empty: Warning and null."""
    if not len(this):
        return warning("array is empty, cannot shift")
    capacity(this)
    return this.pop(0)


@_method("unshift( ... )", raw=True)
def unshift(this: Array, args: tuple[Any, ...]) -> Array:
    """Inserts the values at the front in their order; returns this."""
    grow(this, len(args))
    this[:0] = args
    return this


@_method("insert( int pos, any value, ... )")
def insert(this: Array, position: int, *values: Any) -> Array | None:
    """Inserts values before a position; a negative one counts from behind the last item. Returns this.

    Outside the array: Warning and null.
    """
    size = len(this)
    if position < 0:
        position += size + 1
    if not 0 <= position <= size:
        return warning("index out of bounds")
    grow(this, len(values))
    this[position:position] = values
    return this


@_method("erase( int at[, int at2 ] )")
def erase(this: Array, first: int, last: int | None) -> Array | None:
    """Removes one item or an inclusive range; negative indices count from the end. Returns this.

    Indices outside the array or in the wrong order: Warning and null.
    """
    size = len(this)
    if first < 0:
        first += size
    if last is None:
        last = first
    elif last < 0:
        last += size
    if not (0 <= first < size and 0 <= last < size):
        return warning("index out of bounds")
    if last < first:
        return warning("after resolving, index #1 must be smaller or equal than index #2")
    capacity(this)
    del this[first : last + 1]
    return this


@_method("part( int from[, int max ] )")
def part(this: Array, start: int, count: int | None) -> Array | None:
    """A new array with at most `max` items from a position on; a negative position has the size added once."""
    if count is not None and count < 0:
        return warning("argument 2 (count) cannot be negative")
    size = len(this)
    if start < 0:
        start += size
    end = size if count is None else max(start + count, 0)
    return new_array(this[max(start, 0) : end])


@_method("clear( ... )", raw=True)
def clear(this: Array, args: tuple[Any, ...]) -> Array:
    """Removes all items, keeps the capacity; returns this."""
    capacity(this)
    this.clear()
    return this


@_method("reverse()", exact=True)
def reverse(this: Array) -> Array:
    """Reverses the order in place; returns this."""
    this.reverse()
    return this


@_method("resize( int size )")
def resize(this: Array, size: int) -> Array | None:
    """Cuts the array or pads it with nulls; returns this. A negative size is a Warning and gives null."""
    if size < 0:
        return warning(_NEGATIVE_SIZE)
    cap = capacity(this)
    if size > len(this):
        nulls = _nulls(size - len(this))
        if nulls is None:
            return None
        this.extend(nulls)
    else:
        del this[size:]
    this.cap = max(cap, size)
    return this


@_method("reserve( int size )")
def reserve(this: Array, size: int) -> Array | None:
    """Raises the capacity to at least `size`; returns this. A negative size is a Warning and gives null."""
    if size < 0:
        return warning(_NEGATIVE_SIZE)
    this.cap = max(capacity(this), size)
    return this


# --- sorting ----------------------------------------------------------------------------------------------------------


# So many values the host may sort in one go, which nothing can stop.
_QUICKLY_SORTED = 1 << 17


@_method("sort( [bool reverse = false] )")
def sort(this: Array, descending: bool) -> Array:
    """Sorts in place with the normal comparison, stable; returns this."""
    kinds = _kinds(this)
    if kinds <= _NUMBERS or kinds == {bytes}:
        if len(this) <= _QUICKLY_SORTED:
            list.sort(this, reverse=descending)
        else:
            from interp.pieces import ordered

            charge(16 * len(this))
            this[:] = ordered(this, descending)
    elif len(this) > 1:
        _sort_by(this, safe_order(), descending)
    return this


@_method("sort_custom( callable order[, bool reverse = false ] )")
def sort_custom(this: Array, function: Any, descending: bool) -> Array:
    """Sorts in place by the sign of `order( x, y )`, stable; returns this."""
    if len(this) > 1 and not _sort_closed(this, function, descending):
        _sort_by(this, comparator(function), descending)
    return this


def _sort_closed(this: Array, function: Any, descending: bool) -> bool:
    """Sorts by the comparator's copy without effects, if it has one for such items; False when nothing was done."""
    order = closed_copy(function, 2, this)
    if order is None:
        return False
    try:
        this[:] = _ordered_by(this, order, descending)
    except BAIL_ERRORS:
        del function.closed
        return False
    return True


def _sort_by(this: Array, order: Callable[[Any, Any], Any], descending: bool) -> None:
    context = current()
    enter_native(context)
    try:
        this[:] = _ordered_by(this, order, descending)
    finally:
        leave_native(context)


def _ordered_by(items: list[Any], order: Callable[[Any, Any], Any], descending: bool) -> list[Any]:
    from functools import cmp_to_key

    if len(items) <= _QUICKLY_SORTED:
        return sorted(items, key=cmp_to_key(order), reverse=descending)
    from interp.pieces import ordered

    # the host makes a key of each value first, which nothing can stop
    charge(24 * len(items))
    return ordered(items[:], descending, cmp_to_key(order))


def _kinds(items: list[Any]) -> set[type]:
    """The types of all items."""
    kinds: set[type] = set()
    for start in range(0, len(items), _QUICKLY_SORTED):
        kinds.update(map(type, items[start : start + _QUICKLY_SORTED] if len(items) > _QUICKLY_SORTED else items))
        poll()
    return kinds


@_method("sort_mapped( array keys[, bool reverse = false ] )")
def sort_mapped(this: Array, keys: Array, descending: bool) -> Array | None:
    """Reorders by the real values of another array of the same size, stable; returns this."""
    if len(keys) != len(this):
        return warning("array sizes must match")
    if len(keys) <= _QUICKLY_SORTED:
        values = [to_real(key) for key in keys]
        order = sorted(range(len(values)), key=values.__getitem__, reverse=descending)
    else:
        from interp.pieces import listed, ordered

        charge(48 * len(keys))
        values = listed(keys, to_real)
        order = ordered(list(range(len(values))), descending, values.__getitem__)
    this[:] = [this[i] for i in order] if len(order) <= _QUICKLY_SORTED else gather(map(this[:].__getitem__, order))
    return this


# --- searching --------------------------------------------------------------------------------------------------------


def _matches(items: list[Any], value: Any, strict: bool, start: int) -> Iterable[int]:
    """Indices of the items equal to a value, from `start` on."""
    kind = type(value)
    order = safe_order()
    context = current()
    for index in range(max(start, 0), len(items)):
        item = items[index]
        if index & 4095 == 4095:
            poll()
        if type(item) is kind and kind in _EXACT:
            if item == value:
                yield index
        elif strict and not same_type(item, value):
            continue
        elif kind in PLAIN and type(item) in PLAIN:
            if compare(item, value) == 0:
                yield index
        else:
            enter_native(context)
            try:
                equal = order(item, value) == 0
            finally:
                leave_native(context)
            if equal:
                yield index


@_method("find( any value[, bool strict = false[, int from = 0 ] ] )")
def find(this: Array, value: Any, strict: bool, start: int) -> int | None:
    """The index of the first equal item from a position on, or null; `strict` compares types too."""
    return next(iter(_matches(list(this), value, strict, start)), None)


@_method("remove( any value[, bool strict = false[, bool all = false[, int from = 0 ] ] ] )")
def remove(this: Array, value: Any, strict: bool, every: bool, start: int) -> int:
    """Removes the first equal item from a position on, or all of them; returns the number removed."""
    items = list(this)
    found = _matches(items, value, strict, start)
    gone = set(found) if every else {next(iter(found), None)} - {None}
    if gone:
        capacity(this)
        this[:] = [item for index, item in enumerate(items) if index not in gone]
    return len(gone)


@_method("unique( [bool as_text = false] )")
def unique(this: Array, as_text: bool) -> Array:
    """A new array with the first of each group of strictly equal items, or of items of equal text."""
    items = list(this)
    if as_text:
        first: dict[bytes, Any] = {}
        for item in poll_every(items):
            first.setdefault(safe_text(item), item)
        return built(first.values())
    seen: set[Any] = set()
    hooked: list[Any] = []
    objects: list[Any] = []
    kept: list[Any] = []
    for item in poll_every(items):
        key = map_key(item)
        if is_object(item) and _orders_itself(item):
            # only the hook can tell whether such an object equals itself
            if any(_strictly_equal(other, item) for other in objects):
                continue
            hooked.append(item)
            objects.append(item)
        else:
            if key in seen:
                continue
            if is_object(item):
                if any(_strictly_equal(other, item) for other in hooked):
                    continue
                objects.append(item)
            seen.add(key)
        kept.append(item)
    return built(kept)


def _orders_itself(value: Any) -> bool:
    """Whether equality of this object may be other than identity."""
    if isinstance(value, Object):
        return type(value).compare is not Object.compare or value.mm
    return bool(getattr(value, "mm", False))


def _strictly_equal(a: Any, b: Any) -> bool:
    return same_type(a, b) and guarded(compare, native_order, a, b) == 0


# --- chance -----------------------------------------------------------------------------------------------------------


@_method("random( int count )")
def random(this: Array, count: int) -> Array | None:
    """A new array of `count` random picks. Negative, or any from an empty array: Warning and null."""
    from .system import generator

    if count < 0:
        return warning("argument 1 (count) cannot be negative")
    if count and not len(this):
        return warning("array is empty")
    charge(8 * count)
    picks: list[Any] = []
    while len(picks) < count:
        picks += generator().choices(this, k=min(count - len(picks), 1024))
        poll()
    return new_array(picks)


@_method("shuffle()", exact=True)
def shuffle(this: Array) -> Array:
    """Puts the items in random order; returns this."""
    from .system import generator

    chance = generator()
    items = list(this)  # stores of single items to `this` would ask its meta-object
    if len(items) <= 1 << 15:
        chance.shuffle(items)
    else:
        for last in poll_every(range(len(items) - 1, 0, -1)):
            other = chance.randrange(last + 1)  # as `shuffle` draws them
            items[last], items[other] = items[other], items[last]
    this[:] = items
    return this


# --- rebuilding by a function -----------------------------------------------------------------------------------------


@library.function("array_filter( array items[, callable keep ] )")
def array_filter(items: Array, keep: Any) -> Array:
    """A new array of the items that are true, or for which `keep( value, index )` is true. (Chapter 03 section 5.)"""
    if keep is None:
        return built([item for item in poll_every(list(items)) if safe_truth(item)])
    test = callback(keep)
    context = current()
    enter_native(context)
    try:
        return built([item for index, item in enumerate(poll_every(list(items))) if safe_truth(test(item, index))])
    finally:
        leave_native(context)


@library.function("array_process( array items, callable change )")
def array_process(items: Array, change: Any) -> Array:
    """Replaces each item by `change( value, index )`; returns the same array. (Chapter 03 section 5.)"""
    run = callback(change)
    context = current()
    enter_native(context)
    try:
        for index, item in enumerate(list(items)):
            value = run(item, index)
            if index < len(items):
                list.__setitem__(items, index, value)
    finally:
        leave_native(context)
    return items
