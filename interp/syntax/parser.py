"""Text in, tree out: a pushdown automaton that walks the tables of tables.py and calls the methods of build.py.

What is no correct program is decided by the tables alone; the words for it come from diagnose.py.
"""

from __future__ import annotations

from ..pace import look
from .build import Builder
from .lexer import END, Tokens, tokenize
from .messages import SyntaxMessage, SyntaxMessages
from .nodes import Function
from .resolve import resolve
from .tables import Load, Store, Tables, parser_tables

NESTING = 200

_tables: Tables | None = None


def prepare(load: Load | None = None, store: Store | None = None) -> None:
    """Have the tables ready, using a cache (see tables.parser_tables); without it the first parse makes them."""
    global _tables
    if _tables is None:
        _tables = parser_tables(load, store)


def parse(source: bytes, nesting: int = NESTING) -> Function:
    """The tree of `source`, names not resolved; raises SyntaxMessage (chapter 01 section 14, tokens and syntax)."""
    tokens = tokenize(source, nesting)
    prepare()
    assert _tables is not None
    unit = _run(_tables, tokens)
    if isinstance(unit, int):
        from .diagnose import diagnose

        raise diagnose(tokens, unit)
    return unit


def analyse(source: bytes, nesting: int = NESTING, keep: bool = False) -> Function:
    """The resolved tree of `source`.

    `nesting` bounds the brackets open at once, and eight times that the depth of the tree; `keep` makes the variables
    of the unit globals (see resolve.py). Raises SyntaxMessages with all texts, `[line N] ` prefixes included
    (chapter 01 section 14, chapter 02 section 9).
    """
    try:
        unit = parse(source, nesting)
    except SyntaxMessage as message:
        raise SyntaxMessages([message.text]) from None
    resolve(unit, nesting, keep)
    return unit


def _run(tables: Tables, tokens: Tokens) -> Function | int:
    """The unit, or the number of the token at which the tokens stop being a program."""
    rows, rules = tables.rows, tables.rules
    builder = Builder(tokens)
    methods = [getattr(builder, name) if name else None for _, _, name in rules]
    counts = [count for count, _, _ in rules]
    symbols = [symbol for _, symbol, _ in rules]
    states = [rows[tables.start]]
    values: list[object] = []
    for index, kind in enumerate(tokens.kinds):
        if not index & 255:
            look()
        while True:
            action = states[-1].get(kind)
            if action is None:
                return index
            if action >= 0:
                states.append(rows[action])
                values.append(index)
                break
            rule = ~action
            method = methods[rule]
            if method is None:
                states[-1] = rows[states[-2][symbols[rule]]]
                continue
            count = counts[rule]
            if count:
                value = method(*values[-count:])
                del values[-count:]
                del states[-count:]
            else:
                value = method()
            values.append(value)
            states.append(rows[states[-1][symbols[rule]]])
    assert tokens.kinds[-1] == END
    return values[0]  # type: ignore[return-value]
