"""Library `re`: searching and replacing with regular expressions (chapter 06, section 5).

A search never keeps the engine longer than a fraction of a second between two polls: Python's `re` is used only for
stretches of the subject where the work is bounded beforehand, the stepping matcher does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from interp.library import Library, new_array, poll, warning

from .format_text import MAX_SIZE
from .regex_cost import attempt_cost, consumable
from .regex_match import Machine, Spans
from .regex_translate import ALL, PatternError, class_text, first_bytes, parse, split_pattern, translate

library = Library("re", doc="Regular expressions on byte strings.")

CAPTURED = 1
OFFSETS = 2

library.constant("RE_RETURN_CAPTURED", CAPTURED)
library.constant("RE_RETURN_OFFSETS", OFFSETS)
library.constant("RE_RETURN_BOTH", CAPTURED | OFFSETS)

#: Steps Python's `re` may take in one go, by the estimate of `regex_cost`.
_BUDGET = 20_000_000
#: How many start positions are tried in one go, at first and at most.
_FIRST_WINDOW = 1024
_LAST_WINDOW = 1 << 17
#: Python's own loops over all matches, which cannot be stopped, are for subjects up to this size.
_PLAIN_SIZE = 1 << 21
#: Longer patterns go to the stepping matcher at once: analysis and compilation cannot be stopped.
_LONG_PATTERN = 20_000


class Expression:
    """A compiled pattern; shared by all engines."""

    def __init__(self, pattern: bytes) -> None:
        """Compile a pattern with its delimiters; raises PatternError."""
        source, modifiers = split_pattern(pattern)
        tree = parse(source, modifiers, poll)
        self.groups = tree.groups
        self.tree = tree
        self.machine: Machine | None = None
        self.compiled: re.Pattern[bytes] | None = None
        self.factor = self.degree = 0
        self.first, self.nullable = first_bytes(tree.root)
        cost = attempt_cost(tree) if len(source) <= _LONG_PATTERN else None
        if cost is not None:
            self.factor, self.degree = cost
            members = consumable(tree.root)
            self.run = re.compile(class_text(members) + b"*")
            self.everything = members == ALL
            # One letter for the bytes a match may run through, white space for those that stop it.
            self.marks = bytes(97 if byte in members else 32 for byte in range(256))
            self.no_start = bytes(ALL - self.first)
            try:
                self.compiled = re.compile(translate(tree.root))
            except (re.error, OverflowError, RecursionError):
                pass

    def matches(self, text: bytes, start: int) -> Iterator[Spans]:
        """Yield the spans of the matches from `start` on, from left to right; they do not overlap (5.1)."""
        at = start
        window = _FIRST_WINDOW
        while at < len(text):
            poll()
            compiled, stop, end = self._window(text, at, window)
            # Where all went well larger steps are tried; otherwise what worked now will do next time.
            window = min(2 * window, _LAST_WINDOW) if stop - at >= window else stop - at
            if compiled is None:
                spans = self._step(text, at, stop)
                if spans is not None:
                    yield spans
                    at = _next_start(spans)
                else:
                    at = stop
            else:
                while at < stop:
                    for count, found in enumerate(compiled.finditer(text, at, end)):
                        if not count & 1023:
                            poll()
                        if found.start() >= stop:
                            at = stop
                            break
                        if found.start() < at:
                            # Where an empty match was, Python looks for another one; we go on one byte further.
                            break
                        yield found.regs
                        at = _next_start(found.regs)
                    else:
                        at = stop

    def _window(self, text: bytes, at: int, count: int) -> tuple[re.Pattern[bytes] | None, int, int]:
        """Choose how to search from `at` on: a Python pattern (None: the stepping matcher), the position where the
        start positions it may try end, and the end of the text it needs to see for them.
        """
        size = len(text)
        if self.compiled is None:
            return None, size, size
        if self._is_cheap(size):
            return self.compiled, size, size
        count = min(count, size - at)
        while True:
            stop = at + count
            end = size
            if not self.everything:
                reached = self.run.match(text, stop)
                end = reached.end() if reached else stop
            starts = count if self.nullable else len(text[at:stop].translate(None, self.no_start))
            if self._is_bounded(text, at, end, starts):
                # Anchors look at up to two bytes behind what was consumed.
                return self.compiled, stop, min(end + 2, size)
            if count == 1:
                return None, stop, size
            count = max(1, count // 4)

    def _is_cheap(self, size: int) -> bool:
        """Tell whether a subject of `size` bytes can be searched in one go, whatever is in it."""
        return size * self.factor * size**self.degree <= _BUDGET

    def _is_bounded(self, text: bytes, at: int, end: int, starts: int) -> bool:
        """Tell whether attempts from so many start positions, which see `text[at:end]`, stay within the budget."""
        if not starts:
            return True
        attempt = _BUDGET // (starts * self.factor)
        if not self.degree:
            return attempt > 0
        longest = int(attempt ** (1 / self.degree))
        if end - at <= longest:
            return True
        return not self.everything and b"a" * (longest + 1) not in text[at:end].translate(self.marks)

    def count(self, text: bytes, start: int) -> int:
        """Return the number of matches from `start` on."""
        if self.compiled is not None and self._is_plain(text):
            return len(self.compiled.findall(text, start))
        return sum(1 for _ in self.matches(text, start))

    def replace(self, text: bytes, parts: list[bytes | int]) -> bytes | None:
        """Return `text` with all matches replaced with literal text and groups; None when it gets too long."""
        most = sum(len(part) if isinstance(part, bytes) else len(text) for part in parts)
        if self.compiled is not None and self._is_plain(text) and most * len(text) <= MAX_SIZE:
            template = [b"\\g<%d>" % part if isinstance(part, int) else part.replace(b"\\", b"\\\\") for part in parts]
            return self.compiled.sub(b"".join(template), text)
        pieces: list[bytes] = []
        size = at = 0
        for spans in self.matches(text, 0):
            start, end = spans[0]
            pieces.append(text[at:start])
            for part in parts:
                if isinstance(part, int):
                    low, high = spans[part]
                    part = text[low:high]
                pieces.append(part)
                size += len(part)
            if size > MAX_SIZE:
                return None
            at = end
        pieces.append(text[at:])
        return b"".join(pieces)

    def _is_plain(self, text: bytes) -> bool:
        """Tell whether Python's own loops over all matches may be used."""
        return not self.nullable and len(text) <= _PLAIN_SIZE and self._is_cheap(len(text))

    def _step(self, text: bytes, start: int, stop: int) -> Spans | None:
        if self.machine is None:
            self.machine = Machine(self.tree)
        return self.machine.search(text, start, stop, poll)


