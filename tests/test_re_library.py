"""Library `re` (chapter 06 section 5): both matchers against a plain reference matcher, and against each other."""

from __future__ import annotations

import gc
import itertools
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from interp import Engine, LimitExceeded, Limits
from interp.runtime import state
from interp.runtime.values import Array
from stdlib import regex_match, regex_search
from stdlib.re import library
from stdlib.regex_cost import attempt_cost, branching, reach, repeated
from stdlib.regex_match import Machine, Progress
from stdlib.regex_search import Expression
from stdlib.regex_translate import (
    Backreference,
    Byte,
    End,
    Group,
    Node,
    PatternError,
    Repeat,
    Start,
    parse,
    translate,
)

FUNCTIONS = library.functions
Spans = tuple[tuple[int, int], ...]

collected: list[bytes] = []


@pytest.fixture(autouse=True)
def world() -> Iterator[state.World]:
    """A world without scripts whose messages are collected."""
    made = state.World()
    made.array_type = Array
    made.namespace["$stop"] = False
    made.message_hook = lambda kind, level, text, frames: collected.append(text) or True
    before = state.switch(made.root)
    collected.clear()
    yield made
    state.switch(before)


def call(name: str, *args: Any) -> Any:
    """First result of a function; its messages are in `collected`."""
    collected.clear()
    return FUNCTIONS[name](None, *args)


def warned(text: str) -> bool:
    """Whether exactly this Warning (without the function's name) was given."""
    return len(collected) == 1 and collected[0].endswith(text.encode())


# --- patterns and subjects --------------------------------------------------------------------------------------------

ATOMS = st.sampled_from(
    ["a", "b", "B", "ab", ".", "[ab]", "[^a]", "[a-]", "\\w", "\\s", "\\n", "\\\\", "\\1", "\\2", "^", "$", "\n", "\r"]
)
REPEATS = st.sampled_from(["*", "+", "?", "{2}", "{0}", "{1,2}", "{0,3}", "{2,}", "*?", "+?", "??", "{1,2}?", "{0,}?"])


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.lists(inner, min_size=1, max_size=3).map(lambda branches: "(" + "|".join(branches) + ")")
    repeated = st.tuples(group | ATOMS, REPEATS).map("".join)
    return st.lists(group | repeated | ATOMS, min_size=1, max_size=4).map("".join)


PATTERNS = st.recursive(ATOMS, _wider, max_leaves=8)
MODIFIERS = st.sampled_from(["", "m", "i", "s", "ims"])
SUBJECTS = st.lists(st.sampled_from(list(b"aaabbA\n\r\\")), max_size=8).map(bytes)


class _TooLong(Exception):
    pass


