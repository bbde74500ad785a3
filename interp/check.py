"""`sgs check`: what is suspicious in a script, without running it.

Rules of this file: a finding is certain enough that a correct program has none, so wherever a script could make a name
or a type at run time (`eval`, computed includes, writes through `_G`) nothing is said. What a library has comes from
its declarations, never from a list here.
"""

from __future__ import annotations

import os
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .places import Text, exact_tree
from .syntax import nodes as n
from .syntax.messages import SyntaxMessages
from .syntax.parser import analyse
from .walk import bodies, calls, children, inside, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, BinaryIO

USAGE = """\
usage: sgs check [--json] [--departures] FILE...

Reports what is suspicious in scripts as FILE:LINE:COLUMN: MESSAGE, without running them.

  --json        one JSON object a line: file, line, column, message
  --departures  also where a script written for the C implementation behaves differently here

exit status: 0 nothing found; 1 findings; 2 wrong usage
"""

_DYNAMIC = frozenset(("eval", "eval_file", "include_file", "include_shared", "import_cfunc"))
# Answered by the compiler or the runtime wherever they stand.
_SPECIAL = frozenset(("_G", "_R", "_T", "_F", "argc", "argv"))
_VARIADIC = frozenset(("va_get_args", "va_get_arg", "va_arg_count"))
# What makes several values, by name: the types of the values (class names as in the annotations).
_SEVERAL: dict[str, tuple[str, ...]] = {
    "accept": ("Socket", "SocketAddress"),
    "socket_pair": ("Socket", "Socket"),
    "recvfrom": ("", "SocketAddress"),
}


_USE = "globals are seen without it, and what is further out must be listed by every function between"
NEAR = 40  # tokens from a node's own in which the word it is about is looked for


class Finding(NamedTuple):
    """One finding; `line` and `column` count from 1, columns in bytes."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class Source:
    """A script's text, whose tree has the numbers of tokens from `base` on in place of lines."""

    def __init__(self, text: Text, base: int) -> None:
        self.text = text
        self.base = base

    def place(self, number: int, word: str) -> tuple[int, int]:
        """Line and column of the word that a node is about, which stands at the node's own token or near it."""
        tokens = self.text.tokens
        assert tokens is not None
        token = number - self.base
        line = tokens.lines[token]
        if word:
            written = range(max(0, token - NEAR), min(len(self.text), token + NEAR))
            nearest = min(
                (place for place in written if self.text.word(place) == word and tokens.lines[place] == line),
                key=lambda place: abs(place - token),
                default=token,
            )
            token = nearest
        at = self.text.place(self.text.spans[token][0])
        return at if at[0] == line else (line, 1)


class Known:
    """What the installed libraries declare: natives, constants and the members of object types."""

    def __init__(self) -> None:
        from .cli import open_engine

        engine = open_engine()
        self._libraries = engine._installed.find
        engine._world.need(None)
        self.names = {name for name in engine._world.namespace if "$" not in name}
        self.natives = {name: value for name, value in engine._world.namespace.items() if hasattr(value, "spec")}
        engine.close()

    def library(self, name: bytes) -> Any:
        """The library a script includes by that name, or None."""
        found = self._libraries(name)
        return found if hasattr(found, "functions") else None

    @staticmethod
    def members(type_name: str) -> tuple[str, dict[bytes, Any]] | None:
        """The script's name and the members of an object type, by the name of its Python class."""
        from .library import TYPES

        for name, cls in TYPES.items():
            members: Any = getattr(cls, "members", None)
            if cls.__name__ == type_name and members:
                return name, members
        return None


