"""Tokens: one regular expression and the odd rules of chapter 01 sections 1, 2 and 3.1.

A token is an entry in four parallel lists (kind, value, line, start), as a list of objects costs more than all the
rest of this file. A kind is the text of a reserved word, operator or bracket, or one of the names that the grammar
declares.
"""

from __future__ import annotations

import re

from ..pace import look
from .messages import SyntaxMessage, at
from .nodes import Pointer

RESERVED = frozenset(
    "var global thread subthread sync race null true false if else do while for foreach break continue function use "
    "return this new defer decltree".split()
)
COMMANDS = frozenset(("print", "println", "yield", "include"))
END = "$END"
BAD_CHARACTER = "BAD_CHARACTER"

_OPERATORS = (
    "<<= >>= <=> === !== ..= ??= &&= ||= == != <= >= << >> ++ -- += -= *= /= %= && &= || |= ^= $= .. ?? "
    "= < > + - * / % & | ^ ~ ! $ . ? @ ( ) [ ] { } , ; : # \\"
).split()

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
      (?P<name>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<skip>//[^\r\n]*+|/(?=\*)[\s\S]*?\*/)
    | (?P<open>/\*)
    | (?P<op>"""
    + "|".join(map(re.escape, _OPERATORS))
    + r""")
    | (?P<number>(?:0x[0-9a-fA-F]*+|0o[0-7]*+|0b[01]*+)(?:p|f?+\.?+)
                |[0-9]++(?:p|(?:\.[0-9]*+)?+(?:[eE][+-]?+[0-9]*+)?+f?+\.?+))
    | (?P<raw>(?P<quotes>\"{3}|'{3})[\s\S]*?(?P=quotes))
    | (?P<text>(?!\"{3}|'{3})(?:\"(?:[^"\\]++|\\[\s\S])*+\"|'(?:[^'\\]++|\\[\s\S])*+'))
    | (?P<unclosed>["'])
    | (?P<end>\Z)
    | (?P<bad>[\s\S])
    )""",
    re.VERBOSE,
)
_LINE_END = re.compile(r"\r\n?|\n")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))")
_BASES = {"x": 16, "o": 8, "b": 2}
_MASK = 0xFFFFFFFFFFFFFFFF
_LETTERS = {b"a": b"\7", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class Tokens:
    """A script's tokens, closed by END.

    `kinds`; `values`: str for names, the value for literals, else None; `lines`; `starts`: positions in the source.
    """

    __slots__ = ("kinds", "values", "lines", "starts")

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.values: list[object] = []
        self.lines: list[int] = []
        self.starts: list[int] = []


def tokenize(source: bytes, nesting: int = 200) -> Tokens:
    """Split `source` into tokens.

    Raises SyntaxMessage for the faults of the token step (chapter 01 section 14), and where more than `nesting`
    brackets are open at once (chapter 00, B9).
    """
    text = source.decode("latin-1")
    ends = [match.end() for match in _LINE_END.finditer(text)]
    ends.append(len(text) + 2)
    tokens = Tokens()
    kinds, values, lines, starts = tokens.kinds, tokens.values, tokens.lines, tokens.starts
    line, next_line, depth = 1, ends[0], 0
    reserved, commands = RESERVED, COMMANDS
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if not len(kinds) & 1023:
            look()
        start = match.start(group)  # type: ignore[arg-type]
        while start >= next_line:
            next_line = ends[line]
            line += 1
        if group == "op":
            kind = match[group]
            if kind == "(":
                # a command or class word directly before a bracket is an ordinary name (02 sections 2.6 and 7)
                if kinds and kinds[-1] in ("COMMAND", "class"):
                    kinds[-1] = "NAME"
            elif kind == "{" and kinds and kinds[-1] == "NAME" and values[-1] == "map":
                kinds[-1] = "map"
            if kind in "([{":
                depth += 1
                if depth > nesting:
                    raise at(line, "nesting too deep")
            elif kind in ")]}":
                depth -= 1
            kinds.append(kind)
            values.append(None)
        elif group == "name":
            name = match[group]
            if name in reserved:
                kinds.append(name)
            elif name in commands:
                kinds.append("COMMAND")
            elif name == "class":
                kinds.append(name)
            elif name == "c" and kinds and kinds[-1] == "STRING":
                literal = values[-1]
                assert isinstance(literal, bytes)
                if len(literal) == 1:
                    kinds[-1], values[-1] = "CONST", literal[0]
                else:
                    kinds[-1] = BAD_CHARACTER
                continue
            else:
                kinds.append("NAME")
            values.append(name)
        elif group == "skip":
            continue
        elif group == "number":
            kind, value = _number(match[group])
            kinds.append(kind)
            values.append(value)
        elif group == "text":
            kinds.append("STRING")
            values.append(_unescape(text[start + 1 : match.end() - 1].encode("latin-1")))
        elif group == "raw":
            kinds.append("STRING")
            values.append(text[start + 3 : match.end() - 3].encode("latin-1"))
        elif group == "end":
            break
        elif group == "unclosed":
            raise at(line, "end of string not found")
        elif group == "open":
            raise at(line, "Comment has no end")
        else:
            raise SyntaxMessage(f"[line {line}], unexpected symbol: {match[group]}")  # type: ignore[index]
        lines.append(line)
        starts.append(start)
    kinds.append(END)
    values.append(None)
    lines.append(line)
    starts.append(len(text))
    return tokens


def spans(source: bytes) -> list[tuple[int, int]]:
    """Where the tokens of a text begin and end, in bytes: one entry for each that `tokenize` makes, END included.

    For a text that `tokenize` refuses the last entry is what it stumbles on. Brackets are not counted here.
    """
    text = source.decode("latin-1")
    found: list[tuple[int, int]] = []
    after_string = False
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if group == "skip":
            continue
        start, end = match.span(group)  # type: ignore[arg-type]
        if group == "name" and after_string and text[start:end] == "c":
            found[-1] = (found[-1][0], end)
            after_string = False
            continue
        if group == "bad":
            while end < len(text) and "\x80" <= text[end] <= "\xbf" and text[start] >= "\xc0":
                end += 1  # the rest of one character in UTF-8
        found.append((start, end))
        if group in ("end", "unclosed", "open", "bad"):
            break
        after_string = group in ("text", "raw")
    return found


def _number(text: str) -> tuple[str, object]:
    """The kind and value of a number (chapter 01 section 2.1)."""
    if text[-1] == "p":
        return "CONST", Pointer(_whole(text[:-1]) & _MASK)
    if text[1:2] in _BASES:
        digits = text.removesuffix(".")
        if text[1] != "x":
            digits = digits.removesuffix("f")
        value = _signed(_whole(digits))
        return ("INT", value) if digits == text else ("CONST", float(value))
    if text.isdigit():
        return "INT", _signed(_whole(text))
    # `5..`: the second dot is swallowed; `1e+`: an exponent without digits adds nothing
    text = text.removesuffix(".").removesuffix("f")
    return "CONST", float(text.rstrip("eE+-"))


def _whole(text: str) -> int:
    """The value of an int form, not yet reduced to 64 bits."""
    base = _BASES.get(text[1:2])
    if base:
        return int(text[2:] or "0", base)
    # 2^64 divides 10^64, so the digits before the last 64 cannot matter
    return int(text[-64:])


def _signed(value: int) -> int:
    """`value` modulo 2^64 as a signed number."""
    value &= _MASK
    return value - 0x10000000000000000 if value >= 0x8000000000000000 else value


def _unescape(body: bytes) -> bytes:
    """The bytes that the inside of a quoted string stands for (chapter 01 section 2.2)."""
    if b"\\" not in body:
        return body
    return _ESCAPE.sub(_escape, body)


def _escape(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes((int(match[1], 16),))
    if match[2]:
        return bytes((int(match[2], 8) & 255,))
    return _LETTERS.get(match[3], match[3])
