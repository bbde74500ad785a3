"""Where in a script's text something happened: the token behind a message, found after the fact.

Rules of this file: running code and compiled files know lines only, so that nothing is paid for columns until a message
is shown to a person. Then the text is compiled once more with the number of a token in place of each line; the code is
the same instruction by instruction, and where it is not, nothing is said about the column.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import sys
from bisect import bisect_right
from types import CodeType

from .compiler import pipeline
from .compiler.generate import generate
from .compiler.pipeline import Unit
from .runtime.messages import Place
from .syntax.lexer import END, Tokens, spans, tokenize
from .syntax.messages import SyntaxMessage, SyntaxMessages
from .syntax.parser import NESTING, parse_tokens, prepare
from .syntax.resolve import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .syntax.nodes import Function

# A token's number stands for its line from here on, in each compilation from another number: nodes are shared by line.
_FIRST = 1 << 40
_bases = itertools.count(_FIRST, 1 << 32)
_LARGEST = 300_000  # bytes of a text that are compiled again for a column
_ROOM = 10_000  # host frames that this may take
_KEPT = 16


class Text:
    """A script's text: lines, tokens and where they are. Tokens count from 0, lines and columns from 1.

    `evaluated` is true once it was seen to be no file's text but one given to `eval`.
    """

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.evaluated = False
        self.starts = [0]
        at = 0
        # a line ends as in the lexer: CR LF, CR or LF
        for line in source.splitlines(keepends=True):
            at += len(line)
            if line[-1:] in b"\r\n":
                self.starts.append(at)
        self.spans = spans(source)
        self.tokens: Tokens | None
        try:
            self.tokens = tokenize(source, sys.maxsize)
        except SyntaxMessage:
            self.tokens = None

    def __len__(self) -> int:
        return len(self.spans)

    def kind(self, token: int) -> str:
        """The lexer's kind of a token, an empty text where there is none."""
        if self.tokens is None:
            return ""
        return self.tokens.kinds[token] if 0 <= token < len(self.tokens.kinds) else ""

    def word(self, token: int) -> str:
        """A token as it is written, an empty text where there is none."""
        if not 0 <= token < len(self.spans):
            return ""
        start, end = self.spans[token]
        return self.source[start:end].decode("utf-8", "replace")

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line_of(self, token: int) -> int:
        """The line on which a token begins."""
        return self.place(self.spans[token][0])[0]

    def line(self, number: int) -> bytes | None:
        """A line without its end, None when there is none of that number."""
        if not 1 <= number <= len(self.starts):
            return None
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.source)
        return self.source[start:end].rstrip(b"\r\n")

    def adjacent(self, token: int) -> bool:
        """Whether nothing stands between a token and the next."""
        return 0 <= token < len(self.spans) - 1 and self.spans[token][1] == self.spans[token + 1][0]

    def opening(self, token: int) -> int | None:
        """The innermost bracket that is open before a token."""
        waiting = 0
        for place in range(token - 1, -1, -1):
            kind = self.kind(place)
            if kind in (")", "]", "}"):
                waiting += 1
            elif kind in ("(", "[", "{"):
                if not waiting:
                    return place
                waiting -= 1
        return None

    def closing(self, token: int) -> int | None:
        """The bracket that closes the one at a token."""
        waiting = 0
        for place in range(token, len(self.spans)):
            kind = self.kind(place)
            if kind in ("(", "[", "{"):
                waiting += 1
            elif kind in (")", "]", "}"):
                waiting -= 1
                if not waiting:
                    return place
        return None


# --- texts that do not compile ----------------------------------------------------------------------------------------


def refused_token(text: Text, line: int | None, said: str) -> int | None:
    """The token that a message of the compiler is about: `said` without its prefix, on `line` (None without one)."""
    if text.tokens is None:
        return len(text.spans) - 1
    if said == "nesting too deep":
        return _too_deep(text, line)
    if len(text.source) > _LARGEST:
        return None
    for keep in (False, True):
        base = next(_bases)
        for found in _messages(text, base, keep):
            number, _, words = found.removeprefix("[line ").partition("] ")
            if found[:6] != "[line ":
                if line is None and found == said:
                    return _where_it_ends(text)
            elif words == said:
                if number == "-1" and line == -1:
                    return len(text.spans) - 1
                token = int(number) - base
                if 0 <= token < len(text) and text.tokens.lines[token] == line:
                    return token
    return None


