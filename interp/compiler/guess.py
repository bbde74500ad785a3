"""Guesses: what a parameter or a property probably holds, from how the text uses it.

Rule of this file: a guess decides only which code is tried first; the code tests it, and is right without it.
"""

from __future__ import annotations

from typing import Any

from ..syntax import nodes as n
from .infer import ANYTHING, BIG, Type, Types, full
from .types import ANY, ARRAY, INT, REAL, STR, const_mask

_ORDER = frozenset(("<", "<=", ">", ">="))
_ARITHMETIC = frozenset(("+", "-", "*", "/"))
_INTEGER = frozenset(("%", "&", "|", "^", "<<", ">>"))
_MAX_NODES = 1500


class Hints:
    """What the whole unit tells: constant arguments of direct calls, properties of literals."""

    def __init__(self, unit: n.Function) -> None:
        self.arguments: dict[str, list[int]] = {}
        self.properties: dict[bytes, int] = {}
        self.entries: set[Any] = set()  # keys of entries that something else than a class gets
        functions = [unit]
        while functions:
            for node in n.own_nodes(functions.pop()):
                kind = type(node)
                if kind is n.FuncExpr or kind is n.FuncDecl:
                    functions.append(node.function)
                elif kind is n.Call and type(node.func) is n.Name:
                    self._call(node.func.name, node.args)
                elif kind is n.DictLit:
                    for entry in node.entries:
                        self._property(entry.key, entry.value)
                elif kind is n.Assign and type(node.target) is n.Prop:
                    self._property(node.target.key, node.value)
                elif kind is n.FuncDecl and type(node.target) is n.Prop:
                    self._entry(node.target.key)
                elif kind is n.MultiSet:
                    for entry in node.entries:
                        self._entry(entry.key)

    def _call(self, name: str, args: list[Any]) -> None:
        masks = self.arguments.setdefault(name, [])
        masks += [0] * (len(args) - len(masks))
        for i, arg in enumerate(args):
            masks[i] |= literal_mask(arg)

    def _entry(self, key: Any) -> None:
        if type(key) is n.Const:
            self.entries.add(key.value)

    def _property(self, key: Any, value: Any) -> None:
        self._entry(key)
        if type(key) is n.Const and type(key.value) is bytes:
            self.properties[key.value] = self.properties.get(key.value, 0) | literal_mask(value)


def literal_mask(node: Any) -> int:
    """The type of a literal, 0 for what tells nothing."""
    if type(node) is n.Unary and node.op == "-":
        return literal_mask(node.operand)
    return const_mask(node.value) if type(node) is n.Const else 0


def guess_params(function: n.Function, types: Types, hints: Hints) -> dict[str, Type]:
    """Parameters that are probably ints, reals, strings or arrays all the time: worth a test at entry."""
    if not function.params:
        return {}
    votes: dict[str, int] = dict.fromkeys(function.params, 0)
    counter = _Votes(votes, types)
    counter.look(n.own_nodes(function))
    if counter.nodes > _MAX_NODES or not counter.loops:
        return {}  # without a loop the test costs what it saves
    literals = hints.arguments.get(function.name or "", [])
    guesses: dict[str, Type] = {}
    for i, param in enumerate(function.params):
        if param in function.cells:
            continue
        mask = literals[i] if i < len(literals) and literals[i] in (INT, REAL, STR) else 0
        mask = mask or votes[param]
        if mask == STR | ARRAY:
            mask = STR  # with a length, and indexed
        if mask in (INT, REAL, STR, ARRAY) and votes[param] | mask == mask | (votes[param] & mask):
            guesses[param] = (mask, -BIG, BIG) if mask == INT else full(mask)
    return guesses


