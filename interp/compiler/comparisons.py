"""Code for comparison, selection and concatenation.

Rule of this file: a host comparison is taken where it cannot disagree with the script's; containers with `__compare`
make it raise, so that the slow path decides with the operands in their order.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..limits import LARGE
from ..syntax import nodes as n
from . import pyast as p
from .types import ARRAY, BOOL, INT, NULL, NUMERIC, OTHER, STR, const_mask
from .values import V

if TYPE_CHECKING:
    from .generate import FunctionGenerator

ORDER: dict[str, tuple[Any, str]] = {
    "<": (ast.Lt, "$lt"),
    "<=": (ast.LtE, "$le"),
    ">": (ast.Gt, "$gt"),
    ">=": (ast.GtE, "$ge"),
}


class Comparisons:
    """The comparing half of the expressions of `FunctionGenerator`."""

    # --- comparison ---------------------------------------------------------------------------------------------------

    def ordered(self: FunctionGenerator, op: str, left: V, right: V, line: int) -> V:
        operator, slow = ORDER[op]
        both = left.mask | right.mask
        if not both & ~NUMERIC or not both & ~STR:
            return V(p.compare(left.node, operator(), right.node, line), BOOL)
        if self.compact:
            return V(p.call(slow, [left.node, right.node], line), BOOL)
        left, right = self.operands([left, right], atoms=True)
        name = self.new_temp(BOOL)
        body: list[ast.stmt] = [p.assign(name, p.compare(left.node, operator(), right.node, line), line)]
        slow_call = p.call(slow, [self.again(left, line), self.again(right, line)], line)
        self.out.append(p.try_(body, "$TypeError", None, [p.assign(name, slow_call, line)], line))
        return self.temp_value(name, line, BOOL)

    def equality(self: FunctionGenerator, op: str, left: V, right: V, line: int) -> V:
        both = left.mask | right.mask
        equal = op == "=="
        nonzero = any(side.kind == "const" and side.mask & NUMERIC and side.value != 0 for side in (left, right))
        # null counts as 0 beside a number, so beside any other number the host's answer is right
        if not both & ~(NUMERIC | NULL if nonzero else NUMERIC) or not both & ~STR:
            operator: ast.cmpop = ast.Eq() if equal else ast.NotEq()
            return V(p.compare(left.node, operator, right.node, line), BOOL)
        left, right = self.operands([left, right], atoms=True)
        same: ast.expr = p.compare(self.again(left, line), ast.Eq(), self.again(right, line), line)
        slow = p.call("$eq", [self.again(left, line), self.again(right, line)], line)
        known = {STR: "$bytes", INT: "$int"}
        differ: ast.expr
        if right.mask in known:
            differ = p.unary(ast.Not(), self.type_test(left, known[right.mask], line), line)
        elif left.mask in known:
            differ = p.unary(ast.Not(), self.type_test(right, known[left.mask], line), line)
        else:
            kinds = [p.call("$type", [self.again(side, line)], line) for side in (left, right)]
            differ = p.compare(kinds[0], ast.IsNot(), kinds[1], line)
        value = p.either([same, p.both([differ, slow], line)], line)
        if both & (OTHER | ARRAY):
            # objects with `__compare` raise: only the slow path keeps the order of the operands
            name = self.new_temp(BOOL)
            slow = p.call("$eq", [self.again(left, line), self.again(right, line)], line)
            body: list[ast.stmt] = [p.assign(name, value, line)]
            self.out.append(p.try_(body, "$TypeError", None, [p.assign(name, slow, line)], line))
            value = p.name(name, line)
            if equal:
                return self.temp_value(name, line, BOOL)
        return V(value if equal else p.unary(ast.Not(), value, line), BOOL)

    def identity(self: FunctionGenerator, op: str, left: V, right: V, line: int) -> V:
        equal = op == "==="
        if right.kind != "const" and left.kind == "const":
            left, right = right, left
        if right.kind == "const" and not isinstance(right.value, float):
            left = self.as_atom(left, line)
            if right.value is None or isinstance(right.value, bool):  # there is one of each
                test: ast.cmpop = ast.Is() if equal else ast.IsNot()
                return V(p.compare(left.node, test, right.node, line), BOOL)
            kind = {bytes: "$bytes", int: "$int"}[type(right.value)]
            value: ast.expr = p.compare(left.node, ast.Eq(), right.node, line)
            if left.mask & ~const_mask(right.value):
                value = p.both([self.type_test(left, kind, line), value], line)
        else:
            left, right = self.operands([left, right], atoms=True)
            kinds = [p.call("$type", [self.again(side, line)], line) for side in (left, right)]
            value = p.choose(
                p.compare(kinds[0], ast.Is(), kinds[1], line),
                p.compare(left.node, ast.Eq(), right.node, line),
                p.call("$identical", [self.again(left, line), self.again(right, line)], line),
                line,
            )
            if left.mask & (OTHER | ARRAY) and right.mask & (OTHER | ARRAY):
                name = self.new_temp(BOOL)
                slow = p.call("$identical", [self.again(left, line), self.again(right, line)], line)
                body: list[ast.stmt] = [p.assign(name, value, line)]
                self.out.append(p.try_(body, "$TypeError", None, [p.assign(name, slow, line)], line))
                value = p.name(name, line)
        return V(value if equal else p.unary(ast.Not(), value, line), BOOL)

    # --- logic --------------------------------------------------------------------------------------------------------

    def x_Logic(self: FunctionGenerator, node: n.Logic, dest: str | None) -> V:
        line = node.line
        self.take_unused()
        tried = self.try_condition(node)
        if tried is not None:
            return tried
        left = self.expr(node.left)
        outer, self.out = self.out, []
        right = self.expr(node.right)
        inner, self.out = self.out, outer
        mask = left.mask | right.mask
        if not inner and node.op != "??":
            join = p.both if node.op == "&&" else p.either
            return V(join([left.node, right.node], line), mask, lo=min(left.lo, right.lo), hi=max(left.hi, right.hi))
        temp = self.new_temp(mask)
        self.out.append(p.assign(temp, left.node, line))
        again = p.name(temp, line)
        if node.op == "&&":
            cond: ast.expr = again
        elif node.op == "||":
            cond = p.unary(ast.Not(), again, line)
        else:
            cond = p.compare(again, ast.Is(), p.const(None, line), line)
        self.out.append(p.if_(cond, [*inner, p.assign(temp, right.node, line)], [], line))
        return self.temp_value(temp, line, mask)

    def x_IfExpr(self: FunctionGenerator, node: n.IfExpr, dest: str | None) -> V:
        line = node.line
        self.take_unused()
        cond = self.expr(node.cond)
        outer = self.out
        then_out: list[ast.stmt] = []
        other_out: list[ast.stmt] = []
        self.out = then_out
        then = self.expr(node.then)
        self.out = other_out
        other = self.expr(node.other)
        self.out = outer
        mask = then.mask | other.mask
        if not then_out and not other_out:
            return V(
                p.choose(cond.node, then.node, other.node, line), mask,
                lo=min(then.lo, other.lo), hi=max(then.hi, other.hi),
            )  # fmt: skip
        temp = self.new_temp(mask)
        then_out.append(p.assign(temp, then.node, line))
        other_out.append(p.assign(temp, other.node, line))
        self.out.append(p.if_(cond.node, then_out, other_out, line))
        return self.temp_value(temp, line, mask)

    def x_Concat(self: FunctionGenerator, node: n.Concat, dest: str | None) -> V:
        self.take_unused()
        return self.concat(self.operands(node.items), node.line)

    def concat(self: FunctionGenerator, values: list[V], line: int) -> V:
        masks = [value.mask for value in values]
        # joining two strings that are not constants can double: under limits the size is looked at first
        doubling = self.limits and sum(value.mask == STR and value.kind != "const" for value in values) > 1
        if not doubling and all(mask in (STR, INT) for mask in masks):
            if len(values) == 2 and masks == [STR, STR]:
                return V(p.binary(values[0].node, ast.Add(), values[1].node, line), STR)
            parts: list[tuple[bytes, ast.expr | None]] = []
            for value in values:
                if value.kind == "const":
                    text = value.value if value.mask == STR else b"%d" % value.value
                    parts.append((text.replace(b"%", b"%%"), None))
                else:
                    parts.append((b"%b" if value.mask == STR else b"%d", value.node))
            template = b"".join(part for part, _ in parts)
            nodes = [node for _, node in parts if node is not None]
            if not nodes:
                return self.constant(template.replace(b"%%", b"%"), line)
            return V(p.binary(p.const(template, line), ast.Mod(), p.tuple_of(nodes, line), line), STR)
        values = self.operands(values, atoms=True)
        texts = [self.likely_text(value, line) for value in values]
        name = self.new_temp(STR)
        slow = p.assign(name, p.call("$concat", [self.again(value, line) for value in values], line), line)
        joined: list[ast.stmt] = [p.assign(name, p.call("$join", [p.tuple_of(texts, line)], line), line)]
        if self.limits:
            size = p.call("$len", [p.name(name, line)], line)
            large = p.compare(size, ast.Gt(), p.const(LARGE, line), line)
            joined.append(p.if_(large, [p.expression(p.call("$grown", [p.name(name, line)], line), line)], [], line))
        made = p.try_(joined, "$TypeError", None, [slow], line)
        self.out.append(p.if_(p.name("$large", line), [slow], [made], line) if self.limits else made)
        return self.temp_value(name, line, STR)

    def likely_text(self: FunctionGenerator, value: V, line: int) -> ast.expr:
        """An atom for a concatenation: an int as its text, anything else as it is."""
        if value.kind == "const" and type(value.value) is int:
            return p.const(b"%d" % value.value, line)
        if not value.mask & INT:
            return self.again(value, line)
        made = p.binary(p.const(b"%d", line), ast.Mod(), self.again(value, line), line)
        if value.mask == INT:
            return made
        return p.choose(self.type_test(value, "$int", line), made, self.again(value, line), line)
