"""Code for properties, indices and calls.

Rule of this file: the only place that knows how a dict's entries are laid out and how a function is entered.
A property is the attribute `$name`; the guarded direct form stands in a `try`, the slow path in its handler.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..syntax import nodes as n
from . import pyast as p
from .infer import BIG
from .trees import Part, Tree
from .types import ANY, ARRAY, BOOL, FUNC, INT, NULL, NUMERIC, OTHER, REAL, STR
from .values import V

if TYPE_CHECKING:
    from .generate import FunctionGenerator


class Accesses:
    """The access and call half of `FunctionGenerator`."""

    def attribute_name(self: FunctionGenerator, key: bytes) -> str:
        return "$" + key.decode("latin-1")

    # --- properties ---------------------------------------------------------------------------------------------------

    def x_Prop(self: FunctionGenerator, node: n.Prop, dest: str | None) -> V:
        self.take_unused()
        obj, key = self.operands([node.obj, node.key], not self.compact)
        return self.read_property(obj, key, node.line, dest)

    def read_property(self: FunctionGenerator, obj: V, key: V, line: int, dest: str | None = None) -> V:
        """`obj.key` for atoms."""
        if key.kind != "const" or type(key.value) is not bytes or self.compact:
            return V(p.call("$getprop", [obj.node, key.node], line))
        name = dest if dest is not None and dest != obj.name else self.new_temp(ANY)
        caught = self.caught()
        slow = p.call("$getprop_x", [p.name(caught, line), self.again(obj, line), p.const(key.value, line)], line)
        direct: ast.stmt = p.try_(
            [p.assign(name, p.attribute(self.again(obj, line), self.attribute_name(key.value), line), line)],
            "$AttributeError", caught, [p.assign(name, slow, line)], line,
        )  # fmt: skip
        shortcut = {b"length": (STR, "$bytes"), b"size": (ARRAY, "$Array")}.get(key.value)
        if shortcut is not None and obj.mask & shortcut[0]:
            size = p.call("$len", [self.again(obj, line)], line)
            if obj.mask == shortcut[0]:
                return V(size, INT, lo=0, hi=1 << 48)
            direct = p.if_(self.type_test(obj, shortcut[1], line), [p.assign(name, size, line)], [direct], line)
        end = {b"first": 0, b"last": -1}.get(key.value)
        if end is not None and obj.mask & ARRAY:
            filled = p.call("$len", [self.again(obj, line)], line)
            item = p.assign(name, p.subscript(self.again(obj, line), p.const(end, line), line), line)
            direct = p.if_(p.both([self.type_test(obj, "$Array", line), filled], line), [item], [direct], line)
        self.out.append(direct)
        return self.result(name, dest, line)

    def caught(self: FunctionGenerator) -> str:
        """The name that handlers bind their exception to."""
        return "$e"

    def property_target(self: FunctionGenerator, obj: ast.expr, key: bytes, line: int) -> ast.expr:
        """`obj.$key` to be stored to; what the unit stores without notice is known when it is loaded."""
        name = self.attribute_name(key)
        self.unit.stores.add(name)
        return ast.Attribute(obj, name, p.STORE, **p.at(line))

    def write_property(self: FunctionGenerator, obj: V, key: V, value: V, line: int) -> None:
        """`obj.key = value` for atoms."""
        if key.kind != "const" or type(key.value) is not bytes or b" " in key.value:
            self.out.append(p.expression(p.call("$setprop", [obj.node, key.node, value.node], line), line))
            return
        caught = self.caught()
        target = self.property_target(self.again(obj, line), key.value, line)
        args = [p.name(caught, line), self.again(obj, line), p.const(key.value, line), self.again(value, line)]
        store = p.try_(
            [p.assign(target, value.node, line)], "$AttributeError", caught,
            [p.expression(p.call("$setprop_x", args, line), line)], line,
        )  # fmt: skip
        # a Python function would take the attribute: functions go the slow way
        slow_args = [self.again(obj, line), p.const(key.value, line), self.again(value, line)]
        slow = p.expression(p.call("$setprop", slow_args, line), line)
        if obj.mask & FUNC == 0:
            self.out.append(store)
        elif obj.name == "this" and not self.in_tree:
            self.this_tested = True
            self.out.append(p.if_(p.name("$tf", line), [slow], [store], line))
        else:
            self.out.append(p.if_(self.type_test(obj, "$Function", line), [slow], [store], line))

    # --- indices ------------------------------------------------------------------------------------------------------

    def x_Index(self: FunctionGenerator, node: n.Index, dest: str | None) -> V:
        self.take_unused()
        obj, key = self.operands([node.obj, node.key], not self.compact)
        return self.read_index(obj, key, node.line, dest)

    def zipped_item(self: FunctionGenerator, node: n.Index) -> str | None:
        """The variable that holds `array[ counter ]` in a loop that runs over the array's items."""
        if not (self.zipped and isinstance(node.obj, n.Name) and isinstance(node.key, n.Name)):
            return None
        if node.obj.storage != "local" or node.key.storage != "local":
            return None
        return self.zipped.get((self.py_name(node.obj.name), self.py_name(node.key.name)))

    def read_index(self: FunctionGenerator, obj: V, key: V, line: int, dest: str | None = None) -> V:
        """`obj[ key ]` for atoms."""
        if obj.kind == "const" or self.compact:
            return V(p.call("$getindex", [obj.node, key.node], line))
        name = dest if dest is not None and dest not in (obj.name, key.name) else self.new_temp(ANY)
        slow = p.call("$getindex", [self.again(obj, line), self.again(key, line)], line)
        handler = [p.assign(name, slow, line)]

        def direct() -> ast.stmt:
            return p.assign(name, p.subscript(self.again(obj, line), self.again(key, line), line), line)

        branches: list[tuple[ast.expr, ast.stmt]] = []
        numeric_key = key.mask & (INT | REAL | BOOL | NULL)
        if obj.mask & ARRAY and numeric_key:
            tests = [self.type_test(obj, "$Array", line)] if obj.mask != ARRAY else []
            if key.mask & ~INT or key.lo < 0:
                tests.append(p.compare(self.again(key, line), ast.GtE(), p.const(0, line), line))
            branches.append((p.both(tests, line) if tests else p.const(True, line), direct()))
        if obj.mask & STR and key.mask & INT:
            branches.append((self.type_test(obj, "$bytes", line), direct()))
        exact = obj.name in self.exact_tables and key.mask == STR
        if exact:
            branches = [(p.const(True, line), direct())]
        elif obj.mask & OTHER:
            for cond, item in self.table_items(obj, key, line):
                branches.append((cond, p.assign(name, item, line)))
        body: list[ast.stmt] = [p.assign(name, slow, line)]
        for cond, statement in reversed(branches):
            body = [statement] if isinstance(cond, ast.Constant) else [p.if_(cond, [statement], body, line)]
        if not branches:
            return V(slow)
        if obj.mask == STR and key.mask == INT:
            body = [direct()]
        self.out.append(p.try_(body, "$IndexErrors", None, handler, line))
        if obj.mask != STR:
            return self.result(name, dest, line)
        result = self.result(name, dest, line, INT | NULL)
        result.lo, result.hi = 0, 255
        return result

    def table_items(self: FunctionGenerator, obj: V, key: V, line: int) -> list[tuple[ast.expr, ast.Subscript]]:
        """For each kind of key that a plain dict is often asked with: the test for it, and the entry."""
        made: list[tuple[ast.expr, ast.Subscript]] = []
        for mask, python_type in ((STR, "$bytes"), (INT, "$int")):
            if not key.mask & mask:
                continue
            index = self.again(key, line)
            if mask == INT and key.kind == "const":
                index = p.const(b"%d" % key.value, line)
            elif mask == INT:
                index = p.subscript(p.name("$texts", line), index, line)
            tests = [self.type_test(obj, "$TableType", line)]
            if key.mask & ~mask:
                tests.append(self.type_test(key, python_type, line))
            item: Any = p.subscript(self.again(obj, line), index, line)
            made.append((p.both(tests, line) if len(tests) > 1 else tests[0], item))
        return made

    def write_index(self: FunctionGenerator, obj: V, key: V, value: V, line: int) -> None:
        """`obj[ key ] = value` for atoms."""

        def direct() -> ast.stmt:
            target = ast.Subscript(self.again(obj, line), self.again(key, line), p.STORE, **p.at(line))
            return p.assign(target, self.again(value, line), line)

        def slow() -> ast.stmt:
            args = [self.again(obj, line), self.again(key, line), self.again(value, line)]
            return p.expression(p.call("$setindex", args, line), line)

        body: list[ast.stmt] = [slow()]
        if obj.name in self.exact_tables and key.mask == STR:
            self.out.append(p.try_([direct()], "$IndexErrors", None, [slow()], line))
            return
        if obj.mask & OTHER:
            for cond, item in reversed(self.table_items(obj, key, line)):
                entry = ast.Subscript(item.value, item.slice, p.STORE, **p.at(line))
                body = [p.if_(cond, [p.assign(entry, self.again(value, line), line)], body, line)]
        if obj.mask & ARRAY and key.mask & (INT | REAL | BOOL | NULL):
            tests = [self.type_test(obj, "$Array", line)] if obj.mask != ARRAY else []
            if key.mask & ~INT or key.lo < 0:
                tests.append(p.compare(self.again(key, line), ast.GtE(), p.const(0, line), line))
            if tests:
                body = [p.if_(p.both(tests, line) if len(tests) > 1 else tests[0], [direct()], body, line)]
            else:
                body = [direct()]
        self.out.append(p.try_(body, "$IndexErrors", None, [slow()], line))

    def x_MultiSet(self: FunctionGenerator, node: n.MultiSet, dest: str | None) -> V:
        self.take_unused()
        obj = self.expr(node.obj)
        if obj.kind not in ("const", "temp"):
            obj = self.spill(obj, node.line)
        for entry in node.entries:
            key, value = self.operands([entry.key, entry.value], atoms=True)
            if node.is_index:
                self.write_index(obj, key, value, node.line)
            else:
                self.write_property(obj, key, value, node.line)
        return obj

    # --- increment ----------------------------------------------------------------------------------------------------

    def x_IncDec(self: FunctionGenerator, node: n.IncDec, dest: str | None) -> V:
        line = node.line
        unused = self.take_unused()
        target = node.target
        while isinstance(target, n.Paren) and len(target.items) == 1:
            target = target.items[0]
        prefix = node.is_prefix or unused
        if isinstance(target, n.Name):
            old = self.expr(n.Name(target.line, target.name, target.storage))
            if not prefix and old.kind != "const":
                old = self.spill(old, line)
            new = self.step(node.op, old, line, prefix and target.storage == "local")
            if not (new.kind == "local" and old.name == new.name):
                if target.storage != "local" and prefix:
                    new = self.as_atom(new, line)
                self.store_name(target, new, line)
            else:
                self.stores.append(new.name or "")
            if prefix and target.storage == "local":
                name = self.py_name(target.name)
                return V(p.name(name, line), new.mask, "local", name, None, new.lo, new.hi)
            return new if prefix else old
        assert isinstance(target, (n.Prop, n.Index))
        obj, key = self.operands([target.obj, target.key], atoms=True)
        is_prop = isinstance(target, n.Prop)
        old = (self.read_property if is_prop else self.read_index)(obj, key, target.line)
        old = self.as_atom(old, line)
        new = self.as_atom(self.step(node.op, old, line, False), line)
        (self.write_property if is_prop else self.write_index)(obj, key, new, target.line)
        return new if prefix else old

    def step(self: FunctionGenerator, op: str, old: V, line: int, in_place: bool) -> V:
        """The value one more or less. `in_place`: old is a local that may be overwritten at once."""
        delta = 1 if op == "++" else -1
        operator: Any = ast.Add() if delta > 0 else ast.Sub()
        lo, hi = old.lo + delta, old.hi + delta
        if old.mask == REAL:
            return V(p.binary(old.node, operator, p.const(1.0, line), line), REAL)
        value = p.binary(old.node, operator, p.const(1, line), line)
        if old.mask == INT:
            if (lo >= -(1 << 63) and hi < 1 << 63) or (old.lo >= -BIG and old.hi <= BIG):
                return V(value, INT, lo=max(lo, -(1 << 63)), hi=min(hi, (1 << 63) - 1))
            return V(self.checked(value, "$wrap", lo, hi, line), INT)
        if not old.mask & ~(INT | REAL):
            return V(self.checked(value, "$fit", lo - 1, hi + 1, line), INT | REAL)
        old = self.as_atom(old, line)
        slow = p.call("$step", [self.again(old, line), p.const(delta, line)], line)
        limit = p.compare(self.again(old, line), ast.Lt(), p.const((1 << 62) - 1, line), line)
        if delta < 0:
            limit = p.compare(self.again(old, line), ast.Gt(), p.const(-(1 << 62), line), line)
        cond = p.both([self.type_test(old, "$int", line), limit], line)
        value = p.binary(self.again(old, line), operator, p.const(1, line), line)
        return V(p.choose(cond, value, slow, line), INT | REAL | NULL)

    # --- calls --------------------------------------------------------------------------------------------------------

    def x_Call(self: FunctionGenerator, node: n.Call, dest: str | None) -> V:
        unused = self.take_unused()
        if unused and self.unit.optimize and called_name(node) == ".push" and len(node.args) == 1:
            return self.push(node)
        name = called_name(node) if self.unit.optimize else ""
        if name == "isset" and self.exact_tables and not unused:
            table, key = self.operands(node.args)
            if table.name in self.exact_tables and key.mask == STR:
                # where tables are known, the native is, too
                return V(p.compare(key.node, ast.In(), table.node, node.line), BOOL)
        shortcut = SHORTCUTS.get(name)
        if shortcut is None and name and self.is_method(node):
            called = self.method_call(node, dest, unused)
            if called is not None:
                return called
        function, this, args = self.callee(node)
        if shortcut is not None:
            made = shortcut(self, function, this, args, node.line, dest, unused)
            if made is not None:
                return made
        return self.direct_call(function, this, args, node.line, dest, unused)

    x_CompatCall = x_Call

    def push(self: FunctionGenerator, node: Any) -> V:
        """`array.push( item );`: an append where nobody has replaced the method of arrays when it is looked up."""
        line = node.line
        obj, key = self.operands([node.func.obj, node.func.key], atoms=True)
        obj = self.fixed(obj, node.args, line)
        test = p.both([self.type_test(obj, "$Array", line), p.name("$push_kept", line)], line)
        # what `capacity` answers depends on the size before the first push
        size = p.call("$len", [self.again(obj, line)], line)
        unset = [p.assign(ast.Attribute(self.again(obj, line), "cap", p.STORE, **p.at(line)), size, line)]
        pinned = p.expression(p.attribute(self.again(obj, line), "cap", line), line)

        def append(item: V) -> list[ast.stmt]:
            added = p.call(p.attribute(self.again(obj, line), "append", line), [self.again(item, line)], line)
            return [p.try_([pinned], "$AttributeError", None, unset, line), p.expression(added, line)]

        def general(method: V | None, item: V) -> None:
            if method is None:
                method = self.as_atom(self.read_property(self.repeated(obj, line), key, node.func.line), line)
            self.direct_call(method, self.repeated(obj, line), [self.repeated(item, line)], line, None, True)

        if quiet(node.args[0]) or self.is_plain(node.args[0]):
            # nothing in the item can be noticed before the method is looked up: the look-up may wait
            item = self.as_atom(self.expr(node.args[0]), line)
            other = self.generated(lambda: general(None, item))
            self.out.append(p.if_(test, append(item), other, line))
            return self.constant(None, line)
        method = self.new_temp(ANY)

        def look_up() -> None:
            found = self.read_property(self.repeated(obj, line), key, node.func.line)
            self.out.append(p.assign(method, found.node, line))

        self.out.append(p.if_(test, [p.assign(method, p.name("$append", line), line)], self.generated(look_up), line))
        item = self.as_atom(self.expr(node.args[0]), line)
        kept = p.compare(p.name(method, line), ast.Is(), p.name("$append", line), line)
        other = self.generated(lambda: general(self.temp_value(method, line), item))
        self.out.append(p.if_(kept, append(item), other, line))
        return self.constant(None, line)

    def is_method(self: FunctionGenerator, node: Any) -> bool:
        """Whether a call is one of a method, which classes show, and probably of no function that a dict holds."""
        if not isinstance(node, n.Call) or not isinstance(node.func, n.Prop):
            return False
        key = node.func.key
        if not isinstance(key, n.Const) or type(key.value) is not bytes or key.value in (b"apply", b"call"):
            return False
        hints = self.unit.hints
        return hints is not None and key.value not in hints.entries

    def method_call(self: FunctionGenerator, node: n.Call, dest: str | None, unused: bool) -> V | None:
        """`obj.name( … )` entered through the class of the object; None where the arguments cannot wait."""
        line = node.line
        func: Any = node.func
        args = node.args
        if not all(quiet(arg) or self.is_plain(arg) for arg in args):
            return self.method_tree(node, dest, unused)  # a look-up with a message comes before what arguments do
        obj, key = self.operands([func.obj, func.key], atoms=True)
        values = self.operands([obj, *args], atoms=True)
        this, items = values[0], values[1:]
        called = p.call(self.method_of(this, key, line), [self.again(item, line) for item in items], line)
        caught = self.caught()
        found = self.new_temp(0)  # a method: who holds it holds it longer
        at = func.line
        look_up = p.call("$method_x", [p.name(caught, at), self.again(this, at), p.const(key.value, at)], at)
        slow_args = [p.name(caught, line), p.name(found, line), self.again(this, line)]
        slow = p.call("$call_x", slow_args + [self.again(item, line) for item in items], line)
        handler: list[ast.stmt] = [p.assign(found, look_up, at)]
        if unused:
            handler.append(p.expression(slow, line))
            self.out.append(p.try_([p.expression(called, line)], "$MethodErrors", caught, handler, line))
            return self.constant(None, line)
        name = dest if dest is not None else self.new_temp(ANY)
        handler.append(p.assign(name, slow, line))
        self.out.append(p.try_([p.assign(name, called, line)], "$MethodErrors", caught, handler, line))
        return self.result(name, dest, line)

    def method_of(self: FunctionGenerator, obj: V, key: V, line: int) -> ast.expr:
        """What the object's class shows for a call."""
        return p.attribute(self.again(obj, line), key.value.decode("latin-1") + "$", line)

    def method_tree(self: FunctionGenerator, node: n.Call, dest: str | None, unused: bool) -> V | None:
        """`obj.name( … )` with arguments that are reads and arithmetic, all in one attempt; None if impossible."""
        if self.in_tree:
            return None
        line = node.line
        func: Any = node.func
        tree = Tree()
        items: list[ast.expr] = []
        for arg in node.args:
            part = Part(self.expr(arg).node) if quiet(arg) else self.part(arg, tree)
            if part is None or part.wide:
                return None
            items.append(part.node)
        if tree.guards or tree.callees or tree.before:
            return None
        obj, key = self.operands([func.obj, func.key], atoms=True)
        name = None if unused else dest if dest is not None and dest not in tree.reads else self.new_temp(ANY)
        called = p.call(self.method_of(obj, key, line), items, line)

        def general() -> None:
            method = self.as_atom(self.read_property(self.repeated(obj, line), key, func.line), line)
            values = self.operands([self.repeated(obj, line), method, *node.args], atoms=True)
            value = self.direct_call(values[1], values[0], values[2:], line, None, unused)
            if name is not None:
                self.out.append(p.assign(name, value.node, line))

        caught = self.caught()
        begun = p.call("$not_begun", [p.name(caught, line), self.again(obj, line), p.const(key.value, line)], line)
        null = [] if name is None else [p.assign(name, p.const(None, line), line)]
        handler = [p.if_(begun, self.general_code(general, tree, line), null, line)]
        fast = p.expression(called, line) if name is None else p.assign(name, called, line)
        self.out.append(p.try_([fast], "$MethodErrors", caught, handler, line))
        return self.constant(None, line) if name is None else self.result(name, dest, line)

    def is_plain(self: FunctionGenerator, node: Any) -> bool:
        """Whether an expression of numbers and texts of known types is certain to give a value and no message."""
        if isinstance(node, n.Paren):
            return len(node.items) == 1 and self.is_plain(node.items[0])
        if isinstance(node, n.Concat):
            return all(self.is_plain(item) for item in node.items)
        if isinstance(node, n.Const):
            return type(node.value) in (int, float, bytes)
        if isinstance(node, n.Name):
            return node.storage == "local" and not self.local_type(node)[0] & ~(INT | REAL | STR)
        if isinstance(node, n.Binary) and node.op in ("+", "-", "*", "%"):
            if node.op == "%" and not (isinstance(node.right, n.Const) and node.right.value != 0):
                return False
            sides = (node.left, node.right)
            return all(self.is_plain(side) and not isinstance(side, n.Concat) for side in sides)
        return False

    def repeated(self: FunctionGenerator, value: V, line: int) -> V:
        """An atom as another node."""
        return V(self.again(value, line), value.mask, value.kind, value.name, value.value, value.lo, value.hi)

    def callee(self: FunctionGenerator, node: Any) -> tuple[V, V, list[V]]:
        """Function, `this` and arguments of a call, evaluated in order; the first two are atoms."""
        line = node.line
        if isinstance(node, n.CompatCall):
            values = self.operands([node.this, node.func, *node.args], atoms=True)
            return self.keep_uncleared(values[1]), values[0], values[2:]
        if isinstance(node.func, n.Prop):
            obj, key = self.operands([node.func.obj, node.func.key], atoms=True)
            obj = self.fixed(obj, node.args, line)
            method = self.as_atom(self.read_property(obj, key, node.func.line), line)
            values = self.operands([obj, method, *node.args], atoms=True)
            return self.keep_uncleared(values[1]), values[0], values[2:]
        function: Any = node.func
        if id(node) in self.callees_known:
            function = self.temp_value(self.callees_known[id(node)], line)
        values = self.operands([function, *node.args], atoms=True)
        return self.keep_uncleared(values[0]), self.constant(None, line), values[1:]

    def fixed(self: FunctionGenerator, value: V, later: list[n.Node], line: int) -> V:
        """The value as an atom that the later expressions cannot change."""
        if value.kind in ("const", "temp") or (value.kind == "local" and not any(stores(arg) for arg in later)):
            return value
        return self.spill(value, line)

    def direct_call(
        self: FunctionGenerator, function: V, this: V, args: list[V], line: int, dest: str | None, unused: bool
    ) -> V:
        if function.kind == "const":
            function = self.spill(function, line)  # the host's compiler warns about calls of constants
        called = p.call(self.again(function, line), [self.again(this, line), *(arg.node for arg in args)], line)
        caught = self.caught()
        slow = p.call(
            "$call_x",
            [p.name(caught, line), self.again(function, line), self.again(this, line)]
            + [self.again(arg, line) for arg in args],
            line,
        )
        if unused:
            self.out.append(
                p.try_([p.expression(called, line)], "$CallErrors", caught, [p.expression(slow, line)], line)
            )
            return self.constant(None, line)
        name = dest if dest is not None else self.new_temp(ANY)
        handler = [p.assign(name, slow, line)]
        self.out.append(p.try_([p.assign(name, called, line)], "$CallErrors", caught, handler, line))
        return self.result(name, dest, line)

    def x_New(self: FunctionGenerator, node: n.New, dest: str | None) -> V:
        self.take_unused()
        line = node.line
        values = self.operands([node.func, *node.args], atoms=True)
        callee = values[0] if values[0].kind != "const" else self.spill(values[0], line)
        called = p.call(
            p.attribute(self.again(callee, line), "construct", line), [value.node for value in values[1:]], line
        )
        caught = self.caught()
        slow = p.call(
            "$construct_x", [p.name(caught, line), *(self.again(value, line) for value in (callee, *values[1:]))], line
        )
        name = dest if dest is not None else self.new_temp(OTHER)
        handler = [p.assign(name, slow, line)]
        self.out.append(p.try_([p.assign(name, called, line)], "$MethodErrors", caught, handler, line))
        return self.result(name, dest, line, OTHER | NULL)

    def x_MultiAssign(self: FunctionGenerator, node: n.MultiAssign, dest: str | None) -> V:
        line = node.line
        self.take_unused()
        call = node.call
        function, this, args = self.callee(call)
        count = len(node.targets)
        called = p.call(
            "$call_n", [p.const(count, line), function.node, this.node, *(arg.node for arg in args)], call.line
        )
        temps = [self.new_temp(ANY) for _ in range(count)]
        targets = ast.Tuple([p.target(temp, call.line) for temp in temps], p.STORE, **p.at(call.line))
        self.out.append(p.assign(targets, called, call.line))
        for target, temp in zip(node.targets, temps, strict=True):
            self.store(target, self.temp_value(temp, line), line)
        return self.temp_value(temps[0], line)

    # --- threads ------------------------------------------------------------------------------------------------------

    def x_ThreadCall(self: FunctionGenerator, node: n.ThreadCall, dest: str | None) -> V:
        line = node.line
        self.take_unused()
        function, this, args = self.callee(node.call)
        helper = self.read_global("subthread_create" if node.is_sub else "thread_create", line)
        values = self.operands([helper, function, this, *args], atoms=True)
        return self.direct_call(values[0], self.constant(None, line), values[1:], line, dest, False)

    def x_Sync(self: FunctionGenerator, node: n.Sync, dest: str | None) -> V:
        """`sync( … )`: outermost ones wait in a loop, nested ones give a bool."""
        line = node.line
        self.take_unused()
        if self.in_sync:
            return V(p.call("$bool", [self.sync_test(node).node], line), BOOL)
        self.out.append(p.expression(p.call("$sync_begin", [], line), line))
        outer, self.out = self.out, []
        self.in_sync = True
        test = self.sync_test(node)
        self.in_sync = False
        result = self.new_temp(BOOL)
        self.out.append(p.assign(result, p.call("$sync_wait", [test.node], line), line))
        self.out.append(p.if_(p.name(result, line), [p.break_(line)], [], line))
        body, self.out = self.out, outer
        self.out.append(p.while_(p.const(True, line), body, line))
        wait = p.compare(p.name(result, line), ast.Eq(), p.const(1, line), line)
        return V(wait, BOOL)

    def sync_test(self: FunctionGenerator, node: n.Sync) -> V:
        """The test of one level; tests that are arguments themselves go in whole, their threads belong to it."""
        values = self.operands([self.sync_test(arg) if isinstance(arg, n.Sync) else arg for arg in node.args])
        helper = "$race_test" if node.is_race else "$sync_test"
        return V(p.call(helper, [value.node for value in values], node.line), BOOL)

    def x_VarDecl(self: FunctionGenerator, node: n.VarDecl, dest: str | None) -> V:
        self.take_unused()
        for target, value in node.items:
            if value is not None:
                self.effect(n.Assign(target.line, target, value))
        return self.constant(None, node.line)

    def x_Keyword(self: FunctionGenerator, node: n.Keyword, dest: str | None) -> V:
        raise AssertionError(f"line {node.line}: keyword {node.word} passed the checks")


