"""The words for a text that is no program (chapter 01 section 14, chapter 02 section 9).

The walk goes in the order in which the reference reads: a statement takes the tokens of an expression up to its end,
brackets at once, and then splits them at the loosest operator. It judges only what ends at or behind the token where
the grammar gave up, and says nothing about what a program may be: that is the grammar's part.

Each reading method is a generator that yields the generators it calls, so that no nesting is too deep for Python.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from .lexer import BAD_CHARACTER, END, RESERVED, Tokens
from .messages import SyntaxMessage, at

Walk = Generator["Walk", Any, Any]

_NAMES = ("NAME", "COMMAND", "class", "map")
_COVERING = ("new", "thread", "subthread")
_PREFIX = ("+", "-", "~", "!", "@", "++", "--")
_PUNCTUATION = frozenset(")]};,:#\\")
_ASSIGN = frozenset("= += -= *= /= %= &= |= ^= <<= >>= $= ..= &&= ||= ??=".split())
# how loosely a binary operator binds: the levels of chapter 01 section 3
_LEVELS = dict.fromkeys(_ASSIGN, 12)
for _level, _operators in (
    (11, "&& ||"),
    (10, "== != === !== < <= > >= ??"),
    (9, "<=>"),
    (8, "$ .."),
    (7, "& | ^ << >> ~ ? @ ++ --"),
    (6, "+ -"),
    (5, "* / %"),
):
    _LEVELS.update(dict.fromkeys(_operators.split(), _level))
# Splitting is quadratic in the length of one expression, as in the reference; beyond this many steps we stop looking.
_STEPS = 1_000_000

# One part of an expression: a value, an operator, or what follows a value in brackets.
_VALUE, _OPERATOR, _CALL, _ACCESS, _ENTRIES = range(5)


class _GaveUp(Exception):
    """The expression is too long to be judged."""


def diagnose(tokens: Tokens, failed: int) -> SyntaxMessage:
    """The message for `tokens`, which the grammar refused at token number `failed`."""
    walker = _Walker(tokens, failed)
    try:
        stack: list[Walk] = [walker.program()]
        value = None
        while stack:
            try:
                called = stack[-1].send(value)
            except StopIteration as stop:
                stack.pop()
                value = stop.value
            else:
                stack.append(called)
                value = None
    except SyntaxMessage as message:
        return message
    except _GaveUp:
        pass
    if walker.later:
        return walker.later[0]
    if tokens.kinds[failed] == END:
        return SyntaxMessage("Unexpected end of code")
    return at(tokens.lines[failed], "Invalid expression")


class _Part:
    """One part of an expression: its sort, its token and, for brackets, the number of items in them."""

    __slots__ = ("sort", "token", "count")

    def __init__(self, sort: int, token: int, count: int = 0) -> None:
        self.sort = sort
        self.token = token
        self.count = count


class _Walker:
    """Reads tokens from `at`; `later` keeps messages of the code step, which give way to any of the syntax step."""

    def __init__(self, tokens: Tokens, failed: int) -> None:
        self.kinds = tokens.kinds
        self.lines = tokens.lines
        self.failed = failed
        self.at = 0
        self.later: list[SyntaxMessage] = []
        self.steps = 0

    @property
    def kind(self) -> str:
        return self.kinds[self.at]

    def error(self, text: str) -> SyntaxMessage:
        """A message about the token reached; the end of the code has the line -1 (chapter 02 section 9)."""
        return at(-1 if self.kind == END else self.lines[self.at], text)

    def error_at(self, token: int, text: str) -> SyntaxMessage:
        return at(self.lines[token], text)

    def expect(self, kind: str, text: str) -> None:
        if self.kind != kind:
            raise self.error(text)
        self.at += 1

    def expect_name(self, text: str) -> None:
        if self.kind not in _NAMES:
            raise self.error(text)
        self.at += 1

    def check_end(self) -> None:
        if self.kind == END:
            raise SyntaxMessage("Unexpected end of code")

    # --- statements -------------------------------------------------------------------------------------------------

    def program(self) -> Walk:
        while self.kind != END:
            yield self.statement()

    def statement(self) -> Walk:
        self.check_end()
        word = self.kind
        if word == "{":
            self.at += 1
            yield self.block()
        elif word in _STATEMENTS:
            self.at += 1
            walk = _STATEMENTS[word](self)
            if walk is not None:
                yield walk
        else:
            if word == "COMMAND":
                self.at += 1
            yield self.items(";", declaration=word != "COMMAND")
            self.at += 1

    def block(self) -> Walk:
        while self.kind != "}":
            yield self.statement()
        self.at += 1

    def if_statement(self) -> Walk:
        yield self.condition("if")
        yield self.statement()
        if self.kind == "else":
            self.at += 1
            yield self.statement()

    def else_statement(self) -> None:
        self.at -= 1
        raise self.error("Found 'else' without matching 'if'")

    def condition(self, word: str) -> Walk:
        self.expect("(", f"Expected '(' after '{word}'")
        yield self.expression(")")
        self.at += 1

    def while_statement(self) -> Walk:
        yield self.condition("while")
        yield self.statement()

    def do_statement(self) -> Walk:
        yield self.statement()
        self.expect("while", "Expected 'while' after statement in do/while")
        yield self.condition("while")

    def for_statement(self) -> Walk:
        if self.kind in _NAMES:
            self.at += 1
            self.expect(":", "Expected ':' after identifier in 'numeric for'")
            if self.kind == ".":
                self.at += 1
            opening = self.at
            self.expect("(", "Expected '(' after ':'/':.' in 'numeric for'")
            count = yield self.items(")")
            if not 1 <= count <= 3:
                raise self.error_at(opening, "Expected 1-3 values in 'numeric for'")
            self.at += 1
        else:
            self.expect("(", "Expected '(' or identifier after 'for'")
            for end in (";", ";", ")"):
                yield self.items(end, declaration=True)
                self.at += 1
        yield self.statement()

    def foreach_statement(self) -> Walk:
        self.expect("(", "Expected '(' after 'foreach'")
        self.expect_name("Expected identifier after '(' in 'foreach'")
        if self.kind == ",":
            self.at += 1
            if self.kind != ":":
                self.expect_name("Expected identifier or ':' after ',' in 'foreach'")
                if self.kind != ":":
                    raise self.error("Expected ':' after identifier #2 or ',' in 'foreach'")
        elif self.kind != ":":
            raise self.error("Expected ':' or ',' after identifier in 'foreach'")
        self.at += 1
        if self.kind == ")":
            raise self.error("Empty expression found")
        yield self.items(")")
        self.at += 1
        yield self.statement()

    def leave_statement(self) -> None:
        if self.kind == "INT":
            self.at += 1
        if self.kind != ";":
            raise SyntaxMessage("Unexpected end of code")
        self.at += 1

    def return_statement(self) -> Walk:
        yield self.items(";")
        self.at += 1

    def defer_statement(self) -> Walk:
        yield self.statement()

    def declaration_statement(self) -> Walk:
        yield self.variables(";")
        self.at += 1

    def function_statement(self) -> Walk:
        self.expect_name("Expected identifier after 'function'")
        if self.kind == ".":
            self.at += 1
            self.expect_name("Expected identifier after 'function', identifier and '.'")
        yield self.signature("Expected '(' after 'function' and its name")

    def class_statement(self) -> Walk:
        self.expect_name("Expected identifier after 'class'")
        if self.kind == ":":
            self.at += 1
            self.expect_name("Expected identifier after ':' in class")
        self.expect("{", "Expected '{' after (inherited) class name")
        while self.kind != "}":
            self.check_end()
            word = self.kind
            self.at += 1
            if word == "global":
                yield self.variables(";")
                self.at += 1
            elif word == "function":
                self.expect_name("Expected identifier after 'function'")
                yield self.signature("Expected '(' after 'function' and its name")
            else:
                self.at -= 1
                raise self.error("Unexpected token in class")
        self.at += 1

    def decltree_statement(self) -> Walk:
        heading = "Expected 'decltree <treename> : <classname> { ... }'"
        self.expect_name(heading)
        self.expect(":", heading)
        self.expect_name(heading)
        self.expect("{", heading)
        yield self.tree()

    def tree(self) -> Walk:
        while self.kind != "}":
            self.check_end()
            self.expect_name("expected key identifier in 'decltree'")
            if self.kind == "=":
                self.at += 1
                yield self.expression(";")
                self.at += 1
                continue
            if self.kind == "(":
                self.at += 1
                yield self.items(")")
                self.at += 1
                self.expect("{", "expected '{' after subnode argument list in 'decltree'")
            else:
                self.expect("{", "expected '=', '(' or '{' after key identifier in 'decltree'")
            yield self.tree()
        self.at += 1

    # --- functions and declarations ---------------------------------------------------------------------------------

    def signature(self, text: str) -> Walk:
        self.expect("(", text)
        yield self.variables(")")
        self.at += 1
        if self.kind == "use":
            self.at += 1
            self.expect("(", "Expected '(' after 'use' in 'function'")
            yield self.variables(")")
            self.at += 1
        if self.kind == "=":
            self.at += 1
            yield self.items(";")
            self.at += 1
        else:
            self.expect("{", "Expected '{', '=' or 'use'")
            yield self.block()

    def variables(self, end: str) -> Walk:
        """A list of names with optional values up to `end`, which stays."""
        count = 0
        while count or self.kind != end:
            self.check_end()
            count += 1
            if self.kind not in _NAMES:
                if self.kind in RESERVED:
                    raise self.error("Argument name cannot be a reserved keyword")
                raise self.error(f"Unexpected token while parsing argument {count}")
            self.at += 1
            if self.kind == "=":
                self.at += 1
                if self.kind in (",", end):
                    raise self.error("Expected initializing expression")
                yield self.expression(",", end)
            self.check_end()
            if self.kind == end:
                return
            self.expect(",", f"Expected ',' or '{end}'")

    # --- expressions ------------------------------------------------------------------------------------------------

    def items(self, end: str, declaration: bool = False, comma_last: bool = False) -> Walk:
        """A list of expressions up to `end`, which stays; gives their number."""
        self.check_end()
        if self.kind == end:
            return 0
        count = 0
        while True:
            if self.kind in ("var", "global"):
                if not declaration:
                    raise self.error("Invalid expression")
                self.at += 1
                yield self.variables(end)
            elif comma_last and count and self.kind == end:
                return count
            else:
                yield self.expression(",", end)
            count += 1
            if self.kind == end:
                return count
            self.at += 1

    def expression(self, *ends: str) -> Walk:
        """The tokens up to one of `ends`, which stays."""
        parts: list[_Part] = []
        while self.kind not in ends:
            self.check_end()
            yield self.part(parts)
        if not parts:
            raise self.error("Empty expression found")
        # what the grammar has read without complaint needs no second opinion
        if self.at >= self.failed:
            self.split(parts)

    def part(self, parts: list[_Part]) -> Walk:
        """Take one part of an expression, brackets with everything inside."""
        kind, token = self.kind, self.at
        last = parts[-1] if parts else None
        after_value = last is not None and last.sort != _OPERATOR and self.kinds[last.token] not in _COVERING
        if kind == BAD_CHARACTER:
            raise self.error("expected 1 character in character literal")
        if kind in _PUNCTUATION:
            raise self.error(f"Unexpected token '{kind}' found!")
        self.at += 1
        if kind in "([":
            count = yield self.items(")" if kind == "(" else "]", comma_last=not after_value)
            self.at += 1
            sort = (_CALL if kind == "(" else _ACCESS) if after_value else _VALUE
            parts.append(_Part(sort, token, count))
        elif kind == "{":
            yield self.entries()
            after_empty_access = last is not None and last.sort == _ACCESS and last.count == 0
            after_dot = last is not None and self.kinds[last.token] == "."
            parts.append(_Part(_ENTRIES if after_empty_access or after_dot else _VALUE, token))
        elif kind == "map":
            if self.kind == "{":
                self.at += 1
                yield self.entries()
            parts.append(_Part(_VALUE, token))
        elif kind == "function":
            if self.kind in _NAMES:
                self.at += 1
                yield self.signature("Expected '(' after 'function' and its name")
            else:
                yield self.signature("Expected '(' after 'function'")
            parts.append(_Part(_VALUE, token))
        elif kind in _NAMES or kind in RESERVED or kind in ("INT", "CONST", "STRING"):
            parts.append(_Part(_VALUE, token))
        else:
            parts.append(_Part(_OPERATOR, token))

    def entries(self) -> Walk:
        """The entries of a dictionary and its closing brace."""
        while True:
            self.check_end()
            kind = self.kind
            if kind == "}":
                break
            self.at += 1
            if kind in _NAMES or kind in RESERVED:
                self.check_end()
                if self.kind not in ("=", ",", "}"):
                    raise self.error("Expected '=', ',' or '}' after dictionary key")
                has_value = self.kind == "="
            elif kind == "STRING" or kind == "[":
                if kind == "[":
                    yield self.expression("]")
                    self.at += 1
                self.check_end()
                if self.kind != "=":
                    raise self.error("Expected '=' in dictionary expression / missing closing bracket before '{'")
                has_value = True
            else:
                self.at -= 1
                if kind == BAD_CHARACTER:
                    raise self.error("expected 1 character in character literal")
                raise self.error("expected key identifier, string or '[' in dictionary expression")
            if has_value:
                self.at += 1
                yield self.expression(",", "}")
            if self.kind == ",":
                self.at += 1
        self.at += 1

    # --- splitting --------------------------------------------------------------------------------------------------

    def split(self, parts: list[_Part]) -> None:
        """Find what is wrong with the order of the parts of one expression."""
        waiting = [parts]
        covering: list[tuple[_Part, list[_Part]]] = []
        while waiting:
            parts = waiting.pop()
            self.steps += len(parts)
            if self.steps > _STEPS:
                raise _GaveUp
            word = self.kinds[parts[0].token]
            if parts[0].sort == _VALUE and word in _COVERING:
                if len(parts) > 1:
                    # what follows is split first, its shape is judged afterwards
                    covering.append((parts[0], parts[1:]))
                    waiting.append(parts[1:])
                    continue
                raise self.not_a_call(parts[0])
            place = self.loosest(parts)
            if place is not None:
                waiting.append(parts[place + 1 :])
                waiting.append(parts[:place])
                continue
            if parts[0].sort == _OPERATOR:
                if len(parts) == 1 or word not in _PREFIX:
                    raise self.error_at(parts[0].token, "Invalid expression")
                waiting.append(parts[1:])
                continue
            if self.kinds[parts[-1].token] in ("++", "--"):
                waiting.append(parts[:-1])
                continue
            self.chain(parts)
        for part, rest in reversed(covering):
            self.check_covering(part, rest)

    def loosest(self, parts: list[_Part]) -> int | None:
        """The place of the loosest binary operator; the last of equal ones, the first of assignments."""
        found, level = None, 0
        after_value = False
        for place, part in enumerate(parts):
            kind = self.kinds[part.token]
            if part.sort != _OPERATOR:
                after_value = True
                continue
            if not after_value or kind in ("!", "."):
                # a member after `.` is a value again
                after_value = False
                continue
            last = place + 1 == len(parts)
            if kind in ("++", "--") and (last or parts[place + 1].sort == _OPERATOR):
                continue
            if last or kind in ("?", "@", "++", "--"):
                raise self.error_at(part.token, "Invalid expression")
            if kind == "~":
                self.later.append(self.error_at(part.token, "Invalid expression"))
            after_value = False
            weight = _LEVELS[kind]
            if weight > level or (weight == level and weight != 12):
                found, level = place, weight
        return found

    def chain(self, parts: list[_Part]) -> None:
        """A value with members, indices and calls behind it."""
        place = 1
        compatible = False
        while place < len(parts):
            part = parts[place]
            kind = self.kinds[part.token]
            following = parts[place + 1] if place + 1 < len(parts) else None
            if part.sort == _VALUE:
                raise self.error_at(part.token, "Missing operators or separators")
            if part.sort == _ACCESS and part.count != 1:
                if part.count or following is None or following.sort != _ENTRIES:
                    raise self.error_at(part.token, "Invalid number of arguments in an array accessor")
                place += 1
            elif part.sort == _OPERATOR:
                if following is None or following.sort == _OPERATOR:
                    raise self.error_at(part.token, "Invalid expression")
                word = self.kinds[following.token]
                if kind == "!":
                    compatible = True
                    if word not in _NAMES or not self.is_compatible(parts[place + 1 :]):
                        self.later.append(self.error_at(part.token, "Invalid expression"))
                elif word in _COVERING:
                    raise self.error_at(part.token, "Invalid expression")
                elif word in RESERVED and word not in ("null", "true", "false", "this"):
                    self.later.append(self.error_at(following.token, "Cannot read from specified keyword"))
                elif compatible and self.kinds[parts[place - 1].token] in "([":
                    self.later.append(self.error_at(part.token, "Invalid expression"))
                place += 1
            place += 1
        word = self.kinds[parts[0].token]
        if len(parts) == 1 and word in RESERVED and word not in ("null", "true", "false", "this", "function"):
            self.later.append(self.error_at(parts[0].token, "Cannot read from specified keyword"))

    def is_compatible(self, parts: list[_Part]) -> bool:
        """Whether `parts`, behind a `!`, are a name or dotted path and a call."""
        for part in parts:
            kind = self.kinds[part.token]
            if part.sort == _CALL:
                return True
            if kind not in _NAMES and kind != ".":
                return False
        return False

    def check_covering(self, part: _Part, rest: list[_Part]) -> None:
        """`new` and `thread` want all of `rest` to be a call; `new` one of something else than a member."""
        if rest[0].sort == _OPERATOR or rest[-1].sort != _CALL or self.kinds[rest[0].token] in _COVERING:
            raise self.not_a_call(part)
        if any(item.sort == _OPERATOR and self.kinds[item.token] not in (".", "!") for item in rest):
            raise self.not_a_call(part)
        if self.kinds[part.token] == "new":
            before = [self.kinds[item.token] for item in rest[-3:-1]]
            if "!" in (self.kinds[item.token] for item in rest) or before[:1] == ["."]:
                raise self.not_a_call(part)

    def not_a_call(self, part: _Part) -> SyntaxMessage:
        word = self.kinds[part.token]
        return self.error_at(part.token, f"expected {'plain ' if word == 'new' else ''}function call after '{word}'")


_STATEMENTS: dict[str, Callable[[_Walker], Walk | None]] = {
    "if": _Walker.if_statement,
    "else": _Walker.else_statement,
    "while": _Walker.while_statement,
    "do": _Walker.do_statement,
    "for": _Walker.for_statement,
    "foreach": _Walker.foreach_statement,
    "break": _Walker.leave_statement,
    "continue": _Walker.leave_statement,
    "return": _Walker.return_statement,
    "defer": _Walker.defer_statement,
    "var": _Walker.declaration_statement,
    "global": _Walker.declaration_statement,
    "function": _Walker.function_statement,
    "class": _Walker.class_statement,
    "decltree": _Walker.decltree_statement,
}
