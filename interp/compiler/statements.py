"""Code for statements: one generator function for each construct.

Rule of this file: deferred statements are generated again at every exit that comes after them in the text: never as
`finally`, so aborts and discarded threads run none. Loops are in `loops.py`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..pace import look
from ..syntax import nodes as n
from . import pyast as p
from .expressions import MOST_LINKS
from .loops import Loop, Scope
from .texts import LOOPS, count_uses
from .types import INT_MAX, INT_MIN, REAL
from .values import V

if TYPE_CHECKING:
    from .generate import FunctionGenerator


# The host refuses more than 20 nested blocks in a function.
MAX_LOOPS = 12


class Statements:
    """The statement half of `FunctionGenerator`."""

    def statement(self: FunctionGenerator, node: n.Node) -> None:
        look()
        mark = self.temps_begin()
        kind = type(node)
        if kind in LOOPS and self.loop_depth >= MAX_LOOPS:
            self.outline(node)
        elif kind in LOOPS and self.unit.optimize and not self.versioned:
            self.loop_versions(node)
        else:
            self.of_statement[kind](self, node)
        self.temps_end(mark, node.line)

    def leave_function(self: FunctionGenerator, value: ast.expr, line: int) -> None:
        """`return`, from inside an outlined loop, too."""
        self.out.append(p.return_(p.tuple_of([value], line) if self.level else value, line))

    def statements(self: FunctionGenerator, body: list[n.Node]) -> None:
        for i, node in enumerate(body):
            self.statement(node)
            if not (self.loop_depth and self.realish and isinstance(node, (n.VarDecl, n.ExprStmt))):
                continue
            rest = body[i + 1 :]
            names = self.fresh_reals(node)
            if self.in_region:
                for name in names:
                    if self.stored_masks.get(name) == REAL and count_uses(rest, {name}) is not None:
                        self.types.variables[name] = (REAL, INT_MIN, INT_MAX)
            elif names and (count_uses(rest, set(names)) or 0) > len(names):
                self.real_region(names, rest)
                return

    def fresh_reals(self: FunctionGenerator, node: n.Node) -> list[str]:
        """Locals that a statement has just given what is probably a real."""
        targets: list[Any] = []
        for item in node.exprs if isinstance(node, n.ExprStmt) else [node]:
            if isinstance(item, n.VarDecl):
                targets += [target for target, value in item.items if value is not None]
            elif isinstance(item, n.Assign):
                targets.append(item.target)
        return sorted(
            {
                target.name
                for target in targets
                if isinstance(target, n.Name)
                and target.storage == "local"
                and target.name in self.realish
                and self.local_type(target)[0] != REAL
            }
        )

    def real_region(self: FunctionGenerator, names: list[str], rest: list[n.Node]) -> None:
        """What follows in a block, as a copy for locals that are reals and the general one."""
        line = rest[0].line
        tests = [
            p.compare(p.call("$type", [p.name(self.py_name(name), line)], line), ast.Is(), p.name("$float", line), line)
            for name in names
        ]
        self.in_region = True
        kept = dict(self.types.variables)
        for name in names:
            self.types.variables[name] = (REAL, INT_MIN, INT_MAX)
        special = self.generated(lambda: self.statements(rest))
        self.types.variables = kept
        general = self.generated(lambda: self.statements(rest))
        self.in_region = False
        self.out.append(p.if_(p.both(tests, line), special, general, line))

    def block(self: FunctionGenerator, node: n.Node) -> list[ast.stmt]:
        """The code of a statement on its own, as a list."""
        outer, self.out = self.out, []
        stopped = self.not_functions
        self.not_functions = set(stopped)
        self.statement(node)
        self.not_functions = stopped
        made, self.out = self.out, outer
        return made

    def s_ExprStmt(self: FunctionGenerator, node: n.ExprStmt) -> None:
        for item in node.exprs:
            self.effect(item)
            self.zipped.clear()

    def s_Command(self: FunctionGenerator, node: n.Command) -> None:
        line = node.line
        if node.name.name == "include":
            for arg in node.args:
                self.effect(n.Call(line, node.name, [arg]))
            return
        self.effect(n.Call(line, node.name, node.args))

    def s_Block(self: FunctionGenerator, node: n.Block) -> None:
        self.scopes.append(Scope())
        self.statements(node.body)
        self.leave_scope()

    def leave_scope(self: FunctionGenerator) -> None:
        """The natural end of a scope: what it deferred runs, the last first."""
        scope = self.scopes[-1]
        if not self.ends_here():
            self.run_deferred(scope)
        self.scopes.pop()

    def ends_here(self: FunctionGenerator) -> bool:
        return bool(self.out) and type(self.out[-1]) in p.LEAVING

    def run_deferred(self: FunctionGenerator, scope: Scope) -> None:
        pending = scope.deferred
        while scope.deferred:
            # a deferred `defer` puts its statement here again
            last = scope.deferred[-1]
            scope.deferred = scope.deferred[:-1]
            self.statement(last)
        scope.deferred = pending

    def s_Defer(self: FunctionGenerator, node: n.Defer) -> None:
        self.scopes[-1].deferred = [*self.scopes[-1].deferred, node.body]

    # --- branches -----------------------------------------------------------------------------------------------------

    def condition(self: FunctionGenerator, node: n.Node) -> ast.expr:
        value = self.expr(node)
        return value.node

    def s_If(self: FunctionGenerator, node: n.If) -> None:
        line = node.line
        begin = len(self.out)
        cond = self.condition(node.cond)
        self.zipped.clear()
        links, self.else_links = self.else_links, 0
        then = self.block(node.then)
        other: list[ast.stmt] = []
        if isinstance(node.other, n.If) and links == MOST_LINKS:
            # the rest of the chain comes behind the first of its statements
            flag = self.fresh("$else")
            other.append(p.assign(flag, p.const(True, line), line))
            self.elses_later.append((flag, node.other))
        elif node.other is not None:
            self.else_links = links + 1 if isinstance(node.other, n.If) else 0
            other = self.block(node.other)
        self.else_links = links
        if not other and len(then) == 1 and p.leaves(then[0]):
            p.leave(self.out, cond, True, then[0], line)
        else:
            self.out.append(p.if_(cond, then, other, line))
        if links == 0 and self.elses_later:
            flag, rest = self.elses_later.pop()
            self.out.insert(begin, p.assign(flag, p.const(False, line), line))
            self.else_links = 0
            self.out.append(p.if_(p.name(flag, line), self.block(rest), [], line))
            self.else_links = links

    # --- leaving ------------------------------------------------------------------------------------------------------

    def s_Break(self: FunctionGenerator, node: n.Break) -> None:
        self.leave_loops(node.levels, True, node.line)

    def s_Continue(self: FunctionGenerator, node: n.Continue) -> None:
        self.leave_loops(node.levels, False, node.line)

    def leave_loops(self: FunctionGenerator, levels: int, is_break: bool, line: int) -> None:
        saved = list(self.scopes)
        crossed: list[Loop] = []
        while True:
            scope = self.scopes[-1]
            self.run_deferred(scope)
            if scope.loop is not None:
                crossed.append(scope.loop)
                if len(crossed) == levels:
                    break
            self.scopes.pop()
        target = crossed[-1]
        if levels == 1:
            if is_break:
                self.out.append(p.break_(line))
            else:
                self.scopes.pop()
                if target.again is not None:
                    target.again()
                self.out.append(p.continue_(line))
        else:
            self.uses_exit = True
            crossed[0].exits = True
            for loop in crossed[:-1]:
                loop.exits = True
            code = 2 * target.code + (0 if is_break else 1)
            self.out.append(p.assign("$x", p.const(code, line), line))
            self.out.append(p.break_(line))
        self.scopes = saved

    def s_Return(self: FunctionGenerator, node: n.Return) -> None:
        line = node.line
        pending = any(scope.deferred for scope in self.scopes)
        single = node.exprs[0] if len(node.exprs) == 1 else None
        while isinstance(single, n.Paren) and len(single.items) == 1:
            single = single.items[0]
        bare = isinstance(single, n.Name) and single.storage == "local"
        values: list[V] = []
        if not (bare and pending):
            values = self.operands(node.exprs)
            if pending:
                values = [self.keep(value, line) if value.kind != "const" else value for value in values]
        saved = list(self.scopes)
        while self.scopes:
            self.run_deferred(self.scopes[-1])
            self.scopes.pop()
        self.scopes = saved
        if bare and pending:
            values = [self.expr(node.exprs[0])]
        if self.twin:
            self.leave_function(p.tuple_of([value.node for value in values], line), line)
            return
        for value in values[1:]:
            if not value.atom:
                # evaluated for its effect: only the first result goes back to ordinary callers
                values[0] = values[0] if values[0].kind == "const" else self.keep(values[0], line)
                break
        for value in values[1:]:
            # a function is read too: the twin, which returns it, finds its variable through this form
            if not value.atom or (value.name is not None and value.name.startswith(("$f", "$q"))):
                self.out.append(p.expression(value.node, line))
        self.leave_function(values[0].node if values else p.const(None, line), line)

    # --- declarations -------------------------------------------------------------------------------------------------

    def s_VarDecl(self: FunctionGenerator, node: n.VarDecl) -> None:
        self.x_VarDecl(node, None)

    def s_FuncDecl(self: FunctionGenerator, node: n.FuncDecl) -> None:
        line = node.line
        function = node.function
        if isinstance(node.target, n.Name):
            value = self.temp_value(self.define(function), line)
            self.store_name(node.target, value, line)
        else:
            target = node.target
            value = self.temp_value(self.define(function), line)
            self.store(target, value, line)
        if self.function.is_unit and function.name is not None:
            args = [p.const(function.name.encode(), line), self.again(value, line)]
            self.out.append(p.expression(p.call("$declare", args, line), line))

    def s_ClassDecl(self: FunctionGenerator, node: n.ClassDecl) -> None:
        line = node.line
        made = self.fresh("$k")
        name = node.name.name.encode()
        base = node.base.encode() if node.base is not None else None
        args = [p.const(name, line), p.const(base, line)]
        self.out.append(p.assign(made, p.call("$class_begin", args, line), line))
        self.store_global(node.name.name, V(p.name(made, line)), line)
        self.out.append(p.expression(p.call("$class_inherited", [p.name(made, line), *args], line), line))
        for member in node.members:
            mark = self.temps_begin()
            value = self.constant(None, line) if member.value is None else self.expr(member.value)
            key = p.const(member.name.encode(), member.line)
            symbol = p.const(name + b"." + member.name.encode() if member.is_function else None, member.line)
            call = p.call("$class_member", [p.name(made, line), key, value.node, symbol], member.line)
            self.out.append(p.expression(call, member.line))
            self.temps_end(mark, line)
        self.out.append(p.assign(made, p.const(None, line), line))

    def s_DeclTree(self: FunctionGenerator, node: n.DeclTree) -> None:
        """`decltree`: a class whose constructor replays the tree (chapter 02 section 8)."""
        member = n.Member(node.line, "__construct", n.FuncExpr(node.line, tree_constructor(node)), True)
        self.s_ClassDecl(n.ClassDecl(node.line, node.name, node.base, [member]))


def tree_constructor(node: n.DeclTree) -> n.Function:
    """The constructor of a `decltree` with the body that replays the tree (chapter 02 section 8)."""
    count = 0

    def helper(line: int, name: str, args: list[n.Node]) -> n.Node:
        return n.ExprStmt(line, [n.Call(line, n.Name(line, name, "global"), args)])

    def replay(entries: list[n.TreeEntry], parent: n.Node) -> None:
        nonlocal count
        for entry in entries:
            line = entry.line
            key = n.Const(line, entry.key.encode())
            if entry.value is not None:
                method = n.Prop(line, n.This(line), n.Const(line, b"__set_attrib"))
                body.append(n.ExprStmt(line, [n.Call(line, method, [parent, key, entry.value])]))
                continue
            count += 1
            made = n.Name(line, f"$t{count}", "local")
            method = n.Prop(line, n.This(line), n.Const(line, b"__add_child"))
            call = n.Call(line, method, [parent, key, *(entry.args or [])])
            body.append(n.ExprStmt(line, [n.Assign(line, made, call)]))
            replay(entry.entries or [], made)
            body.append(helper(line, "$tree_close", [n.This(line), parent, made]))

    base = n.Const(node.line, node.base.encode())
    body: list[n.Node] = [helper(node.line, "$tree_base", [n.This(node.line), base])]
    replay(node.entries, n.Const(node.line, None))
    node.constructor.body = body
    return node.constructor
