"""The Pygments lexer and the TextMate grammar say what the language's own tables say."""

from __future__ import annotations

import json
import re
from importlib.metadata import entry_points

import pytest

pytest.importorskip("pygments", reason="the extra `repl` is not installed")

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Error, Keyword, Name, Number, String

from interp import highlight, vocabulary
from interp.syntax.lexer import COMMANDS, RESERVED


def kinds(text: str) -> list[tuple[object, str]]:
    return [(kind, value) for kind, value in highlight.SgsLexer().get_tokens(text) if value.strip()]


def test_the_lexer_is_registered() -> None:
    if not [entry for entry in entry_points(group="pygments.lexers") if entry.name == "sgscript"]:
        pytest.skip("installed before the lexer had an entry point: install the package again")
    assert type(get_lexer_by_name("sgscript")).__name__ == "SgsLexer"


def test_each_kind_of_token() -> None:
    text = 'var x = sqrt( 0x1F ) .. "a\\"b"; // note\nreturn o.print; M_PI'
    found = {value: kind for kind, value in kinds(text)}
    assert found["var"] is Keyword.Declaration
    assert found["return"] is Keyword
    assert found["x"] is Name
    assert found["sqrt"] is Name.Builtin
    assert found["M_PI"] is Name.Constant
    assert found["0x1F"] is Number
    assert found['"a\\"b"'] is String.Double
    assert found["// note"] is Comment.Single
    assert found["print"] is Name.Attribute


def test_no_word_is_forgotten_and_no_text_refused() -> None:
    for word in (*RESERVED, *COMMANDS):
        assert kinds(word)[0][0] in Keyword, word
    for name in vocabulary.functions():
        if name not in vocabulary.keywords():
            assert kinds(name)[0][0] is Name.Builtin, name
    text = "a <=> b ?? c $ d .. e; 5..x; '''raw\n''' @f(); 456p; x.=1; 1.5e-3f; 'open"
    assert Error not in [kind for kind, _ in kinds(text)]
    assert "".join(value for _, value in highlight.SgsLexer(ensurenl=False).get_tokens(text)) == text


def test_the_textmate_grammar_is_up_to_date() -> None:
    assert highlight.GRAMMAR.read_text() == highlight.grammar(), "run `python -m interp.highlight`"


def test_the_textmate_grammar_is_well_formed() -> None:
    for rule in json.loads(highlight.grammar())["patterns"]:
        for key in ("match", "begin", "end"):
            if key in rule:
                re.compile(rule[key])
