"""A resolved tree becomes Python code: units and functions.

Rules of this file:
* a unit is one Python function that makes all functions without a `use` list (once, so that each has one identity)
  and returns `<main>`; closures are made where they stand, as nested Python functions sharing cells;
* the unit makes its functions in parts, each a Python function that the host compiles as soon as it is complete: for
  each function the host copies all names around it, and a tree in the processor's caches is worked on faster;
* a script function is `def f( this, a=None, … )`; it returns its first result. A function that can give none or
  several is generated twice: the twin, which returns all results as a tuple, is a constant of the other's code;
* helper names contain a `$`, which no script name can; script globals are Python globals of the same name.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any

from ..syntax import nodes as n
from . import pyast as p
from .accesses import Accesses
from .arithmetic import Arithmetic
from .closed import Closed, attach, closed_copy, dispatch
from .comparisons import Comparisons
from .expressions import Expressions
from .guess import Hints, guess_params, guess_reals
from .infer import Type, Types, forget_loops, infer
from .loops import Loop, Loops, Scope
from .statements import Statements
from .texts import forget_texts, table_uses
from .trees import Trees
from .types import ANY, ARRAY, FUNC, INT, INT_MAX, INT_MIN, OTHER, REAL, STR
from .unchecked import UNCHECKED, Arity
from .values import V

# Names that Python does not accept or uses itself.
RESERVED = frozenset(("None", "True", "False", "__debug__", "__builtins__"))

# How many functions stand in one part of a unit.
_PART = 24
PART = "$part"

_VARIADIC = frozenset(("va_get_args", "va_get_arg", "va_arg_count"))
_VARIADIC_TEXTS = _VARIADIC | {name.encode() for name in _VARIADIC}


def script_name(name: str) -> str:
    """The Python name of a script variable or global."""
    return name + "$" if name in RESERVED else name


class UnitGenerator:
    """Generates a whole unit: a file, an `eval` text, a program."""

    def __init__(
        self, unit: n.Function, limits: bool, optimize: bool, counting: bool = False,
        build: Callable[[ast.Module], CodeType] | None = None,
    ) -> None:  # fmt: skip
        """`build` compiles a module and gives the code of the one function in it; without it parts stay trees."""
        self.unit = unit
        self.build = build
        self.limits = limits
        self.optimize = optimize
        self.counting = counting
        self.hints = Hints(unit) if optimize else None
        self.arity = Arity(unit, lambda function: mentions(function, _VARIADIC_TEXTS)) if UNCHECKED else None
        self.out: list[ast.stmt] = []
        self.defined: dict[int, str] = {}
        self.outer: list[str] = []  # the functions in `out` that `<main>` may name
        self.nested = 0
        self.parts: list[CodeType] = []
        self.made: list[ast.stmt] = []  # the parts, as the unit calls them
        self.twins = 0
        self.closures = 0
        self.stores: set[str] = set()  # attributes that its code stores without notice (`runtime.shapes.note_stores`)

    def plain(self, function: n.Function) -> str:
        """The name of the variable that holds a function without a `use` list; generated on first use."""
        name = self.defined.get(id(function))
        if name is None:
            name = self.defined[id(function)] = f"$f{len(self.defined)}"
            self.nested += 1
            self.out.extend(self.definition(function, name, self.out, None))
            self.nested -= 1
            if not self.nested:
                self.outer.append(name)
                if len(self.outer) == _PART:
                    self.end_part()
        return name

    def end_part(self) -> None:
        """Makes a part of the functions since the last one; only `<main>` and its closures name them from outside."""
        name = f"{PART}{len(self.parts)}"
        names = p.tuple_of([p.name(item, 1) for item in self.outer], 1)
        part = p.function(name, [], [], None, [*self.out, p.return_(names, 1)], 1)
        self.out.clear()
        if self.build is not None:
            self.parts.append(self.build(ast.Module([part], [])))
            part = p.function(name, [], [], None, [p.pass_(1)], 1)  # its code takes the place of this one's
        targets = ast.Tuple([p.target(item, 1) for item in self.outer], p.STORE, **p.at(1))
        self.made += [part, p.assign(targets, p.call(name, [], 1), 1)]
        self.outer.clear()

    def definition(
        self, function: n.Function, name: str, out: list[ast.stmt], outer: FunctionGenerator | None
    ) -> list[ast.stmt]:
        """Statements that define a function and put it into `name`."""
        display = function.name if function.name is not None else "<anonymous function>"
        kind = results_of(function)
        key = ""
        made: list[ast.stmt] = []
        line = function.line
        closed: Closed | None = None
        if kind == "one" and outer is None and self.hints is not None and not self.counting:
            closed = closed_copy(self, function, name)
            if closed is not None:
                made.append(closed.definition)
                made.append(p.assign(f"{name}$p", p.name(f"{display}$p", line), line))
        if kind == "many":
            self.twins += 1
            key = f" {self.twins}"
            twin = FunctionGenerator(self, function, True, name).build(f"{display}$t", f"twin{key}")
            made.append(p.if_(p.name("$never", line), [twin], [], line))
        begin, end = function.span
        doc = f"{'function' if function.uses is None else 'closure'} {kind}{key or ' -'} {begin}:{end}"
        if function.uses:
            doc += " " + ",".join(map(script_name, function.uses))
        generator = FunctionGenerator(self, function, False, name)
        if closed is not None and closed.is_recursive:
            generator.closed = closed
        inner_name = display if outer is None and display not in RESERVED else f"{display}$c"
        made.append(generator.build(inner_name, doc))
        made.append(p.assign(name, p.name(inner_name, line), line))
        if closed is not None and not closed.is_recursive:
            made.append(attach(name, closed.params, line))
        if generator.uses_self and outer is not None:
            # the closure refers to itself: a scope of its own for each evaluation
            maker = p.function("$make", [], [], None, [*made, p.return_(p.name(name, line), line)], line)
            made = [maker, p.assign(name, p.call("$make", [], line), line)]
        return made

    def module(self) -> ast.Module:
        """`def $unit(): …` as a module; its code is the unit's code."""
        self.defined[id(self.unit)] = "$main"
        main = self.definition(self.unit, "$main", self.out, None)
        forget_loops()
        forget_texts()
        body = [*self.made, *self.out, *main, p.return_(p.name("$main", 1), 1)]
        if self.stores:
            body.insert(0, p.expression(p.const(" ".join(["stores", *sorted(self.stores)]), 1), 1))
        return ast.Module([p.function("$unit", [], [], None, body, 1)], [])


