"""A Pygments lexer for scripts, and the TextMate grammar of the same words.

Rule of this file: words come from `interp.vocabulary`, tokens look as chapter 01 sections 1 and 2 say. Run as a program
(`python -m interp.highlight`) it writes `editors/sgscript.tmLanguage.json` anew.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

from . import vocabulary

_NUMBER = r"0x[0-9a-fA-F]*|0o[0-7]*|0b[01]*|[0-9]+(?:\.(?!\.)[0-9]*)?(?:[eE][+-]?[0-9]+)?[fp]?"
_OPERATOR = r"[-+*/%&|^~!<>=?$@]+|\.\."
GRAMMAR = pathlib.Path(__file__).resolve().parent.parent / "editors" / "sgscript.tmLanguage.json"


class SgsLexer(RegexLexer):  # type: ignore[misc]
    """SGScript for Pygments: `get_lexer_by_name( "sgscript" )`, files `*.sgs`."""

    name = "SGScript"
    aliases: ClassVar[list[str]] = ["sgscript", "sgs"]
    filenames: ClassVar[list[str]] = ["*.sgs"]
    mimetypes: ClassVar[list[str]] = ["text/x-sgscript"]
    url = ""
    version_added = ""
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"[ \t\r\n]+", Text.Whitespace),
            (r"//[^\r\n]*", Comment.Single),
            (r"/\*[\s\S]*?(?:\*/|\Z)", Comment.Multiline),
            (r'"""[\s\S]*?(?:"""|\Z)', String.Double),
            (r"'''[\s\S]*?(?:'''|\Z)", String.Single),
            (r'"(?:[^"\\]|\\[\s\S])*(?:"|\Z)', String.Double),
            (r"'(?:[^'\\]|\\[\s\S])*(?:'|\Z)", String.Single),
            (r"(\.)([A-Za-z_][A-Za-z0-9_]*)", bygroups(Punctuation, Name.Attribute)),
            (r"[A-Za-z_][A-Za-z0-9_]*", Name),
            (_NUMBER, Number),
            (_OPERATOR, Operator),
            (r"[()\[\]{},;:.#\\]", Punctuation),
        ]
    }

    def get_tokens_unprocessed(self, text: str, stack: Any = ("root",)) -> Iterator[tuple[int, Any, str]]:
        """The tokens as Pygments wants them: (position, kind, text)."""
        words = _kinds()
        for index, kind, value in super().get_tokens_unprocessed(text, stack):
            yield index, words.get(value, Name) if kind is Name else kind, value


_found: dict[str, Any] = {}


def _kinds() -> dict[str, Any]:
    """What each known word is; found at the first use, as it takes all libraries."""
    if not _found:
        _found.update(dict.fromkeys(vocabulary.constants(), Name.Constant))
        _found.update(dict.fromkeys(vocabulary.functions(), Name.Builtin))
        _found.update(dict.fromkeys(vocabulary.CORE_GLOBALS, Name.Builtin))
        _found.update(dict.fromkeys(vocabulary.keywords(), Keyword))
        _found.update(dict.fromkeys(vocabulary.DECLARING_WORDS, Keyword.Declaration))
        _found.update(dict.fromkeys(vocabulary.CONSTANT_WORDS, Keyword.Constant))
    return _found


# --- TextMate ---------------------------------------------------------------------------------------------------------


def _words(words: Any) -> str:
    # not behind a dot: there every word is a property
    return r"(?<!\.)\b(?:" + "|".join(sorted(words)) + r")\b"


def _text(quote: str, name: str, escapes: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": f"string.quoted.{name}.sgscript", "begin": quote, "end": quote}
    if escapes:
        pattern = r"\\(?:x[0-9a-fA-F]{2}|[0-7]{1,3}|.)"
        made["patterns"] = [{"name": "constant.character.escape.sgscript", "match": pattern}]
    return made


def grammar() -> str:
    """The TextMate grammar as JSON."""
    before = GRAMMAR.read_text() if GRAMMAR.exists() else ""
    constants = {*vocabulary.constants(), *vocabulary.constants_elsewhere(before)}
    plain = set(vocabulary.keywords()) - vocabulary.DECLARING_WORDS - vocabulary.CONSTANT_WORDS
    rules = [
        {"name": "comment.line.double-slash.sgscript", "match": "//.*$"},
        {"name": "comment.block.sgscript", "begin": r"/\*", "end": r"\*/"},
        _text('"""', "triple", False),
        _text("'''", "triple", False),
        _text('"', "double", True),
        _text("'", "single", True),
        {"name": "constant.numeric.sgscript", "match": rf"\b(?:{_NUMBER})"},
        {"name": "keyword.control.sgscript", "match": _words(plain)},
        {"name": "storage.type.sgscript", "match": _words(vocabulary.DECLARING_WORDS)},
        {"name": "constant.language.sgscript", "match": _words(vocabulary.CONSTANT_WORDS)},
        {"name": "support.function.sgscript", "match": _words(vocabulary.functions())},
        {"name": "support.constant.sgscript", "match": _words(constants)},
        {"name": "support.variable.sgscript", "match": _words(vocabulary.CORE_GLOBALS)},
        {"name": "keyword.operator.sgscript", "match": _OPERATOR},
    ]
    whole = {"name": "SGScript", "scopeName": "source.sgscript", "fileTypes": ["sgs"], "patterns": rules}
    return json.dumps(whole, indent=2) + "\n"


if __name__ == "__main__":
    GRAMMAR.parent.mkdir(exist_ok=True)
    GRAMMAR.write_text(grammar())