def quiet(node: Any) -> bool:
    """Whether evaluating the expression can neither give a message nor run script code."""
    if isinstance(node, n.Paren):
        return len(node.items) == 1 and quiet(node.items[0])
    return isinstance(node, (n.Const, n.This)) or (isinstance(node, n.Name) and node.storage != "global")


def stores(node: Any) -> bool:
    """Whether an expression stores to a variable of its own function; what it calls cannot."""
    if isinstance(node, (list, tuple)):
        return any(stores(item) for item in node)
    if not isinstance(node, n.Node) or isinstance(node, n.Function):
        return False
    if isinstance(node, (n.Assign, n.OpAssign, n.IncDec, n.MultiAssign, n.VarDecl)):
        return True
    return any(stores(getattr(node, slot)) for slot in node.parts)


def called_name(node: Any) -> str:
    """`name` of a call of a global, `.name` of a method call."""
    if isinstance(node, n.CompatCall):
        return ""
    if isinstance(node.func, n.Name):
        return node.func.name if node.func.storage == "global" else ""
    if isinstance(node.func, n.Prop) and isinstance(node.func.key, n.Const) and type(node.func.key.value) is bytes:
        return "." + node.func.key.value.decode("latin-1")
    return ""


# --- shortcuts for known natives, behind a test that the name still means the native ----------------------------------


