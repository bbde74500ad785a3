"""Library `string` (chapter 06 section 2) against models written byte by byte, on arbitrary bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.runtime import state
from interp.runtime.values import Array, IteratorError, make_table
from stdlib.string import library

FUNCTIONS = library.functions
SMALL = st.lists(st.sampled_from(list(b"ab\x80")), max_size=12).map(bytes)
NEEDLES = st.lists(st.sampled_from(list(b"ab\x80")), min_size=1, max_size=4).map(bytes)
OFFSETS = st.integers(-16, 16)
NO_REV_INDEX, STRICT_RANGES = 1, 2
LEFT, RIGHT = 1, 2
#: Bytes in which the parts of UTF-8 sequences are frequent.
UTF8ISH = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(list(b"a\x7f\x80\xbf\xc0\xc3\xe0\xe2\xed\xf0\xf4\xf7\xf8\xff")), max_size=14).map(bytes),
)

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


def call_multi(name: str, *args: Any) -> Any:
    """All results of a function."""
    collected.clear()
    return FUNCTIONS[name].spec.multi(None, *args)


def warned(text: str) -> bool:
    """Whether exactly this Warning (without the function's name) was given."""
    return len(collected) == 1 and collected[0].endswith(text.encode())


# --- parts ------------------------------------------------------------------------------------------------------------


@given(SMALL, OFFSETS, st.none() | OFFSETS, st.integers(0, 3))
def test_cut_follows_the_steps_of_the_chapter(text: bytes, start: int, end: int | None, flags: int) -> None:
    size = len(text)
    result = call("string_cut", text, start, *(() if end is None else (end, flags)))
    flags = 0 if end is None else flags
    end = size - 1 if end is None else end
    if flags & NO_REV_INDEX and (start < 0 or end < 0):
        assert result is None
        assert warned("detected negative indices")
        return
    start, end = (start + size if start < 0 else start), (end + size if end < 0 else end)
    if flags & STRICT_RANGES and (start > end or start < 0 or end < 0 or start >= size or end >= size):
        assert result is None
        assert warned("invalid character range")
    elif start > end or start >= size or end < 0:
        assert result == b""
    else:
        assert result == text[min(max(start, 0), size - 1) : min(max(end, 0), size - 1) + 1]


def model_part(text: bytes, start: int, length: int, flags: int) -> bytes | str:
    """What `string_part` gives, or the Warning."""
    size = len(text)
    if flags & NO_REV_INDEX and (start < 0 or length < 0):
        return "detected negative indices"
    start, length = (start + size if start < 0 else start), (length + size if length < 0 else length)
    end = start + length
    if flags & STRICT_RANGES and (start < 0 or end < 0 or length < 0 or start >= size or end > size):
        return "invalid character range"
    if length <= 0 or start >= size or end < 0:
        return b""
    return text[min(max(start, 0), size - 1) : min(max(end - 1, 0), size - 1) + 1]


@given(SMALL, OFFSETS, st.none() | OFFSETS, st.integers(0, 3))
def test_part_follows_the_steps_of_the_chapter(text: bytes, start: int, length: int | None, flags: int) -> None:
    result = call("string_part", text, start, *(() if length is None else (length, flags)))
    flags = 0 if length is None else flags
    wanted = model_part(text, start, len(text) - start if length is None else length, flags)
    if isinstance(wanted, str):
        assert result is None
        assert warned(wanted)
    else:
        assert result == wanted


@given(st.binary(max_size=40), st.integers(0, 5))
def test_simple_functions(text: bytes, count: int) -> None:
    assert call("string_reverse", text) == bytes(reversed(text))
    assert call("string_repeat", text, count) == text * count
    assert call("string_toupper", text) == bytes(b - 32 if 97 <= b <= 122 else b for b in text)
    assert call("string_tolower", text) == bytes(b + 32 if 65 <= b <= 90 else b for b in text)


def test_repeat_refuses_negative_and_huge_counts() -> None:
    assert call("string_repeat", b"ab", -1) is None
    assert warned("argument 2 (count) must be at least 0")
    assert call("string_repeat", b"ab", 1 << 40) is None
    assert warned("generated more string data than allowed to store")


@given(SMALL, st.integers(-3, 30), SMALL, st.integers(0, 3))
def test_pad_takes_its_phase_from_the_result(text: bytes, target: int, padding: bytes, flags: int) -> None:
    result = call("string_pad", text, target, padding, flags)
    missing = target - len(text)
    if missing <= 0 or not flags or not padding:
        assert result == text
        return
    left = {LEFT: missing, RIGHT: 0, LEFT | RIGHT: (missing + 1) // 2}[flags]
    assert result[left : left + len(text)] == text
    for index in (*range(left), *range(left + len(text), target)):
        assert result[index] == padding[index % len(padding)]
    assert len(result) == target


# --- searching and replacing ------------------------------------------------------------------------------------------


@given(SMALL | st.integers(0, 30).map(lambda n: b"a" * n), NEEDLES, st.booleans())
def test_count(text: bytes, needle: bytes, overlap: bool) -> None:
    found = at = 0
    while at <= len(text) - len(needle):
        hit = text[at : at + len(needle)] == needle
        found += hit
        at += len(needle) if hit and not overlap else 1
    assert call("string_count", text, needle, overlap) == found


@given(st.integers(1, 6), st.integers(0, 60), st.integers(1, 20))
def test_overlapping_count_of_periodic_words(period: int, size: int, length: int) -> None:
    pattern = bytes(range(97, 97 + period)) * 80
    text, needle = pattern[:size] + b"!" + pattern[:size], pattern[:length]
    wanted = sum(text.startswith(needle, at) for at in range(len(text)))
    assert call("string_count", text, needle, True) == wanted


@given(SMALL, NEEDLES, OFFSETS)
def test_find_both_ways(text: bytes, needle: bytes, offset: int) -> None:
    hits = [at for at in range(len(text)) if text.startswith(needle, at)]
    start = max(len(text) + offset, 0) if offset < 0 else offset
    assert call("string_find", text, needle, offset) == min((h for h in hits if h >= start), default=None)
    start = len(text) + offset if offset < 0 else offset
    assert call("string_find_rev", text, needle, offset) == max((h for h in hits if h <= start), default=None)


@given(SMALL, st.integers(17, 30), OFFSETS)
def test_find_rev_of_long_words(text: bytes, size: int, offset: int) -> None:
    needle = b"ab" * size
    subject = text + needle + text + needle[2:] + text
    start = len(subject) + offset if offset < 0 else offset
    hits = [at for at in range(len(subject)) if subject.startswith(needle, at) and at <= start]
    assert call("string_find_rev", subject, needle, offset) == max(hits, default=None)


@pytest.mark.parametrize("name", ["string_count", "string_find", "string_find_rev"])
def test_searching_for_nothing_warns(name: str) -> None:
    assert call(name, b"abc", b"") is None
    assert warned("argument 2 (substring) length must be bigger than 0")


@given(SMALL, st.lists(SMALL, max_size=3), st.lists(SMALL, max_size=3))
def test_replace_takes_lists_one_after_another(text: bytes, old: list[bytes], new: list[bytes]) -> None:
    wanted = text
    for index, word in enumerate(old):
        if word:
            wanted = wanted.replace(word, new[index % len(new)] if new else b"")
    assert call("string_replace", text, Array(old), Array(new)) == wanted
    if len(old) == 1 and len(new) == 1:
        assert call("string_replace", text, old[0], new[0]) == wanted


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((None, b"a", b"b"), "argument 1 - expected string, got null"),
        ((b"a", b"b", Array()), "argument 3 - expected string, got array"),
        ((b"a",), "argument 2 - expected array or string, got nothing"),
        ((b"a", b"b"), "argument 3 - expected string, got nothing"),
        ((b"a", Array([b"b"]), None), "argument 3 - expected array or string, got null"),
    ],
)
def test_replace_reports_the_first_fault(args: tuple[Any, ...], message: str) -> None:
    assert call("string_replace", *args) is None
    assert warned(message)


