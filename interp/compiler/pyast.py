"""Small makers of Python syntax-tree nodes with a line: the vocabulary of the code generator.

Rules of this file: every node begins and ends on the one line given, which is what stack traces show, and has no column
(-1), so that the host's tracebacks mark none; the host takes a missing end for the beginning. Half of the compile time
is making nodes, so the frequent kinds have their columns in their class and are filled without the constructor, which
looks at each argument's name.
"""

from __future__ import annotations

import ast
from typing import Any

LOAD = ast.Load()
STORE = ast.Store()


class Name(ast.Name):
    col_offset = -1


class Constant(ast.Constant):
    col_offset = -1


class Call(ast.Call):
    col_offset = -1


class Attribute(ast.Attribute):
    col_offset = -1


class Subscript(ast.Subscript):
    col_offset = -1


class BinOp(ast.BinOp):
    col_offset = -1


class Compare(ast.Compare):
    col_offset = -1


class Assign(ast.Assign):
    col_offset = -1


class If(ast.If):
    col_offset = -1


class Try(ast.Try):
    col_offset = -1


class ExceptHandler(ast.ExceptHandler):
    col_offset = -1


_new: Any = Constant.__new__  # any of them will do


def at(line: int) -> dict[str, int]:
    return {"lineno": line, "col_offset": -1}


class _Names(dict):  # type: ignore[type-arg]
    """(identifier, line) -> the one node for it: nothing changes nodes, so places of a tree may share them."""

    def __init__(self, context: ast.expr_context) -> None:
        self.context = context

    def __missing__(self, key: tuple[str, int]) -> ast.expr:
        if len(self) > 1000:
            self.clear()
        identifier, line = key
        node: Any = _new(Name)
        node.__dict__ = {"id": identifier, "ctx": self.context, "lineno": line}
        self[key] = node
        return node


_loads = _Names(LOAD)
_stores = _Names(STORE)


def name(identifier: str, line: int) -> ast.expr:
    return _loads[identifier, line]


def target(identifier: str, line: int) -> ast.expr:
    return _stores[identifier, line]


def const(value: Any, line: int) -> ast.expr:
    node: Any = _new(Constant)
    node.__dict__ = {"value": value, "lineno": line}
    return node


def call(function: ast.expr | str, args: list[ast.expr], line: int) -> ast.expr:
    if type(function) is str:
        function = _loads[function, line]
    node: Any = _new(Call)
    node.__dict__ = {"func": function, "args": args, "keywords": [], "lineno": line}
    return node


def attribute(obj: ast.expr, attr: str, line: int) -> ast.expr:
    node: Any = _new(Attribute)
    node.__dict__ = {"value": obj, "attr": attr, "ctx": LOAD, "lineno": line}
    return node


def subscript(obj: ast.expr, key: ast.expr, line: int) -> ast.expr:
    node: Any = _new(Subscript)
    node.__dict__ = {"value": obj, "slice": key, "ctx": LOAD, "lineno": line}
    return node


def binary(left: ast.expr, op: ast.operator, right: ast.expr, line: int) -> ast.expr:
    node: Any = _new(BinOp)
    node.__dict__ = {"left": left, "op": op, "right": right, "lineno": line}
    return node


def compare(left: ast.expr, op: ast.cmpop, right: ast.expr, line: int) -> ast.expr:
    node: Any = _new(Compare)
    node.__dict__ = {"left": left, "ops": [op], "comparators": [right], "lineno": line}
    return node


def unary(op: ast.unaryop, operand: ast.expr, line: int) -> ast.expr:
    return ast.UnaryOp(op, operand, lineno=line, col_offset=-1)


def both(values: list[ast.expr], line: int) -> ast.expr:
    if len(values) == 1:
        return values[0]  # the host refuses one value
    return ast.BoolOp(ast.And(), values, lineno=line, col_offset=-1)


def either(values: list[ast.expr], line: int) -> ast.expr:
    if len(values) == 1:
        return values[0]  # the host refuses one value
    return ast.BoolOp(ast.Or(), values, lineno=line, col_offset=-1)


def choose(cond: ast.expr, then: ast.expr, other: ast.expr, line: int) -> ast.expr:
    return ast.IfExp(cond, then, other, lineno=line, col_offset=-1)


