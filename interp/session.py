"""One conversation with an engine: inputs that see each other's variables, the commands, what completion may offer.

Rules of this file: it knows no terminal (that is `interp.repl`); looking a value up for completion or help runs no
script code and no property getter, so pressing a key never has an effect on the session.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from . import vocabulary
from .compiler.pipeline import CompileError, Unit, disk_cache, parse_unit, remember
from .engine import Engine
from .errors import LimitExceeded, ScriptError, ScriptExit
from .hints import nearest
from .libraries import BUILT_IN
from .runtime import environment
from .runtime.shapes import chain
from .runtime.state import ScriptStop, World, current
from .runtime.values import MISSING, Array, Map, Object, dict_get, dict_keys, is_dict, map_items
from .syntax import nodes as n
from .syntax import parser
from .syntax.lexer import END, tokenize
from .syntax.messages import SyntaxMessage

HELP = """\
:help [NAME]    what a function, a type or a method does; without NAME this text
:type EXPR      the type of a value
:python [CODE]  the Python that CODE, or the last input, becomes
:time CODE      runs CODE and shows how long it took
:load FILE      runs a file as if it were typed here: its variables stay
:reset          a new engine: all variables, threads and sockets are gone
:quit           the end (Ctrl-D and app_exit do it too)
Ctrl-C stops a running script; variables, threads and sockets stay. Tab completes.
"""
COMMANDS = (":help", ":type", ":python", ":time", ":load", ":reset", ":quit")
_SILENT = (n.Assign, n.OpAssign, n.MultiAssign, n.VarDecl)
_FAILED: Any = object()
MOST_LINES, WIDEST = 200, 2000  # of a value that is shown: lines, and bytes in one
_ROOM = 1000  # host frames that parsing and generating may take


class Interrupt(ScriptStop):
    """Ctrl-C: ends the running input, and unlike an interrupt by the engine's host leaves threads and sockets alone."""


class Quit(Exception):
    """The conversation is over."""


def is_complete(text: str) -> bool:
    """Whether an input can be run as it stands, or is so wrong that more lines would not help.

    A missing `;` at the end is forgiven.
    """
    source = text.encode("utf-8", "surrogateescape")
    if not _wants_more(source):
        return True
    # `1 + 2` lacks its semicolon only; behind `if( x )` or `a +` an operand would do as well, so more must come
    return not _refused(source + b"\n;") and _refused(source + b"\n null ;")


def closed(text: str) -> bytes:
    """The bytes of an input, with the `;` it may lack."""
    source = text.encode("utf-8", "surrogateescape")
    with_end = source + b"\n;"
    if _wants_more(source):
        return source if _refused(with_end) else with_end
    # something else is wrong: the end is not what the message should be about
    return with_end if _refused(source) and source.rstrip()[-1:] not in b";}" else source


def _failure(source: bytes) -> tuple[str | None, bool]:
    """What stops a text from being a program: the kind of token or None, and whether the text just ends too early."""
    parser.prepare(disk_cache().load, disk_cache().store)
    try:
        tokens = tokenize(source)
    except SyntaxMessage as message:
        return "text", "no end" in message.text or "end of string" in message.text
    assert parser._tables is not None
    try:
        found = parser._run(parser._tables, tokens)
    except SyntaxMessage:
        return "text", False
    if not isinstance(found, int):
        return None, False
    return tokens.kinds[found], tokens.kinds[found] == END


def _wants_more(source: bytes) -> bool:
    return _failure(source)[1]


def _refused(source: bytes) -> bool:
    return _failure(source)[0] is not None


