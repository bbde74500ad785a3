"""How expensive can a pattern get: upper bounds for attempts of Python's `re`, which cannot be stopped.

The bound is `factor * n ** degree`, n being the length of the longest stretch of the subject that consists of
bytes the pattern's unlimited repeats can consume. A pattern without such a bound (nested ambiguous repeats) has none:
None. In the same way `reach` bounds how far from its start an attempt can look.

The bound rests on one observation: where a backtracking matcher has two ways to go on, but the next byte allows
only one of them, the other dies at once. Only *ambiguous* choices multiply the work.

Where there is no such bound, `Branching` adds up the work in a given text: it doubles with each ambiguous byte, but
words are short.
"""

from __future__ import annotations

from .regex_translate import (
    MAX_COUNT,
    Backreference,
    Byte,
    End,
    Group,
    Node,
    Pattern,
    Repeat,
    Sequence,
    Start,
    first_bytes,
)

#: `(factor, degree)` stands for `factor * n ** degree`.
Bound = tuple[int, int]

_ONE: Bound = (1, 0)
_LINE_BREAKS = frozenset(b"\r\n")
#: A repeat with a larger maximum counts as one without a maximum.
_MANY = 1000
#: An ambiguous item may be repeated this often.
_FEW = 4


class _NoBound(Exception):
    """The work is exponential, or the analysis cannot show that it is not (or, for `Branching`, what it is)."""


def _add(left: Bound, right: Bound) -> Bound:
    return left[0] + right[0], max(left[1], right[1])


def _multiply(left: Bound, right: Bound) -> Bound:
    return left[0] * right[0], left[1] + right[1]


def attempt_cost(pattern: Pattern) -> Bound | None:
    """Return the bound for one attempt at one start position that fails, or matches no more than a few bytes."""
    try:
        factor, degree = _cost(pattern.root, frozenset(), True)[1]
    except _NoBound:
        return None
    if has_backreference(pattern.root):
        # what each compares is as long as its group
        groups: dict[int, tuple[int, int]] = {}
        _reach(pattern.root, groups)
        factor *= max(1, *(fixed + stretches for fixed, stretches in groups.values()))
    return factor, degree


def consumable(node: Node) -> frozenset[int]:
    """Return all bytes that a match of `node` can contain."""
    if isinstance(node, Byte):
        return node.members
    if isinstance(node, Start):
        return _LINE_BREAKS if node.lines else frozenset()
    if isinstance(node, Repeat):
        return consumable(node.item)
    if isinstance(node, (Group, Sequence)):
        parts: list[Node] = list(node.branches if isinstance(node, Group) else node.items)
        return frozenset().union(*map(consumable, parts))
    return frozenset()


def repeated(node: Node) -> frozenset[int]:
    """Return all bytes that the unlimited repeats in `node` can consume."""
    if isinstance(node, Repeat):
        return consumable(node.item) if _is_unlimited(node) else repeated(node.item)
    if isinstance(node, (Group, Sequence)):
        parts: list[Node] = list(node.branches if isinstance(node, Group) else node.items)
        return frozenset().union(*map(repeated, parts))
    return frozenset()


def reach(pattern: Pattern) -> tuple[int, int]:
    """Return (a, b): an attempt consumes at most `a + b * n` bytes."""
    return _reach(pattern.root, {})


