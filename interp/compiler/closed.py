"""Closed copies of recursive functions: Python expressions without a check for what cannot happen.

A function is closed when its text only computes: ints, reals, strings and new arrays, reads of arrays, calls of
itself. While it runs nothing can notice it or change what it reads, so its copy may give up at any point by raising
anything of `$BailErrors`, and the general code computes the call again from the start.

Rules of this file:
* a copy has no effects, emits no messages, and calls nothing but itself and helpers without effects;
* what is known of a variable follows the flow of the text: a test narrows it until it is stored again;
* a result that is only added up stays as large as it gets, as the wrap at the very end is the same; arguments that
  move by small steps never reach the bounds, whatever the depth of the recursion: neither is checked on the way;
* what the types leave open is tested where it is used (`$bail` raises), and a copy that bailed out once is given up:
  its variable becomes None (see `dispatch`);
* anything this file does not know makes the function unsuitable, which is always right.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..syntax import nodes as n
from . import pyast as p
from .comparisons import ORDER
from .infer import join, stores_in_loop
from .types import ANY, ARRAY, BOOL, INT, INT_MAX, INT_MIN, NULL, NUMERIC, REAL, STR, const_mask, int_range

if TYPE_CHECKING:
    from .generate import UnitGenerator

Type = tuple[int, int, int]
Env = dict[str, Type]

UNKNOWN: Type = (ANY, INT_MIN, INT_MAX)
_NONE: Type = (0, INT_MAX, INT_MIN)
_SMALL = (1 << 30) - 1
_WIDE = 1 << 200  # how far a chain of ring operations may run without a wrap
_FAR = 1 << 100  # stands for the bounds of results that nobody wraps on the way
_NEAR = 1 << 62  # arguments begin within these bounds …
_DRIFT = 1 << 52  # … and leave them by no more than this
_STEP = 1 << 20  # in steps of at most this: the host has no room for 2^32 calls
_MAX_NODES = 300
_OPERATORS: dict[str, Any] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
_BITS: dict[str, Any] = {"&": ast.BitAnd, "|": ast.BitOr, "^": ast.BitXor}
_TYPES = {INT: "$int", REAL: "$float", STR: "$bytes", ARRAY: "$Array", BOOL: "$bool"}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NOT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Unsuitable(Exception):
    """The function has no closed copy."""


class Value:
    """A Python expression with the type it has; `name` when it is a variable of the script."""

    __slots__ = ("hi", "lo", "mask", "name", "node")

    def __init__(self, node: ast.expr, kind: Type, name: str | None = None) -> None:
        self.node = node
        self.mask, self.lo, self.hi = kind
        self.name = name

    @property
    def kind(self) -> Type:
        return self.mask, self.lo, self.hi


_KNOWN = frozenset((
    n.ExprStmt, n.VarDecl, n.Block, n.If, n.Return, n.While, n.For, n.Assign, n.OpAssign, n.IncDec, n.Paren, n.Const,
    n.Name, n.Binary, n.Call, n.ArrayLit, n.Index, n.Prop, n.Unary, n.Logic, n.IfExpr,
))  # fmt: skip


def own_calls(function: n.Function) -> int | None:
    """How often a function calls the global of its own name; None when it is large, or has what no closed copy can."""
    nodes = n.own_nodes(function)
    if len(nodes) > _MAX_NODES:
        return None
    calls = 0
    for node in nodes:
        kind = type(node)
        if kind not in _KNOWN or (kind is n.Name and node.storage == "global" and node.name != function.name):
            return None
        calls += kind is n.Call
    return calls


class ClosedGenerator:
    """Generates the closed copy of one function of a unit; `variable` is where the general function is kept."""

    def __init__(
        self, unit: UnitGenerator, function: n.Function, variable: str, params: dict[str, Type], is_recursive: bool
    ) -> None:
        self.unit = unit
        self.function = function
        self.variable = variable
        self.params = params
        self.is_recursive = is_recursive
        self.result: Type = _NONE
        self.returned: Type = _NONE
        self.far = False  # whether results are wrapped by the caller from outside only
        self.env: Env = {}
        self.temps = 0
        self.out: list[ast.stmt] = []
        self.loops = 0

    def definition(self) -> ast.stmt:
        """`def f$p( … )`; raises `Unsuitable`."""
        for attempt in range(8):
            body = self.body()
            if join(self.result, self.returned) == self.result:
                break
            old, self.result = self.result, join(self.result, self.returned)
            if attempt and old[0] & INT:
                # what still moves goes to its bound
                lo = self.result[1] if self.result[1] >= old[1] else INT_MIN
                hi = self.result[2] if self.result[2] <= old[2] else INT_MAX
                self.result = self.result[0], lo, hi
        else:
            raise Unsuitable
        unbounded = self.result[0] == INT and (self.result[1] == INT_MIN or self.result[2] == INT_MAX)
        if unbounded and self.is_recursive:
            self.far, self.result = True, (INT, -_FAR, _FAR)
            body = self.body()
        line = self.function.line
        poll: list[ast.stmt] = [p.if_(p.name("$stop", line), [p.expression(p.call("$poll", [], line), line)], [], line)]
        doc: list[ast.stmt] = [p.expression(p.const("function one", line), line)]
        head = doc + (poll if self.unit.limits else []) + self.entry_tests()
        params = [self.py(param) for param in self.function.params]
        return p.function(f"{self.function.name or '<anonymous function>'}$p", params, [], None, head + body, line)

    def body(self) -> list[ast.stmt]:
        self.returned, self.temps, self.loops = _NONE, 0, 0
        self.env = dict(self.params)
        made = self.block(self.function.body)
        if not self.ends(made):
            raise Unsuitable
        return made

    def entry_tests(self) -> list[ast.stmt]:
        """Arguments that are no numbers are tested here: calls seldom know the types of what they pass."""
        line = self.function.line
        tests = []
        for param, (mask, _, _) in self.params.items():
            if mask in (INT, REAL, ANY):
                continue
            wrong = p.unary(ast.Not(), has_type(self.py(param), mask, line), line)
            tests.append(p.if_(wrong, [p.expression(p.call("$bail", [], line), line)], [], line))
        return tests

    @staticmethod
    def py(name: str) -> str:
        from .generate import script_name

        return script_name(name)

    # --- statements ---------------------------------------------------------------------------------------------------

    def ends(self, body: list[ast.stmt]) -> bool:
        """Whether the end of generated statements is certainly not reached."""
        if not body:
            return False
        last = body[-1]
        if isinstance(last, ast.If):
            return bool(last.orelse) and self.ends(last.body) and self.ends(last.orelse)
        return isinstance(last, (ast.Return, ast.Break, ast.Continue))

    def block(self, nodes: list[n.Node]) -> list[ast.stmt]:
        outer, self.out = self.out, []
        for node in nodes:
            self.statement(node)
            if self.ends(self.out):
                break
        made, self.out = self.out, outer
        return made

    def statement(self, node: Any) -> None:
        kind = type(node)
        if kind is n.ExprStmt:
            for item in node.exprs:
                self.effect(item)
        elif kind is n.VarDecl:
            self.effect(node)
        elif kind is n.Block:
            self.out.extend(self.block(node.body))
        elif kind is n.If:
            self.branch(node)
        elif kind is n.Return:
            if len(node.exprs) != 1:
                raise Unsuitable
            value = self.expr(node.exprs[0])
            if not self.far:
                value = self.settled(value)
            self.returned = join(self.returned, value.kind)
            self.out.append(p.return_(value.node, node.line))
        elif kind is n.While:
            self.loop(node.cond, node.body, [], node.line)
        elif kind is n.For:
            for item in node.init:
                self.effect(item)
            if len(node.test) != 1:
                raise Unsuitable
            self.loop(node.test[0], node.body, node.step, node.line)
        else:
            raise Unsuitable

    def effect(self, node: Any) -> None:
        """An expression statement: stores to locals only."""
        kind = type(node)
        if kind is n.VarDecl and not node.is_global:
            for target, value in node.items:
                if value is not None:
                    self.store(target, self.settled(self.expr(value)), target.line)
        elif kind is n.Assign:
            self.store(node.target, self.settled(self.expr(node.value)), node.line)
        elif kind is n.OpAssign and node.op in (*_OPERATORS, *_BITS, "/", "%"):
            made = self.binary(n.Binary(node.line, node.op, node.target, node.value))
            self.store(node.target, self.settled(made), node.line)
        elif kind is n.IncDec:
            step = n.Binary(node.line, "+" if node.op == "++" else "-", node.target, n.Const(node.line, 1))
            self.store(node.target, self.settled(self.binary(step)), node.line)
        elif kind is n.Paren and len(node.items) == 1:
            self.effect(node.items[0])
        else:
            raise Unsuitable

    def store(self, target: Any, value: Value, line: int) -> None:
        if not (isinstance(target, n.Name) and target.storage == "local"):
            raise Unsuitable
        self.out.append(p.assign(self.py(target.name), value.node, line))
        self.env[target.name] = value.kind

    def branch(self, node: n.If) -> None:
        cond = self.truth(node.cond)
        before = dict(self.env)
        self.refine(node.cond, True)
        then = self.block(self.listed(node.then))
        after_then = None if self.ends(then) else self.env
        self.env = before
        self.refine(node.cond, False)
        other = self.block(self.listed(node.other)) if node.other is not None else []
        after_other = None if self.ends(other) else self.env
        if after_then is None or after_other is None:
            known = after_other if after_then is None else after_then
            self.env = before if known is None else known
        else:
            self.env = self.joined(after_then, after_other)
        if then and self.ends(then) and not isinstance(then[-1], ast.If):
            # what follows the branch stands behind it: no deeper nesting
            self.out.append(p.if_(cond, then, [], node.line))
            self.out.extend(other)
            return
        self.out.append(p.if_(cond, then, other, node.line))

    @staticmethod
    def listed(node: Any) -> list[n.Node]:
        return node.body if isinstance(node, n.Block) else [node]

    @staticmethod
    def joined(a: Env, b: Env) -> Env:
        """What is known where two ways meet; a variable that one of them did not store is not readable."""
        return {name: join(a[name], b[name]) for name in a if name in b}

    def loop(self, cond: n.Node, body: n.Node, step: list[n.Node], line: int) -> None:
        if self.loops >= 3:
            raise Unsuitable
        texts: list[Any] = [cond, body, *step]
        for name in list(self.env):
            if any(stores_in_loop(text, name, True) for text in texts):
                self.env[name] = self.widened(self.env[name])
        for _ in range(4):
            entry = dict(self.env)
            temps = self.temps
            test = self.truth(cond)
            after = dict(self.env)
            self.refine(cond, True)
            self.loops += 1
            made: list[ast.stmt] = []
            if self.unit.limits:
                made.append(p.if_(p.name("$stop", line), [p.expression(p.call("$poll", [], line), line)], [], line))
            made += self.block(self.listed(body))
            outer, self.out = self.out, made
            if not self.ends(made):
                for item in step:
                    self.effect(item)
                again = self.joined(entry, self.env)
            else:
                again = entry
            self.out = outer
            self.loops -= 1
            if again == entry:
                break
            self.temps = temps
            self.env = {name: join(entry[name], again[name]) for name in again}
        else:
            raise Unsuitable
        self.env = after
        self.refine(cond, False)
        self.out.append(p.while_(test, made, line))

    @staticmethod
    def widened(kind: Type) -> Type:
        return (kind[0], INT_MIN, INT_MAX) if kind[0] & INT else kind

    # --- what tests say -----------------------------------------------------------------------------------------------

    def refine(self, cond: Any, holds: bool) -> None:
        """Narrows what is known of variables by a condition that held, or did not."""
        while isinstance(cond, n.Paren) and len(cond.items) == 1:
            cond = cond.items[0]
        if isinstance(cond, n.Unary) and cond.op == "!":
            self.refine(cond.operand, not holds)
        elif isinstance(cond, n.Logic) and cond.op == ("&&" if holds else "||"):
            self.refine(cond.left, holds)
            self.refine(cond.right, holds)
        elif isinstance(cond, n.Binary):
            for variable, op, other in (
                (cond.left, cond.op, cond.right),
                (cond.right, _MIRROR.get(cond.op, cond.op), cond.left),
            ):
                if isinstance(variable, n.Name) and variable.name in self.env and isinstance(other, n.Const):
                    self.narrow(variable.name, op, other.value, holds)

    def narrow(self, name: str, op: str, value: Any, holds: bool) -> None:
        mask, lo, hi = self.env[name]
        if op in ("===", "!=="):
            if value is None:
                equal = (op == "===") == holds
                self.env[name] = (mask & NULL, lo, hi) if equal else (mask & ~NULL, lo, hi)
            return
        if mask != INT or type(value) is not int or op not in _NOT:
            return
        op = op if holds else _NOT[op]
        if op == "<":
            hi = min(hi, value - 1)
        elif op == "<=":
            hi = min(hi, value)
        elif op == ">":
            lo = max(lo, value + 1)
        elif op == ">=":
            lo = max(lo, value)
        elif op == "==":
            lo, hi = max(lo, value), min(hi, value)
        elif value == lo:
            lo += 1
        elif value == hi:
            hi -= 1
        if lo <= hi:
            self.env[name] = INT, lo, hi

    # --- expressions --------------------------------------------------------------------------------------------------

    def temp(self) -> str:
        self.temps += 1
        return f"${self.temps}"

    def named(self, value: Value, line: int) -> tuple[ast.expr, str]:
        """The first and the name for later uses of a value."""
        if value.name is not None:
            return value.node, self.py(value.name)
        name = self.temp()
        return ast.NamedExpr(ast.Name(name, p.STORE, **p.at(line)), value.node, **p.at(line)), name

    def apart(self, node: n.Node) -> Value:
        """An expression that may not be reached: what its tests found is not known behind it."""
        before = dict(self.env)
        value = self.settled(self.expr(node))
        self.env = before
        return value

    def settled(self, value: Value) -> Value:
        """The value, an int of 64 bits where it is an int that ring operations made: what would wrap bails out."""
        lo, hi = value.lo, value.hi
        if value.mask != INT or (lo >= INT_MIN and hi <= INT_MAX):
            return value
        line = value.node.lineno
        first, name = self.named(value, line)
        again = p.name(name, line)
        if lo >= INT_MIN:
            inside = p.compare(first, ast.LtE(), p.const(_SMALL, line), line)
        elif hi <= INT_MAX:
            inside = p.compare(first, ast.GtE(), p.const(-_SMALL, line), line)
        else:
            inside = p.compare(first, ast.LtE(), p.const(_SMALL, line), line)
            inside = p.both([inside, p.compare(again, ast.GtE(), p.const(-_SMALL, line), line)], line)
        fitted = p.choose(inside, again, p.call("$fitted", [again], line), line)
        return Value(fitted, (INT, max(lo, INT_MIN), min(hi, INT_MAX)))

    def need(self, value: Value, mask: int, line: int) -> Value:
        """The value, tested to have one of the types where that is not known."""
        if not value.mask & ~mask:
            return value
        wanted = mask & value.mask & ~NULL
        if wanted not in _TYPES:
            raise Unsuitable
        first, name = self.named(value, line)
        test = p.compare(p.call("$type", [first], line), ast.Is(), p.name(_TYPES[wanted], line), line)
        if mask & value.mask & NULL:
            test = p.either([test, p.compare(p.name(name, line), ast.Is(), p.const(None, line), line)], line)
        kind = mask & value.mask, value.lo, value.hi
        if value.name in self.env:
            self.env[value.name] = kind
        return Value(p.choose(test, p.name(name, line), p.call("$bail", [], line), line), kind)

    def expr(self, node: Any) -> Value:
        kind = type(node)
        line = getattr(node, "line", 1)
        if kind is n.Const and not isinstance(node.value, n.Pointer):
            value = node.value
            known = (INT, value, value) if type(value) is int else (const_mask(value), INT_MIN, INT_MAX)
            return Value(p.const(value, line), known)
        if kind is n.Name and node.storage == "local" and node.name in self.env:
            return Value(p.name(self.py(node.name), line), self.env[node.name], node.name)
        if kind is n.Paren and len(node.items) == 1:
            return self.expr(node.items[0])
        if kind is n.Binary:
            return self.binary(node)
        if kind is n.Call:
            return self.call(node)
        if kind is n.ArrayLit:
            items = [self.settled(self.expr(item)).node for item in node.items]
            args: list[ast.expr] = [p.tuple_of(items, line)] if items else []
            return Value(p.call("$Array", args, line), (ARRAY, INT_MIN, INT_MAX))
        if kind is n.Index:
            return self.index(node)
        if kind is n.Prop:
            return self.size(node)
        if kind is n.Unary:
            return self.unary(node)
        if kind is n.Logic and node.op != "??":
            left = self.settled(self.truthable(self.expr(node.left)))
            before = dict(self.env)
            self.refine(node.left, node.op == "&&")
            right = self.apart(node.right)
            self.env = before
            both = p.both if node.op == "&&" else p.either
            return Value(both([left.node, right.node], line), join(left.kind, right.kind))
        if kind is n.IfExpr:
            return self.choice(node)
        raise Unsuitable

    def choice(self, node: n.IfExpr) -> Value:
        cond = self.truth(node.cond)
        before = dict(self.env)
        self.refine(node.cond, True)
        then = self.apart(node.then)
        self.env = dict(before)
        self.refine(node.cond, False)
        other = self.apart(node.other)
        self.env = before
        return Value(p.choose(cond, then.node, other.node, node.line), join(then.kind, other.kind))

    def truthable(self, value: Value) -> Value:
        if value.mask & ~(NULL | NUMERIC | STR):
            raise Unsuitable  # objects may have a say
        return value

    def truth(self, node: n.Node) -> ast.expr:
        return self.settled(self.truthable(self.expr(node))).node

    def unary(self, node: n.Unary) -> Value:
        operand = self.expr(node.operand)
        if node.op == "!":
            return Value(p.unary(ast.Not(), self.settled(self.truthable(operand)).node, node.line), (BOOL, 0, 0))
        if node.op == "-" and operand.mask in (INT, REAL):
            kind = operand.mask, -operand.hi, -operand.lo
            return Value(p.unary(ast.USub(), operand.node, node.line), kind)
        raise Unsuitable

    def binary(self, node: n.Binary) -> Value:
        op, line = node.op, node.line
        if op in ("===", "!=="):
            return self.identity(node)
        left, right = self.expr(node.left), self.expr(node.right)
        if not left.mask or not right.mask:  # the result of a call that is not yet known
            return Value(p.binary(left.node, ast.Add(), right.node, line), _NONE)
        if op in ORDER or op in ("==", "!="):
            return self.comparison(op, left, right, line)
        if op in ("+", "-", "*"):
            left, right = self.number(left, line), self.number(right, line)
            host = p.binary(left.node, _OPERATORS[op](), right.node, line)
            if left.mask == INT and right.mask == INT:
                lo, hi = int_range(op, left, right)
                made = Value(host, (INT, lo, hi))
                return made if lo > -_WIDE and hi < _WIDE else self.settled(made)
            left, right = self.settled(left), self.settled(right)
            return Value(p.binary(left.node, _OPERATORS[op](), right.node, line), (REAL, INT_MIN, INT_MAX))
        left, right = self.settled(self.number(left, line)), self.settled(self.number(right, line))
        if op == "/":
            return self.division(left, right, line)
        if left.mask != INT or right.mask != INT:
            raise Unsuitable
        if op in _BITS:
            lo, hi = INT_MIN, INT_MAX
            if op == "&" and (left.lo >= 0 or right.lo >= 0):
                lo, hi = 0, min(side.hi for side in (left, right) if side.lo >= 0)
            return Value(p.binary(left.node, _BITS[op](), right.node, line), (INT, lo, hi))
        if op == "%":
            return self.modulo(left, right, line)
        raise Unsuitable

    def number(self, value: Value, line: int) -> Value:
        """An operand of arithmetic: a known int or real; anything else is tested to be an int."""
        return value if value.mask in (INT, REAL) else self.need(value, INT, line)

    def division(self, left: Value, right: Value, line: int) -> Value:
        """Ints become doubles first, as beyond 2^53 the host divides them more exactly; zero bails out."""
        sides = []
        for side in (left, right):
            wide = side.mask == INT and not -(1 << 53) <= side.lo <= side.hi <= 1 << 53
            sides.append(p.call("$float", [side.node], line) if wide else side.node)
        return Value(p.binary(sides[0], ast.Div(), sides[1], line), (REAL, INT_MIN, INT_MAX))

    def modulo(self, left: Value, right: Value, line: int) -> Value:
        """The sign is the dividend's; the host's rule is the same where neither is negative."""
        bound = max(abs(right.lo), abs(right.hi)) - 1
        lo = 0 if left.lo >= 0 else max(left.lo, -bound)
        kind = INT, lo, max(0, min(left.hi, bound))
        if left.lo >= 0 and right.lo > 0:
            return Value(p.binary(left.node, ast.Mod(), right.node, line), kind)
        slow = p.call("$remainder", [left.node, right.node], line)
        if left.name is None or right.name is None:
            return Value(slow, kind)
        test = p.both(
            [
                p.compare(left.node, ast.GtE(), p.const(0, line), line),
                p.compare(right.node, ast.Gt(), p.const(0, line), line),
            ],
            line,
        )
        return Value(p.choose(test, p.binary(left.node, ast.Mod(), right.node, line), slow, line), kind)

    def comparison(self, op: str, left: Value, right: Value, line: int) -> Value:
        operator = ORDER[op][0] if op in ORDER else ast.Eq if op == "==" else ast.NotEq
        both = left.mask | right.mask
        if both & ~NUMERIC and both & ~STR:
            if left.mask & ~NUMERIC and right.mask & ~NUMERIC:
                raise Unsuitable
            known = left.mask if not left.mask & ~NUMERIC else right.mask
            if known not in (INT, REAL):
                raise Unsuitable
            left, right = self.need(left, known, line), self.need(right, known, line)
        left, right = self.settled(left), self.settled(right)
        return Value(p.compare(left.node, operator(), right.node, line), (BOOL, 0, 0))

    def identity(self, node: n.Binary) -> Value:
        left, right = node.left, node.right
        if isinstance(left, n.Const):
            left, right = right, left
        if not (isinstance(right, n.Const) and right.value is None):
            raise Unsuitable
        test: ast.cmpop = ast.Is() if node.op == "===" else ast.IsNot()
        value = self.settled(self.expr(left))
        return Value(p.compare(value.node, test, p.const(None, node.line), node.line), (BOOL, 0, 0))

    def index(self, node: n.Index) -> Value:
        obj = self.expr(node.obj)
        key = self.settled(self.number(self.expr(node.key), node.line))
        if key.mask != INT:
            raise Unsuitable
        if key.lo < 0:
            first, name = self.named(key, node.line)
            inside = p.compare(first, ast.GtE(), p.const(0, node.line), node.line)
            again = p.name(name, node.line)
            key = Value(p.choose(inside, again, p.call("$bail", [], node.line), node.line), (INT, 0, key.hi))
        if obj.mask == STR:
            return Value(p.subscript(obj.node, key.node, node.line), (INT, 0, 255))
        obj = self.need(obj, ARRAY, node.line)
        return Value(p.subscript(obj.node, key.node, node.line), UNKNOWN)

    def size(self, node: n.Prop) -> Value:
        obj = self.expr(node.obj)
        key = node.key.value if isinstance(node.key, n.Const) else None
        if (obj.mask, key) not in ((STR, b"length"), (ARRAY, b"size")):
            raise Unsuitable
        return Value(p.call("$len", [obj.node], node.line), (INT, 0, 1 << 48))

    def call(self, node: n.Call) -> Value:
        func: Any = node.func
        function = self.function
        if not (isinstance(func, n.Name) and func.storage == "global" and func.name == function.name):
            raise Unsuitable
        if len(node.args) != len(function.params):
            raise Unsuitable
        args: list[ast.expr] = []
        for param, arg in zip(function.params, node.args, strict=True):
            value = self.settled(self.expr(arg))
            wanted = self.params[param][0]
            if wanted in (INT, REAL) and value.mask:
                value = self.need(value, wanted, node.line)
            elif value.mask and not value.mask & wanted:
                raise Unsuitable
            args.append(value.node)
        return Value(p.call(f"{self.variable}$p", args, node.line), self.result)


class _Votes:
    """What the uses of each parameter suggest; arithmetic alone suggests an int."""

    def __init__(self, function: n.Function) -> None:
        self.votes: dict[str, int] = dict.fromkeys(function.params, 0)
        self.arithmetic: set[str] = set()
        for node in n.own_nodes(function):
            self.look(node)
        for name in self.arithmetic:
            self.votes[name] = self.votes[name] or INT

    def vote(self, node: Any, mask: int) -> None:
        if isinstance(node, n.Name) and node.storage == "local" and node.name in self.votes:
            self.votes[node.name] |= mask

    def look(self, node: Any) -> None:
        if isinstance(node, (n.Binary, n.OpAssign)):
            left, right = (node.left, node.right) if isinstance(node, n.Binary) else (node.target, node.value)
            for side, other in ((left, right), (right, left)):
                if node.op in ("+", "-", "*") and isinstance(side, n.Name) and side.name in self.votes:
                    self.arithmetic.add(side.name)
                if node.op in ("%", "&", "|", "^"):
                    self.vote(side, INT)
                elif node.op in ("===", "!==") and isinstance(other, n.Const) and other.value is None:
                    self.vote(side, NULL)
                elif isinstance(other, n.Const) and type(other.value) in (int, float, bytes):
                    self.vote(side, const_mask(other.value))
        elif isinstance(node, n.IncDec):
            self.vote(node.target, INT)
        elif isinstance(node, n.Index):
            self.vote(node.key, INT)
            self.vote(node.obj, ARRAY)
        elif isinstance(node, n.Prop) and isinstance(node.key, n.Const):
            self.vote(node.obj, {b"length": STR, b"size": ARRAY}.get(node.key.value, 0))


class Closed:
    """A closed copy: its definition, the types that its arguments must have, whether it calls itself, and whether
    what it gives has yet to be wrapped.
    """

    def __init__(self, definition: ast.stmt, params: dict[str, Type], is_recursive: bool, is_far: bool) -> None:
        self.definition = definition
        self.params = params
        self.is_recursive = is_recursive
        self.is_far = is_far


def closed_copy(unit: UnitGenerator, function: n.Function, variable: str) -> Closed | None:
    """A function's closed copy; None when there is none.

    Worth while for functions that call themselves, and for functions of two arguments, by which arrays may be sorted.
    """
    assert unit.hints is not None
    if not function.params or function.uses is not None or function.cells:
        return None
    calls = own_calls(function)
    if calls is None or (calls == 0 and len(function.params) != 2):
        return None
    recursive = calls > 0
    votes = _Votes(function).votes
    literals = unit.hints.arguments.get(function.name or "", [])
    params: dict[str, Type] = {}
    for i, param in enumerate(function.params):
        told = literals[i] if i < len(literals) else 0
        told = told if told in (INT, REAL, STR, NULL) else 0
        mask = votes[param] | told
        kinds = mask & ~NULL
        if kinds == ARRAY | STR:
            kinds = STR  # a string may be indexed, too
        if not kinds:
            mask = ANY
        elif kinds in _TYPES:
            mask = kinds | (mask & NULL)
        elif told in _TYPES:
            mask = told  # a real is often compared with an int
        else:
            return None
        params[param] = mask, INT_MIN, INT_MAX
    if not recursive and any(mask not in _TYPES for mask, _, _ in params.values()):
        return None  # a caller could not tell whether its values fit
    for param in drifting(function, params):
        params[param] = INT, -_NEAR - _DRIFT, _NEAR + _DRIFT
    generator = ClosedGenerator(unit, function, variable, params, recursive)
    try:
        return Closed(generator.definition(), params, recursive, generator.far)
    except Unsuitable:
        return None


def drifting(function: n.Function, params: dict[str, Type]) -> set[str]:
    """The int parameters that every call of the function itself moves by a small step at most."""
    found = {param for param, kind in params.items() if kind[0] == INT}
    calls = []
    for node in n.own_nodes(function):
        if isinstance(node, n.Call):
            calls.append(node.args)
        elif isinstance(node, (n.Assign, n.OpAssign, n.IncDec)) and isinstance(node.target, n.Name):
            found.discard(node.target.name)
        elif isinstance(node, n.VarDecl):
            found.difference_update(target.name for target, _ in node.items if isinstance(target, n.Name))
    if not calls:
        return set()
    before: set[str] = set()
    while found != before:
        before = set(found)
        for args in calls:
            for param, arg in zip(function.params, args, strict=False):
                if not _moves_little(arg, before):
                    found.discard(param)
    return found


def _moves_little(arg: Any, params: set[str]) -> bool:
    """Whether an argument is a small constant, or one of the parameters with such a constant added or taken off."""
    while isinstance(arg, n.Paren) and len(arg.items) == 1:
        arg = arg.items[0]
    if isinstance(arg, n.Binary) and arg.op in ("+", "-") and isinstance(arg.right, n.Const):
        return _moves_little(arg.right, params) and isinstance(arg.left, n.Name) and arg.left.name in params
    if isinstance(arg, n.Const):
        return type(arg.value) is int and -_STEP <= arg.value <= _STEP
    return isinstance(arg, n.Name) and arg.storage == "local" and arg.name in params


def has_type(name: str, mask: int, line: int) -> ast.expr:
    """The test that a variable holds the one type of a mask, or null where the mask allows that."""
    value = p.name(name, line)
    test = p.compare(p.call("$type", [value], line), ast.Is(), p.name(_TYPES[mask & ~NULL], line), line)
    if not mask & NULL:
        return test
    return p.either([test, p.compare(value, ast.Is(), p.const(None, line), line)], line)


def attach(variable: str, params: dict[str, Type], line: int) -> ast.stmt:
    """Makes a function's closed copy known to natives that call it: `f.closed = copy, ( types )`."""
    types = p.tuple_of([p.name(_TYPES[mask], line) for mask, _, _ in params.values()], line)
    target = ast.Attribute(p.name(variable, line), "closed", p.STORE, **p.at(line))
    return p.assign(target, p.tuple_of([p.name(f"{variable}$p", line), types], line), line)


