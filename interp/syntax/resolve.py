"""Storage of names (chapter 02 section 3): every name has one storage class for the whole body it stands in.

The walk is a loop over a stack of its own, so no tree is too deep for it. It also notices whether anything in the tree
could be a message of the code step; only then faults.py looks for which message comes first.
"""

from __future__ import annotations

from . import nodes as n
from .messages import SyntaxMessages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

# The tree may be this many times deeper than brackets may nest: a bracket rarely stands alone.
DEPTH_PER_NESTING = 8

_ASSIGN, _VAR, _GLOBAL, _CLASS, _FUNCTION, _FOREACH, _FOR = range(7)
_REDEFINED = "[line %d] Variable storage redefined%s: %s"
_TARGETS = (n.Name, n.Prop, n.Index)

# The parts of the nodes that are simply walked, in the order of the text; the others have a rule below.
_TEXT_ORDER: dict[type, tuple[str, ...]] = {
    n.Paren: ("items",),
    n.ArrayLit: ("items",),
    n.DictLit: ("entries",),
    n.Entry: ("key", "value"),
    n.Prop: ("obj", "key"),
    n.Index: ("obj", "key"),
    n.Call: ("func", "args"),
    n.CompatCall: ("this", "func", "args"),
    n.New: ("func", "args"),
    n.ThreadCall: ("call",),
    n.Sync: ("args",),
    n.IfExpr: ("cond", "then", "other"),
    n.Unary: ("operand",),
    n.IncDec: ("target",),
    n.Binary: ("left", "right"),
    n.Concat: ("items",),
    n.Logic: ("left", "right"),
    n.Assign: ("target", "value"),
    n.OpAssign: ("target", "value"),
    n.MultiAssign: ("targets", "call"),
    n.MultiSet: ("obj", "entries"),
    n.ExprStmt: ("exprs",),
    n.Command: ("name", "args"),
    n.Block: ("body",),
    n.If: ("cond", "then", "other"),
    n.While: ("cond", "body"),
    n.DoWhile: ("body", "cond"),
    n.For: ("init", "test", "step", "body"),
    n.NumericFor: ("name", "args", "body"),
    n.Foreach: ("key", "value", "sources", "body"),
    n.Return: ("exprs",),
    n.FuncDecl: ("target",),
    n.TreeEntry: ("value", "args", "entries"),
    n.Defer: ("body",),
}
# as the walk's stack wants them
_PARTS = {kind: parts[::-1] for kind, parts in _TEXT_ORDER.items()}


class _Body:
    """What one body says about its names: found by `_scan`, used by `_settle`."""

    __slots__ = ("names", "declared", "inner", "faulty")

    def __init__(self) -> None:
        self.names: list[n.Name] = []
        self.declared: list[tuple[int, str, int]] = []
        self.inner: list[tuple[n.Function, int, list[n.Node]]] = []
        self.faulty = False


class _Declare:
    """Stands on the walk's stack for the name of a `var` or `global` item, which comes before its value."""

    __slots__ = ("name", "how")

    def __init__(self, name: n.Name, how: int) -> None:
        self.name = name
        self.how = how


def resolve(unit: n.Function, nesting: int = 200, keep: bool | Collection[str] = False) -> None:
    """Give every `Name` its storage and every `Function` its `locals` and `cells`, and hoist (02 section 3.4).

    With `keep` the variables of the unit itself are globals, for a prompt whose next input is to see them; only loop
    variables stay its own, as they cannot be globals. Functions that `use` them share the global. `keep` may also be
    the names themselves.

    Raises SyntaxMessages: `nesting too deep`, all storage errors of the first body that has any, or the first message
    of the code step (chapter 01 section 14, chapter 02 sections 3 and 9).
    """
    limit = nesting * DEPTH_PER_NESTING
    storage_errors: dict[n.Function, list[str]] = {}
    faulty = False
    waiting: list[tuple[n.Function, int, list[n.Node]]] = [(unit, 0, unit.body)]
    kept: dict[n.Function, list[str]] = {}
    while waiting:
        function, depth, statements = waiting.pop()
        body = _scan(statements, depth, limit)
        if keep:
            _keep(function, body, kept, keep)
        texts = _settle(function, body, kept.get(function, ()))
        if texts:
            storage_errors[function] = texts
        faulty = faulty or body.faulty
        _hoist(function)
        waiting += body.inner
    if faulty or storage_errors:
        from .faults import find_faults

        found = find_faults(unit, storage_errors)
        if found:
            raise SyntaxMessages(found)