class Input:
    """One input as a program: its variables are globals, the value of a last expression is what it returns."""

    def __init__(self, source: bytes, name: str) -> None:
        self.source = source
        self.name = name
        self.shows_null = False

    def tree(self) -> n.Function:
        """The resolved tree; raises CompileError."""
        unit: n.Function = parse_unit(self.source, disk_cache(), keep=True)
        self.shape(unit)
        return unit

    def shape(self, unit: n.Function) -> None:
        """Makes the value of the last expression what the unit returns."""
        while unit.body and isinstance(unit.body[-1], n.ExprStmt) and not unit.body[-1].exprs:
            unit.body.pop()  # a `;` alone
        last = unit.body[-1] if unit.body else None
        if isinstance(last, n.ExprStmt) and last.exprs and not any(isinstance(item, _SILENT) for item in last.exprs):
            unit.body[-1] = n.Return(last.line, last.exprs)
            self.shows_null = not isinstance(last.exprs[-1], (n.Call, n.CompatCall))

    def code(self, limits: bool, optimize: bool, counting: bool, cache: bool, nesting: int) -> CodeType:
        """The code, in the form that an engine asks a `Program` for; raises CompileError."""
        from .compiler.generate import generate

        depth = sys.getrecursionlimit()
        sys.setrecursionlimit(depth + _ROOM)
        try:
            code = generate(self.tree(), self.name, limits, optimize, counting, self.source)
        except (RecursionError, SyntaxError, MemoryError):
            raise CompileError([b"[line 1] nesting too deep"]) from None
        finally:
            sys.setrecursionlimit(depth)
        remember(self.name, Unit(code, self.source, self.name, (limits, optimize, counting), nesting, self.shape))
        return code


class Unread:
    """What a property holds that is not read, known by its declaration: an object of that class."""

    def __init__(self, cls: type) -> None:
        self.cls = cls


