"""Functions that must look at the depth of calls themselves, on hosts that do not.

CPython 3.13 enters a function without a look at its recursion limit when the call leaves out arguments or the function
takes any number of them. A recursion of nothing but such calls would have no end but that of the memory. Functions that
may be part of one call `$probe` first, an ordinary call, which raises. By names, this is a guess: who exchanges
functions at run time to get around it still has the limits of time and memory above.
"""

from __future__ import annotations

import sys
from typing import Any

from ..syntax import nodes as n

UNCHECKED = sys.version_info[:2] == (3, 13)
_MANY = 1 << 30  # arguments of a function that takes any number


class Arity:
    """How many arguments the functions of a unit take, by the last part of their names; None: those without one."""

    def __init__(self, unit: n.Function, is_variadic: Any) -> None:
        self.most: dict[str | None, int] = {}
        self.is_variadic = is_variadic
        functions = [unit]
        while functions:
            function = functions.pop()
            for node in n.own_nodes(function):
                if type(node) is n.FuncExpr or type(node) is n.FuncDecl:
                    functions.append(node.function)
            name = None if function.name is None else function.name.rpartition(".")[2]
            self.most[name] = max(self.most.get(name, 0), self._taken(function))

    def _taken(self, function: n.Function) -> int:
        return _MANY if self.is_variadic(function) else len(function.params)

    def needs_probe(self, function: n.Function) -> bool:
        """Whether a function may be entered unchecked and may then go on in that way."""
        if not self._taken(function):
            return False
        for node in n.own_nodes(function):
            if isinstance(node, (n.Call, n.CompatCall, n.New)) and len(node.args) < self._wanted(node.func):
                return True
        return False

    def _wanted(self, callee: Any) -> int:
        name: str | None = None
        if isinstance(callee, n.Name):
            name = callee.name
        elif isinstance(callee, n.Prop) and isinstance(callee.key, n.Const) and type(callee.key.value) is bytes:
            name = callee.key.value.decode("latin-1")
        return self.most.get(name, self.most.get(None, 0))
