"""`sgs check --departures`: where a script written for the C implementation behaves differently here.

Rule of this file: one function for each rule of the porting guide that a script's text can show; `LABELS` ties them to
the table in `docs/porting.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .syntax import nodes as n
from .walk import bodies, inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Report = Callable[[int, str, str], None]

# label in the porting guide -> what is said
LABELS = {
    "fractions": "a decimal fraction is the nearest double here: comparing it for equality may give another answer",
    "targets": "the parts of this target run once here, in C SGScript several times",
    "operands": "the left operand is read before the assignment on the right",
    "literals": "this literal is evaluated; C SGScript skips it with everything inside",
    "removal": "the remaining entries keep their order; C SGScript moves the last one here",
    "sorting": "sorts are stable here; how often the function is called is unspecified",
    "big numbers": "an int and a real are compared exactly, not as reals",
    "addresses": "addresses are small numbers of the engine here",
    "data": "only registered constructors may be called by the data, not any global function",
    "arguments": "reached under another name, '{0}' reports the declared arguments only",
    "globals": "a meta-object on _G takes no part in looking up globals",
    "figures": "memory figures and reference counts are any positive numbers",
    "error slot": "the last socket error is no global: use socket_error()",
    "native code": "native modules of the C program cannot be loaded",
    "bytecode": "there is no bytecode: the result is the text itself",
}
_COMPARE = frozenset(("==", "!=", "<", "<=", ">", ">="))
_EXACT = 1 << 53
_VARIADIC = frozenset(("va_get_args", "va_get_arg", "va_arg_count"))
_BY_NAME = {
    "unset": "removal",
    "toptr": "addresses",
    "unserialize": "data",
    "sgson_decode": "data",
    "sys_stat": "figures",
    "include_shared": "native code",
    "import_cfunc": "native code",
    "compile_sgs": "bytecode",
}


def find_departures(unit: n.Function, report: Report) -> None:
    """Calls `report( line, word, message )` for each place in a resolved script."""
    for function in bodies(unit):
        for statement in _statements(function):
            if type(statement) is n.ExprStmt:
                for expression in statement.exprs:
                    if type(expression) in (n.ArrayLit, n.DictLit) and _runs_something(expression):
                        _say(report, statement.line, "", "literals")
        callees = set()
        for node in inside(function):
            kind = type(node)
            if kind is n.Call:
                callees.add(id(node.func))
                _call(node, report)
            elif kind is n.Binary:
                _binary(node, report)
            elif kind in (n.OpAssign, n.IncDec, n.Assign):
                _target(node.target, node.line, report)
            elif kind is n.Name and node.name == "__socket_error":
                _say(report, node.line, "__socket_error", "error slot")
            elif kind is n.Name and node.name in _VARIADIC and id(node) not in callees:
                name = node.name
                report(node.line, name, LABELS["arguments"].format(name))


def _say(report: Report, line: int, word: str, label: str) -> None:
    report(line, word, LABELS[label])


def _statements(function: n.Function) -> list[n.Node]:
    return [*function.body, *inside(function)]


def _runs_something(node: n.Node) -> bool:
    """Whether evaluating a literal can be noticed."""
    return any(
        type(found) in (n.Call, n.CompatCall, n.New, n.Assign, n.OpAssign, n.IncDec, n.ThreadCall)
        for found in inside(node)
    )


def _binary(node: Any, report: Report) -> None:
    pair = (node.left, node.right)
    if node.op in ("==", "!=") and any(_has_fraction(side) for side in pair):
        _say(report, node.line, node.op, "fractions")
    if node.op in _COMPARE:
        values = [side.value for side in pair if type(side) is n.Const]
        big = any(type(value) is int and abs(value) > _EXACT for value in values)
        if big and any(type(value) is float for value in values):
            _say(report, node.line, node.op, "big numbers")
    left, right = pair
    if type(left) is n.Name and left.storage == "local":
        for found in (right, *inside(right)):
            if type(found) in (n.Assign, n.OpAssign, n.IncDec):
                target = found.target
                if type(target) is n.Name and target.name == left.name:
                    _say(report, node.line, left.name, "operands")


def _has_fraction(node: Any) -> bool:
    """Whether a fraction that no double holds exactly, or arithmetic with one, stands here."""
    if type(node) is n.Paren:
        return len(node.items) == 1 and _has_fraction(node.items[0])
    if type(node) is n.Binary and node.op in "+-*/":
        return _has_fraction(node.left) or _has_fraction(node.right)
    return type(node) is n.Const and type(node.value) is float and not (node.value * 4096).is_integer()


def _target(target: Any, line: int, report: Report) -> None:
    if type(target) in (n.Prop, n.Index) and any(
        type(found) in (n.Call, n.CompatCall, n.New, n.IncDec, n.Assign, n.OpAssign) for found in inside(target)
    ):
        _say(report, line, "", "targets")


def _call(node: Any, report: Report) -> None:
    callee = node.func
    if type(callee) is n.Name:
        name = callee.name
        label = _BY_NAME.get(name)
        if label is not None and not (name == "sys_stat" and _is_zero(node.args)):
            _say(report, node.line, name, label)
        first = node.args[0] if node.args else None
        if name in ("metaobj_set", "class", "metamethods_enable") and type(first) is n.Name and first.name == "_G":
            _say(report, node.line, name, "globals")
    elif type(callee) is n.Prop and type(callee.key) is n.Const:
        key = callee.key.value
        if key in (b"sort_custom", b"sort_mapped"):
            _say(report, node.line, key.decode(), "sorting")


def _is_zero(arguments: list[Any]) -> bool:
    return len(arguments) == 1 and type(arguments[0]) is n.Const and arguments[0].value == 0
