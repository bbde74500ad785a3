"""Module `sgsjson` (chapter 07 section 5): round trips, agreement with Python's `json`, wrong texts, depth, time."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interp import Engine
from interp.library import dict_items, is_array, is_dict, new_array, new_dict, new_map
from interp.runtime import state
from interp.runtime.values import Array, Pointer
from stdlib.json import library

collected: list[bytes] = []


@pytest.fixture(autouse=True)
def world() -> Iterator[state.World]:
    """A world without scripts whose messages are collected."""
    made = state.World()
    made.array_type = Array
    made.namespace["$stop"] = False
    made.message_hook = lambda kind, level, text, frames: collected.append(text) or True
    before = state.switch(made.root)
    collected.clear()
    yield made
    state.switch(before)


def encode(*args: Any) -> Any:
    return library.functions["json_encode"](None, *args)


def decode(*args: Any) -> Any:
    return library.functions["json_decode"](None, *args)


def plain(value: Any) -> Any:
    """A script value as Python data; dicts as lists of pairs, so that order counts."""
    if is_array(value):
        return [plain(item) for item in value]
    if is_dict(value):
        return [(key, plain(item)) for key, item in dict_items(value)]
    return value


def script(value: Any) -> Any:
    """Python data as a script value."""
    if isinstance(value, list):
        return new_array(map(script, value))
    if isinstance(value, dict):
        return new_dict({key: script(item) for key, item in value.items()})
    return value


def by_python(value: Any) -> Any:
    """What section 5.2 makes of a value Python's `json` decoded (objects as lists of pairs)."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
        return int(number) if number.is_integer() and -(2.0**63) <= number < 2.0**63 else number
    if isinstance(value, list):
        return [by_python(item) for item in value]
    if isinstance(value, dict):
        return [(key.encode(), by_python(item)) for key, item in value.items()]
    return value


SAFE_INTS = st.integers(-(2**53), 2**53)
# reals which six digits can tell, and which do not come back as ints
SHORT_REALS = st.integers(-99999, 99999).filter(lambda n: n % 10).map(lambda n: n / 10)
SCALARS = st.none() | st.booleans() | SAFE_INTS | SHORT_REALS | st.binary()
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.binary(), inner))
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]))
JSON_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(DATA)
def test_what_was_encoded_decodes_to_the_same(data: Any) -> None:
    text = encode(script(data))
    again = decode(text)
    assert plain(again) == plain(script(data))
    assert encode(again) == text
    assert not collected


@given(JSON_DATA, st.booleans(), st.sampled_from([None, 1, "\t"]))
@example({"a": 10**400, "b": -(10**5000), "c": [2**63, -(2**63), 2**53 + 1, 1e300, -0.0]}, False, None)
@example(["\U0001f600", "é", "\0"], False, None)
def test_decodes_like_python(data: Any, ascii_only: bool, indent: Any) -> None:
    try:
        text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    except ValueError:
        text = '{"a": 1' + "0" * 400 + ', "b": [-1' + "0" * 5000 + ", 0.5]}"
        expected: Any = [(b"a", math.inf), (b"b", [-math.inf, 0.5])]
    else:
        if "\\ud" in text:
            return  # halves of pairs stay apart here: see below
        expected = by_python(json.loads(text, parse_int=float))
    assert plain(decode(text.encode())) == expected