def results_of(function: n.Function) -> str:
    """How many results a function gives: "one", "none", or "many" when that differs from return to return."""
    counts: set[int] = set()
    _returns(function.body, counts)
    if not _always_leaves(function.body):
        counts.add(0)
    if counts <= {0}:
        return "none"
    return "one" if counts == {1} else "many"


def _returns(node: Any, counts: set[int]) -> None:
    if isinstance(node, n.Return):
        counts.add(len(node.exprs))
    elif isinstance(node, list):
        for item in node:
            _returns(item, counts)
    elif isinstance(node, n.If):
        _returns(node.then, counts)
        _returns(node.other, counts)
    elif isinstance(node, (n.Block, n.While, n.DoWhile, n.For, n.NumericFor, n.Foreach)):
        _returns(node.body, counts)


def _always_leaves(node: Any) -> bool:
    """Whether the end of a statement is certainly not reached."""
    if isinstance(node, n.Return):
        return True
    if isinstance(node, list):
        return any(_always_leaves(item) for item in node)
    if isinstance(node, n.Block):
        return _always_leaves(node.body)
    if isinstance(node, n.If):
        return node.other is not None and _always_leaves(node.then) and _always_leaves(node.other)
    return False


class Stores(list):  # type: ignore[type-arg]
    """The locals stored so far, in order; a store ends what a loop's condition said of the variable."""

    def __init__(self, generator: FunctionGenerator) -> None:
        super().__init__()
        self.generator = generator

    def append(self, name: str) -> None:
        super().append(name)
        self.generator.bounds.pop(name, None)


