"""Messages of the code step (chapter 01 section 14, chapter 02 section 9), in the order in which code would be made.

Only trees in which resolve.py saw something suspicious come here. Each node is a task on a stack, so no tree is too
deep; the first message ends all, except that every faulty function of a class body has its say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import nodes as n


class _Place(NamedTuple):
    """Where a node stands: loops around it up to the innermost `defer`, loops around that, and whether there is one."""

    loops: int = 0
    outer_loops: int = 0
    in_defer: bool = False


class _Fault(Exception):
    """The texts that end the check of one function."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts = texts


class _Class:
    """A class body in progress: on the stack behind each function it is a barrier, behind all of them the verdict."""

    __slots__ = ("faulty",)

    def __init__(self) -> None:
        self.faulty = False


_READ_ONLY_CALLS = {n.IfExpr: "if", n.Sync: "sync"}
_SKIPPED = (n.Name, n.Const, n.This, n.Keyword)


def find_faults(unit: n.Function, storage_errors: dict[n.Function, list[str]]) -> list[str]:
    """The texts that end the compilation of `unit`, empty when it is sound after all.

    `storage_errors` has the texts of the storage step of every body that has some.
    """
    return _Check(storage_errors).run(unit)


def _fail(node: n.Node, text: str) -> _Fault:
    return _Fault([f"[line {node.line}] {text}"])


