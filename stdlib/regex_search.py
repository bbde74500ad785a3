"""Searching with a compiled pattern: which matcher runs on which part of the subject.

A search never keeps the engine longer than a small part of a second between two polls. Python's `re` cannot be stopped,
so it gets only stretches of the subject where the work is bounded beforehand; the stepping matcher does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import cached_property
from itertools import repeat
from typing import Any

from interp.library import charge, engine, poll, spend

from .format_text import MAX_SIZE
from .regex_cost import Branching, attempt_cost, branching, consumable, has_backreference, reach, repeated
from .regex_match import Machine, Progress, Stepped
from .regex_translate import ALL, class_text, first_bytes, parse, split_pattern, translate

#: A match: `span()` and `regs`, the spans of the whole and of the groups.
Found = re.Match[bytes] | Stepped
#: Text before the first match, the match, its groups; text before the second one, ...; text behind the last one.
Parts = list[bytes | None]

#: Steps Python's `re` may take in one go, by the estimate of `regex_cost`.
_BUDGET = 1_000_000
#: How many start positions are tried in one go: at first, at most, and when nothing smaller is worth a try.
_FIRST_WINDOW = 4096
_LAST_WINDOW = 1 << 16
_SMALL_WINDOW = 64
#: Longer stretches of bytes that the pattern can repeat are not for Python's `re` in one go.
_LONG_STRETCH = 4096
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
        self.only_start = bytes(members)[:1]
        self.factor = self.degree = 0
        self.branching: Branching | None = None
        if len(source) > LONG_PATTERN:
            return
        cost = attempt_cost(tree)
        if cost is not None:
            self.factor, self.degree = cost
            self.reach = reach(tree)
            members = consumable(tree.root)
            # One letter for the bytes that unlimited repeats may run through, white space for those that stop them.
            marks = repeated(tree.root)
            self.marks = bytes(97 if byte in marks else 32 for byte in range(256))
        else:
            self.branching = branching(tree)
            if self.branching is None:
                return
            members = self.branching.alive
        self.run = re.compile(class_text(members) + b"*")
        self.everything = members == ALL
        try:
            self.compiled = re.compile(translate(tree.root))
        except (re.error, OverflowError, RecursionError):
            pass

    @cached_property
    def _splitters(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
        """The pattern as a group, for texts that do not begin where the subject does and for those that do."""
        later, first = (b"(" + translate(self.tree.root, 1, from_start) + b")" for from_start in (False, True))
        return re.compile(later), re.compile(first)

    @cached_property
    def _plain_splitters(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]] | None:
        """The same without any group: quicker, but not for all patterns."""
        if self.nullable or has_backreference(self.tree.root):
            return None
        later, first = (translate(self.tree.root, 0, from_start, False) for from_start in (False, True))
        return re.compile(later), re.compile(first)

    def matches(self, text: bytes, start: int) -> Generator[Found, None, None]:
        """Yield the matches from `start` on, from left to right; they do not overlap (chapter 06, 5.1)."""
        at = start
        window = _FIRST_WINDOW
        progress = Progress(spend)
        while at < len(text):
            spend()
            stop, limit, window = self._stretch(text, at, window)
            if limit and self.compiled is not None:
                at = yield from self._quickly(self.compiled, text, at, stop, limit)
            else:
                at = yield from self._slowly(text, at, stop, progress)

    def split(self, text: bytes, start: int, between: bool = False) -> Iterator[Parts]:
        """Yield the text from `start` on, a stretch at a time, divided at the matches in it.

        With `between`, without the matches and their groups.
        """
        step = self.groups + 2
        at = start
        window = _FIRST_WINDOW
        progress = Progress(spend)
        while at < len(text):
            spend()
            stop, limit, window = self._stretch(text, at, window)
            if limit and between and (quick := self._between_quickly(text, at, stop, limit)) is not None:
                at = stop
                yield quick
                continue
            if limit:
                parts, at = self._split_quickly(text, at, stop, limit)
            else:
                parts, at = self._split_slowly(text, at, stop, progress)
            yield parts[::step] if between else parts

    def _between_quickly(self, text: bytes, at: int, stop: int, limit: int) -> Parts | None:
        """Divide `text[at:stop]` at the matches that begin in it, where all of them end in it, too; else None."""
        if self._plain_splitters is None or (self.everything and limit < len(text)):
            # some match would probably go beyond `stop`
            return None
        parts: Parts = self._plain_splitters[at == 0].split(text[at:limit])
        behind = limit - len(parts[-1]) if len(parts) > 1 else at  # type: ignore[arg-type]
        if behind > stop:
            return None
        parts[-1] = text[behind:stop]
        return parts

    def _split_quickly(self, text: bytes, at: int, stop: int, limit: int) -> tuple[Parts, int]:
        """Divide from `at` on at the matches that begin before `stop`; all of them are found within `limit`."""
        step = self.groups + 2
        parts: Parts = self._splitters[at == 0].split(text[at:limit])
        if self.nullable and _has_second_choice(parts, step):
            return self._split_slowly(text, at, stop, None)
        # what was found from `stop` on does not count
        end = limit
        while len(parts) > 1:
            behind = end - len(parts[-1])  # type: ignore[arg-type]
            begin = behind - len(parts[-step])  # type: ignore[arg-type]
            if begin < stop:
                break
            del parts[-step:]
            end = begin
        behind = end - len(parts[-1])  # type: ignore[arg-type]
        end = max(stop, behind)
        parts[-1] = text[behind:end]
        return parts, end

    def _split_slowly(self, text: bytes, at: int, stop: int, progress: Progress | None) -> tuple[Parts, int]:
        """Do the same one match after another; without `progress`, with Python's `re`."""
        if progress is None:
            assert self.compiled is not None
            found = self._quickly(self.compiled, text, at, stop, len(text))
        else:
            found = self._slowly(text, at, stop, progress)
        parts: Parts = []
        end = at
        while True:
            try:
                match = next(found)
            except StopIteration as done:
                next_at: int = min(done.value, len(text))
                break
            parts.append(text[end : match.regs[0][0]])
            parts.extend([text[low:high] if low >= 0 else None for low, high in match.regs])
            end = match.regs[0][1]
        parts.append(text[end:next_at])
        return parts, next_at

    def _quickly(
        self, compiled: re.Pattern[bytes], text: bytes, at: int, stop: int, limit: int
    ) -> Generator[Found, None, int]:
        """Yield the matches that begin from `at` on but before `stop`; return where to go on.

        All of them are found within `limit`.
        """
        while at < stop:
            for count, found in enumerate(compiled.finditer(text, at, limit)):
                if not count & 1023:
                    poll()
                begin, end = found.span()
                if begin >= stop:
                    return max(at, stop)
                if begin < at:
                    # Where an empty match was, Python looks for another one; we go on one byte further.
                    break
                yield found
                at = end if end > begin else end + 1
            else:
                return max(at, stop)
        return at

    def _slowly(self, text: bytes, at: int, stop: int, progress: Progress) -> Generator[Found, None, int]:
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
            if self.compiled is not None and self.branching is None:
                if at >= reach:
                    run = None if self.everything else self.run.match(text, at)
                    reach = run.end() if run else len(text)
                cost = self.factor * (reach - at) ** self.degree
                spent += min(cost, _BUDGET)
                if spent > _BUDGET:
                    spent = 0
                    spend()
            if self.compiled is not None and cost <= _BUDGET:
                found = self.compiled.match(text, at)
                next_start = at + 1
            else:
                # The stepping matcher learns from one start position for the next.
                found = self._step(text, at, stop, progress)
                next_start = stop
            if found is None:
                at = next_start
            else:
                yield found
                begin, end = found.span()
                at = end if end > begin else end + 1
        return at

    def _step(self, text: bytes, start: int, stop: int, progress: Progress) -> Stepped | None:
        if self.machine is None:
            self.machine = Machine(self.tree)
        return self.machine.search(text, start, stop, progress)

    def _stretch(self, text: bytes, at: int, count: int) -> tuple[int, int, int]:
        """Choose how many start positions from `at` on to try next, about `count`.

        Return where they end; how far to look for all that begins before (0: not to be searched in one go); and how
        many to try then.
        """
        size = len(text)
        if self.compiled is None:
            return min(at + count, size), 0, _LAST_WINDOW
        if self.branching is None and self._is_cheap(size - at):
            return size, size, count
        while True:
            stop = min(at + count, size)
            limit = self._limit(text, at, stop)
            if limit or count <= _SMALL_WINDOW:
                return stop, limit, min(4 * count, _LAST_WINDOW)
            count //= 4

    def _is_cheap(self, size: int) -> bool:
        """Tell whether `size` bytes can be searched in one go, whatever they are."""
        return size <= _LAST_WINDOW and size * self.factor * size**self.degree <= _BUDGET

    def _limit(self, text: bytes, at: int, stop: int) -> int:
        """Return how far all attempts that begin before `stop` can look; 0 when they might exceed the budget."""
        if self.branching is not None:
            return self._branching_limit(self.branching, text, at, stop)
        part = text[at:stop]
        if self.nullable:
            starts = len(part)
        elif len(self.no_start) == 255:
            starts = part.count(self.only_start)
        else:
            starts = len(part.translate(None, self.no_start))
        attempt = _BUDGET // (max(starts, 1) * self.factor)
        if not attempt:
            return 0
        longest = min(int(attempt ** (1 / self.degree)), _LONG_STRETCH) if self.degree else _LONG_STRETCH
        fixed, stretches = self.reach
        if stretches:
            longest = min(longest, _LAST_WINDOW // stretches)
        limit = stop + fixed + stretches * longest + 2
        if fixed > _LAST_WINDOW or longest < 1:
            return 0
        limit = min(limit, len(text))
        if not self.everything:
            # an attempt looks one byte beyond what it can contain, and perhaps at the next one
            run = self.run.match(text, stop, limit)
            limit = min(limit, (run.end() if run else stop) + 2)
        if stretches and limit - at > longest and b"a" * (longest + 1) in text[at:limit].translate(self.marks):
            return 0
        return limit

    def _branching_limit(self, branching: Branching, text: bytes, at: int, stop: int) -> int:
        end = min(stop + _LONG_STRETCH, len(text))
        run = self.run.match(text, stop, end)
        if run is not None and run.end() == end < len(text):
            return 0
        end = stop if run is None else run.end()
        if branching.steps(text[at:end], _BUDGET) > _BUDGET:
            return 0
        # the byte that ends an attempt is looked at, and perhaps the next one
        return min(end + 2, len(text))

    def count(self, text: bytes, start: int) -> int:
        """Return the number of matches from `start` on."""
        return sum(len(parts) - 1 for parts in self.split(text, start, True))

    def captured(self, text: bytes, start: int) -> list[Any]:
        """Return for each match from `start` on a script array of its text and those of its groups."""
        make = engine().array_type
        step = self.groups + 2
        arrays: list[Any] = []
        for parts in self.split(text, start):
            charge(len(parts) // step * _ARRAY_SIZE + 8 * len(parts))
            arrays.extend(map(make, zip(*(parts[column::step] for column in range(1, step)), strict=True)))
        return arrays

    def replace(self, text: bytes, template: list[bytes | int]) -> bytes | None:
        """Return `text` with all matches replaced with literal text and groups; None when it gets too long."""
        groups = [part for part in template if isinstance(part, int)]
        literal = b"".join([part for part in template if isinstance(part, bytes)])
        step = self.groups + 2 if groups else 1
        pieces: list[bytes] = []
        size = 0
        for parts in self.split(text, 0, not groups):
            count = len(parts) // step if groups else len(parts) - 1
            room = count * len(literal)
            room += sum(sum(map(len, filter(None, parts[1 + part :: step]))) for part in groups)
            if size + room > MAX_SIZE:
                return None
            charge(room + _POINTER * len(groups) * count)
            if not count:
                done = parts[0] or b""
            elif not groups:
                done = literal.join(parts)  # type: ignore[arg-type]
            else:
                done = b"".join(_expanded(parts, template, step, count))
            size += len(done)
            if size > MAX_SIZE:
                return None
            pieces.append(done)
        return b"".join(pieces)


_POINTER = 8
#: Bytes of an array with one or two elements, without what is in it.
_ARRAY_SIZE = 150


def _has_second_choice(parts: Parts, step: int) -> bool:
    """Tell whether a match begins where an empty one was: Python looks for another one there, we do not."""
    return any(
        not before and not between and match
        for before, between, match in zip(parts[1::step], parts[step::step], parts[step + 1 :: step], strict=False)
    )


def _expanded(parts: Parts, template: list[bytes | int], step: int, count: int) -> list[bytes]:
    """Return the pieces of the text with the matches replaced."""
    width = len(template) + 1
    pieces: list[Any] = [None] * (count * width + 1)
    pieces[::width] = parts[::step]
    for place, part in enumerate(template, 1):
        if type(part) is bytes:
            pieces[place::width] = repeat(part, count)
        else:
            # the group may have no value
            pieces[place::width] = [value or b"" for value in parts[1 + part :: step]]  # type: ignore[operator]
    return pieces