class Session:
    """A conversation. `open_engine()` makes its engine, which must take strings as bytes; `show` writes a text."""

    def __init__(self, open_engine: Callable[[], Engine], show: Callable[[str], None]) -> None:
        self._open = open_engine
        self._show = show
        self.engine = open_engine()
        self.count = 0
        self.sources: dict[str, bytes] = {}
        self.last = b""

    # --- running ------------------------------------------------------------------------------------------------------

    def enter(self, text: str) -> None:
        """Takes one input, a command or code. Raises Quit, ScriptExit when the script ends the program, Interrupt."""
        text = text.strip()
        if text.startswith(":"):
            word, _, rest = text.partition(" ")
            self._command(word, rest.strip())
        elif text.rstrip(" ;()") in ("help", "exit", "quit") and lookup(self.engine, text.rstrip(" ;()")) is MISSING:
            self._show(":help lists the commands, :quit or Ctrl-D ends the prompt\n")
        elif text:
            self.run(closed(text))

    def run(self, source: bytes, name: str | None = None) -> None:
        """Runs code and shows the value of its last expression, as `printvar` does. What fails has been printed."""
        made = self._input(source, name)
        as_program: Any = made  # it has all that the engine asks of a `Program`
        results = self._guarded(lambda: self.engine.run(as_program, name=made.name))
        if results is _FAILED or (results is None and not made.shows_null):
            return
        for value in results if isinstance(results, tuple) else (results,):
            self._print(value)

    def _input(self, source: bytes, name: str | None = None) -> Input:
        if name is None:
            self.count += 1
            name = f"<input {self.count}>"
        self.sources[name] = source
        self.last = source
        return Input(source, name)

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """The result of an action; _FAILED when it ended with something that is already on the screen."""
        try:
            return action()
        except ScriptExit:
            raise
        except LimitExceeded as fired:
            self._show(f"limit exceeded: {fired.which}\n")
        except ScriptError:
            pass
        return _FAILED

    def _print(self, value: Any) -> None:
        from stdlib.core.dump import dump

        world = self.engine._world
        raw = self.engine.to_script(value)
        text = self._guarded(lambda: self.engine._enter(dump, raw, 3))
        if text is not _FAILED:
            world.streams.output(shortened(text) + b"\n")

    def pump(self, passed: float, wait: float) -> bool:
        """Lets threads and socket watches go on, `passed` seconds after the last time; whether any are left.

        It may wait up to `wait` seconds for sockets.
        """
        engine = self.engine
        left = self._guarded(lambda: engine.process_threads(passed)) if engine.thread_count else 0
        # the loop itself, whatever the script may have made of the global
        loop = engine._world.symbol_values.get(b"socket_run")
        if loop is None:
            return bool(left)
        from time import monotonic

        begin = monotonic()
        left = self._guarded(lambda: engine._enter(loop, None, wait))
        # without threads it comes back at once, unless watches make it wait
        return bool(left) or monotonic() - begin > wait / 2

    # --- commands -----------------------------------------------------------------------------------------------------

    def _command(self, word: str, rest: str) -> None:
        matches = [command for command in COMMANDS if command.startswith(word)]
        if len(matches) != 1:
            near = nearest(word, COMMANDS)
            meant = f"did you mean '{near}'?" if near else ":help lists them"
            self._show(f"no command '{word}'; {meant}\n")
            return
        getattr(self, "_do_" + matches[0][1:])(rest)

    def _do_help(self, name: str) -> None:
        self._show(_wrapped(explain(self.engine, name)) if name else HELP)

    def _do_type(self, text: str) -> None:
        if not text:
            self._show("usage: :type EXPR\n")
            return
        made = self._input(b"typeof( " + text.rstrip("; ").encode("utf-8", "surrogateescape") + b"\n)\n;")
        as_program: Any = made
        kind = self._guarded(lambda: self.engine.run(as_program, name=made.name))
        if isinstance(kind, bytes):
            self._show(kind.decode() + "\n")

    def _do_python(self, text: str) -> None:
        from .compiler.generate import generate_source

        source = closed(text) if text else self.last
        try:
            made = generate_source(Input(source, "<input>").tree())
        except CompileError as found:
            self._show("".join(f"Error: {part.decode('utf-8', 'replace')}\n" for part in found.texts))
            return
        # the unit's frame says nothing to people
        lines = [line.removeprefix("    ") for line in made.splitlines()[1:-2]]
        self._show("\n".join(lines) + "\n")

    def _do_time(self, text: str) -> None:
        from time import perf_counter

        source = closed(text)
        begin = perf_counter()
        try:
            self.run(source)
        finally:
            self._show(f"{perf_counter() - begin:.6f} s\n")

    def _do_load(self, path: str) -> None:
        try:
            with open(os.path.expanduser(path), "rb") as file:
                source = file.read()
        except OSError as problem:
            self._show(f"failed to open '{path}': {problem.strerror}\n")
            return
        self.run(source, path)

    def _do_reset(self, _rest: str) -> None:
        self.engine.close()
        self.engine = self._open()
        self.sources.clear()

    def _do_quit(self, _rest: str) -> None:
        raise Quit

    def interrupt(self) -> None:
        """For a signal handler: ends the running script where it is; KeyboardInterrupt when none runs."""
        context = current()
        if not self.engine._guard.busy or context is None:
            raise KeyboardInterrupt
        raise Interrupt("interrupted")


def shortened(dump: bytes) -> bytes:
    """A dump that fits a terminal: long texts and long lists without their middle."""
    lines = dump.split(b"\n")
    if len(lines) > MOST_LINES:
        begin, end = MOST_LINES * 3 // 4, MOST_LINES // 8
        left = f"... ({len(lines) - begin - end} lines left out, printvar shows all)".encode()
        lines = [*lines[:begin], left, *lines[-end:]]
    for number, line in enumerate(lines):
        if len(line) > WIDEST:
            lines[number] = line[:WIDEST] + f"... ({len(line) - WIDEST} bytes left out)".encode()
    return b"\n".join(lines)


# --- looking values up ------------------------------------------------------------------------------------------------


def describe(value: Any) -> str:
    """A value in a few words, for a completion's note: the signature of a function, else the type."""
    kind = type(value)
    if kind is FunctionType:
        spec = value.__dict__.get("spec")
        return spec.signature if spec is not None else _script_signature(value)
    if value is MISSING:
        return "property"
    if isinstance(value, Unread):
        return f"property, {value.cls.type_name}"  # type: ignore[attr-defined]
    if value is None:
        return "null"
    if isinstance(value, Object):
        return str(getattr(value, "type_name", "object"))
    if isinstance(value, (Array, Map)) or is_dict(value):
        name = "array" if isinstance(value, Array) else "map" if isinstance(value, Map) else "dict"
        return name
    return {bool: "bool", int: "int", float: "real", bytes: "string"}.get(kind, kind.__name__.lower())


