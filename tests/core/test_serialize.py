"""Binary streams: round trips of arbitrary values, exact bytes of small ones, and streams nobody has written."""

from __future__ import annotations

from typing import Any

import pytest
from core.core_world import Core
from core.values import build, descriptions, plain
from hypothesis import given
from hypothesis import strategies as st
from language.world import run

from interp.library import Pointer
from interp.runtime.shapes import instance_class, set_meta
from interp.runtime.state import ScriptAbort
from interp.runtime.values import Object, Table, make_table, map_items
from stdlib.string import Utf8Iterator, library


@pytest.fixture
def core() -> Core:
    return Core()


def zero_as_one(value: float) -> str:
    # mode 2 writes 0.0 and -0.0 as one variable, whichever came first
    return repr(value + 0.0) if value else "0.0"


@given(descriptions())
def test_round_trip_of_the_stack_stream(description: Any) -> None:
    core = Core()
    value = build(core, description)
    copy = core.unserialize(core.serialize(value, 1), 1)
    assert plain(copy) == plain(value)


@given(descriptions())
def test_round_trip_of_the_variable_stream(description: Any) -> None:
    core = Core()
    value = build(core, description)
    copy = core.unserialize(core.serialize(value))
    assert plain(copy, zero_as_one) == plain(value, zero_as_one)
    assert core.messages() == []


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_identity_and_cycles_survive_the_variable_stream(edges: list[tuple[int, int]]) -> None:
    core = Core()
    nodes = [core.array() if index % 2 else Table() for index in range(8)]
    for start, end in edges:
        if start % 2:
            core.on(nodes[start], "push", nodes[end])
        else:
            nodes[start][b"%d" % end] = nodes[end]
    root = core.array(nodes)
    copies = core.unserialize(core.serialize(root))
    assert len(copies) == 8
    for start in range(8):
        parts = list(nodes[start]) if start % 2 else list(nodes[start].values())
        copied = list(copies[start]) if start % 2 else list(copies[start].values())
        assert [nodes.index(part) for part in parts] == [list(copies).index(part) for part in copied]


@given(st.binary(max_size=60), st.sampled_from([1, 2]))
def test_any_bytes_are_read_or_refused(data: bytes, mode: int) -> None:
    core = Core()
    if data:
        core.unserialize(data, mode)
        for message in core.messages():
            assert message.startswith(b"Warning: ")


def test_array_is_filled_after_it_got_its_meta_object() -> None:
    """04 §7.3: commands in another order than ours mean the same; a meta-object is no hindrance to the items."""
    result = run(
        'include "string"; s = serialize( class( [ 1, 2 ], { q = 3 } ) ); n = s.length; link = string_part( s, n - 5 );'
        " b = unserialize( string_part( s, 0, n - 31 ) $ link $ string_part( s, n - 31, 26 ) ); println( b, b.q );"
    )
    assert (result.out, result.err) == ("[1,2]3\n", "")


@given(descriptions(), st.sampled_from([1, 2]), st.data())
def test_damaged_streams_are_read_or_refused(description: Any, mode: int, data: Any) -> None:
    core = Core()
    stream = bytearray(core.serialize(build(core, description), mode))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] = data.draw(st.integers(0, 255))
    core.unserialize(bytes(stream), mode)
    core.unserialize(bytes(stream[: at + 1]), mode)
    for message in core.messages():
        assert message.startswith(b"Warning: ")


def test_examples_of_the_chapter(core: Core) -> None:
    assert core.serialize(None).hex() == "50005200000000"
    assert core.serialize(make_table([])).hex() == "4f000000000400ffffffff64696374005200000000"
    assert core.serialize(core.array()).hex() == (
        "500405000000617272617953000000005002000000000000000" + "0"
        "4f010000000b00010000000200000061727261795f73697a6564005203000000"
    )


def test_deep_values(core: Core) -> None:
    deep = core.array()
    for _ in range(50_000):
        deep = core.array([deep])
    for mode in (1, 2, 3):
        copy = core.unserialize(core.serialize(deep, mode), mode)
        depth = 0
        while copy:
            copy, depth = copy[0], depth + 1
        assert depth == 50_000
    while deep:
        deep = deep.pop()


