"""The tree's node classes: what a script means, before any of it becomes Python.

Rules of this file: a node holds positions and parts, never behaviour; `line` is the line of the token that
run-time messages name (chapter 01 section 13: the operator, the dot, the `[`, the `(` of a call, the name).
Keys and strings are `bytes`, names are `str`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# slots that never hold a node
_PLAIN = frozenset((
    "storage", "op", "word", "levels", "base", "computed", "is_map", "is_sub", "is_race", "is_prefix", "is_index",
    "is_global", "is_real", "is_function",
))  # fmt: skip


class Node:
    """Base of all nodes. Children are given positionally, in the order of `__slots__`, after the line; frequent kinds
    have a constructor of their own, which is quicker.

    `parts` names the slots that may hold nodes, lists of nodes or lists of tuples of them: what a walk looks at.
    """

    __slots__ = ("line",)

    line: int
    parts: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        if "parts" not in cls.__dict__:
            cls.parts = tuple([slot for slot in cls.__slots__ if slot not in _PLAIN])

    def __init__(self, line: int, *parts: object) -> None:
        self.line = line
        for name, part in zip(type(self).__slots__, parts, strict=False):
            setattr(self, name, part)

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name, None)!r}" for name in type(self).__slots__)
        return f"{type(self).__name__}@{self.line}({parts})"


class Pointer:
    """The value of a pointer literal (`456p`); the runtime makes its own pointer of it."""

    __slots__ = ("address",)

    def __init__(self, address: int) -> None:
        self.address = address


class Origin:
    """Where the text of a single function came from: what a trace shows of it, and which variables it captures."""

    __slots__ = ("captured", "file", "line", "name")

    def __init__(self, name: str, file: str, line: int, captured: list[str]) -> None:
        self.name = name  # "" for an anonymous function
        self.file = file
        self.line = line
        self.captured = captured


# --- expressions ------------------------------------------------------------------------------------------------


class Const(Node):
    """null, bool, int (already wrapped to 64 bits), real, string (bytes) or `Pointer`."""

    __slots__ = ("value",)
    parts = ()
    value: Any

    def __init__(self, line: int, value: Any) -> None:
        self.line = line
        self.value = value


class Name(Node):
    """A variable. `storage` is "local", "captured" or "global" after resolution."""

    __slots__ = ("name", "storage")
    parts = ()
    name: str
    storage: str | None

    def __init__(self, line: int, name: str, storage: str | None = None) -> None:
        self.line = line
        self.name = name
        self.storage = storage


class This(Node):
    __slots__ = ()


class Keyword(Node):
    """A reserved word where a value should be; always ends in a message of the code step."""

    __slots__ = ("word",)
    word: str


class Paren(Node):
    """`( a, b )`: all items run, the last is the value. Kept for one item too, as `( o.f )()` is no method call."""

    __slots__ = ("items",)
    items: list[Node]


class ArrayLit(Node):
    __slots__ = ("items",)
    items: list[Node]


class DictLit(Node):
    """`{ … }` or `map{ … }`. `entries` is a list of `Entry`."""

    __slots__ = ("entries", "is_map")
    entries: list[Entry]
    is_map: bool


class Entry(Node):
    """One `key = value`. The key is a `Const` of bytes for a name or a text, any expression for `[ expr ]`."""

    __slots__ = ("key", "value", "computed")
    key: Node
    value: Node
    computed: bool


class FuncExpr(Node):
    __slots__ = ("function",)
    function: Function


class Prop(Node):
    """`obj.key`; a name is a `Const` of bytes. `line` is the dot's."""

    __slots__ = ("obj", "key")
    obj: Node
    key: Node

    def __init__(self, line: int, obj: Node, key: Node) -> None:
        self.line = line
        self.obj = obj
        self.key = key


class Index(Node):
    """`obj[ key ]`; `line` is that of the `[`."""

    __slots__ = ("obj", "key")
    obj: Node
    key: Node

    def __init__(self, line: int, obj: Node, key: Node) -> None:
        self.line = line
        self.obj = obj
        self.key = key