def _script_signature(function: Any) -> str:
    code = function.__code__
    names = code.co_varnames[1 : code.co_argcount]
    name = code.co_name if code.co_name != "<anonymous function>" else "function"
    inside = ", ".join(names) if not code.co_flags & 4 else "..."
    return f"{name}( {inside} )" if inside else f"{name}()"


def lookup(engine: Engine, path: str) -> Any:
    """The value of a dotted path of names, MISSING when it needs running code or is not there."""
    names = path.split(".")
    value = environment.global_get(engine._world, names[0].encode())
    for name in names[1:]:
        if value is MISSING:
            break
        value = dict(members(engine._world, value)).get(name, MISSING)
    return value


def members(world: World, value: Any) -> Iterator[tuple[str, Any]]:
    """Names that may follow a dot behind a value, with what they are.

    MISSING, or an `Unread` where its type is known, stands for what a getter would have to say.
    """
    seen: set[str] = set()

    def once(name: bytes | str, member: Any) -> Iterator[tuple[str, Any]]:
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        if text.isidentifier() and text not in seen:
            seen.add(text)
            yield text, member

    if is_dict(value):
        for item in chain(value):
            if is_dict(item):
                for key in dict_keys(item):
                    if not key.startswith(b"__"):
                        yield from once(key, dict_get(item, key))
    elif isinstance(value, Map):
        for key, item in map_items(value):
            if type(key) is bytes:
                yield from once(key, item)
    elif isinstance(value, Array):
        meta = world.array_meta
        for key in dict_keys(meta):
            if not key.startswith(b"__"):
                yield from once(key, dict_get(meta, key))
        for name in ("size", "first", "last"):
            yield from once(name, MISSING)
    elif type(value) is bytes:
        for name in ("length", "first", "last"):
            yield from once(name, MISSING)
    elif type(value) is FunctionType:
        yield from once("apply", world.symbol(b"sys_apply"))
    elif isinstance(value, (Object, Unread)):
        for key, member in getattr(value.cls if isinstance(value, Unread) else value, "members", {}).items():
            yield from once(key, member if type(member) is FunctionType else _unread(member))


def _unread(member: Any) -> Any:
    declared = str(getattr(getattr(member, "getter", None), "__annotations__", {}).get("return", ""))
    for cls in vocabulary.types():
        if cls.__name__ in declared.split(" | "):
            return Unread(cls)
    return MISSING


def completions(engine: Engine, line: str) -> list[tuple[str, int, str]]:
    """What may complete the end of a text: (whole word, characters it replaces, note)."""
    stripped = line.lstrip()
    if stripped.startswith(":") and " " not in stripped:
        return [(word, len(stripped), "") for word in COMMANDS if word.startswith(stripped)]
    if stripped.startswith(":load "):
        return _files(stripped[6:].lstrip())
    library = _library_at_end(line)
    if library is not None:
        names = sorted({module: name for name, module in reversed(BUILT_IN.items())}.values())  # one for each
        return [
            (name, len(library), "library")
            for name in names
            if name.startswith(library) and engine._installed.find(name.encode()) is not None
        ]
    path = _path_at_end(line)
    if path is None:
        return []
    head, dot, start = path.rpartition(".")
    found: list[tuple[str, str]] = []
    if dot:
        value = lookup(engine, head)
        if value is not MISSING:
            found = [(name, describe(item)) for name, item in members(engine._world, value)]
    else:
        found += [(word, "keyword") for word in vocabulary.keywords()]
        for name, value in environment.global_items(engine._world):
            found.append((name.decode("latin-1"), describe(value)))
    matches = sorted((name, note) for name, note in dict(found).items() if name.startswith(start) and name != start)
    return [(name, len(start), note) for name, note in matches]