class FunctionGenerator(Expressions, Arithmetic, Comparisons, Accesses, Trees, Statements, Loops):
    """Generates one function."""

    of_expression: dict[type, Any]
    of_statement: dict[type, Any]

    def __init__(self, unit: UnitGenerator, function: n.Function, twin: bool, variable: str) -> None:
        self.unit = unit
        self.function = function
        self.twin = twin
        self.variable = variable
        self.limits = unit.limits
        self.out: list[ast.stmt] = []
        self.stores = Stores(self)
        self.scopes: list[Scope] = [Scope()]
        self.globals_used: set[str] = set()
        self.not_functions: set[str] = set()
        self.temps_used: int = 0
        self.dirty: list[str] = []
        self.names = 0
        self.loop_count = 0
        self.unused = False
        self.in_sync: bool = False
        self.uses_exit = False
        self.uses_self = False
        self.types: Types = infer(function) if unit.optimize else Types()
        self.bounds: dict[str, int] = {}
        self.real_nodes: set[int] = set()  # operations that belong to one of reals
        self.realish: set[str] = guess_reals(function, unit.hints) if unit.hints is not None else set()
        self.in_tree = False
        self.compact = False
        self.versioned = False
        self.exact_tables: frozenset[str] = frozenset()
        self.in_region = False
        self.in_zip = False
        self.zipped: dict[tuple[str, str], str] = {}
        self.stored_masks: dict[str, int] = {}
        self.loop_depth: int = 0
        self.level: int = 0
        self.outlined = False
        self.late_exits: list[Loop] = []
        self.shared: list[ast.stmt] = []
        self.this_tested = False
        self.callees_known: dict[int, str] = {}
        self.closed: Closed | None = None
        self.links: dict[int, int] = {}
        self.else_links: int = 0
        self.elses_later: list[tuple[str, n.Node]] = []

    # --- names --------------------------------------------------------------------------------------------------------

    def py_name(self, name: str) -> str:
        return script_name(name)

    def global_name(self, name: str) -> str:
        name = script_name(name)
        self.globals_used.add(name)
        return name

    def own_function(self, line: int) -> ast.expr:
        self.uses_self = True
        return p.name(self.variable, line)

    def new_temp(self, mask: int = ANY) -> str:
        """A temporary of this statement; cleared behind it when it may hold an object."""
        self.temps_used += 1
        name = f"${self.temps_used}"
        if mask & (OTHER | ARRAY | FUNC) and name not in self.dirty:
            self.dirty.append(name)
        return name

    def keep_uncleared(self, value: V) -> V:
        """Marks a temporary that needs no clearing: what it holds is held elsewhere, too, or holds nothing itself."""
        if value.name in self.dirty:
            self.dirty.remove(value.name)
        return value

    def temps_begin(self) -> tuple[int, int]:
        return self.temps_used, len(self.dirty)

    def temps_end(self, mark: tuple[int, int], line: int) -> None:
        if self.ends_here():
            self.temps_used = mark[0]
            del self.dirty[mark[1] :]
            return
        self.out.extend(self.temps_end_list(mark, line))

    def temps_end_list(self, mark: tuple[int, int], line: int) -> list[ast.stmt]:
        """Statements that drop what the temporaries since the mark hold."""
        names = self.dirty[mark[1] :]
        del self.dirty[mark[1] :]
        self.temps_used = mark[0]
        if not names:
            return []
        targets: list[ast.expr] = [p.target(name, line) for name in names]
        return [p.assign(targets, p.const(None, line), line)]

    def fresh(self, prefix: str) -> str:
        """A variable of this function that no statement reuses."""
        self.names += 1
        return f"{prefix}{self.names}"

    def local_type(self, node: n.Name) -> tuple[int, int, int]:
        kind = self.types.variables.get(node.name, (ANY, INT_MIN, INT_MAX))
        if node.name in self.bounds and kind[0] == INT:
            bound = self.bounds[node.name]
            return INT, min(kind[1], bound), min(kind[2], bound)
        return kind

    def value_type(self, node: n.Node) -> tuple[int, int, int]:
        """The type of a constant, a local or a length, without generating it."""
        if isinstance(node, n.Const):
            value = node.value
            return (INT, value, value) if type(value) is int else (ANY, INT_MIN, INT_MAX)
        if isinstance(node, n.Name) and node.storage == "local":
            return self.local_type(node)
        if isinstance(node, n.Prop) and isinstance(node.key, n.Const) and node.key.value in (b"length", b"size"):
            wanted = STR if node.key.value == b"length" else ARRAY
            if self.value_type(node.obj)[0] == wanted:
                return INT, 0, 1 << 48
        return ANY, INT_MIN, INT_MAX

    # --- functions ----------------------------------------------------------------------------------------------------

    def define(self, function: n.Function) -> str:
        """Makes the function's value here; the variable that holds it."""
        if function.uses is None:
            return self.unit.plain(function)
        # a name of its own in the whole unit: the closure may refer to itself from where others have names too
        self.unit.closures += 1
        name = f"$q{self.unit.closures}"
        self.out.extend(self.unit.definition(function, name, self.out, self))
        return name

    def build(self, name: str, doc: str) -> ast.stmt:
        """The function definition."""
        function = self.function
        line = function.line
        params = [self.py_name(param) for param in function.params]
        variadic = mentions(function, _VARIADIC_TEXTS)
        head: list[ast.stmt] = [p.expression(p.const(doc, line), line)]
        setup: list[ast.stmt] = []
        if variadic:
            setup.append(p.assign("$params", p.const(tuple(params), line), line))
            for i, param in enumerate(params):
                given = p.compare(p.call("$len", [p.name("$rest", line)], line), ast.Gt(), p.const(i, line), line)
                item = p.subscript(p.name("$rest", line), p.const(i, line), line)
                setup.append(p.assign(param, p.choose(given, item, p.const(None, line), line), line))
        generic = self.types
        guesses: dict[str, Type] = {}
        if self.unit.hints is not None and not variadic and not self.twin:
            guesses = guess_params(function, generic, self.unit.hints)
        fast = infer(function, guesses) if guesses else generic
        fresh = [
            self.py_name(local)
            for local in [*function.locals, *function.cells]
            if local not in function.params and (function.uses is None or local not in function.uses)
        ]
        setup_mark = len(setup)
        if self.unit.arity is not None and not function.is_unit and self.unit.arity.needs_probe(function):
            setup.append(p.expression(p.call("$probe", [], line), line))
            setup_mark += 1
        if self.closed is not None:
            own = self.global_name(function.name or "")
            self.out.extend(dispatch(function, self.variable, self.closed, own, self.py_name))
            head.append(p.scope(ast.Nonlocal, [f"{self.variable}$p"], line))
        if self.limits and not self.function.is_unit:
            self.poll(line)
        uses = table_uses(n.own_nodes(function)) if self.unit.optimize and not guesses else None
        if guesses:
            self.two_bodies(function, guesses, fast, line)
        elif uses is not None and uses[0] | uses[1] <= set(function.params) - set(function.cells):
            test = self.table_test(uses, function.body, line)
            special = self.with_tables(uses, lambda: self.generated(lambda: self.whole_body(function, line)))
            self.out.append(p.if_(test, special, self.generated(lambda: self.whole_body(function, line)), line))
        else:
            self.whole_body(function, line)
        if self.this_tested:
            # a Python function would take attributes: stores to `this` look at this flag
            kind = p.call("$type", [p.name("this", line)], line)
            test = p.compare(kind, ast.Is(), p.name("$Function", line), line)
            setup.append(p.assign("$tf", test, line))
        if not self.outlined:
            # what is assigned before it is read needs no null; an outlined loop wants every name to exist
            fresh = [local for local in fresh if not (local in generic.assigned_first and local in fast.assigned_first)]
        if fresh:
            targets: list[ast.expr] = [p.target(local, line) for local in dict.fromkeys(fresh)]
            setup.insert(setup_mark, p.assign(targets, p.const(None, line), line))
        self.complete_shared_names()
        if self.uses_exit:
            setup.append(p.assign("$x", p.const(0, line), line))
        if self.globals_used:
            head.append(p.scope(ast.Global, sorted(self.globals_used), line))
        if function.uses:
            head.append(p.scope(ast.Nonlocal, [self.py_name(used) for used in function.uses], line))
        defaults = [] if variadic else [p.const(None, line) for _ in params]
        del self.stores  # it refers to this generator: without it nothing keeps the tree once it is compiled
        return p.function(
            name, ["this"] if variadic else ["this", *params], defaults, "$rest" if variadic else None,
            [*head, *setup, *self.out], line,
        )  # fmt: skip

    def shared_names(self: FunctionGenerator, line: int) -> list[ast.stmt]:
        """The declarations of an outlined loop; their names are known when the function is complete."""
        made = [p.scope(ast.Nonlocal, [], line), p.scope(ast.Global, [], line)]
        self.shared.extend(made)
        return made

    def complete_shared_names(self: FunctionGenerator) -> None:
        if not self.outlined:
            return
        self.uses_exit = True
        function = self.function
        names = {self.py_name(name) for name in (*function.locals, *function.cells, *(function.uses or ()))}
        names.update(self.py_name(param) for param in function.params)
        for node in self.shared:
            if isinstance(node, ast.Nonlocal):
                node.names = sorted(names | {"$x"})
            elif isinstance(node, ast.Global):
                node.names = sorted(self.globals_used) or ["$never"]

    def whole_body(self: FunctionGenerator, function: n.Function, line: int) -> None:
        self.scopes = [Scope()]
        self.statements(function.body)
        if not self.ends_here():
            self.run_deferred(self.scopes[-1])
            if self.twin:
                self.out.append(p.return_(p.tuple_of([], line), line))

    def two_bodies(
        self: FunctionGenerator, function: n.Function, guesses: dict[str, Type], fast: Types, line: int
    ) -> None:
        """A copy of the body for arguments of the guessed types, tested once, and the general one."""
        names = {INT: "$int", REAL: "$float", STR: "$bytes", ARRAY: "$Array"}
        tests = [
            p.compare(
                p.call("$type", [p.name(self.py_name(param), line)], line), ast.Is(), p.name(names[kind[0]], line), line
            )
            for param, kind in guesses.items()
        ]
        for param, kind in guesses.items():
            if kind[0] == INT:
                both: list[ast.cmpop] = [ast.LtE(), ast.LtE()]
                parts = [p.name(self.py_name(param), line), p.const(kind[2], line)]
                tests.append(ast.Compare(p.const(kind[1], line), both, parts, **p.at(line)))
        generic, self.types = self.types, fast
        special = self.generated(lambda: self.whole_body(function, line))
        self.types = generic
        self.not_functions = set()
        self.versioned = True  # arguments that were not expected: no copy of each loop as well
        general = self.generated(lambda: self.whole_body(function, line))
        self.versioned = False
        cond = tests[0] if len(tests) == 1 else p.both(tests, line)
        if special and isinstance(special[-1], ast.Return):
            self.out.append(p.if_(cond, special, [], line))
            self.out.extend(general)
        else:
            self.out.append(p.if_(cond, special, general, line))


