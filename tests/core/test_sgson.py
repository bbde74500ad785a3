"""SGSON text: round trips, the layout rules, and the position of every fault."""

from __future__ import annotations

from typing import Any

import pytest
from core.core_world import Core
from core.values import INTS, TEXT, build, descriptions, plain
from hypothesis import given
from hypothesis import strategies as st

from interp.library import Pointer
from interp.runtime.values import Object

# reals come back as what `%g` shows, whole ones as ints
KEPT = st.one_of(st.none(), st.booleans(), INTS, TEXT, st.sampled_from([0.5, -1.25, 1e-7, 1e25]))


@pytest.fixture
def core() -> Core:
    return Core()


@given(descriptions(KEPT), st.one_of(st.none(), st.sampled_from([b"", b" ", b"\t", b"  "])))
def test_round_trip(description: Any, tab: bytes | None) -> None:
    core = Core()
    value = build(core, description)
    text = core.sgson_encode(value, tab)
    assert plain(core.sgson_decode(text)) == plain(value)
    assert core.messages() == []
    assert (b"\n" in text) is (tab is not None and (b"[" in text or b"{" in text) and b"\n" in text)


def laid_out(value: Any, tab: bytes | None, depth: int) -> bytes:
    """The text by the recursive reading of chapter 04 section 8.1, for arrays and dicts of ints, null and text."""
    if type(value) is not tuple:
        return b"null" if value is None else b"%d" % value if type(value) is int else b'"%b"' % value
    kind, parts = value
    line = b"" if tab is None else b"\n" + tab * (depth + 1)
    end = b"" if tab is None or not parts else b"\n" + tab * depth
    out = b""
    if kind == "array":
        for index, part in enumerate(parts):
            simple = type(part) in (int, type(None))
            if not index:
                out += line
            elif simple and type(parts[index - 1]) in (int, type(None)) and index % 16:
                out += b", "
            else:
                out += b"," + line
            out += laid_out(part, tab, depth + 1)
        return b"[" + out + end + b"]"
    equals = b"=" if tab is None else b" = "
    for index, (key, part) in enumerate(parts.items()):
        out += (b"," if index else b"") + line + key + equals + laid_out(part, tab, depth + 1)
    return b"{" + out + end + b"}"


LAYOUT = st.recursive(
    st.one_of(st.none(), st.integers(-9, 9), st.just(b"t")),
    lambda inner: st.one_of(
        st.tuples(st.just("array"), st.lists(inner, max_size=40)),
        st.tuples(st.just("dict"), st.dictionaries(st.sampled_from([b"a", b"_b", b"null"]), inner)),
    ),
    max_leaves=60,
)


@given(LAYOUT, st.sampled_from([None, b"", b"\t", b"-"]))
def test_layout(value: Any, tab: bytes | None) -> None:
    core = Core()

    def made(part: Any) -> Any:
        if type(part) is not tuple:
            return part
        if part[0] == "array":
            return core.array([made(item) for item in part[1]])
        return core.dict(*[item for pair in part[1].items() for item in (pair[0], made(pair[1]))])

    assert core.sgson_encode(made(value), tab) == laid_out(value, tab, 0)


def test_keys_and_strings(core: Core) -> None:
    keys = [b"plain", b"with space", b"9lives", b"", b"null", b"x" * 32, b"x" * 33]
    made = core.dict(*[part for key in keys for part in (key, 1)])
    assert core.sgson_encode(made) == (
        b'{plain=1,"with space"=1,"9lives"=1,""=1,null=1,' + b"x" * 32 + b'=1,"' + b"x" * 33 + b'"=1}'
    )
    assert core.sgson_encode(b"\"'\\\n\r\t\x00\x1b\x7f\x80\xff") == rb'''"\"'\\\n\r\t\x00\x1B\x7F\x80\xFF"'''


def test_map_keys(core: Core) -> None:
    made = core.map(1, core.array([2]), b"k", 3, core.array([4]), None)
    assert core.sgson_encode(made) == b"map{[1]=[2],k=3,[[4]]=null}"
    assert core.sgson_encode(made, b"-") == b"map{\n-[1] = [\n--2\n-],\n-k = 3,\n-[[\n--4\n-]] = null\n}"


