"""Operations on long strings and lists in pieces, so that limits and interrupts end them soon (chapter 12 section 4).

Rules of this file: up to `LONG` bytes one operation of `bytes` does the work; beyond, there are checks between pieces.
Every result is that of the one operation. Results grow in a `BytesIO`, which hands over its memory without a copy.
"""

from __future__ import annotations

from .library import charge, is_stoppable, poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

LONG = 1 << 24  # what no operation needs a noticeable time for, in bytes
PIECE = 1 << 20
_ITEMS = 1 << 15


def gathered(parts: Iterator[bytes | memoryview]) -> bytes:
    """All parts in one string, with a check after each."""
    from io import BytesIO

    result = BytesIO()
    for part in parts:
        result.write(part)
        poll()
    return result.getvalue()


def part(text: bytes, start: int, end: int) -> bytes:
    """`text[start:end]` for positions within the string."""
    if end - start <= LONG:
        return text[start:end]
    view = memoryview(text)
    return gathered(view[at : min(at + PIECE, end)] for at in range(start, end, PIECE))


def repeat(text: bytes, size: int) -> bytes:
    """The string over and over, `size` bytes in all."""
    if not text or size <= 0:
        return b""
    if size <= LONG:
        return (text * (size // len(text) + 1))[:size] if size % len(text) else text * (size // len(text))
    if len(text) < PIECE:
        text *= PIECE // len(text)
    view = memoryview(text)
    return gathered(
        view[at : min(at + PIECE, size - start)]
        for start in range(0, size, len(text))
        for at in range(0, min(len(text), size - start), PIECE)
    )


def mapped(text: bytes, function: Callable[[bytes], bytes]) -> bytes:
    """`function( text )` where it works byte by byte."""
    if len(text) <= LONG:
        return function(text)
    return gathered(function(text[at : at + PIECE]) for at in range(0, len(text), PIECE))


def backwards(text: bytes) -> bytes:
    """The bytes in reverse order."""
    if len(text) <= LONG:
        return text[::-1]
    return gathered(text[max(end - PIECE, 0) : end][::-1] for end in range(len(text), 0, -PIECE))


def joined(separator: bytes, texts: list[bytes], size: int) -> bytes:
    """`separator.join( texts )`, which is `size` bytes long. TypeError when one is no string.

    Many texts are joined in portions, as Python takes another 80 bytes for each of them meanwhile.
    """
    if size <= LONG and len(texts) <= _ITEMS:
        return separator.join(texts)
    return gathered(_joined(separator, texts))


def join(separator: bytes, texts: list[bytes]) -> bytes:
    """`separator.join( texts )`, accounted for before it is made: the same text may be among them many times."""
    size = total(texts) + len(separator) * len(texts)
    charge(size)
    return joined(separator, texts, size)


def _joined(separator: bytes, texts: list[bytes]) -> Iterator[bytes | memoryview]:
    between: bytes = b""
    short: list[bytes] = []
    for text in texts:
        if short and (len(text) > PIECE or len(short) == _ITEMS):
            yield between + separator.join(short)
            short, between = [], separator
        if len(text) > PIECE:
            yield between
            between = separator
            view = memoryview(text)
            for at in range(0, len(text), PIECE):
                yield view[at : at + PIECE]
        else:
            short.append(text)
    if short:
        yield between + separator.join(short)


def total(texts: list[bytes]) -> int:
    """Bytes of all strings."""
    if len(texts) <= _ITEMS:
        return sum(map(len, texts))
    size = 0
    for at in range(0, len(texts), _ITEMS):
        size += sum(map(len, texts[at : at + _ITEMS]))
        poll()
    return size


def _windows(text: bytes, separator: bytes) -> Iterator[list[bytes]]:
    """`text.split( separator )` piece by piece: the last item of one list and the first of the next belong together."""
    start, over, size = 0, len(separator) - 1, len(text)
    while start + PIECE < size:
        end = start + PIECE
        parts = text[start : end + over].split(separator)
        # what follows the last separator that begins in this piece; its end may be in the next one
        begin = min(end + over, size) - len(parts[-1])
        start = max(begin, end)
        parts[-1] = parts[-1][: start - begin]
        yield parts
        poll()
    yield text[start:].split(separator)


def count(text: bytes, wanted: bytes) -> int:
    """`text.count( wanted )`."""
    if len(text) <= LONG:
        return text.count(wanted)
    return sum(len(parts) - 1 for parts in _windows(text, wanted))


def replaced(text: bytes, old: bytes, new: bytes) -> bytes:
    """`text.replace( old, new )`."""
    if len(text) <= LONG:
        return text.replace(old, new)
    return gathered(_replaced(text, old, new))


def _replaced(text: bytes, old: bytes, new: bytes) -> Iterator[bytes | memoryview]:
    many = max(PIECE // (len(new) + 1), 1)
    for parts in _windows(text, old):
        if len(parts) <= many:
            yield new.join(parts)
            continue
        # the result of a piece may be much longer than the piece
        for at in range(0, len(parts), many):
            yield (new if at else b"") + new.join(parts[at : at + many])


def split(text: bytes, separator: bytes) -> list[bytes]:
    """`text.split( separator )`."""
    if len(text) <= PIECE:
        return text.split(separator)
    made: list[bytes] = []
    unfinished: list[bytes] = []
    for parts in _windows(text, separator):
        unfinished.append(parts[0])
        if len(parts) > 1:
            made.append(b"".join(unfinished))
            made += parts[1:-1]
            unfinished = [parts[-1]]
    made.append(b"".join(unfinished))
    return made


def stripped(text: bytes, characters: bytes, left: bool, right: bool) -> bytes:
    """`text.strip( characters )` on the sides asked for."""
    if len(text) <= LONG:
        if left:
            return text.strip(characters) if right else text.lstrip(characters)
        return text.rstrip(characters) if right else text
    start, end = 0, len(text)
    while left and start < end:
        piece = text[start : min(start + PIECE, end)]
        kept = len(piece.lstrip(characters))
        start += len(piece) - kept
        if kept:
            break
        poll()
    while right and start < end:
        piece = text[max(end - PIECE, start) : end]
        kept = len(piece.rstrip(characters))
        end -= len(piece) - kept
        if kept:
            break
        poll()
    return part(text, start, end)


def listed(values: bytes | str | list[Any], function: Callable[[Any], Any] | None = None) -> list[Any]:
    """The items, each by way of `function`, in a list."""
    made: list[Any] = []
    for at in range(0, len(values), _ITEMS):
        items = values[at : at + _ITEMS]
        made += items if function is None else map(function, items)
        poll()
    return made


def of_values(values: list[int]) -> bytes:
    """`bytes( values )`."""
    if len(values) <= _ITEMS:
        return bytes(values)
    return gathered(bytes(values[at : at + _ITEMS]) for at in range(0, len(values), _ITEMS))


def ordered(values: list[Any], reverse: bool = False, key: Callable[[Any], Any] | None = None) -> list[Any]:
    """`sorted( values, reverse=reverse, key=key )` for values whose order takes no Python code to find out."""
    if len(values) <= 4 * _ITEMS or not is_stoppable():
        return sorted(values, reverse=reverse, key=key)
    if reverse:
        return ordered(values[::-1], False, key)[::-1]
    runs = []
    for at in range(0, len(values), _ITEMS):
        runs.append(sorted(values[at : at + _ITEMS], key=key))
        poll()
    while len(runs) > 1:
        runs = [_merged(runs[at], runs[at + 1], key) for at in range(0, len(runs) - 1, 2)] + runs[len(runs) & ~1 :]
    return runs[0]


def _merged(left: list[Any], right: list[Any], key: Callable[[Any], Any] | None) -> list[Any]:
    """Two ordered lists as one, equal values of the left one first. The host's sort merges short stretches."""
    from bisect import bisect_left, bisect_right

    made: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        x, y = min(i + _ITEMS, len(left)), min(j + _ITEMS, len(right))
        # what is below the next value of either list can be merged now
        first = None if x == len(left) else left[x] if key is None else key(left[x])
        second = None if y == len(right) else right[y] if key is None else key(right[y])
        if first is None and second is None:
            break
        border = second if first is None or (second is not None and second < first) else first
        p, q = bisect_left(left, border, i, x, key=key), bisect_left(right, border, j, y, key=key)
        if p > i or q > j:
            made += sorted(left[i:p] + right[j:q], key=key)
            i, j = p, q
        elif (p := bisect_right(left, border, i, x, key=key)) > i:
            made += left[i:p]
            i = p
        else:
            made += right[j:y]
            j = y
        poll()
    if i < len(left) and j < len(right):
        return made + sorted(left[i:] + right[j:], key=key)
    return made + left[i:] + right[j:]