class Checker:
    """Looks at one file. `findings` grows; `files` are the included ones already looked at."""

    def __init__(self, source: Source, file: str, known: Known) -> None:
        self.source = source
        self.file = file
        self.known = known
        self.natives = dict(known.natives)
        self.defined = set(known.names)
        self.functions: dict[str, n.Function | None] = {}
        self.open = False
        self.findings: list[Finding] = []
        self._seen: set[tuple[int, str]] = set()
        self._files: set[str] = set()

    def report(self, number: int, word: str, message: str) -> None:
        """Adds a finding about a word at the token of that number, once for each line and message."""
        line, column = self.source.place(number, word)
        if (line, message) not in self._seen:
            self._seen.add((line, message))
            self.findings.append(Finding(self.file, line, column, message))

    def check(self, unit: n.Function) -> None:
        """Everything but the departures."""
        self._define(unit, os.path.dirname(self.file))
        for function in bodies(unit):
            self._undefined(function)
            if not function.is_unit:
                self._unused(function)
            self._unreachable(function)
            self._captured(function)
            types = self._types(function)
            for node in inside(function):
                if type(node) is n.Call and type(node.func) is n.Name:
                    self._count(node.func, len(node.args), node.line)
                elif type(node) is n.Prop:
                    self._member(node, types)
                elif type(node) in (n.If, n.While, n.DoWhile, n.IfExpr):
                    self._condition(node.cond)
                elif type(node) is n.Binary and node.op == "+":
                    self._sum(node)
                if type(node) in (n.Assign, n.OpAssign) and type(node.target) is n.Prop:
                    self._member(node.target, types, True)

    # --- globals ------------------------------------------------------------------------------------------------------

    def _define(self, unit: n.Function, folder: str) -> None:
        """Collects the globals that a file makes, also through what it includes."""
        for function in bodies(unit):
            for node in inside(function):
                kind = type(node)
                for name in _written(node):
                    if name.storage == "global":
                        self.defined.add(name.name)
                        self.functions[name.name] = None
                        self.open = self.open or name.name == "_G"
                if kind is n.FuncDecl and type(node.target) is n.Name and node.target.storage == "global":
                    declared = node.target.name
                    self.functions[declared] = None if declared in self.functions else node.function
                    self.defined.add(declared)
                elif kind is n.FuncExpr and node.function.name:
                    self.defined.add(node.function.name)
                    self.functions[node.function.name] = None
                elif kind in (n.Prop, n.Index) and type(node.obj) is n.Name and node.obj.name == "_G":
                    key = text_of(node.key)
                    self._make(key)
                elif kind is n.MultiSet and type(node.obj) is n.Name and node.obj.name == "_G":
                    for entry in node.entries:
                        self._make(text_of(entry.key))
                elif kind is n.Command and node.name.name == "include":
                    for argument in node.args:
                        self._include(text_of(argument), folder)
                        self._unquoted(argument)
                elif kind is n.Name and node.name in _DYNAMIC:
                    self.open = True
            for call in calls(function, "include", "include_library"):
                self._include(text_of(call.args[0]) if call.args else None, folder)
            for call in calls(function, "isset"):
                # a script that asks whether the host has given it a global knows what it does
                if len(call.args) == 2 and type(call.args[0]) is n.Name and call.args[0].name == "_G":
                    self._make(text_of(call.args[1]))
            for call in calls(function, "metaobj_set", "class", "unserialize", "map_process", "clone"):
                if any(type(argument) is n.Name and argument.name == "_G" for argument in call.args):
                    self.open = True

    def _make(self, key: bytes | None) -> None:
        if key is None:
            self.open = True
        else:
            self.defined.add(key.decode("latin-1"))
            self.functions[key.decode("latin-1")] = None

    def _include(self, name: bytes | None, folder: str) -> None:
        if name is None:
            self.open = True
            return
        for part in name.split(b","):
            library = self.known.library(part.strip())
            if library is not None:
                self.defined.update(library.functions, library.constants)
                self.natives.update(library.functions)
            elif not self._included_file(os.fsdecode(part.strip()), folder):
                self.open = True

    def _unquoted(self, argument: n.Node) -> None:
        """`include string;` asks for whatever a variable of that name holds."""
        if type(argument) is n.Name and argument.storage == "global" and argument.name not in self.defined:
            name = argument.name
            if self.known.library(name.encode()) is not None:
                self.report(argument.line, name, f"undefined global '{name}' (write: include \"{name}\";)")

    def _included_file(self, name: str, folder: str) -> bool:
        for path in (os.path.join(folder, name), os.path.join(folder, name + ".sgs")):
            if path in self._files:
                return True
            if os.path.isfile(path):
                self._files.add(path)
                try:
                    with open(path, "rb") as file:
                        unit = analyse(file.read())
                except (OSError, SyntaxMessages):
                    return False
                self._define(unit, os.path.dirname(path))
                return True
        return False

    def _undefined(self, function: n.Function) -> None:
        if self.open:
            return
        for name, quiet in _read(function):
            if name.storage == "global" and not quiet and name.name not in self.defined | _SPECIAL:
                self.report(name.line, name.name, f"undefined global '{name.name}'{self._hint(name.name)}")

    def _hint(self, name: str) -> str:
        from .libraries import BUILT_IN

        for library in BUILT_IN:
            found = self.known.library(library.encode())
            if found is not None and (name in found.functions or name in found.constants):
                return f' (it is in the library: include "{library}";)'
        import difflib

        from .habits import NAMES

        same = next((item for item in self.defined if item.lower() == name.lower()), None)
        if same is not None:
            return f" (did you mean '{same}'?)"
        if name in NAMES:
            return f" ({NAMES[name].replace('{name}', name)})"
        near = difflib.get_close_matches(name, [item for item in self.defined if "." not in item], 1, 0.75)
        return f" (did you mean '{near[0]}'?)" if near else ""

    # --- locals and statements ----------------------------------------------------------------------------------------

    def _unused(self, function: n.Function) -> None:
        used = {name.name for name, _ in _read(function)}
        ignored = {*used, *function.params}
        for node in inside(function):
            written = list(_written(node))
            if type(node) is n.MultiAssign and any(name.name in used or name.storage != "local" for name in written):
                continue  # the others stand there to reach it
            if type(node) in (n.Foreach, n.NumericFor):
                continue  # a loop needs its variable
            for name in written:
                if name.storage == "local" and name.name not in ignored and name.name[:1] != "_":
                    ignored.add(name.name)
                    self.report(name.line, name.name, f"local '{name.name}' is never read")

    def _captured(self, function: n.Function) -> None:
        """What inner functions share with a body by `use` although nobody gives it a value: a global, most likely."""
        without = {*function.cells} - {*function.params, *(function.uses or ())}
        sharing = [function]
        for inner in bodies(function) if without else ():
            if inner is not function and not without.isdisjoint(inner.uses or ()):
                sharing.append(inner)
        for body in sharing:
            for node in inside(body):
                target = node.target if type(node) is n.FuncDecl else None
                without -= {name.name for name in (*_written(node), target) if type(name) is n.Name}
        for inner in sharing[1:]:
            for name in without.intersection(inner.uses or ()):
                without.discard(name)
                self.report(inner.line, name, f"'{name}' in use() never gets a value here: {_USE}")

    def _unreachable(self, function: n.Function) -> None:
        lists: list[list[n.Node]] = [function.body]
        lists += [node.body for node in inside(function) if type(node) is n.Block]
        for statements in lists:
            for before, after in pairwise(statements):
                if type(before) in (n.Return, n.Break, n.Continue) and type(after) is not n.FuncDecl:
                    self.report(_first_line(after), "", "unreachable code")

    def _condition(self, cond: n.Node) -> None:
        if type(cond) is n.Assign and type(cond.value) is n.Const:
            name = cond.target.name if type(cond.target) is n.Name else ""
            self.report(cond.line, name, "the condition assigns: '=' assigns, '==' compares")

    def _sum(self, node: Any) -> None:
        # one text alone may be added to an object with an `__add`
        texts = [text for text in map(text_of, _summands(node)) if text and not re.search(rb"\d", text)]
        if len(texts) > 1:
            self.report(node.line, "", "'+' adds numbers: '$' joins texts")

    # --- calls --------------------------------------------------------------------------------------------------------

    def _count(self, name: n.Name, given: int, line: int) -> None:
        if name.storage != "global" or self.open:
            return
        if name.name in self.functions:
            function = self.functions[name.name]
            if function is not None and given > len(function.params) and not _reads_any(function, _VARIADIC):
                most = len(function.params)
                self.report(line, name.name, f"'{name.name}' takes at most {most} arguments, {given} given")
            return
        native = self.natives.get(name.name)
        if native is None or native.spec.raw:
            return
        from .library import parse_signature

        parameters, _ = parse_signature(native.spec.signature, native.spec.constants)
        least = sum(not parameter.optional for parameter in parameters)
        most = len(parameters)
        if given < least:
            self.report(line, name.name, f"'{name.name}' needs at least {least} arguments, {given} given")
        elif given > most and native.spec.exact:
            self.report(line, name.name, f"'{name.name}' takes at most {most} arguments, {given} given")

    # --- members of library objects -----------------------------------------------------------------------------------

    def _types(self, function: n.Function) -> dict[str, str]:
        """The locals that only ever hold objects of one library type, with the name of its Python class."""
        found: dict[str, str] = {}
        for _ in range(2):  # the second time methods of the first ones are known
            candidates: dict[str, set[str]] = {}
            for node in inside(function):
                kind = type(node)
                made: list[tuple[Any, str]] = []
                if kind is n.Assign:
                    made = [(node.target, self._type(node.value, found))]
                elif kind is n.VarDecl:
                    made = [(name, self._type(value, found)) for name, value in node.items if value is not None]
                elif kind is n.MultiAssign:
                    several = _SEVERAL.get(_callee(node.call), ())
                    targets = node.targets
                    made = list(zip(targets, (*several, *[""] * len(targets)), strict=False))
                else:
                    made = [(name, "") for name in _written(node)]
                for target, type_name in made:
                    if type(target) is n.Name and target.storage == "local":
                        candidates.setdefault(target.name, set()).add(type_name)
            found = {
                name: next(iter(types))
                for name, types in candidates.items()
                if len(types) == 1 and name not in function.params and "" not in types
            }
        return found

    def _type(self, value: Any, types: dict[str, str]) -> str:
        """The Python class of a library object that an expression gives, or an empty text."""
        kind = type(value)
        if kind is n.Paren:
            return self._type(value.items[-1], types)
        if kind is n.Name:
            return types.get(value.name, "") if value.storage == "local" else ""
        if kind is not n.Call:
            return ""
        name = _callee(value)
        callee = value.func
        if name in _SEVERAL:
            return _SEVERAL[name][0] if type(callee) is n.Name or self._type(callee.obj, types) == "Socket" else ""
        if type(callee) is n.Name and callee.storage == "global" and name not in self.functions and not self.open:
            native = self.natives.get(name)
            if native is not None:
                declared = str(getattr(native.spec.body, "__annotations__", {}).get("return", ""))
                return declared.removesuffix(" | None")
        return ""

    def _member(self, node: n.Prop, types: dict[str, str], write: bool = False) -> None:
        key = text_of(node.key)
        type_name = self._type(node.obj, types)
        found = self.known.members(type_name) if type_name and key is not None else None
        if found is None or key is None:
            return
        script_name, members = found
        text = key.decode("latin-1")
        member = members.get(key)
        if member is None:
            import difflib

            near = difflib.get_close_matches(text, [name.decode() for name in members], 1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            self.report(node.line, text, f"{script_name} has no property '{text}'{hint}")
        elif write and not getattr(member, "fset", None):
            self.report(node.line, text, f"property '{text}' of {script_name} cannot be written")


# --- names in a body --------------------------------------------------------------------------------------------------


def _written(node: Any) -> Iterator[n.Name]:
    """The names that a node itself writes."""
    kind = type(node)
    targets: Iterable[Any] = ()
    if kind in (n.Assign, n.OpAssign, n.IncDec):
        targets = (node.target,)
    elif kind is n.VarDecl:
        targets = (name for name, _ in node.items)
    elif kind is n.MultiAssign:
        targets = node.targets
    elif kind is n.Foreach:
        targets = (node.key, node.value)
    elif kind in (n.NumericFor, n.ClassDecl, n.DeclTree):
        targets = (node.name,)
    for target in targets:
        if type(target) is n.Name:
            yield target


def _read(function: n.Function) -> Iterator[tuple[n.Name, bool]]:
    """The names that a body reads, and whether an `@` silences that."""
    stack: list[tuple[Any, bool]] = [(node, False) for node in function.body]
    while stack:
        node, quiet = stack.pop()
        kind = type(node)
        if kind is n.Name:
            yield node, quiet
            continue
        if kind is n.Command and node.name.storage == "global":
            yield node.name, quiet
        silent = quiet or (kind is n.Unary and node.op == "@")
        skip = {id(name) for name in _written(node)} if kind not in (n.OpAssign, n.IncDec) else set()
        if kind is n.FuncDecl and type(node.target) is n.Name:
            skip.add(id(node.target))
        stack += [(child, silent) for child in children(node) if id(child) not in skip]


def _summands(node: Any) -> list[n.Node]:
    found: list[n.Node] = []
    while type(node) is n.Binary and node.op == "+":
        found.append(node.right)
        node = node.left
    return [*found, node]


def _reads_any(function: n.Function, names: frozenset[str]) -> bool:
    return any(type(node) is n.Name and node.name in names for node in inside(function))


def _callee(node: Any) -> str:
    callee = getattr(node, "func", None)
    if type(callee) is n.Name:
        return callee.name
    if type(callee) is n.Prop:
        return (text_of(callee.key) or b"").decode("latin-1")
    return ""


def _first_line(node: n.Node) -> int:
    return min([node.line, *[child.line for child in inside(node)]])


# --- the command ------------------------------------------------------------------------------------------------------


def check_source(source: bytes, file: str, known: Known, departures: bool = False) -> list[Finding]:
    """The findings in one script, in the order of its lines."""
    try:
        analyse(source)
    except SyntaxMessages as found:
        return [_syntax_finding(source, file, text) for text in found.texts]
    text = Text(source)
    found_tree = exact_tree(text)
    assert found_tree is not None  # as it compiles
    unit, base = found_tree
    checker = Checker(Source(text, base), file, known)
    checker.check(unit)
    if departures:
        from .departures import find_departures

        find_departures(unit, checker.report)
    return sorted(checker.findings, key=lambda finding: (finding.line, finding.column))


def _syntax_finding(source: bytes, file: str, text: str) -> Finding:
    """A message of the compiler as a finding, with its hint."""
    from .pretty import explain_refusal

    spot, said, hint = explain_refusal(source, text)
    line, column = spot.text.place(spot.start)
    return Finding(file, line, column, f"{said} ({hint})" if hint else said)


def main(words: list[str], stdout: BinaryIO, stderr: BinaryIO) -> int:
    """`sgs check`: the exit status."""
    switches = {word for word in words if word.startswith("-")}
    files = [word for word in words if word not in switches]
    if switches & {"-h", "--help"}:
        stdout.write(USAGE.encode())
        return 0
    unknown = sorted(switches - {"--json", "--departures"})
    if unknown or not files:
        what = f"unknown option '{unknown[0]}'" if unknown else "no file given"
        stderr.write(f"sgs check: {what}\ntry 'sgs check --help'\n".encode("utf-8", "surrogateescape"))
        return 2
    known = Known()
    found = 0
    for file in files:
        try:
            with open(file, "rb") as opened:
                source = opened.read()
        except OSError as problem:
            stderr.write(f"sgs: failed to open '{file}': {problem.strerror}\n".encode("utf-8", "surrogateescape"))
            found = 1
            continue
        for finding in check_source(source, file, known, "--departures" in switches):
            found = 1
            text = str(finding)
            if "--json" in switches:
                import json

                text = json.dumps(finding._asdict())
            stdout.write(text.encode("utf-8", "surrogateescape") + b"\n")
    return found
