"""What the writer of a text that does not compile most likely wanted: hints of one line.

Rules of this file: a hint is only given where the tokens around the place show that it is apt - a wrong hint is worse
than none. One function for each message of the compiler; `_RULES` says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .syntax.lexer import END

if TYPE_CHECKING:
    from collections.abc import Callable

    from .places import Text

MISSING_END = "a `;` is missing at the end"
_TYPE_WORDS = frozenset(
    "int float double char string bool boolean long short unsigned void auto number real byte any object".split()
)
_DECLARING_WORDS = frozenset(("let", "const", "local", "my", "static", "final", "val", "dim"))
_ACCESS_WORDS = frozenset(("public", "private", "protected", "export", "async", "static", "extern", "inline"))
_FUNCTION_WORDS = frozenset(("def", "fn", "func", "fun", "sub", "proc", "lambda", "void"))
_END_WORDS = frozenset(("end", "endif", "endwhile", "fi", "done"))
_ELSE_IF = frozenset(("elif", "elseif", "elsif"))
# What a statement that only lacks its `;` may end with, and what begins those that need none.
_ENDING = frozenset(
    ("NAME", "INT", "CONST", "STRING", ")", "]", "true", "false", "null", "this", "break", "continue", "return", "++",
     "--")
)  # fmt: skip
_BLOCK_STATEMENTS = frozenset(("function", "class", "if", "else", "while", "for", "foreach", "do", "decltree", "defer"))
_QUOTES = {"‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "＂": '"', "＇": "'"}
_OTHER_OPERATORS = {
    "and": "`and` is written `&&`",
    "or": "`or` is written `||`",
    "mod": "the remainder is `%`",
    "div": "there is no integer division: `toint( a / b )` cuts the fraction off",
    "eq": "texts are compared with `==`",
    "ne": "texts are compared with `!=`",
}
# Words that begin a statement elsewhere.
_STATEMENTS = {
    "delete": "`unset( object, key )` removes an entry",
    "del": "`unset( object, key )` removes an entry",
    "throw": "`ERROR( text )` raises an error; `pcall` stops one",
    "raise": "`ERROR( text )` raises an error; `pcall` stops one",
    "import": '`include "name";` loads a library or a file',
    "from": '`include "name";` loads a library or a file',
    "require": '`include "name";` loads a library or a file',
    "using": '`include "name";` loads a library or a file',
    "goto": "there is no `goto`; `break 2;` leaves two loops at once",
    "await": "there is no `await`: a call in a thread just waits; `thread f();` starts one",
    "echo": "`println` writes a line",
    "puts": "`println` writes a line",
    "enum": "there is no `enum`; `global A = 0, B = 1;` makes two names",
    "typeof": "`typeof( value )` is a call",
    "repeat": "a loop with its test at the end is `do … while( condition )`",
}
# Words that stand before a block elsewhere.
_BLOCKS = {
    **dict.fromkeys(_ELSE_IF, "write `else if( … )`"),
    **dict.fromkeys(_FUNCTION_WORDS, "a function is written `function name( a, b ){ … }`"),
    "switch": "there is no `switch`: write `if( … ) … else if( … ) …`",
    "match": "there is no `match`: write `if( … ) … else if( … ) …`",
    "unless": "write `if( !( … ) )`",
    "until": "write `while( !( … ) )`",
    "try": "`pcall( function(){ … }, handler )` runs code and gives its messages to a handler",
    "catch": "`pcall( function(){ … }, handler )` runs code and gives its messages to a handler",
    "finally": "`defer statement` runs when the block around it is left",
    "struct": "write `class Name { global field = value; }`",
    "interface": "there are no interfaces: any object with the method will do",
    "namespace": "there are no namespaces: a dictionary of functions does the same",
    "enum": "there is no `enum`; `global A = 0, B = 1;` makes two names",
    "loop": "an endless loop is `for(;;){ … }`",
}


def compile_hint(text: Text, token: int, said: str) -> str | None:
    """The hint for a message of the compiler about a token of a text."""
    here = Around(text, token)
    for beginning, rule in _RULES:
        if said.startswith(beginning):
            return rule(here) or None
    return None


class Around:
    """A token and what is around it."""

    def __init__(self, text: Text, token: int) -> None:
        self.text = text
        self.token = token
        self.word = text.word(token)
        self.kind = text.kind(token)

    def at(self, step: int) -> str:
        """The word so many tokens on."""
        return self.text.word(self.token + step)

    def kind_at(self, step: int) -> str:
        return self.text.kind(self.token + step)

    def line(self, step: int = 0) -> int:
        return self.text.line_of(min(max(self.token + step, 0), len(self.text) - 1))

    def glued(self, step: int = 0) -> bool:
        """Whether the token so many on touches the next."""
        return self.text.adjacent(self.token + step)

    def pair(self, first: str, second: str) -> bool:
        """Whether the token and a neighbour are an operator of two characters elsewhere."""
        if self.word == first and self.at(1) == second and self.glued():
            return True
        return self.word == second and self.at(-1) == first and self.glued(-1)

    def starts_statement(self, step: int) -> bool:
        """Whether a statement begins with the token so many on."""
        before = self.kind_at(step - 1)
        return (
            self.token + step == 0
            or before in (";", "{", "}", "else", "do", "defer")
            or self.closes_condition(self.token + step - 1)
        )

    def closes_condition(self, token: int) -> bool:
        """Whether a token is the `)` behind a condition."""
        opening = self._partner(token)
        return opening is not None and self.text.kind(opening - 1) in ("if", "while", "for", "foreach")

    def _partner(self, token: int) -> int | None:
        """The `(` of a `)`."""
        return self.text.opening(token) if self.text.kind(token) == ")" else None

    def statement(self) -> int:
        """The first token of the statement that the token stands in, brackets around it left aside."""
        place = self.token
        while place > 0:
            before = self.text.kind(place - 1)
            if before in (";", "{", "}"):
                return place
            place -= 1
        return place

    def opening(self) -> int | None:
        return self.text.opening(self.token)

    def block_word(self) -> str:
        """The word in front of `WORD {` or `WORD ( … ) {` or `WORD NAME {`, when a `{` is open here."""
        brace = self.token if self.kind == "{" else self.opening()
        if brace is None or self.text.kind(brace) != "{":
            return ""
        return self._leader(brace)

    def _leader(self, brace: int) -> str:
        before = brace - 1
        opening = self._partner(before)
        if opening is not None:
            before = opening - 1
        if self.text.kind(before) != "NAME":
            return ""
        second = self.text.word(before - 1) if self.text.kind(before - 1) == "NAME" else ""
        return second if second in _BLOCKS else self.text.word(before)


def _missing_operator(here: Around) -> str:
    before, word = here.at(-1), here.word
    if here.kind_at(-1) == "NAME":
        if before in _DECLARING_WORDS and here.kind == "NAME":
            return "a variable is declared with `var`, or simply by assigning to it"
        if before in _TYPE_WORDS and here.kind == "NAME":
            return "types are not written: a variable is declared with `var`, or simply by assigning to it"
        if before == "not":
            return "`not` is written `!`"
        if before == "then":
            return "there is no `then`: the statement follows the condition"
        if here.starts_statement(-1) and before in _STATEMENTS and here.line(-1) == here.line():
            return _STATEMENTS[before]
        if before in _OTHER_OPERATORS and not here.starts_statement(-1):
            return _OTHER_OPERATORS[before]
        if before in _END_WORDS and (not here.starts_statement(-1) or here.line(-1) < here.line()):
            return "blocks stand in braces: `{ … }`"
    if here.kind == "NAME":
        if word in _OTHER_OPERATORS and here.kind_at(1) in ("NAME", "INT", "CONST", "STRING", "("):
            return _OTHER_OPERATORS[word]
        if word == "in":
            return "`isset( object, key )` asks for a key; `foreach( value : list )` goes through a list"
    if here.kind == "if" and here.line(-1) == here.line() and here.kind_at(1) != "(":
        return "a choice is written `if( condition, a, b )`"
    if before == ")":
        opening = here.text.opening(here.token - 1)
        if opening is not None and here.text.word(opening - 1) in _ELSE_IF:
            return _BLOCKS["elif"]
        if opening is not None and here.text.word(opening - 1) in ("unless", "until", "switch"):
            return _BLOCKS[here.text.word(opening - 1)]
        if opening is not None and here.text.word(opening + 1) in _TYPE_WORDS and opening + 2 == here.token - 1:
            return "there are no casts: `toint`, `toreal`, `tobool` and `tostring` convert"
    if here.glued(-1) and here.kind == "NAME" and here.kind_at(-1) in ("INT", "CONST"):
        if word.startswith("_"):
            return "digits are written without `_`"
        if word.lower() in ("l", "ll", "u", "ul", "ull", "d", "n"):
            return f"numbers have no `{word}` at the end"
        return f"the number ends before `{word}`"
    if here.kind == "STRING" and before in ("f", "r", "b", "L", "u8") and here.glued(-1):
        return "strings have no letter in front"
    if here.line(-1) < here.line():
        opening = here.opening()
        if opening is not None and here.text.kind(opening) != "{":
            return f"is there a `,` missing at the end of line {here.line(-1)}?"
        return f"a `;` is missing at the end of line {here.line(-1)}"
    return ""


def _invalid(here: Around) -> str:
    if here.word == "!" and here.at(1) == "(" and here.kind_at(-1) in ("NAME", "this", ")", "]"):
        return "behind `!` stands the name of a function; `sys_apply( function, this, arguments )` calls any other"
    for first, second, hint in (
        ("*", "*", "a power is `pow( a, b )` of the library math"),
        ("~", "=", "not equal is written `!=`"),
        ("<", ">", "not equal is written `!=`"),
        ("=", ">", "a short function is written `function( a ) = a + 1;`"),
        ("-", ">", "members are reached with `.`"),
        ("?", ".", "there is no `?.`; `@( a.b )` is null without a message when something is missing"),
        ("..", ".", "`va_get_args()` gives all arguments, `f.apply( null, list )` calls with a list"),
    ):
        if here.pair(first, second):
            return hint
    if here.word == "$" and here.kind_at(1) == "NAME" and here.glued():
        return "names are written without `$`, which joins texts: `a $ b`"
    if here.word == "." and here.kind_at(1) == "INT" and here.glued():
        return f"write `0.{here.at(1)}`"
    if here.word in ("&", "*") and here.kind_at(1) == "NAME":
        return "there are no pointers: arrays, dictionaries and other objects are references anyway"
    if here.word == "?" and here.kind_at(1) not in (";", ")", ""):
        return "a choice is written `if( condition, a, b )`"
    if here.kind in ("var", "global") and here.kind_at(-1) == "(":
        return f"`{here.word}` is a statement, it cannot stand inside an expression"
    if here.kind_at(-1) == "COMMAND" and here.starts_statement(-1):
        return f"a statement that begins with `{here.at(-1)}` calls it"
    if here.kind_at(1) in (";", ")", "]", "}", ",") and here.kind not in ("INT", "NAME", "STRING", "CONST"):
        return f"nothing stands behind the `{here.word}`"
    return ""


def _unexpected(here: Around) -> str:
    rule = {":": _unexpected_colon, "#": _unexpected_hash}.get(here.word, _unexpected_bracket)
    return rule(here)


def _unexpected_colon(here: Around) -> str:
    if here.pair(":", ":") or (here.at(1) == ":" and here.glued()):
        return "members are reached with `.`"
    if here.at(1) == "=" and here.glued():
        return "assignment is written `=`"
    begin = here.statement()
    opening = here.opening()
    if opening is not None and here.text.kind(opening) == "(" and here.text.kind(opening - 1) == "for":
        return "`foreach( value : list )` goes through a list"
    words = [here.text.word(token) for token in range(begin, here.token)]
    if any(word in ("def", "lambda") for word in words):
        return _BLOCKS["def"]
    if "?" in words:
        return "a choice is written `if( condition, a, b )`"
    if words[:1] in (["case"], ["default"]):
        return _BLOCKS["switch"]
    if opening is not None and here.text.kind(opening) == "[":
        return "there are no slices: `list.part( from, size )` or `string_part` give a part"
    if words[:1] in (["if"], ["while"], ["for"], ["else"], ["class"], ["try"]):
        return "blocks stand in braces: `{ … }`"
    return ""


def _unexpected_hash(here: Around) -> str:
    if here.at(1) == "include":
        return '`include "name";` loads a library or a file'
    if here.at(1) in ("define", "ifdef", "ifndef", "pragma", "undef", "endif"):
        return "there is no preprocessor"
    if here.token == 0 and here.at(1) == "!" and here.glued():
        return "scripts have no `#!` line: `sgs FILE` runs one"
    if here.token == 0 or here.line(-1) < here.line():
        return "comments begin with `//`"
    if here.kind_at(1) == "NAME" and here.glued() and here.kind_at(-1) in ("(", "=", ","):
        return "the length is `text.length` of a string, `list.size` of an array"
    return ""


def _unexpected_bracket(here: Around) -> str:
    opening = here.opening()
    word = here.word
    if opening is not None and here.text.kind(opening) == "(" and here.text.kind(opening - 1) == "for":
        inside = [here.text.word(token) for token in range(opening + 1, here.token)]
        if "in" in inside[1:3] or "of" in inside[1:3]:
            return "`foreach( value : list )` goes through a list"
    if word in (")", "]", "}"):
        if opening is None:
            return f"no bracket is open that this `{word}` could close"
        if {"(": ")", "[": "]", "{": "}"}[here.text.kind(opening)] != word:
            return f"the `{here.text.word(opening)}` in line {here.text.line_of(opening)} is still open"
    if word == ";" and opening is not None and here.text.kind(opening) != "{":
        if here.text.kind(opening - 1) == "for":
            loop = Around(here.text, opening - 1)
            if not loop.starts_statement(0):
                return f"a `;` is missing at the end of line {loop.line(-1)}" if loop.line(-1) < loop.line() else ""
            between = range(opening + 1, here.token)
            if sum(here.text.kind(token) == ";" and here.text.opening(token) == opening for token in between) > 1:
                return f"a `for` has two `;`, and the `(` in line {here.text.line_of(opening)} is still open"
        return f"the `{here.text.word(opening)}` in line {here.text.line_of(opening)} is still open"
    return ""


def _dictionary(here: Around) -> str:
    leader = here.block_word()
    if leader in _BLOCKS:
        return _BLOCKS[leader]
    if here.word == ":":
        return f"an entry is written `{here.at(-1)} = value`"
    brace = here.opening()
    if brace is None:
        return ""
    outer = here.text.opening(brace)
    if outer is not None and here.text.kind(outer) == "(" and here.text.kind(brace - 1) in _ENDING:
        return f"the `(` in line {here.text.line_of(outer)} is still open, so this `{{` begins a dictionary"
    before = brace - 1
    opening = here.text.opening(before) if here.text.kind(before) == ")" else None
    if opening is not None and here.text.kind(opening - 1) == "NAME":
        name = Around(here.text, opening - 1)
        if name.starts_statement(0):
            return f"a function is written `function {name.word}( … ){{ … }}`"
    if here.kind_at(-1) not in ("{", ","):
        return ""
    if here.kind in ("INT", "CONST") and here.kind_at(1) in (",", "}"):
        return "a list is written `[ 1, 2 ]`"
    if here.kind in ("INT", "CONST") and here.kind_at(1) in ("=", ":"):
        return f"a key that is no name or text stands in brackets: `[ {here.word} ] = value`"
    return ""


def _condition(here: Around) -> str:
    word = here.at(-1)
    if word == "foreach":
        return "write `foreach( value : list )`"
    return f"the condition stands in parentheses: `{word}( … )`"


def _counting_loop(here: Around) -> str:
    if here.word in ("in", "of") or (here.word == "," and "in" in (here.at(2), here.at(1))):
        return "`foreach( value : list )` goes through a list"
    if here.word == "=":
        return f"write `for( {here.at(-1)} = …; …; … )`, or `for {here.at(-1)} : ( from, to )`"
    return ""


def _declared(here: Around) -> str:
    if here.word == ":":
        opening = here.opening()
        if opening is not None and here.text.kind(opening - 1) == "for":
            return "`foreach( value : list )` goes through a list"
        if here.at(1) == "=" and here.glued():
            return "assignment is written `=`"
        return "types are not written" if here.kind_at(1) == "NAME" else ""
    if here.word in ("in", "of"):
        opening = here.opening()
        if opening is not None and here.text.kind(opening - 1) == "for":
            return "`foreach( value : list )` goes through a list"
    if here.at(-1) in _TYPE_WORDS and here.kind == "NAME":
        return "types are not written"
    if here.word == "." and here.at(-1) == "..":
        return "`va_get_args()` gives all arguments"
    if here.line(-1) < here.line() and here.opening() is None:
        return f"a `;` is missing at the end of line {here.line(-1)}"
    return ""


def _each(here: Around) -> str:
    if here.word in ("in", "of", "as"):
        return (
            f"write `foreach( {here.at(-1)} : list )`" if here.at(-2) == "(" else "write `foreach( key, value : list )`"
        )
    if here.word == "=" and here.at(1) == ">":
        return "write `foreach( key, value : list )`"
    if here.at(-1) == "var" or here.word == "var":
        return "the variable is written without `var`: `foreach( value : list )`"
    return ""


def _body(here: Around) -> str:
    if here.word == "return":
        return "the body stands in braces: `{ return …; }`; or write `= …;` in place of them"
    if here.pair("-", ">") and here.at(-1) == ")" and "{" in (here.at(2), here.at(3)):
        return "the type of a result is not written"
    if here.pair("-", ">") or here.pair("=", ">"):
        return "a short function is written `function( a ) = a + 1;`"
    if here.word == ":":
        return "types are not written" if here.kind_at(1) == "NAME" else "the body stands in braces: `{ … }`"
    return ""


def _loop_end(here: Around) -> str:
    if here.word == "until":
        return "write `do … while( !( … ) )`"
    if here.word in _END_WORDS:
        return "blocks stand in braces: `{ … }`"
    return ""


def _end_of_code(here: Around) -> str:
    text = here.text
    if here.kind != END:
        word = here.at(-1) if here.kind_at(-1) != "INT" else here.at(-2)
        return f"behind `{word}` only a number of loops and `;` may stand"
    opening = text.opening(here.token)
    while opening is not None and (outer := text.opening(opening)) is not None and text.kind(opening) == "{":
        opening = outer
    if opening is not None:
        leader = Around(text, opening)._leader(opening) if text.kind(opening) == "{" else ""
        if leader in _BLOCKS:
            return _BLOCKS[leader]
        return f"the `{text.word(opening)}` in line {text.line_of(opening)} is never closed"
    begin = here.statement()
    first = text.word(begin)
    if first == "--" and text.kind(begin + 1) == "NAME" and not text.adjacent(begin):
        return "comments begin with `//`"
    last = here.token - 1
    if first in _END_WORDS and begin == last:
        return "blocks stand in braces: `{ … }`"
    if text.kind(last) == "}":
        return _end_behind_brace(here, last)
    if text.kind(last) in _ENDING:
        line = text.line(text.place(text.spans[last][1] - 1)[0]) or b""
        if b"//" in line and b";" in line.partition(b"//")[2]:
            return "`//` begins a comment, so the `;` behind it does not count"
        if here.closes_condition(last):
            return "a statement is missing here"
        return MISSING_END
    return ""


def _end_behind_brace(here: Around, last: int) -> str:
    """The code ends too early behind a `}`."""
    text = here.text
    opening = text.opening(last)
    if opening is None:
        return ""
    begin = Around(text, opening).statement()
    if text.word(begin) in _ACCESS_WORDS and text.kind(begin + 1) in ("function", "class"):
        return f"there is no `{text.word(begin)}`"
    if text.kind(begin) in _BLOCK_STATEMENTS:
        return "`while( condition )` is missing at the end" if text.kind(begin) == "do" else ""
    return MISSING_END


def _quote(here: Around) -> str:
    if here.token and here.glued(-1) and here.kind_at(-1) in ("", "NAME", "STRING") and here.word == "'":
        before = here.at(-1)
        if before[-1:] == "'" or here.at(-2)[-1:] == "'":
            return "a quote inside a string is written `\\'`"
    return ""


def _symbol(here: Around) -> str:
    word = here.word
    if here.token == 0 and here.text.source[:3] == b"\xef\xbb\xbf":
        return "the file begins with a byte order mark: save it as UTF-8 without one"
    if word == "`":
        return "strings stand in `\"` or `'`; `$` joins texts and values"
    if word in _QUOTES:
        return f"this is a typographic quote; strings stand in `{_QUOTES[word]}`"
    if word and ord(word[0]) > 127 and word != "\ufffd":
        return f"outside of strings and comments only ASCII is understood; `{word}` is U+{ord(word[0]):04X}"
    return ""


def _constant(here: Around) -> str:
    if in_condition(here):
        return "`=` assigns; `==` compares"
    if here.word == "*" and here.at(-1) in _TYPE_WORDS:
        return "types are not written, and there are no pointers"
    return ""


def _anonymous(here: Around) -> str:
    brace = here.opening()
    # a method of a class must have a name
    in_class = brace is not None and "class" in (here.text.kind(brace - 2), here.text.kind(brace - 4))
    if here.word == "(" and here.starts_statement(-1) and not in_class:
        return "a function without a name is a value: `f = function( a ){ … };`"
    return ""


def in_condition(here: Around) -> bool:
    """Whether the token stands in the condition of an `if` or `while`, up to an `=`."""
    opening = here.opening()
    while opening is not None and here.text.kind(opening) == "[":
        opening = here.text.opening(opening)
    if opening is None or here.text.kind(opening - 1) not in ("if", "while") or here.text.kind(opening) != "(":
        return False
    close = here.text.closing(opening)
    inside = range(opening + 1, close if close is not None else here.token)
    kinds = [here.text.kind(token) for token in inside]
    return kinds.count("=") == 1 and "," not in kinds


def _member(here: Around) -> str:
    if here.kind == "var":
        return "write `global name = value;`"
    if here.word in ("constructor", "__init__", "init"):
        return "the constructor is written `function __construct( … ){ … }`"
    if here.kind == "NAME" and here.at(1) == "(":
        return f"a method is written `function {here.word}( … ){{ … }}`"
    if here.kind == "NAME" and here.at(1) in ("=", ";", ","):
        return f"write `global {here.word} = value;`"
    if here.word in _ACCESS_WORDS or here.word in _TYPE_WORDS | _DECLARING_WORDS | _FUNCTION_WORDS:
        return "members begin with `global` or `function`"
    if here.word == ";" and here.at(-1) == "}":
        return "no `;` stands behind a method's body"
    return ""


def _class_head(here: Around) -> str:
    if here.word in ("extends", "(", "<", "inherits", "is"):
        return f"a base is written `class {here.at(-1)} : Base {{ … }}`"
    return ""


def _new(here: Around) -> str:
    if here.kind_at(1) == "NAME" and here.kind_at(2) not in ("(", ".", "!"):
        return f"write `new {here.at(1)}()`"
    if here.kind_at(1) == "NAME" and here.at(2) == ".":
        return "put the class into a variable first: `c = a.b; x = new c();`"
    return ""


def _thread(here: Around) -> str:
    if here.kind_at(1) == "NAME" and here.kind_at(2) in (";", END):
        return f"write `{here.word} {here.at(1)}();`"
    return ""


def _keyword(here: Around) -> str:
    if here.at(-1) == ".":
        return f'`{here.word}` is a word of the language; as a key write `[ "{here.word}" ]`'
    return f"`{here.word}` is a word of the language"


def _else(here: Around) -> str:
    if here.at(-1) == ";" and here.at(-2) in ("}", ";"):
        return "the `;` before it ends the `if`"
    return ""


def _accessor(here: Around) -> str:
    if here.at(1) == "]" and here.at(2) == "=":
        return "`push( value )` appends to an array"
    close = here.text.closing(here.token)
    if close is not None and here.at(1) != "]":
        return "each index has brackets of its own: `a[ i ][ j ]`"
    return ""


def _storage(here: Around) -> str:
    return "a name is either global or local, in the whole of a function or file"


def _parameter(here: Around) -> str:
    if here.word in ("..", "."):
        return "`va_get_args()` gives all arguments"
    if here.kind in (")", ";") and here.at(-1) == ",":
        return "no `,` stands behind the last one"
    if here.word in ("&", "*"):
        return "there are no pointers: arrays, dictionaries and other objects are references anyway"
    return ""


def _targets(here: Around) -> str:
    return "several targets take the results of one call: `( a, b ) = f();`"


_RULES: tuple[tuple[str, Callable[[Around], str]], ...] = (
    ("Missing operators or separators", _missing_operator),
    ("Invalid expression", _invalid),
    ("Unexpected token '", _unexpected),
    ("Expected '=', ',' or '}' after dictionary key", _dictionary),
    ("Expected '=' in dictionary expression", _dictionary),
    ("expected key identifier, string or '['", _dictionary),
    ("Expected '(' after 'if'", _condition),
    ("Expected '(' after 'while'", _condition),
    ("Expected '(' after 'foreach'", _condition),
    ("Expected ':' after identifier in 'numeric for'", _counting_loop),
    ("Expected ':' or ',' after identifier in 'foreach'", _each),
    ("Expected identifier after '(' in 'foreach'", _each),
    ("Expected ':' after identifier #2", _each),
    ("Expected ',' or '", _declared),
    ("Expected '{', '=' or 'use'", _body),
    ("Expected 'while' after statement", _loop_end),
    ("Unexpected end of code", _end_of_code),
    ("end of string not found", _quote),
    ("unexpected symbol", _symbol),
    ("Cannot write to constants", _constant),
    ("Expected identifier after 'function'", _anonymous),
    ("Unexpected token in class", _member),
    ("Expected '{' after (inherited) class name", _class_head),
    ("expected plain function call after 'new'", _new),
    ("expected function call after", _thread),
    ("Cannot read from specified keyword", _keyword),
    ("Found 'else'", _else),
    ("Invalid number of arguments in an array accessor", _accessor),
    ("Variable storage redefined: closure", lambda _here: ""),
    ("Variable storage redefined", _storage),
    ("Unexpected token while parsing argument", _parameter),
    ("Expression writes only allowed", _targets),
)

__all__ = ["MISSING_END", "Around", "compile_hint", "in_condition"]
