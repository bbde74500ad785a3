"""Small makers of Python syntax-tree nodes with a line: the vocabulary of the code generator.

Rules of this file: every node begins and ends on the one line given, which is what stack traces show, and has no column
(-1), so that the host's tracebacks mark none; the host takes a missing end for the beginning. Half of the compile time
is making nodes and having the host read them, so the frequent kinds keep their fields in slots and are filled without
the constructor, which looks at each argument's name. Operators and contexts have no fields: there is one of each.
"""

from __future__ import annotations

import ast
from typing import Any

LOAD = ast.Load()
STORE = ast.Store()
DEL = ast.Del()


class _Kind:
    """What a node says its class is when `ast.NodeVisitor` asks, and the host, which asks each node for its kind by
    trying the kinds one by one: an answer from the class is quicker for it than that of every object, and one that is
    no class ends the question.
    """

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name


class Name(ast.Name):
    __slots__ = ("ctx", "id", "lineno")
    col_offset = -1
    __class__ = _Kind("Name")  # type: ignore[assignment]


class Constant(ast.Constant):
    __slots__ = ("lineno", "value")
    col_offset = -1
    __class__ = _Kind("Constant")  # type: ignore[assignment]


class Call(ast.Call):
    __slots__ = ("args", "func", "keywords", "lineno")
    col_offset = -1
    __class__ = _Kind("Call")  # type: ignore[assignment]


class Attribute(ast.Attribute):
    __slots__ = ("attr", "ctx", "lineno", "value")
    col_offset = -1
    __class__ = _Kind("Attribute")  # type: ignore[assignment]


class Subscript(ast.Subscript):
    __slots__ = ("ctx", "lineno", "slice", "value")
    col_offset = -1
    __class__ = _Kind("Subscript")  # type: ignore[assignment]


class BinOp(ast.BinOp):
    __slots__ = ("left", "lineno", "op", "right")
    col_offset = -1
    __class__ = _Kind("BinOp")  # type: ignore[assignment]


class UnaryOp(ast.UnaryOp):
    __slots__ = ("lineno", "op", "operand")
    col_offset = -1
    __class__ = _Kind("UnaryOp")  # type: ignore[assignment]


class BoolOp(ast.BoolOp):
    __slots__ = ("lineno", "op", "values")
    col_offset = -1
    __class__ = _Kind("BoolOp")  # type: ignore[assignment]


class Compare(ast.Compare):
    __slots__ = ("comparators", "left", "lineno", "ops")
    col_offset = -1
    __class__ = _Kind("Compare")  # type: ignore[assignment]


class Assign(ast.Assign):
    __slots__ = ("lineno", "targets", "value")
    col_offset = -1
    __class__ = _Kind("Assign")  # type: ignore[assignment]


class Expr(ast.Expr):
    __slots__ = ("lineno", "value")
    col_offset = -1
    __class__ = _Kind("Expr")  # type: ignore[assignment]


class If(ast.If):
    __slots__ = ("body", "lineno", "orelse", "test")
    col_offset = -1
    __class__ = _Kind("If")  # type: ignore[assignment]


class Try(ast.Try):
    __slots__ = ("body", "finalbody", "handlers", "lineno", "orelse")
    col_offset = -1
    __class__ = _Kind("Try")  # type: ignore[assignment]


class ExceptHandler(ast.ExceptHandler):
    __slots__ = ("body", "lineno", "name", "type")
    col_offset = -1
    __class__ = _Kind("ExceptHandler")  # type: ignore[assignment]


_new: Any = Constant.__new__  # any of them will do
_NONE: list[Any] = []  # nobody adds to it
_AND = ast.And()
_OR = ast.Or()


def at(line: int) -> dict[str, int]:
    return {"lineno": line, "col_offset": -1}


def name(identifier: str, line: int) -> ast.expr:
    node: Any = _new(Name)
    node.id = identifier
    node.ctx = LOAD
    node.lineno = line
    return node


def target(identifier: str, line: int) -> ast.expr:
    node: Any = _new(Name)
    node.id = identifier
    node.ctx = STORE
    node.lineno = line
    return node


def const(value: Any, line: int) -> ast.expr:
    node: Any = _new(Constant)
    node.value = value
    node.lineno = line
    return node


def call(function: ast.expr | str, args: list[ast.expr], line: int) -> ast.expr:
    node: Any = _new(Call)
    node.func = name(function, line) if type(function) is str else function
    node.args = args
    node.keywords = _NONE
    node.lineno = line
    return node


def attribute(obj: ast.expr, attr: str, line: int) -> ast.expr:
    node: Any = _new(Attribute)
    node.value = obj
    node.attr = attr
    node.ctx = LOAD
    node.lineno = line
    return node


def subscript(obj: ast.expr, key: ast.expr, line: int) -> ast.expr:
    node: Any = _new(Subscript)
    node.value = obj
    node.slice = key
    node.ctx = LOAD
    node.lineno = line
    return node


def binary(left: ast.expr, op: ast.operator, right: ast.expr, line: int) -> ast.expr:
    node: Any = _new(BinOp)
    node.left = left
    node.op = op
    node.right = right
    node.lineno = line
    return node


def compare(left: ast.expr, op: ast.cmpop, right: ast.expr, line: int) -> ast.expr:
    node: Any = _new(Compare)
    node.left = left
    node.ops = [op]
    node.comparators = [right]
    node.lineno = line
    return node


def unary(op: ast.unaryop, operand: ast.expr, line: int) -> ast.expr:
    node: Any = _new(UnaryOp)
    node.op = op
    node.operand = operand
    node.lineno = line
    return node


def both(values: list[ast.expr], line: int) -> ast.expr:
    if len(values) == 1:
        return values[0]  # the host refuses one value
    node: Any = _new(BoolOp)
    node.op = _AND
    node.values = values
    node.lineno = line
    return node


def either(values: list[ast.expr], line: int) -> ast.expr:
    if len(values) == 1:
        return values[0]  # the host refuses one value
    node: Any = _new(BoolOp)
    node.op = _OR
    node.values = values
    node.lineno = line
    return node


def choose(cond: ast.expr, then: ast.expr, other: ast.expr, line: int) -> ast.expr:
    return ast.IfExp(cond, then, other, lineno=line, col_offset=-1)


def tuple_of(items: list[ast.expr], line: int) -> ast.expr:
    return ast.Tuple(items, LOAD, **at(line))


def assign(targets: list[ast.expr] | ast.expr | str, value: ast.expr, line: int) -> ast.stmt:
    node: Any = _new(Assign)
    if type(targets) is str:
        node.targets = [target(targets, line)]
    elif type(targets) is list:
        node.targets = targets
    else:
        node.targets = [targets]
    node.value = value
    node.lineno = line
    return node


def expression(value: ast.expr, line: int) -> ast.stmt:
    node: Any = _new(Expr)
    node.value = value
    node.lineno = line
    return node


def if_(cond: ast.expr, then: list[ast.stmt], other: list[ast.stmt], line: int) -> ast.stmt:
    node: Any = _new(If)
    node.test = cond
    node.body = then or [pass_(line)]
    node.orelse = other
    node.lineno = line
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
    except_.type = name(kind, line)
    except_.name = caught
    except_.body = handler
    except_.lineno = line
    node: Any = _new(Try)
    node.body = body
    node.handlers = [except_]
    node.orelse = _NONE
    node.finalbody = _NONE
    node.lineno = line
    return node


# statements behind which nothing is reached
LEAVING = frozenset((ast.Return, ast.Break, ast.Continue))


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