def test_what_has_no_text(core: Core) -> None:
    def script_function(this: Any) -> None: ...

    assert core.sgson_encode(Object()) == b"null"
    assert core.sgson_encode(core.array([Object()])) is None
    assert core.sgson_encode(core.array([script_function])) is None
    assert core.sgson_encode(Pointer(1)) is None
    warning = b"Warning: sgson_encode(): "
    assert core.messages() == [
        warning + b"cannot serialize object of type 'object'",
        warning + b"cannot serialize object of type 'object'",
        warning + b"serialization mode 3 (SGSON text) does not support function serialization",
        warning + b"serialization mode 3 (SGSON text) does not support pointer serialization",
    ]


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (b"", 0), (b" \t\r\n", 0), (b"[1 2]", 3), (b"[,1]", 1), (b"{a=1 b=2}", 5), (b"{a:1}", 2), (b"{a=}", 3),
        (b"{a}", 2), (b"{a", 2), (b"{a ", 3), (b"{", 0), (b"{a=", 0), (b"{a=1", 0), (b"{1=2}", 1), (b"{null=1}", 1),
        (b"[1", 0), (b"[1,", 0), (b"1 2", 2), (b"tru", 3), (b"nullx", 5), (b"'open", 1), (b'"\\q"', 2),
        (b'"\\x4"', 4), (b'"\\xg0"', 3), (b"'a\tb'", 2), (b"'a\x7fb'", 2), (b"[1}", 2), (b"}", 0), (b"]", 0),
        (b"name", 4), (b"[name ]", 6), (b"map[1]", 3), (b"map ", 4), (b"-", 0), (b"--1", 0), (b"-0x1", 2), (b".5", 0),
        (b"+5", 0), (b"array(1,,2)", 8), (b"array(", 0), (b"{[1 2]=3}", 4), (b"{[1", 0), (b"{[1]", 4), (b"{[1]:2}", 4),
        (b"{[]=1}", 2), (b"a" * 256 + b"()", 0), (b"{" + b"a" * 256 + b"=1}", 1), (b"null 1", 5), (b"{,}", 1),
        (b"// c\n1", 0), (b"\x001", 0), (b"{[1]=2 3}", 7), (b"1.5.2", 3), (b"0x", 1),
    ],
)  # fmt: skip
def test_faults(core: Core, text: bytes, position: int) -> None:
    assert core.sgson_decode(text) is None
    rest = text[position : position + 8]
    err = core.streams.err
    assert err == b"Warning: sgson_decode(): failed to parse SGSON (position %d, %b...\n" % (position, rest)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b" 5 ", 5), (b"0x1f", 31), (b"0b11", 3), (b"0o17", 15), (b"5.", 5.0), (b"6e", 6.0), (b"6e+2", 600.0),
        (b"-7", -7), (b"9223372036854775808", -(1 << 63)), (b"0xzz"[:2] + b" ", 0), (b"'a\"b'", b'a"b'),
        (b'"\\"\\\'\\\\\\n\\r\\t\\x41"', b"\"'\\\n\r\tA"), (b"'\xc5\xbe'", b"\xc5\xbe"), (b"null\n", None),
        (b"true", True), (b"false", False), (b"00012", 12),
    ],
)  # fmt: skip
def test_scalars(core: Core, text: bytes, value: Any) -> None:
    result = core.sgson_decode(text)
    assert core.messages() == []
    assert (type(result), result) == (type(value), value)


def test_containers(core: Core) -> None:
    text = b" [ 1 , { a = 'x' , \"b c\" = [ ] , [ 1.0 ] = null , } , map { [ 1.0 ] = 2 , [ null ] = 3 , x = 4 } , ] "
    assert plain(core.sgson_decode(text)) == (
        "array",
        [
            ("int", 1),
            ("dict", [(b"a", ("bytes", b"x")), (b"b c", ("array", [])), (b"1", ("NoneType", None))]),
            ("map", [("1.0", ("int", 2)), (("NoneType", None), ("int", 3)), (("bytes", b"x"), ("int", 4))]),
        ],
    )
    assert plain(core.sgson_decode(b"{a=1,b=2,a=3,[null]=4}")) == ("dict", [(b"a", ("int", 3)), (b"b", ("int", 2))])


def test_calls(core: Core) -> None:
    assert plain(core.sgson_decode(b"array ( 1 , [ 2 ] , )")) == ("array", [("int", 1), ("array", [("int", 2)])])
    assert plain(core.sgson_decode(b"dict('a',map(1,2))")) == ("dict", [(b"a", ("map", [(("int", 1), ("int", 2))]))])
    assert core.messages() == []
    assert core.sgson_decode(b"println(1)") is None
    assert core.sgson_decode(b"null(1)") is None
    assert core.messages() == [b"Error: sgson_decode(): Variable of type 'null' cannot be called"] * 2
    assert core.output() == b""


@given(st.text("[]{}()=,'\"\\x1anulmp \t-.e", max_size=30).map(str.encode))
def test_any_text_is_read_or_refused(text: bytes) -> None:
    core = Core()
    core.sgson_decode(text)
    for message in core.messages():
        assert b"failed to parse SGSON" in message or b"cannot be called" in message


@pytest.mark.parametrize("opening", [b"[", b"{a=", b"{[", b"map{[", b"array("])
def test_deep_nesting(core: Core, opening: bytes) -> None:
    assert core.sgson_decode(opening * 100_000) is None
    assert len(core.messages()) == 1
