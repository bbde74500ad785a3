"""Type and range inference over one function: what its locals can hold.

Rules of this file:
* whatever is not proved is `ANY`; a wrong answer here is a wrong result of the script;
* a variable has one answer for the whole function: the join of all that is assigned to it, with null where it may be
  read before it is assigned;
* a counter that only moves by small constant steps is taken never to reach 2^61: that would take centuries.
Guesses (what a parameter probably is, what a property probably holds) are kept apart: code that uses them tests first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..pace import look
from ..syntax import nodes as n
from .types import (
    ANY,
    ARRAY,
    BOOL,
    FUNC,
    INT,
    INT_MAX,
    INT_MIN,
    NULL,
    NUMERIC,
    OTHER,
    REAL,
    STR,
    const_mask,
    int_range,
)

BIG = 1 << 61
SMALL_STEP = 1024

Type = tuple[int, int, int]
ANYTHING: Type = (ANY, INT_MIN, INT_MAX)
NOTHING: Type = (0, INT_MAX, INT_MIN)


class Types:
    """The result: `variables` maps a local to (mask, lo, hi); `assigned_first` needs no initial null."""

    def __init__(self) -> None:
        self.variables: dict[str, Type] = {}
        self.assigned_first: set[str] = set()


class _Operand:
    """A range as `int_range` wants it."""

    __slots__ = ("hi", "lo")

    def __init__(self, kind: Type) -> None:
        _, self.lo, self.hi = kind


def full(mask: int) -> Type:
    """A type whose ints can be any."""
    return mask, INT_MIN, INT_MAX


def join(a: Type, b: Type) -> Type:
    """The smallest type that holds both; a range is only kept by ints."""
    if not a[0]:
        return b
    if not b[0]:
        return a
    a_lo, a_hi = (a[1], a[2]) if a[0] & INT else (INT_MAX, INT_MIN)
    b_lo, b_hi = (b[1], b[2]) if b[0] & INT else (INT_MAX, INT_MIN)
    lo, hi = min(a_lo, b_lo), max(a_hi, b_hi)
    if lo > hi:
        lo, hi = INT_MIN, INT_MAX
    return a[0] | b[0], lo, hi


def infer(function: n.Function, params: dict[str, Type] | None = None) -> Types:
    """The types of a resolved function's locals; `params` gives types of parameters that were tested at entry."""
    return _Inference(function, params or {}).run()


def _is_left_early(body: Any) -> bool:
    """Whether a loop's body may end before its text does."""
    pending = [body]
    while pending:
        node = pending.pop()
        if isinstance(node, (n.Break, n.Continue)):
            return True
        if isinstance(node, list):
            pending.extend(node)
        elif type(node) is n.If:
            pending += (node.then, node.other)
        elif isinstance(node, (n.Block, n.While, n.DoWhile, n.For, n.NumericFor, n.Foreach, n.Defer)):
            pending.append(node.body)
    return False


