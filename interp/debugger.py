"""Stopping scripts: breakpoints, steps, and what a stopped script's calls and variables are.

Rules of this file: it talks to nobody (that is `interp.debug_prompt`); what a person sees are script functions, natives
and script variables, never a Python frame or a helper variable; a step is a statement, as the script's tree has them.
One mechanism on all versions of Python: `sys.settrace` on code generated without optimisation. Stops by a message or a
signal do not even need that, they happen inside the call.
"""

from __future__ import annotations

import gc
import os
import sys
from dis import get_instructions, hasjrel
from typing import TYPE_CHECKING

from .compiler.pipeline import CompileError, compile_unit, disk_cache, load_unit, parse_unit
from .errors import ScriptError, ScriptExit
from .runtime import environment
from .runtime.calls import invoke, invoke_multi
from .runtime.messages import NATIVE_CODES, OUTLINED, RENAMING_CODES, format_frames
from .runtime.state import HostRaised, ScriptAbort, ScriptQuit, ScriptStop, current
from .runtime.threads import Thread, innermost
from .runtime.values import is_native
from .syntax import nodes as n
from .walk import bodies, inside
from .watchdog import hold, release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType
    from typing import Any

    from .engine import Engine

# how a script goes on: to the next breakpoint, to the next statement anywhere, in a call or where it returns to,
# behind a line of a call, to the end of a call
CONTINUE, STEP, NEXT, UNTIL, FINISH = "continue", "step", "next", "until", "finish"
ROOM = 1000  # host frames for the conversation in a script that has none left
_STATEMENTS = (
    n.Break, n.ClassDecl, n.Command, n.Continue, n.DeclTree, n.DoWhile, n.ExprStmt, n.For, n.Foreach, n.If,
    n.NumericFor, n.Return, n.VarDecl, n.While,
)  # fmt: skip
_ENDS = (ScriptAbort, ScriptStop, ScriptQuit, HostRaised)


class Unit:
    """A source text that was compiled: a file, or what `eval` was given."""

    def __init__(self, source: bytes, file: str, made: Callable[[Unit, CodeType], None]) -> None:
        self.source = source
        self.name = self.file = file
        self.text = source.decode("utf-8", "replace").splitlines()
        self.functions: dict[tuple[str, int], set[int]] = {}  # (name, line) -> lines with statements
        self.kept: CodeType | None = None
        self._made = made

    def code(self, limits: bool, optimize: bool, counting: bool, cache: bool, nesting: int) -> CodeType:
        """The code, as an engine asks a `Program` for it; raises CompileError."""
        code = compile_unit(
            self.source, self.file, limits=limits, optimize=optimize, counting=counting, cache=cache, nesting=nesting
        )
        if self.kept is not code:
            self.kept = code
            for function in bodies(parse_unit(self.source, disk_cache(), nesting)):
                name = function.name if function.name is not None else "<anonymous function>"
                lines = self.functions.setdefault((name, function.line), set())
                lines.update(node.line for node in inside(function) if isinstance(node, _STATEMENTS))
            self._made(self, code)
        return code


class Code:
    """What is known of one code object: where its statements are and which breakpoints are in it."""

    __slots__ = ("_jumps", "breaks", "code", "lines", "unit")

    def __init__(self, unit: Unit, code: CodeType, lines: set[int]) -> None:
        self.unit = unit
        self.code = code
        present = {line for _, _, line in code.co_lines() if line}
        self.lines = lines & present
        # a statement whose first line has no code begins where its code does
        for line in lines - present:
            following = min((other for other in present if other > line), default=0)
            if following and not any(line < other <= following for other in lines):
                self.lines.add(following)
        self.breaks: dict[int, list[Breakpoint]] = {}
        self._jumps: dict[int, int] | None = None

    def head(self, place: int) -> int | None:
        """Where the loop begins that an instruction jumps back to, or is the beginning of; None for others."""
        if self._jumps is None:
            jumps = [item for item in get_instructions(self.code) if item.opcode in hasjrel]
            self._jumps = {item.offset: item.argval for item in jumps if item.argval <= item.offset}
            self._jumps.update({target: target for target in self._jumps.values()})
        return self._jumps.get(place)


