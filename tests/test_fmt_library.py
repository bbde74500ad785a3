"""Library `fmt` (chapter 06 sections 3 and 4): round trips, and models of the small languages it reads."""

from __future__ import annotations

import base64
import itertools
import math
import resource
import struct
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interp import Engine, LimitExceeded, Limits
from interp.runtime import state
from interp.runtime.values import Array
from stdlib import format_text, string
from stdlib.fmt import library
from stdlib.fmt_parser import FormatStream, ReadError, class_members

FUNCTIONS = library.functions
SIZES = {"c": 1, "w": 2, "l": 4, "q": 8, "p": 8}
INTS = st.integers(-(1 << 63), (1 << 63) - 1)
#: Character classes made of what is special in them.
CLASSES = st.lists(st.sampled_from(list(b"-^ab\x80\xff")), max_size=7).map(bytes)

collected: list[bytes] = []


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    """A world without scripts whose messages are collected."""
    made = state.World()
    made.array_type = Array
    made.namespace["$stop"] = False
    made.message_hook = lambda kind, level, text, frames: collected.append(text) or True
    before = state.switch(made.root)
    collected.clear()
    yield
    state.switch(before)


def call(name: str, *args: Any) -> Any:
    """First result of a function; its messages are in `collected`."""
    collected.clear()
    return FUNCTIONS[name](None, *args)


def warned(text: str) -> bool:
    """Whether exactly this Warning (without the function's name) was given."""
    return len(collected) == 1 and collected[0].endswith(text.encode())


# --- packing ----------------------------------------------------------------------------------------------------------


@st.composite
def packed(draw: st.DrawFn) -> tuple[bytes, list[Any], list[Any]]:
    """A format, values for it, and what unpacking must give."""
    layout = ""
    values: list[Any] = []
    wanted: list[Any] = []
    signed = False
    for _ in range(draw(st.integers(0, 5))):
        layout += draw(st.sampled_from(["", " ", "\n"])) + draw(st.sampled_from(["", "=", "<", ">", "@"]))
        sign = draw(st.sampled_from(["", "+", "-"]))
        signed = sign == "-" if sign else signed
        code = draw(st.sampled_from("cwlqpfdsx"))
        count = draw(st.integers(0, 4))
        layout += sign + (f"{count:02}" if count else "") + code
        count = max(count, 1)
        if code == "s":
            text = draw(st.binary(max_size=6))
            values.append(text)
            wanted.append(text[:count].ljust(count, b"\0"))
        elif code in "fd":
            for _ in range(count):
                number = draw(st.floats(allow_nan=False, width=32 if code == "f" else 64))
                values.append(number)
                wanted.append(number)
        elif code != "x":
            for _ in range(count):
                value = draw(INTS)
                bits = 8 * SIZES[code]
                values.append(value)
                value &= (1 << bits) - 1
                negative = value >> (bits - 1) and (signed or code in "qp")
                wanted.append(value - (1 << bits) if negative else value)
    return layout.encode(), values, wanted


@given(packed())
def test_pack_and_unpack_are_inverse(case: tuple[bytes, list[Any], list[Any]]) -> None:
    layout, values, wanted = case
    data = call("fmt_pack", layout, *values, b"surplus")
    assert len(data) == call("fmt_pack_size", layout)
    assert call("fmt_pack_count", layout) == len(values)
    assert list(call("fmt_unpack", layout, data + b"surplus")) == wanted
    assert FUNCTIONS["fmt_unpack"].spec.multi(None, layout + b"#", data) == tuple(wanted)
    assert collected == []
    if data:
        assert call("fmt_unpack", layout, data[:-1]) is None
        assert warned("not enough data to successfully unpack")
    if values:
        assert call("fmt_pack", layout, *values[:-1]) is None
        assert warned(f"expected at least {len(values) + 1} arguments, got {len(values)}\n")


@given(st.binary(max_size=12))
def test_formats_of_any_bytes(layout: bytes) -> None:
    count = call("fmt_pack_count", layout)
    wrong = [at for at, byte in enumerate(layout) if byte not in b"0123456789 \t\r\n=<>@+-#cwlqpfdsx"]
    if wrong:
        assert warned(f"invalid character at position {wrong[0] + 2} (there might be more)")
    else:
        assert collected == []
    assert count >= 0


def test_pack_stops_at_an_unusable_argument() -> None:
    assert call("fmt_pack", b"2c2l", 1, 2, None, 4) == b"\1\2" + bytes(8)
    assert warned("error in arguments, could not read all")
    assert call("fmt_pack", b"3s", None) == bytes(3)


def test_pack_reals_beyond_single_precision() -> None:
    assert call("fmt_pack", b"2f", 1e300, -1e300) == struct.pack("<2f", math.inf, -math.inf)


