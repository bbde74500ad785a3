"""Dicts and maps against Python dicts, which keep insertion order as chapter 03 section 3.3 wants it."""

from __future__ import annotations

from typing import Any

import pytest
from core.core_world import Core
from hypothesis import given
from hypothesis import strategies as st

from interp.library import new_map
from interp.runtime.shapes import instance_class, set_meta
from interp.runtime.state import ScriptAbort
from interp.runtime.values import (
    Iterator,
    IteratorError,
    Map,
    Object,
    Record,
    Table,
    capacity,
    dict_get,
    dict_items,
    dict_set,
    make_table,
    map_items,
)

KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"])
CHANGES = st.lists(st.tuples(st.booleans(), KEYS, st.integers()), max_size=40)
MAP_KEYS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, -0.0, 1.0, 2.5]), st.sampled_from([b"", b"1"])
)


@pytest.fixture
def core() -> Core:
    return Core()


def model_key(key: Any) -> Any:
    return (type(key).__name__, key)


def record(**entries: Any) -> Record:
    made = Record()
    for name, value in entries.items():
        dict_set(made, name.encode(), value)
    return made


@pytest.mark.parametrize("kind", [Table, Record])
@given(CHANGES)
def test_dicts_keep_the_order_of_insertion(kind: type, changes: list[tuple[bool, bytes, int]]) -> None:
    core = Core()
    made = kind()
    model: dict[bytes, int] = {}
    for store, key, value in changes:
        if store:
            dict_set(made, key, value)
            model[key] = value
        else:
            assert core.unset(made, key) is None
            model.pop(key, None)
        assert core.isset(made, key) is (key in model)
    assert dict_items(made) == list(model.items())
    assert core.dict_size(made) == len(model)
    assert list(core.get_keys(made)) == list(model)
    assert list(core.get_values(made)) == list(model.values())
    assert dict_items(core.clone(made)) == list(model.items())
    kept = core.dict_filter(made, lambda this, value, key: key > b"b" and value % 2)
    assert dict_items(kept) == [(key, value) for key, value in model.items() if key > b"b" and value % 2]


@given(st.lists(st.tuples(st.booleans(), MAP_KEYS, st.integers()), max_size=40))
def test_maps_keep_order_and_types_of_keys(changes: list[tuple[bool, Any, int]]) -> None:
    core = Core()
    made = core.map()
    model: dict[Any, int] = {}
    for store, key, value in changes:
        if store:
            merged = core.get_merged_map(made, new_map([(key, value)]))
            assert [model_key(k) for k, _ in map_items(made)] == list(model)
            made = merged
            model[model_key(key)] = value
        else:
            core.unset(made, key)
            model.pop(model_key(key), None)
        assert core.isset(made, key) is (model_key(key) in model)
    assert [(model_key(key), value) for key, value in map_items(made)] == list(model.items())
    assert core.map_size(made) == len(model)
    assert map_items(core.clone(made)) == map_items(made)
    assert list(core.get_concat(made, made)) == [*model.values(), *model.values()]


@given(st.lists(st.tuples(st.one_of(MAP_KEYS, st.binary(max_size=2)), st.integers()), max_size=8))
def test_constructors(pairs: list[tuple[Any, int]]) -> None:
    core = Core()
    flat = [part for pair in pairs for part in pair]
    model: dict[bytes, int] = {}
    for key, value in pairs:
        model[core.tostring(key)] = value
    assert dict_items(core.dict(*flat)) == list(model.items())
    assert core.map_size(core.map(*flat)) == len({model_key(key) for key, _ in pairs})
    assert core.messages() == []
    assert core.dict(*flat, 1) is None
    assert core.map(*flat, 1) is None
    assert core.messages() == [
        b"Warning: dict(): function expects 0 or an even number of arguments",
        b"Warning: map(): function expects 0 or an even number of arguments",
    ]


def test_nan_keys_are_never_found(core: Core) -> None:
    nan = float("nan")
    made = core.map(nan, 1)
    assert core.isset(made, nan) is False
    assert core.map_size(core.get_merged_map(made, core.map(nan, 2))) == 2


def test_objects_as_map_keys_go_by_identity(core: Core) -> None:
    a, b = core.array([1]), core.array([1])
    made = core.map(a, 1)
    assert core.isset(made, a) and not core.isset(made, b)


# --- isset, unset, clone ----------------------------------------------------------------------------------------------


def test_isset_of_other_values(core: Core) -> None:
    assert [core.isset(b"abc", key) for key in (0, -3, 3, b"length", b"1x", None)] == [
        True, True, False, False, True, False,
    ]  # fmt: skip
    array = core.array([1, 2])
    assert [core.isset(array, key) for key in (0, 1.9, 2, -1, b"x", None, b"size")] == [
        True, True, False, False, True, True, True,
    ]  # fmt: skip
    assert [core.isset(value, 0) for value in (None, True, 5, 1.5, core.world.namespace["print"])] == [False] * 5
    assert core.messages() == []
    assert core.isset() is None and core.isset(1) is None and core.isset(1, 2, 3) is None
    assert core.messages() == [
        b"Warning: isset(): argument 1 - expected any, got nothing",
        b"Warning: isset(): argument 2 - expected any, got nothing",
        b"Warning: isset(): function expects exactly 2 arguments, 3 given",
    ]


def test_isset_asks_the_meta_object(core: Core) -> None:
    meta = record(x=1)
    instance = instance_class(meta, True)()
    assert core.isset(instance, b"x") is True
    assert core.isset(instance, b"y") is False
    dict_set(meta, b"__getindex", lambda this, key: 5)
    assert core.isset(instance, b"y") is True