def _methods(prefix: str) -> dict[type, Any]:
    """The generator's methods for the kinds of nodes, by kind."""
    names = {kind: prefix + kind.__name__ for kind in n.Node.__subclasses__()}
    return {kind: getattr(FunctionGenerator, name) for kind, name in names.items() if hasattr(FunctionGenerator, name)}


FunctionGenerator.of_expression = _methods("x_")
FunctionGenerator.of_statement = _methods("s_")


def mentions(function: n.Function, names: frozenset[Any]) -> bool:
    """Whether one of some names (as str and bytes) stands in a function's own text: as a name, a property (`_G.x`) or a
    string (`_G[ "x" ]`).
    """
    for node in n.own_nodes(function):
        kind = type(node)
        if (kind is n.Name and node.name in names) or (kind is n.Const and node.value in names):
            return True
    return False


def generate(
    unit: n.Function, file: str, limits: bool = False, optimize: bool = True, counting: bool = False,
    source: bytes = b"", change: Callable[[ast.Module, str], None] | None = None,
) -> CodeType:  # fmt: skip
    """The code of a unit: a Python function body that, called, returns the `<main>` function.

    `limits` selects the variant that polls the engine's stop flag at loop
    back-edges and function entries, `counting` with it the one that calls `$tick` there instead. The code of each
    function holds the unit's `source` (see `interp.runtime.functions`). `change` is shown each Python tree, and the
    file's name, before it is compiled.
    """

    def build(module: ast.Module) -> CodeType:
        if change is not None:
            change(module, file)
        code = compile(module, file, "exec", dont_inherit=True, optimize=0)
        return next(const for const in code.co_consts if isinstance(const, CodeType))

    generator = UnitGenerator(unit, limits, optimize, counting, build)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # what the host thinks of `5()` is no message of the script's
        code = build(generator.module())
    if generator.parts:
        parts = iter(generator.parts)
        consts = [next(parts) if _is_part(const) else const for const in code.co_consts]
        code = code.replace(co_consts=tuple(consts))
    return finish(code, source)


