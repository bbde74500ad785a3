"""The `sgs` program: one engine that may do everything, run on files, on standard input or on a line of code.

Rules of this file: start-up time counts, so nothing is imported on the way to a cached script that a bare Python has
not loaded already (no argparse, re, typing, enum, dataclasses); everything the process shares with other programs -
standard streams, exit codes, signals - is dealt with here and nowhere below.
"""

from __future__ import annotations

import gc
import io
import os
import sys

import interp

from .engine import Engine, Limits
from .includes import DiskIncludes
from .libraries import BUILT_IN, OUTSIDE
from .runtime.state import ScriptStop, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, BinaryIO, NoReturn

FAILED, USAGE, INTERRUPTED = 1, 2, 130
COLLECT_AFTER = 10_000  # objects more than before, until the collector looks for cycles
VERSION = "0.1.0"
# first word -> module with a `main( words, stdout, stderr )`; `sgs ./check` runs a script of that name
TOOLS = {"check": "check", "test": "testing"}
NO_LIMITS: dict[str, Any] = dict.fromkeys(("seconds", "operations", "memory", "output", "sockets", "source"))


class Options:
    """What the command line asks for."""

    __slots__ = (
        "allow_net", "args", "cache", "code", "debug", "files", "io", "limits", "network", "optimize", "pretty",
        "profile", "prompt", "show",
    )  # fmt: skip

    def __init__(self) -> None:
        self.files: list[str] = []
        self.code: str | None = None
        self.args: list[str] = []
        self.cache = True
        self.debug = False
        self.optimize = True
        self.profile: str | None = None  # a file's name, "" for the table
        self.io = True
        self.network = True
        self.allow_net: list[str] = []
        self.limits: dict[str, Any] = {}
        self.pretty: bool | None = None  # as the terminal wants it
        self.prompt = False
        self.show: str | None = None


def parse_options(argv: list[str], terminal: bool = False) -> Options:
    """Options of the words after the program's name; UsageError when they make no sense (chapter 00, B16).

    With a `terminal` no file means the prompt.
    """
    options = Options()
    if argv and not argv[0].startswith("-"):
        options.files, options.args = argv[:1], argv[1:]
    else:
        from .options import parse

        parse(options, argv, terminal)
    return options


# --- standard streams -------------------------------------------------------------------------------------------------


class _Output(io.FileIO):
    """A standard stream to write to. A reader that has gone away ends the process as it ends other Unix programs."""

    def write(self, data: Any) -> int:
        view = memoryview(data)
        done = 0
        while done < len(view):
            try:
                count = super().write(view[done:])
            except BrokenPipeError:
                _die_of_broken_pipe()
            except OSError as problem:
                self._failed(problem)
                return len(view)
            if count is None:  # somebody made the shared terminal non-blocking
                import select

                select.select([], [self], [])
            else:
                done += count
        return done

    def _failed(self, problem: OSError) -> None:
        os.write(2, f"sgs: write error: {problem.strerror}\n".encode())
        os._exit(FAILED)


class _LineBuffered(io.BufferedWriter):
    """Standard output on a terminal: a line appears when it is complete."""

    def write(self, data: Any) -> int:
        count = super().write(data)
        if b"\n" in data:
            self.flush()
        return count


class _Errors(_Output):
    """Standard error, unbuffered; `before` is flushed first, so that both streams keep their order in one place."""

    before: BinaryIO | None = None

    def write(self, data: Any) -> int:
        if self.before is not None:
            self.before.flush()
        return super().write(data)

    def _failed(self, problem: OSError) -> None:
        """There is nobody to tell."""


class _Input(io.FileIO):
    """Standard input from a terminal: an unfinished line of output, a prompt, appears before the wait."""

    before: BinaryIO

    def readinto(self, buffer: Any) -> int | None:
        self.before.flush()
        return super().readinto(buffer)


def _open(kind: type[Any], descriptor: int, mode: str) -> Any:
    """The stream of a descriptor; the null device stands in for a closed one."""
    try:
        return kind(descriptor, mode, closefd=False)
    except OSError:
        return kind(os.devnull, mode)


def standard_streams() -> tuple[BinaryIO, BinaryIO, BinaryIO]:
    """Binary stdin, stdout and stderr of the process.

    Output is block-buffered, on a terminal line-buffered. Errors are not buffered; where both are the same file (a
    terminal, or `2>&1`) what was printed before a message also appears before it.
    """
    raw = _open(_Output, 1, "wb")
    stdout = (_LineBuffered if raw.isatty() else io.BufferedWriter)(raw, 1 << 16)
    stderr = _open(_Errors, 2, "wb")
    if os.path.samestat(os.fstat(raw.fileno()), os.fstat(stderr.fileno())):
        stderr.before = stdout
    source = _open(_Input if raw.isatty() else io.FileIO, 0, "rb")
    source.before = stdout
    return io.BufferedReader(source), stdout, stderr


def _die_of_broken_pipe() -> NoReturn:
    import signal

    # Python ignores SIGPIPE; dying of it gives the status that shells and other programs expect
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(FAILED)


# --- running ----------------------------------------------------------------------------------------------------------