def _either(
    self: FunctionGenerator, test: ast.expr, fast: list[ast.stmt], name: str | None, function: V, this: V,
    args: list[V], line: int, dest: str | None, unused: bool,
) -> V:  # fmt: skip
    """`if test: fast else: the call`; both leave the result in `name`."""

    def call() -> None:
        fresh = [V(self.again(arg, line), arg.mask, arg.kind, arg.name, arg.value) for arg in args]
        value = self.direct_call(function, this, fresh, line, None, unused)
        if name is not None:
            self.out.append(p.assign(name, value.node, line))

    general = self.generated(call)
    self.out.append(p.if_(test, fast, general, line))
    if name is None:
        return self.constant(None, line)
    return self.result(name, dest, line, ANY)


def _is_native(self: FunctionGenerator, function: V, name: str, line: int) -> ast.expr:
    return p.compare(self.again(function, line), ast.Is(), p.name("$N_" + name, line), line)


def _toint(
    self: FunctionGenerator, function: V, this: V, args: list[V], line: int, dest: str | None, unused: bool
) -> V | None:
    if len(args) != 1 or unused:
        return None
    value = args[0]
    name = dest if dest is not None and dest != value.name else self.new_temp(ANY)

    def digits() -> list[ast.expr]:
        short = p.compare(p.call("$len", [self.again(value, line)], line), ast.Lt(), p.const(19, line), line)
        return [short, p.call(p.attribute(self.again(value, line), "isdigit", line), [], line)]

    def small() -> list[ast.expr]:
        limit = float(1 << 62)
        return [
            p.compare(self.again(value, line), ast.Lt(), p.const(limit, line), line),
            p.compare(self.again(value, line), ast.Gt(), p.const(-limit, line), line),
        ]

    cut = p.assign(name, p.call("$int", [self.again(value, line)], line), line)
    kinds: list[tuple[int, str, Any, ast.stmt]] = [
        (STR, "$bytes", digits, cut), (REAL, "$float", small, cut),
        (INT, "$int", list, p.assign(name, self.again(value, line), line)),
    ]  # fmt: skip
    wanted = [kind for kind in kinds if value.mask & kind[0]]
    if not wanted:
        return None

    def choose(at: int) -> None:
        if at == len(wanted):
            fresh = V(self.again(value, line), value.mask, value.kind, value.name, value.value)
            result = self.direct_call(function, this, [fresh], line, None, unused)
            self.out.append(p.assign(name, result.node, line))
            return
        mask, python_type, more, fast = wanted[at]
        tests = [_is_native(self, function, "toint", line)]
        if value.mask != mask:
            tests.append(self.type_test(value, python_type, line))
        tests += more()
        test = p.both(tests, line) if len(tests) > 1 else tests[0]
        self.out.append(p.if_(test, [fast], self.generated(lambda: choose(at + 1)), line))

    choose(0)
    return self.result(name, dest, line, ANY)