def _is_part(const: object) -> bool:
    return isinstance(const, CodeType) and const.co_name.startswith(PART)


def generate_source(unit: n.Function, limits: bool = False, optimize: bool = True) -> str:
    """The generated Python as text, for people."""
    return ast.unparse(UnitGenerator(unit, limits, optimize).module())


def finish(code: CodeType, source: bytes, twin: CodeType | None = None) -> CodeType:
    """Gives nested code the names that traces show (the generator made some of them unique), and the source.

    Each twin moves from beside its function, where nothing executes it, into the function's code.
    """
    twins: dict[str, CodeType] = {}
    consts: tuple[Any, ...] = ()
    for const in code.co_consts:
        if isinstance(const, CodeType):
            kind, *rest = str(const.co_consts[0]).split(" ", 3) if const.co_consts else [""]
            number = rest[1] if kind in ("function", "closure") and len(rest) == 3 else ""
            const = finish(const, source, twins.get(number))
            if kind == "twin":
                twins[rest[0]] = const
                const = None
        consts += (const,)
    name = code.co_name
    for suffix in ("$t", "$c", "$c$t", "$p"):
        name = name.removesuffix(suffix)
    if consts and isinstance(consts[0], str) and consts[0].startswith(("function ", "closure ")):
        consts += (source,) if twin is None else (twin, source)
    return code.replace(co_consts=consts, co_name=name)


__all__ = ["FunctionGenerator", "UnitGenerator", "V", "generate", "generate_source"]
