"""Messages for people: the source line with a caret, a hint, and a readable trace.

Rules of this file: it is imported when the first message is shown, never on the way to a script; whatever is missing or
has changed - the source, the object, the file - only makes the text shorter: rendering never fails and runs no script
code. The form:

    Error: Division by 0
     --> rules.sgs:3:12, in average
    3 |     return sum / count;
      |                ^
      hint: ...
    called from:
      rules.sgs:9:1, in <main>    average( [] );

The message comes first, then the place (FILE:LINE:COLUMN; columns count bytes from 1, as in `sgs check`), then the
calls that led there, from the inside to the outside.
"""

from __future__ import annotations

import os
import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .errors import ScriptError, ScriptInterrupted, ScriptSyntaxError
from .message import Message
from .runtime.messages import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .places import Text

WIDTH = 100
TAB = 4
_MOST_CALLS = 12  # of a trace, the outermost three among them
_MOST_REPEATED = 1000
_COLORS = {"error": "1;31", "warning": "1;33", "info": "1;36", "place": "36", "hint": "32", "dim": "2"}
_COLORED = re.compile("\x1b\\[[0-9;]*m")
_LEFT_OUT = "…"
# Messages of the compiler whose fault may be at the end of the line before.
_FAULT_BEFORE = ("Missing operators", "Found 'else'", "Expected ',' or", "Unexpected token")
# Two tokens here, one operator elsewhere: underlined together.
_FOREIGN_OPERATORS = frozenset(("**", "~=", "<>", "=>", "->", "::", ":=", "?."))


class Paint:
    """Puts colour on words, or leaves them as they are."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, kind: str, text: str) -> str:
        return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if self.color and text else text


def render(message: Message | ScriptError | ScriptSyntaxError, *, color: bool = False, width: int = WIDTH) -> str:
    """A message, or the exception that ended a script, in the form for people; several lines without a last newline.

    color   with ANSI colours
    width   columns that a line of source may take; it is cut around the place

    Inside an `on_message` handler hints know the engine's globals and the object a property was missing on; afterwards
    the message is the same without them. Never raises.
    """
    return _rendered(message, Paint(color), width, [])


def handler(write: Callable[[bytes], Any], *, color: bool = False, width: int = WIDTH) -> Callable[[Message], None]:
    """An `on_message` for an engine whose messages go to a person: `write` gets each as bytes.

    A message that was shown before at the same place, with the same calls, takes one line, and a place is not shown
    again for the very next message.
    """
    shown: set[tuple[Any, ...]] = set()
    paint = Paint(color)
    before: list[str] = []

    def handle(message: Message) -> None:
        offsets = tuple([getattr(line, "offset", 0) for _, _, line in message.trace[-1:]])
        key = (message.number, message.text, tuple(message.trace), offsets, message.source)
        if key in shown and message.trace and message.level != "error":
            function, file, line = message.trace[-1]
            where = clean(file if line is None else f"{file}:{line}")
            text = f"{_head(message.level, _words(message), paint)} {paint('dim', f'(again, {where}, in {function})')}"
        else:
            if len(shown) < _MOST_REPEATED:
                shown.add(key)
            text = _rendered(message, paint, width, before)
        write(text.encode("utf-8", "replace") + b"\n")

    return handle


def _rendered(message: Any, paint: Paint, width: int, before: list[str]) -> str:
    """A message's text. `before` has the rows about the place of the message before: the same ones are not repeated."""
    try:
        head, place, hint, calls = _Rendering(message, paint, max(width, 20)).parts()
    except Exception:  # a message must not get lost, whatever it is that we did not think of
        return clean(str(message), "\n\t")
    here = [_COLORED.sub("", row) for row in (*place, *calls)]
    if here and here == before:
        return "\n".join([f"{head} {paint('dim', '(at the same place)')}", *hint])
    before[:] = here
    return "\n".join([head, *place, *hint, *calls])