# --- base64 -----------------------------------------------------------------------------------------------------------

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@given(st.binary(max_size=60))
def test_base64_round_trip(data: bytes) -> None:
    text = call("fmt_base64_encode", data)
    assert text == base64.b64encode(data)
    assert call("fmt_base64_decode", text) == data
    assert collected == []


@given(st.lists(st.sampled_from(list(b"AZaz09+/== !\n")), max_size=14).map(bytes))
def test_base64_decodes_group_by_group(text: bytes) -> None:
    wanted: bytes | None = b""
    messages = []
    at = 0
    while len(text) - at >= 4 and wanted is not None:
        group = text[at : at + 4]
        letters = group[:2] if group.endswith(b"==") else group[:3] if group.endswith(b"=") else group
        wrong = [index for index, byte in enumerate(letters) if byte not in ALPHABET]
        if wrong:
            messages.append(b"wrong byte value at position %d" % (at + wrong[0] + 1))
            wanted = None
            break
        bits = 0
        for byte in letters:
            bits = bits << 6 | ALPHABET.index(byte)
        size = len(letters) * 6 // 8
        wanted += (bits >> len(letters) * 6 % 8).to_bytes(size, "big")
        at += 4
        if len(letters) < 4:
            break
    if wanted is not None and at < len(text):
        messages.append(b"extra bytes detected and ignored")
    assert call("fmt_base64_decode", text) == wanted
    assert len(collected) == len(messages)
    assert all(got.endswith(message) for got, message in zip(collected, messages, strict=True))


# --- character classes ------------------------------------------------------------------------------------------------


def model_class(text: bytes, byte: int) -> bool:
    """Whether a class matches a byte, as chapter 06 section 3.4 walks through it."""
    if not text:
        return True
    inverted = text[0] == ord("^")
    text = text[1:] if inverted else text
    at = 0
    hit = False
    while at < len(text):
        if at + 1 < len(text) and text[at + 1] == ord("-"):
            if text[at] == ord("-"):
                hit = hit or byte == ord("-")
                at += 2
            elif at + 2 < len(text):
                hit = hit or text[at] <= byte <= text[at + 2]
                at += 3
            else:
                at += 1
        else:
            hit = hit or byte == text[at]
            at += 1
    return hit != inverted


@given(CLASSES)
def test_character_classes(text: bytes) -> None:
    for byte in b"-^abc\x7f\x80\xfe\xff":
        assert call("fmt_charcc", bytes((byte,)) + b"x", text) is model_class(text, byte)


@given(st.binary(max_size=20), CLASSES, st.integers(1, 6), st.integers(-1, 8))
def test_custom_encode(text: bytes, characters: bytes, number_format: int, digits: int) -> None:
    wanted = b""
    for byte in text:
        if model_class(characters, byte):
            number = format(byte, "bodxXx"[number_format - 1]) if byte else ""
            wanted += b"<" + number.rjust(digits, "0").encode() + b">"
        else:
            wanted += bytes((byte,))
    assert call("fmt_custom_encode", text, characters, b"<", number_format, digits, b">") == wanted


def test_custom_encode_refuses() -> None:
    assert call("fmt_custom_encode", b"a", b"a", b"", 7) is None
    assert warned("unknown number type (argument 4)")
    assert call("fmt_custom_encode", b"a", b"a", b"", 1, 9) is None
    assert warned("min. number of digits (argument 5) must be less than or equal to 8")
    assert call("fmt_charcc", b"", b"a") is None
    assert warned("argument 1 (string) needs at least one character")


# --- formatting -------------------------------------------------------------------------------------------------------


@given(
    st.sampled_from("bodxXfgGeEsc"),
    st.none() | st.integers(0, 20),
    st.none() | st.integers(0, 12),
    st.booleans(),
    st.none() | st.sampled_from([b"0", b"}", b"r", b"\xff"]),
    INTS | st.floats(),
)
def test_specifiers(
    kind: str, width: int | None, precision: int | None, right: bool, padding: bytes | None, value: int | float
) -> None:
    spec = kind + ("" if width is None else str(width)) + ("" if precision is None else f".{precision}")
    item = b"{" + (spec + ("r" if right else "")).encode() + (b"" if padding is None else b"p" + padding) + b"}"
    if kind in "sc":
        shown = (b"%d" % value if type(value) is int else f"{value:g}".encode())[:precision]
    elif kind in "bodxX":
        if not math.isfinite(value) or abs(value) >= 2**63:
            return
        number = int(value)
        shown = (str(number) if kind == "d" else format(number % (1 << 64), kind)).encode()
    else:
        shown = (f"%.{6 if precision is None else precision}{kind}" % value).encode()
    fill = b" " if padding is None else padding
    shown = shown.ljust(width or 0, fill) if right else shown.rjust(width or 0, fill)
    assert call("fmt_text", b"{{" + item + b"}", value) == b"{" + shown + b"}"
    assert call("fmt_text", 16, item + item, value, value) == shown + shown
    assert collected == []


