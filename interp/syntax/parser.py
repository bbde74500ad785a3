"""Text in, tree out: a pushdown automaton that walks the tables of tables.py and calls the methods of build.py.

What is no correct program is decided by the tables alone; the words for it come from diagnose.py.
"""

from __future__ import annotations

from ..pace import look
from .build import Builder
from .lexer import END, Tokens, tokenize
from .messages import SyntaxMessage, SyntaxMessages
from .nodes import DeclTree, FuncExpr, Function, Origin, Return
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
    return parse_tokens(tokenize(source, nesting))


def parse_tokens(tokens: Tokens) -> Function:
    """The same from tokens; what they say their lines are is what nodes and messages say."""
    unit = _tree(tokens)
    if isinstance(unit, int):
        from .diagnose import diagnose

        raise diagnose(tokens, unit)
    return unit


def _tree(tokens: Tokens) -> Function | int:
    prepare()
    assert _tables is not None
    return _run(_tables, tokens)


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


def analyse_function(source: bytes, origin: Origin, nesting: int = NESTING) -> Function:
    """The resolved tree of a unit that returns one function, made from that function's text alone.

    A function sees nothing of what surrounds it but the variables it lists in `use`, so its text is enough. The text is
    that of a `function`, for `<main>` a whole unit, or that of a `decltree`: its constructor is meant, and the unit
    holds the DeclTree. Raises SyntaxMessages; where the text is something else, `Unexpected end of code`.
    """
    if origin.name == "<main>":
        return analyse(source, nesting)
    try:
        tokens = tokenize(source, nesting)
    except SyntaxMessage as message:
        raise SyntaxMessages([message.text]) from None
    kinds = tokens.kinds
    is_tree = kinds[0] == "decltree"
    if not is_tree:
        if kinds[0] != "function" or "(" not in kinds:
            raise _no_function()
        start = kinds.index("(")  # the name goes: `function o.m( ) …` stands in no expression
        for part, begin, end in (
            (kinds, ["return", "function"], [";", END]),
            (tokens.values, [None, None], [None, None]),
            (tokens.lines, tokens.lines[:1] * 2, tokens.lines[-1:] * 2),
            (tokens.starts, tokens.starts[:1] * 2, tokens.starts[-1:] * 2),
        ):
            part[:] = [*begin, *part[start:-1], *end]
    shift = origin.line - tokens.lines[is_tree]  # the line of a tree's constructor is that of the tree's name
    tokens.lines[:] = [line + shift for line in tokens.lines]
    unit = _tree(tokens)
    if isinstance(unit, int) or len(unit.body) != 1:
        raise _no_function()
    statement = unit.body[0]
    function: Function
    if isinstance(statement, DeclTree):
        function = statement.constructor
    elif isinstance(statement, Return) and len(statement.exprs) == 1 and isinstance(statement.exprs[0], FuncExpr):
        function = statement.exprs[0].function
    else:
        raise _no_function()
    function.name = origin.name or None
    resolve(unit, nesting, [name for name in function.uses or () if name not in origin.captured])
    return unit


def _no_function() -> SyntaxMessages:
    return SyntaxMessages(["Unexpected end of code"])


def _run(tables: Tables, tokens: Tokens) -> Function | int:
    """The unit, or the number of the token at which the tokens stop being a program."""
    rows, rules, ways = tables.rows, tables.rules, tables.ways
    builder = Builder(tokens)
    methods = [getattr(builder, name) if name and name != "same" else None for _, _, name in rules]
    counts = [count for count, _, _ in rules]
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
            count = counts[rule]
            if count == 1:
                if method is not None:
                    values[-1] = method(values[-1])
                states.pop()
            elif count:
                assert method is not None
                values[-count:] = (method(*values[-count:]),)
                del states[-count:]
            else:
                assert method is not None
                values.append(method())
            below = states[-1]
            way = (id(below), rule, kind)
            row = ways.get(way)
            if row is None:
                row = ways[way] = _goes_to(tables, below, rule, kind)
            states.append(row)
    assert tokens.kinds[-1] == END
    return values[0]  # type: ignore[return-value]


def _goes_to(tables: Tables, below: dict[str, int], rule: int, kind: str) -> dict[str, int]:
    """The state behind a reduction, and behind those of one part without a method that follow before a token."""
    rows, rules = tables.rows, tables.rules
    while True:
        row = rows[below[rules[rule][1]]]
        action = row.get(kind)
        if action is None or action >= 0 or rules[~action][2] is not None:
            return row
        rule = ~action