def open_engine(options: Options | None = None, **settings: Any) -> Engine:
    """The command line's engine: all libraries of the distribution, no limits but the call depth, the whole network.

    `options` narrows that; `settings` go to `Engine` as they are (`stdin`, `stdout`, `stderr` among them). Raises
    UsageError for a malformed network rule.
    """
    options = options or Options()
    engine = Engine(
        [name for name in BUILT_IN if options.io or name not in OUTSIDE],
        network=_network(options),
        limits=Limits(**{**NO_LIMITS, **options.limits}) if options.limits else Limits.none(),
        includes=DiskIncludes(),
        cache=options.cache,
        optimize=options.optimize,
        interruptible=bool(options.limits),  # Ctrl-C raises in the running code itself
        data_functions=True,
        **settings,
    )
    engine._world.slots["shared_locale"] = True  # this process is nothing but one engine
    if options.io:
        engine._world.slots["admit_library"] = engine._installed.admit
    return engine


def _network(options: Options) -> Any:
    """What the engine gets as its network: True for all of it, None for none, or the policy the rules make."""
    if not options.allow_net:
        return options.network or None
    from importlib import import_module

    # by its registered name: nothing in here knows the sockets library
    policy = getattr(import_module(BUILT_IN["sockets"]), "NetworkPolicy", None)
    from .options import UsageError

    if policy is None:
        raise UsageError("the installed sockets library knows no network rules")
    rules = options.allow_net
    try:
        return policy(connect=rules, listen=rules, udp=rules)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None


def _collect_from_here() -> None:
    # off only in the command's own process (`interp.start`): what is there now stays, and scripts make many objects
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 20, 20)
        gc.enable()


def run(options: Options, stdin: BinaryIO, stdout: BinaryIO, stderr: BinaryIO) -> int:
    """Run what the options name on the given streams; the exit status of chapter 02 section 1. UsageError as above."""
    pretty = stderr.isatty() if options.pretty is None else options.pretty
    show = _show_pretty(stderr) if pretty else None
    engine = open_engine(options, stdin=stdin, stdout=stdout, stderr=stderr, on_message=show)
    explain = _explain if pretty else None
    engine._world.ports.sole = not options.limits
    _collect_from_here()
    watcher: Any = None
    if options.profile is not None or options.debug:
        watcher = _watcher(options, engine, stdin, stdout, stderr)
    status = 0
    try:
        if watcher is not None:
            watcher.start()
        if options.code is not None:
            code = os.fsencode(options.code)
            status = _attempt(lambda: engine.run(code, args=options.args), stderr, explain)
        for path in options.files:
            if path == "-":
                status |= _attempt(lambda: engine.run(stdin.read(), name="<stdin>", args=options.args), stderr, explain)
            else:
                status |= _attempt(lambda path=path: engine.run_file(path, options.args), stderr, explain, path)  # type: ignore[misc]
    except interp.ScriptExit as end:
        status = end.code & 0xFF
    except (interp.ScriptInterrupted, ScriptStop, KeyboardInterrupt):
        stderr.write(_interruption(stderr, explain))
        status = INTERRUPTED
    finally:
        if watcher is not None:
            watcher.stop()
        engine.close()
    if options.profile is not None:
        stdout.flush()
        watcher.finish((options.files or ["-e"])[0], options.profile, stderr)
    return status


def _watcher(options: Options, engine: Engine, stdin: BinaryIO, stdout: BinaryIO, stderr: BinaryIO) -> Any:
    """The profiler or debugger of an engine."""
    if options.profile is not None:
        import signal

        if not hasattr(signal, "setitimer"):
            from .options import UsageError

            raise UsageError("--profile needs a timer that this system does not have")
        from .profile import Profiler

        return Profiler(engine)
    from .debug_prompt import Prompt

    return Prompt(engine, stdin, stdout, stderr)


def _show_pretty(stderr: BinaryIO) -> Callable[[Any], None]:
    """A handler that shows messages to a person; what that takes is loaded with the first one."""
    show: Callable[[Any], None] | None = None

    def handle(message: Any) -> None:
        nonlocal show
        if show is None:
            from .pretty import handler, terminal_width, wants_color

            show = handler(stderr.write, color=wants_color(stderr), width=terminal_width(stderr))
        show(message)

    return handle


