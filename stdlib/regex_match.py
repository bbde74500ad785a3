"""A backtracking matcher that can be stopped: it runs the patterns that could keep Python's `re` busy for ever.

It works on the tree of `regex_translate` and gives the same matches as the translation would (leftmost, first
alternative, greedy preference; an unlimited repeat stops after an empty iteration). It never recurses, and calls
`poll` once in `POLL_STEPS` steps; what `poll` raises ends the search.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .regex_translate import (
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

#: Spans of the whole match and of the groups, (-1, -1) for a group without a value: what `re.Match.regs` gives.
Spans = tuple[tuple[int, int], ...]

# Instructions: (operation, operand, ...). Jumps are absolute. From _CLEAR on: those that only look and keep books.
_BYTE, _TEXT, _SPLIT, _JUMP, _SAVE, _RUN, _LOOP, _DONE, _CLEAR, _ENTER, _BACK, _START, _END, _FAIL = range(14)
# Entries of the backtracking stack other than (address, position).
_UNDO, _SHORTER, _LONGER = -1, -2, -3

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


class Machine:
    """A compiled pattern. Immutable, so that engines in several OS threads may share it."""

    __slots__ = ("candidate", "code", "groups", "slots")

    def __init__(self, pattern: Pattern) -> None:
        """Compile `pattern`."""
        compiler = _Compiler(pattern.groups)
        compiler.group(pattern.root)
        compiler.code.append((_DONE,))
        self.code = compiler.code
        self.groups = pattern.groups
        self.slots = compiler.slots
        members, empty = first_bytes(pattern.root)
        self.candidate = None if empty else re.compile(class_text(members))

    def search(self, text: bytes, start: int, stop: int, poll: Callable[[], object]) -> Stepped | None:
        """Return the leftmost match that begins at `start` or later but before `stop`, or None."""
        countdown = [POLL_STEPS]
        at = start
        while at < stop:
            if self.candidate is not None:
                found = self.candidate.search(text, at, stop)
                if found is None:
                    return None
                at = found.start()
            slots = self.attempt(text, at, countdown, poll)
            if slots is not None:
                pairs = [(slots[i], slots[i + 1]) for i in range(2, 2 * self.groups + 2, 2)]
                return Stepped(((at, slots[1]), *(pair if pair[1] >= 0 else (-1, -1) for pair in pairs)))
            at += 1
        return None

    def attempt(self, text: bytes, start: int, countdown: list[int], poll: Callable[[], object]) -> list[int] | None:
        """Match at `start` only; return the slots (end of the match in slot 1, groups from slot 2), or None.

        `countdown` holds the number of steps left until the next poll, and is kept up to date.
        """
        code = self.code
        slots = [-1] * self.slots
        stack: _Stack = []
        push = stack.append
        size = len(text)
        steps = countdown[0]
        address, at = 0, start
        while True:
            steps -= 1
            if steps <= 0:
                steps = POLL_STEPS
                poll()
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
                at = _run(order, address, text, at, push)
            elif operation == _LOOP:
                address = _loop(order, address, at, slots, push)
            elif operation == _DONE:
                slots[1] = at
                countdown[0] = steps
                return slots
            else:
                at = _special(order, text, at, slots, push)
            while at < 0:
                if not stack:
                    countdown[0] = steps
                    return None
                entry = stack.pop()
                if entry[0] >= 0:
                    address, at = entry
                elif entry[0] == _UNDO:
                    slots[entry[1]] = entry[2]
                else:
                    address, at = _next_length(entry, push)


def _run(order: _Order, address: int, text: bytes, at: int, push: Callable[[tuple[int, ...]], None]) -> int:
    """Repeat a single byte; the lengths not taken are remembered as one entry. Return the new position or -1."""
    _, run, least, most, lazy = order
    end: int = run.match(text, at, len(text) if most is None else min(len(text), at + most)).end()
    low: int = at + least
    if end < low:
        return -1
    if end > low:
        push((_LONGER, address, low + 1, end) if lazy else (_SHORTER, address, low, end - 1))
    return low if lazy else end


def _next_length(entry: tuple[int, ...], push: Callable[[tuple[int, ...]], None]) -> tuple[int, int]:
    """Return address and position for the next length of a repeated byte."""
    kind, address, low, high = entry
    if kind == _SHORTER:
        if high > low:
            push((kind, address, low, high - 1))
        return address, high
    if high > low:
        push((kind, address, low + 1, high))
    return address, low


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


class _Compiler:
    """Turns a tree into instructions."""

    def __init__(self, groups: int) -> None:
        self.code: list[_Order] = []
        self.slots = 2 * groups + 2

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
        if node.number is not None:
            self.code.append((_SAVE, 2 * node.number + 1))

    def reserve(self) -> int:
        """Leave room for an instruction that is known later; return its address."""
        self.code.append((_FAIL,))
        return len(self.code) - 1

    def repeat(self, node: Repeat) -> None:
        if isinstance(node.item, Byte):
            run = re.compile(class_text(node.item.members) + b"*")
            self.code.append((_RUN, run, node.least, node.most, node.lazy))
            return
        if node.most == 0:
            return
        slot = self.slots
        self.slots += 2
        self.code.append((_CLEAR, slot))
        head = self.reserve()
        self.code.append((_ENTER, slot))
        self.node(node.item)
        self.code.append((_JUMP, head))
        self.code[head] = (_LOOP, slot, node.least, node.most, node.lazy, len(self.code))
