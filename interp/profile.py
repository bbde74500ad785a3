"""`sgs --profile`: where the time of a script goes, by function and by line.

Rules of this file: time is sampled, not traced, so that the optimised code is what runs. A timer's signal comes at any
moment, but Python looks at it only where a function begins, a loop jumps back or a C function has returned. So the code
is generated with a mark behind each line and before each return, a call of the cheapest C function there is (10 ns):
what a signal finds is the line that was running when it came. Calls are counted exactly, by a counter at the head of
each function. A sample stands for all the processor time since the one before; what has passed besides is waiting when
the process gave the processor up by itself.

Only script functions and natives are shown. Twins, guarded copies and outlined loops are parts of their function; a
coroutine or thread is called by who resumes it.
"""

from __future__ import annotations

import ast
import signal
from array import array
from dis import opmap
from itertools import count
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from greenlet import getcurrent

from .compiler import pyast as p
from .compiler.cache import Cache
from .compiler.generate import PART, generate
from .compiler.pipeline import disk_cache, parse_unit
from .runtime.messages import NATIVE_CODES, OUTLINED, RENAMING_CODES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any, BinaryIO

    from .engine import Engine

INTERVAL = 0.001  # seconds
TOP = 25  # functions, and lines, in the table
_RESUME = opmap["RESUME"]

# a function: name, file ("" for natives), line
Function = tuple[str, str, int]
# one call of a stack: a function and the line it is at (0 for natives)
Call = tuple[Function, int]


# --- code with marks --------------------------------------------------------------------------------------------------


