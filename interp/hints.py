"""What a message's reader most likely wanted: hints of one line.

Rules of this file: a hint is only given where the text around the place, or the object in question, shows that it is
apt - a wrong hint is worse than none. What a library has comes from its declarations. Nothing here runs script code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import vocabulary
from .libraries import BUILT_IN
from .syntax.lexer import END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

    from .places import Text
    from .pretty import Spot

_TYPE_WORDS = frozenset(
    "int float double char string bool boolean long short unsigned void auto number real byte any object".split()
)
_DECLARING_WORDS = frozenset(("let", "const", "local", "my", "static", "final", "val", "dim"))
_ACCESS_WORDS = frozenset(("public", "private", "protected", "export", "async", "static", "extern", "inline"))
_FUNCTION_WORDS = frozenset(("def", "fn", "func", "fun", "sub", "proc", "lambda", "void"))
_ELSE_IF = frozenset(("elif", "elseif", "elsif"))
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
# Names that exist elsewhere, for globals that do not exist here.
_NAMES = {
    **dict.fromkeys(("nil", "None", "undefined", "NULL", "nullptr", "Null"), "nothing is written `null`"),
    **dict.fromkeys(("True", "TRUE"), "write `true`"),
    **dict.fromkeys(("False", "FALSE"), "write `false`"),
    **dict.fromkeys(("len", "strlen", "sizeof"), "the length is `text.length` of a string, `list.size` of an array"),
    "self": "the object of a method is `this`",
    "str": "`tostring( value )` makes a text",
    "int": "`toint( value )` makes an int",
    "float": "`toreal( value )` makes a real",
    "parseInt": "`toint( value )` makes an int",
    "parseFloat": "`toreal( value )` makes a real",
    "tonumber": "`toint( value )` and `toreal( value )` make numbers",
    **dict.fromkeys(("type", "isinstance"), "`typeof( value )` tells the type"),
    "console": "`println( … )` writes a line",
    "alert": "`println( … )` writes a line",
    "printf": '`include "string"; print( string_format( … ) );` writes a formatted text',
    "sprintf": '`include "string";` and `string_format( … )` make a formatted text',
    "puts": "`println( … )` writes a line",
    "echo": "`println( … )` writes a line",
    "Math": 'functions like `sqrt( x )` are in the library math: `include "math";`',
    "JSON": '`include "json";` has `json_encode` and `json_decode`',
    **dict.fromkeys(("require", "import", "dofile"), '`include "name";` loads a library or a file'),
    **dict.fromkeys(("pairs", "ipairs", "enumerate"), "`foreach( key, value : list )` goes through keys and values"),
    "range": "`for i : ( from, to )` counts",
    "xor": "bits are combined with `^`",
    "exit": "`app_exit( code )` ends the program",
    "quit": "`app_exit( code )` ends the program",
    "setTimeout": "`thread f();` starts a function of its own, `yield( seconds )` in it waits",
    "open": '`include "io";` has `io_file( path, mode )`',
    "fopen": '`include "io";` has `io_file( path, mode )`',
    "input": "`read_stdin()` reads the standard input",
    "error": "`ERROR( text )` raises an error",
}
# Members that arrays have elsewhere.
_ARRAY_MEMBERS = {
    **dict.fromkeys(("length", "len", "count", "Count"), "the number of items is `size`"),
    **dict.fromkeys(("append", "push_back", "add", "Add"), "`push( value )` appends"),
    **dict.fromkeys(("indexOf", "index", "index_of"), "`find( value )` gives the index"),
    **dict.fromkeys(("slice", "sub"), "`part( from, size )` gives a part"),
    "splice": "`erase( from, to )` and `insert( at, value )` change the middle",
    **dict.fromkeys(("map", "forEach"), "`array_process( list, function )` replaces every item"),
    "filter": "`array_filter( list, function )` gives the items that pass",
    "join": '`string_implode( list, ", " )` of the library string joins',
    "pop_back": "`pop()` takes the last item",
    "empty": "compare `size` with 0",
    "isEmpty": "compare `size` with 0",
}
# Members that strings have elsewhere.
_STRING_MEMBERS = {
    **dict.fromkeys(("size", "len", "count"), "the number of bytes is `length`"),
    **dict.fromkeys(("upper", "toUpperCase", "ToUpper", "upcase"), "string_toupper"),
    **dict.fromkeys(("lower", "toLowerCase", "ToLower", "downcase"), "string_tolower"),
    **dict.fromkeys(("split", "Split"), "string_explode"),
    "join": "string_implode",
    **dict.fromkeys(("indexOf", "find", "index"), "string_find"),
    **dict.fromkeys(("replace", "Replace", "gsub", "sub"), "string_replace"),
    **dict.fromkeys(("trim", "strip", "Trim"), "string_trim"),
    **dict.fromkeys(("substr", "substring", "slice", "part"), "string_part"),
    **dict.fromkeys(("rep", "repeat"), "string_repeat"),
    "reverse": "string_reverse",
    "format": "string_format",
}


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like another one, None when none is like it."""
    import difflib

    found = difflib.get_close_matches(name, [item for item in dict.fromkeys(names) if item != name], 1, 0.7)
    return found[0] if found else None