def first_message(text: Text) -> tuple[int | None, str] | None:
    """What is wrong with a text, as `refused_token` takes it; None when it compiles."""
    if text.tokens is None:
        return None
    base = next(_bases)
    for found in _messages(text, base, False):
        number, bracket, words = found.removeprefix("[line ").partition("] ")
        if not bracket:
            return None, found
        token = int(number) - base
        return (text.tokens.lines[token] if token >= 0 else -1), words
    return None


def _too_deep(text: Text, line: int | None) -> int | None:
    """The bracket that is one too many, where the limit is the usual one."""
    depth = 0
    for token in range(len(text)):
        kind = text.kind(token)
        depth += (kind in ("(", "[", "{")) - (kind in (")", "]", "}"))
        if depth > NESTING:
            return token if text.line_of(token) == line else None
    return None


def _messages(text: Text, base: int, keep: bool) -> list[str]:
    """The messages of a text, with tokens in place of lines."""
    with _Room():
        tree = _tree(text, base)
        if isinstance(tree, str):
            return [tree]
        try:
            resolve(tree, NESTING, keep)
        except SyntaxMessages as found:
            return found.texts
    return []


def _where_it_ends(text: Text) -> int:
    """The token behind the program's unexpected end: what is left may also be junk behind a `break`."""
    for token in range(len(text.spans) - 1):
        if text.kind(token) in ("break", "continue"):
            follows = token + 1 + (text.kind(token + 1) == "INT")
            if text.kind(follows) not in (";", END):
                return follows
    return len(text.spans) - 1


def _tree(text: Text, base: int) -> Function | str:
    """The tree of a text whose lines are token numbers, or the message that there is none."""
    assert text.tokens is not None
    tokens = Tokens()
    # reading changes nothing of the others
    tokens.kinds, tokens.values, tokens.starts = text.tokens.kinds, text.tokens.values, text.tokens.starts
    tokens.lines = list(range(base, base + len(text.tokens.lines)))
    prepare(pipeline.disk_cache().load, pipeline.disk_cache().store)
    try:
        return parse_tokens(tokens)
    except SyntaxMessage as found:
        return found.text


def exact_tree(text: Text) -> tuple[Function, int] | None:
    """The resolved tree of a text with token numbers in place of lines, and the first token's; None where it has none.

    Raises SyntaxMessages, whose lines mean nothing.
    """
    if text.tokens is None:
        return None
    base = next(_bases)
    with _Room():
        tree = _tree(text, base)
        if isinstance(tree, str):
            return None
        resolve(tree, NESTING, False)
    return tree, base


class _Room:
    """Makes room on the host's stack: what is to be explained may have happened at the end of it."""

    def __enter__(self) -> None:
        self.limit = sys.getrecursionlimit()
        sys.setrecursionlimit(self.limit + _ROOM)

    def __exit__(self, *_: object) -> None:
        sys.setrecursionlimit(self.limit)


# --- running code -----------------------------------------------------------------------------------------------------


