"""The host's face: one engine is one script world (chapter 12).

Rules of this file: an engine is used by one OS thread at a time; whatever a script does, the host sees the exceptions
of `interp.errors` or those its own functions raised. Nothing that scripts can reach refers to the engine strongly, so
an engine that the host drops closes itself.
"""

from __future__ import annotations

import sys
from _weakref import ref
from time import monotonic

import interp

from . import libraries as _libraries
from . import limits as _limits
from .compiler.pipeline import CompileError
from .compiling import Compiler
from .convert import Converter
from .includes import DiskIncludes, Includes
from .limits import Guard, Limits, Stop
from .resources import Ports, Resources
from .runtime import environment, helpers, values
from .runtime.calls import (
    BAIL_ERRORS,
    begun,
    enter_deep,
    enter_native,
    invoke,
    invoke_multi,
    leave_native,
    mend,
    overflow,
)  # fmt: skip
from .runtime.messages import Place
from .runtime.state import HostRaised, ScriptAbort, ScriptQuit, ScriptStop, World, current, switch
from .streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from logging import Logger
    from os import PathLike
    from typing import Any, BinaryIO, TypeVar, overload

    from .global_names import Globals
    from .message import Message
    from .program import Program
    from .stats import Stats, ThreadInfo
    from .views import ScriptMap

    AnyPath = str | PathLike[str]
    IncludeCallback = Callable[[str, str | None], "str | bytes | Program | PathLike[str] | None"]
    Function = TypeVar("Function", bound=Callable[..., Any])
    Class = TypeVar("Class", bound=type)

__all__ = ["Engine", "Limits"]

AT_ONCE = 200  # discarded script threads whose frames are ended before a call or behind one


