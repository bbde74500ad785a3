"""Random programs of loops, exits and deferred statements, and a small interpreter that runs them (chapter 02 section 2).

A program is a tree of tuples. Conditions are one shared sequence of bits (`c()`), so that every path is taken some
time; both sides stop asking for more after a while, which ends every loop.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

ASKED = 60  # after so many bits all answers are false


class Leave(Exception):
    """`break` or `continue` that still has loops to leave."""

    def __init__(self, again: bool, levels: int, position: float) -> None:
        self.again = again
        self.levels = levels
        self.position = position


class Return(Exception):
    def __init__(self, node: Any, values: list[int], position: float) -> None:
        self.node = node
        self.values = values
        self.position = position


class Maker:
    """Makes a random function body. Every node carries its position in the text."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.count = 0
        self.loops = 0
        self.variables = 0

    def position(self) -> int:
        self.count += 1
        return self.count

    def body(self, depth: int, loops: int, deferred: bool) -> list[Any]:
        return [self.statement(depth, loops, deferred) for _ in range(self.rng.randint(1, 4))]

    def statement(self, depth: int, loops: int, deferred: bool) -> Any:
        rng = self.rng
        kinds = ["print", "print", "set"]
        if depth > 0:
            kinds += ["block", "if", "if", "ifelse", "while", "do", "for", "numeric", "foreach", "defer", "defer"]
        if loops:
            kinds += ["break", "continue"] * 2
        if not deferred:
            kinds += ["return"]
        kind = rng.choice(kinds)
        at = self.position()
        if kind == "print":
            return ("print", at, at)
        if kind == "set":
            return ("set", at, rng.randint(1, 9))
        if kind in ("break", "continue"):
            return (kind, at, rng.randint(1, loops))
        if kind == "return":
            return ("return", at, rng.choice(["none", "v", "(v)", "v+1", "v,v", "at"]))
        if kind == "block":
            return ("block", at, self.body(depth - 1, loops, deferred))
        if kind == "if":
            return ("if", at, self.single(depth - 1, loops, deferred), None)
        if kind == "ifelse":
            return ("if", at, self.single(depth - 1, loops, deferred), self.single(depth - 1, loops, deferred))
        if kind == "defer":
            return ("defer", at, self.single(depth - 1, 0, True))
        self.variables += 1
        name = f"i{self.variables}"
        if kind in ("while", "do"):
            return (kind, at, self.single(depth - 1, loops + 1, deferred))
        return (kind, at, name, rng.randint(0, 3), self.single(depth - 1, loops + 1, deferred))

    def single(self, depth: int, loops: int, deferred: bool) -> Any:
        """A statement in a position for one: often a block."""
        if self.rng.random() < 0.6:
            at = self.position()
            return ("block", at, self.body(max(depth, 0), loops, deferred))
        return self.statement(depth, loops, deferred)


def source(node: Any, indent: str = "") -> str:
    """The program text of a node."""
    kind = node[0]
    deeper = indent + "\t"
    if kind == "print":
        return f"{indent}p( {node[2]}, v );\n"
    if kind == "set":
        return f"{indent}v = v * 3 + {node[2]} & 255;\n"
    if kind in ("break", "continue"):
        return f"{indent}{kind} {node[2]};\n" if node[2] > 1 else f"{indent}{kind};\n"
    if kind == "return":
        return indent + {"none": "return;", "at": f"return {node[1]};"}.get(node[2], f"return {node[2]};") + "\n"
    if kind == "block":
        return indent + "{\n" + "".join(source(item, deeper) for item in node[2]) + indent + "}\n"
    if kind == "if":
        text = f"{indent}if( c() )\n{source(node[2], deeper)}"
        return text if node[3] is None else text + f"{indent}else\n{source(node[3], deeper)}"
    if kind == "defer":
        return f"{indent}defer\n{source(node[2], deeper)}"
    if kind == "while":
        return f"{indent}while( c() )\n{source(node[2], deeper)}"
    if kind == "do":
        return f"{indent}do\n{source(node[2], deeper)}{indent}while( c() )\n"
    name, size, body = node[2], node[3], source(node[4], deeper)
    if kind == "for":
        return f"{indent}for( {name} = 0; {name} < {size}; {name}++, p( {-node[1]}, v ) )\n{body}"
    if kind == "numeric":
        return f"{indent}for {name} : ( {size} )\n{body}"
    return f"{indent}foreach( {name} : [ {', '.join(str(i) for i in range(size))} ] )\n{body}"