class _Inference:
    def __init__(self, function: n.Function, params: dict[str, Type]) -> None:
        self.function = function
        self.env: dict[str, Type] = dict.fromkeys(function.locals, NOTHING)
        for param in function.params:
            self.env[param] = params.get(param, ANYTHING)
        self.unassigned: set[str] = set()
        self.assigned: set[str] = set()
        self.bounds: dict[str, int] = {}
        self.changed = False  # whether a variable became wider after this round had read it
        self.seen: set[str] = set()  # what this round has read
        self.round = 0

    def run(self) -> Types:
        types = Types()
        if all(kind is ANYTHING for kind in self.env.values()):
            # parameters alone, which no text makes narrower
            types.variables = self.env
            types.assigned_first = set(self.env)
            return types
        for self.round in range(12):
            self.changed = False
            self.seen.clear()
            self.assigned = set(self.function.params)
            self.body(self.function.body)
            if not self.changed:
                break
        else:
            # no fixpoint in time: nothing is known
            self.env = dict.fromkeys(self.env, ANYTHING)
        for name, kind in self.env.items():
            types.variables[name] = kind if kind[0] else full(NULL)
        types.assigned_first = {name for name in self.env if name not in self.unassigned}
        return types

    # --- variables ---------------------------------------------------------------------------------------------------

    def set(self, target: n.Node, kind: Type) -> None:
        if not (type(target) is n.Name and target.storage == "local"):
            if type(target) is not n.Name:
                self.parts(target)
            return
        name = target.name
        self.bounds.pop(name, None)
        old = self.env.get(name, ANYTHING)
        new = join(old, kind)
        if self.round >= 3 and new != old and old[0]:
            # widening: what still moves goes to its bound
            lo = new[1] if new[1] >= old[1] else INT_MIN
            hi = new[2] if new[2] <= old[2] else (BIG if new[2] <= BIG else INT_MAX)
            new = (new[0], lo, hi)
        if new != old:
            self.env[name] = new
            if name in self.seen:
                self.changed = True
        self.assigned.add(name)

    def read(self, name: str) -> Type:
        if name not in self.assigned and name not in self.unassigned:
            self.unassigned.add(name)
            self.env[name] = join(self.env.get(name, ANYTHING), full(NULL))
            if name in self.seen:
                self.changed = True
        self.seen.add(name)
        kind = self.env.get(name, ANYTHING)
        if name in self.bounds and kind[0] == INT:
            return INT, min(kind[1], self.bounds[name]), min(kind[2], self.bounds[name])
        return kind

    def parts(self, target: n.Node) -> None:
        if isinstance(target, (n.Prop, n.Index)):
            self.expr(target.obj)
            self.expr(target.key)
        elif type(target) is n.Paren:
            for item in target.items:
                self.set(item, ANYTHING)

    def apart(self, *branches: Any) -> None:
        """Runs alternatives; assigned behind them is what every one that gets there assigns."""
        before = self.assigned
        ends: list[set[str]] = []
        for branch in branches:
            self.assigned = set(before)
            leaves = False
            if branch is not None:
                leaves = self.statement(branch)
            if not leaves:
                ends.append(self.assigned)
        self.assigned = set.intersection(*ends) if ends else set(before) | set(self.env)

    # --- statements ---------------------------------------------------------------------------------------------------

    def body(self, body: list[n.Node]) -> bool:
        """Whether the end is certainly not reached."""
        leaves = False
        for node in body:
            leaves = self.statement(node) or leaves
        return leaves

    def statement(self, node: Any) -> bool:
        look()
        kind = type(node)
        if kind is n.ExprStmt:
            for item in node.exprs:
                self.expr(item)
        elif kind is n.Block:
            return self.body(node.body)
        elif kind is n.If:
            self.expr(node.cond)
            self.apart(node.then, node.other)
        elif kind is n.While:
            self.expr(node.cond)
            self.bounded(node.cond, [node.body])
            self.loop(node.body)
            self.bounds.clear()
        elif kind is n.DoWhile:
            before = set(self.assigned)
            self.statement(node.body)
            if _is_left_early(node.body):
                self.assigned = before
            self.expr(node.cond)
        elif kind is n.For:
            for item in node.init:
                self.expr(item)
            for item in node.test:
                self.expr(item)
            before = set(self.assigned)
            if node.test:
                self.bounded(node.test[-1], [node.body, *node.step])
            self.statement(node.body)
            self.assigned = set(before)
            for item in node.step:
                self.expr(item)
            self.assigned = before
            self.bounds.clear()
        elif kind is n.NumericFor:
            args = [self.expr(item) for item in node.args]
            self.numeric_for(node, args)
        elif kind is n.Foreach:
            for item in node.sources:
                self.expr(item)
            before = set(self.assigned)
            for name in (node.key, node.value):
                if name is not None:
                    self.set(name, ANYTHING)
            self.statement(node.body)
            self.assigned = before
        elif kind is n.Return:
            for item in node.exprs:
                self.expr(item)
            return True
        elif kind is n.Break or kind is n.Continue:
            return True
        elif kind is n.VarDecl:
            self.expr(node)
        elif kind is n.Command:
            self.name(node.name)
            for item in node.args:
                self.expr(item)
        elif kind is n.FuncDecl:
            if type(node.target) is n.Name:
                self.set(node.target, full(FUNC))
            else:
                self.parts(node.target)
        elif kind is n.Defer:
            before = set(self.assigned)
            self.statement(node.body)
            self.assigned = before
        elif kind is n.ClassDecl:
            for member in node.members:
                if member.value is not None and not member.is_function:
                    self.expr(member.value)
        return False

    def bounded(self, cond: Any, texts: list[Any]) -> None:
        """Takes over what a loop's condition says of a counter."""
        found = loop_bound(cond, texts, self.expr)
        if found is not None:
            self.bounds[found[0]] = found[1]

    def loop(self, body: n.Node) -> None:
        before = set(self.assigned)
        self.statement(body)
        self.assigned = before

    def numeric_for(self, node: n.NumericFor, args: list[Type]) -> None:
        kind: Type = full(REAL)
        if not node.is_real:
            start = (INT, 0, 0) if len(args) == 1 else args[0]
            end = args[0] if len(args) == 1 else args[1]
            steps_up = len(args) < 3 or (args[2][0] == INT and args[2][1] >= 0 and args[2][2] <= SMALL_STEP)
            if steps_up and not (start[0] | end[0]) & ~INT:
                # the counter ends at most one step behind the end
                kind = (INT, start[1], min(INT_MAX, max(start[2], end[2] + SMALL_STEP)))
            else:
                kind = full(INT)
        self.set(node.name, kind)
        self.loop(node.body)

    # --- expressions --------------------------------------------------------------------------------------------------

    def name(self, node: n.Name) -> Type:
        if node.storage == "local":
            return self.read(node.name)
        return ANYTHING

    def expr(self, node: Any) -> Type:
        kind = type(node)
        if kind is n.Const:
            value = node.value
            return (INT, value, value) if type(value) is int else full(const_mask(value))
        if kind is n.Name:
            return self.read(node.name) if node.storage == "local" else ANYTHING
        handler = _EXPRESSIONS.get(kind)
        return ANYTHING if handler is None else handler(self, node)

    def several(self, items: Any) -> Type:
        """The type of the last of some expressions."""
        result = ANYTHING
        for item in items:
            result = self.expr(item)
        return result

    def paren(self, node: n.Paren) -> Type:
        return self.several(node.items)

    def binary(self, node: n.Binary) -> Type:
        left, right = self.expr(node.left), self.expr(node.right)
        return binary_type(node.op, left, right, node)

    def assign(self, node: n.Assign) -> Type:
        return self.assigning(node.target, node.value)

    def assigning(self, target: n.Node, value: n.Node) -> Type:
        result = self.expr(value)
        if type(target) is n.Name:
            if self.counts(target, value):
                result = self.stepped(target.name, value)
            self.set(target, result)
        else:
            self.parts(target)
        return result

    def logic(self, node: n.Logic) -> Type:
        left = self.expr(node.left)
        before = set(self.assigned)
        right = self.expr(node.right)
        self.assigned = before
        return join(left, right)

    def if_expr(self, node: n.IfExpr) -> Type:
        self.expr(node.cond)
        before = set(self.assigned)
        then = self.expr(node.then)
        self.assigned = set(before)
        other = self.expr(node.other)
        self.assigned = before
        return join(then, other)

    def unary(self, node: n.Unary) -> Type:
        return unary_type(node, self.expr(node.operand))

    def concat(self, node: n.Concat) -> Type:
        self.several(node.items)
        return full(STR)

    def var_decl(self, node: n.VarDecl) -> Type:
        for target, value in node.items:
            if value is not None:
                self.assigning(target, value)
        return full(NULL)

    def prop(self, node: n.Prop) -> Type:
        obj = self.expr(node.obj)
        key = node.key
        if type(key) is n.Const:
            if (obj[0] == STR and key.value == b"length") or (obj[0] == ARRAY and key.value == b"size"):
                return INT, 0, 1 << 48
        else:
            self.expr(key)
        return ANYTHING

    def index(self, node: n.Index) -> Type:
        obj = self.expr(node.obj)
        self.expr(node.key)
        return (INT | NULL, 0, 255) if obj[0] == STR else ANYTHING

    def call(self, node: n.Call) -> Type:
        self.expr(node.func)
        self.several(node.args)
        return ANYTHING

    def array(self, node: n.ArrayLit) -> Type:
        self.several(node.items)
        return full(ARRAY)

    def entries(self, entries: Any) -> None:
        for entry in entries:
            self.expr(entry.key)
            self.expr(entry.value)

    def dictionary(self, node: n.DictLit) -> Type:
        self.entries(node.entries)
        return full(OTHER)

    def compat_call(self, node: n.CompatCall) -> Type:
        self.several((node.this, node.func, *node.args))
        return ANYTHING

    def new(self, node: n.New) -> Type:
        self.several((node.func, *node.args))
        return ANYTHING

    def thread_call(self, node: n.ThreadCall) -> Type:
        self.expr(node.call)
        return ANYTHING

    def sync(self, node: n.Sync) -> Type:
        self.several(node.args)  # evaluated again and again
        return full(BOOL)

    def multi_assign(self, node: n.MultiAssign) -> Type:
        self.expr(node.call)
        for target in node.targets:
            self.set(target, ANYTHING)
        return ANYTHING

    def multi_set(self, node: n.MultiSet) -> Type:
        result = self.expr(node.obj)
        self.entries(node.entries)
        return result

    def func_expr(self, node: n.FuncExpr) -> Type:
        return full(FUNC)

    def counts(self, target: n.Name, value: Any) -> bool:
        """`x = x + 1` and the like."""
        return (
            type(value) is n.Binary
            and value.op in ("+", "-")
            and type(value.left) is n.Name
            and value.left.name == target.name
            and target.storage == "local"
            and is_small_step(value.right)
            and self.env.get(target.name, ANYTHING)[0] == INT
        )

    def stepped(self, name: str, value: Any) -> Type:
        step = value.right.value if value.op == "+" else -value.right.value
        return self.moved(name, self.env[name], step)

    def moved(self, name: str, old: Type, step: int) -> Type:
        """The range of a counter that is moved in its place: at once as far as it comes by doing so again and again."""
        bound = self.bounds.get(name)
        if step > 0 and old[2] <= BIG:
            old = INT, old[1], BIG if bound is None else max(old[2], min(bound, BIG))
        elif step < 0 and old[1] >= -BIG:
            old = INT, -BIG, old[2]
        return step_range(old, step)

    def op_assign(self, node: n.OpAssign) -> Type:
        target = node.target
        if type(target) is not n.Name:
            self.parts(target)
            self.expr(node.value)
            return ANYTHING
        old = self.name(target)
        if node.op in ("&&", "||", "??"):
            before = set(self.assigned)
            right = self.expr(node.value)
            self.assigned = before
            result = join(old, right)
        elif node.op == "$":
            self.expr(node.value)
            result = full(STR)
        elif node.op in ("+", "-") and is_small_step(node.value) and old[0] == INT and target.storage == "local":
            constant: Any = node.value
            step = constant.value if node.op == "+" else -constant.value
            result = self.moved(target.name, old, step)
        else:
            result = binary_type(node.op, old, self.expr(node.value), node)
        self.set(target, result)
        return result if target.storage == "local" else ANYTHING

    def inc_dec(self, node: n.IncDec) -> Type:
        target = node.target
        while type(target) is n.Paren and len(target.items) == 1:
            target = target.items[0]
        if type(target) is not n.Name:
            self.parts(target)
            return full(INT | REAL | NULL) if node.is_prefix else ANYTHING
        old = self.name(target)
        step = 1 if node.op == "++" else -1
        if old[0] == INT:
            new = self.moved(target.name, old, step) if target.storage == "local" else step_range(old, step)
        elif old[0] == REAL:
            new = old
        elif old[0] and not old[0] & ~(INT | REAL):
            new = full(INT | REAL)
        else:
            new = full(INT | REAL | NULL) if old[0] else NOTHING
        self.set(target, new)
        return new if node.is_prefix else old