class Call(Node):
    """`func( args )`; with `func` a `Prop` (not in parentheses) the object is `this`. `line` is that of the `(`."""

    __slots__ = ("func", "args")
    func: Node
    args: list[Node]

    def __init__(self, line: int, func: Node, args: list[Node]) -> None:
        self.line = line
        self.func = func
        self.args = args


class CompatCall(Node):
    """`this!func( args )`."""

    __slots__ = ("this", "func", "args")
    this: Node
    func: Node
    args: list[Node]


class New(Node):
    __slots__ = ("func", "args")
    func: Node
    args: list[Node]


class ThreadCall(Node):
    """`thread f( … )`; `call` is a `Call` or a `CompatCall`."""

    __slots__ = ("is_sub", "call")
    is_sub: bool
    call: Call | CompatCall


class Sync(Node):
    """`sync( … )` (`is_race` false) or `race( … )`."""

    __slots__ = ("is_race", "args")
    is_race: bool
    args: list[Node]


class IfExpr(Node):
    __slots__ = ("cond", "then", "other")
    cond: Node
    then: Node
    other: Node


class Unary(Node):
    """`op` is one of `- + ~ ! @`."""

    __slots__ = ("op", "operand")
    op: str
    operand: Node


class IncDec(Node):
    """`op` is `++` or `--`."""

    __slots__ = ("op", "is_prefix", "target")
    op: str
    is_prefix: bool
    target: Node


class Binary(Node):
    """`op` is one of `+ - * / % & | ^ << >> <=> == != === !== < <= > >=`."""

    __slots__ = ("op", "left", "right")
    op: str
    left: Node
    right: Node

    def __init__(self, line: int, op: str, left: Node, right: Node) -> None:
        self.line = line
        self.op = op
        self.left = left
        self.right = right


class Concat(Node):
    """All operands of one run of `$` / `..`; `line` is the first operator's."""

    __slots__ = ("items",)
    items: list[Node]


class Logic(Node):
    """`op` is `&&`, `||` or `??`."""

    __slots__ = ("op", "left", "right")
    op: str
    left: Node
    right: Node


class Assign(Node):
    """`target = value`; a `Name`, `Prop` or `Index` as target."""

    __slots__ = ("target", "value")
    target: Node
    value: Node

    def __init__(self, line: int, target: Node, value: Node) -> None:
        self.line = line
        self.target = target
        self.value = value


class OpAssign(Node):
    """`target op= value`; `op` without the `=`, `..` written as `$`."""

    __slots__ = ("op", "target", "value")
    op: str
    target: Node
    value: Node


class MultiAssign(Node):
    """`( a, b ) = call`."""

    __slots__ = ("targets", "call")
    targets: list[Node]
    call: Node


class MultiSet(Node):
    """`obj.{ … }` (`is_index` false) or `obj[]{ … }`; `entries` as in `DictLit`."""

    __slots__ = ("obj", "entries", "is_index")
    obj: Node
    entries: list[Entry]
    is_index: bool


class VarDecl(Node):
    """`var a, b = 1` / `global a`: `items` is a list of `( Name, value or None )`. A statement, or the last item of an
    expression list."""

    __slots__ = ("is_global", "items")
    is_global: bool
    items: list[tuple[Name, Node | None]]


# --- statements -------------------------------------------------------------------------------------------------


class ExprStmt(Node):
    __slots__ = ("exprs",)
    exprs: list[Node]

    def __init__(self, line: int, exprs: list[Node]) -> None:
        self.line = line
        self.exprs = exprs


class Command(Node):
    """`print`, `println`, `yield` (one call with all) or `include` (one call each). `name` is a `Name`."""

    __slots__ = ("name", "args")
    name: Name
    args: list[Node]


class Block(Node):
    __slots__ = ("body",)
    body: list[Node]


class If(Node):
    __slots__ = ("cond", "then", "other")
    cond: Node
    then: Node
    other: Node | None


