"""A backtracking matcher that can be stopped: it runs the patterns that could keep Python's `re` busy for ever.

It works on the tree of `regex_translate` and gives the same matches as the translation would (leftmost, first
alternative, greedy preference; an unlimited repeat stops after an empty iteration). It never recurses, and calls
`poll` once in `POLL_STEPS` steps; what `poll` raises ends the search.

Once a search takes long it remembers, for the places in the pattern where different ways meet, from which positions
it failed to go on: most patterns that are exponential for Python's `re` are not here. That needs a future that depends
on place and position alone, so patterns with backreferences or counted groups do without.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from interp.library import charge

from .regex_cost import consumable
from .regex_translate import (
    ALL,
    Backreference,
    Byte,
    End,
    Group,
    Node,
    Pattern,
    Repeat,
    Sequence,
    Start,
    class_text,
    first_bytes,
)

POLL_STEPS = 1000
#: Bytes for the memory of one search; a larger one is not kept.
_MEMORY = 1 << 26
#: So many are spent at once, and so many more with each poll: looking for a match must not cost what the subject does.
_FIRST_MEMORY, _MORE_MEMORY = 1 << 11, 1 << 16

#: Spans of the whole match and of the groups, (-1, -1) for a group without a value: what `re.Match.regs` gives.
Spans = tuple[tuple[int, int], ...]

# Instructions: (operation, operand, ...). Jumps are absolute. From _CLEAR on: those that only look and keep books.
_BYTE, _TEXT, _SPLIT, _JUMP, _SAVE, _RUN, _MEET, _LOOP, _DONE, _CLEAR, _ENTER, _BACK, _START, _END, _FAIL = range(15)
# Entries of the backtracking stack other than (address, position).
_UNDO, _LENGTHS = -1, -2

_BREAK_OR_BEGINNING = re.compile(rb"\r\n|\r|\n|\A")

_Order = tuple[Any, ...]
_Stack = list[tuple[int, ...]]


class Stepped:
    """A match, with what is needed of `re.Match`."""

    __slots__ = ("regs",)

    def __init__(self, regs: Spans) -> None:
        self.regs = regs

    def span(self) -> tuple[int, int]:
        """Return where the match begins and ends."""
        return self.regs[0]


class Progress:
    """What a search keeps from one start position to the next, and from one match to the next."""

    __slots__ = ("complete", "failed", "origin", "poll", "polls", "steps", "stride")

    def __init__(self, poll: Callable[[], object]) -> None:
        self.poll = poll
        #: Steps left until the next poll.
        self.steps = POLL_STEPS
        #: Polls since the last match.
        self.polls = 0
        #: A byte for every meeting place and each of `stride` positions from `origin` on: whether the way from there
        #: is known to fail.
        self.failed: bytearray | None = None
        self.origin = 0
        self.stride = 0
        #: Whether no attempt can leave these positions.
        self.complete = False


class Machine:
    """A compiled pattern. Immutable, so that engines in several OS threads may share it."""

    __slots__ = ("candidate", "code", "groups", "places", "run", "slots")

    def __init__(self, pattern: Pattern) -> None:
        """Compile `pattern`."""
        compiler = _Compiler(pattern)
        compiler.group(pattern.root)
        compiler.code.append((_DONE,))
        self.code = compiler.code
        self.groups = pattern.groups
        self.slots = compiler.slots
        self.places = compiler.places
        members, empty = first_bytes(pattern.root)
        self.candidate = None if empty else re.compile(class_text(members))
        members = consumable(pattern.root)
        #: What no attempt leaves; None when that may be everything.
        self.run = None if members == ALL else re.compile(class_text(members) + b"*")

    def search(self, text: bytes, start: int, stop: int, progress: Progress) -> Stepped | None:
        """Return the leftmost match that begins at `start` or later but before `stop`, or None."""
        at = start
        while at < stop:
            if self.candidate is not None:
                found = self.candidate.search(text, at, stop)
                if found is None:
                    return None
                at = found.start()
            if progress.failed is not None and at >= progress.origin + progress.stride:
                progress.failed = None
            slots = self.attempt(text, at, progress)
            if slots is not None:
                # what led to the match is marked as well
                progress.failed = None
                progress.polls = 0
                pairs = [(slots[i], slots[i + 1]) for i in range(2, 2 * self.groups + 2, 2)]
                return Stepped(((at, slots[1]), *(pair if pair[1] >= 0 else (-1, -1) for pair in pairs)))
            at += 1
        return None

    def attempt(self, text: bytes, start: int, progress: Progress) -> list[int] | None:
        """Match at `start` only; return the slots (end of the match in slot 1, groups from slot 2), or None."""
        code = self.code
        slots = [-1] * self.slots
        stack: _Stack = []
        push = stack.append
        size = len(text)
        steps = progress.steps
        failed = progress.failed
        if failed is None and self.places and self.run is not None:
            failed = self.remember(text, start, progress)
        stride, origin = progress.stride, progress.origin
        address, at = 0, start
        while True:
            steps -= 1
            if steps <= 0:
                steps = POLL_STEPS
                progress.poll()
                progress.polls += 1
                if self.places:
                    failed = self.remember(text, start, progress)
                    stride, origin = progress.stride, progress.origin
            order = code[address]
            operation = order[0]
            address += 1
            if operation == _BYTE:
                at = at + 1 if at < size and text[at] in order[1] else -1
            elif operation == _TEXT:
                at = at + len(order[1]) if text.startswith(order[1], at) else -1
            elif operation == _SPLIT:
                push((order[2], at))
                address = order[1]
            elif operation == _JUMP:
                address = order[1]
            elif operation == _SAVE:
                push((_UNDO, order[1], slots[order[1]]))
                slots[order[1]] = at
            elif operation == _RUN:
                _, run, least, most, _, _ = order
                end = run.match(text, at, size if most is None else min(size, at + most)).end()
                steps -= (end - at) >> 8
                at = _choose_length(order, address, at + least, end, failed, stride, origin, push)
            elif operation == _MEET:
                if failed is not None and at < origin + stride:
                    # All ways on from here are tried before anything older, so coming back means that they failed.
                    key = order[1] * stride + at - origin
                    at = -1 if failed[key] else at
                    failed[key] = 1
            elif operation == _LOOP:
                address = _loop(order, address, at, slots, push)
            elif operation == _DONE:
                slots[1] = at
                progress.steps = steps
                return slots
            else:
                at = _special(order, text, at, slots, push)
            while at < 0:
                if not stack:
                    progress.steps = steps
                    return None
                entry = stack.pop()
                if entry[0] >= 0:
                    address, at = entry
                elif entry[0] == _UNDO:
                    slots[entry[1]] = entry[2]
                else:
                    _, address, low, high = entry
                    at = _choose_length(code[address - 1], address, low, high, failed, stride, origin, push)

    def remember(self, text: bytes, start: int, progress: Progress) -> bytearray | None:
        """Begin to remember failures, or remember them for more positions, in proportion to the steps spent."""
        most = min(_FIRST_MEMORY + progress.polls * _MORE_MEMORY, _MEMORY) // self.places
        covered = 0 if progress.failed is None else progress.stride
        if covered and (progress.complete or most < 2 * covered):
            return progress.failed
        limit = min(start + most, len(text))
        end = limit if self.run is None else self.run.match(text, start, limit).end()  # type: ignore[union-attr]
        progress.complete = end < limit or end == len(text)
        if not covered or end >= progress.origin + covered:
            progress.origin, progress.stride = start, end - start + 1
            charge(progress.stride * self.places)
            progress.failed = bytearray(progress.stride * self.places)
        return progress.failed


def _choose_length(
    order: _Order,
    address: int,
    low: int,
    high: int,
    failed: bytearray | None,
    stride: int,
    origin: int,
    push: Callable[[tuple[int, ...]], None],
) -> int:
    """Choose the next end of a repeated byte from `low` to `high`, -1 when there is none; remember the rest."""
    lazy, place = order[4], order[5]
    if failed is not None and place >= 0 and high < origin + stride:
        base = place * stride - origin
        key = (failed.find if lazy else failed.rfind)(0, base + low, base + high + 1)
        if key < 0:
            return -1
        failed[key] = 1
        at = key - base
    elif high < low:
        return -1
    else:
        at = low if lazy else high
    if lazy and at < high:
        push((_LENGTHS, address, at + 1, high))
    elif not lazy and at > low:
        push((_LENGTHS, address, low, at - 1))
    return at


def _loop(order: _Order, address: int, at: int, slots: list[int], push: Callable[[tuple[int, ...]], None]) -> int:
    """Decide at the head of a loop between another iteration and the exit; return the address to go on at.

    `address` is that of the _ENTER instruction, which begins an optional iteration; the body stands behind it.
    Slot n holds the number of iterations begun, slot n + 1 where the last optional one began.
    """
    _, slot, least, most, lazy, leave = order
    count = slots[slot]
    if count < least:
        push((_UNDO, slot, count))
        slots[slot] = count + 1
        return address + 1
    if at == slots[slot + 1] or (most is not None and count >= most):
        return int(leave)
    if lazy:
        push((address, at))
        return int(leave)
    push((leave, at))
    return address


def _special(order: _Order, text: bytes, at: int, slots: list[int], push: Callable[[tuple[int, ...]], None]) -> int:
    """Run one of the less frequent instructions; return the new position or -1."""
    operation = order[0]
    if operation in (_CLEAR, _ENTER):
        slot = order[1]
        push((_UNDO, slot, slots[slot]))
        push((_UNDO, slot + 1, slots[slot + 1]))
        slots[slot], slots[slot + 1] = (0, -1) if operation == _CLEAR else (slots[slot] + 1, at)
        return at
    if operation == _BACK:
        _, slot, fold = order
        if slots[slot + 1] < 0:
            return -1
        word = text[slots[slot] : slots[slot + 1]]
        here = text[at : at + len(word)]
        same = here == word or (fold and here.lower() == word.lower())
        return at + len(word) if same else -1
    if operation == _START:
        if not order[1]:
            return at if at == 0 else -1
        found = _BREAK_OR_BEGINNING.match(text, at)
        return found.end() if found else -1
    if operation == _END:
        return at if at == len(text) or (order[1] and text[at] in b"\r\n") else -1
    return -1


def _is_plain_loop(node: Repeat) -> bool:
    """Tell whether a repeat needs no counting, and no watch for empty iterations."""
    return node.most is None and node.least <= 1 and not first_bytes(node.item)[1]


def _can_remember(node: Node) -> bool:
    """Tell whether the ways on from a place in `node` depend on nothing but the position."""
    if isinstance(node, Group):
        return all(map(_can_remember, node.branches))
    if isinstance(node, Sequence):
        return all(map(_can_remember, node.items))
    if isinstance(node, Repeat):
        simple = isinstance(node.item, Byte) or node.most == 0 or (node.least, node.most) == (0, 1)
        return simple or (_is_plain_loop(node) and _can_remember(node.item))
    return not isinstance(node, Backreference) or node.inside


class _Compiler:
    """Turns a tree into instructions."""

    def __init__(self, pattern: Pattern) -> None:
        self.code: list[_Order] = []
        self.slots = 2 * pattern.groups + 2
        self.remember = _can_remember(pattern.root)
        self.places = 0

    def place(self) -> int:
        """Number a place where different ways meet; -1 when this pattern cannot remember."""
        if not self.remember:
            return -1
        self.places += 1
        return self.places - 1

    def meet(self) -> None:
        """Mark the next instruction as a place where different ways meet."""
        place = self.place()
        if place >= 0:
            self.code.append((_MEET, place))

    def node(self, node: Node) -> None:
        if isinstance(node, Byte):
            self.code.append((_BYTE, node.members))
        elif isinstance(node, Start):
            self.code.append((_START, node.lines))
        elif isinstance(node, End):
            self.code.append((_END, node.lines))
        elif isinstance(node, Backreference):
            self.code.append((_FAIL,) if node.inside else (_BACK, 2 * node.number, node.fold))
        elif isinstance(node, Group):
            self.group(node)
        elif isinstance(node, Repeat):
            self.repeat(node)
        else:
            self.sequence(node)

    def sequence(self, node: Sequence) -> None:
        """Compile items in order; neighbouring literals become one comparison."""
        literal = bytearray()
        for item in node.items:
            if isinstance(item, Byte) and len(item.members) == 1:
                literal += bytes(item.members)
                continue
            self.literal(literal)
            self.node(item)
        self.literal(literal)

    def literal(self, literal: bytearray) -> None:
        if literal:
            self.code.append((_TEXT, bytes(literal)))
            literal.clear()

    def group(self, node: Group) -> None:
        if node.number is not None:
            self.code.append((_SAVE, 2 * node.number))
        jumps = []
        for branch in node.branches[:-1]:
            split = self.reserve()
            self.sequence(branch)
            jumps.append(self.reserve())
            self.code[split] = (_SPLIT, split + 1, len(self.code))
        self.sequence(node.branches[-1])
        for jump in jumps:
            self.code[jump] = (_JUMP, len(self.code))
        if jumps:
            self.meet()
        if node.number is not None:
            self.code.append((_SAVE, 2 * node.number + 1))

    def reserve(self) -> int:
        """Leave room for an instruction that is known later; return its address."""
        self.code.append((_FAIL,))
        return len(self.code) - 1

    def repeat(self, node: Repeat) -> None:
        if isinstance(node.item, Byte):
            run = re.compile(class_text(node.item.members) + b"*")
            place = self.place() if node.least != node.most else -1
            self.code.append((_RUN, run, node.least, node.most, node.lazy, place))
        elif node.most == 0:
            return
        elif (node.least, node.most) == (0, 1):
            split = self.reserve()
            self.node(node.item)
            self.split(split, node.lazy)
            self.meet()
        elif _is_plain_loop(node):
            self.plain_loop(node)
        else:
            self.counted_loop(node)

    def split(self, address: int, lazy: bool) -> None:
        """Fill in a choice between the next instruction and the end of the code."""
        ways = (address + 1, len(self.code))
        self.code[address] = (_SPLIT, *(reversed(ways) if lazy else ways))

    def plain_loop(self, node: Repeat) -> None:
        """Compile a repeat as a choice in front of each iteration."""
        entry = self.reserve() if node.least else 0
        head = len(self.code)
        self.meet()
        split = self.reserve()
        if node.least:
            self.code[entry] = (_JUMP, len(self.code))
        self.node(node.item)
        self.code.append((_JUMP, head))
        self.split(split, node.lazy)

    def counted_loop(self, node: Repeat) -> None:
        """Compile a repeat that keeps books in two slots."""
        slot = self.slots
        self.slots += 2
        self.code.append((_CLEAR, slot))
        head = self.reserve()
        self.code.append((_ENTER, slot))
        self.node(node.item)
        self.code.append((_JUMP, head))
        self.code[head] = (_LOOP, slot, node.least, node.most, node.lazy, len(self.code))
