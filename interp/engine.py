"""The host's face: one engine is one script world (chapter 12).

Rules of this file: an engine is used by one OS thread at a time; whatever a script does, the host sees the exceptions
of `interp.errors` or those its own functions raised.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from . import convert as _convert
from .compiler.pipeline import CompileError, compile_unit, load_unit
from .errors import LimitExceeded, ScriptError, ScriptExit, ScriptInterrupted, ScriptSyntaxError
from .includes import DiskIncludes, Includes
from .ports import Ports, Resources
from .runtime import environment, helpers, values
from .runtime.calls import invoke_multi
from .runtime.messages import format_frames
from .runtime.state import ScriptAbort, ScriptQuit, ScriptStop, World, switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, BinaryIO


@dataclass(frozen=True)
class Limits:
    """What a script may use in one host call; None lifts a limit (chapter 12 section 4).

    seconds, operations, memory (bytes), depth (active calls), output (bytes), sockets (open at once)
    """

    seconds: float | None = 10.0
    operations: int | None = None
    memory: int | None = 256 << 20
    depth: int = 1000
    output: int | None = 16 << 20
    sockets: int | None = 1024
    nesting: int = 200
    source: int | None = 16 << 20

    @classmethod
    def none(cls) -> Limits:
        """No limits but the call depth."""
        return cls(seconds=None, memory=None, output=None, sockets=None, source=None)


class Streams:
    """An engine's standard streams: binary file objects."""

    __slots__ = ("_err", "_in", "_out")

    def __init__(self, stdin: Any, stdout: Any, stderr: Any) -> None:
        self._in = stdin
        self._out = stdout
        self._err = stderr

    def output(self, data: bytes) -> None:
        (self._out or sys.stdout.buffer).write(data)

    def errors(self, data: bytes) -> None:
        (self._err or sys.stderr.buffer).write(data)

    def read_line(self) -> bytes:
        return (self._in or sys.stdin.buffer).readline()  # type: ignore[no-any-return]

    def read_all(self) -> bytes:
        return (self._in or sys.stdin.buffer).read()  # type: ignore[no-any-return]

    def flush(self) -> None:
        (self._out or sys.stdout.buffer).flush()