def _reach(node: Node, groups: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return the reach of `node`; `groups` are those of the groups before it."""
    fixed = stretches = 0
    if isinstance(node, Byte):
        return 1, 0
    if isinstance(node, Start):
        return 2 if node.lines else 0, 0
    if isinstance(node, Backreference):
        return groups.get(node.number, (0, 0))
    if isinstance(node, Repeat):
        fixed, stretches = _reach(node.item, groups)
        if _is_unlimited(node):
            return 0, 1
        return fixed * (node.most or 0), stretches * (node.most or 0)
    if isinstance(node, Group):
        for branch in node.branches:
            more = _reach(branch, groups)
            fixed, stretches = max(fixed, more[0]), max(stretches, more[1])
        if node.number is not None:
            groups[node.number] = fixed, stretches
    elif isinstance(node, Sequence):
        for item in node.items:
            more = _reach(item, groups)
            fixed, stretches = fixed + more[0], stretches + more[1]
    return fixed, stretches


def _is_unlimited(node: Repeat) -> bool:
    return node.most is None or node.most > _MANY


def _lead(node: Node, follow: frozenset[int]) -> frozenset[int]:
    """Return the bytes that let `node`, followed by something that begins with `follow`, get past its first byte."""
    if isinstance(node, End):
        return _LINE_BREAKS if node.lines else frozenset()
    members, empty = first_bytes(node)
    return members | follow if empty else members


def _cost(node: Node, follow: frozenset[int], final: bool) -> tuple[Bound, Bound]:
    """Return (in how many ways `node` can be passed with a next byte out of `follow`, the work to try them all).

    `final`: reaching the end of `node` is success, so whatever it consumes is consumed for good.
    """
    if isinstance(node, Backreference):
        return _ONE, (1, 1)
    if isinstance(node, Group):
        return _group_cost(node, follow, final)
    if isinstance(node, Sequence):
        return _sequence_cost(node, follow, final)
    if isinstance(node, Repeat):
        return _repeat_cost(node, follow, final)
    return _ONE, _ONE


def _sequence_cost(node: Sequence, follow: frozenset[int], final: bool) -> tuple[Bound, Bound]:
    follows = []
    for item in reversed(node.items):
        follows.append(follow)
        follow = _lead(item, follow)
    ways, work = _ONE, (0, 0)
    last = len(node.items) - 1
    for index, (item, after) in enumerate(zip(node.items, reversed(follows), strict=True)):
        item_ways, item_work = _cost(item, after, final and index == last)
        work = _add(work, _multiply(ways, item_work))
        ways = _multiply(ways, item_ways)
    return ways, work


def _exclusive(left: Sequence, right: Sequence) -> bool:
    """Tell whether the leading single bytes of two branches already exclude each other."""
    for one, other in zip(left.items, right.items, strict=False):
        if not isinstance(one, Byte) or not isinstance(other, Byte):
            return False
        if not one.members & other.members:
            return True
    return False


def _clear_choice(branches: list[Sequence], follow: frozenset[int]) -> bool:
    """Tell whether at most one of the branches can get past its first bytes at any place."""
    seen: frozenset[int] = frozenset()
    clear = True
    for branch in branches:
        lead = _lead(branch, follow)
        clear = clear and not seen & lead
        seen |= lead
    if clear:
        return True
    if len(branches) > 50:
        return False
    return all(_exclusive(one, other) for i, one in enumerate(branches) for other in branches[:i])


def _group_cost(node: Group, follow: frozenset[int], final: bool) -> tuple[Bound, Bound]:
    costs = [_cost(branch, follow, final) for branch in node.branches]
    ways, work = costs[0]
    clear = _clear_choice(node.branches, follow)
    for branch_ways, branch_work in costs[1:]:
        work = _add(work, branch_work)
        ways = max(ways, branch_ways, key=lambda bound: (bound[1], bound[0])) if clear else _add(ways, branch_ways)
    return ways, work


def has_backreference(node: Node) -> bool:
    """Tell whether a match of `node` depends on what its groups hold."""
    if isinstance(node, Repeat):
        return has_backreference(node.item)
    if isinstance(node, Group):
        return any(map(has_backreference, node.branches))
    if isinstance(node, Sequence):
        return any(map(has_backreference, node.items))
    return isinstance(node, Backreference)


def _repeat_cost(node: Repeat, follow: frozenset[int], final: bool) -> tuple[Bound, Bound]:
    if node.least >= MAX_COUNT >> 1:
        raise _NoBound  # Python refuses such numbers
    if node.most == 0:
        return _ONE, _ONE
    lead, empty = first_bytes(node.item)
    once = node.most == 1
    unlimited = _is_unlimited(node)
    if not once and (empty or has_backreference(node.item)):
        raise _NoBound
    if isinstance(node.item, Byte) and final:
        return _ONE, (node.least + 1, 0)
    most = 0 if node.most is None else node.most
    count: Bound = (1, 1) if unlimited else (most, 0)
    ways, work = _cost(node.item, follow if once else follow | lead, False)
    ambiguous = node.least != node.most and (empty or bool(lead & follow))
    if ways != _ONE:
        return _ambiguous_item(node, ways, work)
    # All iterations together walk over each byte once, so unlimited repeats within the item do not multiply.
    work = (work[0], 1) if unlimited and work[1] <= 1 else _multiply(work, count)
    if not ambiguous:
        return _ONE, work
    return (count if unlimited else (most - node.least + 1, 0)), work


def _ambiguous_item(node: Repeat, ways: Bound, work: Bound) -> tuple[Bound, Bound]:
    """Bound a repeat whose item alone can already be passed in several ways."""
    if node.most is None or node.most > _FEW:
        raise _NoBound
    all_ways, all_work = _ONE, _ONE
    power = _ONE
    for _ in range(node.most):
        all_work = _add(all_work, _multiply(power, work))
        power = _multiply(power, ways)
        all_ways = _add(all_ways, power)
    return all_ways, all_work


# --- patterns without a bound -----------------------------------------------------------------------------------------

#: Patterns of more single bytes are not analysed.
_MANY_BYTES = 100
#: Stretches of text up to this length are remembered, so many of them.
_SHORT_STRETCH = 40
_MANY_STRETCHES = 10_000
#: So many bytes are passed by a simple repeat in the time of one other step.
_PASSED_AT_ONCE = 16

_Ways = dict[int, int]


class Branching:
    """Adds up the steps all attempts take in a text of short words, for a pattern without a bound.

    A step is a way to consume one byte. After each byte there are so many ways to consume the next one as there are
    paths to places in the pattern that accept it, and a backtracking matcher tries them all. `ways` is the largest
    number of them, by byte; where it is 0 all attempts end, so stretches of other bytes are looked at one by one.
    """

    def __init__(self, pattern: Pattern) -> None:
        """Analyse a pattern; raises _NoBound when it is too large, or not of the kind this can be told of."""
        self._places: list[Byte] = []
        self._follow: list[_Ways] = []
        self._nodes = 1
        first, _, _ = self._analyse(pattern.root)
        found = [self._ways_by_byte(follow) for follow in self._follow]
        ways = [max(column) for column in zip(*found, strict=True)]
        self.begin = max(1, *self._ways_by_byte(first))
        self._letters = [letter for letter in sorted(set(ways)) if letter]
        if len(self._letters) > 26 or not self._letters:
            raise _NoBound
        #: Space for bytes where all attempts end, else a letter for the number of ways.
        self._marks = bytes(97 + self._letters.index(count) if count else 32 for count in ways)
        self.alive = frozenset(byte for byte in range(256) if ways[byte])
        self._known: dict[bytes, int] = {}

    def steps(self, text: bytes, most: int) -> int:
        """Steps of all attempts that begin in `text` and end in it; some number above `most` when there are more."""
        most //= self._nodes * self.begin
        known = self._known
        total = len(text)
        for stretch in text.translate(self._marks).split():
            steps = known.get(stretch)
            if steps is None:
                steps = self._stretch(stretch, most)
                if steps <= most and len(stretch) <= _SHORT_STRETCH and len(known) < _MANY_STRETCHES:
                    known[stretch] = steps
            total += steps
            if total > most:
                break
        return total * self._nodes * self.begin

    def _stretch(self, stretch: bytes, most: int) -> int:
        """Steps of the attempts that begin in a stretch, or one byte before."""
        one = total = 0
        for mark in reversed(stretch):
            one = 1 + self._letters[mark - 97] * one
            total += one
            if total > most:
                break
        return (total + one) * (1 + len(stretch) // _PASSED_AT_ONCE)

    def _ways_by_byte(self, ways: _Ways) -> list[int]:
        counts = [0] * 256
        for place, number in ways.items():
            for byte in self._places[place].members:
                counts[byte] += number
        return counts

    def _join(self, before: _Ways, after: _Ways) -> None:
        for place, number in before.items():
            follow = self._follow[place]
            for next_place, ways in after.items():
                follow[next_place] = follow.get(next_place, 0) + number * ways

    def _analyse(self, node: Node) -> tuple[_Ways, _Ways, int]:
        """Return in how many ways each place can come first, and last, and in how many ways `node` can be empty."""
        self._nodes += 1
        if isinstance(node, Byte):
            if len(self._places) >= _MANY_BYTES:
                raise _NoBound
            self._places.append(node)
            self._follow.append({})
            return {len(self._places) - 1: 1}, {len(self._places) - 1: 1}, 0
        if isinstance(node, Sequence):
            return self._sequence(node)
        if isinstance(node, Group):
            first: _Ways = {}
            last: _Ways = {}
            empty = 0
            for branch in node.branches:
                more_first, more_last, more_empty = self._sequence(branch)
                _gather(first, more_first, 1)
                _gather(last, more_last, 1)
                empty += more_empty
            return first, last, empty
        if isinstance(node, Repeat):
            return self._repeat(node)
        if isinstance(node, End) or (isinstance(node, Start) and not node.lines):
            return {}, {}, 1
        raise _NoBound

    def _sequence(self, node: Sequence) -> tuple[_Ways, _Ways, int]:
        first: _Ways = {}
        last: _Ways = {}
        empty = 1
        for item in node.items:
            item_first, item_last, item_empty = self._analyse(item)
            self._join(last, item_first)
            _gather(first, item_first, empty)
            last = {place: number * item_empty for place, number in last.items() if item_empty}
            _gather(last, item_last, 1)
            empty *= item_empty
        return first, last, empty

    def _repeat(self, node: Repeat) -> tuple[_Ways, _Ways, int]:
        if node.least >= MAX_COUNT >> 1:
            raise _NoBound  # Python refuses such numbers
        if node.most == 0:
            return {}, {}, 1
        first, last, empty = self._analyse(node.item)
        if node.most == 1:
            return first, last, empty + (node.least == 0)
        if empty:
            raise _NoBound
        # a repeat that is counted has no more ways than one that is not
        self._join(last, first)
        return first, last, int(node.least == 0)


def _gather(ways: _Ways, more: _Ways, times: int) -> None:
    for place, number in more.items():
        if times:
            ways[place] = ways.get(place, 0) + number * times


def branching(pattern: Pattern) -> Branching | None:
    """Return what adds up the work of a pattern without a bound, None when nothing can."""
    try:
        return Branching(pattern)
    except _NoBound:
        return None