def test_a_ring_is_an_error_where_identity_is_not_kept(core: Core) -> None:
    ring = core.array()
    ring.append(ring)
    for mode in (1, 3):
        with pytest.raises(ScriptAbort):
            core.serialize(ring, mode)
        assert core.messages() == [b"Error: serialize(): recursion detected"]
    shared = core.array([1])
    assert core.serialize(core.array([shared, shared]), 3) == b"[[1],[1]]"


def test_meta_objects(core: Core) -> None:
    meta = make_table([(b"greet", b"hello")])
    instance = instance_class(meta, True)()
    copy = core.unserialize(core.serialize(instance))
    assert copy.mm is True and plain(copy.meta) == plain(meta)
    array = core.unserialize(core.serialize(core.array([1])))
    assert array.meta is core.world.array_meta and type(array) is core.world.array_type
    # the meta-object that holds the object itself
    back = Table()
    set_meta(back, meta, False)
    meta[b"back"] = back
    copy = core.unserialize(core.serialize(back))
    assert copy.meta[b"back"] is copy and copy.mm is False


def test_symbols_travel_by_name(core: Core) -> None:
    settings = make_table([(b"volume", 3)])
    core.world.symbol_register(b"settings", settings)
    function = core.world.namespace["println"]
    core.world.symbol_values[b"sym_get"] = lambda this, name: core.world.symbol_values[name]
    for mode in (1, 2, 3):
        copy = core.unserialize(core.serialize(core.array([settings, function]), mode), mode)
        assert copy[0] is settings and copy[1] is function
    stream = core.serialize(settings).replace(b"settings", b"nonsense")
    assert core.unserialize(stream) is None
    assert core.messages() == [
        b"Warning: unserialize(): failed to unserialize: could not map name (nonsense) to symbol"
    ]


class Event(Object):
    """Stands for a library object with a constructor."""

    type_name = "event"

    def __init__(self, signaled: bool = False) -> None:
        self.signaled = signaled

    def serialize_args(self) -> tuple[Any, ...]:
        return (self.signaled,)


def test_library_objects(core: Core) -> None:
    core.world.symbol_values[b"event"] = lambda this, signaled=None: Event(bool(signaled))
    for mode in (1, 2, 3):
        assert core.unserialize(core.serialize(Event(True), mode), mode).signaled is True
    assert core.serialize(Event(True), 1).hex() == "50010143010000000565" + "76656e7400"
    with pytest.raises(ScriptAbort):
        core.serialize(Object(), 1)
    assert core.serialize(core.array([Object()])) is None
    assert core.messages() == [
        b"Error: serialize(): cannot serialize object of type 'object'",
        b"Warning: serialize(): Cannot serialize object of type 'object'",
    ]


class Walker(Event):
    """A library object whose constructor has another name than its type."""

    type_name = "walker"
    constructor = "make_walker"


def test_constructors_of_another_name(core: Core) -> None:
    core.world.symbol_values[b"make_walker"] = lambda this, signaled=None: Walker(bool(signaled))
    assert core.sgson_encode(Walker(True)) == b"make_walker(true)"
    assert core.serialize(Walker(True), 1).endswith(b"\x0bmake_walker\0")
    core.world.slots["data_constructors"] = {"make_walker"}
    for mode in (1, 2, 3):
        assert type(core.unserialize(core.serialize(Walker(True), mode), mode)) is Walker


def test_iterators_over_characters(core: Core) -> None:
    core.world.symbol_values[b"string_utf8_iterator"] = library.functions["string_utf8_iterator"]
    for mode in (1, 2, 3):
        copy = core.unserialize(core.serialize(Utf8Iterator(b"a\xc3\xb1", 1), mode), mode)
        assert (type(copy), copy.string, copy.offset) == (Utf8Iterator, b"a\xc3\xb1", 0)
    assert core.messages() == []


