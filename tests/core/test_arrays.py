"""Array methods against plain Python lists."""

from __future__ import annotations

import math
from typing import Any

import pytest
from core.core_world import Core
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.runtime.state import ScriptAbort
from interp.runtime.values import capacity

ITEMS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3, width=16), st.sampled_from([b"", b"1", b"a", b"ab"])
)
LISTS = st.lists(ITEMS, max_size=12)
INDEX = st.integers(-15, 15)


@pytest.fixture
def core() -> Core:
    return Core()


def text_of(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if value is None:
        return b"null"
    if type(value) is bool:
        return b"true" if value else b"false"
    return b"%d" % value if type(value) is int else b"%g" % value


def equal(a: Any, b: Any) -> bool:
    if (a is None) != (b is None) and bytes in (type(a), type(b)):
        return False
    if bytes in (type(a), type(b)):
        return text_of(a) == text_of(b)
    return (a or 0) == (b or 0)


def strictly_equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and equal(a, b)


# --- items against a list ---------------------------------------------------------------------------------------------

OPERATIONS = st.one_of(
    st.tuples(st.just("push"), st.lists(ITEMS, max_size=3)),
    st.tuples(st.just("unshift"), st.lists(ITEMS, max_size=3)),
    st.tuples(st.just("pop"), st.just([])),
    st.tuples(st.just("shift"), st.just([])),
    st.tuples(st.just("insert"), st.tuples(INDEX, ITEMS, ITEMS)),
    st.tuples(st.just("erase"), st.one_of(st.tuples(INDEX), st.tuples(INDEX, INDEX))),
    st.tuples(st.just("resize"), st.tuples(st.integers(-2, 15))),
    st.tuples(st.just("reserve"), st.tuples(st.integers(-2, 15))),
    st.tuples(st.just("reverse"), st.just([])),
    st.tuples(st.just("clear"), st.just([])),
)


class Model:
    """What chapter 03 section 2.4 says of an array's items and capacity."""

    def __init__(self, items: list[Any]) -> None:
        self.items = list(items)
        self.cap = len(items)

    def grow(self, extra: int) -> None:
        needed = len(self.items) + extra
        if needed > self.cap:
            self.cap = max(needed, 2 * self.cap)

    def push(self, *values: Any) -> None:
        self.grow(len(values))
        self.items += values

    def unshift(self, *values: Any) -> None:
        self.grow(len(values))
        self.items[:0] = values

    def pop(self) -> Any:
        return self.items.pop() if self.items else None

    def shift(self) -> Any:
        return self.items.pop(0) if self.items else None

    def insert(self, at: int, *values: Any) -> None:
        at = at + len(self.items) + 1 if at < 0 else at
        if 0 <= at <= len(self.items):
            self.grow(len(values))
            self.items[at:at] = values

    def erase(self, first: int, last: int | None = None) -> None:
        size = len(self.items)
        last = first if last is None else last
        first, last = (index + size if index < 0 else index for index in (first, last))
        if 0 <= first < size and 0 <= last < size and first <= last:
            self.items = [item for index, item in enumerate(self.items) if not first <= index <= last]

    def resize(self, size: int) -> None:
        if size >= 0:
            self.items = (self.items + [None] * size)[:size]
            self.cap = max(self.cap, size)

    def reserve(self, size: int) -> None:
        self.cap = max(self.cap, size)

    def reverse(self) -> None:
        self.items.reverse()

    def clear(self) -> None:
        self.items = []


@given(LISTS, st.lists(OPERATIONS, max_size=12))
def test_changes_follow_the_model(items: list[Any], operations: list[tuple[str, Any]]) -> None:
    core = Core()
    array = core.array(items)
    model = Model(items)
    for name, args in operations:
        before = len(model.items)
        result = core.on(array, name, *args)
        expected = getattr(model, name)(*args)
        assert list(array) == model.items
        assert capacity(array) == model.cap
        if name in ("pop", "shift"):
            assert result == expected
            assert len(core.messages()) == (not before)
        else:
            assert (result is array) == (not core.messages())


@given(LISTS, INDEX, st.one_of(st.none(), st.integers(0, 15)))
def test_part(items: list[Any], start: int, count: int | None) -> None:
    core = Core()
    part = core.on(core.array(items), "part", start, *([] if count is None else [count]))
    start = start + len(items) if start < 0 else start
    stop = len(items) if count is None else start + count
    assert list(part) == [item for index, item in enumerate(items) if start <= index < stop]
    assert capacity(part) == len(part)


def test_part_refuses_a_negative_count(core: Core) -> None:
    assert core.on(core.array([1]), "part", 0, -1) is None
    assert core.messages() == [b"Warning: array.part(): argument 2 (count) cannot be negative"]


def test_array_sized_refuses_what_cannot_be(core: Core) -> None:
    assert core.array_sized(-1) is None
    assert core.messages() == [b"Warning: array_sized(): argument 1 (size) must be bigger than or equal to 0"]
    with pytest.raises(ScriptAbort):
        core.array_sized(1 << 62)
    assert core.messages() == [b"Error: array_sized(): not enough memory"]


# --- searching --------------------------------------------------------------------------------------------------------


@given(LISTS, ITEMS, st.booleans(), INDEX)
def test_find(items: list[Any], value: Any, strict: bool, start: int) -> None:
    core = Core()
    test = strictly_equal if strict else equal
    found = [i for i, item in enumerate(items) if i >= start and test(item, value)]
    assert core.on(core.array(items), "find", value, strict, start) == (found[0] if found else None)


@given(LISTS, ITEMS, st.booleans(), st.booleans(), INDEX)
def test_remove(items: list[Any], value: Any, strict: bool, every: bool, start: int) -> None:
    core = Core()
    test = strictly_equal if strict else equal
    gone = [i for i, item in enumerate(items) if i >= start and test(item, value)][: None if every else 1]
    array = core.array(items)
    assert core.on(array, "remove", value, strict, every, start) == len(gone)
    assert list(array) == [item for i, item in enumerate(items) if i not in gone]
    assert capacity(array) == len(items)


@given(LISTS)
def test_unique(items: list[Any]) -> None:
    core = Core()
    kept: list[Any] = []
    for item in items:
        if not any(strictly_equal(item, other) for other in kept):
            kept.append(item)
    unique = core.on(core.array(items), "unique")
    assert list(map(repr, unique)) == list(map(repr, kept))
    texts: dict[bytes, Any] = {}
    for item in items:
        texts.setdefault(text_of(item), item)
    assert list(map(repr, core.on(core.array(items), "unique", True))) == list(map(repr, texts.values()))


def test_unique_compares_objects_by_identity(core: Core) -> None:
    a, b = core.array([1]), core.array([1])
    assert [x is a for x in core.on(core.array([a, b, a]), "unique")] == [True, False]


# --- sorting ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.booleans(), st.integers(-5, 5), st.floats(-5, 5, width=16)), max_size=30), st.booleans())
def test_sort_of_numbers_is_stable(items: list[Any], descending: bool) -> None:
    core = Core()
    array = core.array(items)
    assert core.on(array, "sort", descending) is array
    assert list(map(repr, array)) == list(map(repr, sorted(items, reverse=descending)))


@given(st.lists(st.one_of(st.integers(-9, 99), st.binary(max_size=2)), max_size=30))
def test_sort_of_mixed_values_is_ordered(items: list[Any]) -> None:
    core = Core()
    if len({type(item) for item in items}) == 2:
        items = [text_of(item) for item in items]
        array = core.array(items)
        core.on(array, "sort")
        assert list(array) == sorted(items)
    array = core.array([*items, None])
    core.on(array, "sort")
    assert sorted(map(repr, array)) == sorted(map(repr, [*items, None]))


@given(st.lists(st.integers(0, 5), max_size=40), st.booleans())
def test_sort_custom_is_stable(ranks: list[int], descending: bool) -> None:
    core = Core()
    items = [b"%d:%d" % pair for pair in zip(ranks, range(len(ranks)), strict=True)]
    array = core.array(items)
    core.on(array, "sort_custom", lambda this, a, b: (a[0] - b[0]) * 0.25, descending)
    assert list(array) == sorted(items, key=lambda item: item[0], reverse=descending)


@given(st.lists(st.integers(0, 5), max_size=40), st.booleans())
def test_sort_mapped_is_stable(keys: list[int], descending: bool) -> None:
    core = Core()
    items = list(range(len(keys)))
    array = core.array(items)
    core.on(array, "sort_mapped", core.array(keys), descending)
    assert list(array) == sorted(items, key=keys.__getitem__, reverse=descending)


@settings(max_examples=30)
@given(st.lists(st.integers(), max_size=30), st.randoms(use_true_random=False))
def test_sort_custom_with_a_contradicting_callback_permutes(items: list[int], chance: Any) -> None:
    core = Core()
    array = core.array(items)
    results = [-1, 0, 1, None, b"x", b"-1", True, math.nan]
    core.on(array, "sort_custom", lambda this, a, b: chance.choice(results))
    assert sorted(array) == sorted(items)


def test_sort_works_on_the_items_of_the_start(core: Core) -> None:
    array = core.array([3, 1, 2])

    def order(this: Any, a: int, b: int) -> int:
        core.on(array, "push", 9)
        return a - b

    core.on(array, "sort_custom", order)
    assert list(array) == [1, 2, 3]


def test_callbacks_take_what_they_declare(core: Core) -> None:
    array = core.array([2, 1])
    core.on(array, "sort_custom", lambda this: 0)
    core.on(array, "sort_custom", lambda this, a: 0)
    assert list(array) == [2, 1]
    core.on(array, "sort_custom", lambda this, a, b, c=None: a - b)
    assert list(array) == [1, 2]


def test_an_abort_in_a_callback_ends_the_callback_only(core: Core) -> None:
    def fail(this: Any, value: Any, index: Any) -> Any:
        if index == 1:
            raise ScriptAbort
        return value

    assert list(core.array_process(core.array([1, 2, 3]), fail)) == [1, None, 3]
    assert list(core.array_filter(core.array([1, 2, 3]), fail)) == [1, 3]
    assert core.world.root.nest == 0


# --- chance -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(), min_size=1, max_size=9), st.integers(0, 3000))
def test_random_and_shuffle(items: list[int], count: int) -> None:
    core = Core()
    array = core.array(items)
    picks = core.on(array, "random", count)
    assert len(picks) == count and set(picks) <= set(items)
    assert sorted(core.on(array, "shuffle")) == sorted(items)


def test_random_of_nothing(core: Core) -> None:
    assert list(core.on(core.array(), "random", 0)) == []
    assert core.on(core.array(), "random", 1) is None
    assert core.messages() == [b"Warning: array.random(): array is empty"]


# --- calls ------------------------------------------------------------------------------------------------------------


def test_methods_are_in_the_order_of_the_chapter(core: Core) -> None:
    order = (
        "push pop shift unshift insert erase part clear reverse resize reserve sort sort_custom sort_mapped find "
        "remove unique random shuffle"
    )
    from stdlib.core.arrays import METHODS

    assert list(METHODS) == order.split()


@pytest.mark.parametrize("method", ["push", "pop", "shift", "clear", "sort", "find"])
def test_methods_take_the_array_from_the_first_argument(core: Core, method: str) -> None:
    from stdlib.core.arrays import METHODS

    array = core.array([1, 2])
    METHODS[method](None, array, 1)
    assert core.messages() == []
    METHODS[method](None)
    METHODS[method](None, 5)
    METHODS[method](5)
    prefix = b"Warning: array.%b(): " % method.encode()
    assert core.messages() == [
        prefix + b"argument 1 - expected array, got nothing",
        prefix + b"argument 1 - expected array, got int",
        prefix + b"'this' - expected array, got int",
    ]