def _tostring(
    self: FunctionGenerator, function: V, this: V, args: list[V], line: int, dest: str | None, unused: bool
) -> V | None:
    if len(args) != 1 or unused or not args[0].mask & INT:
        return None
    name = dest if dest is not None and dest != args[0].name else self.new_temp(ANY)
    tests = [_is_native(self, function, "tostring", line)]
    if args[0].mask != INT:
        tests.append(self.type_test(args[0], "$int", line))
    digits = p.binary(p.const(b"%d", line), ast.Mod(), self.again(args[0], line), line)
    fast: list[ast.stmt] = [p.assign(name, digits, line)]
    return _either(self, p.both(tests, line), fast, name, function, this, args, line, dest, unused)


def _string_part(
    self: FunctionGenerator, function: V, this: V, args: list[V], line: int, dest: str | None, unused: bool
) -> V | None:
    if len(args) != 3 or unused:
        return None
    text, start, count = args
    name = dest if dest is not None and dest not in [arg.name for arg in args] else self.new_temp(ANY)
    tests = [_is_native(self, function, "string_part", line)]
    if text.mask != STR:
        tests.append(self.type_test(text, "$bytes", line))
    for arg in (start, count):
        if arg.mask != INT:
            tests.append(self.type_test(arg, "$int", line))
        if arg.mask != INT or arg.lo < 0:
            tests.append(p.compare(self.again(arg, line), ast.GtE(), p.const(0, line), line))
    end = p.binary(self.again(start, line), ast.Add(), self.again(count, line), line)
    piece = ast.Subscript(
        self.again(text, line), ast.Slice(self.again(start, line), end, None, **p.at(line)), p.LOAD, **p.at(line)
    )
    fast: list[ast.stmt] = [p.assign(name, piece, line)]
    return _either(self, p.both(tests, line), fast, name, function, this, args, line, dest, unused)