def wants_color(stream: Any) -> bool:
    """Whether a stream is a terminal on which nobody has forbidden colour (`NO_COLOR`, `TERM=dumb`)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width(stream: Any) -> int:
    """Columns of the terminal behind a stream; `WIDTH` where there is none."""
    try:
        return max(os.get_terminal_size(stream.fileno()).columns - 8, 40)
    except (OSError, ValueError, AttributeError):
        return WIDTH


# --- putting it together ----------------------------------------------------------------------------------------------


class Spot(NamedTuple):
    """A place in a text: the token at work when it is known, and what is to be underlined, in bytes of the source."""

    text: Text
    line: int
    token: int | None
    start: int
    end: int
    exact: bool


class _Rendering:
    """One message being rendered."""

    def __init__(self, message: Any, paint: Paint, width: int) -> None:
        self.message = message
        self.paint = paint
        self.width = width
        self.level = message.level if isinstance(message, Message) else "error"
        self.trace: list[tuple[str, str, Any]] = list(getattr(message, "trace", ()))
        self.words = _words(message)
        self._find_evaluated()

    def _find_evaluated(self) -> None:
        """Notes which texts were given to `eval`: they have the name of the file that does it, but not its lines."""
        from .places import locate

        for outer, inner in pairwise(self.trace):
            if outer[0] == "eval" and outer[2] is None and inner[0] == "<main>" and isinstance(inner[2], Place):
                found = locate(inner[2])
                if found is not None:
                    found[0].evaluated = True

    def parts(self) -> tuple[str, list[str], list[str], list[str]]:
        """The message, and the rows about the place, the hint and the calls."""
        rows: list[str] = []
        words = self.words
        calls = self.trace[::-1]
        source = getattr(self.message, "source", None)
        hint = None
        if source is not None:
            before, line, words = split_prefix(words)
            spot, said, hint = explain_refusal(source, words if line is None else f"[line {line}] {words}")
            name = "<eval>" if before == "eval(): " else self.message.file
            rows += self._snippet(spot, name, "", line, words.startswith(_FAULT_BEFORE))
            words = before + said
        elif calls:
            natives = []
            while calls and calls[0][2] is None:
                natives.append(calls.pop(0)[0])
            if calls:
                rows, hint = self._innermost(calls, natives)
                calls = calls[1:]
        if isinstance(self.message, ScriptInterrupted):
            return self.paint("warning", words), rows, [], self._calls(calls)
        hints = [self.paint("hint", f"  hint: {hint}")] if hint else []
        return _head(self.level, words, self.paint), rows, hints, self._calls(calls)

    def _innermost(self, calls: list[tuple[str, str, Any]], natives: list[str]) -> tuple[list[str], str | None]:
        """The rows about the place where a running script is, and the hint."""
        from .hints import run_hint

        function, file, line = calls[0]
        spot = _run_spot(line, self.words)
        inside = f", in {function}" + "".join(f", inside {name}()" for name in natives)
        if spot is not None and spot.text.evaluated:
            file = "<eval>"
        rows = self._snippet(spot, file, inside, int(line))
        hint = run_hint(self.message, self.words, spot, line.code if isinstance(line, Place) else None)
        return rows, hint

    def _snippet(
        self, spot: Spot | None, file: str | None, inside: str, line: int | None, context: bool = False
    ) -> list[str]:
        """The place and its source line; with `context` also the one before where the fault may be at its end."""
        if spot is None:
            where = f"{file}:{line}" if line is not None and line > 0 else str(file)
            return [self.paint("place", f" --> {clean(where)}{clean(inside)}")]
        column = f":{spot.text.place(spot.start)[1]}" if spot.exact else ""
        rows = []
        if not (file or "").startswith("<input ") or inside not in ("", ", in <main>"):
            rows.append(self.paint("place", f" --> {clean(f'{file}:{spot.line}{column}{inside}')}"))
        margin = len(str(spot.line))
        for number in _context(spot) if context else [spot.line]:
            shown, caret = excerpt(spot, number, self.width)
            rows.append(self.paint("dim", f"{number:>{margin}} |") + (f" {shown}" if shown else ""))
            if number == spot.line and caret:
                rows.append(self.paint("dim", f"{'':>{margin}} |") + f" {self._caret(caret)}")
        return rows

    def _caret(self, caret: str) -> str:
        marks = caret.lstrip(" ")
        return caret[: len(caret) - len(marks)] + self.paint(self.level, marks)

    def _calls(self, calls: list[tuple[str, str, Any]]) -> list[str]:
        """The callers, each on a line."""
        from .places import locate

        entries: list[tuple[str, str]] = []
        counts: list[int] = []
        left_out = 0
        if len(calls) > 4 * _MOST_CALLS:
            # deep recursion: only the ends matter
            left_out = len(calls) - 4 * _MOST_CALLS
            calls = calls[: 3 * _MOST_CALLS] + calls[-_MOST_CALLS:]
        cut_at = None
        for at, (function, file, line) in enumerate(calls):
            if line is None:
                entry = (f"{function}()", "")
            else:
                found = locate(line) if isinstance(line, Place) else None
                place, source = f"{file}:{int(line)}", ""
                if found is not None:
                    text, token = found
                    if text.evaluated:
                        place = f"<eval>:{int(line)}"
                    if token is not None:
                        place += f":{text.place(_underlined(text, token)[0])[1]}"
                    source = (text.line(int(line)) or b"").decode("utf-8", "replace")
                entry = (f"{place}, in {function}", source.strip())
            if entries and entries[-1] == entry:
                counts[-1] += 1
            else:
                entries.append(entry)
                counts.append(1)
            if left_out and at + 1 == 3 * _MOST_CALLS:
                cut_at = len(entries) - 1
        if cut_at is not None:
            counts[cut_at] += left_out
        if not entries:
            return []
        rows = [
            (clean(place), clean(source), f"(and {count - 1} more like it)" if count > 1 else "")
            for (place, source), count in zip(entries, counts, strict=True)
        ]
        if len(rows) > _MOST_CALLS:
            hidden = sum(counts[_MOST_CALLS - 3 : -3])
            rows = [*rows[: _MOST_CALLS - 3], (f"{_LEFT_OUT} {hidden} more calls", "", ""), *rows[-3:]]
        size = min(max(len(place) for place, _, _ in rows), 40)
        lines = [self.paint("dim", "called from:")]
        for place, source, more in rows:
            room = max(self.width - max(size, len(place)) - (len(more) + 2 if more else 0), 20)
            shown = source if len(source) <= room else source[: room - 1] + _LEFT_OUT
            pieces = [self.paint("place", f"  {place}") + " " * (size - len(place) if shown or more else 0)]
            pieces += [piece for piece in (shown, self.paint("dim", more)) if piece]
            lines.append("  ".join(pieces))
        return lines


def _head(level: str, words: str, paint: Paint) -> str:
    return f"{paint(level, level.capitalize() + ':')} {words}"


def _words(message: Any) -> str:
    text = getattr(message, "text", str(message))
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if isinstance(message, ScriptSyntaxError) and message.line is not None:
        text = f"[line {message.line}] {text}"
    return clean(text.rstrip("\n"), "\n\t")


def split_prefix(words: str) -> tuple[str, int | None, str]:
    """A compiler's message as what a native put before it, the line, and the rest."""
    before, bracket, rest = words.partition("[line ")
    number, close, said = rest.partition("]")
    if bracket and close and number.lstrip("-").isdigit():
        return before, int(number), said.removeprefix(",").strip(" ")
    cut = words.rfind("(): ") + 4
    return (words[:cut], None, words[cut:]) if cut > 3 else ("", None, words)


