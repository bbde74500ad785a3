"""Code for statements: one generator function for each construct.

Rules of this file: loops are Python loops; `break N` and `continue N` that leave inner loops set the function's exit
variable, which each loop on the way looks at. Deferred statements are generated again at every exit that comes after
them in the text: never as `finally`, so aborts and discarded threads run none.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..pace import look
from ..runtime.messages import OUTLINED
from ..syntax import nodes as n
from . import pyast as p
from .infer import loop_bound
from .types import ANY, ARRAY, BOOL, INT, INT_MAX, INT_MIN, REAL
from .values import V

if TYPE_CHECKING:
    from .generate import FunctionGenerator


class Scope:
    """A block, loop body or function body: what is deferred in it so far, and its loop if it is a loop's body."""

    __slots__ = ("deferred", "loop")

    def __init__(self, loop: Loop | None = None) -> None:
        self.deferred: list[n.Node] = []
        self.loop = loop


class Loop:
    """A loop being generated. `again` emits what `continue` must do before the host's own `continue`."""

    __slots__ = ("again", "code", "exits", "level")

    def __init__(self, code: int, again: Any, level: int) -> None:
        self.level = level
        self.code = code
        self.again = again
        self.exits = False


# The host refuses more than 20 nested blocks in a function.
MAX_LOOPS = 12

LOOPS = (n.While, n.DoWhile, n.For, n.NumericFor, n.Foreach)

# what can run script code, or make a local mean another thing
_CALLS = (
    n.Call, n.CompatCall, n.New, n.ThreadCall, n.Sync, n.MultiAssign, n.Command, n.ClassDecl, n.DeclTree, n.FuncExpr,
    n.FuncDecl, n.Foreach, n.Defer,
)  # fmt: skip


def indexed_locals(loop: Any) -> set[str]:
    """Locals that a loop indexes and never stores; none when the loop calls anything."""
    indexed: set[str] = set()
    stored: set[str] = set()
    if not _scan_loop(loop, indexed, stored):
        return set()
    return indexed - stored


def _scan_loop(loop: Any, indexed: set[str], stored: set[str]) -> bool:
    pending = [loop]
    while pending:
        node = pending.pop()
        if isinstance(node, (list, tuple)):
            pending.extend(node)
            continue
        if not isinstance(node, n.Node):
            continue
        if isinstance(node, _CALLS):
            return False
        if isinstance(node, n.Index) and isinstance(node.obj, n.Name) and node.obj.storage == "local":
            indexed.add(node.obj.name)
        if isinstance(node, (n.Assign, n.OpAssign, n.IncDec)) and isinstance(node.target, n.Name):
            stored.add(node.target.name)
        if isinstance(node, n.NumericFor):
            stored.add(node.name.name)
        if isinstance(node, n.VarDecl):
            stored.update(target.name for target, _ in node.items)
        pending.extend(getattr(node, slot) for slot in type(node).__slots__ if slot != "storage")
    return True