class Engine:
    """One script world: globals, libraries, files, threads, sockets.

    libraries       names or library objects that scripts may include; None: all of the distribution that touch nothing
                    outside, and `sockets` when there is a network
    network         a `NetworkPolicy`, a network, True for the whole system's; None: no network
    limits          what one host call may use; None: `Limits()`
    stdin, stdout, stderr   binary file objects, None for the process's
    on_message      called with each `Message`; True = handled. Without it messages go to stderr, and with it nowhere
    log             a logger as the handler of messages
    include_paths   folders with code; include: a callback `(name, from_file) -> source | Program | Path | None`, or a
                    mapping of paths to sources; without both there are no files of code
    encoding        of texts, None: scripts' strings stay bytes
    includes        a resolver of one's own (see `interp.includes`) instead of both
    optimize        False generates plain code (for comparing)
    cache           False neither reads nor writes compiled code on disk
    interruptible   False generates code without checks: neither limits nor `interrupt` stop a busy script
    data_functions  True lets `serialize` save script functions as source text and `unserialize` compile them
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
        on_message: Callable[[Message], Any] | None = None,
        log: Logger | None = None,
        include_paths: Sequence[AnyPath] = (),
        include: IncludeCallback | Mapping[str, str | bytes | Program | PathLike[str]] | None = None,
        includes: Includes | None = None,
        encoding: str | None = "utf-8",
        optimize: bool = True,
        cache: bool = True,
        interruptible: bool = True,
        data_functions: bool = False,
    ) -> None:
        self._closed = True  # until it is complete
        if encoding is not None:
            "".encode(encoding)  # LookupError at once
        network = None if network is False else network
        if network is not None and network is not True and not hasattr(network, "socket"):
            _wants("network", network, hasattr(network, "network_for"), "a NetworkPolicy, a network, True or None")
        _wants("limits", limits, limits is None or isinstance(limits, Limits), "Limits or None")
        _wants("on_message", on_message, on_message is None or callable(on_message), "a function or None")
        self.limits = limits = limits if limits is not None else Limits()
        world = self._world = World()
        self._guard = guard = Guard(world, limits)
        self._birth = _limits.birth[0]
        self._convert = convert = Converter(ref(self), encoding)
        self._shortcuts: Any = None
        self._installed = _libraries.Choice(libraries, network is not None)
        world.depth = limits.depth
        world.streams = Streams(stdin, stdout, stderr, guard)
        world.ports = Ports()
        world.ports.guard = guard
        world.resources = Resources(limits.sockets, guard)
        if includes is None:
            if include_paths or include is not None:
                from .host_includes import resolver

                includes = resolver(include_paths, include)
            else:
                includes = Includes()
        world.includes = includes
        self._compiler = world.compiler = Compiler(
            world, limits, optimize, cache, interruptible, not isinstance(includes, DiskIncludes) or interruptible
        )
        if data_functions:
            world.slots["function_source"] = self._compiler.pack
            world.slots["function_from_source"] = self._compiler.unpack
        world.registry = values.Map()
        world.stop_reason = guard.check
        world.slots["network"] = network
        world.library_resolver = self._installed.find
        namespace = world.namespace
        namespace.update(helpers.TABLE)
        namespace["__builtins__"] = environment.MissingGlobals()
        if guard.exact:
            namespace["$stop"] = True
        if limits.operations is not None:
            namespace["$tick"] = _limits.tick_of(guard, limits.operations)
        if limits.memory is not None:
            namespace["$concat"] = _limits.metered_concat(guard)
            namespace["$grown"] = lambda text: guard.charge(len(text))
        world.globals_view = environment.make_view(world)
        world.symbol_register(b"_G", world.globals_view)
        _libraries.install_core(world)
        namespace["$Array"] = convert.array_type = world.array_type
        if log is not None and on_message is None:
            from .message import log_handler

            on_message = log_handler(log)
        if on_message is not None:
            world.message_hook = _hook(on_message, ref(world))
        self._globals: Globals | None = None
        self._closed = False

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self, source: str | bytes | Program, *, name: str = "<string>", args: Sequence[str] = ()) -> Any:
        """Runs top-level code; what it returns: None, one value, or a tuple of several.

        name    the code's file: traces show it, relative includes start from it, `argv[ 0 ]`
        args    the rest of `argv`
        Raises ScriptSyntaxError, ScriptError and its kin, and what host functions raised.
        """
        return self._run_unit(source, name, args)

    def run_file(self, path: AnyPath, args: Sequence[str] = ()) -> Any:
        """Runs a file; raises OSError when it cannot be read, else as `run`."""
        import os

        path = os.fspath(path)
        with open(path, "rb") as file:
            source = file.read()
        return self._run_unit(source, path if isinstance(path, str) else os.fsdecode(path), args, True)

    def eval(self, expression: str | bytes) -> Any:
        """The value of one expression. Raises as `run`."""
        text = expression.encode(self._convert.encoding or "utf-8") if isinstance(expression, str) else expression
        source = b"return (" + text + b"\n);"
        if b";" in text:
            self._check_one_expression(source)
        return self._run_unit(source, "<eval>", ())

    def _check_one_expression(self, source: bytes) -> None:
        from .syntax.messages import SyntaxMessage
        from .syntax.parser import parse

        try:
            statements = parse(source, self.limits.nesting).body
        except SyntaxMessage:
            return  # which running it reports
        if len(statements) != 1:
            raise interp.ScriptSyntaxError("not one expression", "<eval>", 1, source)

    def compile(self, source: str | bytes, name: str = "<string>") -> Program:
        """A `Program`: runs in any engine, can be pickled. Raises ScriptSyntaxError."""
        from .program import Program

        source, name = self._source(source), _text_name(name)
        if not isinstance(source, bytes):
            raise TypeError("a program is compiled already")
        made = Program(source, name)
        self._compiler.remember(made.source, name)
        self._compiled(made, name, self._compiler.load)
        return made

    def _source(self, source: Any) -> Any:
        """A source as bytes, or the program given instead of one; TypeError for anything else."""
        if isinstance(source, str):
            return source.encode(self._convert.encoding or "utf-8")
        if isinstance(source, (bytes, bytearray, memoryview)):
            return bytes(source)
        if hasattr(source, "source"):
            return source
        raise TypeError(f"a source is str, bytes or a Program, not {type(source).__name__}")

    def _compiled(self, source: Any, name: str, load: Callable[..., Any], from_disk: bool = False) -> Any:
        try:
            return load(source, name, from_disk)
        except CompileError as found:
            body = source if isinstance(source, bytes) else source.source
            for text in found.texts:
                self._report(text, body, name)
            raise _syntax_error(found, name, body) from None

    def _report(self, text: bytes, source: bytes, name: str) -> None:
        world = self._world
        hook = world.message_hook
        if hook is not None:
            before, world.refused = world.refused, (text, source, name)
            try:
                hook(b"Error", 300, text, [])
            except HostRaised as raised:
                raise raised.exception from None
            finally:
                world.refused = before
        else:
            self._world.streams.errors(b"Error: " + text + b"\n")

    def _run_unit(self, source: Any, name: str, args: Sequence[str], from_disk: bool = False) -> Any:
        self._check_idle()
        source, name = self._source(source), _text_name(name)
        if type(source) is not bytes and name == "<string>":
            name = source.name
        if isinstance(args, (str, bytes)):
            raise TypeError("args is a sequence of words")
        encoded = [_file_name(word) for word in (name, *args)]
        watched = self._guard.watched and not self._guard.busy
        results = self._enter(self._run_main, source, name, encoded, from_disk, watched)
        return self._results(tuple([self._convert.to_python(value) for value in results or ()]))

    def _run_main(self, source: Any, name: str, encoded: list[bytes], from_disk: bool, watched: bool) -> Any:
        world = self._world
        if watched:
            # an interrupt ends the compilation; its time, perhaps with modules to load, is none of the script's
            from .watchdog import hold, release

            hold(self._guard)
        try:
            main = self._compiled(source, name, self._compiler.load_running, from_disk)
        finally:
            if watched:
                release(self._guard)
        world.namespace["argc"] = len(encoded)
        world.namespace["argv"] = world.array_type(encoded)
        world.loading.append(encoded[0])
        try:
            return invoke_multi(main, None)
        finally:
            world.loading.pop()

    @staticmethod
    def _results(results: tuple[Any, ...]) -> Any:
        return None if not results else results[0] if len(results) == 1 else results

    # --- calling ------------------------------------------------------------------------------------------------------

    def call(self, function: Any, *args: Any, this: Any = None, timeout: float | None = None) -> Any:
        """Calls a script function, by name or as a view; its first result.

        this      what the function sees as `this`
        timeout   seconds; LimitExceeded when they run out
        Raises as `run`; TypeError and OverflowError for arguments that cannot cross.
        """
        target, values_ = self._prepare(function, this, args)
        return self._convert.to_python(self._enter(invoke, target, *values_, timeout=timeout))

    def call_multi(self, function: Any, *args: Any, this: Any = None, timeout: float | None = None) -> tuple[Any, ...]:
        """The same with all results as a tuple."""
        target, values_ = self._prepare(function, this, args)
        results = self._enter(invoke_multi, target, *values_, timeout=timeout)
        return tuple([self._convert.to_python(value) for value in results or ()])

    def _prepare(self, function: Any, this: Any, args: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        to_script = self._convert.to_script
        if isinstance(function, str):
            target = environment.global_get(self._world, function.encode())
            target = None if target is values.MISSING else target
        else:
            target = to_script(function)
            if this is None:
                this = getattr(function, "_this", None)
        return target, [to_script(this), *[to_script(value) for value in args]]

    def _construct(self, callee: Any, args: tuple[Any, ...], timeout: float | None = None) -> Any:
        from .runtime.construct import construct

        to_script = self._convert.to_script
        made = self._enter(construct, callee, *[to_script(value) for value in args], timeout=timeout)
        return self._convert.to_python(made)

    def _clone(self, value: Any) -> Any:
        clone = environment.global_get(self._world, b"clone")
        return self._convert.to_python(self._enter(invoke, clone, None, value))

    # --- entering and leaving -----------------------------------------------------------------------------------------

    def _check_idle(self) -> None:
        """Raises RuntimeError where this OS thread must not touch the engine now."""
        guard = self._guard
        if self._birth is not _limits.birth[0]:
            raise RuntimeError("the engine belongs to the process that forked this one")
        busy = guard.busy
        if busy and not busy._is_owned():
            raise RuntimeError("the engine is running in another thread")

    def _enter(self, function: Callable[..., Any], *args: Any, timeout: float | None = None) -> Any:
        """Runs script code for the host and turns its ends into exceptions. None after an abort."""
        guard = self._guard
        if guard.busy:
            self._check_idle()
            return self._enter_inside(function, args, timeout)
        self._check_idle()
        if self._closed:
            raise RuntimeError("the engine is closed")
        if timeout is not None and not timeout >= 0:
            raise ValueError("timeout cannot be negative")
        token_before = _limits.local.token
        root = self._world.root
        announce = (guard.watched or timeout is not None) and (guard.token is _limits.NOBODY or not guard.watched)
        token = guard.token
        if token is not token_before or token is _limits.NOBODY:
            token = _limits.new_token()
        if not token._is_owned():
            token.acquire()
        if announce:
            _limits.watch(guard)
        # from here to the store of `busy` no other thread comes in between: these are stores only
        if guard.busy:
            raise RuntimeError("the engine is running in another thread")
        guard.busy = guard.token = token
        guard.state = guard.written = None
        before = switch(root)
        # inside a host function of another engine, which goes on afterwards
        nested = before is not None and before is not root and _is_running(before.world)
        if token_before is not None and token_before is not token and not nested:
            _limits.give_up(token_before)
        _limits.hold(token)
        begin = monotonic()
        guard.until = None if timeout is None else begin + timeout
        guard.timed = True
        lowered = self._room()
        try:
            if self._world.threads is not None and self._world.threads.dead:
                from .runtime.threads import bury

                bury(self._world.threads, AT_ONCE)
            root.nest = root.suppress = root.hops = 0
            root.roomy = 3
            root.rooms = None
            root.handler = None
            root.abort_mark = False
            try:
                return function(*args)
            except BaseException as problem:
                return self._ended(problem, True)
        finally:
            if guard.operations_left is not None:
                guard.operations += guard.operations_left()
            guard.seconds += monotonic() - begin
            guard.timed = False
            guard.until = None
            if self._world.overrun:
                mend(self._world)
            if lowered:
                sys.setrecursionlimit(lowered)
                guard.token = _limits.NOBODY  # the next call has to lower it again
            if nested:
                _limits.give_up(token)
                if before is not None and _is_running(before.world):
                    switch(before)
                    _limits.hold(token_before)
            guard.busy = False

    def _room(self) -> int:
        """Sets the host's recursion limit to what the call depth needs; the old one when the host wants a higher one
        back, else 0: what an engine has set, for a call from a deeper place, is nobody's wish.
        """
        depth = self._world.depth
        slack = depth // 10 + 60 if self._guard.exact else min(depth // 12, 40)
        needed = _host_frames() + depth + slack
        limit = sys.getrecursionlimit()
        if needed - 30 <= limit <= needed:
            return 0
        ours = limit == _limits.recursion[0]
        if limit < 1000 and needed < 1000 and not ours:
            needed = max(needed, limit)
        sys.setrecursionlimit(needed)
        _limits.recursion[0] = needed
        return limit if limit > max(needed, 1000) and not (ours and needed > 1000) else 0

    def _enter_inside(self, function: Callable[..., Any], args: tuple[Any, ...], timeout: float | None) -> Any:
        """A call from a host function or handler of the running call: the same budget, in the running context."""
        guard = self._guard
        state = guard.state
        if type(state) is Stop:
            raise self._stopped(ScriptStop(state.text, state.which), False)
        context = current()
        before = None
        if context is None or context.world is not self._world:
            before = switch(self._world.root)
            context = self._world.root
        saved = (context.suppress, context.handler)
        context.suppress, context.handler = 0, None
        enter_native(context)
        until = guard.until
        own = None
        if timeout is not None:
            own = monotonic() + timeout
            _limits.watch(guard)
            if until is None or own < until:
                guard.until = own
        try:
            try:
                return function(*args)
            except BaseException as problem:
                return self._ended(problem, False)
        finally:
            leave_native(context)
            context.suppress, context.handler = saved
            if own is not None:
                guard.until = until
                if type(guard.state) is Stop and guard.state.which == "seconds" and monotonic() >= own:
                    limits = self.limits
                    # only the inner call's own time is up: the outer one goes on
                    if (until is None or monotonic() < until) and (
                        limits.seconds is None or type(state) is not float or monotonic() < state + limits.seconds
                    ):
                        guard.state = state if type(state) is float else None
                        self._world.namespace["$stop"] = guard.exact
            if before is not None:
                switch(before)

    def _recover(self, problem: BaseException, function: Any, args: tuple[Any, ...], closed: Any) -> Any:
        """A call by the short way ended with an exception; the result if it can still be had.

        `closed` is the shortcut's globals when it ran the function's closed copy, which gives way to the function then.
        """
        try:
            if closed is not None and isinstance(problem, BAIL_ERRORS):
                closed["copy"] = None
                try:
                    return function(None, *args)
                except BaseException as found:
                    problem = found
            if type(problem) is RecursionError:
                if begun(problem):
                    return overflow(problem)
                return enter_deep(function, None, args)
            raise problem
        except BaseException as found:
            return self._ended(found, True)

    def _ended(self, problem: BaseException, outermost: bool) -> Any:
        """Raises the host's exception for what ended a call; None for an abort without an Error."""
        kind = type(problem)
        if kind is ScriptAbort:
            if not problem.error:  # type: ignore[attr-defined]
                return None
            frames, text = self._world.last_error or ([], b"")
            from .message import trace_of

            self._compiler.flush()
            raise interp.ScriptError(text.decode("utf-8", "replace"), trace_of(frames)) from None
        if kind is HostRaised:
            exception = problem.exception  # type: ignore[attr-defined]
            _join_traces(problem, exception)
            self._compiler.flush()
            context = exception.__context__
            try:
                raise exception
            finally:
                exception.__context__ = context  # its own, not the carrier
        if kind is ScriptStop:
            raise self._stopped(problem, outermost) from None
        if kind is ScriptQuit:
            raise interp.ScriptExit(problem.code) from None  # type: ignore[attr-defined]
        if kind is MemoryError and self.limits.memory is not None:
            raise self._stopped(ScriptStop("limit exceeded: memory", "memory"), outermost) from None
        raise problem

    def _stopped(self, stop: Any, outermost: bool) -> Exception:
        """A limit or an interrupt has ended the call: sockets, files and threads go; the engine stays usable."""
        from .message import trace_of

        trace = trace_of(_frames_of(stop, self._world.namespace))
        if outermost:
            self._discard_threads(stop.which == "memory")
            self._world.resources.close_opened()
            self._world.namespace["$stop"] = self._guard.exact
            if self._world.threads is not None:
                from .runtime.threads import bury

                bury(self._world.threads, AT_ONCE)
        stop.__traceback__ = None
        error = getattr(stop, "error", None)
        if error is not None:
            return error
        if stop.which is None:
            return interp.ScriptInterrupted(str(stop), trace)
        if stop.which == "permission":
            return interp.PermissionDenied(str(stop), trace)
        made = interp.LimitExceeded(str(stop), stop.which)
        made.trace = trace
        return made

    # --- functions and classes of the host ----------------------------------------------------------------------------

    if TYPE_CHECKING:

        @overload
        def function(self, function: Function, *, name: str | None = None) -> Function: ...

        @overload
        def function(self, function: None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...

        def function(self, function: Any = None, *, name: str | None = None) -> Any: ...

    else:

        def function(self, function: Any = None, *, name: str | None = None) -> Any:
            """Decorator: the function becomes a script global of its name, or of `name`.

            Arguments and results are converted; a tuple is several results. What it raises reaches the host's call.
            """
            if function is None:
                return lambda given: self.function(given, name=name)
            from .expose import host_function

            self._check_idle()
            _wants("function", function, callable(function), "a callable")
            shown = name or function.__name__
            native = host_function(self._convert, function, shown)
            self._world.symbol_register(shown.encode(), native)
            self._world.namespace[environment.python_name(shown.encode())] = native
            return function

    def expose(
        self, cls: Class, name: str | None = None, methods: Sequence[str] = (), properties: Sequence[str] = (),
        constructor: bool = False,
    ) -> Class:  # fmt: skip
        """Declares what scripts may touch of instances of a class; with `constructor` they may make some.

        There is nothing else to reach: names not declared do not exist. ValueError for dunder names and for names the
        class lacks.
        """
        from . import expose

        self._check_idle()
        expose.expose(self, cls, name or str(getattr(cls, "__name__", "")), methods, properties, constructor)
        return cls

    # --- values -------------------------------------------------------------------------------------------------------

    @property
    def encoding(self) -> str | None:
        """Of texts, None when strings stay bytes."""
        return self._convert.encoding

    def to_python(self, value: Any) -> Any:
        """A script value (as a library has it) as the host sees it."""
        return self._convert.to_python(value)

    def to_script(self, value: Any) -> Any:
        """A host value as a library gets it."""
        return self._convert.to_script(value)

    @property
    def globals(self) -> Globals:
        """The script globals, a mapping of names to values."""
        if self._globals is None:
            from .global_names import Globals

            self._globals = Globals(self)
        return self._globals

    @property
    def registry(self) -> ScriptMap:
        """The script's `_R`, a `ScriptMap`."""
        return self._convert.to_python(self._world.registry)

    @property
    def symbols(self) -> dict[str, Any]:
        """A copy of the symbol table: names to values."""
        to_python = self._convert.to_python
        return {name.decode("utf-8", "replace"): to_python(value) for name, value in self._world.symbol_values.items()}

    @property
    def data_constructors(self) -> set[str]:
        """Names of functions that `unserialize` and `sgson_decode` may call beside the built-in ones; add to it."""
        return self._world.slots.setdefault("data_constructors", set())

    @property
    def min_level(self) -> int:
        """Messages below this number are dropped: 100 info, 200 warning, 300 error."""
        return self._world.root.replevel

    @min_level.setter
    def min_level(self, level: int) -> None:
        self._world.root.replevel = level

    # --- control ------------------------------------------------------------------------------------------------------

    def interrupt(self, reason: str = "interrupted") -> None:
        """From any OS thread or signal handler: stops the running script at its next check and wakes what it waits for.

        The host's call raises ScriptInterrupted. Without effect when nothing runs.
        """
        self._guard.stop(reason, None)

    def abort(self) -> None:
        """From a handler or host function: ends the running script as its own `abort()` would.

        RuntimeError when none runs in this thread.
        """
        self._check_idle()
        if not self._guard.busy:
            raise RuntimeError("no script is running")
        raise ScriptAbort

    def process_threads(self, dt: float = 0.0) -> int:
        """One pass of the scheduler over the script threads, `dt` seconds after the last; how many are left."""
        from .ports import run_pass

        return self._enter(run_pass, float(dt)) or 0

    @property
    def threads(self) -> list[ThreadInfo]:
        """The script threads: what each does, where, and what it waits for."""
        from .stats import all_threads, describe

        self._check_idle()
        view = self._convert.to_python
        return [describe(self._world, handle, view(handle)) for handle in all_threads(self._world)]

    @property
    def thread_count(self) -> int:
        """How many script threads there are."""
        from .stats import all_threads

        return len(all_threads(self._world))

    @property
    def stats(self) -> Stats:
        """The account since the engine was made."""
        from .stats import collect

        return collect(self)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Runs no more code, discards all threads silently and closes what scripts opened. Containers stay readable.

        RuntimeError while a script runs: in another thread interrupt it first.
        """
        if self._closed:
            return
        busy = self._guard.busy
        if busy:
            if busy._is_owned():
                raise RuntimeError("the engine is running; a host function cannot close it")
            raise RuntimeError("the engine is running in another thread: interrupt it first")
        self._closed = True
        if self._birth is not _limits.birth[0]:
            return  # a child's copy of its parent's engine: nothing of it is ours
        world = self._world
        local = _limits.local
        before = switch(world.root)
        try:
            self._discard_threads(True)
            if world.threads is not None:
                world.threads.dead.clear()
                world.threads.hub = None
            world.resources.close()
            world.streams.flush()
        except (OSError, ValueError):
            pass  # a stream that the host has closed
        finally:
            switch(None if before is world.root else before)
            if local.token is self._guard.token:
                local.token = None
            self._guard.token = _limits.NOBODY

    def _discard_threads(self, everything: bool) -> None:
        """Ends all script threads silently; with `everything` coroutines that values still refer to, too."""
        root, shared = self._world.root, self._world.threads
        if shared is None:
            root.list = ()
        else:
            from .runtime.threads import discard_all

            discard_all(shared, root, everything)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            if not self._closed and not self._guard.busy:
                self.close()
        except Exception:
            pass  # the process is going down

    def __reduce__(self) -> Any:
        raise TypeError("an engine cannot be pickled")


def _wants(name: str, value: Any, fits: bool, kind: str) -> None:
    if not fits:
        raise TypeError(f"{name} is {kind}, not {type(value).__name__}")


def _hook(handler: Callable[[Any], Any], where: Callable[[], World | None]) -> Callable[..., bool]:
    def hook(kind: bytes, level: int, text: bytes, frames: list[Any]) -> bool:
        from .message import Message, trace_of

        world = where()
        assert world is not None  # it is what calls
        world.streams.count(len(text))
        message = Message(kind, level, text, trace_of(frames), world.refused)
        message._world = world
        message._subject = world.subject
        try:
            return handler(message) is True
        except Exception as problem:
            raise HostRaised(problem) from None
        finally:
            message._world = message._subject = None

    return hook


def _syntax_error(found: CompileError, name: str, source: bytes) -> interp.ScriptSyntaxError:
    text = found.texts[0].decode("utf-8", "replace")
    line: int | None = None
    if text.startswith("[line "):
        number, _, rest = text[6:].partition("]")
        if number.lstrip("-").isdigit():
            line, text = int(number), rest.lstrip(", ").strip()
    return interp.ScriptSyntaxError(text, name, line, source)


def _is_running(world: World) -> bool:
    """Whether a call of another engine is in progress in this OS thread: we are inside one of its host functions."""
    return world.ports is not None and world.ports.guard is not None and bool(world.ports.guard.busy)


def _text_name(name: Any) -> str:
    """The name of a source, which may be a path; TypeError for what is none, ValueError for one Python cannot show."""
    if not isinstance(name, str):
        import os

        name = os.fsdecode(name)
    if "\0" in name:
        raise ValueError("a name cannot hold null characters")
    return name


def _file_name(word: Any) -> bytes:
    return bytes(word) if isinstance(word, (bytes, bytearray)) else str(word).encode("utf-8", "surrogateescape")


def _join_traces(carrier: BaseException, exception: BaseException) -> None:
    """Puts the script's frames, which only the carrier has passed, before those of the exception itself."""
    first = carrier.__traceback__
    if first is None:
        return
    own = exception.__traceback__
    last = first
    # both have seen the native that caught the exception: once is enough
    while last.tb_next is not None and (own is None or last.tb_next.tb_frame is not own.tb_frame):
        last = last.tb_next
    last.tb_next = own
    exception.__traceback__ = first


def _frames_of(problem: BaseException, namespace: dict[str, Any]) -> list[Any]:
    """The script frames a raised exception passed, outermost first."""
    found = []
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is namespace:
            code = trace.tb_frame.f_code
            line = Place(trace.tb_lineno, code, trace.tb_lasti)
            found.append((code.co_name.encode(), code.co_filename.encode("utf-8", "surrogateescape"), line))
        trace = trace.tb_next
    return found


def _host_frames() -> int:
    frame: Any = sys._getframe()
    count = 0
    while frame is not None:
        count += 1
        frame = frame.f_back
    return count