def dispatch(function: n.Function, variable: str, closed: Closed, own_global: str, py: Any) -> list[ast.stmt]:
    """At the start of the general function: tries the closed copy when the arguments fit and its global is unchanged.

    A copy that bails out once is given up by setting its variable to None, so that no call is computed twice often.
    """
    line = function.line
    copy = f"{variable}$p"
    tests: list[ast.expr] = [p.compare(p.name(copy, line), ast.IsNot(), p.const(None, line), line)]
    for param, (mask, lo, _) in closed.params.items():
        if mask == ANY:
            continue
        tests.append(has_type(py(param), mask, line))
        if lo != INT_MIN:
            bounds = [p.name(py(param), line), p.const(_NEAR, line)]
            tests.append(ast.Compare(p.const(-_NEAR, line), [ast.LtE(), ast.LtE()], bounds, **p.at(line)))
    # the global may be missing, of which a plain read would tell
    read = p.attribute(p.attribute(p.name(variable, line), "__globals__", line), "get", line)
    found = p.call(read, [p.const(own_global, line)], line)
    tests.append(p.compare(found, ast.Is(), p.name(variable, line), line))
    value = p.call(copy, [p.name(py(param), line) for param in closed.params], line)
    called = p.return_(p.call("$wrap", [value], line) if closed.is_far else value, line)
    given_up: list[ast.stmt] = [p.assign(copy, p.const(None, line), line)]
    return [p.if_(p.both(tests, line), [p.try_([called], "$BailErrors", None, given_up, line)], [], line)]