# --- texts that do not compile ----------------------------------------------------------------------------------------


def compile_hint(text: Text, token: int, said: str) -> str | None:
    """The hint for a message of the compiler about a token of a text."""
    here = _Around(text, token)
    for beginning, rule in _COMPILE_RULES:
        if said.startswith(beginning):
            return rule(here) or None
    return None


class _Around:
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
        return self.token + step == 0 or before in (";", "{", "}", "else", "do", "defer") or self.closes_condition(
            self.token + step - 1
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

    def open_bracket(self) -> str:
        """The fact that a bracket before the token is still open, for a `{` or `;` that stands in it."""
        place = self.opening()
        while place is not None and self.text.kind(place) == "{":
            place = self.text.opening(place)
        if place is None:
            return ""
        return f"the `{self.text.word(place)}` in line {self.text.line_of(place)} is still open"


def _missing_operator(here: _Around) -> str:
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
        if before in ("end", "endif", "fi", "done") and not here.starts_statement(-1):
            return "blocks stand in braces: `{ … }`"
        if before in ("end", "endif", "fi", "done") and here.line(-1) < here.line():
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


def _invalid(here: _Around) -> str:
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


def _unexpected(here: _Around) -> str:
    rule = {":": _unexpected_colon, "#": _unexpected_hash}.get(here.word, _unexpected_bracket)
    return rule(here)


def _unexpected_colon(here: _Around) -> str:
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


def _unexpected_hash(here: _Around) -> str:
    if here.at(1) == "include":
        return '`include "name";` loads a library or a file'
    if here.at(1) in ("define", "ifdef", "ifndef", "pragma", "undef", "endif"):
        return "there is no preprocessor"
    if here.token == 0 or here.line(-1) < here.line():
        return "comments begin with `//`"
    if here.kind_at(1) == "NAME" and here.glued() and here.kind_at(-1) in ("(", "=", ","):
        return "the length is `text.length` of a string, `list.size` of an array"
    return ""


def _unexpected_bracket(here: _Around) -> str:
    opening = here.opening()
    word = here.word
    if opening is not None and here.text.kind(opening) == "(" and here.text.kind(opening - 1) == "for":
        inside = [here.text.word(token) for token in range(opening + 1, here.token)]
        if "in" in inside[1:3] or "of" in inside[1:3]:
            return "`foreach( value : list )` goes through a list"
    if word in (")", "]", "}"):
        if opening is None:
            return f"no bracket is open that this `{word}` could close"
        wanted = {"(": ")", "[": "]", "{": "}"}[here.text.kind(opening)]
        if wanted != word:
            shown = here.text.word(opening)
            return f"the `{shown}` in line {here.text.line_of(opening)} is closed by `{wanted}`"
    if word == ";" and opening is not None and here.text.kind(opening) != "{":
        if here.kind_at(-1) in ("(", "[", ",") and opening == here.token - 1 and here.kind_at(-1) == "(":
            return ""
        return f"the `{here.text.word(opening)}` in line {here.text.line_of(opening)} is still open"
    return ""


def _dictionary(here: _Around) -> str:
    leader = here.block_word()
    if leader in _BLOCKS:
        return _BLOCKS[leader]
    if here.word == ":":
        return f"an entry is written `{here.at(-1)} = value`"
    brace = here.opening()
    if brace is None:
        return ""
    outer = here.text.opening(brace)
    if outer is not None and here.text.kind(outer) == "(":
        return f"the `(` in line {here.text.line_of(outer)} is still open, so this `{{` begins a dictionary"
    before = brace - 1
    opening = here.text.opening(before) if here.text.kind(before) == ")" else None
    if opening is not None and here.text.kind(opening - 1) == "NAME":
        name = _Around(here.text, opening - 1)
        if name.starts_statement(0):
            return f"a function is written `function {name.word}( … ){{ … }}`"
    if here.kind in ("INT", "CONST") and here.kind_at(1) in (",", "}"):
        return "a list is written `[ 1, 2 ]`"
    if here.kind in ("INT", "CONST") and here.kind_at(1) in ("=", ":"):
        return f"a key that is no name or text stands in brackets: `[ {here.word} ] = value`"
    return ""


def _condition(here: _Around) -> str:
    word = here.at(-1)
    if word == "foreach":
        return "write `foreach( value : list )`"
    return f"the condition stands in parentheses: `{word}( … )`"


def _counting_loop(here: _Around) -> str:
    if here.word in ("in", "of") or (here.word == "," and "in" in (here.at(2), here.at(1))):
        return "`foreach( value : list )` goes through a list"
    if here.word == "=":
        return f"write `for( {here.at(-1)} = …; …; … )`, or `for {here.at(-1)} : ( from, to )`"
    return ""


def _declared(here: _Around) -> str:
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


def _each(here: _Around) -> str:
    if here.word in ("in", "of", "as"):
        return f"write `foreach( {here.at(-1)} : list )`" if here.at(-2) == "(" else "write `foreach( key, value : list )`"
    if here.word == "=" and here.at(1) == ">":
        return "write `foreach( key, value : list )`"
    if here.at(-1) == "var" or here.word == "var":
        return "the variable is written without `var`: `foreach( value : list )`"
    return ""


def _body(here: _Around) -> str:
    if here.word == "return":
        return "the body stands in braces: `{ return …; }`; or write `= …;` in place of them"
    if here.pair("-", ">") or here.pair("=", ">"):
        return "a short function is written `function( a ) = a + 1;`"
    if here.word == ":":
        return "types are not written" if here.kind_at(1) == "NAME" else "the body stands in braces: `{ … }`"
    return ""


def _loop_end(here: _Around) -> str:
    if here.word == "until":
        return "write `do … while( !( … ) )`"
    if here.word in ("end", "done"):
        return "blocks stand in braces: `{ … }`"
    return ""


def _end_of_code(here: _Around) -> str:
    text = here.text
    if here.kind != END:
        word = here.at(-1) if here.kind_at(-1) != "INT" else here.at(-2)
        return f"behind `{word}` only a number of loops and `;` may stand"
    opening = text.opening(here.token)
    while opening is not None and (outer := text.opening(opening)) is not None and text.kind(opening) == "{":
        opening = outer
    if opening is not None:
        leader = _Around(text, opening)._leader(opening) if text.kind(opening) == "{" else ""
        if leader in _BLOCKS:
            return _BLOCKS[leader]
        return f"the `{text.word(opening)}` in line {text.line_of(opening)} is never closed"
    begin = here.statement()
    first = text.word(begin)
    if first == "--" and text.kind(begin + 1) == "NAME" and not text.adjacent(begin):
        return "comments begin with `//`"
    if begin == here.token:
        return ""
    if first in _ACCESS_WORDS and text.kind(begin + 1) in ("function", "class", "NAME"):
        return f"there is no `{first}`"
    last = here.token - 1
    if text.kind(last) in ("NAME", "INT", "CONST", "STRING", ")", "]", "true", "false", "null", "this"):
        line = text.line(text.place(text.spans[last][1] - 1)[0]) or b""
        if b"//" in line and b";" in line.partition(b"//")[2]:
            return "`//` begins a comment, so the `;` behind it does not count"
        if here.closes_condition(last):
            return "a statement is missing here"
        return "a `;` is missing at the end"
    return ""


def _quote(here: _Around) -> str:
    if here.token and here.glued(-1) and here.kind_at(-1) in ("", "NAME", "STRING") and here.word == "'":
        before = here.at(-1)
        if before[-1:] == "'" or here.at(-2)[-1:] == "'":
            return "a quote inside a string is written `\\'`"
    return ""


def _symbol(here: _Around) -> str:
    word = here.word
    if word == "`":
        return "strings stand in `\"` or `'`; `$` joins texts and values"
    if word in _QUOTES:
        return f"this is a typographic quote; strings stand in `{_QUOTES[word]}`"
    if word and ord(word[0]) > 127 and word != "\ufffd":
        return f"outside of strings and comments only ASCII is understood; `{word}` is U+{ord(word[0]):04X}"
    return ""


def _constant(here: _Around) -> str:
    if _in_condition(here):
        return "`=` assigns; `==` compares"
    return ""


def _in_condition(here: _Around) -> bool:
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


def _member(here: _Around) -> str:
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


def _class_head(here: _Around) -> str:
    if here.word in ("extends", "(", "<", "inherits", "is"):
        return f"a base is written `class {here.at(-1)} : Base {{ … }}`"
    return ""


def _new(here: _Around) -> str:
    if here.kind_at(1) == "NAME" and here.kind_at(2) not in ("(", ".", "!"):
        return f"write `new {here.at(1)}()`"
    if here.kind_at(1) == "NAME" and here.at(2) == ".":
        return "put the class into a variable first: `c = a.b; x = new c();`"
    return ""


def _thread(here: _Around) -> str:
    if here.kind_at(1) == "NAME" and here.kind_at(2) in (";", END):
        return f"write `{here.word} {here.at(1)}();`"
    return ""


def _keyword(here: _Around) -> str:
    if here.at(-1) == ".":
        return f'`{here.word}` is a word of the language; as a key write `[ "{here.word}" ]`'
    return f"`{here.word}` is a word of the language"


def _else(here: _Around) -> str:
    if here.at(-1) == ";" and here.at(-2) in ("}", ";"):
        return "the `;` before it ends the `if`"
    return ""


def _accessor(here: _Around) -> str:
    if here.at(1) == "]" and here.at(2) == "=":
        return "`push( value )` appends to an array"
    close = here.text.closing(here.token)
    if close is not None and here.at(1) != "]":
        return "each index has brackets of its own: `a[ i ][ j ]`"
    return ""


def _storage(here: _Around) -> str:
    return "a name is either global or local, in the whole of a function or file"


def _parameter(here: _Around) -> str:
    if here.word in ("..", "."):
        return "`va_get_args()` gives all arguments"
    if here.kind in (")", ";") and here.at(-1) == ",":
        return "no `,` stands behind the last one"
    if here.word in ("&", "*"):
        return "there are no pointers: arrays, dictionaries and other objects are references anyway"
    return ""


def _targets(here: _Around) -> str:
    return "several targets take the results of one call: `( a, b ) = f();`"


_COMPILE_RULES: tuple[tuple[str, Callable[[_Around], str]], ...] = (
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
    ("Unexpected token in class", _member),
    ("Expected '{' after (inherited) class name", _class_head),
    ("expected plain function call after 'new'", _new),
    ("expected function call after", _thread),
    ("Cannot read from specified keyword", _keyword),
    ("Found 'else'", _else),
    ("Invalid number of arguments in an array accessor", _accessor),
    ("Variable storage redefined", _storage),
    ("Unexpected token while parsing argument", _parameter),
    ("Expression writes only allowed", _targets),
)


# --- running code -----------------------------------------------------------------------------------------------------


def run_hint(message: Any, words: str, spot: Spot | None, code: CodeType | None) -> str | None:
    """The hint for a message of running code; `code` is the function it happened in."""
    world, subject = getattr(message, "_world", None), getattr(message, "_subject", None)
    for pattern, rule in _RUN_RULES:
        match = pattern.fullmatch(words)
        if match:
            return rule(_Running(world, subject, spot, code), *match.groups()) or None
    return None


class _Running:
    """What is known about the place of a run-time message."""

    def __init__(self, world: Any, subject: Any, spot: Spot | None, code: CodeType | None) -> None:
        self.world = world
        self.subject = subject
        self.spot = spot
        self.code = code

    def globals(self) -> list[str]:
        from .runtime.environment import global_items

        return [] if self.world is None else [name.decode("latin-1") for name, _ in global_items(self.world)]

    def locals(self) -> list[str]:
        if self.code is None:
            return []
        names = (*self.code.co_varnames, *self.code.co_cellvars, *self.code.co_freevars)
        return [name for name in names if "$" not in name and name != "this"]

    def has_library(self, name: str) -> bool:
        """Whether the engine may include a library; true where the engine is not known."""
        return self.world is None or self.world.library_resolver(name.encode()) is not None

    def around(self) -> _Around | None:
        return _Around(self.spot.text, self.spot.token) if self.spot is not None and self.spot.token is not None else None

    def receiver(self) -> str:
        """The name or path left of the member or index at work, an empty text for anything longer."""
        here = self.around()
        if here is None or here.word not in (".", "["):
            return ""
        begin = here.token - 1
        if here.text.kind(begin) not in ("NAME", "this"):
            return ""
        while here.text.kind(begin - 1) == "." and here.text.kind(begin - 2) in ("NAME", "this"):
            begin -= 2
        if here.text.kind(begin - 1) in (".", "!", ")", "]"):
            return ""
        return here.text.source[here.text.spans[begin][0] : here.text.spans[here.token - 1][1]].decode("latin-1")


def _library_of(name: str) -> str | None:
    """The library to include for a name, None where none has it."""
    if name in vocabulary.functions():
        found: str | None = vocabulary.functions()[name][0]
    else:
        found = vocabulary.constants().get(name)
    return found or None


def _unknown_global(where: _Running, name: str) -> str:
    library = _library_of(name)
    if library is not None:
        library = "json" if library == "sgsjson" else library
        if where.has_library(library):
            return f'`{name}` is in the library {library}: add `include "{library}";`'
        return f"`{name}` is in the library {library}, which this program may not use"
    own = nearest(name, [*where.locals(), *where.globals()])
    if own is not None and own.lower() == name.lower():
        return f"did you mean `{own}`?"
    if name in _NAMES:
        return _NAMES[name]
    if own is not None:
        return f"did you mean `{own}`?"
    other = nearest(name, [item for item in vocabulary.functions() if _library_of(item)])
    if other is not None:
        library = _library_of(other)
        if library is not None and where.has_library(library):
            return f'did you mean `{other}` of the library {library}? (`include "{library}";`)'
    return ""


def _unknown_property(where: _Running, name: str) -> str:
    from .runtime.values import Array

    subject = where.subject
    if subject is None:
        return ""
    if isinstance(subject, Array) and name in _ARRAY_MEMBERS:
        return f"arrays: {_ARRAY_MEMBERS[name]}"
    near = nearest(name, members(subject, where.world))
    return f"did you mean `{near}`?" if near else ""


def _written_property(where: _Running, name: str) -> str:
    here = where.around()
    if here is not None and _in_condition(here):
        return "`=` assigns; `==` compares"
    if where.subject is not None and name in members(where.subject, where.world):
        return f"`{name}` can be read only"
    return _unknown_property(where, name)


def _unknown_key(where: _Running, key: str) -> str:
    from .runtime.values import Map, is_dict

    if where.subject is not None and (is_dict(where.subject) or isinstance(where.subject, Map)):
        near = nearest(key, members(where.subject, where.world))
        return f"did you mean `{near}`?" if near else ""
    return ""


def members(value: Any, world: Any) -> list[str]:
    """The names that may follow a dot behind a value."""
    from .runtime.values import Array, Map, Object, chain, dict_keys, is_dict, map_items

    found: list[bytes] = []
    if is_dict(value):
        for item in chain(value):
            if is_dict(item):
                found += [key for key in dict_keys(item)[:1000] if key[:2] != b"__"]
    elif isinstance(value, Map):
        found += [key for key, _ in map_items(value)[:1000] if type(key) is bytes]
    elif isinstance(value, Array):
        found += [b"size", b"capacity", b"first", b"last"]
        if world is not None and world.array_meta is not None:
            found += [key for key in dict_keys(world.array_meta) if key[:2] != b"__"]
    elif isinstance(value, Object):
        found += list(getattr(value, "members", {}))
    return [name.decode("latin-1") for name in found]


def _property_of(where: _Running, name: str, kind: str) -> str:
    if kind == "null":
        receiver = where.receiver()
        return f"`{receiver}` is null" if receiver else ""
    if kind == "string":
        found = _STRING_MEMBERS.get(name)
        if found is not None and found[:7] == "string_":
            return f'`{found}` is in the library string: add `include "string";`'
        if found is not None:
            return f"strings: {found}"
        near = nearest(name, ("length", "first", "last"))
        return f"did you mean `{near}`?" if near else "strings have only `length`, `first` and `last`"
    return ""


def _index_of(where: _Running, kind: str) -> str:
    receiver = where.receiver()
    return f"`{receiver}` is {'null' if kind == 'null' else 'of type ' + kind}" if receiver else ""


def _out_of_bounds(where: _Running) -> str:
    from .runtime.values import Array

    if not isinstance(where.subject, Array):
        return ""
    size = len(where.subject)
    if not size:
        return "the array is empty; `push( value )` appends"
    return f"the array has {size} item{'s' * (size > 1)}, the last index is {size - 1}; `push( value )` appends"


def _include(where: _Running, name: str) -> str:
    if name in BUILT_IN and not where.has_library(name):
        return f"this program may not use the library {name}"
    near = nearest(name, [item for item in BUILT_IN if where.has_library(item)])
    return f"did you mean the library `{near}`?" if near else ""


def _base(where: _Running, name: str) -> str:
    near = nearest(name, where.globals())
    return f"did you mean `{near}`?" if near else ""


def _iterator(where: _Running, kind: str) -> str:
    if kind == "int":
        return "`for i : ( count )` counts from 0"
    if kind == "string":
        return "`for i : ( text.length )` counts through the bytes `text[ i ]`"
    return ""


def _signature(where: _Running, name: str) -> str:
    """How a native wants to be called."""
    if name in vocabulary.functions():
        return str(vocabulary.functions()[name][1].spec.signature)
    type_name, dot, member = name.partition(".")
    if not dot:
        return ""
    if type_name == "array" and where.world is not None:
        from .runtime.values import MISSING, dict_get

        found = dict_get(where.world.array_meta, member.encode("latin-1", "replace"))
        return "" if found is MISSING or not hasattr(found, "spec") else str(found.spec.signature)
    for cls in vocabulary.types():
        if cls.type_name == type_name:  # type: ignore[attr-defined]
            native = cls.members.get(member.encode("latin-1", "replace"))  # type: ignore[attr-defined]
            return str(native.spec.signature) if hasattr(native, "spec") else ""
    return ""


_RUN_RULES: tuple[tuple[re.Pattern[str], Callable[..., str]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), rule)
    for pattern, rule in (
        (r"variable '(.+)' was not found", _unknown_global),
        (r"Readable property not found: \"(.*)\"", _unknown_property),
        (r"Writable property not found: \"(.*)\"", _written_property),
        (r"Cannot find readable value by index: \"(.*)\"", _unknown_key),
        (r"Property '(.*)' not found on object of type '(.*)'", _property_of),
        (r"Cannot index variable of type '(.*)'", _index_of),
        (r"array index out of bounds", _out_of_bounds),
        (r"include\(\): could not find '(.*)' with include path '.*'", _include),
        (r"Class '.*' cannot inherit from '(.*)' - no such global object", _base),
        (r"Variable of type '(.*)' doesn't have an iterator", _iterator),
        (r"([\w.]+)\(\): (?:argument \d+ - expected|function expects) .*", _signature),
    )
)

__all__ = ["compile_hint", "members", "nearest", "run_hint"]
