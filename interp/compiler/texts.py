"""Questions about the text of loops and blocks: what it stores, calls and reads.

Rule of this file: an answer decides only which copies of a text are generated; every doubt is answered so that no copy
is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard

from ..syntax import nodes as n
from .types import NUMERIC, STR

LOOPS = frozenset((n.While, n.DoWhile, n.For, n.NumericFor, n.Foreach))

# what can run script code, or make a local mean another thing
CALLS = frozenset((
    n.Call, n.CompatCall, n.New, n.ThreadCall, n.Sync, n.MultiAssign, n.Command, n.ClassDecl, n.DeclTree, n.FuncExpr,
    n.FuncDecl, n.Foreach, n.Defer,
))  # fmt: skip

_MORE_THAN_LOCALS = CALLS | LOOPS | {n.MultiSet}

# texts with more nodes do not stand twice
_MAX_TWICE = 400


# What `walk` found, by its argument, until the unit is complete: several questions are asked of each loop.
_walked: dict[int, tuple[Any, list[Any]]] = {}


def forget_texts() -> None:
    """Drops what was kept about the trees of a unit."""
    _walked.clear()


def walk(text: Any) -> list[Any]:
    """All nodes of a text, without the bodies of functions in it."""
    known = _walked.get(id(text))
    if known is not None:
        return known[1]
    found: list[Any] = []
    pending = [text]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is list or kind is tuple:
            pending += node
        elif kind is n.Const or kind is n.Name:
            found.append(node)
        elif isinstance(node, n.Node) and kind is not n.Function:
            found.append(node)
            for slot in node.parts:
                pending.append(getattr(node, slot))
    if type(text) is not list:
        _walked[id(text)] = text, found
    return found


_STORES = frozenset((n.Assign, n.OpAssign, n.IncDec, n.VarDecl, n.MultiAssign, n.NumericFor, n.Foreach))


def stored_targets(node: Any) -> list[Any]:
    """What a node itself stores to, parentheses taken off."""
    targets: list[Any] = []
    if type(node) not in _STORES:
        return targets
    if isinstance(node, (n.Assign, n.OpAssign, n.IncDec)):
        targets = [node.target]
    elif type(node) is n.VarDecl:
        targets = [target for target, _ in node.items]
    elif type(node) is n.MultiAssign:
        targets = list(node.targets)
    elif type(node) is n.NumericFor:
        targets = [node.name]
    elif type(node) is n.Foreach:
        targets = [name for name in (node.key, node.value) if name is not None]
    for i, target in enumerate(targets):
        while type(target) is n.Paren and len(target.items) == 1:
            target = target.items[0]
        targets[i] = target
    return targets


def stored_names(node: Any) -> set[str]:
    """The variables that a node itself stores to."""
    if type(node) not in _STORES:
        return set()
    return {target.name for target in stored_targets(node) if type(target) is n.Name}


def is_local(node: Any) -> TypeGuard[n.Name]:
    """Whether an expression is a variable of its own function that no other function shares."""
    return type(node) is n.Name and node.storage == "local"


def calls_nothing(text: Any) -> bool:
    """Whether a text can run no script code by a call and change no array's size."""
    return not any(type(node) in CALLS for node in walk(text))


def indexed_locals(loop: Any) -> set[str]:
    """Locals that a loop indexes and never stores; none when the loop calls anything."""
    indexed: set[str] = set()
    stored: set[str] = set()
    for node in walk(loop):
        kind = type(node)
        if kind in CALLS:
            return set()
        if kind is n.Index and is_local(node.obj):
            indexed.add(node.obj.name)
        elif kind in _STORES:
            stored |= stored_names(node)
    return indexed - stored


def table_uses(nodes: Iterable[Any]) -> tuple[set[str], set[str]] | None:
    """Locals that a text (its nodes) uses as tables, `t[ k ]`, and their keys, when it calls nothing but `isset` and
    stores to neither; None when that is no gain.
    """
    tables: set[str] = set()
    keys: set[str] = set()
    stored: set[str] = set()
    uses = 0
    for node in nodes:
        pair: list[Any] = []
        kind = type(node)
        if kind is n.Call:
            if not calls_isset(node):
                return None
            pair = node.args
        elif kind in CALLS or kind in LOOPS:
            return None
        elif kind is n.Index:
            pair = [node.obj, node.key]
        elif kind in _STORES:
            stored |= stored_names(node)
        if pair:
            if not all(is_local(part) for part in pair):
                return None
            tables.add(pair[0].name)
            keys.add(pair[1].name)
            uses += 1
    if uses < 2 or (tables | keys) & stored or tables & keys:
        return None
    return tables, keys


def calls_isset(node: Any) -> bool:
    """`isset( a, b )`."""
    return (
        type(node) is n.Call
        and type(node.func) is n.Name
        and node.func.name == "isset"
        and node.func.storage == "global"
        and len(node.args) == 2
    )


def mentions_isset(text: Any) -> bool:
    return any(calls_isset(node) for node in walk(text))