def test_isset_survives_an_abort_in_getindex(core: Core) -> None:
    def fail(this: Any, key: Any) -> Any:
        raise ScriptAbort

    table = make_table([(b"a", 1)])
    set_meta(table, make_table([(b"__getindex", fail)]), True)
    assert core.isset(table, b"a") is True
    assert core.isset(table, b"b") is False
    assert (core.world.root.nest, core.world.root.suppress) == (0, 0)


def test_clone_drops_the_meta_object_and_keeps_the_capacity(core: Core) -> None:
    meta = record(x=1)
    instance = instance_class(meta, True)()
    dict_set(instance, b"own", 2)
    copy = core.clone(instance)
    assert type(copy) is Record and dict_items(copy) == [(b"own", 2)]
    array = core.on(core.array([1, 2]), "reserve", 7)
    assert capacity(core.clone(array)) == 7
    table = make_table([(b"a", 1)])
    set_meta(table, meta, True)
    assert type(core.clone(table)) is Table
    changed = core.map(1, 2)
    set_meta(changed, meta, True)
    assert type(core.clone(changed)) is Map


def test_clone_by_metamethod(core: Core) -> None:
    meta = record(__clone=lambda this: b"copy")
    instance = instance_class(meta, True)()
    assert core.clone(instance) == b"copy"
    with pytest.raises(ScriptAbort):
        core.clone(core.get_iterator(core.array()))
    assert core.messages() == [b"Error: clone(): failed to clone variable"]


# --- lists and merging ------------------------------------------------------------------------------------------------


def test_what_cannot_be_iterated_gives_two_messages(core: Core) -> None:
    for name in ("get_keys", "get_values"):
        with pytest.raises(ScriptAbort):
            getattr(core, name)()
        assert core.messages() == [
            b"Error: %b(): Variable of type 'null' doesn't have an iterator" % name.encode(),
            b"Warning: %b(): argument 1 - expected iterable, got null" % name.encode(),
        ]
    with pytest.raises(ScriptAbort):
        core.get_merged(core.array(), Object())
    assert core.messages() == [
        b"Error: get_merged(): Object 'object' doesn't have an iterator",
        b"Warning: get_merged(): argument 2 - expected iterable, got object",
    ]
    with pytest.raises(ScriptAbort):
        core.map_process(5, core.world.namespace["print"])
    assert core.messages() == [
        b"Error: map_process(): Variable of type 'int' doesn't have an iterator",
        b"Error: map_process(): iterator is not an object",
    ]


def test_get_merged_leaves_out_what_is_no_key(core: Core) -> None:
    function = core.world.namespace["print"]
    merged = core.get_merged(core.map(None, 1, function, 2, 3, 4, core.array([5]), 6), core.array([7]))
    assert dict_items(merged) == [(b"3", 4), (b"[5]", 6), (b"0", 7)]


def test_built_arrays_grow_as_by_single_pushes(core: Core) -> None:
    for size in range(20):
        cap = 0
        for filled in range(size):
            if filled + 1 > cap:
                cap = max(filled + 1, 2 * cap)
        assert capacity(core.get_values(core.array(range(size)))) == cap


def test_map_process_changes_in_place(core: Core) -> None:
    table = make_table([(b"a", 1), (b"b", 2)])
    assert core.map_process(table, lambda this, value, key: key * value) is table
    assert dict_items(table) == [(b"a", b"a"), (b"b", b"bb")]


# --- iterators --------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(), max_size=5))
def test_iterators_walk_the_entries(items: list[int]) -> None:
    core = Core()
    for container in (core.array(items), core.map(*[part for i, item in enumerate(items) for part in (i, item)])):
        it = core.get_iterator(container)
        assert core.iter_getdata(it, True) is None
        seen = []
        data = core.world.namespace["iter_getdata"].spec.multi
        while core.iter_advance(it):
            seen.append(data(None, it, True))
        assert seen == list(enumerate(items))
        assert core.iter_advance(it) is False
        assert core.iter_getdata(it) is None


def test_iterators_fail_when_the_size_changes(core: Core) -> None:
    array = core.array([1])
    it = core.get_iterator(array)
    core.on(array, "push", 2)
    for call in (core.iter_advance, core.iter_getdata):
        with pytest.raises(ScriptAbort):
            call(it)
    assert core.messages() == [
        b"Error: iter_advance(): array changed size during iteration",
        b"Error: iter_getdata(): array changed size during iteration",
    ]


class Countdown(Object):
    """A library object with an iterator that breaks off."""

    def iterator(self) -> Any:
        return CountdownIterator()


class CountdownIterator(Iterator):
    left = 3

    def advance(self) -> bool:
        if self.left == 1:
            raise IteratorError("out of breath")
        self.left -= 1
        return True

    def data(self) -> tuple[Any, Any]:
        return self.left, self.left


def test_a_failing_iterator_is_an_error(core: Core) -> None:
    for call in (core.get_keys, lambda it: core.map_process(it, lambda this, value, key: None)):
        with pytest.raises(ScriptAbort):
            call(Countdown())
        assert core.messages()[-1].endswith(b"out of breath")


def test_get_props(core: Core) -> None:
    assert list(core.get_props(core.array())) == [b"size", b"capacity", b"first", b"last"]
    assert list(core.get_props(b"")) == [b"length"]
    assert [list(core.get_props(value)) for value in (None, 1, core.map(), make_table([]))] == [[], [], [], []]
    assert dict_get(core.world.array_meta, b"push") is not None