@given(st.lists(st.sampled_from([b"{", b"}", b"d", b"5", b".", b"p", b"r", b"x"]), max_size=8).map(b"".join))
def test_any_template_is_read_to_an_end(text: bytes) -> None:
    result = call("fmt_text", text, *range(8))
    assert (result is None) == any(b"parsing error in item" in message for message in collected)


def test_unreadable_and_malformed_items() -> None:
    assert call("fmt_text", b"{d}, {s}, {c}", None, None, None) == b"#error#, #error#, null"
    assert [message.split(b"(): ")[-1] for message in collected] == [
        b"could not read item 1 (arg. 1)",
        b"could not read item 2 (arg. 2)",
    ]
    assert call("fmt_text", b"{d} {d} {w}", 1, 2, 3) is None
    assert warned("parsing error in item 3")
    assert call("fmt_text", b"{d99999999999}", 1) is None
    assert warned("parsing error in item 1")


# --- parsers ----------------------------------------------------------------------------------------------------------


def chunked(text: bytes, size: int) -> FormatStream:
    """A parser that gets its text in pieces."""
    pieces = iter([text[at : at + size] for at in range(0, len(text), size)])
    return FormatStream(lambda _size: next(pieces, None), size)


OPERATIONS = st.lists(
    st.tuples(st.just("read"), st.integers(-1, 6))
    | st.tuples(st.just("readcc"), st.sampled_from([b"a-b", b"^a", b"--"]), st.integers(-1, 5))
    | st.tuples(st.just("skipcc"), st.sampled_from([b"a-b", b"^a"]), st.integers(0, 5))
    | st.tuples(st.just("getchar"), st.booleans(), st.booleans())
    | st.tuples(st.just("check"), st.sampled_from([b"ab", b"A", b"", b"aab-"]), st.booleans(), st.booleans()),
    max_size=12,
)