class _Layout:
    """A unit's text and, when it can be had, its code once more with token numbers as columns."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.text = Text(unit.source)
        self.code: CodeType | None = None
        if len(unit.source) <= _LARGEST and self.text.tokens is not None:
            with _Room():
                try:
                    self.code = self._compile(unit)
                except (SyntaxMessages, SyntaxError, RecursionError, MemoryError, ValueError, TypeError):
                    pass

    def _compile(self, unit: Unit) -> CodeType | None:
        base = next(_bases)
        tree = _tree(self.text, base)
        if isinstance(tree, str):
            return None
        resolve(tree, unit.nesting, unit.shape is not None)
        if unit.shape is not None:
            unit.shape(tree)
        assert self.text.tokens is not None
        lines = self.text.tokens.lines

        def as_columns(module: ast.Module, _file: str) -> None:
            for node in ast.walk(module):
                token = getattr(node, "lineno", 0) - base
                if token >= 0:
                    node.lineno = node.end_lineno = lines[token]  # type: ignore[attr-defined]
                    node.col_offset = node.end_col_offset = token + 1  # type: ignore[attr-defined]

        return generate(tree, unit.file, *unit.options, unit.source, as_columns)

    def token(self, path: tuple[int, ...], place: Place) -> int | None:
        """The token at work in a function of the unit; `path` leads to its code through the constants."""
        code = self.code
        if code is None:
            return None
        for step in path:
            if step >= len(code.co_consts) or not isinstance(code.co_consts[step], CodeType):
                return None
            code = code.co_consts[step]
        if code.co_code != place.code.co_code:
            return None
        _, _, column, _ = next(itertools.islice(code.co_positions(), place.offset // 2, None), (None,) * 4)
        if not column or column > len(self.text):
            return None
        token = column - 1
        assert self.text.tokens is not None
        return token if self.text.tokens.lines[token] == place else None


# what was explained lately: messages repeat
_layouts: dict[int, _Layout] = {}
_paths: dict[int, tuple[CodeType, _Layout, tuple[int, ...]]] = {}


def locate(place: Place) -> tuple[Text, int | None] | None:
    """The text that a frame's code came from, and the token at work there; None when the text is not to be had."""
    known = _paths.get(id(place.code))
    if known is None:
        found = _search(place.code)
        if found is None:
            return None
        if len(_paths) >= 256:
            _paths.clear()
        known = _paths[id(place.code)] = (place.code, *found)
    _, layout, path = known
    return layout.text, layout.token(path, place)


def top_level_names(code: CodeType) -> set[str]:
    """The variables of the file that a function stands in: locals of its top level."""
    known = _paths.get(id(code))
    root = known[1].unit.code if known is not None else None
    for item in root.co_consts if root is not None else ():
        if isinstance(item, CodeType) and item.co_name == "<main>" and item is not code:
            return {name for name in (*item.co_varnames, *item.co_cellvars) if "$" not in name and name != "this"}
    return set()


def _search(code: CodeType) -> tuple[_Layout, tuple[int, ...]] | None:
    for unit in pipeline.units():
        path = _path(unit.code, code)
        if path is not None:
            return _layout(unit), path
    # a unit that is no longer in memory: the same instructions on the same lines must come out of its text
    for source in _sources(code.co_filename):
        for options in ((False, True, False), (True, True, False), (False, False, False)):
            layout = _Layout(Unit(code, source, code.co_filename, options, NESTING))
            path = None if layout.code is None else _path(layout.code, code, same=True)
            if path is not None:
                return layout, path
    return None


def _layout(unit: Unit) -> _Layout:
    layout = _layouts.get(id(unit))
    if layout is None:
        if len(_layouts) >= _KEPT:
            del _layouts[next(iter(_layouts))]  # the oldest: the others know which texts were evaluated
        layout = _layouts[id(unit)] = _Layout(unit)  # it holds the unit, so the number stays its own
    return layout


def _path(root: CodeType, code: CodeType, same: bool = False) -> tuple[int, ...] | None:
    """The way from a unit's code through constants to a function's; with `same` to one that is written the same."""
    waiting: list[tuple[CodeType, tuple[int, ...]]] = [(root, ())]
    while waiting:
        here, path = waiting.pop()
        if here is code or (same and _alike(here, code)):
            return path
        waiting += [(item, (*path, at)) for at, item in enumerate(here.co_consts) if isinstance(item, CodeType)]
    return None


def _alike(one: CodeType, other: CodeType) -> bool:
    return (
        one.co_name == other.co_name
        and one.co_code == other.co_code
        and one.co_names == other.co_names
        and list(one.co_lines()) == list(other.co_lines())
    )


def _sources(file: str) -> Iterator[bytes]:
    entry = linecache.cache.get(file)
    if entry is not None and len(entry) == 4:
        yield "".join(entry[2]).encode()
    try:
        with open(file, "rb") as opened:
            yield opened.read(_LARGEST)
    except (OSError, ValueError):
        pass


__all__ = ["Text", "exact_tree", "locate", "refused_token"]
