"""Dumps and the print family: exact shapes, cuts and depths."""

from __future__ import annotations

from typing import Any

import pytest
from core.core_world import Core
from hypothesis import given
from hypothesis import strategies as st

from interp.library import Pointer
from interp.runtime.values import Object, Table, make_table


@pytest.fixture
def core() -> Core:
    return Core()


def script_function(x: Any) -> Any:
    def add(this: Any, y: Any = None) -> Any:
        """closure one - 0:0 x"""
        return x + y

    return add


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([0.5, 1e20]), st.binary(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: ("array", items)),
        st.dictionaries(st.sampled_from([b"a", b"k\n"]), inner, max_size=2).map(lambda entries: ("dict", entries)),
        st.lists(st.tuples(st.one_of(SCALARS, st.just(("array", [1]))), inner), max_size=2).map(
            lambda pairs: ("map", pairs)
        ),
    ),
    max_leaves=8,
)


def made(core: Core, value: Any) -> Any:
    """The script value of a description."""
    if type(value) is not tuple:
        return value
    kind, parts = value
    if kind == "array":
        return core.array([made(core, part) for part in parts])
    if kind == "dict":
        return make_table([(key, made(core, part)) for key, part in parts.items()])
    return core.map(*[made(core, part) for pair in parts for part in pair])


def escaped(text: bytes) -> bytes:
    return b"".join(b"%c" % code if 32 <= code < 127 else b"\\x%02X" % code for code in text)


def dumped(value: Any, depth: int) -> bytes:
    """The dump by the recursive rule of chapter 03: every newline of a part gets the indentation."""
    if depth <= 0:
        return b"..."
    if type(value) is not tuple:
        if value is None:
            return b"null"
        if type(value) is bytes:
            return b'string [%d] "%b"' % (len(value), escaped(value))
        if type(value) is bool:
            return b"bool (true)" if value else b"bool (false)"
        return b"int (%d)" % value if type(value) is int else b"real (%g)" % value
    kind, parts = value
    if kind == "array":
        lines = [dumped(part, depth - 1) for part in parts]
    elif kind == "dict":
        lines = [escaped(key) + b" = " + dumped(part, depth - 1) for key, part in parts.items()]
    else:
        unique: dict[Any, Any] = {}
        for key, part in parts:
            fresh = type(key) is tuple
            position = (len(unique),) if fresh else (type(key), key)
            unique[position] = (unique[position][0] if position in unique else key, part)
        lines = [
            (escaped(key) if type(key) is bytes else dumped(key, depth - 1)) + b" = " + dumped(part, depth - 1)
            for key, part in unique.values()
        ]
    size = len(lines)
    if depth == 1:
        lines = [b"..."]
    body = b"".join(b"\n  " + line.replace(b"\n", b"\n  ") for line in lines)
    opening, closing = (b"[", b"]") if kind == "array" else (b"{", b"}")
    return b"%b (%d)\n" % (kind.encode(), size) + opening + body + b"\n" + closing


@given(VALUES, st.integers(-1, 6))
def test_dumps_follow_the_recursive_rule(value: Any, depth: int) -> None:
    core = Core()
    assert core.dumpvar_ext(made(core, value), depth) == dumped(value, depth)


@given(st.binary(max_size=700))
def test_strings_are_cut_at_512(text: bytes) -> None:
    core = Core()
    header = b'string [%d] "' % len(text)
    shown = b""
    for index in range(len(text)):
        if len(header + shown) >= 512:
            shown += b"..."
            break
        shown += escaped(text[index : index + 1])
    assert core.dumpvar_ext(text) == header + shown + b'"'


@pytest.mark.parametrize("size", [497, 498, 499, 600])
def test_long_strings(core: Core, size: int) -> None:
    dump = core.dumpvar_ext(b"a" * size)
    assert dump.endswith(b'..."') is (size > 498)
    assert dump.count(b"a") == min(size, 498)


def test_self_containing_values_end_at_the_depth(core: Core) -> None:
    ring = Table()
    ring[b"self"] = ring
    assert core.dumpvar_ext(ring, 2) == b"dict (1)\n{\n  self = dict (1)\n  {\n    ...\n  }\n}"
    assert core.dumpvar_ext(ring, 1_000_000).count(b"dict (1)") == 4096


def test_functions_and_objects(core: Core) -> None:
    function = script_function(5)
    function.__doc__ = None
    line = function.__code__.co_firstlineno
    place = b" defined at %b:%d" % (__file__.encode(), line)
    assert core.dumpvar_ext(function) == b"SGS function 'add'" + place
    closure = script_function(b"x")
    expected = b"closure\n{\n  func: SGS function 'add'" + place + b'\n  #0 (rc=1): string [1] "x"\n}'
    assert core.dumpvar_ext(closure) == expected
    assert core.dumpvar_ext(closure, 1) == b"closure\n{\n  ...\n}"
    native = core.world.namespace["print"]
    assert core.dumpvar_ext(native) == b"C function (0x%x)" % core.world.identities.number(native)
    assert core.dumpvar_ext(Pointer(0)) == b"pointer ((nil))"
    assert core.dumpvar_ext(Pointer(255)) == b"pointer (0xff)"
    assert core.dumpvar_ext(Object()).endswith(b") [1] object")


class Lines(Object):
    """A library object with a dump of its own."""

    def dump(self, depth: int) -> bytes:
        return b"lines\n%d" % depth


def test_a_dump_of_an_object_is_indented(core: Core) -> None:
    assert core.dumpvar_ext(core.array([Lines()]), 3) == b"array (1)\n[\n  lines\n  2\n]"


def test_the_family(core: Core) -> None:
    core.printvar(1, None)
    core.printvar_ext(True)
    core.printvar_ext()
    core.printvar_ext(1, None)
    assert core.output() == b"int (1)\nnull\nbool (true)\n"
    assert core.messages() == [b"Warning: printvar_ext(): function expects exactly 1 arguments, 2 given"]
    assert core.dumpvar(1, 2) == b"int (1)\nint (2)\n"
    assert core.dumpvar() is None and core.dumpvar_ext() is None
    assert core.messages() == []


# --- output and input -------------------------------------------------------------------------------------------------


@given(st.lists(SCALARS, max_size=4))
def test_the_print_family(values: list[Any]) -> None:
    core = Core()
    texts = [core.tostring(value) for value in values]
    core.print(*values)
    assert core.output() == b"".join(texts)
    core.println(*values)
    assert core.output() == b"".join(texts) + b"\n"
    core.printlns(*values)
    assert core.output() == b"".join(text + b"\n" for text in texts)
    core.errprint(*values)
    core.errprintln(*values)
    core.errprintlns(*values)
    assert core.streams.err == b"".join(texts) * 2 + b"\n" + b"".join(text + b"\n" for text in texts)


def test_read_stdin() -> None:
    core = Core(b"one\ntwo\n\nrest\nof it")
    assert [core.read_stdin(), core.read_stdin(False), core.read_stdin()] == [b"one", b"two", b""]
    assert [core.read_stdin(True), core.read_stdin(), core.read_stdin(True)] == [b"rest\nof it", b"", b""]