def dangling(node: Any) -> bool:
    """Whether an `if` without `else` inside would take the `else` of one around it."""
    kind = node[0]
    if kind == "if":
        inner = node[2]
        if node[3] is not None and _ends_in_if(inner):
            return True
    parts: list[Any] = []
    for part in node[2:]:
        if isinstance(part, tuple):
            parts.append(part)
        elif isinstance(part, list):
            parts += part
    return any(dangling(part) for part in parts)


def _ends_in_if(node: Any) -> bool:
    if node[0] == "if":
        return node[3] is None or _ends_in_if(node[3])
    if node[0] in ("while", "defer"):
        return _ends_in_if(node[2])
    if node[0] in ("for", "numeric", "foreach"):
        return _ends_in_if(node[4])
    return False


class Machine:
    """Runs a tree by the rules of chapter 02."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.asked = 0
        self.v = 0
        self.lines: list[str] = []

    def c(self) -> bool:
        self.asked += 1
        if self.asked > ASKED:
            return False
        return bool(self.bits >> self.asked & 1)

    def print(self, number: int) -> None:
        self.lines.append(f"{number} {self.v}")

    def run(self, body: list[Any]) -> str:
        """What the function prints, then what it returns."""
        returned = "null null"
        try:
            self.scope(body)
        except Return as end:
            # a bare local is read after the deferred statements
            values = [self.v] if end.node[2] in ("v", "(v)") else end.values
            shown = [str(value) for value in values] + ["null", "null"]
            returned = " ".join(shown[:2])
        return "\n".join([*self.lines, returned]) + "\n"

    def scope(self, body: list[Any]) -> None:
        """A block, loop body or function body: runs it, then what it deferred before the place it was left at."""
        deferred = list(self.deferred_in(body))
        try:
            for node in body:
                self.statement(node)
        except (Leave, Return) as leaving:
            self.run_deferred([item for item in deferred if item[1] < leaving.position])
            raise
        self.run_deferred(deferred)

    def run_deferred(self, deferred: list[Any]) -> None:
        for node in sorted(deferred, key=lambda item: -item[1]):
            self.scope_of(node[2])

    def scope_of(self, node: Any) -> None:
        # a deferred statement that is no block defers into the block being left: that is not generated here
        self.statement(node)

    def deferred_in(self, body: list[Any]) -> Iterator[Any]:
        """The `defer` statements of a scope, those under an `if` without braces included."""
        for node in body:
            if node[0] == "defer":
                yield node
            elif node[0] == "if":
                yield from self.deferred_in([part for part in node[2:] if part is not None])

    def statement(self, node: Any) -> None:
        kind, at = node[0], node[1]
        if kind == "print":
            self.print(node[2])
        elif kind == "set":
            self.v = (self.v * 3 + node[2]) & 255
        elif kind in ("break", "continue"):
            raise Leave(kind == "continue", node[2], at)
        elif kind == "return":
            raise Return(
                node, {"none": [], "v+1": [self.v + 1], "v,v": [self.v, self.v], "at": [at]}.get(node[2], []), at
            )
        elif kind == "block":
            self.scope(node[2])
        elif kind == "if":
            if self.c():
                self.statement(node[2])
            elif node[3] is not None:
                self.statement(node[3])
        elif kind == "defer":
            pass
        else:
            self.loop(node)

    def loop(self, node: Any) -> None:
        kind = node[0]
        if kind in ("while", "do"):
            first = kind == "do"
            while first or self.c():
                first = False
                if not self.turn(node[2]):
                    return
                if kind == "do" and not self.c():
                    return
                first = kind == "do"
            return
        for _ in range(node[3]):
            if not self.turn(node[4]):
                return
            if kind == "for":
                self.print(-node[1])

    def turn(self, body: Any) -> bool:
        """One pass; false when the loop ends."""
        try:
            self.scope([body])
        except Leave as leaving:
            if leaving.levels > 1:
                raise Leave(leaving.again, leaving.levels - 1, leaving.position) from None
            return leaving.again
        return True


def bare_defer(node: Any) -> bool:
    """Whether a deferred statement defers without a block of its own (not covered by the rules)."""
    if node[0] == "defer" and node[2][0] in ("defer", "if"):
        return True
    parts: list[Any] = []
    for part in node[2:]:
        if isinstance(part, tuple):
            parts.append(part)
        elif isinstance(part, list):
            parts += part
    return any(bare_defer(part) for part in parts)


def random_body(rng: random.Random, depth: int) -> list[Any]:
    """A body that both sides understand the same way."""
    while True:
        body = Maker(rng).body(depth, 0, False)
        if not any(dangling(node) or bare_defer(node) for node in body) and len(str(body)) < 6000:
            return body
