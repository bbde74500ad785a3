"""Regular expression dialect of the `re` library: parsing, and translation to Python's `re` (chapter 06, 5.2 to 5.4).

A pattern is parsed into a small tree (the only place that knows the dialect's syntax, its error texts and their
positions); everything else - translation, cost analysis, the stepping matcher - works on that tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeAlias

MAX_CAPTURES = 9
#: Groups may nest this deep: the passes over the tree are recursive.
MAX_NESTING = 200
#: Largest number in `{...}`; it also means "without limit", as it exceeds any subject's length.
MAX_COUNT = 4294967295

ALL = frozenset(range(256))
_LINE_BREAKS = frozenset(b"\r\n")


class PatternError(Exception):
    """A pattern was refused; `text` is the fault, `position` the character (None: the text stands alone)."""

    def __init__(self, text: str, position: int | None) -> None:
        super().__init__(text)
        self.text = text
        self.position = position

    def message(self) -> str:
        """Return the warning text of chapter 06, 5.2."""
        if self.position is None:
            return self.text
        return f"failed to parse the pattern - {self.text} at character {self.position}"


class Byte:
    """One byte out of a set; literal characters, `.`, escapes and bracket classes alike."""

    __slots__ = ("members",)

    def __init__(self, members: frozenset[int]) -> None:
        self.members = members


class Start:
    """`^`; in line mode it consumes a line break."""

    __slots__ = ("lines",)

    def __init__(self, lines: bool) -> None:
        self.lines = lines


class End:
    """`$`; in line mode it also matches in front of a line break."""

    __slots__ = ("lines",)

    def __init__(self, lines: bool) -> None:
        self.lines = lines


class Backreference:
    """Text of group `number`; `inside` when it stands within that group, where it never matches."""

    __slots__ = ("fold", "inside", "number")

    def __init__(self, number: int, inside: bool, fold: bool) -> None:
        self.number = number
        self.inside = inside
        self.fold = fold


class Sequence:
    """Items one after another."""

    __slots__ = ("items",)

    def __init__(self, items: list[Node]) -> None:
        self.items = items


class Group:
    """Parentheses around alternatives; `number` is None when the group does not capture."""

    __slots__ = ("branches", "number")

    def __init__(self, number: int | None, branches: list[Sequence]) -> None:
        self.number = number
        self.branches = branches


class Repeat:
    """`least` to `most` times `item`; `most` None means without limit."""

    __slots__ = ("item", "lazy", "least", "most")

    def __init__(self, item: Node, least: int, most: int | None, lazy: bool) -> None:
        self.item = item
        self.least = least
        self.most = most
        self.lazy = lazy


Node: TypeAlias = Byte | Start | End | Backreference | Sequence | Group | Repeat


class Pattern:
    """A parsed pattern: the whole as a non-capturing group, and the number of capturing groups inside."""

    __slots__ = ("groups", "root")

    def __init__(self, root: Group, groups: int) -> None:
        self.root = root
        self.groups = groups


def _ranges(*pairs: tuple[int, int]) -> frozenset[int]:
    return frozenset(byte for low, high in pairs for byte in range(low, high + 1))


# The last range is the one that `-` extends inside brackets.
_CLASS_RANGES: dict[int, tuple[tuple[int, int], ...]] = {
    ord("d"): ((0x30, 0x39),),
    ord("w"): ((0x61, 0x7A), (0x41, 0x5A), (0x30, 0x39), (0x5F, 0x5F)),
    ord("s"): ((9, 13), (32, 32)),
    ord("h"): ((9, 9), (32, 32)),
    ord("v"): ((10, 13),),
}
_ESCAPES = {letter: _ranges(*pairs) for letter, pairs in _CLASS_RANGES.items()}
_ESCAPES.update({letter - 32: ALL - members for letter, members in list(_ESCAPES.items())})


def _fold(members: frozenset[int]) -> frozenset[int]:
    """Return `members` with the other case of every ASCII letter in it."""
    text = bytes(members)
    return members | frozenset(text.upper()) | frozenset(text.lower())


def split_pattern(text: bytes) -> tuple[bytes, bytes]:
    """Split `DELIMITER pattern DELIMITER modifiers` into pattern and modifiers; raises PatternError (5.2)."""
    if not text:
        raise PatternError("argument 2 (pattern) is empty", None)
    end = text.find(text[:1], 1)
    if end < 0:
        raise PatternError("unmatched pattern/modifier separator defined at character 0", None)
    return text[1:end], text[end + 1 :]


def parse(pattern: bytes, modifiers: bytes, poll: Callable[[], object] = lambda: None) -> Pattern:
    """Parse a pattern without its delimiters; raises PatternError for the first fault from the left (5.2).

    `poll` is called from time to time, and may raise to give up.
    """
    for index, letter in enumerate(modifiers):
        if letter not in b"ims":
            raise PatternError("invalid modifier", index)
    if not pattern:
        raise PatternError("expression is effectively empty", 0)
    return _Parser(pattern, modifiers).parse(poll)


class _Parser:
    """One pass over a pattern; open groups are kept on a stack of their own."""

    def __init__(self, pattern: bytes, modifiers: bytes) -> None:
        self.pattern = pattern
        self.at = 0
        self.fold = b"i" in modifiers
        self.lines = b"m" in modifiers
        self.dot = ALL if b"s" in modifiers else ALL - _LINE_BREAKS
        self.groups = 0
        self.items: list[Node] = []
        self.branches: list[Sequence] = []
        self.open: list[tuple[int | None, list[Node], list[Sequence]]] = []

    def unexpected(self) -> NoReturn:
        raise PatternError("unexpected character", self.at)

    def partial(self) -> NoReturn:
        raise PatternError("partial (sub-)expression", len(self.pattern))

    def here(self) -> int:
        """Return the byte at the reading position, or raise "partial" at the end."""
        if self.at >= len(self.pattern):
            self.partial()
        return self.pattern[self.at]

    def byte(self, members: frozenset[int]) -> Byte:
        return Byte(_fold(members) if self.fold else members)

    def parse(self, poll: Callable[[], object]) -> Pattern:
        special: dict[int, Callable[[], None]] = {
            ord("("): self.open_group,
            ord(")"): self.close_group,
            ord("|"): self.next_branch,
            ord("*"): self.repeat,
            ord("+"): self.repeat,
            ord("?"): self.repeat,
            ord("{"): self.repeat,
            ord("["): self.bracket,
            ord("\\"): self.escape,
            ord("]"): self.unexpected,
            ord("}"): self.unexpected,
            ord("."): lambda: self.single(Byte(self.dot)),
            ord("^"): lambda: self.single(Start(self.lines)),
            ord("$"): lambda: self.single(End(self.lines)),
        }
        polled = 0
        while self.at < len(self.pattern):
            if self.at - polled > 1000:
                polled = self.at
                poll()
            letter = self.pattern[self.at]
            if letter in special:
                special[letter]()
            else:
                self.single(self.byte(frozenset((letter,))))
        if not self.items or self.open:
            self.partial()
        self.branches.append(Sequence(self.items))
        return Pattern(Group(None, self.branches), self.groups)

    def single(self, node: Node) -> None:
        """Add a node written as one character."""
        self.items.append(node)
        self.at += 1

    def open_group(self) -> None:
        if len(self.open) >= MAX_NESTING:
            raise PatternError("nesting too deep", self.at)
        number = None
        if self.groups < MAX_CAPTURES:
            self.groups += 1
            number = self.groups
        self.open.append((number, self.items, self.branches))
        self.items, self.branches = [], []
        self.at += 1

    def next_branch(self) -> None:
        if not self.items:
            self.unexpected()
        self.branches.append(Sequence(self.items))
        self.items = []
        self.at += 1

    def close_group(self) -> None:
        if not self.open or not self.items:
            self.unexpected()
        self.branches.append(Sequence(self.items))
        branches = self.branches
        number, self.items, self.branches = self.open.pop()
        self.items.append(Group(number, branches))
        self.at += 1

    def repeat(self) -> None:
        if not self.items or isinstance(self.items[-1], (Start, End, Repeat)):
            self.unexpected()
        letter = self.pattern[self.at]
        self.at += 1
        least, most = 0, None
        if letter == ord("+"):
            least = 1
        elif letter == ord("?"):
            most = 1
        elif letter == ord("{"):
            least, most = self.counts()
        lazy = self.pattern[self.at : self.at + 1] == b"?"
        self.at += lazy
        self.items.append(Repeat(self.items.pop(), least, most, lazy))

    def counts(self) -> tuple[int, int | None]:
        """Read the rest of `{n}`, `{n,}` or `{n,m}`."""
        least = self.number()
        most: int | None = least
        if self.here() == ord(","):
            self.at += 1
            most = None
            if self.here() != ord("}"):
                most = self.number()
                if most < least:
                    raise PatternError("invalid range (min > max)", self.at)
        if self.here() != ord("}"):
            self.unexpected()
        self.at += 1
        return least, None if most == MAX_COUNT else most

    def number(self) -> int:
        value = 0
        start = self.at
        while self.here() in b"0123456789":
            value = value * 10 + self.here() - 48
            if value > MAX_COUNT:
                raise PatternError("too many digits", self.at)
            self.at += 1
            if self.at == len(self.pattern):
                break
        if self.at == start:
            self.unexpected()
        return value

    def escape(self) -> None:
        self.at += 1
        letter = self.here()
        if letter in b"0123456789":
            number = letter - 48
            if not 1 <= number <= self.groups:
                raise PatternError("the specified backreference cannot be used here", self.at + 1)
            inside = any(number == opened for opened, _, _ in self.open)
            self.single(Backreference(number, inside, self.fold))
        elif letter in _ESCAPES:
            self.single(Byte(_ESCAPES[letter]))
        else:
            self.single(self.byte(frozenset((letter,))))

    def bracket(self) -> None:
        """Read a bracket class (5.4)."""
        self.at += 1
        negated = self.here() == ord("^")
        self.at += negated
        ranges: list[tuple[int, int]] = []
        while not (self.here() == ord("]") and ranges):
            letter = self.pattern[self.at]
            self.at += 1
            if letter == ord("-") and ranges and self.here() != ord("]"):
                low = ranges[-1][0]
                high = self.here()
                if low > high:
                    raise PatternError("invalid range (min > max)", self.at - 1)
                ranges[-1] = (low, high)
                self.at += 1
            elif letter == ord("\\"):
                letter = self.here()
                ranges.extend(_CLASS_RANGES.get(letter, ((letter, letter),)))
                self.at += 1
            else:
                ranges.append((letter, letter))
        node = self.byte(_ranges(*ranges))
        self.single(Byte(ALL - node.members) if negated else node)


def first_bytes(node: Node) -> tuple[frozenset[int], bool]:
    """Return the bytes a match of `node` can begin with (a superset), and whether it can match without any byte."""
    if isinstance(node, Byte):
        return node.members, False
    if isinstance(node, Start):
        return (_LINE_BREAKS if node.lines else frozenset()), True
    if isinstance(node, End):
        return frozenset(), True
    if isinstance(node, Backreference):
        return ALL, True
    if isinstance(node, Repeat):
        if node.most == 0:
            return frozenset(), True
        members, empty = first_bytes(node.item)
        return members, empty or node.least == 0
    members = frozenset()
    if isinstance(node, Group):
        empty = False
        for branch in node.branches:
            more, can_be_empty = first_bytes(branch)
            members |= more
            empty = empty or can_be_empty
        return members, empty
    for item in node.items:
        more, can_be_empty = first_bytes(item)
        members |= more
        if not can_be_empty:
            return members, False
    return members, True


def class_text(members: frozenset[int]) -> bytes:
    """Return a Python pattern for one byte of `members`."""
    if len(members) == 1:
        (byte,) = members
        return b"\\x%02x" % byte
    if not members:
        return b"[^\\x00-\\xff]"
    negated = len(members) > 128 and len(members) < 256
    chosen = sorted(ALL - members if negated else members)
    parts = [b"[^" if negated else b"["]
    index = 0
    while index < len(chosen):
        low = high = chosen[index]
        while index + 1 < len(chosen) and chosen[index + 1] == high + 1:
            index += 1
            high += 1
        parts.append(b"\\x%02x-\\x%02x" % (low, high) if high > low else b"\\x%02x" % low)
        index += 1
    parts.append(b"]")
    return b"".join(parts)


def translate(node: Node, outer: int = 0, from_start: bool = True, captures: bool = True) -> bytes:
    """Return the Python bytes pattern (without flags) for a tree (5.3).

    `outer` groups will stand around it. It is for texts that are the subject from its start, or else from later on.
    Without `captures` its groups only group, which patterns with backreferences cannot do.
    """
    if isinstance(node, Byte):
        return class_text(node.members)
    if isinstance(node, Start):
        start = rb"\A(?![\r\n])" if from_start else b"(?!)"
        return rb"(?:\r\n|\r(?!\n)|\n|%s)" % start if node.lines else rb"\A" if from_start else b"(?!)"
    if isinstance(node, End):
        return rb"(?=[\r\n]|\Z)" if node.lines else rb"\Z"
    if isinstance(node, Backreference):
        if node.inside:
            return b"(?!)"
        return b"(?%s:\\%d)" % (b"i" if node.fold else b"", node.number + outer)
    if isinstance(node, Repeat):
        return translate(node.item, outer, from_start, captures) + _repeat_text(node) + (b"?" if node.lazy else b"")
    if isinstance(node, Group):
        inside = b"|".join(translate(branch, outer, from_start, captures) for branch in node.branches)
        return (b"(%s)" if node.number and captures else b"(?:%s)") % inside
    return b"".join(translate(item, outer, from_start, captures) for item in node.items)


def _repeat_text(node: Repeat) -> bytes:
    if node.most is None:
        return {0: b"*", 1: b"+"}.get(node.least, b"{%d,}" % node.least)
    return b"{%d,%d}" % (node.least, node.most)