@given(
    JSON_DATA,
    st.booleans(),
    st.sampled_from([None, 1]),
    st.sampled_from([8, 16, 40, 100]),
    st.lists(
        st.tuples(st.integers(0), st.sampled_from(["", ",", "]", "[", "{", "}", '"', ":", "\\", "1", " " * 60 + ","]))
    ),
)
def test_long_texts_in_stretches_decode_to_the_same(
    data: Any, ascii_only: bool, indent: Any, window: int, damage: list[tuple[int, str]]
) -> None:
    try:
        text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    except ValueError:
        return
    for place, piece in damage[:2]:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + (not piece) :]
    whole = plain(decode(text.encode()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stdlib.json._WINDOW", window)
        patch.setattr("stdlib.json._SHORT_RUN", 2)
        assert plain(decode(text.encode())) == whole
    assert not collected


@given(st.text('[]{}",:\\ \n0123456789-+.eEtrufalsn/bx\x01é') | JSON_DATA.map(json.dumps))
def test_refuses_what_python_refuses(text: str) -> None:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        assert decode(text.encode()) is None
    else:
        assert decode(b"[" + text.encode() + b"]") is not None
    assert not collected


@pytest.mark.parametrize(
    "text",
    ["", "   ", "[", "]", "[1,]", "[1,,2]", "[,1]", "[1 2]", "[1}", '{"a"}', '{"a":1,}', "{a:1}", "{1:2}", '{"a":1}}',
     "nul", "nullx", "True", "1 2", "01", ".5", "+1", "-", "1.", "1e", "0x10", "'a'", "[1]x", '{"a":}', '"\\q"',
     '"\\u12"', '"\\u12x4"', '"a\nb"', '"open', "NaN", "Infinity", "-Infinity", "\0", "\f1", "[1]\0", "\ufeff1",
     "//\n1", '"\\ud8"', '"\\ud83', '"\\'],
)  # fmt: skip
def test_wrong_texts_give_null(text: str) -> None:
    assert decode(text.encode()) is None
    # the same must hold where Python's scanner is not used for the brackets
    deep = b"[" * 300 + text.encode() + b"]" * 300
    assert text.strip() == "" or decode(deep) is None
    assert not collected


def test_numbers() -> None:
    texts = [b"0", b"-0", b"-7", b"1.5", b"1.0", b"1e2", b"2.5E+3", b"25e-1", b"9007199254740993", b"-0.0"]
    assert [decode(text) for text in texts] == [0, 0, -7, 1.5, 1, 100, 2500, 2.5, 9007199254740992, 0]
    assert [type(decode(text)) for text in texts] == [int, int, int, float, int, int, int, float, int, int]
    assert decode(b"99999999999999999999") == 1e20 and type(decode(b"99999999999999999999")) is float
    assert type(decode(b"9223372036854775807")) is float  # the nearest double is 2^63
    assert decode(b"-9223372036854775808") == -(2**63) and type(decode(b"-9223372036854775808")) is int
    assert decode(b"1e999") == math.inf


@pytest.mark.parametrize("wrap", [(b"", b""), (b"[" * 300, b"]" * 300)])
def test_strings(wrap: tuple[bytes, bytes]) -> None:
    def inner(text: bytes) -> Any:
        value = decode(wrap[0] + text + wrap[1])
        while is_array(value):
            value = value[0]
        return value

    assert inner(b'"\\" \\\\ \\/ \\b\\f\\n\\r\\t"') == b'" \\ / \b\f\n\r\t'
    assert inner(b'"\\u0041\\u00e9\\u20AC\\u0000"') == "Aé€\0".encode()
    assert inner(b'"\\ud83d\\ude00 \\uDFFF \\\\ud83d"') == b"\xed\xa0\xbd\xed\xb8\x80 \xed\xbf\xbf \\ud83d"
    assert inner(b'"\xf0\x9f\x98\x80 \xff\xc3"') == b"\xf0\x9f\x98\x80 \xff\xc3"
    assert inner(b'"\xed\xa0\xbd \\ud83d\xff"') == b"\xed\xa0\xbd \xed\xa0\xbd\xff"
    assert plain(inner(b'{"\\u006bey\xff":1}')) == [(b"key\xff", 1)]


def test_structures() -> None:
    spaced = b' [ 1 , "two" , [ 3 , [ 4 ] ] , { "five" : 6 } ]\r\n'
    assert plain(decode(spaced)) == [1, b"two", [3, [4]], [(b"five", 6)]]
    assert plain(decode(b'{"a":1,"b":2,"a":3}')) == [(b"a", 3), (b"b", 2)]
    assert plain(decode(b"[{},[],null,true,false,0.5]")) == [[], [], None, True, False, 0.5]


@pytest.mark.parametrize("depth", [199, 200, 201, 20_000])
def test_any_depth(depth: int) -> None:
    for text in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b'"[{"' + b"}" * depth):
        value = decode(text)
        assert encode(value) == text
        assert decode(text[:-1]) is None and decode(text + b"]") is None and decode(text[: depth + 3]) is None
    assert decode(b'[{"a":' * depth + b"1}" * depth) is None
    strings = b'["[[[[[[[[[[",' * depth + b"1" + b"]" * depth
    assert encode(decode(strings)) == strings


def test_brackets_in_strings_do_not_hide_the_depth() -> None:
    depth = 50_000
    text = b'["]]]]}}",' * depth + b"1" + b"]" * depth
    assert encode(decode(text)) == text
    text = b'["\\\\","\\"]]",' * depth + b"1" + b"]" * depth
    assert encode(decode(text)) == text


def test_deep_in_calls_decoding_still_works() -> None:
    def at_depth(n: int) -> Any:
        return decode(b"[" * 150 + b'{"a":[1]}' + b"]" * 150) if n == 0 else at_depth(n - 1)

    for n in range(700, 960, 10):
        try:
            value = at_depth(n)
        except RecursionError:
            break
        assert is_array(value)


def test_scalars_encode() -> None:
    values = [None, True, False, 0, -17, 2**63 - 1, 1.5, -0.25, 2.0, 1 / 3, 1234567.0, 123456.0, 0.00001, b"", b"plain"]
    assert [encode(value) for value in values] == [
        b"null", b"true", b"false", b"0", b"-17", b"9223372036854775807", b"1.5", b"-0.25", b"2", b"0.333333",
        b"1.23457e+06", b"123456", b"1e-05", b'""', b'"plain"',
    ]  # fmt: skip
    assert encode(b'" \\ / \xc3\xa9 \xff \n\r\t\b\f \x01\x1f\x7f') == (
        b'"\\" \\\\ / \xc3\xa9 \xff \\n\\r\\t\\b\\f \\u0001\\u001f\x7f"'
    )


def test_containers_encode() -> None:
    assert encode(new_array()) + encode(new_dict()) + encode(new_map()) == b"[]{}{}"
    keys = new_map([(1, b"int"), (True, b"bool"), (2.5, b"real"), (b"s", b"string"), (None, 0), (new_array([1]), 1)])
    assert encode(keys) == b'{"1":"int","true":"bool","2.5":"real","s":"string","null":0,"[1]":1}'
    assert encode(script({b'q"k': 1, b"": [[], {}]})) == b'{"q\\"k":1,"":[[],{}]}'
    shared = new_array([1])
    assert encode(new_array([shared, shared])) == b"[[1],[1]]"


def test_what_cannot_be_encoded() -> None:
    native = library.functions["json_encode"]
    for value in (native, Pointer(0), new_array([1, native]), script({b"a": {b"b": Pointer(4)}})):
        collected.clear()
        assert encode(value) is None
        assert collected == [b"json_encode(): cannot encode functions, pointers or threads"]
    loop = new_array()
    loop.append(new_dict({b"a": loop}))
    collected.clear()
    assert encode(loop) is None and collected == [b"json_encode(): cannot encode recursive data"]
    for args in ((), (1, 2)):
        collected.clear()
        assert encode(*args) is None and collected == [b"json_encode(): function expects 1 argument"]


def test_objects_without_an_iterator_are_an_error() -> None:
    from stdlib.io import File

    assert encode(new_array([File()])) is None
    assert collected == [b"json_encode(): Object 'file' doesn't have an iterator"]


def test_iterable_objects_encode_as_their_pairs() -> None:
    from stdlib.io import DirectoryIterator

    assert encode(DirectoryIterator([b".", b"a"])) == b'{"false":".","true":"a"}'


def test_decode_arguments() -> None:
    assert decode(25) == 25 and decode(True) is True and plain(decode(new_array([1, 2]))) == [1, 2]
    assert decode() is None and collected == [b"json_decode(): argument 1 - expected string, got nothing"]
    collected.clear()
    assert decode(None) is None and collected == [b"json_decode(): argument 1 - expected string, got null"]
    collected.clear()
    assert decode(b"{}", 5) is None and collected == [b"json_decode(): argument 2 - expected custom object, got int"]
    collected.clear()
    assert plain(decode(b"[{}]", None)) == [[]] and not collected


def test_prototype() -> None:
    prototype = new_dict({b"kind": b"base", b"n": 0})
    value = decode(b'{"n":5,"inner":{"extra":true},"list":[{}]}', prototype)
    fresh = [(b"kind", b"base"), (b"n", 0)]
    assert plain(value) == [
        (b"kind", b"base"), (b"n", 5), (b"inner", [*fresh, (b"extra", True)]), (b"list", [fresh]),
    ]  # fmt: skip
    assert plain(prototype) == fresh


def test_copying_a_prototype_is_no_call_of_clone() -> None:
    """Messages name the native that runs, and only calls are frames (chapter 04 sections 1.1 and 1.2)."""
    seen: list[tuple[bytes, list[bytes]]] = []
    source = """include "sgsjson";
    class Hooked { function __clone(){ WARNING( "copying" ); } } one = new Hooked(); json_decode( '{}', one );
    function copy(){ json_decode( '{}', event() ); } copy.apply( null, [] );"""
    with Engine(("json",), on_message=lambda m: seen.append((m.text, [name for name, *_ in m.trace]))) as engine:
        engine.run(source)
    assert seen == [
        (b"copying", ["<main>", "json_decode", "Hooked.__clone"]),
        (b"json_decode(): failed to clone variable", ["<main>", "apply", "copy"]),
    ]


@pytest.mark.parametrize(
    "unit",
    [b"[", b'{"a":', b'"', b"\\", b'"\\u12', b"[1,", b'"a",', b"1", b"-", b" ", b'["[', b'{"a":1}', b"]", b'\\"'],
)
def test_time_grows_with_the_size(unit: bytes) -> None:
    def seconds(size: int) -> float:
        begin = time.perf_counter()
        decode(unit * size)
        decode(b"[" + unit * size + b"]")
        return time.perf_counter() - begin

    seconds(10_000)
    small = min(seconds(20_000) for _ in range(3))
    large = min(seconds(160_000) for _ in range(3))
    assert large < 40 * small + 0.1  # eight times the size; quadratic would be 64 times


# --- the quick ways for what is uniform or large ----------------------------------------------------------------------

TEXTS = st.binary() | st.sampled_from([b"\x7f", b"a\x7fb", b'"', b"\\", b"\n", b"\xff"])
LARGE_DICTS = st.integers(65, 80).flatmap(
    lambda size: st.lists(st.tuples(TEXTS, st.integers(-(2**53), 2**53)), min_size=size, max_size=size)
)


@given(st.lists(TEXTS, min_size=1) | st.lists(st.integers(-(2**53), 2**53), min_size=1) | st.lists(SCALARS))
def test_uniform_arrays_are_written_as_their_elements(items: list[Any]) -> None:
    alone = [encode(item) for item in items]
    assert encode(script(items)) == b"[" + b",".join(alone) + b"]"
    assert encode(script({b"k": items})) == b'{"k":[' + b",".join(alone) + b"]}"


@given(LARGE_DICTS, st.booleans())
def test_large_dicts_are_written_as_their_entries(pairs: list[tuple[bytes, int]], texts: bool) -> None:
    entries: dict[bytes, Any] = {key: b"%d\x7f" % value if texts else value for key, value in pairs}
    entries.update((b"#%d" % number, b"x" if texts else number) for number in range(70))
    wanted = b"{" + b",".join(encode(key) + b":" + encode(value) for key, value in entries.items()) + b"}"
    assert encode(script(entries)) == wanted
    assert plain(decode(wanted)) == list(entries.items())


@given(st.lists(st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_long_numbers_beside_short_ones(numbers: list[float]) -> None:
    text = json.dumps(numbers).encode()
    assert plain(decode(text)) == by_python(json.loads(text))
    text = json.dumps({str(index): number for index, number in enumerate(numbers)}).encode()
    assert [value for _, value in plain(decode(text))] == by_python(numbers)