class Engine:
    """One script world: globals, libraries, files, threads, sockets.

    libraries   names or library objects that scripts may include; None: every installed one that touches nothing
                outside
    includes    the resolver for files of code; None: no files
    stdin, stdout, stderr   binary file objects, None for the process's
    optimize    False generates plain code (for comparing)
    cache       False neither reads nor writes compiled code on disk
    """

    def __init__(
        self,
        libraries: Sequence[Any] | None = None,
        *,
        network: Any = None,
        limits: Limits | None = None,
        stdin: BinaryIO | None = None,
        stdout: BinaryIO | None = None,
        stderr: BinaryIO | None = None,
        include_paths: Sequence[str] = (),
        includes: Includes | None = None,
        encoding: str | None = "utf-8",
        optimize: bool = True,
        cache: bool = True,
    ) -> None:
        from . import libraries as _libraries

        self.limits = limits if limits is not None else Limits()
        self.encoding = encoding
        self._optimize = optimize
        self._cache = cache
        self._polling = limits is None or limits != Limits.none()
        self._closed = False
        world = self._world = World()
        world.depth = self.limits.depth
        world.streams = Streams(stdin, stdout, stderr)
        world.ports = Ports()
        world.resources = Resources()
        if includes is None:
            includes = DiskIncludes(tuple(include_paths)) if include_paths else Includes()
        world.includes = includes
        world.compiler = self._compile_for_script
        world.registry = values.Map()
        world.stop_reason = self._stopped
        world.slots["network"] = network
        self._installed = _libraries.Choice(libraries)
        world.library_resolver = self._installed.find
        namespace = world.namespace
        namespace.update(helpers.TABLE)
        namespace["__builtins__"] = environment.MissingGlobals()
        world.globals_view = environment.make_view(world)
        world.symbol_register(b"_G", world.globals_view)
        _libraries.install_core(world)
        namespace["$Array"] = world.array_type
        self.globals = _convert.Globals(self)
        self._inside = 0

    # --- running -------------------------------------------------------------------------------------------------------

    def run(self, source: str | bytes, *, name: str = "<string>", args: Sequence[str] = ()) -> Any:
        """Runs top-level code; what it returns: None, one value, or a tuple of several."""
        return self._run_unit(self._source(source), name, args)

    def run_file(self, path: str, args: Sequence[str] = ()) -> Any:
        """Runs a file; raises OSError when it cannot be read."""
        with open(path, "rb") as file:
            source = file.read()
        return self._run_unit(source, path, args)

    def eval(self, expression: str) -> Any:
        """The value of one expression."""
        return self.run(f"return ( {expression} );", name="<eval>")

    def _source(self, source: str | bytes) -> bytes:
        return source.encode(self.encoding or "utf-8") if isinstance(source, str) else source

    def _run_unit(self, source: bytes, name: str, args: Sequence[str]) -> Any:
        world = self._world
        try:
            main = self._load(source, name)
        except CompileError as found:
            for text in found.texts:
                world.streams.errors(b"Error: " + text + b"\n")
            raise self._syntax_error(found, name) from None
        encoded = [name, *args]
        namespace = world.namespace
        namespace["argc"] = len(encoded)
        namespace["argv"] = world.array_type([word.encode("utf-8", "surrogateescape") for word in encoded])
        world.loading.append(name.encode("utf-8", "surrogateescape"))
        try:
            results = self._enter(invoke_multi, main, None)
        finally:
            world.loading.pop()
        results = tuple(self.to_python(value) for value in results)
        return None if not results else results[0] if len(results) == 1 else results

    def _enter(self, function: Callable[..., Any], *args: Any) -> Any:
        """Runs script code for the host and turns its ends into exceptions."""
        if self._closed:
            raise RuntimeError("the engine is closed")
        world = self._world
        before = switch(world.root)
        if self._inside == 0:
            world.namespace["$stop"] = False
            needed = _host_frames() + int(world.depth * 1.03) + 25
            if sys.getrecursionlimit() < needed or sys.getrecursionlimit() > needed + 50:
                sys.setrecursionlimit(max(needed, 1000))
        self._inside += 1
        root = world.root
        suppress, nest, handler = root.suppress, root.nest, root.handler
        try:
            return function(*args)
        except ScriptAbort as abort:
            if abort.error:
                frames, text = world.last_error or ([], b"")
                trace = [(func.decode("utf-8", "replace"), file.decode("utf-8", "replace"), line) for func, file, line in frames]
                raise ScriptError(text.decode("utf-8", "replace"), trace) from None
            return ()
        except ScriptQuit as end:
            raise ScriptExit(end.code) from None
        except ScriptStop as stop:
            if stop.which is not None:
                raise LimitExceeded(str(stop), stop.which) from None
            raise ScriptInterrupted(str(stop)) from None
        finally:
            self._inside -= 1
            root.suppress, root.nest, root.handler = suppress, nest, handler
            root.abort_mark = False
            switch(before)

    def _load(self, source: bytes, name: str) -> Any:
        code = compile_unit(
            source, name, limits=self._polling, optimize=self._optimize, cache=self._cache, nesting=self.limits.nesting
        )
        return load_unit(code, self._world.namespace)

    def _compile_for_script(self, source: bytes, file: bytes) -> tuple[Any, list[bytes]]:
        try:
            return self._load(source, file.decode("utf-8", "surrogateescape")), []
        except CompileError as found:
            return None, found.texts

    def _syntax_error(self, found: CompileError, name: str) -> ScriptSyntaxError:
        text = found.texts[0].decode("utf-8", "replace")
        line: int | None = None
        if text.startswith("[line "):
            number, _, rest = text[6:].partition("]")
            if number.lstrip("-").isdigit():
                line, text = int(number), rest.lstrip(", ").strip()
        return ScriptSyntaxError(text, name, line)

    # --- values ----------------------------------------------------------------------------------------------------------

    def to_python(self, value: Any) -> Any:
        """A script value as the host sees it (chapter 12 section 3)."""
        return _convert.to_python(self, value)

    def to_script(self, value: Any) -> Any:
        """A host value as scripts see it."""
        return _convert.to_script(self, value)

    # --- control -----------------------------------------------------------------------------------------------------------

    def interrupt(self, reason: str = "interrupted") -> None:
        """From any OS thread: stops the running script at its next check. Without effect when nothing runs."""
        if not self._inside:
            return
        self._reason = ScriptStop(reason)
        self._world.namespace["$stop"] = True
        for wake_up in list(self._world.ports.interrupts):
            wake_up()

    def _stopped(self) -> None:
        raise self._reason

    _reason = ScriptStop("interrupted")

    def close(self) -> None:
        """Discards all threads and closes what scripts opened. Runs no script code."""
        if self._closed:
            return
        self._closed = True
        world = self._world
        before = switch(world.root)
        try:
            root = world.root
            root.list = []
            root.parked_threads = {}
            if world.threads is not None:
                world.threads.woken.clear()
            world.resources.close()
            world.streams.flush()
        finally:
            switch(before)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def trace_text(self) -> str:
        """The trace of the last Error, as scripts print it."""
        frames, _ = self._world.last_error or ([], b"")
        return format_frames(frames).decode("utf-8", "replace")


def _host_frames() -> int:
    frame: Any = sys._getframe()
    count = 0
    while frame is not None:
        count += 1
        frame = frame.f_back
    return count