def clean(text: str, keep: str = "\t") -> str:
    """A text that cannot do anything to a terminal: control characters are shown as their numbers."""
    return "".join(
        char if char in keep or not (char < " " or "\x7f" <= char <= "\x9f") else f"\\x{ord(char):02x}"
        for char in text.encode("utf-8", "replace").decode()
    )


# --- finding the place ------------------------------------------------------------------------------------------------


def explain_refusal(source: bytes, text: str) -> tuple[Spot, str, str | None]:
    """The place, the words and the hint of a compiler's message, `[line N] ` included, about a text."""
    from .syntax_hints import MISSING_END, compile_hint

    _, line, said = split_prefix(text)
    spot = _refused_spot(source, line, said)
    if spot.token is None:
        return spot, said, None
    hint = compile_hint(spot.text, spot.token, said)
    if hint == MISSING_END:
        hint = _checked_end(source)
    if said.startswith("unexpected symbol"):
        said = f"unexpected symbol: {spot.text.word(spot.token)}"  # the whole character
    return spot, said, hint


def _refused_spot(source: bytes, line: int | None, said: str) -> Spot:
    """The place of a message about a text that does not compile."""
    from .places import Text, refused_token

    text = Text(source)
    token = refused_token(text, line, said)
    if token is None:
        return _whole_line(text, line if line is not None and line > 0 else 1)
    start, end = text.spans[token]
    if said.startswith("Cannot write"):
        start, end = _underlined(text, token)
    if text.adjacent(token - 1) and text.word(token - 1) + text.word(token) in _FOREIGN_OPERATORS:
        start = text.spans[token - 1][0]
    elif text.adjacent(token) and text.word(token) + text.word(token + 1) in _FOREIGN_OPERATORS:
        end = text.spans[token + 1][1]
    if start >= len(source.rstrip()):
        # the end: behind the last thing that is there
        start = text.spans[token - 1][1] if token else 0
        end = start
        if token and text.source[start - 1 : start] in (b"\n", b"\r"):
            start = end = start - 1
    return Spot(text, text.place(start)[0], token, start, end, True)


