"""Code for expressions: one generator function for each construct.

Rules of this file:
* `expr` gives a `V`, a Python expression for the value; operations that can fail are statements of their own, with
  their operands in temporaries, inside a `try` whose handler is the complete slow path of `interp.runtime`;
* operands are read when they are reached: `operands` moves earlier ones into temporaries when later ones emit
  statements that could change them;
* a fast path is chosen by what is known of the operand types (`V.mask`) and ranges; nothing known means the guarded
  form. All property access goes through `read_property`, `write_property` and `method_call`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..syntax import nodes as n
from . import pyast as p
from .types import (
    ANY,
    ARRAY,
    BOOL,
    FUNC,
    INT,
    INT_MAX,
    INT_MIN,
    NUMERIC,
    OTHER,
    REAL,
    const_mask,
)
from .values import V

if TYPE_CHECKING:
    from .generate import FunctionGenerator

# Longer chains of operators, or of `else if`, are cut into pieces: the host's compiler nests for every link.
MOST_LINKS = 150


class Expressions:
    """The expression half of `FunctionGenerator`."""

    # --- small tools -----------------------------------------------------------------------------------------------

    def constant(self: FunctionGenerator, value: Any, line: int) -> V:
        lo, hi = (value, value) if type(value) is int else (INT_MIN, INT_MAX)
        return V(p.const(value, line), const_mask(value), "const", None, value, lo, hi)

    def temp_value(self: FunctionGenerator, name: str, line: int, mask: int = ANY, like: V | None = None) -> V:
        made = V(p.name(name, line), mask, "temp", name)
        if like is not None:
            made.lo, made.hi = like.lo, like.hi
        return made

    def spill(self: FunctionGenerator, value: V, line: int, position: int | None = None) -> V:
        """Puts a value into a temporary, at a position of the current statement list or at its end."""
        temp = self.new_temp(value.mask)
        statement = p.assign(temp, value.node, getattr(value.node, "lineno", line))
        if position is None:
            self.out.append(statement)
        else:
            self.out.insert(position, statement)
        return self.temp_value(temp, line, value.mask, value)

    def as_atom(self: FunctionGenerator, value: V, line: int) -> V:
        return self.spill(value, line) if value.kind == "expr" else value

    def again(self: FunctionGenerator, value: V, line: int) -> ast.expr:
        """The expression of an atom once more, on the line given: nothing changes nodes, so places may share them."""
        node: Any = value.node
        if node.lineno == line:
            return node
        if value.kind == "const":
            return p.const(value.value, line)
        assert value.name is not None
        return p.name(value.name, line)

    def operands(self: FunctionGenerator, items: list[Any], atoms: bool = False) -> list[V]:
        """Values of several expressions, evaluated in order; with `atoms` each may be named more than once.

        An item may be a node or an already generated `V`.
        """
        values: list[V] = []
        marks: list[tuple[int, int]] = []
        out, stores = self.out, self.stores
        begin, stored = len(out), len(stores)
        simple = True
        for item in items:
            value = item if type(item) is V else self.expr(item)
            values.append(value)
            marks.append((len(out), len(stores)))
            if value.kind == "expr":
                simple = False
        if len(out) == begin and len(stores) == stored and (simple or not atoms):
            return values  # nothing came between
        # later statements run before the final use of earlier values: move those that could change, the last first,
        # so that the positions of the others stay right
        end = len(out)
        moved = False
        for i in range(len(values) - 1, -1, -1):
            value = values[i]
            position, stored = marks[i]
            line = getattr(value.node, "lineno", 1)
            if position == end:
                if value.kind == "local" and value.name in stores[stored:]:
                    values[i] = self.spill(value, line, position)
                elif atoms and (value.kind == "expr" or (value.kind == "cell" and moved)):
                    values[i] = self.spill(value, line, position)
                    end = position  # everything before must come before this statement
                    moved = True
                continue
            if value.kind in ("const", "temp"):
                continue
            if value.kind == "local" and value.name not in stores[stored:]:
                continue
            values[i] = self.spill(value, line, position)
        return values

    # --- dispatch -----------------------------------------------------------------------------------------------------

    def expr(self: FunctionGenerator, node: n.Node, dest: str | None = None) -> V:
        """The value of an expression. With `dest` the last operation may store straight into that local."""
        kind = type(node)
        value: V = self.of_expression[kind](self, node, dest)
        if (kind is n.Binary or kind is n.Logic) and value.kind == "expr":
            operation: Any = node
            links = self.links.pop(id(operation.left), 0) + 1
            if links >= MOST_LINKS:
                return self.spill(value, node.line)
            self.links[id(node)] = links
        return value

    def effect(self: FunctionGenerator, node: n.Node) -> None:
        """An expression whose value is not used."""
        if isinstance(node, (n.Name, n.Const, n.This, n.Keyword)):
            return
        if isinstance(node, n.Paren):
            for item in node.items:
                self.effect(item)
            return
        self.unused = True
        value = self.expr(node)
        self.unused = False
        if value.kind == "expr":
            self.out.append(p.expression(value.node, node.line))

    def take_unused(self: FunctionGenerator) -> bool:
        unused, self.unused = self.unused, False
        return unused

    # --- leaves -------------------------------------------------------------------------------------------------------

    def x_Const(self: FunctionGenerator, node: n.Const, dest: str | None) -> V:
        if isinstance(node.value, n.Pointer):
            return V(p.call("$pointer", [p.const(node.value.address, node.line)], node.line), OTHER)
        return self.constant(node.value, node.line)

    def x_Name(self: FunctionGenerator, node: n.Name, dest: str | None) -> V:
        line = node.line
        if node.storage == "local":
            name = self.py_name(node.name)
            mask, lo, hi = self.local_type(node)
            return V(p.name(name, line), mask, "local", name, None, lo, hi)
        if node.storage == "captured":
            name = self.py_name(node.name)
            return V(p.name(name, line), ANY, "cell", name)
        return self.read_global(node.name, line)

    def read_global(self: FunctionGenerator, name: str, line: int) -> V:
        if name == "_G":
            return V(p.call("$globals", [], line))
        if name == "_R":
            return V(p.call("$registry", [], line))
        if name == "_T":
            return V(p.call("$thread_now", [], line))
        if name == "_F":
            return V(self.own_function(line))
        return V(p.name(self.global_name(name), line))

    def x_This(self: FunctionGenerator, node: n.This, dest: str | None) -> V:
        return V(p.name("this", node.line), ANY, "temp", "this")

    def x_Paren(self: FunctionGenerator, node: n.Paren, dest: str | None) -> V:
        self.take_unused()
        for item in node.items[:-1]:
            value = self.expr(item)
            if value.kind == "expr":
                self.out.append(p.expression(value.node, item.line))
        return self.expr(node.items[-1], dest)

    def x_FuncExpr(self: FunctionGenerator, node: n.FuncExpr, dest: str | None) -> V:
        name = self.define(node.function)
        return V(p.name(name, node.line), FUNC, "temp", name)

    # --- literals -----------------------------------------------------------------------------------------------------

    def x_ArrayLit(self: FunctionGenerator, node: n.ArrayLit, dest: str | None) -> V:
        self.take_unused()
        line = node.line
        if not node.items:
            # most empty arrays are filled by `push`, which would miss the capacity
            name = dest if dest is not None else self.new_temp(ARRAY)
            self.out.append(p.assign(name, p.call("$Array", [], line), line))
            unset = ast.Attribute(p.name(name, line), "cap", p.STORE, **p.at(line))
            self.out.append(p.assign(unset, p.const(0, line), line))
            return self.result(name, dest, line, ARRAY)
        items = self.operands(node.items)
        return V(p.call("$Array", [p.tuple_of([item.node for item in items], line)], line), ARRAY)

    def x_DictLit(self: FunctionGenerator, node: n.DictLit, dest: str | None) -> V:
        self.take_unused()
        line = node.line
        if any(entry.computed for entry in node.entries):
            return self.computed_literal(node)
        names = [entry.key.value for entry in node.entries if isinstance(entry.key, n.Const)]
        repeats = len(set(names)) < len(names)
        values = self.operands([entry.value for entry in node.entries], atoms=repeats)
        keys: dict[bytes, V] = {}
        for name, value in zip(names, values, strict=True):
            keys[name] = value
        dict_node = ast.Dict(
            [p.const(key, line) for key in keys], [value.node for value in keys.values()], **p.at(line)
        )
        if node.is_map:
            return V(p.call("$Map", [dict_node] if keys else [], line), OTHER)
        if not keys:
            return V(p.call("$Table", [], line), OTHER)
        return self.record_literal(keys, line, dest)

    def record_literal(self: FunctionGenerator, keys: dict[bytes, V], line: int, dest: str | None) -> V:
        """A literal whose keys are all names becomes a record: attributes set one by one on a new object."""
        temp = self.new_temp(OTHER)
        atoms = self.operands(list(keys.values()))
        self.out.append(p.assign(temp, p.call("$Record", [], line), line))
        for key, value in zip(keys, atoms, strict=True):
            target = ast.Attribute(p.name(temp, line), self.attribute_name(key), p.STORE, **p.at(line))
            self.out.append(p.assign(target, value.node, line))
        return self.temp_value(temp, line, OTHER)

    def computed_literal(self: FunctionGenerator, node: n.DictLit) -> V:
        line = node.line
        temp = self.new_temp(OTHER)
        self.out.append(p.assign(temp, p.call("$Map" if node.is_map else "$Table", [], line), line))
        for entry in node.entries:
            key, value = self.operands([entry.key, entry.value])
            args = [p.name(temp, line), key.node, value.node, p.const(node.is_map, line)]
            self.out.append(p.expression(p.call("$literal_set", args, line), line))
        return self.temp_value(temp, line, OTHER)

    # --- unary --------------------------------------------------------------------------------------------------------

    def x_Unary(self: FunctionGenerator, node: n.Unary, dest: str | None) -> V:
        line = node.line
        if node.op == "@":
            return self.suppressed(node)
        unused = self.take_unused()
        del unused
        if node.op == "-" and isinstance(node.operand, n.Const) and type(node.operand.value) in (int, float):
            value = node.operand.value
            if value != INT_MIN or type(value) is float:
                return self.constant(-value, line)
        operand = self.expr(node.operand)
        if node.op == "+":
            return operand
        if node.op == "!":
            return V(p.unary(ast.Not(), operand.node, line), BOOL)
        if node.op == "-":
            if operand.mask and not operand.mask & ~REAL:
                return V(p.unary(ast.USub(), operand.node, line), REAL)
            if not operand.mask & ~INT and operand.lo > INT_MIN:
                return V(p.unary(ast.USub(), operand.node, line), INT, lo=-operand.hi, hi=-operand.lo)
            mask = operand.mask if not operand.mask & ~NUMERIC else ANY
            if not operand.mask & (INT | REAL):
                return V(p.call("$neg", [operand.node], line), mask)
            operand = self.as_atom(operand, line)
            least = p.compare(self.again(operand, line), ast.Gt(), p.const(INT_MIN, line), line)
            whole = p.both([self.type_test(operand, "$int", line), least], line)
            slow = p.call("$neg", [self.again(operand, line)], line)
            test = p.either([self.type_test(operand, "$float", line), whole], line)
            return V(p.choose(test, p.unary(ast.USub(), self.again(operand, line), line), slow, line), mask)
        if not operand.mask & ~INT:
            return V(p.unary(ast.Invert(), operand.node, line), INT, lo=~operand.hi, hi=~operand.lo)
        return V(p.call("$invert", [operand.node], line), INT)

    def suppressed(self: FunctionGenerator, node: n.Unary) -> V:
        line = node.line
        self.take_unused()
        self.out.append(p.expression(p.call("$mute", [], line), line))
        value = self.expr(node.operand)
        if value.kind not in ("const", "temp"):
            value = self.spill(value, line)
        self.out.append(p.expression(p.call("$unmute", [], line), line))
        return value

    # --- assignment ---------------------------------------------------------------------------------------------------

    def x_Assign(self: FunctionGenerator, node: n.Assign, dest: str | None) -> V:
        unused = self.take_unused()
        target = node.target
        if isinstance(target, n.Name) and target.storage == "local":
            name = self.py_name(target.name)
            value = self.expr(node.value, name)
            if not (value.kind == "local" and value.name == name):
                self.out.append(p.assign(name, value.node, node.line))
            self.stores.append(name)
            mask, lo, hi = value.mask, value.lo, value.hi
            self.stored_masks[target.name] = mask
            return V(p.name(name, node.line), mask, "local", name, None, lo, hi)
        value = self.expr(node.value)
        if value.kind != "const" and not (unused and isinstance(target, n.Name)):
            value = self.as_atom(value, node.line)
            if value.kind in ("local", "cell") and not isinstance(target, n.Name):
                parts = self.target_parts(target)
                if parts and not all(isinstance(part, (n.Name, n.Const, n.This)) for part in parts):
                    value = self.spill(value, node.line)
        self.store(target, value, node.line)
        # the value's expression stands in the store: it must not be evaluated for its effect once more
        return value if value.atom else self.constant(None, node.line)

    def target_parts(self: FunctionGenerator, target: n.Node) -> list[n.Node]:
        if isinstance(target, (n.Prop, n.Index)):
            return [target.obj, target.key]
        return []

    def store(self: FunctionGenerator, target: n.Node, value: V, line: int) -> None:
        """Evaluates a target's parts, then stores."""
        if isinstance(target, n.Name):
            self.store_name(target, value, line)
        elif isinstance(target, n.Prop):
            obj, key = self.operands([target.obj, target.key], atoms=True)
            self.write_property(obj, key, value, target.line)
        elif isinstance(target, n.Index):
            obj, key = self.operands([target.obj, target.key], atoms=True)
            self.write_index(obj, key, value, target.line)
        elif isinstance(target, n.Paren) and len(target.items) == 1:
            self.store(target.items[0], value, line)
        else:
            raise AssertionError(target)

    def store_name(self: FunctionGenerator, target: n.Name, value: V, line: int) -> None:
        if target.storage in ("local", "captured"):
            name = self.py_name(target.name)
            self.out.append(p.assign(name, value.node, line))
            self.stores.append(name)
        else:
            self.store_global(target.name, value, line)

    def store_global(self: FunctionGenerator, name: str, value: V, line: int) -> None:
        if name == "_G":
            self.out.append(p.expression(p.call("$set_globals", [value.node], line), line))
        elif name in ("_R", "_F", "_T"):
            args = [p.const(name.encode(), line), value.node]
            self.out.append(p.expression(p.call("$refuse_write", args, line), line))
        else:
            self.out.append(p.assign(self.global_name(name), value.node, line))

    def x_OpAssign(self: FunctionGenerator, node: n.OpAssign, dest: str | None) -> V:
        line = node.line
        self.take_unused()
        target = node.target
        if isinstance(target, n.Name):
            return self.op_assign_name(node, target)
        assert isinstance(target, (n.Prop, n.Index))
        tried = self.tree_assign(node)
        if tried is not None:
            return tried
        obj, key = self.operands([target.obj, target.key], atoms=True)
        if not self.is_simple(node.value):
            obj, key = (part if part.kind in ("const", "temp") else self.spill(part, line) for part in (obj, key))
        is_prop = isinstance(target, n.Prop)
        read = self.read_property if is_prop else self.read_index
        write = self.write_property if is_prop else self.write_index
        value = self.as_atom(self.op_value(node.op, read(obj, key, target.line), node.value, line), line)
        write(obj, key, value, target.line)
        return value

    def is_simple(self: FunctionGenerator, node: n.Node) -> bool:
        """Whether evaluating the expression cannot change a variable."""
        if isinstance(node, (n.Const, n.Name, n.This)):
            return True
        if isinstance(node, (n.Binary, n.Logic)):
            return self.is_simple(node.left) and self.is_simple(node.right)
        if isinstance(node, n.Paren):
            return all(self.is_simple(item) for item in node.items)
        if isinstance(node, n.Unary):
            return self.is_simple(node.operand)
        if isinstance(node, (n.Prop, n.Index)):
            return self.is_simple(node.obj) and self.is_simple(node.key)
        return False

    def op_assign_name(self: FunctionGenerator, node: n.OpAssign, target: n.Name) -> V:
        line = node.line
        op = node.op
        if op in ("&&", "||", "??"):
            read = n.Name(target.line, target.name, target.storage)
            value = self.expr(n.Logic(line, op, read, node.value))
        else:
            read = n.Name(target.line, target.name, target.storage)
            local = self.py_name(target.name) if target.storage == "local" else None
            if op == "$":
                value = self.concat(self.operands([read, node.value]), line)
            else:
                value = self.x_Binary(n.Binary(line, op, read, node.value), local)
                if value.kind == "local" and value.name == local:
                    self.stores.append(local or "")
                    return value
        if target.storage != "local":
            value = self.as_atom(value, line)
        self.store_name(target, value, line)
        if target.storage == "local":
            name = self.py_name(target.name)
            return V(p.name(name, line), value.mask, "local", name, None, value.lo, value.hi)
        return value

    def op_value(self: FunctionGenerator, op: str, old: V, operand: n.Node, line: int) -> V:
        """The new value of a compound assignment, given the value read."""
        if op in ("&&", "||", "??"):
            outer, self.out = self.out, []
            right = self.expr(operand)
            inner, self.out = self.out, outer
            temp = self.new_temp(ANY)
            self.out.append(p.assign(temp, old.node, line))
            again = p.name(temp, line)
            cond: ast.expr = again
            if op == "||":
                cond = p.unary(ast.Not(), again, line)
            elif op == "??":
                cond = p.compare(again, ast.Is(), p.const(None, line), line)
            self.out.append(p.if_(cond, [*inner, p.assign(temp, right.node, line)], [], line))
            return self.temp_value(temp, line)
        left, right = self.operands([old, operand])
        if op == "$":
            return self.concat([left, right], line)
        return self.binary(op, left, right, line)