class Statements:
    """The statement half of `FunctionGenerator`."""

    def statement(self: FunctionGenerator, node: n.Node) -> None:
        look()
        mark = self.temps_begin()
        if isinstance(node, LOOPS) and self.loop_depth >= MAX_LOOPS:
            self.outline(node)
        elif isinstance(node, LOOPS) and self.unit.optimize and not self.versioned:
            self.loop_versions(node)
        else:
            getattr(self, "s_" + type(node).__name__)(node)
        self.temps_end(mark, node.line)

    def outline(self: FunctionGenerator, node: n.Node) -> None:
        """A loop deep inside others becomes a host function of its own, as the host nests no more than 20 blocks.

        It shares all variables of the function; a `return` inside comes out as a tuple.
        """
        line = node.line
        self.outlined = True
        depth, self.loop_depth = self.loop_depth, 0
        late, self.late_exits = self.late_exits, []
        self.level += 1
        body = self.generated(lambda: getattr(self, "s_" + type(node).__name__)(node))
        self.level -= 1
        self.loop_depth = depth
        exits, self.late_exits = self.late_exits, late
        name = self.fresh(OUTLINED)
        self.out.append(p.function(name, [], [], None, [*self.shared_names(line), *body], line))
        result = self.fresh("$r")
        self.out.append(p.assign(result, p.call(name, [], line), line))
        value: ast.expr = p.name(result, line)
        if not self.level:
            value = p.subscript(value, p.const(0, line), line)
        left = p.compare(p.name(result, line), ast.IsNot(), p.const(None, line), line)
        self.out.append(p.if_(left, [p.return_(value, line)], [], line))
        for loop in exits:
            self.after_loop(loop, line)

    def leave_function(self: FunctionGenerator, value: ast.expr, line: int) -> None:
        """`return`, from inside an outlined loop, too."""
        self.out.append(p.return_(p.tuple_of([value], line) if self.level else value, line))

    def loop_versions(self: FunctionGenerator, node: Any) -> None:
        """A loop without calls over locals it only indexes: a copy for arrays, tested once, and the general one."""
        line = node.line
        arrays = sorted(
            name
            for name in indexed_locals(node)
            if self.types.variables.get(name, (ANY, 0, 0))[0] & ARRAY
            and self.types.variables.get(name, (ANY, 0, 0))[0] != ARRAY
        )
        if not arrays:
            getattr(self, "s_" + type(node).__name__)(node)
            return
        self.versioned = True
        cond: list[ast.expr] = []
        kept = dict(self.types.variables)
        for name in arrays:
            kind = p.call("$type", [p.name(self.py_name(name), line)], line)
            cond.append(p.compare(kind, ast.Is(), p.name("$Array", line), line))
            self.types.variables[name] = (ARRAY, INT_MIN, INT_MAX)
        loop = getattr(self, "s_" + type(node).__name__)
        special = self.generated(lambda: loop(node))
        self.types.variables = kept
        general = self.generated(lambda: loop(node))
        self.versioned = False
        self.out.append(p.if_(cond[0] if len(cond) == 1 else p.both(cond, line), special, general, line))

    def statements(self: FunctionGenerator, body: list[n.Node]) -> None:
        for node in body:
            self.statement(node)

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
        return bool(self.out) and isinstance(self.out[-1], (ast.Return, ast.Break, ast.Continue))

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
        cond = self.condition(node.cond)
        then = self.block(node.then)
        other = self.block(node.other) if node.other is not None else []
        self.out.append(p.if_(cond, then, other, node.line))

    # --- loops --------------------------------------------------------------------------------------------------------

    def loop_body(self: FunctionGenerator, body: n.Node, again: Any, line: int) -> tuple[list[ast.stmt], Loop]:
        """The code of one pass, without what follows the pass (`again`)."""
        self.loop_count += 1
        self.loop_depth += 1
        loop = Loop(self.loop_count, again, self.level)
        outer, self.out = self.out, []
        stopped = self.not_functions
        self.not_functions = set()
        self.scopes.append(Scope(loop))
        if self.limits:
            self.poll(line)
        self.statements([body])
        self.leave_scope()
        self.not_functions = stopped
        self.loop_depth -= 1
        made, self.out = self.out, outer
        return made, loop

    def poll(self: FunctionGenerator, line: int) -> None:
        """A check point: counts an operation where those are limited, and looks at the engine's stop flag."""
        if self.unit.counting:
            self.out.append(p.expression(p.call("$tick", [], line), line))
            return
        self.out.append(p.if_(p.name("$stop", line), [p.expression(p.call("$poll", [], line), line)], [], line))

    def generated(self: FunctionGenerator, make: Any) -> list[ast.stmt]:
        """What `make` emits, as a list of its own."""
        outer, self.out = self.out, []
        make()
        made, self.out = self.out, outer
        return made

    def emit_loop(
        self: FunctionGenerator, head: list[ast.stmt], cond: ast.expr | None, body: list[ast.stmt], loop: Loop,
        tail: list[ast.stmt], line: int,
    ) -> None:  # fmt: skip
        """`while`: `head` computes the condition, `tail` ends each pass."""
        if body and isinstance(body[-1], (ast.Return, ast.Break, ast.Continue)):
            tail = []
        if cond is None:
            whole = head + body + tail
            self.out.append(p.while_(p.const(True, line), whole, line))
        elif not head:
            self.out.append(p.while_(cond, body + tail, line))
        else:
            leave = p.if_(p.unary(ast.Not(), cond, line), [p.break_(line)], [], line)
            self.out.append(p.while_(p.const(True, line), [*head, leave, *body, *tail], line))
        self.after_loop(loop, line)

    def after_loop(self: FunctionGenerator, loop: Loop, line: int) -> None:
        """Behind a loop that inner statements may leave for an outer one: goes on leaving."""
        if not loop.exits:
            return
        outer = next((scope.loop for scope in reversed(self.scopes) if scope.loop is not None), None)
        if outer is None:
            return
        if outer.level != self.level:
            self.late_exits.append(loop)  # the outer loop is in another host function: its caller goes on leaving
            return
        leave: list[ast.stmt] = [p.break_(line)]
        is_break = p.compare(p.name("$x", line), ast.Eq(), p.const(2 * outer.code, line), line)
        is_continue = p.compare(p.name("$x", line), ast.Eq(), p.const(2 * outer.code + 1, line), line)
        reset = p.assign("$x", p.const(0, line), line)
        again = self.generated(outer.again) if outer.again is not None else []
        step = p.if_(
            is_break, [reset, p.break_(line)],
            [p.if_(is_continue, [reset, *again, p.continue_(line)], leave, line)], line,
        )  # fmt: skip
        self.out.append(p.if_(p.name("$x", line), [step], [], line))

    def s_While(self: FunctionGenerator, node: n.While) -> None:
        line = node.line
        mark = self.temps_begin()
        conds: list[ast.expr] = []
        head = self.generated(lambda: conds.append(self.condition(node.cond)))
        clear = self.temps_end_list(mark, line)
        self.take_bound(node.cond, [node.body])
        body, loop = self.loop_body(node.body, None, line)
        self.bounds.clear()
        self.emit_loop(head, conds[0], body, loop, [], line)
        self.out.extend(clear)

    def take_bound(self: FunctionGenerator, cond: n.Node, texts: list[n.Node]) -> None:
        """Takes over what a loop's condition says of a counter, until it is stored."""
        found = loop_bound(cond, texts, self.value_type) if self.unit.optimize else None
        if found is not None:
            self.bounds[self.py_name(found[0])] = found[1]

    def s_DoWhile(self: FunctionGenerator, node: n.DoWhile) -> None:
        line = node.line

        def again() -> None:
            mark = self.temps_begin()
            cond = self.condition(node.cond)
            self.out.append(p.if_(p.unary(ast.Not(), cond, line), [p.break_(line)], [], line))
            self.temps_end(mark, line)

        body, loop = self.loop_body(node.body, again, line)
        ended = bool(body) and isinstance(body[-1], (ast.Return, ast.Break, ast.Continue))
        tail = [] if ended else self.generated(again)
        self.emit_loop([], None, body, loop, tail, line)

    def s_For(self: FunctionGenerator, node: n.For) -> None:
        line = node.line
        for item in node.init:
            mark = self.temps_begin()
            self.effect(item)
            self.temps_end(mark, line)

        def step() -> None:
            for item in node.step:
                mark = self.temps_begin()
                self.effect(item)
                self.temps_end(mark, line)

        mark = self.temps_begin()
        conds: list[ast.expr] = []

        def test() -> None:
            for item in node.test[:-1]:
                self.effect(item)
            if node.test:
                conds.append(self.condition(node.test[-1]))

        head = self.generated(test)
        clear = self.temps_end_list(mark, line)
        if node.test:
            self.take_bound(node.test[-1], [node.body, *node.step])
        body, loop = self.loop_body(node.body, step, line)
        tail = self.generated(step)
        self.bounds.clear()
        self.emit_loop(head, conds[0] if conds else None, body, loop, tail, line)
        self.out.extend(clear)

    def s_NumericFor(self: FunctionGenerator, node: n.NumericFor) -> None:
        line = node.line
        helper = "$to_real" if node.is_real else "$to_int"
        values = self.operands(node.args)
        zero: Any = 0.0 if node.is_real else 0
        one: Any = 1.0 if node.is_real else 1
        converted: list[V] = []
        for value in values:
            wanted = REAL if node.is_real else INT
            if value.mask == wanted:
                converted.append(value)
            else:
                converted.append(V(p.call(helper, [value.node], line), wanted))
        parts = [value if value.kind == "const" else self.keep(value, line) for value in converted]
        if len(parts) == 1:
            parts = [self.constant(zero, line), parts[0]]
        if len(parts) == 2:
            parts.append(self.constant(one, line))
        start, end, by = parts
        counter = self.keep(start, line)
        name = node.name
        self.store_name(name, counter, line)

        def again() -> None:
            moved = self.binary("+", self.renamed(counter, line), self.renamed(by, line), line)
            self.out.append(p.assign(counter.name or "", moved.node, line))
            self.store_name(name, self.renamed(counter, line), line)

        def less(op: Any) -> ast.expr:
            return p.compare(self.again(counter, line), op, self.again(end, line), line)

        if by.kind == "const":
            cond = less(ast.Lt() if by.value >= 0 else ast.Gt())
        else:
            up = p.compare(self.again(by, line), ast.GtE(), p.const(0, line), line)
            cond = p.choose(up, less(ast.Lt()), less(ast.Gt()), line)
        body, loop = self.loop_body(node.body, again, line)
        self.emit_loop([], cond, body, loop, self.generated(again), line)

    def keep(self: FunctionGenerator, value: V, line: int) -> V:
        """A value in a variable of its own that lives on beyond this statement's temporaries."""
        name = self.fresh("$k")
        self.out.append(p.assign(name, value.node, line))
        return self.temp_value(name, line, value.mask, value)

    def renamed(self: FunctionGenerator, value: V, line: int) -> V:
        """The same value, to be used once more."""
        if value.kind == "const":
            return self.constant(value.value, line)
        return V(p.name(value.name or "", line), value.mask, "temp", value.name, None)

    def s_Foreach(self: FunctionGenerator, node: n.Foreach) -> None:
        line = node.line
        for item in node.sources[:-1]:
            self.effect(item)
        source = self.expr(node.sources[-1])
        it, container, size = self.fresh("$i"), self.fresh("$c"), self.fresh("$n")
        kind = ("k" if node.key is not None else "") + ("v" if node.value is not None else "")
        made = p.call("$each", [source.node, p.const(kind, line)], line)
        triple = ast.Tuple([p.target(name, line) for name in (it, container, size)], p.STORE, **p.at(line))
        self.out.append(p.assign(triple, made, line))
        names = [name for name in (node.key, node.value) if name is not None]
        items = [self.fresh("$v") for _ in names]
        changed = p.compare(p.call("$len", [p.name(container, line)], line), ast.NotEq(), p.name(size, line), line)
        report = p.expression(p.call("$each_changed", [], line), line)
        check = p.if_(changed, [report, p.break_(line)], [], line)
        body, loop = self.loop_body(node.body, None, line)
        stores: list[ast.stmt] = [check]
        for variable, temp in zip(names, items, strict=True):
            value = self.temp_value(temp, line)
            stores.extend(self.generated(lambda to=variable, value=value: self.store_name(to, value, line)))
        target: ast.expr = (
            p.target(items[0], line)
            if len(items) == 1
            else ast.Tuple([p.target(item, line) for item in items], p.STORE, **p.at(line))
        )
        end_check = p.if_(
            p.compare(p.call("$len", [p.name(container, line)], line), ast.NotEq(), p.name(size, line), line),
            [p.expression(p.call("$each_changed", [], line), line)], [], line,
        )  # fmt: skip
        self.out.append(p.for_(target, p.name(it, line), stores + body, [end_check], line))
        cleared: list[ast.expr] = [p.target(name, line) for name in (it, container, *items)]
        self.out.append(p.assign(cleared, p.const(None, line), line))
        self.after_loop(loop, line)

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
        self.out.append(p.assign(self.global_name(node.name.name), p.name(made, line), line))
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
        constructor = node.constructor
        count = 0

        def helper(line: int, name: str, args: list[n.Node]) -> n.Node:
            return n.ExprStmt(line, [n.Call(line, n.Name(line, name, "global"), args)])

        def replay(entries: list[n.TreeEntry], parent: n.Node) -> None:
            nonlocal count
            for entry in entries:
                line = entry.line
                key = n.Const(line, entry.key.encode())
                if entry.entries is None:
                    method = n.Prop(line, n.This(line), n.Const(line, b"__set_attrib"))
                    body.append(n.ExprStmt(line, [n.Call(line, method, [parent, key, entry.value])]))
                    continue
                count += 1
                made = n.Name(line, f"$t{count}", "local")
                method = n.Prop(line, n.This(line), n.Const(line, b"__add_child"))
                call = n.Call(line, method, [parent, key, *(entry.args or [])])
                body.append(n.ExprStmt(line, [n.Assign(line, made, call)]))
                replay(entry.entries, made)
                body.append(helper(line, "$tree_close", [n.This(line), parent, made]))

        base = n.Const(node.line, node.base.encode())
        body: list[n.Node] = [helper(node.line, "$tree_base", [n.This(node.line), base])]
        replay(node.entries, n.Const(node.line, None))
        constructor.body = body
        member = n.Member(node.line, "__construct", n.FuncExpr(node.line, constructor), True)
        self.s_ClassDecl(n.ClassDecl(node.line, node.name, node.base, [member]))


__all__ = ["ANY", "BOOL", "Loop", "Scope", "Statements"]