def _next_start(spans: Spans) -> int:
    """Return where the search goes on: behind the match, one byte further if it was empty."""
    start, end = spans[0]
    return end if end > start else end + 1


_short_expression = lru_cache(maxsize=256)(Expression)


def _expression(pattern: bytes) -> Expression | None:
    """Compile or recall a pattern; None after the Warning of 5.2."""
    try:
        return _short_expression(pattern) if len(pattern) <= _LONG_PATTERN else Expression(pattern)
    except PatternError as fault:
        return warning(fault.message())
    except RecursionError:
        return warning("failed to parse the pattern - nesting too deep at character 0")


def _start(text: bytes, offset: int) -> int | None:
    """Return the absolute position of an offset argument; None after a Warning."""
    if offset < 0:
        offset += len(text)
    if not 0 <= offset <= len(text):
        return warning("argument 5 (offset) out of bounds")
    return offset


def _match_array(text: bytes, spans: Spans, flags: int) -> Any:
    """Return the array scripts get for one match."""
    if flags == CAPTURED:
        return new_array([text[start:end] if start >= 0 else None for start, end in spans])
    if flags == OFFSETS:
        return new_array([new_array(span) if span[0] >= 0 else None for span in spans])
    return new_array([new_array((text[span[0] : span[1]], *span)) if span[0] >= 0 else None for span in spans])


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
    spans = next(expression.matches(text, start), None)
    flags &= CAPTURED | OFFSETS
    if spans is None or not flags:
        return spans is not None
    return _match_array(text, spans, flags)


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
    return new_array([_match_array(text, spans, flags) for spans in expression.matches(text, start)])


_INSERTION = re.compile(rb"[$\\]([0-9])|([$\\])\2")


@lru_cache(maxsize=64)
def _replacement(text: bytes) -> list[bytes | int]:
    """Parse a replacement: literal text and numbers of groups (5.5)."""
    parts: list[bytes | int] = []
    at = 0
    for found in _INSERTION.finditer(text):
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