class While(Node):
    __slots__ = ("cond", "body")
    cond: Node
    body: Node


class DoWhile(Node):
    __slots__ = ("body", "cond")
    body: Node
    cond: Node


class For(Node):
    """Each of the three parts is a list of expressions; the last test decides."""

    __slots__ = ("init", "test", "step", "body")
    init: list[Node]
    test: list[Node]
    step: list[Node]
    body: Node


class NumericFor(Node):
    """`for name : ( args ) body`; `is_real` for `.(`."""

    __slots__ = ("name", "is_real", "args", "body")
    name: Name
    is_real: bool
    args: list[Node]
    body: Node


class Foreach(Node):
    """`key` and `value` are `Name` or None; the last of `sources` is iterated."""

    __slots__ = ("key", "value", "sources", "body")
    key: Name | None
    value: Name | None
    sources: list[Node]
    body: Node


class Break(Node):
    __slots__ = ("levels",)
    levels: int


class Continue(Node):
    __slots__ = ("levels",)
    levels: int


class Return(Node):
    __slots__ = ("exprs",)
    exprs: list[Node]


class FuncDecl(Node):
    """`function name(…)…` or `function a.b(…)…`; `target` is a `Name` or a `Prop`."""

    __slots__ = ("target", "function")
    target: Name | Prop
    function: Function


class ClassDecl(Node):
    """`members` are `Member` nodes in order; `line` is that of the class name. `name` is a `Name` (global)."""

    __slots__ = ("name", "base", "members")
    name: Name
    base: str | None
    members: list[Member]


class Member(Node):
    """`global name = value` (a value or None) or a function (`FuncExpr`)."""

    __slots__ = ("name", "value", "is_function")
    name: str
    value: Node | None
    is_function: bool


class DeclTree(Node):
    """`entries` are `TreeEntry` nodes. `base` is a str. The expressions in the entries belong to the body of
    `constructor`, the `Function` called `NAME.__construct` (its own `body` is empty)."""

    __slots__ = ("name", "base", "entries", "constructor")
    name: Name
    base: str
    entries: list[TreeEntry]
    constructor: Function


class TreeEntry(Node):
    """`KEY = value` (entries None) or a sub-node with arguments (maybe empty) and entries (value None)."""

    __slots__ = ("key", "value", "args", "entries")
    key: str
    value: Node | None
    args: list[Node] | None
    entries: list[TreeEntry] | None


class Defer(Node):
    __slots__ = ("body",)
    body: Node


class Function(Node):
    """A function's text: `line` is that of the `function` keyword (1 for a unit).

    name      display name: `f`, `o.m`, `Class.m`, `<main>`, or None for an anonymous one
    params    list of str
    uses      list of str, or None without a `use` list
    body      list of statements, hoisted declarations first (chapter 02 section 3.4)
    locals    after resolution: names stored in this body, arguments included, captured ones excluded
    cells     after resolution: names of this body that inner functions share (they list them in `use`)
    is_unit   true for a whole file, `eval` text and the like
    complaints  texts about the heading, which the storage step reports; nobody else needs them
    span      where its text begins and ends in the source
    own       what `own_nodes` found, once it was asked
    """

    __slots__ = ("name", "params", "uses", "body", "locals", "cells", "is_unit", "complaints", "span", "own")
    parts = ("body",)
    name: str | None
    params: list[str]
    uses: list[str] | None
    body: list[Node]
    locals: list[str]
    cells: list[str]
    is_unit: bool
    complaints: list[str]
    span: tuple[int, int]
    own: list[Any]


def own_nodes(function: Function) -> list[Any]:
    """All nodes of a function's own text, without those of inner functions; made once, when the tree is complete."""
    try:
        return function.own
    except AttributeError:
        found: list[Any] = []
    pending: list[Any] = [function.body]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is list or kind is tuple:
            pending += node
        elif kind is not Function and isinstance(node, Node):
            found.append(node)
            for slot in node.parts:
                pending.append(getattr(node, slot, None))
    function.own = found
    return found
