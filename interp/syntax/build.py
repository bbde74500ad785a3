"""From grammar to tree: one method for each `-> name` of sgscript.lark.

A method gets every part of its alternative: a token as its index in the token lists, a node as itself. The methods
make nodes and nothing else; what a program may not say although the grammar lets it is found by resolve.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import nodes as n
from .messages import at

if TYPE_CHECKING:
    from .lexer import Tokens

Body = tuple[list[n.Node], int]  # statements and where the text ends
Signature = tuple[list[str], "list[str] | None", Body, list[str]]


class Builder:
    """Makes the nodes of one script from its `tokens`."""

    def __init__(self, tokens: Tokens) -> None:
        self.lines = tokens.lines
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        # names are str, literals their value, other tokens None: the grammar says which is which
        self.values: list[object] = tokens.values

    def _name(self, token: int) -> str:
        return self.values[token]  # type: ignore[return-value]

    def _names(self, variables: list[tuple[int, n.Node | None]]) -> list[str]:
        return [self._name(token) for token, _ in variables]

    # --- lists ------------------------------------------------------------------------------------------------------

    def none(self) -> list[object]:
        return []

    def same(self, items: list[object]) -> list[object]:
        return items

    def first(self, item: object) -> list[object]:
        return [item]

    def two(self, first: object, _comma: int, second: object) -> list[object]:
        return [first, second]

    def three(self, first: object, _comma: int, second: object, _comma2: int, third: object) -> list[object]:
        return [first, second, third]

    def add(self, items: list[object], _comma: int, item: object) -> list[object]:
        items.append(item)
        return items

    def push(self, items: list[object], item: object) -> list[object]:
        items.append(item)
        return items

    def without_last(self, items: list[object], _comma: int) -> list[object]:
        return items

    # --- values -----------------------------------------------------------------------------------------------------

    def variable(self, token: int) -> n.Node:
        name = self._name(token)
        if name == "__LINE__":
            return n.Const(self.lines[token], self.lines[token])
        return n.Name(self.lines[token], name, None)

    def literal(self, token: int) -> n.Node:
        return n.Const(self.lines[token], self.values[token])

    def null(self, token: int) -> n.Node:
        return n.Const(self.lines[token], None)

    def true(self, token: int) -> n.Node:
        return n.Const(self.lines[token], True)

    def false(self, token: int) -> n.Node:
        return n.Const(self.lines[token], False)

    def this(self, token: int) -> n.Node:
        return n.This(self.lines[token])

    def keyword(self, token: int) -> n.Node:
        return n.Keyword(self.lines[token], self.kinds[token])

    def paren(self, opening: int, items: list[n.Node], _closing: int) -> n.Node:
        return n.Paren(self.lines[opening], items)

    def paren_empty(self, opening: int, _closing: int) -> n.Node:
        return n.Paren(self.lines[opening], [])

    def array(self, opening: int, items: list[n.Node], _closing: int) -> n.Node:
        return n.ArrayLit(self.lines[opening], items)

    def array_empty(self, opening: int, _closing: int) -> n.Node:
        return n.ArrayLit(self.lines[opening], [])

    def dict(self, opening: int, entries: list[n.Node], _closing: int) -> n.Node:
        return n.DictLit(self.lines[opening], entries, False)

    def map(self, _word: int, opening: int, entries: list[n.Node], _closing: int) -> n.Node:
        return n.DictLit(self.lines[opening], entries, True)

    def sync(self, word: int, _opening: int, args: list[n.Node], _closing: int) -> n.Node:
        return n.Sync(self.lines[word], self.kinds[word] == "race", args)

    def if_value(self, word: int, _opening: int, args: list[n.Node], _closing: int) -> n.Node:
        if len(args) == 3:
            return n.IfExpr(self.lines[word], *args)
        # a wrong count is a message of the code step: the check needs the node, nobody else sees it
        return n.IfExpr(self.lines[word], n.Paren(self.lines[word], args), None, None)

    def function_value(self, word: int, signature: Signature) -> n.Node:
        return n.FuncExpr(self.lines[word], self._function(word, None, signature))

    def function_value_named(self, word: int, name: int, signature: Signature) -> n.Node:
        return n.FuncExpr(self.lines[word], self._function(word, self._name(name), signature))

    # --- dictionary entries -----------------------------------------------------------------------------------------

    def _key(self, token: int) -> n.Const:
        return n.Const(self.lines[token], self._name(token).encode("latin-1"))

    def entry_short(self, token: int) -> n.Node:
        word, value = self._name(token), None
        if self.kinds[token] in ("NAME", "COMMAND", "class"):
            value = self.variable(token)
        elif word in ("null", "true", "false", "this"):
            value = getattr(self, word)(token)
        else:
            value = self.keyword(token)
        return n.Entry(self.lines[token], self._key(token), value, False)

    def entry_word(self, token: int, _sign: int, value: n.Node) -> n.Node:
        return n.Entry(self.lines[token], self._key(token), value, False)

    def entry_text(self, token: int, _sign: int, value: n.Node) -> n.Node:
        return n.Entry(self.lines[token], self.literal(token), value, False)

    def entry_computed(self, opening: int, key: n.Node, _closing: int, _sign: int, value: n.Node) -> n.Node:
        return n.Entry(self.lines[opening], key, value, True)

    # --- chains -----------------------------------------------------------------------------------------------------

    def call(self, func: n.Node, opening: int, args: list[n.Node], _closing: int) -> n.Node:
        return n.Call(self.lines[opening], func, args)

    def index(self, obj: n.Node, opening: int, key: n.Node, _closing: int) -> n.Node:
        return n.Index(self.lines[opening], obj, key)

    def property(self, obj: n.Node, dot: int, name: int) -> n.Node:
        return n.Prop(self.lines[dot], obj, self._key(name))

    def property_value(self, obj: n.Node, dot: int, key: n.Node) -> n.Node:
        return n.Prop(self.lines[dot], obj, key)

    def multi_property(self, obj: n.Node, dot: int, _open: int, entries: list[n.Node], _close: int) -> n.Node:
        return n.MultiSet(self.lines[dot], obj, entries, False)

    def multi_index(
        self, obj: n.Node, opening: int, _closing: int, _open: int, entries: list[n.Node], _close: int
    ) -> n.Node:
        return n.MultiSet(self.lines[opening], obj, entries, True)

    def compat_call(
        self, this: n.Node, _sign: int, func: n.Node, opening: int, args: list[n.Node], _closing: int
    ) -> n.Node:
        return n.CompatCall(self.lines[opening], this, func, args)

    def new(self, _word: int, call: n.Call) -> n.Node:
        return n.New(call.line, call.func, call.args)

    def thread(self, word: int, call: n.Node) -> n.Node:
        return n.ThreadCall(self.lines[word], self.kinds[word] == "subthread", call)

    # --- operators --------------------------------------------------------------------------------------------------

    def postfix(self, target: n.Node, sign: int) -> n.Node:
        return n.IncDec(self.lines[sign], self.kinds[sign], False, target)

    def prefix(self, sign: int, target: n.Node) -> n.Node:
        return n.IncDec(self.lines[sign], self.kinds[sign], True, target)

    def unary(self, sign: int, operand: n.Node) -> n.Node:
        return n.Unary(self.lines[sign], self.kinds[sign], operand)

    def binary(self, left: n.Node, sign: int, right: n.Node) -> n.Node:
        return n.Binary(self.lines[sign], self.kinds[sign], left, right)

    def logic(self, left: n.Node, sign: int, right: n.Node) -> n.Node:
        return n.Logic(self.lines[sign], self.kinds[sign], left, right)

    def concat(self, left: n.Node, sign: int, right: n.Node) -> n.Node:
        # a run is one operation; a left side in parentheses is a Paren, so this Concat is the same run
        if type(left) is n.Concat:
            left.items.append(right)
            return left
        return n.Concat(self.lines[sign], [left, right])

    def assign(self, target: n.Node, sign: int, value: n.Node) -> n.Node:
        if type(target) is n.Paren:
            return n.MultiAssign(self.lines[sign], target.items, value)
        return n.Assign(self.lines[sign], target, value)

    def assign_op(self, target: n.Node, sign: int, value: n.Node) -> n.Node:
        op = self.kinds[sign][:-1]
        return n.OpAssign(self.lines[sign], "$" if op == ".." else op, target, value)

    # --- statements -------------------------------------------------------------------------------------------------

    def block(self, opening: int, body: list[n.Node], _closing: int) -> n.Node:
        return n.Block(self.lines[opening], body)

    def empty_statement(self, end: int) -> n.Node:
        return n.ExprStmt(self.lines[end], [])

    def expressions(self, items: list[n.Node], _end: int) -> n.Node:
        return n.ExprStmt(items[0].line, items)

    def expressions_declaration(self, items: list[n.Node], _comma: int, declaration: n.Node, _end: int) -> n.Node:
        items.append(declaration)
        return n.ExprStmt(items[0].line, items)

    def declaration_statement(self, declaration: n.Node, _end: int) -> n.Node:
        return declaration

    def command(self, word: int, args: list[n.Node], _end: int) -> n.Node:
        return n.Command(self.lines[word], self.variable(word), args)

    def if_then(self, word: int, _open: int, cond: n.Node, _close: int, then: n.Node) -> n.Node:
        return n.If(self.lines[word], cond, then, None)

    def if_else(
        self, word: int, _open: int, cond: n.Node, _close: int, then: n.Node, _else: int, other: n.Node
    ) -> n.Node:
        return n.If(self.lines[word], cond, then, other)

    def while_loop(self, word: int, _open: int, cond: n.Node, _close: int, body: n.Node) -> n.Node:
        return n.While(self.lines[word], cond, body)

    def do_while(self, word: int, body: n.Node, _while: int, _open: int, cond: n.Node, _close: int) -> n.Node:
        return n.DoWhile(self.lines[word], body, cond)

    def for_loop(
        self,
        word: int,
        _open: int,
        init: list[n.Node],
        _end: int,
        test: list[n.Node],
        _end2: int,
        step: list[n.Node],
        _close: int,
        body: n.Node,
    ) -> n.Node:
        return n.For(self.lines[word], init, test, step, body)

    def for_int(
        self, word: int, name: int, _colon: int, _open: int, args: list[n.Node], _close: int, body: n.Node
    ) -> n.Node:
        return n.NumericFor(self.lines[word], self._target(name), False, args, body)

    def for_real(
        self, word: int, name: int, _colon: int, _dot: int, _open: int, args: list[n.Node], _close: int, body: n.Node
    ) -> n.Node:
        return n.NumericFor(self.lines[word], self._target(name), True, args, body)

    def foreach_value(
        self, word: int, _open: int, value: int, _colon: int, sources: list[n.Node], _close: int, body: n.Node
    ) -> n.Node:
        return n.Foreach(self.lines[word], None, self._target(value), sources, body)

    def foreach_both(
        self,
        word: int,
        _open: int,
        key: int,
        _comma: int,
        value: int,
        _colon: int,
        sources: list[n.Node],
        _close: int,
        body: n.Node,
    ) -> n.Node:
        return n.Foreach(self.lines[word], self._target(key), self._target(value), sources, body)

    def foreach_key(
        self,
        word: int,
        _open: int,
        key: int,
        _comma: int,
        _colon: int,
        sources: list[n.Node],
        _close: int,
        body: n.Node,
    ) -> n.Node:
        return n.Foreach(self.lines[word], self._target(key), None, sources, body)

    def _target(self, token: int) -> n.Name:
        return n.Name(self.lines[token], self._name(token), None)

    def leave(self, word: int, _end: int) -> n.Node:
        return self._leave(word, 1)

    def leave_levels(self, word: int, levels: int, _end: int) -> n.Node:
        count = self.values[levels]
        assert isinstance(count, int)
        if not 1 <= count <= 255:
            raise at(self.lines[levels], f"Invalid {self.kinds[word]} level (can be between 1 and 255)")
        return self._leave(word, count)

    def _leave(self, word: int, levels: int) -> n.Node:
        kind = n.Break if self.kinds[word] == "break" else n.Continue
        return kind(self.lines[word], levels)

    def return_statement(self, word: int, items: list[n.Node], _end: int) -> n.Node:
        return n.Return(self.lines[word], items)

    def defer(self, word: int, body: n.Node) -> n.Node:
        return n.Defer(self.lines[word], body)

    # --- declarations and functions ---------------------------------------------------------------------------------

    def variable_plain(self, name: int) -> tuple[int, n.Node | None]:
        return name, None

    def variable_value(self, name: int, _sign: int, value: n.Node) -> tuple[int, n.Node | None]:
        return name, value

    def declaration(self, word: int, variables: list[tuple[int, n.Node | None]]) -> n.Node:
        items = [(self._target(name), value) for name, value in variables]
        return n.VarDecl(self.lines[word], self.kinds[word] == "global", items)

    def body_block(self, _opening: int, body: list[n.Node], closing: int) -> Body:
        return body, self.starts[closing] + 1

    def body_value(self, sign: int, items: list[n.Node], end: int) -> Body:
        return [n.Return(self.lines[sign], items)], self.starts[end] + 1

    def signature(self, _open: int, params: list[tuple[int, n.Node | None]], _close: int, body: Body) -> Signature:
        return self._names(params), None, body, self._complaints(params, [])

    def signature_use(
        self,
        _open: int,
        params: list[tuple[int, n.Node | None]],
        _close: int,
        _use: int,
        _open2: int,
        uses: list[tuple[int, n.Node | None]],
        _close2: int,
        body: Body,
    ) -> Signature:
        return self._names(params), self._names(uses), body, self._complaints(params, uses)

    def _complaints(self, params: list[tuple[int, n.Node | None]], uses: list[tuple[int, n.Node | None]]) -> list[str]:
        """What the storage step will say about the heading of a function (chapter 02 sections 5.2, 6 and 13)."""
        seen: set[str] = set()
        texts = []
        for variables, what in ((uses, "used variables"), (params, "arguments")):
            for token, _ in variables:
                name = self._name(token)
                if name in seen:
                    texts.append(f"[line {self.lines[token]}] Cannot redeclare {what} with the same name")
                elif name == "_G" and variables is params:
                    texts.append(f"[line {self.lines[token]}] Variable storage redefined: global -> local")
                seen.add(name)
        return texts

    def _function(self, word: int, name: str | None, signature: Signature) -> n.Function:
        params, uses, (body, end), complaints = signature
        span = self.starts[word], end
        return n.Function(self.lines[word], name, params, uses, body, [], [], False, complaints, span)

    def function_name(self, word: int, name: int, signature: Signature) -> n.Node:
        function = self._function(word, self._name(name), signature)
        return n.FuncDecl(self.lines[word], self._target(name), function)

    def function_member(self, word: int, obj: int, dot: int, name: int, signature: Signature) -> n.Node:
        function = self._function(word, f"{self._name(obj)}.{self._name(name)}", signature)
        return n.FuncDecl(self.lines[word], self.property(self.variable(obj), dot, name), function)

    def unit(self, body: list[n.Node]) -> n.Function:
        return n.Function(1, "<main>", [], None, body, [], [], True, [], (0, self.starts[-1]))

    # --- classes and trees ------------------------------------------------------------------------------------------

    def member_variables(
        self, members: list[n.Node], _word: int, variables: list[tuple[int, n.Node | None]], _end: int
    ) -> list[n.Node]:
        members += [n.Member(self.lines[name], self._name(name), value, False) for name, value in variables]
        return members

    def member_function(self, members: list[n.Node], word: int, name: int, signature: Signature) -> list[n.Node]:
        function = n.FuncExpr(self.lines[word], self._function(word, self._name(name), signature))
        members.append(n.Member(self.lines[name], self._name(name), function, True))
        return members

    def class_plain(self, _word: int, name: int, _open: int, members: list[n.Node], _close: int) -> n.Node:
        return self._class(name, None, members)

    def class_derived(
        self, _word: int, name: int, _colon: int, base: int, _open: int, members: list[n.Node], _close: int
    ) -> n.Node:
        return self._class(name, self._name(base), members)

    def _class(self, name: int, base: str | None, members: list[n.Node]) -> n.Node:
        for member in members:
            if member.is_function:  # type: ignore[attr-defined]
                function = member.value.function  # type: ignore[attr-defined]
                function.name = f"{self._name(name)}.{function.name}"
        return n.ClassDecl(self.lines[name], self._target(name), base, members)

    def decltree(
        self, word: int, name: int, _colon: int, base: int, _open: int, entries: list[n.Node], close: int
    ) -> n.Node:
        line = self.lines[name]
        span = self.starts[word], self.starts[close] + 1
        constructor = n.Function(line, f"{self._name(name)}.__construct", [], None, [], [], [], False, [], span)
        return n.DeclTree(line, self._target(name), self._name(base), entries, constructor)

    def tree_value(self, entries: list[n.Node], key: int, _sign: int, value: n.Node, _end: int) -> list[n.Node]:
        entries.append(n.TreeEntry(self.lines[key], self._name(key), value, None, None))
        return entries

    def tree_node(self, entries: list[n.Node], key: int, _open: int, inner: list[n.Node], _close: int) -> list[n.Node]:
        entries.append(n.TreeEntry(self.lines[key], self._name(key), None, [], inner))
        return entries

    def tree_node_arguments(
        self,
        entries: list[n.Node],
        key: int,
        _open: int,
        args: list[n.Node],
        _close: int,
        _open2: int,
        inner: list[n.Node],
        _close2: int,
    ) -> list[n.Node]:
        entries.append(n.TreeEntry(self.lines[key], self._name(key), None, args, inner))
        return entries