class Breakpoint:
    """Where to stop: a line of a file, or (`line` 0) the beginning of a function. `hits` counts the stops."""

    def __init__(self, number: int, file: str, line: int, function: str, condition: str, once: bool) -> None:
        self.number = number
        self.file = file
        self.line = line
        self.function = function
        self.condition = condition
        self.once = once
        self.enabled = True
        self.hits = 0

    def place(self) -> str:
        """Where it is, for people."""
        return self.function if not self.line else f"{self.file}:{self.line}"


class Call:
    """One active call: a script function with its frame, or a native (no frame, line 0)."""

    __slots__ = ("file", "frame", "line", "name")

    def __init__(self, name: str, file: str, line: int, frame: FrameType | None) -> None:
        self.name = name
        self.file = file
        self.line = line
        self.frame = frame


class Stop:
    """A stopped script: why ("step", "breakpoint", "return", "message", "interrupt"), its calls, innermost first.

    breakpoint   the one that stopped it
    value        what a function returns; `unwound`: it ends without a value, because of an Error
    problem      why a breakpoint's condition could not be evaluated
    """

    def __init__(self, reason: str, calls: list[Call]) -> None:
        self.reason = reason
        self.calls = calls
        self.breakpoint: Breakpoint | None = None
        self.value: Any = None
        self.unwound = False
        self.problem = ""


class Failed(Exception):
    """An expression could not be evaluated; the text says why, "" when the messages have said it."""