def _checked_end(source: bytes) -> str | None:
    """The hint that a `;` is missing at the end, unless that is not all: then the hint for what is wrong besides."""
    from .places import Text, first_message, refused_token
    from .syntax_hints import MISSING_END, compile_hint

    text = Text(source + b"\n;")
    found = first_message(text)
    if found is None:
        return MISSING_END
    token = refused_token(text, *found)
    return compile_hint(text, token, found[1]) if token is not None else None


def _run_spot(line: Any, words: str) -> Spot | None:
    """The place in running code, None when its text is not to be had."""
    if not isinstance(line, Place):
        return None
    from .places import locate

    found = locate(line)
    if found is None:
        return None
    text, token = found
    if token is None:
        return _whole_line(text, int(line))
    start, end = _underlined(text, token, words)
    return Spot(text, text.place(start)[0], token, start, end, True)


def _whole_line(text: Text, line: int) -> Spot:
    row = text.line(line) or b""
    first = text.starts[min(line, len(text.starts)) - 1]
    start = first + len(row) - len(row.lstrip())
    return Spot(text, line, None, start, max(start, first + len(row.rstrip())), False)


def _underlined(text: Text, token: int, words: str = "") -> tuple[int, int]:
    """What to underline for the token at work: of a call what is called, of a member its name."""
    kind = text.kind(token)
    start, end = text.spans[token]
    if kind == "(":
        argument = _argument(text, token, words)
        if argument is not None:
            return argument
        if text.kind(token - 1) in ("NAME", "map", "COMMAND", "class", "function"):
            return text.spans[token - 1]
    elif kind == "." and text.line_of(token + 1) == text.line_of(token):
        return text.spans[token + 1]
    elif kind == "[":
        close = text.closing(token)
        if close is not None and text.line_of(close) == text.line_of(token):
            return start, text.spans[close][1]
    return start, end