def tuple_of(items: list[ast.expr], line: int) -> ast.expr:
    return ast.Tuple(items, LOAD, **at(line))


def assign(targets: list[ast.expr] | ast.expr | str, value: ast.expr, line: int) -> ast.stmt:
    if isinstance(targets, str):
        targets = [_stores[targets, line]]
    elif not isinstance(targets, list):
        targets = [targets]
    node: Any = _new(Assign)
    node.__dict__ = {"targets": targets, "value": value, "lineno": line}
    return node


def expression(value: ast.expr, line: int) -> ast.stmt:
    return ast.Expr(value, lineno=line, col_offset=-1)


def if_(cond: ast.expr, then: list[ast.stmt], other: list[ast.stmt], line: int) -> ast.stmt:
    node: Any = _new(If)
    node.__dict__ = {"test": cond, "body": then or [pass_(line)], "orelse": other, "lineno": line}
    return node


def while_(cond: ast.expr, body: list[ast.stmt], line: int) -> ast.stmt:
    return ast.While(cond, body or [pass_(line)], [], **at(line))


def for_(item: ast.expr, source: ast.expr, body: list[ast.stmt], other: list[ast.stmt], line: int) -> ast.stmt:
    return ast.For(item, source, body or [pass_(line)], other, None, **at(line))


def pass_(line: int) -> ast.stmt:
    return ast.Pass(**at(line))


def break_(line: int) -> ast.stmt:
    return ast.Break(**at(line))


def continue_(line: int) -> ast.stmt:
    return ast.Continue(**at(line))


def return_(value: ast.expr | None, line: int) -> ast.stmt:
    return ast.Return(value, **at(line))


def try_(body: list[ast.stmt], kind: str, caught: str | None, handler: list[ast.stmt], line: int) -> ast.stmt:
    """`try: body  except kind [as caught]: handler`"""
    except_: Any = _new(ExceptHandler)
    except_.__dict__ = {"type": _loads[kind, line], "name": caught, "body": handler, "lineno": line}
    node: Any = _new(Try)
    node.__dict__ = {"body": body, "handlers": [except_], "orelse": [], "finalbody": [], "lineno": line}
    return node


def leaves(node: ast.stmt) -> bool:
    """Whether a statement only leaves a loop or the function, and cannot raise."""
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Break, ast.Continue))


def leave(out: list[ast.stmt], cond: ast.expr, holds: bool, statement: ast.stmt, line: int) -> None:
    """Appends `if cond: statement`, or `if not cond` where it is not to hold.

    Where the last of the statements is an attempt that computes the condition, the test goes in there, as nothing then
    needs to keep its result.
    """

    def test(value: ast.expr) -> list[ast.stmt]:
        return [if_(value if holds else unary(ast.Not(), value, line), [statement], [], line)]

    last: Any = out[-1] if out else None
    if isinstance(last, ast.Try) and isinstance(cond, ast.Name) and len(last.body) == 1:
        store: Any = last.body[0]
        if isinstance(store, ast.Assign) and len(store.targets) == 1 and _is_test(store.value):
            target: Any = store.targets[0]
            if isinstance(target, ast.Name) and target.id == cond.id:
                last.body = test(store.value)
                last.handlers[0].body.extend(test(cond))
                return
    out.extend(test(cond))


def _is_test(node: ast.expr) -> bool:
    """Whether an expression is made of comparisons, so that asking for its truth calls nothing."""
    if isinstance(node, ast.BoolOp):
        return all(map(_is_test, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_test(node.operand)
    return isinstance(node, ast.Compare)


def function(
    display: str, params: list[str], defaults: list[ast.expr], rest: str | None, body: list[ast.stmt], line: int
) -> ast.stmt:
    arguments = ast.arguments(
        [],
        [ast.arg(param, None, None, **at(line)) for param in params],
        ast.arg(rest, None, None, **at(line)) if rest else None,
        [],
        [],
        None,
        defaults,
    )
    node = ast.FunctionDef(display, arguments, body, [], None, None, **at(line))
    node.type_params = []  # type: ignore[attr-defined]  # 3.12 and newer ask for it
    return node


def scope(kind: type[ast.stmt], names: list[str], line: int) -> ast.stmt:
    """A `global` or `nonlocal` statement."""
    return kind(names=names, **at(line))  # type: ignore[call-arg]