def only_locals_stored(text: Any) -> bool:
    """Whether a text calls nothing, stores to plain variables alone and has no loop of its own."""
    for node in walk(text):
        if type(node) in _MORE_THAN_LOCALS:
            return False
        for target in stored_targets(node):
            if not is_local(target):
                return False
    return True


def read_at(text: Any, counter: str) -> set[str]:
    """Locals that a text reads as `local[ counter ]`."""
    return {
        node.obj.name
        for node in walk(text)
        if type(node) is n.Index and is_local(node.obj) and is_local(node.key) and node.key.name == counter
    }


def count_uses(text: Any, names: set[str]) -> int | None:
    """How often a text names some locals as operands; None when it stores to one of them or is too large to copy."""
    uses = 0
    for i, node in enumerate(walk(text)):
        if i > _MAX_TWICE or isinstance(node, (n.Defer, n.Sync)) or stored_names(node) & names:
            return None
        if type(node) is n.Binary:
            uses += sum(type(side) is n.Name and side.name in names for side in (node.left, node.right))
    return uses


# a light pass has at most so many nodes, and reads and writes of items, which may warn
_MAX_LIGHT = 40
_MAX_ITEMS = 4

_LIGHT = (
    n.Const, n.Name, n.Paren, n.Block, n.ExprStmt, n.If, n.IfExpr, n.Break, n.Continue, n.Return, n.Logic,
)  # fmt: skip


def is_light(text: Any, value_type: Any) -> bool:
    """Whether a loop's pass is short for any values, so that many of them need one look at the limits: no loops, calls,
    texts joined, compared or converted; a slow path may still warn or enter script code, which looks by itself.
    """
    items = 0
    for count, node in enumerate(walk(text)):
        if count >= _MAX_LIGHT:
            return False
        if type(node) is n.Index:
            items += 1
            if items > _MAX_ITEMS or not is_numeric(node.key, value_type):
                return False
        elif isinstance(node, (n.IncDec, n.OpAssign, n.Binary, n.Unary, n.Prop)):
            if not is_numeric(node, value_type):
                return False
        elif isinstance(node, (n.Assign, n.VarDecl)):
            if not all(isinstance(target, (n.Name, n.Index)) for target in stored_targets(node)):
                return False
        elif not isinstance(node, _LIGHT):
            return False
    return True


def is_numeric(node: Any, value_type: Any) -> bool:
    """Whether an expression's operands are numbers, by what is known of them."""
    while type(node) is n.Paren and len(node.items) == 1:
        node = node.items[0]
    if type(node) is n.Const:
        return type(node.value) in (int, float, bool)
    if type(node) is n.Binary:
        return is_numeric(node.left, value_type) and is_numeric(node.right, value_type)
    if type(node) is n.Unary:
        return node.op != "@" and is_numeric(node.operand, value_type)
    if type(node) is n.IncDec:
        return is_numeric(node.target, value_type)
    if type(node) is n.OpAssign:
        return node.op != "$" and is_numeric(node.target, value_type) and is_numeric(node.value, value_type)
    if type(node) is n.Index:
        # a byte of a string
        return bool(value_type(node.obj)[0] == STR) and is_numeric(node.key, value_type)
    return not value_type(node)[0] & ~NUMERIC


class Counting:
    """`for( … ; counter < limit; counter += step )`."""

    __slots__ = ("counter", "from_zero", "inclusive", "limit", "step", "sure")

    def __init__(self, counter: n.Name, limit: n.Node, step: n.Node, inclusive: bool, from_zero: bool) -> None:
        self.counter = counter
        self.limit = limit
        self.step = step
        self.inclusive = inclusive
        self.from_zero = from_zero
        self.sure = True  # whether the step is known to be positive


def counting_parts(node: n.For) -> Counting | None:
    """A loop's counter, limit and step when it has the form of a counting loop."""
    if len(node.test) != 1 or len(node.step) != 1:
        return None
    test: Any = node.test[0]
    step: Any = node.step[0]
    if not (type(test) is n.Binary and test.op in ("<", "<=") and type(test.left) is n.Name):
        return None
    counter = test.left
    if counter.storage != "local" or not isinstance(test.right, (n.Const, n.Name, n.Prop)):
        return None
    if type(test.right) is n.Prop and type(test.right.obj) is not n.Name:
        return None
    if not isinstance(step, (n.IncDec, n.OpAssign)) or type(step.target) is not n.Name:
        return None
    if step.target.name != counter.name:
        return None
    if isinstance(step, n.IncDec):
        by: Any = n.Const(step.line, 1) if step.op == "++" else None
    else:
        by = step.value if step.op == "+" else None
    if not isinstance(by, (n.Const, n.Name)) or (type(by) is n.Name and by.name == counter.name):
        return None
    first: Any = node.init[-1] if node.init else None
    if type(first) is n.VarDecl and first.items:
        target, value = first.items[-1]
        first = n.Assign(first.line, target, value) if value is not None else None
    from_zero = (
        type(first) is n.Assign
        and type(first.target) is n.Name
        and first.target.name == counter.name
        and type(first.value) is n.Const
        and type(first.value.value) is int
        and first.value.value == 0
    )
    return Counting(counter, test.right, by, test.op == "<=", from_zero)
