"""The parser's tables: made from sgscript.lark by Lark, kept as bytes by whoever offers a cache.

Lark is imported only when no cached entry fits. The table is the plain LALR(1) table of the grammar; parser.py walks it
itself, as that spares every start the import of Lark, and every unit reduction of the operator ladder a call.
"""

from __future__ import annotations

import marshal
import pathlib
import sys
import zlib
from collections.abc import Callable

_GRAMMAR = pathlib.Path(__file__).with_name("sgscript.lark")
_FORMAT = 1

Load = Callable[[str], "bytes | None"]
Store = Callable[[str, bytes], None]
Rule = tuple[int, str, "str | None"]


class Tables:
    """`rows[ state ][ symbol ]` is the next state, or `~rule` to reduce by `rules[ rule ]`.

    A rule is (number of parts, symbol made, method of the builder); a rule without a method hands its one part on.
    Symbols are token kinds, and rules of the grammar with a leading `@`. `ways` is the walk's: where reductions lead,
    by the row below them, the rule and the token's kind.
    """

    __slots__ = ("rows", "rules", "start", "ways")

    def __init__(self, rows: list[dict[str, int]], rules: list[Rule], start: int) -> None:
        self.rows = rows
        self.rules = rules
        self.start = start
        self.ways: dict[tuple[int, int, str], dict[str, int]] = {}


def parser_tables(load: Load | None = None, store: Store | None = None) -> Tables:
    """The tables, from the cache if it has them.

    `load( key )` gives bytes stored earlier or None, `store( key, data )` keeps them; a damaged or foreign entry is
    ignored and replaced. No errors of its own.
    """
    grammar = _GRAMMAR.read_bytes()
    # a Python version of its own: marshal promises nothing across versions
    key = f"syntax-{_FORMAT}-{sys.hexversion:x}-{zlib.crc32(grammar):08x}{len(grammar):x}"
    data = load(key) if load else None
    if data is not None:
        tables = _unpack(data)
        if tables is not None:
            return tables
    tables = _analyse(grammar.decode())
    if store:
        store(key, _pack(tables))
    return tables


def _pack(tables: Tables) -> bytes:
    # states that reduce alike have equal rows: shared ones make the entry a third of its size
    shared: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
    rows = [shared.setdefault(tuple(row.items()), row) for row in tables.rows]
    payload = marshal.dumps((rows, tables.rules, tables.start))
    return zlib.crc32(payload).to_bytes(4, "big") + payload


def _unpack(data: bytes) -> Tables | None:
    payload = data[4:]
    if len(data) < 8 or zlib.crc32(payload).to_bytes(4, "big") != data[:4]:
        return None
    try:
        rows, rules, start = marshal.loads(payload)
    except (EOFError, TypeError, ValueError):
        return None
    return Tables(rows, rules, start)


def _analyse(grammar: str) -> Tables:
    """Let Lark make the table, and rename its symbols to those of this package."""
    import io
    import pickle

    from lark import Lark

    # the lexer is never run; this one takes the least work to set up
    lark = Lark(grammar, parser="lalr", lexer="basic")
    kinds = {terminal.name: terminal.pattern.value for terminal in lark.terminals}
    saved = io.BytesIO()
    lark.save(saved)
    everything = pickle.loads(saved.getvalue())
    table, memo = everything["data"]["parser"]["parser"], everything["memo"]

    numbers: dict[int, int] = {}
    rules: list[Rule] = []
    state_numbers = {state: number for number, state in enumerate(table["states"])}

    def symbol(name: str) -> str:
        return name if name == "$END" else kinds.get(name, name if name.isupper() else "@" + name)

    def action(entry: tuple[int, object]) -> int:
        is_reduce, argument = entry
        if not is_reduce:
            return state_numbers[argument]
        reference = argument["@"]  # type: ignore[index]
        if reference not in numbers:
            numbers[reference] = len(rules)
            rules.append(_rule(memo[reference]))
        return ~numbers[reference]

    tokens = {number: symbol(name) for number, name in table["tokens"].items()}
    rows = [{tokens[token]: action(entry) for token, entry in row.items()} for row in table["states"].values()]
    # Lark stops when it comes to the end state; our walk also takes the closing token
    end = state_numbers[table["end_states"]["start"]]
    rows[end] = {"$END": end}
    return Tables(rows, rules, state_numbers[table["start_states"]["start"]])


def _rule(rule: dict[str, object]) -> Rule:
    """(number of parts, symbol, method); Lark's `?rule` with one part and no name hands that part on."""
    origin = rule["origin"]["name"]  # type: ignore[index]
    count = len(rule["expansion"])  # type: ignore[arg-type]
    name = rule["alias"]
    options = rule["options"]
    if name is None and not (count == 1 and options and options["expand1"]):  # type: ignore[index]
        name = origin
    return count, "@" + origin, name  # type: ignore[return-value]