def _prompt(options: Options, stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Talks to the person at the terminal; the exit status."""
    from . import repl

    options.cache = False  # the prompt's own modules are not what the next script needs
    _network(options)  # a UsageError before anything is on the screen

    def show(errors: Any) -> Any:
        if options.pretty is False:
            return None
        from .pretty import handler, terminal_width, wants_color

        return handler(errors.write, color=wants_color(stdout), width=terminal_width(stdout))

    return repl.run(
        lambda out, err: open_engine(options, stdin=stdin, stdout=out, stderr=err, encoding=None, on_message=show(err)),
        stdin,
        stdout,
        f"sgs {VERSION} (SGScript 1.4.1), Python {sys.version.split()[0]}; ",
    )


def _explain(problem: interp.ScriptError, stderr: BinaryIO) -> bytes:
    """What ended a script from outside, with the place where it was."""
    from .pretty import render, terminal_width, wants_color

    text = render(problem, color=wants_color(stderr), width=terminal_width(stderr))
    return text.encode("utf-8", "replace") + b"\n"


def _interruption(stderr: BinaryIO, explain: Callable[[interp.ScriptError, BinaryIO], bytes] | None) -> bytes:
    """What is said after Ctrl-C."""
    if explain is not None:
        from .message import trace_of

        interrupted = interp.ScriptInterrupted("Interrupted", trace_of(_interrupted_at))
        return explain(interrupted, stderr)
    if not _interrupted_at:
        return b"Interrupted\n"
    from .runtime.messages import format_frames

    return format_frames(_interrupted_at) + b"Interrupted\n"


def _attempt(
    start: Callable[[], Any], stderr: BinaryIO, explain: Callable[[interp.ScriptError, BinaryIO], bytes] | None,
    path: str = "",
) -> int:  # fmt: skip
    """Run one piece of code; FAILED when it did not run to its end. The engine has printed the messages.

    With `explain` a limit that fires says where.
    """
    try:
        start()
    except (interp.ScriptExit, interp.ScriptInterrupted):
        raise
    except interp.LimitExceeded as fired:
        plain = f"sgs: limit exceeded: {fired.which}\n".encode()
        stderr.write(explain(fired, stderr) if explain is not None else plain)
    except (interp.ScriptSyntaxError, interp.ScriptError):
        pass
    except OSError as problem:
        if problem.filename != path:
            raise  # not the opening of the file
        meant = ""
        if isinstance(problem, FileNotFoundError):
            from .options import meant_file

            meant = meant_file(path, TOOLS)
        text = f"sgs: failed to open '{path}': {problem.strerror}{meant}\n"
        stderr.write(text.encode("utf-8", "surrogateescape"))
    else:
        return 0
    return FAILED


# Where the script was when Ctrl-C came, filled by the signal handler.
_interrupted_at: list[Any] = []


def _on_interrupt(_number: int, frame: FrameType | None) -> NoReturn:
    """Ends the script wherever it is: no script code can stop this exception, and none runs on its way."""
    context = current()
    if context is not None:
        from .runtime.messages import stack

        _interrupted_at[:] = stack(frame, context.world.namespace, places=True)[0]
    raise ScriptStop("interrupted")


def _catch_interrupts() -> None:
    import _signal  # type: ignore[import-not-found] # `signal` imports enum

    # a parent that started us with SIGINT ignored wants it so; `start` has put the system's handler in place
    if _signal.getsignal(_signal.SIGINT) in (_signal.default_int_handler, _signal.SIG_DFL):
        _signal.signal(_signal.SIGINT, _on_interrupt)


def _leave(status: int) -> NoReturn:
    """End the process without tearing down what the system frees anyway, unless somebody waits for that."""
    atexit = sys.modules.get("atexit")
    monitoring = getattr(sys, "monitoring", None)
    watched = (
        sys.gettrace() is not None
        or sys.getprofile() is not None
        or sys.flags.inspect
        or (atexit is not None and atexit._ncallbacks())
        or (monitoring is not None and any(map(monitoring.get_tool, range(6))))
    )
    if watched:
        raise SystemExit(status)
    os._exit(status)


def _tool(words: list[str], stdout: BinaryIO, stderr: BinaryIO) -> int:
    """Run the tool that the first word names on the others; its exit status."""
    from importlib import import_module

    _collect_from_here()
    try:
        status: int = import_module(f"interp.{TOOLS[words[0]]}").main(words[1:], stdout, stderr)
    except (interp.ScriptInterrupted, ScriptStop):
        stderr.write(b"Interrupted\n")
        return INTERRUPTED
    return status


def _usage_error() -> type[Exception]:
    from .options import UsageError  # looked at when something was raised

    return UsageError


def main(argv: list[str] | None = None) -> int:
    """The program. Without `argv` it takes the process's words, handles Ctrl-C and ends the process itself.

    With `argv` (the words after the program's name) it returns the exit status.
    """
    stdin, stdout, stderr = standard_streams()
    options = Options()
    words = sys.argv[1:] if argv is None else argv
    try:
        if argv is None:
            _catch_interrupts()
        if words and words[0] in TOOLS:
            options.cache = False  # a snapshot of the modules a tool loads helps no script
            status = _tool(words, stdout, stderr)
        else:
            options = parse_options(words, argv is None and os.isatty(0) and os.isatty(1))
            if options.show is not None:
                stdout.write(options.show.encode())
                status = 0
            elif options.prompt:
                status = _prompt(options, stdin, stdout)
            else:
                status = run(options, stdin, stdout, stderr)
    except _usage_error() as wrong:
        stderr.write(f"sgs: {wrong}\ntry 'sgs --help'\n".encode("utf-8", "surrogateescape"))
        status = USAGE
    stdout.flush()
    if argv is None:
        from . import start

        watched = options.profile is not None or options.debug
        if start.made and options.cache and not watched and "interp.pretty" not in sys.modules:
            from .snapshot import keep

            keep(*start.made)
        _leave(status)
    return status