class _Votes:
    """Counts for each parameter the kinds its uses suggest."""

    def __init__(self, votes: dict[str, int], types: Types) -> None:
        self.votes = votes
        self.types = types
        self.nodes = 0
        self.loops = 0

    def mask(self, node: Any) -> int:
        if type(node) is n.Name and node.storage == "local":
            mask = self.types.variables.get(node.name, ANYTHING)[0]
            return mask if mask != ANY else 0
        return literal_mask(node)

    def vote(self, node: Any, mask: int) -> None:
        if type(node) is n.Name and node.storage == "local" and node.name in self.votes:
            self.votes[node.name] |= mask

    def look(self, nodes: list[Any]) -> None:
        """Takes the votes of a text's nodes."""
        self.nodes = len(nodes)
        for node in nodes:
            if type(node) is not n.Name and type(node) is not n.Const:
                self.one(node)

    def one(self, node: Any) -> None:
        if isinstance(node, (n.While, n.DoWhile, n.For, n.NumericFor, n.Foreach)):
            self.loops += 1
        if isinstance(node, (n.Binary, n.OpAssign)):
            left, right = (node.left, node.right) if isinstance(node, n.Binary) else (node.target, node.value)
            if node.op in _ORDER or node.op in _ARITHMETIC:
                self.pair(left, right)
                self.pair(right, left)
            elif node.op in _INTEGER:
                self.vote(left, INT)
                self.vote(right, INT)
        elif type(node) is n.Prop:
            if type(node.key) is n.Const and node.key.value in (b"length", b"size"):
                self.vote(node.obj, STR if node.key.value == b"length" else ARRAY)
        elif type(node) is n.Index:
            self.vote(node.key, INT)
            # a text may be indexed, too, but its items may not
            if type(node.obj) is n.Index and self.mask(node.obj.key) == INT:
                self.vote(node.obj.obj, ARRAY)
        elif type(node) is n.IncDec:
            self.vote(node.target, INT)
        elif type(node) is n.NumericFor and not node.is_real:
            for arg in node.args:
                self.vote(arg, INT)

    def pair(self, side: Any, other: Any) -> None:
        mask = self.mask(other)
        if mask in (INT, REAL):
            self.vote(side, mask)


def guess_reals(function: n.Function, hints: Hints) -> set[str]:
    """Locals that probably hold reals: assigned only from divisions, real literals and properties, or each other."""
    found: set[str] = set()
    sources: dict[str, list[Any]] = {}
    _assignments(n.own_nodes(function), sources)
    changed = True
    while changed:
        changed = False
        for name, values in sources.items():
            if name in found or not any(is_realish(value, found, hints) for value in values):
                continue
            if all(is_realish(value, found | {name}, hints) for value in values):
                found.add(name)
                changed = True
    return found


def _assignments(nodes: list[Any], sources: dict[str, list[Any]]) -> None:
    for node in nodes:
        kind = type(node)
        if kind is n.Assign and type(node.target) is n.Name:
            sources.setdefault(node.target.name, []).append(node.value)
        elif kind is n.OpAssign and type(node.target) is n.Name:
            sources.setdefault(node.target.name, []).append(n.Binary(node.line, node.op, node.target, node.value))
        elif kind is n.VarDecl:
            for target, value in node.items:
                if value is not None:
                    sources.setdefault(target.name, []).append(value)


def is_realish(node: Any, found: set[str], hints: Hints) -> bool:
    """Whether an expression is probably a real, given the locals that are."""
    if type(node) is n.Const:
        return type(node.value) is float
    if type(node) is n.Name:
        return node.name in found
    if type(node) is n.Paren:
        return is_realish(node.items[-1], found, hints)
    if type(node) is n.Unary:
        return node.op == "-" and is_realish(node.operand, found, hints)
    if type(node) is n.Prop:
        return type(node.key) is n.Const and hints.properties.get(node.key.value) == REAL
    if type(node) is n.Binary:
        if node.op == "/":
            return True
        return node.op in _ARITHMETIC and (is_realish(node.left, found, hints) or is_realish(node.right, found, hints))
    return type(node) is n.Call and type(node.func) is n.Name and node.func.name in ("sqrt", "sin", "cos")