_EXPRESSIONS: dict[type, Callable[[_Inference, Any], Type]] = {
    n.Paren: _Inference.paren,
    n.Binary: _Inference.binary,
    n.Assign: _Inference.assign,
    n.OpAssign: _Inference.op_assign,
    n.IncDec: _Inference.inc_dec,
    n.Logic: _Inference.logic,
    n.IfExpr: _Inference.if_expr,
    n.Unary: _Inference.unary,
    n.Concat: _Inference.concat,
    n.VarDecl: _Inference.var_decl,
    n.Prop: _Inference.prop,
    n.Index: _Inference.index,
    n.Call: _Inference.call,
    n.ArrayLit: _Inference.array,
    n.DictLit: _Inference.dictionary,
    n.CompatCall: _Inference.compat_call,
    n.New: _Inference.new,
    n.ThreadCall: _Inference.thread_call,
    n.Sync: _Inference.sync,
    n.MultiAssign: _Inference.multi_assign,
    n.MultiSet: _Inference.multi_set,
    n.FuncExpr: _Inference.func_expr,
}


def as_int(kind: Type) -> Type:
    """The ints that a null, bool or int counts as in arithmetic."""
    mask, lo, hi = kind
    if not mask & INT:
        lo, hi = 0, 0
    if mask & NULL:
        lo, hi = min(lo, 0), max(hi, 0)
    if mask & BOOL:
        lo, hi = min(lo, 0), max(hi, 1)
    return INT, lo, hi