class Debugger:
    """Stops an engine's scripts and hands them to `talk( stop )`, which says how to go on by calling `go`.

    engine   made with `optimize=False`; show( text )   takes messages of what is evaluated while the script is stopped
    """

    def __init__(self, engine: Engine, talk: Callable[[Stop], None], show: Callable[[str], None]) -> None:
        self.engine = engine
        self.world = engine._world
        self._namespace = engine._world.namespace
        self._talk = talk
        self._show = show
        self.talking = False  # nothing stops now: a person talks, or a condition is evaluated
        self._stopped = False
        self.catch: int | None = 300  # messages of this level and above stop the script
        self.breakpoints: dict[int, Breakpoint] = {}
        self._numbers = 0
        self.units: list[Unit] = []
        self._codes: dict[int, Code] = {}
        self._mode = STEP
        self._target: FrameType | None = None
        self._limit = 0
        self._entered: tuple[FrameType, Breakpoint] | None = None
        # by frame: the line traced last, the statement reached last and where in the code it was reached
        self._visited: dict[int, tuple[int, int, int]] = {}
        self._unwound: FrameType | None = None
        self._expressions: dict[tuple[str, ...], Any] = {}
        self.world.need(None)
        self._known = set(self._namespace)
        self._hook = self.world.message_hook
        load = engine._compiler.load

        def learn(source: Any, name: str, from_disk: bool = False) -> Any:
            text, file = (source, name) if isinstance(source, bytes) else (source.source, source.name)
            return load(Unit(text, file, self._learn), name, from_disk)

        engine._compiler.load = learn  # type: ignore[method-assign]

    # --- beginning and end --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """From now on scripts stop; at their first statement, too."""
        self.world.message_hook = self._message
        sys.settrace(self._called)

    def stop(self) -> None:
        """The end: nothing stops any more."""
        sys.settrace(None)
        self.world.message_hook = self._hook

    # --- what there is ------------------------------------------------------------------------------------------------

    def _learn(self, unit: Unit, code: CodeType) -> None:
        if not any(known.kept is code for known in self.units):
            self.units.append(unit)

        def take(part: CodeType, lines: set[int]) -> None:
            for inner in part.co_consts:
                if hasattr(inner, "co_lines"):
                    name = inner.co_name
                    own = lines if name.startswith(OUTLINED) else unit.functions.get((name, inner.co_firstlineno))
                    if own is not None:
                        self._codes[id(inner)] = Code(unit, inner, own)
                    take(inner, own or lines)

        take(code, set())
        self._place_breakpoints()

    def unit_of(self, call: Call) -> Unit | None:
        """The source of a call."""
        known = None if call.frame is None else self._codes.get(id(call.frame.f_code))
        return None if known is None else known.unit

    def find_unit(self, file: str) -> Unit | None:
        """The latest source of a file name, as people write it."""
        return next((unit for unit in reversed(self.units) if same_file(unit.file, file)), None)

    def calls(self, frame: FrameType | None) -> list[Call]:
        """The active calls from a frame outwards, to the beginning of its thread or coroutine."""
        found: list[Call] = []
        rename: bytes | None = None
        while frame is not None:
            code = frame.f_code
            if frame.f_globals is self._namespace and id(code) in self._codes:
                line = frame.f_lineno
                frame = _function_frame(frame)
                code = frame.f_code
                found.append(Call(code.co_name, code.co_filename, line, frame))
            elif code in NATIVE_CODES:
                name = rename or frame.f_locals["spec"].display
                found.append(Call(name.decode("utf-8", "replace"), "", 0, None))
                rename = None
            elif code in RENAMING_CODES:
                rename = frame.f_locals.get("frame_name") or rename
            frame = frame.f_back
        return found

    def threads(self) -> list[tuple[int, str, list[Call], bool]]:
        """The main program (number 0), the threads and the coroutines: (number, state, calls, whether it runs)."""
        now = current()
        root = self.world.root
        found: list[tuple[int, str, list[Call], bool]] = []
        if now is root:
            found.append((0, "", [], True))
        else:
            from greenlet import getcurrent

            top = getcurrent()
            while top.parent is not None:
                top = top.parent
            found.append((0, "waits for what it resumed", self.calls(top.gr_frame), False))
        for handle in _handles(self.world):
            context = handle.context
            if context is root or context.state == "finished":
                continue
            greenlet = innermost(handle)
            frame = None if greenlet is None else greenlet.gr_frame
            state = context.state
            if state == "active":
                state = "" if context is now else "waits for what it resumed"
            elif state == "parked":
                state = "waits in a socket operation"
            found.append((context.serial, state, self.calls(frame), context is now))
        return sorted(found, key=lambda entry: entry[0])

    def variables(self, call: Call) -> Iterator[tuple[str, Any, bool]]:
        """A call's variables: name, value, whether a closure shares it. Without `this`."""
        if call.frame is None:
            return
        shared = call.frame.f_code.co_freevars
        for name, value in dict(call.frame.f_locals).items():
            if name != "this":
                shown = name[:-1] if name.endswith("$") else name
                if "$" not in shown:
                    yield shown, value, name in shared

    def globals(self) -> list[tuple[str, Any]]:
        """The globals that scripts made: what libraries have put there is left out."""
        from . import vocabulary

        constants = vocabulary.constants()
        return [
            (name.decode("latin-1"), value)
            for name, value in environment.global_items(self.world)
            if environment.python_name(name) not in self._known | {"argc", "argv"}
            and not is_native(value)
            and name.decode("latin-1") not in constants
        ]

    # --- breakpoints --------------------------------------------------------------------------------------------------

    def add_breakpoint(
        self, file: str, line: int, function: str = "", condition: str = "", once: bool = False
    ) -> Breakpoint:
        """A new breakpoint. A line without a statement moves to the next one that has; ValueError behind the last."""
        unit = self.find_unit(file) if line else None
        if unit is not None:
            lines = [other for code in self._codes.values() if code.unit is unit for other in code.lines]
            following = min((other for other in lines if other >= line), default=None)
            if following is None:
                raise ValueError(f"{unit.file} has no statement at line {line} or behind it")
            file, line = unit.file, following
        self._numbers += 1
        made = Breakpoint(self._numbers, file, line, function, condition, once)
        self.breakpoints[made.number] = made
        self._place_breakpoints()
        return made

    def remove_breakpoint(self, number: int) -> None:
        """Removes one."""
        del self.breakpoints[number]
        self._place_breakpoints()

    def _place_breakpoints(self) -> None:
        for code in self._codes.values():
            code.breaks = {}
            for point in self.breakpoints.values():
                if point.line in code.lines and same_file(code.unit.file, point.file):
                    code.breaks.setdefault(point.line, []).append(point)

    # --- tracing ------------------------------------------------------------------------------------------------------

    def go(self, mode: str, call: Call | None = None, line: int = 0) -> None:
        """How the script goes on when the conversation ends; NEXT, UNTIL (`line`) and FINISH are about a call."""
        self._mode = mode
        self._target = None if call is None else call.frame
        self._limit = line

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if frame.f_globals is not self._namespace or self.talking:
            return None
        known = self._codes.get(id(frame.f_code))
        if known is None:
            return None
        entered = False
        for point in self.breakpoints.values():
            if point.function and point.enabled and _is_function(point.function, frame.f_code.co_name):
                self._entered = (frame, point)
                entered = True
        return self._traced if entered or known.breaks or self._mode != CONTINUE else None

    def _traced(self, frame: FrameType, event: str, argument: Any) -> Any:
        if self.talking:
            pass
        elif event == "line":
            known = self._codes[id(frame.f_code)]
            line, place = frame.f_lineno, frame.f_lasti
            before, statement, begun = self._visited.get(id(frame), (0, 0, 0))
            if line not in known.lines:
                self._visited[id(frame)] = (line, statement, begun)
            else:
                if line == before:  # the next pass of a loop in one line, unless it comes from a loop's step
                    head = known.head(place)
                    new = head is not None and head >= begun
                    place = begun if head is None else head
                else:  # a statement over several lines comes back to its first one
                    new = line != statement or place <= begun
                self._visited[id(frame)] = (line, line, place if new else begun)
                if new:
                    self._at_statement(frame, known, line)
        elif event == "return":
            self._visited.pop(id(frame), None)
            if frame is self._target and self._mode != CONTINUE:
                self._at_return(frame, argument)
            self._unwound = None
        elif event == "exception" and issubclass(argument[0], _ENDS):
            self._unwound = frame
        return frame.f_trace

    def _at_statement(self, frame: FrameType, known: Code, line: int) -> None:
        if self._entered is not None and self._entered[0] is frame:
            point = self._entered[1]
            self._entered = None
            if self._hit(frame, point):
                return
        for point in known.breaks.get(line, ()):
            if point.enabled and self._hit(frame, point):
                return
        mode = self._mode
        if (
            mode == STEP
            or (mode == NEXT and _function_frame(frame) is self._target)
            or (mode == UNTIL and line > self._limit and _function_frame(frame) is self._target)
        ):
            self._stop(Stop("step", self.calls(frame)), frame)

    def _hit(self, frame: FrameType, point: Breakpoint) -> bool:
        """Stops at a breakpoint if its condition holds; whether it did."""
        problem = ""
        if point.condition:
            try:
                if not self.holds(point.condition, Call("", "", 0, _function_frame(frame))):
                    return False
            except Failed as failed:
                problem = str(failed) or "an Error"
        stop = Stop("breakpoint", self.calls(frame))
        stop.breakpoint = point
        stop.problem = problem
        point.hits += 1
        if point.once:
            self.remove_breakpoint(point.number)
        self._stop(stop, frame)
        return True

    def _at_return(self, frame: FrameType, value: Any) -> None:
        outer = next((call for call in self.calls(frame.f_back) if call.frame is not None), None)
        if self._mode == FINISH:
            stop = Stop("return", self.calls(frame))
            stop.value = value
            stop.unwound = self._unwound is frame
            self._stop(stop, frame)
            if self._target is not frame or self._mode == CONTINUE:
                return
        # the call is over: what was about it is about its caller now
        if outer is None:
            self.go(STEP)
        elif self._mode == FINISH:
            self.go(FINISH, outer)
        else:
            self.go(NEXT, outer)

    def _message(self, kind: bytes, level: int, text: bytes, frames: list[Any]) -> bool:
        if self.talking:
            self._show(f"{kind.decode()}: {text.decode('utf-8', 'replace')}\n")
            return False
        if self._hook is None:
            self.world.streams.errors(format_frames(frames) + kind + b": " + text + b"\n")
        elif self._hook(kind, level, text, frames):
            return True
        if self.catch is not None and level >= self.catch:
            calls = self.calls(sys._getframe(1))
            if calls:
                self._stop(Stop("message", calls), None)
        return False

    def interrupt(self, frame: FrameType | None) -> None:
        """For a signal handler: stops the script where it is; KeyboardInterrupt while it is stopped already."""
        if self._stopped:
            raise KeyboardInterrupt
        if self.talking:
            self.go(STEP)  # a condition is being evaluated: it stops after that
            return
        calls = self.calls(frame)
        if any(call.frame is not None for call in calls):
            self._stop(Stop("interrupt", calls), None)
        else:
            self.go(STEP)  # it has not begun

    def _stop(self, stop: Stop, traced: FrameType | None) -> None:
        """The conversation; `traced` is the frame whose tracing called."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + ROOM)
        self.talking = self._stopped = True
        hold(self.engine._guard)
        try:
            self.world.streams.flush()
            self._talk(stop)
        except BaseException:
            sys.settrace(None)  # the end
            raise
        finally:
            self.talking = self._stopped = False
            release(self.engine._guard)
            try:
                sys.setrecursionlimit(limit)
            except RecursionError:
                pass  # the call that is about to end has used it up: the engine mends that
        if traced is not None:
            _ = traced.f_locals  # until Python 3.12 the tracing that called stores what it has seen last
        if self._mode == CONTINUE and not self.breakpoints:
            sys.settrace(None)  # at full speed to the next message or Ctrl-C
            return
        fresh = sys.gettrace() is None
        if fresh:  # setting it again would make an event of the rest of this line
            sys.settrace(self._called)
        self._trace_all(stop, fresh)

    def _trace_all(self, stop: Stop, fresh: bool) -> None:
        """Statements of calls that are active already count, too, also those in other threads.

        `fresh`: tracing has just begun.
        """
        lists = [stop.calls]
        if self.world.threads is not None:
            lists += [calls for _, _, calls, _ in self.threads()]
        frames = [call.frame for calls in lists for call in calls if call.frame is not None]
        frame = sys._getframe().f_back
        while frame is not None:  # an outlined loop is a frame of its own
            if frame.f_globals is self._namespace:
                frames.append(frame)
            frame = frame.f_back
        for frame in frames:
            known = self._codes.get(id(frame.f_code))
            if known is not None:
                frame.f_trace = self._traced if self._mode != CONTINUE or known.breaks else None
        if fresh:
            _prepare([call.frame.f_code for calls in lists[1:] for call in calls if call.frame is not None])

    # --- evaluating ---------------------------------------------------------------------------------------------------

    def holds(self, condition: str, call: Call) -> bool:
        """Whether an expression is true in a call; raises Failed."""
        try:
            return self._evaluate(f"!!( {condition}\n)", call) is True
        except CompileError as problem:
            raise Failed(_told(problem)) from None

    def evaluate(self, text: str, call: Call) -> tuple[Any, bool]:
        """The value of an expression in a call and True, or None and False for statements. Raises Failed.

        The call's variables can be read and set, captured ones too.
        """
        try:
            return self._evaluate(f"( {text.rstrip().rstrip(';')}\n)", call), True
        except CompileError as first:
            problem = first
        try:
            self._evaluate(text, call, False)
            return None, False
        except CompileError:
            raise Failed(_told(problem)) from None

    def _evaluate(self, text: str, call: Call, expression: bool = True) -> Any:
        values = {name: value for name, value, _ in self.variables(call)}
        names = tuple(values)
        function = self._function(text, names, expression)
        this = None if call.frame is None else call.frame.f_locals.get("this")
        talking, self.talking = self.talking, True
        try:
            results = self.engine._enter(invoke_multi, function, this, *values.values())
        except ScriptExit as end:
            raise ScriptQuit(end.code) from None
        except ScriptError:
            raise Failed("") from None
        finally:
            self.talking = talking
        if not results:
            return None  # aborted
        code = function.__code__
        gone = [name for name in code.co_varnames[code.co_argcount :] if "$" not in name]
        if gone:
            self._show(f"no variable of this call, so not kept: {', '.join(gone)}\n")
        for name, after in zip(names, results[1:], strict=True):
            if after is not values[name] and call.frame is not None:
                _store(call.frame, environment.python_name(name.encode("latin-1")), after)
        return results[0]

    def _function(self, text: str, names: tuple[str, ...], expression: bool) -> Any:
        """The text as a function of the variables, which gives its value and theirs. Raises CompileError."""
        key = (text, str(expression), *names)
        function = self._expressions.get(key)
        if function is None:
            body = f"return {', '.join([text, *names])};" if expression else (
                f"{text}\n;return {', '.join(['null', *names])};"
            )  # fmt: skip
            source = f"return function( {', '.join(names)} ) {{ {body} }};".encode("utf-8", "surrogateescape")
            polling, _, counting, _, nesting = self.engine._compiler._options
            code = compile_unit(
                source, "<debugger>", limits=polling, optimize=False, counting=counting, cache=False, nesting=nesting
            )
            main = load_unit(code, self.engine._world)
            function = self._expressions[key] = self.engine._enter(invoke, main, None)
        return function


def _told(problem: CompileError) -> str:
    """A compile message without its line, which says nothing about a command."""
    text = str(problem)
    return text.partition("] ")[2] or text


def _store(frame: FrameType, name: str, value: Any) -> None:
    """Sets a variable of an active Python function."""
    frame.f_locals[name] = value
    if sys.version_info < (3, 13):  # a copy until then
        import ctypes

        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))


def _prepare(codes: list[CodeType]) -> None:
    """Makes the code of suspended calls report its lines: `sys.settrace` has only looked at the running ones.

    Needed from Python 3.12, where code itself is changed for that. A change of any local event takes all others over.
    """
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None or monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return
    monitoring.use_tool_id(monitoring.DEBUGGER_ID, "sgs")
    for code in codes:
        monitoring.set_local_events(monitoring.DEBUGGER_ID, code, monitoring.events.LINE)
        monitoring.set_local_events(monitoring.DEBUGGER_ID, code, 0)
    monitoring.free_tool_id(monitoring.DEBUGGER_ID)


def _function_frame(frame: FrameType) -> FrameType:
    """The frame of the function that an outlined loop belongs to; others are their own."""
    while frame.f_code.co_name.startswith(OUTLINED) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _is_function(wanted: str, name: str) -> bool:
    return name == wanted or name.endswith("." + wanted)


def same_file(file: str, wanted: str) -> bool:
    """Whether a file is the one that people mean by a name: the same path, or the end of it."""
    return file == wanted or os.path.abspath(file) == os.path.abspath(wanted) or file.endswith(os.sep + wanted)


def _handles(world: Any) -> list[Thread]:
    """All threads and coroutines of an engine."""
    if world.threads is None:
        return []
    return [item for item in gc.get_objects() if type(item) is Thread and item.context.world is world]