def _argument(text: Text, opening: int, words: str) -> tuple[int, int] | None:
    """The argument that a native complains about, when it stands in this call."""
    name, found, rest = words.partition("(): argument ")
    number = rest.partition(" ")[0]
    if not found or not number.isdigit() or rest.endswith(", got nothing"):
        return None
    if text.word(opening - 1) != name.rpartition(".")[2]:
        return None
    close = text.closing(opening)
    if close is None:
        return None
    depth, first, count = 0, opening + 1, 1
    for token in range(opening + 1, close + 1):
        kind = text.kind(token)
        if token == close or (kind == "," and not depth):
            if count == int(number) and token > first and text.line_of(first) == text.line_of(opening):
                return text.spans[first][0], text.spans[token - 1][1]
            count, first = count + 1, token + 1
        depth += (kind in ("(", "[", "{")) - (kind in (")", "]", "}"))
    return None


def _context(spot: Spot) -> list[int]:
    """The lines to show: the one, and the one before when the fault is likely at its end."""
    token = spot.token
    if token and spot.text.line_of(token) == spot.line and spot.start == spot.text.spans[token][0]:
        first_of_line = spot.text.line_of(token - 1) < spot.line
        if first_of_line and spot.text.kind(token) != "" and spot.text.line_of(token - 1) == spot.line - 1:
            return [spot.line - 1, spot.line]
    return [spot.line]


# --- a line of source -------------------------------------------------------------------------------------------------


def excerpt(spot: Spot, number: int, width: int) -> tuple[str, str]:
    """A line of the source as a terminal can show it, cut around the place, and the marks to put below."""
    text = spot.text
    row = text.line(number) or b""
    first = text.starts[number - 1] if number <= len(text.starts) else 0
    start, end = spot.start - first, min(spot.end - first, len(row))
    cells: list[tuple[str, int]] = []
    column, marks_from, marks_to = 0, 0, 0
    at = 0
    for char in row.decode("utf-8", "surrogateescape"):
        if at <= start:
            marks_from = column
        size = 1 if "\udc80" <= char <= "\udcff" else len(char.encode("utf-8", "surrogatepass"))
        shown, wide = _cell(char, column)
        cells.append((shown, wide))
        column += wide
        at += size
        if at <= end:
            marks_to = column
    if at <= start:
        marks_from = column
    marks_to = max(marks_to, marks_from + 1)
    if number != spot.line:
        marks_from, marks_to = 0, 0
    return _cut(cells, column, marks_from, marks_to, width)


def _cell(char: str, column: int) -> tuple[str, int]:
    """A character as it is shown, and the columns it takes."""
    if char == "\t":
        size = TAB - column % TAB
        return " " * size, size
    if " " <= char < "\x7f":
        return char, 1
    kind = unicodedata.category(char)
    if kind in ("Cc", "Cs", "Co", "Cn") or kind in ("Zl", "Zp") or "\u202a" <= char <= "\u2069" or char == "\ufeff":
        return "\ufffd", 1
    if kind in ("Mn", "Me", "Cf"):
        return char, 0
    return char, 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(cells: list[tuple[str, int]], total: int, start: int, end: int, width: int) -> tuple[str, str]:
    """At most `width` columns of a line, and the marks for the columns from `start` to `end`."""
    low, high = 0, total
    if total > width:
        low = max(0, min(start - width // 3, total - width))
        high = low + width
    shown, column, shift = "", 0, None
    for piece, size in cells:
        if column >= low and column + size <= high:
            if shift is None:
                shift = column
            shown += piece
        column += size
    shift = shift or 0
    if low > 0:
        shown = _LEFT_OUT + shown
        shift -= 1
    if high < total:
        shown += _LEFT_OUT
    marks = "^" * (max(min(end, high), start + 1) - start)
    return shown.rstrip(), (" " * (start - shift) + marks) if end else ""


__all__ = ["Spot", "handler", "render", "terminal_width", "wants_color"]