class _Check:
    """The stack of tasks `(method, node, place)` of one check."""

    def __init__(self, storage_errors: dict[n.Function, list[str]]) -> None:
        self.storage_errors = storage_errors
        self.stack: list[tuple[Callable[[Any, _Place], None], Any, _Place]] = []

    def run(self, unit: n.Function) -> list[str]:
        texts: list[str] = []
        self._push((self.function, unit, _Place()))
        while self.stack:
            task, node, place = self.stack.pop()
            try:
                task(node, place)
            except _Fault as fault:
                texts += fault.texts
                while self.stack:
                    task, node, _ = self.stack.pop()
                    if task == self.barrier:
                        node.faulty = True
                        break
        return texts

    def _push(self, *tasks: tuple[Callable[[Any, _Place], None], Any, _Place]) -> None:
        self.stack += tasks[::-1]

    def _read_all(self, items: list[n.Node], place: _Place) -> None:
        self._push(*[(self.read, item, place) for item in items])

    # --- functions and classes --------------------------------------------------------------------------------------

    def function(self, function: n.Function, _place: _Place) -> None:
        texts = self.storage_errors.get(function)
        if texts:
            raise _Fault(texts)
        self._push(*[(self.statement, statement, _Place()) for statement in function.body])

    def barrier(self, _body: _Class, _place: _Place) -> None:
        """Nothing to do: a fault in the function before it stops here."""

    def verdict(self, body: _Class, _place: _Place) -> None:
        if body.faulty:
            raise _Fault([])

    def class_body(self, node: Any, place: _Place) -> None:
        body = _Class()
        tasks: list[tuple[Callable[[Any, _Place], None], Any, _Place]] = []
        for member in node.members:
            if member.is_function:
                tasks += [(self.function, member.value.function, place), (self.barrier, body, place)]
            elif member.value is not None:
                tasks.append((self.read, member.value, place))
        self._push(*tasks, (self.verdict, body, place))

    def tree_entries(self, entries: list[Any], place: _Place) -> None:
        tasks: list[tuple[Callable[[Any, _Place], None], Any, _Place]] = []
        for entry in entries:
            if entry.entries is None:
                tasks.append((self.read, entry.value, place))
            else:
                tasks += [(self.read, item, place) for item in entry.args]
                tasks.append((self.tree_entries, entry.entries, place))
        self._push(*tasks)

    # --- statements -------------------------------------------------------------------------------------------------

    def statement(self, node: Any, place: _Place) -> None:
        kind = type(node)
        inside = place._replace(loops=place.loops + 1)
        if kind is n.ExprStmt:
            self._drop_all(node.exprs, place)
        elif kind is n.Block:
            self._push(*[(self.statement, statement, place) for statement in node.body])
        elif kind is n.If:
            if node.other is not None:
                self._push((self.statement, node.other, place))
            self._push((self.read, node.cond, place), (self.statement, node.then, place))
        elif kind is n.While:
            self._push((self.read, node.cond, place), (self.statement, node.body, inside))
        elif kind is n.DoWhile:
            self._push((self.statement, node.body, inside), (self.read, node.cond, place))
        elif kind is n.For:
            # the last one pushed runs first; the code of the step stands behind that of the body
            self._drop_all(node.step, place)
            self._push((self.statement, node.body, inside))
            self._read_all(node.test, place)
            self._drop_all(node.init, place)
        elif kind is n.NumericFor:
            self._push((self.statement, node.body, inside))
            self._read_all(node.args, place)
        elif kind is n.Foreach:
            self._push((self.statement, node.body, inside))
            self._read_all(node.sources, place)
        elif kind in (n.Break, n.Continue):
            self._leave(node, place)
        elif kind is n.Return:
            if place.in_defer:
                raise _fail(node, "cannot leave a deferred statement")
            self._read_all(node.exprs, place)
        elif kind is n.Defer:
            self._push((self.statement, node.body, _Place(0, place.loops + place.outer_loops, True)))
        elif kind is n.Command:
            self._read_all(node.args, place)
        elif kind is n.FuncDecl:
            self._push((self.function, node.function, place), (self.write, node.target, place))
        elif kind is n.ClassDecl:
            self.class_body(node, place)
        elif kind is n.DeclTree:
            texts = self.storage_errors.get(node.constructor)
            if texts:
                raise _Fault(texts)
            self.tree_entries(node.entries, _Place())
        else:
            self.drop(node, place)

    def _leave(self, node: Any, place: _Place) -> None:
        word = "Break" if type(node) is n.Break else "Continue"
        if node.levels <= place.loops:
            return
        loops = place.loops + place.outer_loops
        if not loops:
            raise _fail(node, f"Attempted to {word.lower()} while not in a loop")
        if node.levels > loops:
            raise _fail(node, f"{word} level too high")
        raise _fail(node, "cannot leave a deferred statement")

    def _drop_all(self, items: list[n.Node], place: _Place) -> None:
        self._push(*[(self.drop, item, place) for item in items])

    def drop(self, node: Any, place: _Place) -> None:
        """An expression whose value nobody wants (chapter 01 section 11.5)."""
        kind = type(node)
        if kind in _SKIPPED:
            return
        if kind is n.Paren:
            self._drop_all(node.items, place)
        elif kind is n.VarDecl:
            self._read_all([value for _, value in node.items if value is not None], place)
        else:
            self.read(node, place)

    # --- expressions ------------------------------------------------------------------------------------------------

    def read(self, node: Any, place: _Place) -> None:
        kind = type(node)
        if kind in (n.Name, n.Const, n.This):
            return
        if kind is n.Keyword:
            raise _fail(node, "Cannot read from specified keyword")
        if kind is n.FuncExpr:
            self._push((self.function, node.function, place))
        elif kind in (n.Assign, n.OpAssign):
            # only a compound assignment reads its target, and before the value
            if kind is n.OpAssign:
                self._push(
                    (self.read_target, node.target, place),
                    (self.read, node.value, place),
                    (self.write, node.target, place),
                )
            else:
                self._push((self.read, node.value, place), (self.write, node.target, place))
        elif kind is n.IncDec:
            self._push((self.read_target, node.target, place), (self.write, node.target, place))
        elif kind is n.MultiAssign:
            self._multi_assign(node, place)
        elif kind is n.Paren and not node.items:
            raise _fail(node, "Empty expression found")
        elif kind is n.IfExpr and node.other is None:
            raise _fail(node, "'if' pseudo-function requires exactly 3 arguments")
        elif kind is n.Sync and not node.args:
            raise _fail(node, "'sync' pseudo-function requires [1;255] arguments")
        else:
            self._read_all(_operands(node), place)

    def read_target(self, node: Any, place: _Place) -> None:
        """The read of a target that is going to be written: what cannot be written is judged by `write`."""
        if type(node) in (n.Prop, n.Index) and type(node.obj) is not n.Const:
            self.read(node, place)

    def _multi_assign(self, node: Any, place: _Place) -> None:
        call = type(node.call)
        if call in _READ_ONLY_CALLS:
            raise _fail(
                node,
                f"'{_READ_ONLY_CALLS[call]}' pseudo-function cannot be used as input for expression writes"
                " with multiple outputs",
            )
        if call not in (n.Call, n.CompatCall):
            raise _fail(node, "Expression writes only allowed with function call reads")
        if not node.targets:
            raise _fail(node, "Empty expression found")
        self._push((self.read, node.call, place), *[(self.write, target, place) for target in node.targets])

    def write(self, node: Any, place: _Place) -> None:
        """A target of an assignment."""
        kind = type(node)
        if kind is n.Name:
            return
        if kind is n.Prop or kind is n.Index:
            if type(node.obj) is n.Const:
                what = "property" if kind is n.Prop else "indexed value"
                raise _fail(node, f"Cannot set {what} of a constant")
            self.read(node, place)
        elif kind is n.Paren:
            raise _fail(node, "Expression writes only allowed with function call reads")
        elif kind in (n.This, n.Keyword) or (kind is n.Const and (node.value is None or type(node.value) is bool)):
            raise _fail(node, "Cannot write to reserved keywords")
        elif kind is n.MultiSet:
            raise _fail(node, f"Cannot write to multi-{'index' if node.is_index else 'property'}-set expression")
        else:
            raise _fail(node, "Cannot write to constants")


_OPERANDS: dict[type, tuple[str, ...]] = {
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
    n.Binary: ("left", "right"),
    n.Concat: ("items",),
    n.Logic: ("left", "right"),
    n.MultiSet: ("obj", "entries"),
}


def _operands(node: Any) -> list[n.Node]:
    """The parts of an expression that are read, in order."""
    found: list[n.Node] = []
    for part in _OPERANDS[type(node)]:
        child = getattr(node, part)
        if type(child) is list:
            found += child
        else:
            found.append(child)
    return found
