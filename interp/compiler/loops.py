"""Code for loops: one generator function for each kind, and the copies that are made of some.

Rules of this file: loops are Python loops; `break N` and `continue N` that leave inner loops set the function's exit
variable, which each loop on the way looks at. Copies of a loop for known types are tested for once, before it or at
the start of a pass; the general copy stands beside them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..runtime.messages import OUTLINED
from ..syntax import nodes as n
from . import pyast as p
from .infer import SMALL_STEP, loop_bound, stores_in_loop
from .texts import (
    Counting,
    calls_nothing,
    counting_parts,
    indexed_locals,
    is_light,
    mentions_isset,
    only_locals_stored,
    read_at,
    table_uses,
    walk,
)
from .types import ANY, ARRAY, INT, INT_MAX, INT_MIN, REAL, STR
from .values import V

if TYPE_CHECKING:
    from .generate import FunctionGenerator


# light passes between two looks at the engine's stop flag: a few milliseconds even when each warns
PIECE = 256


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


class Loops:
    """The loops half of the statements of `FunctionGenerator`."""

    def outline(self: FunctionGenerator, node: n.Node) -> None:
        """A loop deep inside others becomes a host function of its own, as the host nests no more than 20 blocks.

        It shares all variables of the function; a `return` inside comes out as a tuple.
        """
        line = node.line
        self.outlined = True
        depth, self.loop_depth = self.loop_depth, 0
        late, self.late_exits = self.late_exits, []
        self.level += 1
        body = self.generated(lambda: self.of_statement[type(node)](self, node))
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
            self.of_statement[type(node)](self, node)
            return
        self.versioned = True
        cond: list[ast.expr] = []
        kept = dict(self.types.variables)
        for name in arrays:
            kind = p.call("$type", [p.name(self.py_name(name), line)], line)
            cond.append(p.compare(kind, ast.Is(), p.name("$Array", line), line))
            self.types.variables[name] = (ARRAY, INT_MIN, INT_MAX)
        loop = self.of_statement[type(node)]
        special = self.generated(lambda: loop(self, node))
        self.types.variables = kept
        general = self.generated(lambda: loop(self, node))
        self.versioned = False
        self.out.append(p.if_(cond[0] if len(cond) == 1 else p.both(cond, line), special, general, line))

    # --- loops --------------------------------------------------------------------------------------------------------

    def loop_body(
        self: FunctionGenerator, body: n.Node, again: Any, line: int, polls: bool = True
    ) -> tuple[list[ast.stmt], Loop]:
        """The code of one pass, without what follows the pass (`again`)."""
        self.loop_count += 1
        self.loop_depth += 1
        loop = Loop(self.loop_count, again, self.level)
        outer, self.out = self.out, []
        stopped = self.not_functions
        self.not_functions = set()
        self.scopes.append(Scope(loop))
        if self.limits and polls:
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
            p.leave(head, cond, False, p.break_(line), line)
            self.out.append(p.while_(p.const(True, line), [*head, *body, *tail], line))
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
            p.leave(self.out, cond, False, p.break_(line), line)
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
        counting = self.counting(node) if self.unit.optimize else None
        if counting is None:
            self.general_for(node)
        elif counting.sure:
            self.counting_loop(node, counting)
        else:
            step: Any = counting.step
            up = p.compare(p.name(self.py_name(step.name), line), ast.Gt(), p.const(0, line), line)
            counted = self.generated(lambda: self.counting_loop(node, counting))
            self.out.append(p.if_(up, counted, self.generated(lambda: self.general_for(node)), line))

    def general_for(self: FunctionGenerator, node: n.For) -> None:
        """The test, the pass, the step, as the text has them; what the loop begins with is done."""
        line = node.line

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

    def counting(self: FunctionGenerator, node: n.For) -> Counting | None:
        """What a loop counts, when nothing but its own step changes the counter, the limit and the step."""
        found = counting_parts(node)
        if found is None or self.local_type(found.counter)[0] != INT:
            return None
        limit, step = found.limit, found.step
        if self.value_type(limit)[0] != INT or self.value_type(limit)[2] > INT_MAX - SMALL_STEP:
            return None
        if self.value_type(step)[0] != INT or self.value_type(step)[2] < 1:
            return None
        found.sure = self.value_type(step)[1] >= 1
        fixed = [part for part in (found.counter, limit, step) if isinstance(part, n.Name)]
        if isinstance(limit, n.Prop):
            # a length: of a text, or of an array while nothing is called
            assert isinstance(limit.obj, n.Name)
            fixed.append(limit.obj)
            if self.value_type(limit.obj)[0] != STR and not calls_nothing(node.body):
                return None
        if any(stores_in_loop(node.body, name.name, True) for name in fixed):
            return None
        return found

    def counting_loop(self: FunctionGenerator, node: n.For, found: Counting) -> None:
        """A counting loop as a host loop over a range; behind it the counter is where the script's loop leaves it."""
        line = node.line
        limit, step = (self.expr(part) for part in (found.limit, found.step))
        if limit.kind == "expr":
            limit = self.keep(limit, line)
        counter = self.py_name(found.counter.name)
        self.take_bound(node.test[0], [node.body])
        zipped = self.zippable(node, found)
        if zipped:
            self.zipped_loop(node, counter, limit, zipped)
            return
        pieces = self.limits and not self.unit.counting and is_light(node.body, self.value_type)
        body, loop = self.loop_body(node.body, None, line, not pieces)
        self.bounds.clear()
        by: Any = step.value if step.kind == "const" else None

        def moved(steps: int) -> ast.expr:
            if by is not None:
                way: ast.expr = p.const(by * steps, line)
            else:
                way = self.again(step, line)
                if steps > 1:
                    way = p.binary(p.const(steps, line), ast.Mult(), way, line)
            return p.binary(p.name(counter, line), ast.Add(), way, line)

        def goes_on(then: list[ast.stmt]) -> ast.stmt:
            operator: ast.cmpop = ast.LtE() if found.inclusive else ast.Lt()
            test = p.compare(p.name(counter, line), operator, self.again(limit, line), line)
            return p.if_(test, then, [], line)

        end = self.again(limit, line)
        if found.inclusive:
            end = p.binary(end, ast.Add(), p.const(1, line), line)
        then: list[ast.stmt] = [p.assign(counter, moved(1), line)]
        if pieces and not (found.from_zero and limit.kind == "const" and limit.value < PIECE):
            # the range in pieces, with a look at the limits between two
            piece = self.fresh("$n")
            first = p.assign(piece, moved(PIECE), line)
            behind = p.compare(p.name(piece, line), ast.Gt(), self.again(limit, line), line)
            head: list[ast.stmt] = [first, p.if_(behind, [p.assign(piece, end, line)], [], line)]
            end = p.name(piece, line)
            look = self.generated(lambda: self.poll(line))
            then.append(goes_on([*look, p.continue_(line)]))
        else:
            pieces = False
        args = [p.name(counter, line), end]
        if by != 1:
            args.append(self.again(step, line))
        passes = p.for_(p.target(counter, line), p.call("$range", args, line), body, [goes_on(then)], line)
        if pieces:
            passes = p.while_(p.const(True, line), [*head, passes, p.break_(line)], line)
        self.out.append(passes)
        self.after_loop(loop, line)

    # While the first expression of a pass is computed, `array[ counter ]` is the item that the host's loop is at; what
    # runs script code (an operator's slow path) and all that comes after it reads the array itself.

    def zippable(self: FunctionGenerator, node: n.For, found: Counting) -> list[str]:
        """Known arrays that a loop from 0 on reads at the counter, when it calls nothing and stores to locals only."""
        if self.in_zip or found.inclusive or not found.from_zero or not only_locals_stored(node.body):
            return []
        if not (isinstance(found.step, n.Const) and found.step.value == 1):
            return []
        arrays = read_at(node.body, found.counter.name)
        known = {name for name in arrays if self.types.variables.get(name, (ANY, 0, 0))[0] == ARRAY}
        return sorted(name for name in known if not stores_in_loop(node.body, name, True))

    def zipped_loop(self: FunctionGenerator, node: n.For, counter: str, limit: V, arrays: list[str]) -> None:
        """Runs over the items of arrays beside the counter when they are long enough, else over the counter alone."""
        line = node.line
        tests = [p.compare(p.const(0, line), ast.Lt(), self.again(limit, line), line)]
        items: list[str] = []
        for name in arrays:
            size = p.call("$len", [p.name(self.py_name(name), line)], line)
            tests.append(p.compare(self.again(limit, line), ast.LtE(), size, line))
            items.append(self.fresh("$z"))
        self.zipped = {(self.py_name(a), counter): item for a, item in zip(arrays, items, strict=True)}
        self.in_zip = True
        body, loop = self.loop_body(node.body, None, line)
        self.bounds.clear()
        self.zipped = {}
        targets = ast.Tuple([p.target(name, line) for name in (counter, *items)], p.STORE, **p.at(line))
        sources = [p.call("$range", [self.again(limit, line)], line)]
        sources += [p.name(self.py_name(name), line) for name in arrays]
        # only an array that shrinks meanwhile ends this early; the loop over the counter goes on from there
        moved = p.binary(p.name(counter, line), ast.Add(), p.const(1, line), line)

        def fast() -> None:
            self.out.append(
                p.for_(targets, p.call("$zip", sources, line), body, [p.assign(counter, moved, line)], line)
            )
            self.out.append(p.assign([p.target(item, line) for item in items], p.const(None, line), line))
            self.after_loop(loop, line)

        special = self.generated(fast)
        general = self.generated(lambda: self.s_For(n.For(line, [], node.test, node.step, node.body)))
        self.in_zip = False
        rest = special[0]
        assert isinstance(rest, ast.For)
        rest.orelse.extend(general)
        self.out.append(p.if_(p.both(tests, line), special, general, line))

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
        stores: list[ast.stmt] = []
        for variable, temp in zip(names, items, strict=True):
            value = self.temp_value(temp, line)
            stores.extend(self.generated(lambda to=variable, value=value: self.store_name(to, value, line)))
        uses = table_uses(walk(node.body)) if self.unit.optimize else None
        if uses is None:
            body, loop = self.loop_body(node.body, None, line)
            stores.insert(0, check)
        else:
            body, loop = self.table_body(node, uses, check)
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

    def table_body(
        self: FunctionGenerator, node: n.Foreach, uses: tuple[set[str], set[str]], check: ast.stmt
    ) -> tuple[list[ast.stmt], Loop]:
        """A pass of `foreach` as two copies: one for plain tables and string keys, which cannot change the array that
        is run over, and the general one, which looks at it when it ends.
        """
        line = node.line
        test = self.table_test(uses, node.body, line)
        special, loop = self.with_tables(uses, lambda: self.loop_body(node.body, None, line))
        general, other = self.loop_body(node.body, lambda: self.out.append(check), line)
        if not general or not isinstance(general[-1], (ast.Return, ast.Break, ast.Continue)):
            general.append(check)
        loop.exits = loop.exits or other.exits
        return [p.if_(test, special, general, line)], loop

    def table_test(self: FunctionGenerator, uses: tuple[set[str], set[str]], body: Any, line: int) -> ast.expr:
        """That the tables are plain ones and the keys strings, and that `isset` is what it was."""
        tests = [
            p.compare(p.call("$type", [p.name(self.py_name(name), line)], line), ast.Is(), p.name(kind, line), line)
            for names, kind in zip(uses, ("$TableType", "$bytes"), strict=True)
            for name in sorted(names)
        ]
        if mentions_isset(body):
            isset = p.name(self.global_name("isset"), line)
            tests += [p.name("$whole", line), p.compare(isset, ast.Is(), p.name("$N_isset", line), line)]
        return p.both(tests, line)

    def with_tables(self: FunctionGenerator, uses: tuple[set[str], set[str]], make: Any) -> Any:
        """What `make` generates where `table_test` holds."""
        tables, keys = uses
        kept, exact = dict(self.types.variables), self.exact_tables
        self.exact_tables = exact | {self.py_name(name) for name in tables}
        for name in keys:
            self.types.variables[name] = (STR, INT_MIN, INT_MAX)
        made = make()
        self.types.variables, self.exact_tables = kept, exact
        return made