def loop_bound(cond: Any, texts: list[Any], type_of: Any) -> tuple[str, int] | None:
    """A counter and the most it can be at the start of a pass, from a condition `i < limit`.

    The bound holds until the counter is next stored; it is no use when that may happen in an inner loop.
    """
    while type(cond) is n.Logic and cond.op == "&&":
        cond = cond.left
    if not (type(cond) is n.Binary and cond.op in ("<", "<=") and type(cond.left) is n.Name):
        return None
    name = cond.left
    if name.storage != "local" or not isinstance(cond.right, (n.Const, n.Name, n.Prop)):
        return None
    mask, _, hi = type_of(cond.right)
    if mask != INT or hi > 4 * BIG or any(stores_in_loop(text, name.name, False) for text in texts):
        return None
    return name.name, hi


# What `inner_stores` found, by its arguments, until the unit is complete: each copy of a loop asks anew.
_found: dict[tuple[int, bool], tuple[Any, set[str]]] = {}


def forget_loops() -> None:
    """Drops what was kept about the trees of a unit."""
    _found.clear()


def stores_in_loop(text: Any, name: str, inside: bool) -> bool:
    """Whether a variable is stored within an inner loop (or a deferred or repeated text) of a statement."""
    known = _found.get((id(text), inside))
    if known is None:
        known = _found[id(text), inside] = text, _inner_stores(text, inside)
    return name in known[1]


