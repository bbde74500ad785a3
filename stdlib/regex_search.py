"""Searching with a compiled pattern: which matcher runs on which part of the subject.

A search never keeps the engine longer than a fraction of a second between two polls. Python's `re` cannot be stopped,
so it gets only stretches of the subject where the work is bounded beforehand; the stepping matcher does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import islice
from typing import Any

from interp.library import charge, poll

from .format_text import MAX_SIZE
from .regex_cost import attempt_cost, consumable
from .regex_match import Machine, Stepped
from .regex_translate import ALL, class_text, first_bytes, parse, split_pattern, translate

#: A match: `span()` and `regs`, the spans of the whole and of the groups.
Found = re.Match[bytes] | Stepped

#: Steps Python's `re` may take in one go, by the estimate of `regex_cost`.
_BUDGET = 20_000_000
#: How many start positions are tried in one go: at first, at most, and when nothing smaller is worth a try.
_FIRST_WINDOW = 1024
_LAST_WINDOW = 1 << 17
_SMALL_WINDOW = 64
#: Python's own loops over all matches, which cannot be stopped, are for subjects and results up to this size.
_PLAIN_SIZE = 1 << 21
#: Longer patterns go to the stepping matcher at once: analysis and compilation cannot be stopped.
LONG_PATTERN = 20_000


class Expression:
    """A compiled pattern; shared by all engines."""

    def __init__(self, pattern: bytes) -> None:
        """Compile a pattern with its delimiters; raises PatternError."""
        source, modifiers = split_pattern(pattern)
        tree = parse(source, modifiers, poll)
        self.tree = tree
        self.groups = tree.groups
        self.machine: Machine | None = None
        self.compiled: re.Pattern[bytes] | None = None
        members, self.nullable = first_bytes(tree.root)
        self.first = re.compile(class_text(members))
        self.no_start = bytes(ALL - members)
        self.factor = self.degree = 0
        cost = attempt_cost(tree) if len(source) <= LONG_PATTERN else None
        if cost is None:
            return
        self.factor, self.degree = cost
        members = consumable(tree.root)
        self.run = re.compile(class_text(members) + b"*")
        self.everything = members == ALL
        # One letter for the bytes a match may run through, white space for those that stop it.
        self.marks = bytes(97 if byte in members else 32 for byte in range(256))
        try:
            self.compiled = re.compile(translate(tree.root))
        except (re.error, OverflowError, RecursionError):
            pass

    def matches(self, text: bytes, start: int) -> Generator[Found, None, None]:
        """Yield the matches from `start` on, from left to right; they do not overlap (chapter 06, 5.1)."""
        at = start
        window = _FIRST_WINDOW
        while at < len(text):
            poll()
            if self.compiled is None:
                at = yield from self._slowly(text, at, len(text))
                continue
            if self._is_cheap(len(text)):
                stop, in_one_go = len(text), True
            else:
                stop, in_one_go = self._window(text, at, window)
                window = max(_SMALL_WINDOW, min(2 * (stop - at), _LAST_WINDOW))
            if in_one_go:
                at = yield from self._quickly(self.compiled, text, at, stop)
            else:
                at = yield from self._slowly(text, at, stop)

    def _quickly(self, compiled: re.Pattern[bytes], text: bytes, at: int, stop: int) -> Generator[Found, None, int]:
        """Yield the matches that begin from `at` on but before `stop`; return where to go on.

        No attempt before `stop` can look further than two bytes behind it (or `stop` is the end).
        """
        while at < stop:
            for count, found in enumerate(compiled.finditer(text, at, min(stop + 2, len(text)))):
                if not count & 1023:
                    poll()
                begin, end = found.span()
                if begin >= stop:
                    return stop
                if begin < at:
                    # Where an empty match was, Python looks for another one; we go on one byte further.
                    break
                yield found
                at = end if end > begin else end + 1
            else:
                return stop
        return at

    def _slowly(self, text: bytes, at: int, stop: int) -> Generator[Found, None, int]:
        """Yield the matches that begin from `at` on but before `stop`, one start at a time; return where to go on."""
        reach = spent = 0
        while at < stop:
            found: Found | None
            if not self.nullable:
                candidate = self.first.search(text, at, stop)
                if candidate is None:
                    return stop
                at = candidate.start()
            cost = _BUDGET + 1
            if self.compiled is not None:
                if at >= reach:
                    run = None if self.everything else self.run.match(text, at)
                    reach = run.end() if run else len(text)
                cost = self.factor * (reach - at) ** self.degree
                spent += min(cost, _BUDGET)
                if spent > _BUDGET:
                    spent = 0
                    poll()
            if self.compiled is not None and cost <= _BUDGET:
                found = self.compiled.match(text, at)
                next_start = at + 1
            else:
                # The stepping matcher learns from one start position for the next.
                found = self._step(text, at, stop)
                next_start = stop
            if found is None:
                at = next_start
            else:
                yield found
                begin, end = found.span()
                at = end if end > begin else end + 1
        return at

    def _step(self, text: bytes, start: int, stop: int) -> Stepped | None:
        if self.machine is None:
            self.machine = Machine(self.tree)
        return self.machine.search(text, start, stop, poll)

    def _is_cheap(self, size: int) -> bool:
        """Tell whether a subject of `size` bytes can be searched in one go, whatever is in it."""
        return bool(size * self.factor * size**self.degree <= _BUDGET)

    def _window(self, text: bytes, at: int, count: int) -> tuple[int, bool]:
        """Choose how many start positions from `at` on to try next: where they end, and whether all in one go."""
        while True:
            stop = min(at + count, len(text))
            if self.everything:
                return stop, False
            limit = stop + _LAST_WINDOW
            run = self.run.match(text, stop, limit)
            end = run.end() if run else stop
            if end == limit:
                return stop, False
            # All that begins before `stop`, and even before `end`, ends at `end` or earlier.
            if self._is_bounded(text[at:end]):
                return end, True
            if count <= _SMALL_WINDOW:
                return end, False
            count //= 4

    def _is_bounded(self, part: bytes) -> bool:
        """Tell whether all attempts within `part` together stay within the budget."""
        starts = len(part) if self.nullable else len(part.translate(None, self.no_start))
        if not starts:
            return True
        attempt = _BUDGET // (starts * self.factor)
        if not self.degree:
            return attempt > 0
        longest = int(attempt ** (1 / self.degree))
        return len(part) <= longest or b"a" * (longest + 1) not in part.translate(self.marks)

    def count(self, text: bytes, start: int) -> int:
        """Return the number of matches from `start` on."""
        if self.compiled is not None and self._is_plain(text):
            return len(self.compiled.findall(text, start))
        if self.compiled is not None and not self.nullable and self._is_cheap(len(text)):
            total = 0
            found = self.compiled.finditer(text, start)
            while part := len(list(islice(found, _FIRST_WINDOW))):
                total += part
                poll()
            return total
        return sum(1 for _ in self.matches(text, start))

    def replace(self, text: bytes, parts: list[bytes | int]) -> bytes | None:
        """Return `text` with all matches replaced with literal text and groups; None when it gets too long."""
        most = sum(len(part) if isinstance(part, bytes) else len(text) for part in parts)
        if self.compiled is not None and self._is_plain(text) and most * len(text) <= _PLAIN_SIZE:
            return self.compiled.sub(_template(parts), text)
        literal = b"".join(part for part in parts if isinstance(part, bytes))
        groups = len(literal) < most
        pieces: list[bytes] = []
        size = at = 0
        for found in self.matches(text, 0):
            begin, end = found.span()
            pieces.append(text[at:begin])
            at = end
            new = _expand(parts, text, found.regs) if groups else literal
            pieces.append(new)
            size += len(new)
            if size > MAX_SIZE:
                return None
        pieces.append(text[at:])
        charge(size + len(text))
        return b"".join(pieces)

    def _is_plain(self, text: bytes) -> bool:
        """Tell whether Python's own loops over all matches may be used."""
        return not self.nullable and len(text) <= _PLAIN_SIZE and self._is_cheap(len(text))


def _template(parts: list[bytes | int]) -> bytes:
    """Return a replacement in the form Python's `re` reads."""
    return b"".join(b"\\g<%d>" % part if isinstance(part, int) else part.replace(b"\\", b"\\\\") for part in parts)


def _expand(parts: list[bytes | int], text: bytes, spans: Any) -> bytes:
    return b"".join(text[slice(*spans[part])] if isinstance(part, int) else part for part in parts)
