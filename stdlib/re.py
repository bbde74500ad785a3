"""Library `re`: searching and replacing with regular expressions (chapter 06, section 5).

Here are the functions and what they return; `regex_translate` knows the dialect, `regex_search` how to search.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter, itemgetter, methodcaller
from typing import Any

from interp.library import Library, engine, new_array, poll_every, warning

from .regex_match import Spans
from .regex_search import LONG_PATTERN, Expression
from .regex_translate import MAX_NESTING, PatternError
from .remember import remembered

library = Library(
    "re",
    doc="Regular expressions on byte strings. Limits and interrupts end a search at any time; patterns with nested "
    "repeats take time in proportion to the text, unless they also contain backreferences or counted groups.",
)

CAPTURED = 1
OFFSETS = 2

library.constant("RE_RETURN_CAPTURED", CAPTURED)
library.constant("RE_RETURN_OFFSETS", OFFSETS)
library.constant("RE_RETURN_BOTH", CAPTURED | OFFSETS)

_span = methodcaller("span")
_regs = attrgetter("regs")
_NO_VALUE = (-1, -1)
#: Matches made arrays of between two looks at the engine's limits.
_AT_ONCE = 1024
_remembered_expression = remembered(Expression, LONG_PATTERN)


def _expression(pattern: bytes) -> Expression | None:
    """Compile or recall a pattern; None after the Warning of 5.2."""
    compiled = _remembered_expression
    try:
        try:
            return compiled(pattern)
        except RecursionError:
            # The tree is worked on recursively, perhaps far down in a script; its own depth has a limit.
            limit = sys.getrecursionlimit()
            sys.setrecursionlimit(limit + 20 * MAX_NESTING)
            try:
                return compiled(pattern)
            finally:
                sys.setrecursionlimit(limit)
    except PatternError as fault:
        return warning(fault.message())


def _start(text: bytes, offset: int) -> int | None:
    """Return the absolute position of an offset argument; None after a Warning."""
    if offset < 0:
        offset += len(text)
    if not 0 <= offset <= len(text):
        return warning("argument 5 (offset) out of bounds")
    return offset


def _match_array(text: bytes, spans: Spans, flags: int) -> Any:
    """Return the array scripts get for one match."""
    make = engine().array_type
    if flags == CAPTURED:
        return make([text[start:end] if start >= 0 else None for start, end in spans])
    if flags == OFFSETS:
        return make([make(span) if span[0] >= 0 else None for span in spans])
    return make([make((text[span[0] : span[1]], *span)) if span[0] >= 0 else None for span in spans])


def _load(text: bytes, pattern: bytes, offset: int) -> tuple[Expression, int] | None:
    """Check offset and pattern, in this order."""
    start = _start(text, offset)
    if start is None:
        return None
    expression = _expression(pattern)
    return None if expression is None else (expression, start)


@library.function("re_match( string str, string pattern, int flags = 0, int offset = 0 )")
def re_match(text: bytes, pattern: bytes, flags: int, offset: int) -> Any:
    """Whether the pattern matches at `offset` or later; with RE_RETURN_* flags the match array, false without a match.

    A faulty pattern or an offset out of bounds: Warning, null. Chapter 06, 5.1.
    """
    loaded = _load(text, pattern, offset)
    if loaded is None:
        return None
    expression, start = loaded
    found = next(expression.matches(text, start), None)
    flags &= CAPTURED | OFFSETS
    if found is None or not flags:
        return found is not None
    return _match_array(text, found.regs, flags)


@library.function("re_match_all( string str, string pattern, int flags = 0, int offset = 0 )")
def re_match_all(text: bytes, pattern: bytes, flags: int, offset: int) -> Any:
    """Number of matches from `offset` on; with RE_RETURN_* flags an array of match arrays.

    A faulty pattern or an offset out of bounds: Warning, null. Chapter 06, 5.1.
    """
    loaded = _load(text, pattern, offset)
    if loaded is None:
        return None
    expression, start = loaded
    flags &= CAPTURED | OFFSETS
    if not flags:
        return expression.count(text, start)
    if flags == CAPTURED:
        return new_array(expression.captured(text, start))
    found = poll_every(expression.matches(text, start))
    make = engine().array_type
    if flags == OFFSETS and not expression.groups:
        return new_array(map(make, zip(map(make, map(_span, found)))))
    if flags == OFFSETS:
        matches = iter(found)
        arrays: list[Any] = []
        while spans := list(map(_regs, islice(matches, _AT_ONCE))):
            # columns: the whole matches, then each group
            columns = [_offset_arrays(list(map(itemgetter(index), spans))) for index in range(expression.groups + 1)]
            arrays.extend(map(make, zip(*columns, strict=True)))
        return new_array(arrays)
    return new_array([_match_array(text, match.regs, flags) for match in found])


def _offset_arrays(spans: list[tuple[int, int]]) -> Iterable[Any]:
    """Script arrays of start and end; null for groups without a value."""
    make = engine().array_type
    return [None if span == _NO_VALUE else make(span) for span in spans] if _NO_VALUE in spans else map(make, spans)


_INSERTION = re.compile(rb"[$\\]([0-9])|([$\\])\2")


@remembered
def _replacement(text: bytes) -> list[bytes | int]:
    """Parse a replacement: literal text and numbers of groups (5.5)."""
    parts: list[bytes | int] = []
    at = 0
    for found in poll_every(_INSERTION.finditer(text)):
        parts.append(text[at : found.start()])
        parts.append(int(found[1]) if found[1] else found[2])
        at = found.end()
    parts.append(text[at:])
    return [part for part in parts if part != b""]


@library.function("re_replace( string str, string pattern, string replacement )")
def re_replace(text: bytes, pattern: bytes, replacement: bytes) -> bytes | None:
    """The string with every match replaced; `$N` or `\\N` in `replacement` is group N.

    A faulty pattern: Warning, null. Chapter 06, 5.1 and 5.5.
    """
    expression = _expression(pattern)
    if expression is None:
        return None
    parts = [part for part in _replacement(replacement) if isinstance(part, bytes) or part <= expression.groups]
    result = expression.replace(text, parts)
    return warning("generated more string data than allowed to store") if result is None else result