def _path_at_end(line: str) -> str | None:
    """The dotted name a text ends with, None where no name stands or it belongs to a longer expression."""
    match = re.search(r"(?<![\w.)\]])((?:[A-Za-z_]\w*\.)*(?:[A-Za-z_]\w*)?)$", line)
    return match[1] or None if match else None


def _library_at_end(line: str) -> str | None:
    """The beginning of a name in an `include "…` that a text ends with, None elsewhere."""
    match = re.search(r"""\binclude\s*\(?\s*(?:(?:"[^"]*"|'[^']*')\s*,\s*)*["'](\w*)$""", line)
    return match[1] if match else None


def _files(start: str) -> list[tuple[str, int, str]]:
    folder, base = os.path.split(start)
    try:
        names = sorted(os.listdir(os.path.expanduser(folder) or "."))
    except OSError:
        return []
    return [(name, len(base), "") for name in names if name.startswith(base) and (base or name[0] != ".")]


def explain(engine: Engine, name: str) -> str:
    """What `:help NAME` shows: signature and documentation of a global, a method or a type."""
    value = lookup(engine, name)
    if value is not MISSING:
        return _explain_value(engine, name, value)
    if name in vocabulary.functions():
        library, native = vocabulary.functions()[name]
        return _explain_native(native) + f"  include '{library}';\n"
    if name in vocabulary.constants():
        return f"{name}: a constant of the library {vocabulary.constants()[name] or 'core'}\n"
    kind, _, member = name.partition(".")
    for cls in vocabulary.types():
        if cls.type_name == kind:  # type: ignore[attr-defined]
            return _explain_type(cls, member)
    if name in vocabulary.keywords():
        return f"{name}: a word of the language\n"
    near = nearest(name, [*engine.globals, *vocabulary.functions()])
    return f"nothing is known of '{name}'" + (f"; did you mean '{near}'?\n" if near else "\n")


def _explain_value(engine: Engine, name: str, value: Any) -> str:
    if type(value) is FunctionType:
        if "spec" in value.__dict__:
            return _explain_native(value)
        code = value.__code__
        return f"{_script_signature(value)}\n  defined in {code.co_filename}, line {code.co_firstlineno}\n"
    if isinstance(value, (Object, Unread)):
        return f"{name}: " + _explain_type(value.cls if isinstance(value, Unread) else type(value), "")
    rows = [(member, describe(item)) for member, item in members(engine._world, value) if item is not MISSING]
    lines = [f"  {member:<16} {note}" for member, note in rows[:40]]
    return "\n".join([f"{name}: {describe(value)}", *lines]) + "\n"


def _explain_native(native: Any) -> str:
    spec = native.spec
    return f"{spec.signature}\n  {vocabulary.about(spec.doc)}\n"


def _wrapped(text: str) -> str:
    """A text with its long lines broken for the terminal."""
    from shutil import get_terminal_size
    from textwrap import fill

    width = max(40, min(100, get_terminal_size().columns))
    lines = []
    for line in text.splitlines():
        margin = " " * (len(line) - len(line.lstrip()))
        lines.append(line if len(line) < width else fill(line, width, subsequent_indent=margin))
    return "\n".join(lines) + "\n"


def _explain_type(cls: Any, member: str) -> str:
    if member:
        found = cls.members.get(member.encode())
        if found is None:
            return f"{cls.type_name} has no '{member}'\n"
        if type(found) is FunctionType:
            return _explain_native(found)
        return f"{cls.type_name}.{member}: a property\n" + (f"  {vocabulary.about(found.doc)}\n" if found.doc else "")
    lines = [f"{cls.type_name}"]
    for key, item in getattr(cls, "members", {}).items():
        native = type(item) is FunctionType
        first = re.split(r"(?<=\.) ", vocabulary.about(item.spec.doc if native else item.doc))[0]
        lines.append(f"  {item.spec.signature if native else key.decode():<32} {first}")
    return "\n".join(lines) + "\n"