def test_replace_refuses_elements_in_silence() -> None:
    assert call("string_replace", b"abc", Array([b"a", None]), b"x") is None
    assert collected == []


@given(SMALL, st.dictionaries(SMALL, SMALL, max_size=4))
def test_translate_applies_entries_in_order(text: bytes, entries: dict[bytes, bytes]) -> None:
    wanted = text
    for old, new in entries.items():
        wanted = wanted.replace(old, new) if old else wanted
    assert call("string_translate", text, make_table(entries.items())) == wanted


def test_translate_refuses_what_has_no_text() -> None:
    assert call("string_translate", b"abc", Array([None])) is None
    assert warned("failed to read data")
    assert call("string_translate", b"abc", 5) is None
    assert warned("argument 2 - expected iterable, got int")


def test_replacing_cannot_outgrow_memory() -> None:
    steps = Array([b"a"] * 64)
    assert (
        call("string_replace", b"a" * 1000, steps, b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 2000) is None
    )
    assert warned("generated more string data than allowed to store")


@given(SMALL, SMALL, st.integers(0, 3))
def test_trim(text: bytes, characters: bytes, flags: int) -> None:
    begin, end = 0, len(text)
    while flags & LEFT and begin < end and text[begin] in characters:
        begin += 1
    while flags & RIGHT and end > begin and text[end - 1] in characters:
        end -= 1
    assert call("string_trim", text, characters, flags) == text[begin:end]


# --- comparing and joining --------------------------------------------------------------------------------------------