class Model:
    """A parser on a whole string."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.at = 0
        self.at_end = False

    def peek(self) -> int | None:
        if self.at == len(self.text):
            self.at_end = True
            return None
        return self.text[self.at]

    def run(self, members: frozenset[int], limit: int) -> bytes:
        start = self.at
        while self.at - start < limit and self.peek() in members:
            self.at += 1
        return self.text[start : self.at]

    def apply(self, name: str, *args: Any) -> Any:
        if name == "read":
            return self.run(frozenset(range(256)), *args)
        if name in ("readcc", "skipcc"):
            text = self.run(class_members(args[0]), args[1])
            return text if name == "readcc" else len(text)
        if name == "getchar":
            peek, as_int = args
            byte = self.peek()
            if byte is None:
                return -1 if as_int else b""
            self.at += not peek
            return byte if as_int else bytes((byte,))
        expected, fold, partial = args
        matched = 0
        while matched < len(expected):
            byte = self.peek()
            one, other = (bytes((value,)) for value in (byte or 0, expected[matched]))
            if byte is None or not (one == other or (fold and one.lower() == other.lower())):
                break
            self.at += 1
            matched += 1
        return matched if partial else matched == len(expected)


@given(st.lists(st.sampled_from(list(b"aabbA-\xff")), max_size=20).map(bytes), st.integers(1, 7), OPERATIONS)
def test_parsers_do_not_depend_on_their_buffer(text: bytes, size: int, operations: list[tuple[Any, ...]]) -> None:
    model = Model(text)
    parsers = [chunked(text, size), call("fmt_string_parser", text, 0, size)]
    for name, *args in operations:
        wanted = model.apply(name, *args)
        for parser in parsers:
            assert parser.members[name.encode()](parser, *args) == wanted
            assert parser.own_get(b"stream_offset", True) == model.at
            assert parser.own_get(b"at_end", True) == model.at_end


@given(st.binary(max_size=10), st.integers(-3, 12))
def test_string_parsers_begin_at_an_offset(text: bytes, offset: int) -> None:
    assert call("fmt_string_parser", text, offset).read(100) == text[max(offset, 0) :]


def test_a_failing_source_fails_the_method() -> None:
    def fail(_size: int) -> bytes:
        raise ReadError

    parser = FormatStream(fail, 4)
    collected.clear()
    assert parser.members[b"read"](parser, 2) is None
    assert warned("unexpected read error")


def test_methods_work_detached_and_refuse_strangers() -> None:
    parser = call("fmt_string_parser", b"abc")
    read = parser.own_get(b"read", True)
    assert read(None, parser, 2) == b"ab"
    collected.clear()
    assert read(None, 3) is None
    assert warned("argument 1 - expected fmtstream, got int")
    collected.clear()
    assert parser.own_get(b"readcc", True)(parser, b"^") is None
    assert warned("error in character class")
    collected.clear()
    assert parser.own_set(b"at_end", True, True)
    assert warned("Property write operation not supported on the given variable type")


@pytest.mark.timeout(10)
def test_many_small_tokens_of_a_large_string() -> None:
    parser = FormatStream(lambda _size: None, 1, b"ab " * 300_000)
    for _ in range(100_000):
        assert parser.readcc(b"a-z", 100) == b"ab"
        assert parser.skipcc(b" ", 100) == 1


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "string_format( string_repeat( '{1}', 100000 ), string_repeat( 'x', 1000000 ) );",
        "string_format( string_repeat( '{1:d60000}', 100000 ), 5 );",
        "string_format( string_repeat( '{1:d4000}', 100000 ), 5 );",
        "a = []; b = string_repeat( 'x', 100000 ); for( i = 0; i < 90000; i++ ) a.push( b ); string_implode( a, '' );",
        "re_replace( string_repeat( 'a', 1000000 ), '/a/', string_repeat( 'x', 2000 ) );",
        "re_replace( string_repeat( 'ab', 500000 ), '/(ab)/', string_repeat( '$1', 900 ) );",
    ],
)
def test_results_count_against_the_memory_limit_before_they_are_made(source: str) -> None:
    with Engine(("string", "re"), limits=Limits(seconds=None, memory=32 << 20)) as engine:
        engine.run("include 'string', 're';")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(LimitExceeded, match="memory"):
            engine.run(source)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


def test_directives_print_what_the_specifiers_say() -> None:
    """The ways to write an item agree: with Python's formatting, and piece by piece."""
    for spec, value in itertools.product(
        (b"d", b"x", b"X4", b"o9r", b"d6r", b"d6p0", b"f.2", b"g8", b"e.0r", b"E12.3", b"s.2", b"s5r", b"c6", b"s8.3"),
        (0, 5, -5, 1 << 62, -(1 << 63), True, 1.5, -0.0, 1e300, b"abcdef", b"", b"12"),
    ):
        specifier = format_text._specifier(spec + b"}")
        assert specifier is not None
        template = format_text.sequential_template(b"<{" + spec + b"}>")
        written = specifier.format(value)
        assert (
            format_text.run_template(template, (b"", value))
            == b"<" + (b"#error#" if written is None else written) + b">"
        )


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"{d}", b"{x}", b"{s}", b"{c4}", b"{f.2}", b"{b}", b"{d6p0}", b"{{"]),
            st.sampled_from([0, 7, -7, 1.5, b"text", b"12%", None, True]),
            st.sampled_from([b"", b"%", b"%d}", b" - "]),
        ),
        max_size=12,
    ),
    st.sampled_from([1, 2, 3, 1024]),
)
def test_items_written_together_are_written_as_alone(items: list[tuple[bytes, Any, bytes]], together: int) -> None:
    shown = [value for item, value, _ in items if item != b"{{"]
    alone, messages, argument = b"", [], 0
    for number, (item, value, literal) in enumerate(items, 1):
        argument += item != b"{{"
        alone += call("fmt_text", item, value) + literal
        if collected:
            messages.append(b"fmt_text(): could not read item %d (arg. %d)" % (number, argument))
    template = b"".join(item + literal for item, _, literal in items)
    with mock.patch.object(format_text, "_AT_ONCE", together):
        # longer ones are not remembered
        long = template + b"." * 5000
        assert call("fmt_text", long, *shown) == alone + b"." * 5000
    assert collected == messages
    assert call("fmt_text", template, *shown) == alone
    assert collected == messages
    # the same with numbers, backwards
    last = len(shown)
    numbers = iter(range(last, 0, -1))
    text = b"".join(
        (item if item == b"{{" else b"{%d:%b" % (next(numbers), item[1:])) + literal for item, _, literal in items
    )
    assert string.library.functions["string_format"](None, text, *reversed(shown)) == alone
    assert len(collected) == 2 * len(messages)


@example([b"{{", b"0", b":", b"{{"])
@example([b"{", b"{", b"{c5p{}"])
@given(st.lists(st.sampled_from([b"{", b"}", b"{{", b"{0}", b"{1:d5p}}", b"{c5p{}", b"{d}", b"a", b"0", b":", b"x5"])))
def test_long_templates_are_split_as_short_ones(parts: list[bytes]) -> None:
    """However long the stretches are, no item is cut in two."""
    text = b"".join(parts)
    for pattern in (format_text._NUMBERED_ITEM, format_text._SEQUENTIAL_ITEM):
        for size in (1, 2, 3, 7):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(format_text, "_SHORT_TEMPLATE", size)
                patch.setattr(format_text, "poll", lambda: None)
                assert format_text._split(pattern, text) == pattern.split(text)
