"""Long operations in pieces give what the one operation gives, and are checked in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp import Engine, pieces
from interp.runtime.state import switch
from stdlib import string

words = st.binary(max_size=60).map(lambda data: bytes(b"ab"[byte & 1] for byte in data))
short = st.binary(min_size=1, max_size=9).map(lambda data: bytes(b"ab"[byte & 1] for byte in data))


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Everything is long here, and pieces are tiny."""
    before = pieces.LONG, pieces.PIECE, pieces._ITEMS
    engine = Engine()
    running = switch(engine._world.root)
    pieces.LONG, pieces.PIECE, pieces._ITEMS = 0, 4, 2
    yield
    pieces.LONG, pieces.PIECE, pieces._ITEMS = before
    switch(running)


@given(words, short, words)
def test_searching(text: bytes, old: bytes, new: bytes) -> None:
    assert pieces.count(text, old) == text.count(old)
    assert pieces.replaced(text, old, new) == text.replace(old, new)
    assert pieces.split(text, old) == text.split(old)


@given(words, st.integers(0, 200), st.integers(0, 60))
def test_making(text: bytes, size: int, start: int) -> None:
    assert pieces.repeat(text, size) == (text * size)[:size]
    start = min(start, len(text))
    assert pieces.part(text, start, len(text)) == text[start:]
    assert pieces.part(text, 0, start) == text[:start]
    assert pieces.backwards(text) == text[::-1]
    assert pieces.mapped(text, bytes.upper) == text.upper()


@given(st.lists(words, max_size=9), st.binary(max_size=3))
def test_joining(texts: list[bytes], separator: bytes) -> None:
    assert pieces.total(texts) == sum(map(len, texts))
    assert pieces.joined(separator, texts, 1000) == separator.join(texts)


@given(words, st.sampled_from([b"", b"a", b"ab", b"b"]), st.booleans(), st.booleans())
def test_stripping(text: bytes, characters: bytes, left: bool, right: bool) -> None:
    wanted = text.lstrip(characters) if left else text
    assert pieces.stripped(text, characters, left, right) == (wanted.rstrip(characters) if right else wanted)


@given(st.binary(max_size=80), st.lists(st.integers(0, 255), max_size=20))
def test_items_and_characters(text: bytes, values: list[int]) -> None:
    assert pieces.listed(text) == list(text)
    assert pieces.of_values(values) == bytes(values)
    characters = string._CHARACTER.findall(text)
    assert [character for part in string._runs(text) for character in string._CHARACTER.findall(part)] == characters
    assert string._character_count(text) == (len(characters) if not text.isascii() else len(text))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers()), max_size=80), st.booleans())
def test_order(values: list[tuple[int, int]], reverse: bool) -> None:
    first = [pair[0] for pair in values]
    assert pieces.ordered(first, reverse) == sorted(first, reverse=reverse)
    assert pieces.ordered(values, reverse, lambda pair: pair[0]) == sorted(values, reverse=reverse, key=lambda p: p[0])


@given(st.lists(st.floats(), max_size=60))
def test_order_ends_whatever_the_values(values: list[float]) -> None:
    assert len(pieces.ordered(values)) == len(values)


def test_joining_what_is_no_string() -> None:
    with pytest.raises(TypeError):
        pieces.joined(b"", [b"a", 5], 100)  # type: ignore[list-item]