@given(SMALL, SMALL, OFFSETS, OFFSETS)
def test_compare(left: bytes, right: bytes, most: int, start: int) -> None:
    def sign(one: Any, other: Any) -> int:
        return (one > other) - (one < other)

    if start == 0:
        cut = most if most > 0 else None
        wanted = sign(left[:cut], right[:cut])
    else:
        at = [start if start > 0 else len(text) + start for text in (left, right)]
        ends = [begin + most if most > 0 else len(text) for begin, text in zip(at, (left, right), strict=True)]
        spans = [end - begin for begin, end in zip(at, ends, strict=True)]
        while True:
            values = [text[i] if 0 <= i < len(text) else -1 for i, text in zip(at, (left, right), strict=True)]
            at = [position + 1 for position in at]
            wanted = sign(values[0], values[1])
            if wanted or at[0] >= ends[0] or at[1] >= ends[1]:
                break
        wanted = wanted or sign(spans[0], spans[1])
    assert call("string_compare", left, right, most, start) == wanted


@given(SMALL, NEEDLES)
def test_explode_and_implode_are_inverse(text: bytes, separator: bytes) -> None:
    parts = call("string_explode", text, separator)
    assert isinstance(parts, Array)
    assert all(separator not in part for part in parts)
    assert call("string_implode", parts, separator) == text
    single = call("string_explode", text, b"")
    assert list(single) == [text[i : i + 1] for i in range(len(text))]


def test_implode_takes_text_forms() -> None:
    assert call("string_implode", Array([None, True, 1, 2.5, b"x"]), b",") == b"null,true,1,2.5,x"
    assert call("string_implode", Array([5]), b",") == b"5"
    assert call("string_implode", Array(), b",") == b""


@given(st.lists(st.integers(-2, 257)))
def test_frombytes(values: list[int]) -> None:
    valid = all(0 <= value <= 255 for value in values)
    assert call("string_frombytes", Array(values)) == (bytes(values) if valid else None)
    assert valid or warned("invalid byte value")


def test_frombytes_takes_one_argument() -> None:
    assert call("string_frombytes", 65) == b"A"
    assert call("string_frombytes", Array([b"65", 66.9, None, True])) == b"AB\0\1"
    for args, got in [((), "nothing"), ((1, 2), "int"), ((None,), "null")]:
        assert call("string_frombytes", *args) is None
        assert warned(f"argument 1 - expected array or int, got {got}")


# --- UTF-8 ------------------------------------------------------------------------------------------------------------


def model_characters(text: bytes) -> list[tuple[int, int]]:
    """(length, code point) of the characters of a string, decoded byte by byte."""
    characters = []
    at = 0
    while at < len(text):
        first = text[at]
        size = 2 if 0xC0 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF8 else 1
        rest = text[at + 1 : at + size]
        value = 0xFFFD
        if first < 0x80:
            value = first
        elif size > 1 and len(rest) == size - 1 and all(0x80 <= byte < 0xC0 for byte in rest):
            value = first & (0x7F >> size)
            for byte in rest:
                value = value * 64 + (byte & 63)
        characters.append((min(size, len(text) - at), value))
        at += size
    return characters


@given(UTF8ISH)
def test_utf8_decode_and_length(text: bytes) -> None:
    characters = model_characters(text)
    assert list(call("string_utf8_decode", text)) == [value for _, value in characters]
    assert call("string_utf8_length", text) == len(characters)


@given(st.lists(st.integers(-(1 << 33), 1 << 33) | st.integers(0, 0x110000)))
def test_utf8_encode(points: list[int]) -> None:
    wanted = b""
    for point in points:
        point &= 0xFFFFFFFF
        wanted += chr(point if point <= 0x10FFFF else 0xFFFD).encode("utf-8", "surrogatepass")
    assert call("string_utf8_encode", Array(points)) == wanted
    assert call("string_utf8_encode", *points) == wanted


@given(st.lists(st.integers(0, 0x10FFFF)))
def test_utf8_round_trip(points: list[int]) -> None:
    assert list(call("string_utf8_decode", call("string_utf8_encode", Array(points)))) == points


@given(UTF8ISH, st.integers(-1, 8), OFFSETS)
def test_utf8_offset(text: bytes, count: int, start: int) -> None:
    results = call_multi("string_utf8_offset", text, count, start)
    start += len(text) if start < 0 else 0
    if start < 0 or start > max(len(text) - 1, 0):
        assert results == ()
        assert warned("starting offset out of bounds")
    elif count < 0:
        assert results == ()
        assert warned("negative character number is not allowed")
    else:
        sizes = [size for size, _ in model_characters(text[start:])]
        assert results == (start + sum(sizes[:count]), len(sizes) >= count)