class Reference:
    """The semantics of chapter 06 section 5.3 written down with continuations; slow, recursive, for short subjects."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.groups: dict[int, tuple[int, int]] = {}
        self.steps = 0

    def match(self, node: Node, at: int, then: Callable[[int], bool]) -> bool:
        """Match `node` at a position and go on with `then`; False (and the groups as before) when all ways fail."""
        self.steps += 1
        if self.steps > 20_000:
            raise _TooLong
        text = self.text
        if isinstance(node, Byte):
            return at < len(text) and text[at] in node.members and then(at + 1)
        if isinstance(node, Start):
            for end in (b"\r\n", b"\r", b"\n") if node.lines else ():
                if text.startswith(end, at):
                    return then(at + len(end))
            return at == 0 and then(at)
        if isinstance(node, End):
            return (at == len(text) or (node.lines and text[at] in b"\r\n")) and then(at)
        if isinstance(node, Backreference):
            if node.inside or node.number not in self.groups:
                return False
            word = text[slice(*self.groups[node.number])]
            here = text[at : at + len(word)]
            return (here == word or (node.fold and here.lower() == word.lower())) and then(at + len(word))
        if isinstance(node, Repeat):
            return self.repeat(node, 0, -1, at, then)
        if isinstance(node, Group):
            return any(self.sequence(branch.items, at, self.closing(node, at, then)) for branch in node.branches)
        return self.sequence(node.items, at, then)

    def sequence(self, items: list[Node], at: int, then: Callable[[int], bool]) -> bool:
        if not items:
            return then(at)
        return self.match(items[0], at, lambda end: self.sequence(items[1:], end, then))

    def closing(self, node: Group, start: int, then: Callable[[int], bool]) -> Callable[[int], bool]:
        def close(end: int) -> bool:
            if node.number is None:
                return then(end)
            before = self.groups.get(node.number)
            self.groups[node.number] = (start, end)
            if then(end):
                return True
            del self.groups[node.number]
            if before is not None:
                self.groups[node.number] = before
            return False

        return close

    def repeat(self, node: Repeat, count: int, last: int, at: int, then: Callable[[int], bool]) -> bool:
        def again() -> bool:
            begun = -1 if count < node.least else at
            return self.match(node.item, at, lambda end: self.repeat(node, count + 1, begun, end, then))

        if count < node.least:
            return again()
        # An iteration that began where the one before did would go on for ever.
        possible = at != last and (node.most is None or count < node.most)
        if node.lazy:
            return then(at) or (possible and again())
        return (possible and again()) or then(at)


def reference_search(pattern: Any, text: bytes, start: int) -> Spans | None:
    """The spans of the leftmost match from `start` on."""
    for at in range(start, len(text)):
        matcher = Reference(text)
        ends: list[int] = []
        if matcher.match(pattern.root, at, lambda end, ends=ends: ends.append(end) or True):  # type: ignore[misc]
            groups = (matcher.groups.get(number, (-1, -1)) for number in range(1, pattern.groups + 1))
            return ((at, ends[0]), *groups)
    return None


def reference_matches(pattern: Any, text: bytes, start: int) -> list[Spans]:
    """The spans of all matches from `start` on."""
    found = []
    while (spans := reference_search(pattern, text, start)) is not None:
        found.append(spans)
        start = spans[0][1] + (spans[0][1] == spans[0][0])
    return found


def compiled(source: str, modifiers: str) -> Any:
    """The tree of a pattern; the example is dropped when it is refused."""
    try:
        return parse(source.encode(), modifiers.encode())
    except PatternError:
        assume(False)


def nothing() -> None:
    """A poll that never stops."""


# --- the matchers agree -----------------------------------------------------------------------------------------------


#: Budgets small enough that short subjects are searched in all the ways long ones are.
BUDGETS = st.sampled_from([1, 12, 400, 20_000_000])


@settings(max_examples=300)
@given(BUDGETS, PATTERNS, MODIFIERS, st.lists(SUBJECTS, max_size=4).map(b" ".join), st.integers(0, 10))
def test_all_ways_of_searching_find_the_same(budget: int, source: str, modifiers: str, text: bytes, start: int) -> None:
    tree = compiled(source, modifiers)
    start = min(start, len(text))
    try:
        wanted = reference_matches(tree, text, start)
        whole = reference_matches(tree, text, 0)
    except _TooLong:
        assume(False)
    at, replaced, plainly = 0, b"", b""
    for spans in whole:
        plainly += text[at : spans[0][0]] + b"-"
        replaced += text[at : spans[0][0]] + b"<" + text[slice(*spans[0])] + b"\\>"
        at = spans[0][1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regex_search, "_BUDGET", budget)
        patch.setattr(regex_search, "_FIRST_WINDOW", 4)
        patch.setattr(regex_search, "_SMALL_WINDOW", 2)
        patch.setattr(regex_search, "_LAST_WINDOW", 6)
        patch.setattr(regex_match, "POLL_STEPS", 1)
        expression = Expression(b"\x01" + source.encode() + b"\x01" + modifiers.encode())
        assert [found.regs for found in expression.matches(text, start)] == wanted
        assert expression.count(text, start) == len(wanted)
        assert expression.replace(text, [b"<", 0, b"\\>"]) == replaced + text[at:]
        assert expression.replace(text, [b"-"]) == plainly + text[at:]


@pytest.mark.parametrize("steps", [1, 1000])
@settings(max_examples=300)
@given(PATTERNS, MODIFIERS, SUBJECTS)
def test_both_matchers_agree_with_the_reference(steps: int, source: str, modifiers: str, text: bytes) -> None:
    tree = compiled(source, modifiers)
    try:
        wanted = reference_search(tree, text, 0)
    except _TooLong:
        assume(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regex_match, "POLL_STEPS", steps)
        found = Machine(tree).search(text, 0, len(text), Progress(nothing))
    assert (found.regs if found else None) == wanted
    if attempt_cost(tree) is not None or branching(tree) is not None:
        translated = re.compile(translate(tree.root)).search(text)
        regs = translated.regs if translated and translated.start() < len(text) else None
        assert regs == wanted


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "a*a*a*a*b", "(a|a)" * 12 + "b", "(\\w+,? ?)+!"])
def test_patterns_that_explode_elsewhere_do_not(pattern: str) -> None:
    assert call("re_match", b"a" * 20_000, b"/" + pattern.encode() + b"/") is False
    assert call("re_match", b"a" * 20_000 + b"b!", b"/" + pattern.encode() + b"/") is True


@given(PATTERNS, MODIFIERS, st.integers(0, 3), st.integers(1, 40))
def test_attempts_cost_no_more_than_estimated(source: str, modifiers: str, kind: int, size: int) -> None:
    tree = compiled(source, modifiers)
    cost = attempt_cost(tree)
    if cost is None:
        return
    text = [b"a" * size, b"ab" * size, b"a" * size + b"b", b"\n" * size][kind]
    members = repeated(tree.root)
    stretches = "".join("x" if byte in members else " " for byte in text).split()
    stretch = max(map(len, stretches), default=0)
    progress = Progress(nothing)
    progress.steps = 1 << 40
    slots = Machine(tree).attempt(text, 0, progress)
    fixed, times = reach(tree)
    assert slots is None or slots[1] <= fixed + times * stretch
    steps = (1 << 40) - progress.steps
    # A step of the estimate is a byte looked at; around it, the machine keeps books about every node.
    assert steps <= 20 * (len(source) + 1) * cost[0] * (stretch + 1) ** cost[1]


#: Most of these have no bound for all texts.
NESTED = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "a?", "b*", "a+"]),
    lambda inner: st.tuples(
        st.lists(st.lists(inner, min_size=1, max_size=3).map("".join), min_size=1, max_size=2).map("|".join),
        st.sampled_from(["*", "+", "+?", "{2,3}", "?"]),
    ).map(lambda parts: f"({parts[0]}){parts[1]}"),
    max_leaves=6,
)


@settings(max_examples=500)
@given(NESTED, st.sampled_from(["", "c", "$", "b"]), st.text("aab c", max_size=12))
def test_texts_cost_no_more_than_added_up(source: str, tail: str, text: str) -> None:
    tree = compiled(source + tail, "")
    adding = branching(tree)
    if attempt_cost(tree) is not None or adding is None:
        return
    steps = 0
    try:
        for at in range(len(text)):
            matcher = Reference(text.encode())
            matcher.match(tree.root, at, lambda end: False)
            steps += matcher.steps
    except _TooLong:
        steps = 20_000
    estimate = adding.steps(text.encode(), 1 << 40)
    assert steps <= 2 * estimate
    assert adding.steps(text.encode(), estimate) == estimate
    assert adding.steps(text.encode(), estimate - 1) > estimate - 1


@pytest.mark.parametrize("pattern", ["/(a*)*b/", "/(.*)\\1b/", "/(a?){30}b/", "/((a|a){2,3})*b/"])
def test_explosive_patterns_can_be_stopped(pattern: str, world: state.World) -> None:
    class Stopped(BaseException):
        pass

    calls = [0]

    def stop() -> None:
        calls[0] += 1
        if calls[0] > 20:
            raise Stopped

    world.namespace["$stop"] = True
    world.stop_reason = stop
    with pytest.raises(Stopped):
        call("re_match", b"b" + b"a" * 3000, pattern.encode())
        call("re_match_all", b"a" * 300_000, pattern.encode())


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "pattern", [b"/\\w+/", b"/(\\w+)=(\\w+)/", b"/a.*,/", b'/"[^"]*"/', b"/(\\w+, ?)+$/m", b"/x*/"]
)
def test_ordinary_patterns_are_fast_on_large_subjects(pattern: bytes) -> None:
    text = b'name=value, "quoted" and some words\n' * 30_000
    call("re_match_all", text, pattern)
    call("re_replace", text, pattern, b"-")
    assert collected == []


# --- syntax -----------------------------------------------------------------------------------------------------------

CLASS_TEXTS = st.lists(st.sampled_from(list(b"]^-abz\\dD+.\xff")), max_size=6).map(bytes)


def model_class(text: bytes) -> tuple[set[int], bool] | str:
    """Members and negation of the class `[` + text + `]`, or the fault."""
    at = 0
    negated = text.startswith(b"^")
    at += negated
    ranges: list[list[int]] = []
    while at < len(text):
        byte = text[at]
        if byte == ord("]") and ranges:
            return "more behind"
        if byte == ord("-") and ranges and at + 1 < len(text) and text[at + 1] != ord("]"):
            if text[at + 1] < ranges[-1][0]:
                return f"invalid range (min > max) at character {at + 1}"
            ranges[-1][1] = text[at + 1]
            at += 2
        elif byte == ord("\\"):
            if at + 1 == len(text):
                return "escaped end"
            ranges.append([48, 57] if text[at + 1] == ord("d") else [text[at + 1]] * 2)
            at += 2
        else:
            ranges.append([byte, byte])
            at += 1
    if not ranges:
        return "unfinished"
    return {byte for low, high in ranges for byte in range(low, high + 1)}, negated


@given(CLASS_TEXTS)
def test_bracket_classes(text: bytes) -> None:
    wanted = model_class(text)
    subject = b"]^-abz\\dD+.\xff\xfe5y\n"
    pattern = b"/[" + text + b"]/"
    if isinstance(wanted, tuple):
        members, negated = wanted
        hits = [bytes((byte,)) for byte in subject if (byte in members) != negated]
        assert [list(found) for found in call("re_match_all", subject, pattern, 1)] == [[hit] for hit in hits]
    elif wanted.startswith("invalid"):
        assert call("re_match", subject, pattern) is None
        assert warned(wanted)


@given(st.lists(st.sampled_from(list(b"ab(|)[]{}^$*+?\\.-,12")), min_size=1, max_size=9).map(bytes))
def test_any_pattern_is_compiled_or_refused(source: bytes) -> None:
    result = call("re_match", b"ab", b"/" + source + b"/")
    assert (result is None) == (len(collected) == 1)
    if result is None:
        found = re.fullmatch(rb"re_match\(\): failed to parse the pattern - .* at character ([0-9]+)", collected[0])
        found = found or re.search(rb"failed to parse the pattern - .* at character ([0-9]+)$", collected[0])
        assert found
        assert int(found[1]) <= len(source)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "argument 2 (pattern) is empty"),
        ("/a", "unmatched pattern/modifier separator defined at character 0"),
        ("/(/x", "failed to parse the pattern - invalid modifier at character 0"),
        ("//", "failed to parse the pattern - expression is effectively empty at character 0"),
        ("/a**/", "failed to parse the pattern - unexpected character at character 2"),
        ("/(a|)/", "failed to parse the pattern - unexpected character at character 3"),
        ("/a|/", "failed to parse the pattern - partial (sub-)expression at character 2"),
        ("/(ab/", "failed to parse the pattern - partial (sub-)expression at character 3"),
        ("/a{3,2}/", "failed to parse the pattern - invalid range (min > max) at character 5"),
        ("/a{4294967296}/", "failed to parse the pattern - too many digits at character 11"),
        ("/[c-a]/", "failed to parse the pattern - invalid range (min > max) at character 2"),
        ("/(a)\\2/", "failed to parse the pattern - the specified backreference cannot be used here at character 5"),
        ("/" + "(" * 300 + "a" + ")" * 300 + "/", "failed to parse the pattern - nesting too deep at character 200"),
    ],
)
def test_faults(pattern: str, message: str) -> None:
    assert call("re_match", b"a", pattern.encode()) is None
    assert warned(message)


def test_deep_groups_and_large_counts_are_no_python_errors() -> None:
    assert call("re_match", b"a", b"/" + b"(" * 200 + b"a" + b")" * 200 + b"/") is True
    assert call("re_match", b"aaa", b"/a{4294967295}|a{2,4294967295}/", 1) == [b"aaa"]
    assert call("re_match", b"aaa", b"/(a){3000000000}/") is False
    assert call("re_match", b"ab", b"/" + b"a?" * 30_000 + b"b/") is True
    assert collected == []


# --- results ----------------------------------------------------------------------------------------------------------


def test_shapes_of_results() -> None:
    args = (b"key=value", b"/(\\w+)=(\\w+)(;)?/")
    assert call("re_match", *args) is True
    assert call("re_match", *args, 1) == [b"key=value", b"key", b"value", None]
    assert call("re_match", *args, 2 | 4) == [[0, 9], [0, 3], [4, 9], None]
    assert call("re_match", *args, 3) == [[b"key=value", 0, 9], [b"key", 0, 3], [b"value", 4, 9], None]
    assert call("re_match", b"x", b"/y/", 1) is False
    assert call("re_match_all", b"a1b2", b"/[a-z]/", 2) == [[[0, 1]], [[2, 3]]]
    assert call("re_match_all", b"x", b"/y/", 1) == []


def test_offsets_are_checked_before_the_pattern() -> None:
    assert call("re_match", b"one two one", b"/one/", 2, -3) == [[8, 11]]
    for offset in (12, -12):
        assert call("re_match", b"one two one", b"/(/", 0, offset) is None
        assert warned("argument 5 (offset) out of bounds")


@given(st.lists(st.sampled_from(list(b"$\\019ab")), max_size=8).map(bytes))
def test_replacement_texts(replacement: bytes) -> None:
    groups = {ord("0"): b"xy", ord("1"): b"y"}
    wanted, at = b"", 0
    while at < len(replacement):
        mark, after = replacement[at : at + 1], replacement[at + 1 : at + 2]
        if mark in (b"$", b"\\") and after.isdigit():
            wanted += groups.get(after[0], b"")
            at += 2
        elif mark in (b"$", b"\\") and after == mark:
            wanted += mark
            at += 2
        else:
            wanted += mark
            at += 1
    assert call("re_replace", b"<xy>", b"/x(y)/", replacement) == b"<" + wanted + b">"
    assert call("re_replace", b"<xy>", b"/x(y)(z)?/", replacement) == b"<" + wanted + b">"


def test_empty_matches_are_replaced_once_and_lose_nothing() -> None:
    assert call("re_replace", b"abc", b"/x*/", b"-") == b"-a-b-c"
    assert call("re_replace", b"aab", b"/a*/", b"-") == b"--b"
    assert call("re_replace", b"aaab", b"/^a/", b"-") == b"-aab"
    assert call("re_replace", b"", b"/x*/", b"-") == b""


# --- limits -----------------------------------------------------------------------------------------------------------


class _Enough(BaseException):
    """Ends a search."""


SUBJECTS_OF_ONE_KIND = [b"a" * 300_000, b"ab" * 150_000, b" " * 299_999 + b"x", b"name=value; other = 12, \n" * 12_000]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "pattern",
    [
        "a*a*a*b", "(.*)(.*)(.*)x", "\\s+$", "(a+)+b", "(a|a)*b", "(a*)*b", "(.*)\\1b", "(a?){30}b", "((a|a){2,3})*b",
        "(\\w+\\s?)+=", "(a|b|ab)*c", "(x+x+)+y", "(ab)*", "(\\s*)(\\w*)(\\s*)z", "(a|b)*?z", "x*", "<[^>]*>",
        "(a|ab|b|ba|x y|name|value|other|last|one)", "([a-z]+)([a-z]+)([a-z]+)=", "a{1,100}a{1,100}b",
        "(\\w+)\\s\\1",
    ],
)  # fmt: skip
def test_searches_look_at_the_limits_often(pattern: str, world: state.World, request: pytest.FixtureRequest) -> None:
    # CPU time from one look to the next: 30 ms is usual, and a script has to end within 50
    looks: list[float] = []

    def look() -> None:
        looks.append(time.process_time())
        if looks[-1] - looks[0] > 0.03:
            raise _Enough

    world.namespace["$stop"] = True
    world.stop_reason = look
    gc.disable()  # a collection of all that the tests before have left is no time of the search's
    request.addfinalizer(gc.enable)
    for text in SUBJECTS_OF_ONE_KIND:
        for name, more in (("re_match", ()), ("re_match_all", ()), ("re_match_all", (1,)), ("re_replace", (b"<$1>",))):
            looks[:] = [time.process_time()]
            try:
                call(name, text, b"/" + pattern.encode() + b"/s", *more)
            except _Enough:
                pass
            assert max(later - earlier for earlier, later in itertools.pairwise(looks)) < 0.15, (name, text[:10])


def test_searches_count_as_operations() -> None:
    with Engine(("re",), limits=Limits(seconds=None, operations=2000)) as engine:
        engine.globals["t"] = b"a" * 100_000
        with pytest.raises(LimitExceeded, match="operations"):
            engine.run("include 're'; re_match( t, '/(.*)\\\\1b/' );")


@pytest.mark.timeout(20)
def test_short_matches_of_nested_repeats_are_not_quadratic(world: state.World) -> None:
    # every match is found by the stepping matcher, in a long stretch that the pattern could run through
    assert call("re_match_all", b"ab" * 100_000, b"/(a+)+b/") == 100_000
    assert call("re_match_all", b"aaaaaaaaaaaaaaaaab" * 3_000, b"/(a|a)+b/") == 3_000


def test_what_begins_behind_a_stretch_is_found_once(monkeypatch: pytest.MonkeyPatch, world: state.World) -> None:
    monkeypatch.setattr(regex_search, "_FIRST_WINDOW", 1000)
    monkeypatch.setattr(regex_search, "_LAST_WINDOW", 1000)
    text = b"<tag attribute> some text, \n" * 1000
    for pattern in (b"/<[^>]*>/", b"/[^,]*,/", b"/\\w+/", b"/(\\w+)( ?)/", b"/x*/", b"/$/m", b"/^./m", b"/(s)?o/"):
        twin = re.compile(Expression(pattern).compiled.pattern)  # type: ignore[union-attr]
        wanted = [[found[0], *found.groups()] for found in twin.finditer(text) if found.start() < len(text)]
        assert [list(array) for array in call("re_match_all", text, pattern, 1)] == wanted
        assert call("re_match_all", text, pattern) == len(wanted)
        assert call("re_replace", text, pattern, b"[$0]") == twin.sub(
            lambda found: b"[" + found[0] + b"]" if found.start() < len(text) else b"", text
        )
