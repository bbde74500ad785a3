"""Code for arithmetic, remainders, bits and shifts.

Rules of this file: what the operands can be (`V.mask`, ranges) decides which tests stand before the host's own
operator; a result of unknown operands is looked at once, as ints beyond 64 bits wrap; whatever a test excludes goes to
the complete helper of `interp.runtime.operators`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..syntax import nodes as n
from . import pyast as p
from .comparisons import ORDER
from .guess import is_realish
from .infer import as_int
from .types import ANY, ARRAY, BOOL, FUNC, INT, INT_MAX, INT_MIN, NULL, NUMERIC, OTHER, REAL, STR, int_range
from .values import Range, V

if TYPE_CHECKING:
    from .generate import FunctionGenerator

_ARITHMETIC: dict[str, tuple[Any, str]] = {
    "+": (ast.Add, "$add"),
    "-": (ast.Sub, "$sub"),
    "*": (ast.Mult, "$mul"),
}
_BITWISE: dict[str, tuple[Any, str]] = {
    "&": (ast.BitAnd, "$and"),
    "|": (ast.BitOr, "$or"),
    "^": (ast.BitXor, "$xor"),
}
_TREE_OPERATORS = frozenset(("+", "-", "*", "/"))
# The bound of the quick range check: one-digit host ints compare fastest.
SMALL = (1 << 30) - 1


def small_factor(value: Any) -> bool:
    """Whether repeating bytes so often does no harm before the range check finds that they are no number."""
    return bool(value.lo == value.hi and abs(value.lo) <= 16)


class Arithmetic:
    """The part of `FunctionGenerator` for operators that compute."""

    def x_Binary(self: FunctionGenerator, node: n.Binary, dest: str | None) -> V:
        self.take_unused()
        op = node.op
        if op == "&" and isinstance(node.right, n.Const) and type(node.right.value) is int and node.right.value >= 0:
            # the mask drops what a wrap would change: the ring operations below need no checks
            left = self.ring(node.left)
            if left is not None:
                mask = node.right.value
                return V(p.binary(left, ast.BitAnd(), p.const(mask, node.line), node.line), INT, lo=0, hi=mask)
        if op in _TREE_OPERATORS:
            tried = self.try_tree(node, dest)
            if tried is not None:
                return tried
        elif op in ORDER or op in ("==", "!="):
            tried = self.try_condition(node)
            if tried is not None:
                return tried
        real = op in _ARITHMETIC and bool(self.realish) and self.among_reals(node)
        left_value, right_value = self.operands([node.left, node.right])
        if real and op in _ARITHMETIC:
            return self.add_like(op, left_value, right_value, node.line, dest, real)
        return self.binary(op, left_value, right_value, node.line, dest)

    def among_reals(self: FunctionGenerator, node: n.Binary) -> bool:
        """Whether an operation is probably one of reals, by an operand or by the operation that it belongs to."""
        hints = self.unit.hints
        if hints is None or (id(node) not in self.real_nodes and not is_realish(node, self.realish, hints)):
            return False
        for side in (node.left, node.right):
            while isinstance(side, n.Paren) and len(side.items) == 1:
                side = side.items[0]
            if isinstance(side, n.Binary):
                self.real_nodes.add(id(side))
        return True

    def ring(self: FunctionGenerator, node: n.Node) -> ast.expr | None:
        """An int expression of `+ - *` computed without wrapping, None unless every leaf is a known int."""
        if isinstance(node, n.Paren) and len(node.items) == 1:
            return self.ring(node.items[0])
        if isinstance(node, n.Binary) and node.op in _ARITHMETIC:
            if not self.is_ring(node):
                return None
            left, right = self.ring(node.left), self.ring(node.right)
            assert left is not None and right is not None
            return p.binary(left, _ARITHMETIC[node.op][0](), right, node.line)
        if not self.is_ring(node):
            return None
        return self.expr(node).node

    def is_ring(self: FunctionGenerator, node: n.Node) -> bool:
        if isinstance(node, n.Paren) and len(node.items) == 1:
            return self.is_ring(node.items[0])
        if isinstance(node, n.Binary) and node.op in _ARITHMETIC:
            return self.is_ring(node.left) and self.is_ring(node.right)
        if isinstance(node, n.Const):
            return type(node.value) is int
        return isinstance(node, n.Name) and node.storage == "local" and self.local_type(node)[0] == INT

    def binary(self: FunctionGenerator, op: str, left: V, right: V, line: int, dest: str | None = None) -> V:
        """`left op right` for values evaluated in this order."""
        if op in _ARITHMETIC:
            return self.add_like(op, left, right, line, dest)
        if op == "/":
            return self.divide(left, right, line)
        if op == "%":
            return self.modulo(left, right, line)
        if op in _BITWISE:
            return self.bitwise(op, left, right, line)
        if op in ("<<", ">>"):
            return self.shift(op, left, right, line)
        if op in ORDER:
            return self.ordered(op, left, right, line)
        if op in ("==", "!="):
            return self.equality(op, left, right, line)
        if op in ("===", "!=="):
            return self.identity(op, left, right, line)
        if op == "<=>":
            return V(p.call("$cmp", [left.node, right.node], line), INT, lo=-1, hi=1)
        raise AssertionError(op)

    def add_like(
        self: FunctionGenerator, op: str, left: V, right: V, line: int, dest: str | None, among_reals: bool = False
    ) -> V:
        operator, slow = _ARITHMETIC[op]
        both = left.mask | right.mask
        if not both & ~NUMERIC and (left.mask == REAL or right.mask == REAL):
            return V(p.binary(left.node, operator(), right.node, line), REAL)
        if not both & ~INT:
            lo, hi = int_range(op, left, right)
            if lo >= INT_MIN and hi <= INT_MAX:
                return V(p.binary(left.node, operator(), right.node, line), INT, lo=lo, hi=hi)
            return V(self.checked(p.binary(left.node, operator(), right.node, line), "$wrap", lo, hi, line), INT)
        if self.compact and both & ~NUMERIC:
            mask = ANY if both & (OTHER | ARRAY | FUNC) else INT | REAL
            return V(p.call(slow, [left.node, right.node], line), mask)
        if not both & ~(INT | BOOL | NULL):
            return self.int_like(op, left, right, line, dest)
        if not both & ~NUMERIC:
            lo, hi = int_range(op, left, right)
            if lo >= INT_MIN and hi <= INT_MAX and not both & BOOL:
                return V(p.binary(left.node, operator(), right.node, line), both, lo=lo, hi=hi)
            return V(self.checked(p.binary(left.node, operator(), right.node, line), "$fit", lo, hi, line), INT | REAL)
        left, right = self.operands([left, right], atoms=True)
        real = left.mask == REAL or right.mask == REAL
        # an object gets here through a metamethod alone: not worth clearing the temporary every time
        name = dest if dest is not None and dest not in (left.name, right.name) else self.new_temp(0)
        factors = [left.node, right.node]
        if among_reals and not real:
            self.out.append(self.real_attempt(op, left, right, name, line))
            mask = ANY if both & (OTHER | ARRAY | FUNC) else INT | REAL
            return self.result(name, dest, line, mask)
        if op == "*" and not real:
            # the host repeats bytes, of any size: a sign before them is a TypeError
            for i, (side, other) in enumerate(((left, right), (right, left))):
                if side.mask & STR and not small_factor(other):
                    factors[i] = p.unary(ast.UAdd(), factors[i], line)
        body: list[ast.stmt] = [p.assign(name, p.binary(factors[0], operator(), factors[1], line), line)]
        if not real:
            body.append(self.mend_overflow(name, op, left, right, line))
        slow_call = p.call(slow, [self.again(left, line), self.again(right, line)], line)
        self.out.append(p.try_(body, "$TypeError", None, [p.assign(name, slow_call, line)], line))
        mask = ANY if both & (OTHER | ARRAY | FUNC) else INT | REAL
        return self.result(name, dest, line, mask)

    def real_attempt(self: FunctionGenerator, op: str, left: V, right: V, name: str, line: int) -> ast.stmt:
        """`name = left op right` for operands that are probably reals: their type tells what the range would."""
        operator, slow = _ARITHMETIC[op]
        value = p.binary(left.node, operator(), right.node, line)
        pair = [self.again(left, line), self.again(right, line)]
        body: list[ast.stmt]
        if op == "*":
            # the type of the operand, not of the result: the host repeats bytes, of any size
            sure = left if left.mask & REAL else right
            product = p.call("$product", pair, line)
            body = [p.assign(name, p.choose(self.type_test(sure, "$float", line), value, product, line), line)]
        else:
            kind = p.call("$type", [p.name(name, line)], line)
            test = p.compare(kind, ast.IsNot(), p.name("$float", line), line)
            mend = p.assign(name, p.call("$fit", [p.name(name, line)], line), line)
            body = [p.assign(name, value, line), p.if_(test, [mend], [], line)]
        pair = [self.again(left, line), self.again(right, line)]
        return p.try_(body, "$TypeError", None, [p.assign(name, p.call(slow, pair, line), line)], line)

    def int_like(self: FunctionGenerator, op: str, left: V, right: V, line: int, dest: str | None) -> V:
        """Arithmetic of ints, bools and nulls: an int, whatever happens."""
        operator, slow = _ARITHMETIC[op]
        _, left_lo, left_hi = as_int((left.mask, left.lo, left.hi))
        _, right_lo, right_hi = as_int((right.mask, right.lo, right.hi))
        left, right = self.operands([left, right], atoms=True)
        lo, hi = int_range(op, Range(left_lo, left_hi), Range(right_lo, right_hi))
        name = dest if dest is not None and dest not in (left.name, right.name) else self.new_temp(INT)
        body: list[ast.stmt] = [p.assign(name, p.binary(left.node, operator(), right.node, line), line)]
        safe = lo >= INT_MIN and hi <= INT_MAX
        if not safe:
            lo, hi = INT_MIN, INT_MAX
            body.append(self.mend_overflow(name, op, left, right, line))
        if (left.mask | right.mask) & NULL:
            slow_call = p.call(slow, [self.again(left, line), self.again(right, line)], line)
            self.out.append(p.try_(body, "$TypeError", None, [p.assign(name, slow_call, line)], line))
        else:
            self.out.extend(body)
        result = self.result(name, dest, line, INT)
        result.lo, result.hi = lo, hi
        return result

    def result(self: FunctionGenerator, name: str, dest: str | None, line: int, mask: int = ANY) -> V:
        if name == dest:
            return V(p.name(name, line), mask, "local", name)
        return self.temp_value(name, line, mask)

    def mend_overflow(self: FunctionGenerator, name: str, op: str, left: V, right: V, line: int) -> ast.stmt:
        """Looks at a result of unknown operands: ints beyond 64 bits wrap. A constant operand leaves one side to check.

        Sums that grow beyond the quick range in loops are spared the call.
        """
        value = p.name(name, line)
        step = None
        if right.kind == "const" and type(right.value) is int:
            step = right.value if op == "+" else -right.value if op == "-" else None
        elif left.kind == "const" and type(left.value) is int and op == "+":
            step = left.value
        mend: list[ast.stmt] = [p.assign(name, p.call("$fit", [value], line), line)]
        far = mend
        spared = self.loop_depth and not self.in_tree
        if spared:
            far = [p.if_(p.compare(value, ast.Gt(), p.const(INT_MAX, line), line), mend, [], line)]
        over = p.compare(value, ast.Gt(), p.const(SMALL, line), line)
        if step is not None and step >= 0:
            return p.if_(over, far, [], line)
        under = p.compare(value, ast.Lt(), p.const(-SMALL, line), line)
        if spared:
            under = p.both([under, p.compare(value, ast.Lt(), p.const(INT_MIN, line), line)], line)
        if step is not None:
            return p.if_(under, mend, [], line)
        if spared:
            return p.if_(over, far, [p.if_(under, mend, [], line)], line)
        return p.if_(p.either([over, under], line), mend, [], line)

    def outside(self: FunctionGenerator, value: ast.expr, lo: int, hi: int, line: int) -> ast.expr:
        """Whether a variable's value is beyond the bounds: two plain comparisons cost less than a chained one."""
        over = p.compare(value, ast.Gt(), p.const(hi, line), line)
        return p.either([over, p.compare(value, ast.Lt(), p.const(lo, line), line)], line)

    def checked(self: FunctionGenerator, value: ast.expr, helper: str, lo: int, hi: int, line: int) -> ast.expr:
        """`value` with its range checked on the sides that can overflow; `helper` mends what lies outside."""
        temp = self.new_temp(INT)
        named = ast.NamedExpr(ast.Name(temp, p.STORE, **p.at(line)), value, **p.at(line))
        again = p.name(temp, line)
        if lo >= INT_MIN and helper == "$wrap":
            inside: ast.expr = p.compare(named, ast.LtE(), p.const(SMALL, line), line)
            wide = p.compare(p.name(temp, line), ast.LtE(), p.const(INT_MAX, line), line)
            inside = p.either([inside, wide], line)
        elif hi <= INT_MAX and helper == "$wrap":
            inside = p.compare(named, ast.GtE(), p.const(-SMALL, line), line)
            wide = p.compare(p.name(temp, line), ast.GtE(), p.const(INT_MIN, line), line)
            inside = p.either([inside, wide], line)
        else:
            inside = p.compare(named, ast.LtE(), p.const(SMALL, line), line)
            inside = p.both([inside, p.compare(again, ast.GtE(), p.const(-SMALL, line), line)], line)
        return p.choose(inside, again, p.call(helper, [p.name(temp, line)], line), line)

    def divide(self: FunctionGenerator, left: V, right: V, line: int) -> V:
        both = left.mask | right.mask
        numeric = not both & ~NUMERIC
        exact = left.mask == REAL or right.mask == REAL
        if not exact and numeric and not both & ~INT:
            limit = 1 << 53
            exact = -limit <= left.lo and left.hi <= limit and -limit <= right.lo and right.hi <= limit
        if numeric and exact and right.kind == "const" and right.value != 0:
            return V(p.binary(left.node, ast.Div(), right.node, line), REAL)
        if numeric and not both & ~INT and right.kind == "const" and 0 < abs(right.value) <= 1 << 53:
            # ints beyond 2^53 become doubles first
            left = self.as_atom(left, line)
            limit = 1 << 53
            outside = self.outside(self.again(left, line), -limit, limit, line)
            slow = p.call("$div", [self.again(left, line), self.again(right, line)], line)
            return V(p.choose(outside, slow, p.binary(left.node, ast.Div(), right.node, line), line), REAL)
        whole: ast.expr | None = None  # whether the host divides as the language does: it rounds once, beyond 2^53 too
        if not exact and not self.compact:
            divisor = right.value if right.kind == "const" else 0
            if type(divisor) is float and divisor:
                exact = True
            elif type(divisor) is int and 0 < abs(divisor) <= 1 << 53 and left.mask & INT:
                left = self.as_atom(left, line)
                limit = 1 << 53
                upper = p.compare(self.again(left, line), ast.LtE(), p.const(limit, line), line)
                whole = p.both([upper, p.compare(self.again(left, line), ast.GtE(), p.const(-limit, line), line)], line)
            elif left.mask & REAL or right.mask & REAL:
                left, right = self.operands([left, right], atoms=True)
                tests = [self.type_test(side, "$float", line) for side in (left, right) if side.mask & REAL]
                if left.mask & INT and right.mask & INT:
                    limits = [
                        p.compare(self.again(side, line), operator, p.const(limit, line), line)
                        for side in (left, right)
                        for operator, limit in ((ast.LtE(), 1 << 53), (ast.GtE(), -(1 << 53)))
                    ]
                    tests.append(p.both(limits, line))
                whole = p.either(tests, line) if len(tests) > 1 else tests[0]
        if (exact or whole is not None) and not self.compact:
            left, right = self.operands([left, right], atoms=True)
            name = self.new_temp(REAL if numeric else ANY)
            host: ast.expr = p.binary(left.node, ast.Div(), right.node, line)
            if whole is not None:
                helper = p.call("$div", [self.again(left, line), self.again(right, line)], line)
                host = p.choose(whole, host, helper, line)
            slow = p.call("$div", [self.again(left, line), self.again(right, line)], line)
            body: list[ast.stmt] = [p.assign(name, host, line)]
            self.out.append(p.try_(body, "$DivErrors", None, [p.assign(name, slow, line)], line))
            return self.temp_value(name, line, REAL | NULL if numeric else ANY)
        mask = REAL | NULL if not both & (OTHER | ARRAY | FUNC) else ANY
        return V(p.call("$div", [left.node, right.node], line), mask)

    def modulo(self: FunctionGenerator, left: V, right: V, line: int) -> V:
        both = left.mask | right.mask
        if not both & ~INT and right.lo > 0:
            if left.lo >= 0:
                return V(p.binary(left.node, ast.Mod(), right.node, line), INT, lo=0, hi=min(left.hi, right.hi - 1))
            left, right = self.operands([left, right], atoms=True)
            cond: ast.expr = p.compare(self.again(left, line), ast.GtE(), p.const(0, line), line)
            slow = p.call("$mod", [self.again(left, line), self.again(right, line)], line)
            bound = right.hi - 1
            return V(
                p.choose(cond, p.binary(left.node, ast.Mod(), right.node, line), slow, line), INT, lo=-bound, hi=bound
            )
        mask = ANY if both & (OTHER | ARRAY | FUNC) else INT | REAL | NULL
        if left.mask & INT and right.kind == "const" and type(right.value) is int and right.value > 0:
            left = self.as_atom(left, line)
            positive = p.compare(self.again(left, line), ast.GtE(), p.const(0, line), line)
            cond = p.both([self.type_test(left, "$int", line), positive], line)
            slow = p.call("$mod", [self.again(left, line), self.again(right, line)], line)
            return V(p.choose(cond, p.binary(left.node, ast.Mod(), right.node, line), slow, line), mask)
        if left.mask & INT and right.mask & INT and right.kind != "const":
            left, right = self.operands([left, right], atoms=True)
            tests = [self.type_test(side, "$int", line) for side in (left, right) if side.mask != INT]
            if left.mask != INT or left.lo < 0:
                tests.append(p.compare(self.again(left, line), ast.GtE(), p.const(0, line), line))
            tests.append(p.compare(self.again(right, line), ast.Gt(), p.const(0, line), line))
            slow = p.call("$mod", [self.again(left, line), self.again(right, line)], line)
            host = p.binary(left.node, ast.Mod(), right.node, line)
            return V(p.choose(p.both(tests, line) if len(tests) > 1 else tests[0], host, slow, line), mask)
        return V(p.call("$mod", [left.node, right.node], line), mask)

    def type_test(self: FunctionGenerator, value: V, python_type: str, line: int) -> ast.expr:
        return p.compare(p.call("$type", [self.again(value, line)], line), ast.Is(), p.name(python_type, line), line)

    def bitwise(self: FunctionGenerator, op: str, left: V, right: V, line: int) -> V:
        operator, slow = _BITWISE[op]
        lo, hi = INT_MIN, INT_MAX
        if op == "&":
            for side in (left, right):
                if side.kind == "const" and type(side.value) is int and side.value >= 0:
                    lo, hi = 0, min(hi, side.value)
        if left.lo >= 0 and right.lo >= 0 and not (left.mask | right.mask) & ~INT:
            lo, hi = 0, min(hi, (1 << max(left.hi.bit_length(), right.hi.bit_length())) - 1)
        if not (left.mask | right.mask) & ~INT:
            return V(p.binary(left.node, operator(), right.node, line), INT, lo=lo, hi=hi)
        left, right = self.operands([left, right], atoms=True)
        tests = [self.type_test(side, "$int", line) for side in (left, right) if side.mask & ~INT]
        cond = tests[0] if len(tests) == 1 else p.both(tests, line)
        slow_call = p.call(slow, [self.again(left, line), self.again(right, line)], line)
        return V(p.choose(cond, p.binary(left.node, operator(), right.node, line), slow_call, line), INT, lo=lo, hi=hi)

    def shift(self: FunctionGenerator, op: str, left: V, right: V, line: int) -> V:
        if not left.mask & ~INT and right.kind == "const" and type(right.value) is int:
            count = right.value & 63
            if op == ">>":
                return V(
                    p.binary(left.node, ast.RShift(), p.const(count, line), line), INT,
                    lo=left.lo >> count, hi=left.hi >> count,
                )  # fmt: skip
            shifted = p.binary(left.node, ast.LShift(), p.const(count, line), line)
            lo, hi = left.lo << count, left.hi << count
            if lo >= INT_MIN and hi <= INT_MAX:
                return V(shifted, INT, lo=lo, hi=hi)
            return V(p.call("$wrap", [shifted], line), INT)
        helper = "$shl" if op == "<<" else "$shr"
        tests: list[ast.expr] = []
        lo, hi = INT_MIN, INT_MAX
        if left.mask & INT and right.mask & INT and (right.kind != "const" or 0 <= right.value < 64):
            left, right = self.operands([left, right], atoms=True)
            tests = [self.type_test(side, "$int", line) for side in (left, right) if side.mask != INT]
            most = 63  # places by which every value in question can be shifted
            if op == "<<":
                most -= min(left.hi, (1 << 31) - 1).bit_length()
                if left.lo < 0:
                    tests.append(p.compare(self.again(left, line), ast.GtE(), p.const(0, line), line))
                if left.hi >= 1 << 31:
                    tests.append(p.compare(self.again(left, line), ast.LtE(), p.const((1 << 31) - 1, line), line))
            elif left.lo >= 0:
                lo, hi = 0, left.hi
            if right.kind != "const":
                if right.lo < 0:
                    tests.append(p.compare(self.again(right, line), ast.GtE(), p.const(0, line), line))
                if right.hi > most:
                    tests.append(p.compare(self.again(right, line), ast.LtE(), p.const(most, line), line))
            elif right.value > most:
                tests = []
            elif not tests:
                tests = [p.const(True, line)]
        if not tests:
            return V(p.call(helper, [left.node, right.node], line), INT)
        slow_call = p.call(helper, [self.again(left, line), self.again(right, line)], line)
        operator: Any = ast.LShift() if op == "<<" else ast.RShift()
        shifted = p.binary(left.node, operator, right.node, line)
        cond = p.both(tests, line) if len(tests) > 1 else tests[0]
        return V(p.choose(cond, shifted, slow_call, line), INT, lo=lo, hi=hi)