_REPEATED = frozenset((n.While, n.DoWhile, n.For, n.NumericFor, n.Foreach, n.Defer, n.Sync))


def _inner_stores(text: Any, inside: bool) -> set[str]:
    stored: set[str] = set()
    pending: list[tuple[Any, bool]] = [(text, inside)]
    while pending:
        node, inside = pending.pop()
        kind = type(node)
        if kind is list or kind is tuple:
            pending += [(item, inside) for item in node]
            continue
        if kind is n.Name or kind is n.Const or not isinstance(node, n.Node) or kind is n.Function:
            continue
        if kind is n.Assign or kind is n.OpAssign or kind is n.IncDec:
            target = node.target  # type: ignore[attr-defined]
            while type(target) is n.Paren and len(target.items) == 1:
                target = target.items[0]
            if inside and type(target) is n.Name:
                stored.add(target.name)
        elif type(node) is n.VarDecl:
            if inside:
                stored.update(item.name for item, value in node.items if value is not None)
        elif type(node) is n.MultiAssign:
            stored.update(item.name for item in node.targets if type(item) is n.Name)
        elif type(node) is n.NumericFor:
            stored.add(node.name.name)
        elif type(node) is n.Foreach:
            stored.update(item.name for item in (node.key, node.value) if item is not None)
        if node.parts:
            inner = inside or kind in _REPEATED
            pending += [(getattr(node, slot), inner) for slot in node.parts]
    return stored