def _scan(statements: list[n.Node], depth: int, limit: int) -> _Body:
    """Walk one body in the order of the text, without the functions in it.

    The stack holds (node, depth, enclosing loops of the node); the count of loops is far below zero inside a deferred
    statement, where `break` and `return` are for faults.py to judge.
    """
    body = _Body()
    names = body.names
    stack: list[tuple[Any, int, int]] = [(statement, depth + 1, 0) for statement in reversed(statements)]
    while stack:
        node, depth, loops = stack.pop()
        kind = type(node)
        if kind is n.Name:
            names.append(node)
            continue
        if kind is n.Const:
            continue
        if kind is _Declare:
            body.declared.append((node.how, node.name.name, node.name.line))
            names.append(node.name)
            continue
        if depth > limit:
            raise SyntaxMessages([f"[line {node.line}] nesting too deep"])
        depth += 1
        rule = _RULES.get(kind)
        if rule is not None:
            loops = rule(node, body, stack, depth, loops)
        for part in _PARTS.get(kind, ()):
            child = getattr(node, part)
            if child.__class__ is list:
                for item in reversed(child):
                    stack.append((item, depth, loops))
            elif child is not None:
                stack.append((child, depth, loops))
    return body


def _target(node: Any, body: _Body) -> None:
    """A place that is written: only a name, a member or an index of something that can change will do."""
    if type(node) not in _TARGETS or (type(node) is not n.Name and type(node.obj) is n.Const):
        body.faulty = True


