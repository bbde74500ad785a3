"""Number conversions against a model read from chapter 01 section 4.1, and the functions that name types."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from core.core_world import Core
from hypothesis import example, given
from hypothesis import strategies as st

from interp.library import Pointer
from interp.runtime.shapes import instance_class, set_meta
from interp.runtime.state import ScriptAbort
from interp.runtime.values import make_table

NUMBER_TEXT = st.one_of(
    st.text("0123456789+-.eExobaf zc", max_size=12),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(0, 1 << 70).map(hex),
).map(str.encode)


@pytest.fixture
def core() -> Core:
    return Core()


def signed(n: int) -> int:
    return struct.unpack("<q", struct.pack("<Q", n % (1 << 64)))[0]  # type: ignore[no-any-return]


def prefix(text: bytes) -> int | float | None:
    """The number a text begins with, by regular expressions."""
    if len(text) >= 3:
        for mark, base, digits in ((b"x", 16, b"0-9a-fA-F"), (b"o", 8, b"0-7"), (b"b", 2, b"01")):
            match = re.match(rb"0" + mark + rb"([" + digits + rb"]*)", text)
            if match:
                return signed(int(match[1] or b"0", base))
    match = re.match(rb"[+-]?\d+", text)
    if not match:
        return None
    if text[match.end() : match.end() + 1] not in (b".", b"e", b"E"):
        return signed(int(match[0]))
    real = re.match(rb"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text)
    assert real
    return float(real[0])


def truncated(x: float) -> int:
    if x != x or not -(2.0**63) <= x < 2.0**63:
        return -(1 << 63)
    return int(x)


@given(NUMBER_TEXT)
@example(b"0x")
@example(b"0xzz")
@example(b"-0x10")
@example(b"1e")
@example(b"1e+")
@example(b"5.")
@example(b"9" * 5000)
@example(b"1e400")
def test_text_to_numbers(text: bytes) -> None:
    core = Core()
    number = prefix(text) if len(text) < 4000 else signed(pow(10, 5000, 1 << 64) - 1)
    whole = 0 if number is None else number if type(number) is int else truncated(number)
    assert core.toint(text) == whole
    assert core.parseint(text) == (None if number is None else whole)
    real = 0.0 if number is None else float(number)
    for result in (core.toreal(text), core.parsereal(text)):
        assert result is None if number is None and result is None else (type(result), result) == (float, real)
    assert core.is_numeric(text) is (number is not None)
    assert core.tobool(text) is (text != b"")


@given(st.floats())
@example(9.3e18)
@example(-9.2233720368547758e18)
@example(2.0**63)
def test_reals(x: float) -> None:
    core = Core()
    assert core.toint(x) == truncated(x)
    assert core.tobool(x) is (x != 0)
    shown = core.tostring(x)
    assert shown == (b"nan" if x != x else (b"%g" % x))


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_ints(n: int) -> None:
    core = Core()
    assert core.toint(core.tostring(n)) == n
    assert core.toreal(n) == float(n)
    assert core.chr(n) == bytes([n % 256])
    assert core.toptr(n) == Pointer(n % (1 << 64))


def test_other_values(core: Core) -> None:
    function = core.world.namespace["print"]
    array, table = core.array([1]), make_table([])
    for value in (None, function, array, table):
        assert (core.toint(value), core.toreal(value)) == (0, 0.0)
    assert [core.parseint(value) for value in (None, function, Pointer(5), array, True)] == [None, None, None, 0, 1]
    assert [core.tobool(value) for value in (None, function, array, table, Pointer(0), b"0")] == [
        False, True, True, False, False, True,
    ]  # fmt: skip
    assert (core.toint(), core.toreal(), core.tobool(), core.tostring()) == (0, 0.0, False, b"null")
    assert core.parseint() is None and core.toptr() == Pointer(0) == core.toptr(function)
    assert core.toptr(array) == core.toptr(array) != core.toptr(table)


def test_surplus_arguments(core: Core) -> None:
    assert (core.toint(b"4", 5), core.tostring(6, 7), core.is_array(core.array(), 1)) == (4, b"6", True)
    for name in ("typeof", "typeid", "is_numeric", "is_callable"):
        assert getattr(core, name)() is None and getattr(core, name)(1, 2) is None
        assert core.messages() == [
            b"Warning: %b(): function expects exactly 1 arguments, %d given" % (name.encode(), given)
            for given in (0, 2)
        ]


def test_types(core: Core) -> None:
    function = core.world.namespace["print"]
    values = [None, True, 1, 1.0, b"", lambda this: None, function, core.array(), Pointer(1)]
    assert [core.typeid(value) for value in values] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [core.typeof(value) for value in values] == [
        b"null", b"bool", b"int", b"real", b"string", b"func", b"cfunc", b"array", b"pointer",
    ]  # fmt: skip
    assert [core.is_callable(value) for value in values] == [False] * 5 + [True, True, False, False]


def test_type_pointers(core: Core) -> None:
    assert core.typeptr(core.array()) == core.typeptr_by_name(b"array") != core.typeptr_by_name(b"dict")
    assert core.typeptr(make_table([])) == core.typeptr_by_name(b"dict\0x")
    assert core.typeptr(core.get_iterator(core.map())) == core.typeptr_by_name(b"dict_iterator")
    assert core.typeptr(5) == core.typeptr() == core.typeptr_by_name(b"event") == Pointer(0)


def test_aborted_metamethods_give_the_native_conversion(core: Core) -> None:
    def fail(this: Any) -> Any:
        raise ScriptAbort

    meta = make_table([(name, fail) for name in (b"__tostring", b"__tobool", b"__typeof")])
    empty = instance_class(meta, True)()
    full = make_table([(b"a", 1)])
    set_meta(full, meta, True)
    assert [core.tostring(empty), core.tobool(empty), core.typeof(empty)] == [b"{}", False, b"dict"]
    assert [core.tostring(full), core.tobool(full), core.typeof(full)] == [b"{a=1}", True, b"dict"]
    core.println(1, empty, full)
    assert core.output() == b"1{}{a=1}\n"
    assert core.world.root.nest == 0


def test_constants(core: Core) -> None:
    names = ["NULL", "BOOL", "INT", "REAL", "STRING", "FUNC", "CFUNC", "OBJECT", "PTR", "THREAD", "DFUNC"]
    assert [core.world.namespace["VT_" + name] for name in names] == list(range(11))
    assert [core.world.namespace["SGS_" + name] for name in ("INFO", "WARNING", "ERROR", "APIERR")] == [
        100, 200, 300, 330,
    ]  # fmt: skip