class Marker:
    """Puts counters and marks into generated code; `counters` has them by function."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.counters: dict[Function, tuple[str, Any]] = {}
        self._file = ""
        self._done: set[int] = set()
        namespace["$mark"] = callable
        namespace["$next"] = next

    def module(self, module: ast.Module, file: str) -> None:
        """Changes the code of a unit."""
        self._done.clear()
        self._file = file
        for statement in module.body:
            self._inner(statement)

    def _function(self, node: ast.FunctionDef) -> None:
        name = node.name
        if name in ("$unit", "$make") or name.startswith(PART):
            for statement in node.body:
                self._inner(statement)
            return
        body = self._marked(node.body, node.lineno, True)
        if not name.startswith(OUTLINED):
            for suffix in ("$t", "$c", "$p"):
                name = name.removesuffix(suffix)
            counter = self._counter((name, self._file, node.lineno))
            line = node.lineno
            body.insert(_start(body), p.expression(p.call("$next", [p.name(counter, line)], line), line))
        node.body = body

    def _counter(self, function: Function) -> str:
        found = self.counters.get(function)
        if found is None:
            found = self.counters[function] = (f"$calls{len(self.counters)}", count())
            self.namespace[found[0]] = found[1]
        return found[0]

    def _marked(self, body: list[ast.stmt], line: int, whole: bool = False) -> list[ast.stmt]:
        """A list of statements with marks between lines; `line` is that of what stands before."""
        made: list[ast.stmt] = []
        before = line
        for statement in body:
            here = statement.lineno
            if here != before:
                made.append(_mark(before))
            if isinstance(statement, ast.Return):
                if not isinstance(statement.value, (ast.Name, ast.Constant, type(None))):
                    made.append(p.assign("$returned", statement.value, here))
                    statement = p.return_(p.name("$returned", here), here)
                made.append(_mark(here))
            self._inner(statement)
            made.append(statement)
            before = here
        last = body[-1] if body else None
        if (whole or before != line) and not isinstance(last, (ast.Return, ast.Break, ast.Continue)):
            made.append(_mark(before))
        return made

    def _inner(self, node: ast.stmt) -> None:
        if id(node) in self._done:
            return  # a node may stand in several places
        self._done.add(id(node))
        if isinstance(node, ast.FunctionDef):
            self._function(node)
            return
        for parts in ("body", "orelse", "finalbody"):
            body = getattr(node, parts, None)
            if body:
                setattr(node, parts, self._marked(body, node.lineno))
        for handler in getattr(node, "handlers", ()):
            handler.body = self._marked(handler.body, node.lineno)


def _start(body: list[ast.stmt]) -> int:
    """Where a function begins: behind its headings, and behind the call of its closed copy, which is the same call."""
    start = 1  # the text that says what the function is
    while isinstance(body[start], (ast.Global, ast.Nonlocal)):
        start += 1
    for i, statement in enumerate(body[start : start + 10], start):
        if isinstance(statement, ast.If) and any(
            isinstance(part, ast.Name) and part.id.endswith("$p") for part in ast.walk(statement.test)
        ):
            return i + 1
    return start


def _mark(line: int) -> ast.stmt:
    return p.expression(p.call("$mark", [p.const(None, line)], line), line)


class _Unit:
    """A source as a program (it has all that the engine asks of a `Program`) whose code has marks."""

    def __init__(self, source: bytes, name: str, marker: Marker) -> None:
        self.source = source
        self.name = name
        self._marker = marker

    def code(self, limits: bool, optimize: bool, counting: bool, cache: bool, nesting: int) -> CodeType:
        """The code for an engine of that kind; raises `CompileError`."""
        unit = parse_unit(self.source, disk_cache() if cache else Cache(None), nesting)
        return generate(unit, self.name, limits, optimize, counting, self.source, self._marker.module)


# --- samples ----------------------------------------------------------------------------------------------------------


class Profiler:
    """Watches an engine's scripts from `start` to `stop`. In the main thread, once in a process at a time."""

    def __init__(self, engine: Engine) -> None:
        self._namespace = engine._world.namespace
        self._marker = Marker(self._namespace)
        self._stacks: dict[tuple[Any, ...], int] = {}
        self._order = array("L")
        self._cpu = array("d")
        self._waited = array("d")
        self._codes: dict[int, tuple[CodeType, int]] = {}
        self._busy = False
        self._before: Any = None
        self._last = (0.0, 0.0, 0)
        self._switches: Callable[[], int] = lambda: 0
        self.samples = 0
        load = engine._compiler.load

        def marked(source: Any, name: str, from_disk: bool = False) -> Any:
            text = source if isinstance(source, bytes) else source.source
            return load(_Unit(text, name if isinstance(source, bytes) else source.name, self._marker), name, from_disk)

        engine._compiler.load = marked  # type: ignore[method-assign]

    def start(self) -> None:
        """Samples from now on."""
        import resource

        kind = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)

        def switches() -> int:
            return resource.getrusage(kind).ru_nvcsw

        self._switches = switches
        self._before = signal.signal(signal.SIGALRM, self._sample)
        self._last = perf_counter(), thread_time(), self._switches()
        signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)

    def stop(self) -> None:
        """The end; the results stay."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        if self._busy:
            return  # the handler itself takes longer than the interval
        self._busy = True
        wall, cpu = perf_counter(), thread_time()
        switches = self._switches()
        used = cpu - self._last[1]
        # without a switch of its own accord another process has had the processor: nobody waited for that
        waited = max(0.0, wall - self._last[0] - used) if switches != self._last[2] else 0.0
        self.samples += 1
        number = self._stacks.setdefault(self._stack(frame), len(self._stacks))
        if self._order and self._order[-1] == number:
            self._cpu[-1] += used
            self._waited[-1] += waited
        else:
            self._order.append(number)
            self._cpu.append(used)
            self._waited.append(waited)
        self._last = perf_counter(), thread_time(), switches
        self._busy = False

    def _stack(self, frame: FrameType | None) -> tuple[Any, ...]:
        """The script's calls, innermost first: code and place in it, or a native's name and -1."""
        namespace = self._namespace
        if frame is not None and frame.f_lasti <= self._known(frame.f_code):
            frame = frame.f_back  # it has only been entered: the time before was its caller's
        found: list[Any] = []
        add = found.append
        rename: bytes | None = None
        above: Any = getcurrent()
        while True:
            while frame is not None:
                code = frame.f_code
                if frame.f_globals is namespace:
                    self._known(code)
                    add(id(code))
                    add(frame.f_lasti)
                elif code in NATIVE_CODES:
                    spec = frame.f_locals["spec"]
                    add(rename or (b"[C function]" if spec.nameless else spec.display))
                    add(-1)
                    rename = None
                elif code in RENAMING_CODES:
                    rename = frame.f_locals.get("frame_name") or rename
                frame = frame.f_back
            above = above.parent
            if above is None:
                return tuple(found)
            frame = above.gr_frame

    def _known(self, code: CodeType) -> int:
        """Where the instruction is at which a function has been entered; the code is kept for the report."""
        entry = self._codes.get(id(code))
        if entry is None:
            text = code.co_code
            place = next((i for i in range(0, len(text), 2) if text[i] == _RESUME), 0)
            entry = self._codes[id(code)] = (code, place)
        return entry[1]

    # --- results ------------------------------------------------------------------------------------------------------

    def _calls(self, stack: tuple[Any, ...]) -> list[Call]:
        """The calls of a stack as people know them, innermost first."""
        calls: list[Call] = []
        inner = 0  # the line in an outlined loop
        for i in range(0, len(stack), 2):
            if stack[i + 1] < 0:
                calls.append(((stack[i].decode("utf-8", "replace"), "", 0), 0))
                continue
            code = self._codes[stack[i]][0]
            line = inner or _line(code, stack[i + 1])
            inner = line if code.co_name.startswith(OUTLINED) else 0
            if not inner:
                calls.append(((code.co_name, code.co_filename, code.co_firstlineno), line))
        return calls

    def results(self) -> Results:
        """The sums of all samples."""
        stacks = [self._calls(stack) for stack in self._stacks]
        sums = [[0.0, 0.0] for _ in stacks]
        for number, used, waited in zip(self._order, self._cpu, self._waited, strict=True):
            sums[number][0] += used
            sums[number][1] += waited
        found = Results()
        found.samples = self.samples
        for function, (_, counter) in self._marker.counters.items():
            calls = next(counter)
            if calls:
                found.row(found.functions, function).calls = calls
        for calls, (used, waited) in zip(stacks, sums, strict=True):
            if not calls:
                continue  # compiling, starting
            found.cpu += used
            found.waited += waited
            found.row(found.functions, calls[0][0]).own += used
            for function in {function for function, _ in calls}:
                row = found.row(found.functions, function)
                row.total += used
                row.waited += waited
            places = [(function[1], line) for function, line in calls if line]
            if places:
                found.row(found.lines, places[0]).own += used
            for place in set(places):
                row = found.row(found.lines, place)
                row.total += used
                row.waited += waited
        return found

    def report(self) -> str:
        """The tables, for people."""
        return self.results().text()

    def speedscope(self, name: str) -> dict[str, Any]:
        """The samples in the order of time, in speedscope's file format (https://www.speedscope.app/file-format-schema.json).

        Three profiles: processor time by function, the same by line, and waiting.
        """
        frames: list[dict[str, Any]] = []
        numbers: dict[Any, int] = {}

        def number(key: Any, frame: dict[str, Any]) -> int:
            if key not in numbers:
                numbers[key] = len(frames)
                frames.append(frame)
            return numbers[key]

        def of_function(function: Function, _line: int) -> int:
            title, file, first = function
            return number(function, {"name": title, "file": file, "line": first} if file else {"name": title})

        def of_line(function: Function, line: int) -> int:
            title, file, _ = function
            if not line:
                return of_function(function, 0)
            return number((file, line, title), {"name": f"{title}, line {line}", "file": file, "line": line})

        stacks = [self._calls(stack)[::-1] for stack in self._stacks]
        profiles = []
        for title, choose, weights in (
            ("processor time", of_function, self._cpu),
            ("processor time by line", of_line, self._cpu),
            ("waiting", of_function, self._waited),
        ):
            shown = [[choose(*call) for call in stack] for stack in stacks]
            rows = [
                (shown[stack], weight)
                for stack, weight in zip(self._order, weights, strict=True)
                if shown[stack] and weight > 0
            ]
            total = sum(weight for _, weight in rows)
            profiles.append(
                {
                    "type": "sampled", "name": title, "unit": "seconds", "startValue": 0, "endValue": total,
                    "samples": [stack for stack, _ in rows], "weights": [weight for _, weight in rows],
                }
            )  # fmt: skip
        return {
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "name": name,
            "exporter": "sgs",
            "activeProfileIndex": 0,
            "shared": {"frames": frames},
            "profiles": profiles,
        }

    def finish(self, name: str, target: str, stderr: BinaryIO) -> None:
        """Writes the tables to `stderr`, or the samples to the file `target` when it has a name."""
        if not target:
            stderr.write(self.report().encode("utf-8", "surrogateescape"))
            return
        import json

        try:
            with open(target, "w", encoding="utf-8", errors="surrogateescape") as file:
                json.dump(self.speedscope(name), file)
        except OSError as problem:
            text = f"sgs: failed to write '{target}': {problem.strerror}\n"
        else:
            text = f"sgs: wrote {self.samples} samples to {target} (for https://www.speedscope.app)\n"
        stderr.write(text.encode("utf-8", "surrogateescape"))


class Row:
    """What is known of a function or a line, in seconds; `calls` is 0 where they are not counted (natives, lines)."""

    __slots__ = ("calls", "own", "total", "waited")

    def __init__(self) -> None:
        self.calls = 0
        self.own = 0.0
        self.total = 0.0
        self.waited = 0.0


class Results:
    """Sums by function and by (file, line): own time, with called functions, and waiting with them."""

    def __init__(self) -> None:
        self.functions: dict[Function, Row] = {}
        self.lines: dict[tuple[str, int], Row] = {}
        self.cpu = 0.0
        self.waited = 0.0
        self.samples = 0

    @staticmethod
    def row(rows: dict[Any, Row], key: Any) -> Row:
        """The row of a key, made when there is none."""
        return rows.setdefault(key, Row())

    def text(self) -> str:
        """Both tables."""
        told = [f"profile: {self.cpu:.3f} s of processor time in scripts, {self.waited:.3f} s waiting, "
                f"{self.samples} samples", ""]  # fmt: skip
        head = f"{'own s':>9} {'own %':>6} {'total s':>9} {'waiting s':>9}"
        told.append(f"{'calls':>10} {head}  function")
        for (name, file, line), row in _top(self.functions):
            calls = str(row.calls) if row.calls else "-"
            told.append(f"{calls:>10} {self._figures(row)}  {name}" + (f" ({file}:{line})" if file else ""))
        told += ["", f"{head}  line"]
        for (file, line), row in _top(self.lines):
            told.append(f"{self._figures(row)}  {file}:{line}  {_source(file, line)}".rstrip())
        return "\n".join(told) + "\n"

    def _figures(self, row: Row) -> str:
        share = 100 * row.own / self.cpu if self.cpu else 0.0
        return f"{row.own:9.3f} {share:6.1f} {row.total:9.3f} {row.waited:9.3f}"


def _top(rows: dict[Any, Row]) -> list[tuple[Any, Row]]:
    """The first rows by own time; what is left of them by total time, waiting and calls."""
    order = sorted(rows.items(), key=lambda item: (item[1].own, item[1].total, item[1].waited, item[1].calls))
    return order[: -TOP - 1 : -1]


def _line(code: CodeType, place: int) -> int:
    for start, end, line in code.co_lines():
        if start <= place < end and line is not None:
            return line
    return code.co_firstlineno


def _source(file: str, line: int) -> str:
    import linecache

    return linecache.getline(file, line).strip()[:80]