@given(UTF8ISH, OFFSETS, OFFSETS, st.integers(0, 3))
def test_utf8_length_selects_like_part(text: bytes, start: int, length: int, flags: int) -> None:
    result = call("string_utf8_length", text, start, length, flags)
    part = model_part(text, start, length, flags)
    if isinstance(part, str):
        assert result is None
        assert warned(part)
    else:
        assert result == len(model_characters(part))


def test_utf8_length_has_two_groups_of_optional_arguments() -> None:
    assert call("string_utf8_length", b"abcdef", None, 2) == 2
    assert call("string_utf8_length", b"abcdef", b"x", 2) == 2
    assert warned("argument 2 - expected int, got string")
    assert call("string_utf8_length", b"abcdef", 1, None, NO_REV_INDEX) == 5


@given(UTF8ISH, st.integers(-3, 20))
def test_utf8_iterator_walks_over_all_characters(text: bytes, start: int) -> None:
    iterator = call("string_utf8_iterator", text, start)
    with pytest.raises(IteratorError):
        iterator.data()
    seen = []
    while iterator.advance():
        seen.append(iterator.data())
        assert iterator.offset == seen[-1][0]
    with pytest.raises(IteratorError):
        iterator.data()
    assert iterator.advance() is False
    wanted = []
    if 0 <= start < len(text):
        for size, value in model_characters(text[start:]):
            wanted.append((start, value))
            start += size
    assert seen == wanted


def test_utf8_iterator_can_be_moved_and_copied() -> None:
    iterator = call("string_utf8_iterator", "aéz".encode())
    assert iterator.advance()
    copy = iterator.clone()
    assert copy.advance()
    assert (iterator.data(), copy.data()) == ((0, 97), (1, 233))
    iterator.own_set(b"offset", b"3", True)
    assert iterator.advance()
    assert iterator.data() == (3, 122)
    assert not iterator.advance()
    assert iterator.own_get(b"string", True) == "aéz".encode()


# --- formatting -------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=4))
def test_format_numbers_its_arguments(values: list[int]) -> None:
    text = b"{0:c0}|" + b",".join(b"{%d:d}" % number for number in range(len(values), 0, -1))
    wanted = text + b"|" + b",".join(b"%d" % value for value in reversed(values))
    assert call("string_format", text.replace(b"{0:c0}", b"{0}"), *values) == wanted.replace(b"{0:c0}", b"{0}", 1)
    assert collected == []


@given(st.binary(max_size=30))
def test_format_copies_everything_else(text: bytes) -> None:
    plain = text.replace(b"{", b"")
    assert call("string_format", plain) == plain
    assert call("string_format", 10, plain.replace(b"}", b"{x}")) == plain.replace(b"}", b"{x}")


def test_format_reports_faults() -> None:
    assert call("string_format", b"<{1:d}>", None) == b"<#error#>"
    assert warned("could not read item 1 (arg. 1)")
    assert call("string_format", b"{1:q}", 1) is None
    assert warned("parsing error in item 1 - failed to parse format part")
    assert call("string_format", b"{1", 1) is None
    assert warned("parsing error in item 1 - failed to parse format part")
    assert call("string_format", b"{} {1x}", 1) is None
    assert warned("parsing error in item 2 - unexpected symbol (x)")
    assert call("string_format", 5) is None
    assert warned("argument 2 - expected string, got nothing")
    assert call("string_format", b"{" + b"9" * 5000 + b"}") == b"#error#"


# --- speed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("string_count", (b"a" * 1_000_000, b"a" * 500_000, True)),
        ("string_find", (b"a" * 1_000_000, b"a" * 500_000 + b"b")),
        ("string_find_rev", (b"a" * 1_000_000, b"ab" + b"a" * 500_000)),
        ("string_utf8_decode", (b"\xc3" * 1_000_000,)),
        ("string_explode", (b"a," * 500_000, b",")),
        ("string_format", (b"{" * 1_000_000,)),
        ("string_compare", (b"a" * 1_000_000, b"a" * 1_000_000, 0, 1)),
        ("string_utf8_offset", ("é".encode() * 500_000, 499_999)),
    ],
)
@pytest.mark.timeout(10)
def test_large_strings_take_linear_time(name: str, args: tuple[Any, ...]) -> None:
    call(name, *args)
    assert collected == []


# --- long inputs, on which the work is done in larger steps -----------------------------------------------------------


@given(NEEDLES, st.integers(1, 400), SMALL, SMALL)
def test_overlapping_occurrences_in_long_repeats(word: bytes, times: int, before: bytes, after: bytes) -> None:
    text = before + word * times + after
    for needle in (word, word * 2, word * 3 + word[:1]):
        found = sum(text.startswith(needle, at) for at in range(len(text)))
        assert call("string_count", text, needle, True) == found


def test_overlapping_occurrences_beyond_one_step() -> None:
    assert call("string_count", b"a" * 200_000 + b"b" + b"a" * 3, b"aa", True) == 199_999 + 2