def test_functions(core: Core) -> None:
    def script_function(this: Any) -> None: ...

    assert core.serialize(script_function) is None
    assert core.serialize(Pointer(1)) is None
    assert core.messages() == [
        b"Warning: serialize(): Cannot serialize functions",
        b"Warning: serialize(): Cannot serialize pointers",
    ]
    core.world.slots["function_source"] = lambda function: b"function(){}"
    core.world.slots["function_from_source"] = lambda source: ("compiled", source)
    for mode in (1, 2):
        assert core.unserialize(core.serialize(script_function, mode), mode) == ("compiled", b"function(){}")
    foreign = b"P\x05\x04\x00\x00\x00SGS\x00R\x00\x00\x00\x00"
    assert core.unserialize(foreign) is None
    assert core.messages() == [b"Warning: unserialize(): failed to unserialize function: incomplete data"]


def test_data_calls_only_constructors(core: Core) -> None:
    called: list[Any] = []
    core.world.symbol_values[b"println"] = lambda this, *args: called.append(args)
    call = b"P\x00C\x01\x00\x00\x00\x07println\x00"
    assert core.unserialize(call, 1) is None
    assert core.messages() == [b"Warning: unserialize(): failed to unserialize: could not create object from function"]
    assert called == []
    core.world.slots["data_constructors"] = {"println"}
    core.unserialize(call, 1)
    assert called == [(None,)]


def test_data_writes_only_to_its_own_objects(core: Core) -> None:
    target = Table()
    core.world.symbol_register(b"target", target)
    stream = b"P\x04\x06\x00\x00\x00targetSP\x04\x01\x00\x00\x00xP\x01\x01["
    assert core.unserialize(stream, 1) is None
    assert map_items(core.map()) == [] and list(target) == []
    assert core.messages() == [b"Warning: unserialize(): failed to unserialize: error in data"]


def test_data_cannot_ask_for_much_memory(core: Core) -> None:
    huge = b"P\x02\x00\x00\x00\x00\x01\x00\x00\x00C\x01\x00\x00\x00\x0barray_sized\x00"
    assert core.unserialize(huge, 1) is None
    assert core.sgson_decode(b"array_sized(100000000000)") is None
    assert len(core.messages()) == 2


@pytest.mark.parametrize(
    ("stream", "mode", "reason"),
    [
        (b"P", 2, b": incomplete data"),
        (b"P\x02\x01", 2, b": incomplete data"),
        (b"P\x04\xff\x00\x00\x00a", 2, b": incomplete data"),
        (b"P\x09", 1, b": error in data"),
        (b"P\x04\xff\xff\xff\xffa", 1, b": error in data"),
        (b"nonsense", 2, b": error in data"),
        (b"nonsense", 1, b": error in data"),
        (b"P\x00R\x05\x00\x00\x00", 2, b": error in data"),
        (b"P\x00S\x00\x00\x00\x00", 2, b": could not map name to symbol"),
        (b"C\x01\x00\x00\x00\x05array\x00", 1, b": error in data"),
        (b"[", 1, b": error in data"),
        (b"O\x00\x00\x00\x00\x07\x00\xff\xff\xff\xffnothing\x00", 2, b": could not create object from function"),
        (b"O\xff\xff\xff\x7f\x04\x00\xff\xff\xff\xffdict\x00", 2, b": error in data"),
    ],
)
def test_faults(core: Core, stream: bytes, mode: int, reason: bytes) -> None:
    assert core.unserialize(stream, mode) is None
    assert core.messages() == [b"Warning: unserialize(): failed to unserialize" + reason]


def test_a_stream_without_result_is_null(core: Core) -> None:
    assert core.unserialize(b"P\x00P\x01\x01") is None
    assert core.messages() == []


def test_modes(core: Core) -> None:
    for call in (lambda: core.serialize(1, 4), lambda: core.unserialize(b"x", 0)):
        with pytest.raises(ScriptAbort):
            call()
    with pytest.raises(ScriptAbort):
        core.unserialize(b"")
    assert core.messages() == [
        b"Error: serialize(): bad serialization mode",
        b"Error: unserialize(): bad serialization mode",
        b"Error: unserialize(): sgs_Unserialize: variable does not resolve to a non-empty string",
    ]
    assert core.unserialize(b"[1", 3) is None
    assert core.messages() == []