def _assign(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    if type(node.target) is n.Name:
        body.declared.append((_ASSIGN, node.target.name, node.target.line))
    else:
        _target(node.target, body)
    return loops


def _multi_assign(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    for target in node.targets:
        if type(target) is n.Name:
            body.declared.append((_VAR, target.name, target.line))
        else:
            _target(target, body)
    if not node.targets or type(node.call) not in (n.Call, n.CompatCall):
        body.faulty = True
    return loops


def _inc_dec(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    _target(node.target, body)
    return loops


def _var_decl(node: Any, _body: _Body, stack: list[Any], depth: int, loops: int) -> int:
    for name, value in reversed(node.items):
        if value is not None:
            stack.append((value, depth, loops))
        stack.append((_Declare(name, _GLOBAL if node.is_global else _VAR), depth, loops))
    return loops


def _loop(_node: Any, _body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    return loops + 1


def _numeric_for(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    body.declared.append((_FOR, node.name.name, node.name.line))
    return loops + 1


def _foreach(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    for name in (node.key, node.value):
        if name is not None:
            body.declared.append((_FOREACH, name.name, name.line))
    return loops + 1


def _leave(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    if node.levels > loops:
        body.faulty = True
    return loops


def _return(_node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    if loops < 0:
        body.faulty = True
    return loops


def _defer(_node: Any, _body: _Body, _stack: list[Any], _depth: int, _loops: int) -> int:
    return -1_000_000


def _func_decl(node: Any, body: _Body, _stack: list[Any], depth: int, loops: int) -> int:
    if type(node.target) is n.Name:
        body.declared.append((_FUNCTION, node.target.name, node.line))
    body.inner.append((node.function, depth, node.function.body))
    return loops


def _func_expr(node: Any, body: _Body, _stack: list[Any], depth: int, loops: int) -> int:
    if node.function.name is not None:
        body.declared.append((_FUNCTION, node.function.name, node.line))
    body.inner.append((node.function, depth, node.function.body))
    return loops


def _class(node: Any, body: _Body, stack: list[Any], depth: int, loops: int) -> int:
    body.declared.append((_CLASS, node.name.name, node.name.line))
    body.names.append(node.name)
    # the name of a member function declares nothing, so its FuncExpr is not visited
    for member in reversed(node.members):
        if member.is_function:
            body.inner.append((member.value.function, depth, member.value.function.body))
        elif member.value is not None:
            stack.append((member.value, depth, loops))
    return loops


def _decl_tree(node: Any, body: _Body, _stack: list[Any], depth: int, loops: int) -> int:
    body.declared.append((_CLASS, node.name.name, node.name.line))
    body.names.append(node.name)
    body.inner.append((node.constructor, depth, node.entries))
    return loops


def _suspect(_node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    body.faulty = True
    return loops


def _suspect_empty(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    if not (node.args if type(node) is n.Sync else node.items):
        body.faulty = True
    return loops


def _if_value(node: Any, body: _Body, _stack: list[Any], _depth: int, loops: int) -> int:
    if node.other is None:
        body.faulty = True
    return loops


# Each takes (node, body, stack, depth of its parts, loops) and gives the number of loops around its parts.
_RULES: dict[type, Callable[[Any, _Body, list[Any], int, int], int]] = {
    n.Assign: _assign,
    n.OpAssign: _assign,
    n.MultiAssign: _multi_assign,
    n.IncDec: _inc_dec,
    n.VarDecl: _var_decl,
    n.For: _loop,
    n.While: _loop,
    n.DoWhile: _loop,
    n.NumericFor: _numeric_for,
    n.Foreach: _foreach,
    n.Break: _leave,
    n.Continue: _leave,
    n.Return: _return,
    n.Defer: _defer,
    n.FuncDecl: _func_decl,
    n.FuncExpr: _func_expr,
    n.ClassDecl: _class,
    n.DeclTree: _decl_tree,
    n.Keyword: _suspect,
    n.Paren: _suspect_empty,
    n.Sync: _suspect_empty,
    n.IfExpr: _if_value,
}


def _keep(function: n.Function, body: _Body, kept: dict[n.Function, list[str]], keep: bool | Collection[str]) -> None:
    """Note in `kept` which names of a body are globals because the unit's variables are, and in its functions."""
    if function.is_unit:
        names = {name for how, name, _ in body.declared if how not in (_FOREACH, _FOR)}
        names.update(name for inner, _, _ in body.inner for name in inner.uses or ())
        names.difference_update([name for how, name, _ in body.declared if how in (_FOREACH, _FOR)])
        kept[function] = sorted(names if keep is True else names.intersection(keep or ()))
    for inner, _, _ in body.inner:
        shared = [name for name in inner.uses or () if name in kept.get(function, ())]
        if shared:
            kept[inner] = shared
            inner.uses = [name for name in inner.uses or () if name not in shared]


def _settle(function: n.Function, body: _Body, kept: Sequence[str] = ()) -> list[str]:
    """Decide the storage of every name of one body; gives the texts of its storage errors (02 section 3.2)."""
    texts = list(function.complaints)
    own = function.uses or ()
    cells = dict.fromkeys(name for inner, _, _ in body.inner for name in inner.uses or () if name not in own)
    storage = dict.fromkeys((*own, *cells), "captured")
    storage.setdefault("_G", "global")
    for name in kept:
        storage[name] = "global"
    for name in function.params:
        storage.setdefault(name, "local")
    for how, name, line in body.declared:
        now = storage.get(name)
        if name in kept:
            continue
        if how == _ASSIGN:
            if now is None:
                storage[name] = "local"
        elif how == _FUNCTION:
            if now is None:
                storage[name] = "global" if function.is_unit else "local"
        elif how in (_GLOBAL, _CLASS):
            if now is None:
                storage[name] = "global"
            elif now != "global":
                texts.append(_REDEFINED % (line, "", "local -> global" if now == "local" else "closure -> global"))
        elif now == "global":
            texts.append(_REDEFINED % (line, _WHERE.get(how, ""), "global -> local"))
        elif now is None:
            storage[name] = "local"
    for node in body.names:
        node.storage = storage.get(node.name, "global")
    function.locals = [name for name, where in storage.items() if where == "local"]
    function.cells = list(cells)
    return texts


_WHERE = {
    _FOREACH: " (foreach key variable cannot be global)",
    _FOR: " (numeric for index variable cannot be global)",
}


def _hoist(function: n.Function) -> None:
    """Move the plain function declarations of a body to its front, the last one first (02 section 3.4)."""
    first: list[n.Node] = []
    rest: list[n.Node] = []
    for statement in function.body:
        if type(statement) is n.FuncDecl and type(statement.target) is n.Name and statement.function.uses is None:
            first.append(statement)
        else:
            rest.append(statement)
    if first:
        first.reverse()
        function.body = first + rest