def _isset(
    self: FunctionGenerator, function: V, this: V, args: list[V], line: int, dest: str | None, unused: bool
) -> V | None:
    if len(args) != 2 or unused or not args[0].mask & OTHER or not args[1].mask & (STR | INT):
        return None
    table, key = args
    name = dest if dest is not None and dest not in (table.name, key.name) else self.new_temp(BOOL)
    tests = [_is_native(self, function, "isset", line), self.type_test(table, "$TableType", line)]
    text: ast.expr = self.again(key, line)
    if key.mask & INT:
        number = p.subscript(p.name("$texts", line), self.again(key, line), line)
        text = p.choose(self.type_test(key, "$bytes", line), text, number, line) if key.mask & STR else number
    kinds = [
        self.type_test(key, python_type, line)
        for mask, python_type in ((STR, "$bytes"), (INT, "$int"))
        if key.mask & mask and key.mask != mask
    ]
    if kinds:
        tests.append(p.either(kinds, line) if len(kinds) > 1 else kinds[0])
    fast: list[ast.stmt] = [p.assign(name, p.compare(text, ast.In(), self.again(table, line), line), line)]
    return _either(self, p.both(tests, line), fast, name, function, this, args, line, dest, unused)


SHORTCUTS: dict[str, Any] = {
    "isset": _isset, "toint": _toint, "tostring": _tostring, "string_part": _string_part,
}  # fmt: skip

__all__ = ["BOOL", "FUNC", "NUMERIC", "Accesses"]
