"""Arithmetic over properties and locals as one host expression, tried as a whole.

Rules of this file: a tree is only built from reads without effects, so when anything in it raises, the general code
computes it again from the start. Where that is the only way to the general code, it is compact: slow paths called one
in the other. As long as nothing raises, an operation with one real operand gives a real, whatever the other is: that is
what makes a test for each operand unnecessary.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..syntax import nodes as n
from . import pyast as p
from .arithmetic import SMALL, small_factor
from .comparisons import ORDER
from .infer import as_int
from .types import ANY, ARRAY, BOOL, INT, INT_MAX, INT_MIN, NULL, NUMERIC, REAL, STR, int_range
from .values import V

if TYPE_CHECKING:
    from collections.abc import Callable

    from .generate import FunctionGenerator

_OPERATORS: dict[str, Any] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}

# natives of one real argument that give a real or raise: script name -> helper
MATH_NATIVES = {"sqrt": "$m_sqrt", "sin": "$m_sin", "cos": "$m_cos"}


# larger expressions are not tried: each of their parts would be looked at again and again
_MAX_SIZE = 40


def larger(node: Any, limit: int) -> bool:
    """Whether an expression has more than so many operations; looks at no more than that."""
    pending = [node]
    while pending:
        part = pending.pop()
        if type(part) is n.Binary:
            limit -= 1
            if limit < 0:
                return True
            pending += (part.left, part.right)
        elif type(part) is n.Logic:
            pending += (part.left, part.right)
        elif type(part) is n.Paren:
            pending += part.items
    return False


# how far a chain of ring operations may run without a wrap
_WIDE = 1 << 200

# operations in one tree
_MOST = 40


class Tree:
    """A tree being built: the tests it needs first, and what it reads."""

    def __init__(self) -> None:
        self.guards: dict[str, ast.expr] = {}
        self.reads: set[str] = set()
        self.properties = 0
        self.operations = 0
        self.callees: dict[int, str] = {}
        self.before: list[ast.stmt] = []
        self.real = False  # whether the whole is probably a real


class Part:
    """A subtree: its host expression and what it gives when nothing raises."""

    __slots__ = ("hi", "lo", "local", "mask", "node", "realish")

    def __init__(
        self, node: ast.expr, mask: int = ANY, lo: int = INT_MIN, hi: int = INT_MAX, realish: bool = False,
        local: str | None = None,
    ) -> None:  # fmt: skip
        self.node = node
        self.mask = mask
        self.lo = lo
        self.hi = hi
        self.realish = realish
        self.local = local

    @property
    def wide(self) -> bool:
        """An int that may need a wrap yet: only ring operations may use it."""
        return self.mask == INT and (self.lo < INT_MIN or self.hi > INT_MAX)


class Trees:
    """The part of `FunctionGenerator` that tries arithmetic as one expression."""

    def try_tree(self: FunctionGenerator, node: n.Binary, dest: str | None) -> V | None:
        """The value of an arithmetic expression as a tree; None where that is impossible or no gain."""
        if self.in_tree or not self.unit.optimize or larger(node, _MAX_SIZE):
            return None
        tree = Tree()
        tree.real = any(type(leaf) is n.Name and leaf.name in self.realish for leaf in (node.left, node.right))
        part = self.part(node, tree, True)
        if part is None or (tree.properties == 0 and not tree.guards and not tree.callees):
            return None
        line = node.line
        name = dest if dest is not None and dest not in tree.reads else self.new_temp(0)
        self.out.extend(tree.before)
        fast = self.root(part, node, name, line)
        general = self.general(node, name, tree)
        self.emit_tree(tree, fast, general, line)
        # the general code may give anything
        return self.result(name, dest, line, ANY)

    def general(self: FunctionGenerator, node: n.Node, name: str, tree: Tree) -> list[ast.stmt]:
        """The statements that compute the node into `name` operation by operation."""

        def make() -> None:
            value = self.expr(node, None)
            self.out.append(p.assign(name, value.node, node.line))

        self.compact = not (tree.guards or tree.callees)
        made = self.general_code(make, tree, node.line)
        self.compact = False
        return made

    def general_code(self: FunctionGenerator, make: Callable[[], None], tree: Tree, line: int) -> list[ast.stmt]:
        """What `make` generates, operation by operation."""
        self.in_tree, before = True, self.in_tree
        self.zipped, zipped = {}, self.zipped
        self.callees_known, known = tree.callees, self.callees_known
        mark = self.temps_begin()
        made = self.generated(make)
        used = self.temps_used
        made += self.temps_end_list(mark, line)
        self.temps_used = used  # an earlier operand may yet be moved into a temporary before this code
        self.in_tree, self.callees_known, self.zipped = before, known, zipped
        return made

    def emit_tree(
        self: FunctionGenerator, tree: Tree, fast: list[ast.stmt], general: list[ast.stmt], line: int
    ) -> None:
        attempt = p.try_(fast, "$TreeErrors", None, general, line)
        if not tree.guards:
            self.out.append(attempt)
            return
        tests = list(tree.guards.values())
        cond = tests[0] if len(tests) == 1 else p.both(tests, line)
        # the same nodes stand in two places, which the host's compiler does not mind
        self.out.append(p.if_(cond, [attempt], general, line))

    def root(self: FunctionGenerator, part: Part, node: n.Binary, name: str, line: int) -> list[ast.stmt]:
        """The tree's value into `name`, with the check that its type still needs."""
        made: list[ast.stmt] = [p.assign(name, part.node, line)]
        if part.mask == REAL or (part.mask == INT and part.lo >= INT_MIN and part.hi <= INT_MAX):
            return made
        left, right = self.step_of(node.left), self.step_of(node.right)
        mend = self.mend_overflow(name, node.op, left, right, line)
        if part.realish:
            kind = p.call("$type", [p.name(name, line)], line)
            mend = p.if_(p.compare(kind, ast.IsNot(), p.name("$float", line), line), [mend], [], line)
        made.append(mend)
        return made

    def step_of(self: FunctionGenerator, node: n.Node) -> V:
        """An operand as far as `mend_overflow` looks at it."""
        if type(node) is n.Const and type(node.value) is int:
            return self.constant(node.value, node.line)
        return V(p.const(None, node.line))

    def part(self: FunctionGenerator, node: Any, tree: Tree, is_root: bool = False) -> Part | None:
        """A subtree, None when it cannot be one."""
        while type(node) is n.Paren and len(node.items) == 1:
            node = node.items[0]
        if type(node) is n.Const:
            value = node.value
            if type(value) is float:
                return Part(p.const(value, node.line), REAL, realish=True)
            return Part(p.const(value, node.line), INT, value, value) if type(value) is int else None
        if type(node) is n.Name:
            if node.storage == "global":
                return None
            name = self.py_name(node.name)
            tree.reads.add(name)
            mask, lo, hi = self.local_type(node) if node.storage == "local" else (ANY, INT_MIN, INT_MAX)
            realish = node.storage == "local" and node.name in self.realish
            local = name if node.storage == "local" else None
            return Part(p.name(name, node.line), mask, lo, hi, realish or mask == REAL, local)
        if type(node) is n.This:
            return Part(p.name("this", node.line))
        if type(node) is n.Prop:
            return self.property_part(node, tree)
        if type(node) is n.Index:
            return self.index_part(node, tree)
        if type(node) is n.Binary and node.op in _OPERATORS:
            return self.operation_part(node, tree, is_root)
        if type(node) is n.Call:
            return self.call_part(node, tree)
        return None

    def property_part(self: FunctionGenerator, node: n.Prop, tree: Tree) -> Part | None:
        key = node.key.value if type(node.key) is n.Const else None
        if type(key) is not bytes or key in (b"length", b"size", b"first", b"last", b"error"):
            return None
        obj: Any = node.obj
        if not isinstance(obj, (n.Name, n.This, n.Prop)):
            return None
        inner = self.part(obj, tree)
        if inner is None:
            return None
        tree.properties += 1
        hinted = self.unit.hints is not None and self.unit.hints.properties.get(key) == REAL
        return Part(p.attribute(inner.node, self.attribute_name(key), node.line), realish=hinted)

    def index_part(self: FunctionGenerator, node: n.Index, tree: Tree) -> Part | None:
        """An item of a known string or array, or of an array in such an array."""
        zipped = self.zipped_item(node)
        if zipped is not None:
            tree.properties += 1
            return Part(p.name(zipped, node.line))
        key = self.part(node.key, tree)
        if key is None:
            return None
        line = node.line
        obj: Any = node.obj
        inner = self.part(obj, tree) if isinstance(obj, (n.Name, n.Index)) else None
        if inner is None:
            return None
        tree.properties += 1
        item = p.subscript(inner.node, key.node, line)
        if key.mask == STR and inner.local in self.exact_tables:
            return Part(item)
        if key.mask != INT or key.wide:
            return None
        if inner.mask == STR:
            return Part(item, INT, 0, 255)
        if key.lo < 0:
            return None
        if inner.mask == ARRAY:
            return Part(item)
        if type(obj) is not n.Index:
            return None
        # an object with a say in its indexing must not be asked here
        first, again = self.twice(inner.node)
        test = p.compare(p.call("$type", [first], line), ast.Is(), p.name("$Array", line), line)
        row = p.choose(test, again, p.call("$bail", [], line), line)
        return Part(p.subscript(row, key.node, line))

    def twice(self: FunctionGenerator, node: ast.expr) -> tuple[ast.expr, ast.expr]:
        """An expression to be evaluated, and one that names its value afterwards."""
        if isinstance(node, ast.Name):
            return node, node
        line = node.lineno
        name = self.new_temp(0)
        return ast.NamedExpr(ast.Name(name, p.STORE, **p.at(line)), node, **p.at(line)), p.name(name, line)

    def operation_part(self: FunctionGenerator, node: n.Binary, tree: Tree, is_root: bool) -> Part | None:
        tree.operations += 1
        if tree.operations > _MOST:
            return None  # every link of a long chain tries the rest of it
        left = self.part(node.left, tree)
        if left is None:
            return None
        right = self.part(node.right, tree)
        if right is None:
            return None
        host = p.binary(left.node, _OPERATORS[node.op](), right.node, node.line)
        if left.mask == REAL or right.mask == REAL:
            return None if left.wide or right.wide else Part(host, REAL, realish=True)
        # a local that is probably real makes all that follows real: one test for it
        for side in (left, right):
            if side.local is not None and side.realish:
                if side.local not in tree.guards:
                    kind = p.call("$type", [p.name(side.local, node.line)], node.line)
                    tree.guards[side.local] = p.compare(kind, ast.Is(), p.name("$float", node.line), node.line)
                return None if left.wide or right.wide else Part(host, REAL, realish=True)
        if node.op == "/":
            return None
        if not (left.mask | right.mask) & ~(INT | BOOL | NULL):
            _, left_lo, left_hi = as_int((left.mask, left.lo, left.hi))
            _, right_lo, right_hi = as_int((right.mask, right.lo, right.hi))
            lo, hi = int_range(node.op, V(host, lo=left_lo, hi=left_hi), V(host, lo=right_lo, hi=right_hi))
            # ring operations may run over: the root wraps what comes out
            return Part(host, INT, lo, hi) if lo > -_WIDE and hi < _WIDE else None
        if left.wide or right.wide:
            return None
        if node.op == "*" and tree.real and not is_root:
            # among reals: one test, and the result is one
            first, again = self.twice(left.node)
            real = p.compare(p.call("$type", [first], node.line), ast.Is(), p.name("$float", node.line), node.line)
            product = p.binary(again, ast.Mult(), right.node, node.line)
            other = p.call("$product", [again, right.node], node.line)
            return Part(p.choose(real, product, other, node.line), realish=True)
        if node.op == "*":
            # the host repeats bytes, of any size: a sign before them is a TypeError
            factors = [
                p.unary(ast.UAdd(), side.node, node.line) if side.mask & STR and not small_factor(other) else side.node
                for side, other in ((left, right), (right, left))
            ]
            host = p.binary(factors[0], ast.Mult(), factors[1], node.line)
        realish = left.realish or right.realish
        if is_root:
            return Part(host, ANY, realish=realish)
        if not tree.real:
            return None
        # among reals, probably a real; an int must have its 64 bits before it becomes one
        line = node.line
        name = self.new_temp(0)
        named = ast.NamedExpr(ast.Name(name, p.STORE, **p.at(line)), host, **p.at(line))
        again = p.name(name, line)
        real = p.compare(p.call("$type", [named], line), ast.Is(), p.name("$float", line), line)
        upper = p.compare(again, ast.LtE(), p.const(SMALL, line), line)
        lower = p.compare(again, ast.GtE(), p.const(-SMALL, line), line)
        fits = p.either([real, p.both([upper, lower], line)], line)
        return Part(p.choose(fits, again, p.call("$fit", [again], line), line), realish=True)

    def call_part(self: FunctionGenerator, node: n.Call, tree: Tree) -> Part | None:
        """A call of a known mathematical native."""
        func: Any = node.func
        if not (type(func) is n.Name and func.storage == "global" and func.name in MATH_NATIVES):
            return None
        if len(node.args) != 1:
            return None
        arg = self.part(node.args[0], tree)
        if arg is None or not (arg.mask == REAL or (arg.local is not None and arg.realish)):
            return None
        line = node.line
        if arg.mask != REAL and arg.local is not None and arg.local not in tree.guards:
            kind = p.call("$type", [p.name(arg.local, line)], line)
            tree.guards[arg.local] = p.compare(kind, ast.Is(), p.name("$float", line), line)
        callee = self.new_temp(0)
        tree.before.append(p.assign(callee, p.name(self.global_name(func.name), func.line), func.line))
        tree.callees[id(node)] = callee
        tree.guards[callee] = p.compare(p.name(callee, line), ast.Is(), p.name("$N_" + func.name, line), line)
        return Part(p.call(MATH_NATIVES[func.name], [arg.node], line), REAL, realish=True)

    # --- conditions ---------------------------------------------------------------------------------------------------

    def try_condition(self: FunctionGenerator, node: Any) -> V | None:
        """A comparison, or several joined, as one expression in one attempt; None where that is no gain."""
        if self.in_tree or not self.unit.optimize or larger(node, _MAX_SIZE):
            return None
        tree = Tree()
        part = self.condition_part(node, tree)
        if part is None or not (tree.properties or tree.operations > 1) or tree.guards or tree.callees:
            return None
        line = node.line
        name = self.new_temp(BOOL)
        self.emit_tree(tree, [p.assign(name, part, line)], self.general(node, name, tree), line)
        return self.temp_value(name, line, BOOL)

    def condition_part(self: FunctionGenerator, node: Any, tree: Tree) -> ast.expr | None:
        """A condition that is a bool when nothing raises."""
        while type(node) is n.Paren and len(node.items) == 1:
            node = node.items[0]
        line = node.line
        if type(node) is n.Unary and node.op == "!":
            inner = self.condition_part(node.operand, tree)
            return None if inner is None else p.unary(ast.Not(), inner, line)
        if type(node) is n.Logic and node.op != "??":
            sides = [self.condition_part(node.left, tree), self.condition_part(node.right, tree)]
            if sides[0] is None or sides[1] is None:
                return None
            return (p.both if node.op == "&&" else p.either)([sides[0], sides[1]], line)
        if type(node) is not n.Binary or (node.op not in ORDER and node.op not in ("==", "!=")):
            return None
        left = self.part(node.left, tree)
        right = self.part(node.right, tree) if left is not None else None
        if left is None or right is None or left.wide or right.wide:
            return None
        both = left.mask | right.mask
        if node.op in ORDER:
            # what has no order of the host's own raises
            tree.operations += bool(both & ~NUMERIC and both & ~STR)
            return p.compare(left.node, ORDER[node.op][0](), right.node, line)
        if both & ~NUMERIC and both & ~STR:
            return None
        return p.compare(left.node, ast.Eq() if node.op == "==" else ast.NotEq(), right.node, line)

    # --- compound assignment ------------------------------------------------------------------------------------------

    def tree_assign(self: FunctionGenerator, node: n.OpAssign) -> V | None:
        """`o.name op= value` or `o[ key ] op= value` in one attempt: read, operation and store; None if impossible."""
        target = node.target
        if self.in_tree or not self.unit.optimize or node.op not in ("+", "-", "*"):
            return None
        if not (isinstance(target, (n.Prop, n.Index)) and isinstance(target.obj, (n.Name, n.This))):
            return None
        if not self.is_simple(node.value):
            return None
        tree = Tree()
        read = type(target)(target.line, target.obj, target.key)
        whole = n.Binary(node.line, node.op, read, node.value)
        part = self.part(whole, tree, True)
        if part is None or not isinstance(target.key, n.Const if type(target) is n.Prop else (n.Const, n.Name)):
            return None
        if type(target) is n.Prop and type(target.key) is n.Const and b" " in target.key.value:
            return None  # no name that `UnitGenerator.stores` could list
        line = node.line
        name = self.new_temp(0)
        self.out.extend(tree.before)
        fast = self.root(part, whole, name, line)
        obj = self.part(target.obj, Tree())
        assert obj is not None
        store: ast.expr
        if type(target) is n.Index:
            # the item was read, so it is there
            key = self.part(target.key, Tree())
            assert key is not None
            store = ast.Subscript(obj.node, key.node, p.STORE, **p.at(target.line))
        else:
            assert type(target.key) is n.Const
            store = self.property_target(obj.node, target.key.value, target.line)
        # the object has the attribute, so it is no function: the store needs no test
        fast.append(p.assign(store, p.name(name, target.line), target.line))
        if tree.guards or tree.callees:
            general = self.general(node, name, tree)
        else:
            general = self.general(whole, name, tree)
            args = [obj.node, self.expr(target.key).node, p.name(name, target.line)]
            setter = "$setprop" if type(target) is n.Prop else "$setindex"
            general.append(p.expression(p.call(setter, args, target.line), target.line))
        self.emit_tree(tree, fast, general, line)
        return self.temp_value(name, line, ANY)