def is_small_step(node: Any) -> bool:
    return type(node) is n.Const and type(node.value) is int and abs(node.value) <= SMALL_STEP


def step_range(old: Type, step: int) -> Type:
    """The range of a counter that moved by a small constant."""
    _, lo, hi = old
    if hi > BIG or lo < -BIG:
        lo, hi = lo + step, hi + step
        return (INT, lo, hi) if lo >= INT_MIN and hi <= INT_MAX else full(INT)
    return INT, max(min(lo, lo + step), -BIG), min(max(hi, hi + step), BIG)


def unary_type(node: n.Unary, operand: Type) -> Type:
    """The type of `- + ~ ! @`."""
    mask, lo, hi = operand
    if node.op == "!":
        return full(BOOL)
    if node.op in ("+", "@"):
        return full(mask | NULL) if node.op == "@" and mask else operand
    if node.op == "~":
        return (INT, ~hi, ~lo) if mask == INT else full(INT)
    if mask == INT:
        return (INT, -hi, -lo) if lo > INT_MIN else full(INT)
    if mask == REAL:
        return full(REAL)
    if mask and not mask & ~NUMERIC:
        return full((mask & ~BOOL) | INT)
    return ANYTHING if mask else NOTHING


def binary_type(op: str, left: Type, right: Type, node: Any = None) -> Type:
    """The type of `left op right`."""
    if op in ("==", "!=", "===", "!==", "<", "<=", ">", ">="):
        return full(BOOL)
    if op == "<=>":
        return INT, -1, 1
    a, b = left[0], right[0]
    if not a or not b:
        return NOTHING
    both = a | b
    if op in ("&", "|", "^", "<<", ">>"):
        return bit_type(op, left, right)
    if both & (OTHER | ARRAY | FUNC):
        return ANYTHING
    if op in ("+", "-", "*"):
        if a == REAL or b == REAL:
            return full(REAL)
        if not both & ~(INT | BOOL | NULL):
            lo, hi = int_range(op, _Operand(as_int(left)), _Operand(as_int(right)))
            return (INT, lo, hi) if lo >= INT_MIN and hi <= INT_MAX else full(INT)
        if both & STR and not both & (INT | BOOL | NULL):
            return full(REAL)
        return full(INT | REAL)
    if op == "/":
        value = getattr(getattr(node, "right", None) or getattr(node, "value", None), "value", None)
        sure = type(value) in (int, float) and value
        return full(REAL) if sure else full(REAL | NULL)
    if both == INT and right[1] > 0:
        bound = right[2] - 1
        return (INT, 0, min(left[2], bound)) if left[1] >= 0 else (INT, -bound, bound)
    return full(INT | REAL | NULL)


def bit_type(op: str, left: Type, right: Type) -> Type:
    """The type of a bit operation: always an int, its range from masks and constants."""
    if op == "&":
        his = [side[2] for side in (left, right) if side[0] == INT and side[1] >= 0]
        if his:
            return INT, 0, min(his)
    if left[0] == INT and right[0] == INT:
        if op in ("|", "^") and left[1] >= 0 and right[1] >= 0:
            return INT, 0, (1 << max(left[2].bit_length(), right[2].bit_length())) - 1
        if op == ">>" and right[1] == right[2]:
            count = right[1] & 63
            return INT, left[1] >> count, left[2] >> count
        if op == "<<" and right[1] == right[2]:
            count = right[1] & 63
            lo, hi = left[1] << count, left[2] << count
            if lo >= INT_MIN and hi <= INT_MAX:
                return INT, lo, hi
    return full(INT)
