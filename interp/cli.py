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

from .engine import Engine, Limits
from .errors import LimitExceeded, ScriptError, ScriptExit, ScriptInterrupted, ScriptSyntaxError
from .includes import DiskIncludes
from .libraries import BUILT_IN, OUTSIDE
from .runtime.state import ScriptStop, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, BinaryIO, NoReturn

FAILED, USAGE, INTERRUPTED = 1, 2, 130
COLLECT_AFTER = 10_000  # objects more than before, until the collector looks for cycles
VERSION = "0.1.0"
HELP = """\
usage: sgs [OPTIONS]                      on a terminal: the prompt
       sgs [OPTIONS] FILE [ARGS...]       run a script; it finds FILE and ARGS in argv
       sgs [OPTIONS] -f FILE [-f FILE...] [ARGS...]
                                          run several files in one engine, globals stay
       sgs [OPTIONS] -e CODE [ARGS...]    run CODE
       sgs [OPTIONS] - [ARGS...]          run standard input
       sgs check [--json] [--departures] FILE...
                                          report what is suspicious, without running
       sgs test [--coverage] [PATH...]    run the tests in test_*.sgs

options:
  --allow-net RULE[,RULE...]  only these connections: HOST, HOST:PORT, *.NAME, CIDR, any
  --deny-net                  no network at all
  --no-io                     without the libraries io and os
  --limit NAME=NUMBER         a limit: seconds, operations, memory, depth, output, sockets
                              (k, m and g stand for powers of 1024); may be given several times
  --no-cache                  neither read nor write compiled code on disk
  --no-optimize               plain generated code: slower, prints the same
  --pretty, --no-pretty       messages with the source line and a hint, or as C SGScript prints them
                              (without either: the first when standard error is a terminal)
  --profile                   at the end, where the time went: a table on stderr
  --profile=FILE              the same as a file for https://www.speedscope.app
  --debug                     stop at the first line and take commands: breakpoints, steps, values
  --version                   print the version
  -h, --help                  print this text

exit status: 0; 1 a file did not compile or an Error ended it; 2 wrong usage; 130 interrupted;
otherwise what the script gave app_exit
"""
# first word -> module with a `main( words, stdout, stderr )`; `sgs ./check` runs a script of that name
TOOLS = {"check": "check", "test": "testing"}
LIMITS = ("seconds", "operations", "memory", "depth", "output", "sockets")
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
NO_LIMITS: dict[str, Any] = dict.fromkeys(("seconds", "operations", "memory", "output", "sockets", "source"))


class UsageError(Exception):
    """Wrong usage: the text says what."""


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
    words = iter(argv)
    for word in words:
        if word == "-f":
            options.files.append(_argument(word, words))
        elif word == "-e":
            options.code = _argument(word, words)
            break  # the rest belongs to the code
        elif word == "--":
            break
        elif word == "-" or not word.startswith("-"):
            (options.args if options.files else options.files).append(word)
            break  # the rest belongs to the script
        elif not _parse_switch(options, word, words):
            raise UsageError(f"unknown option '{word}'{_meant(word.partition('=')[0], HELP.split())}")
    options.args += words
    if not options.files and options.code is None and options.args:
        options.files.append(options.args.pop(0))  # after `--`
    if options.files and options.code is not None:
        raise UsageError("-e and files exclude each other")
    if options.debug and options.profile is not None:
        raise UsageError("--debug and --profile exclude each other")
    if options.debug and "-" in options.files:
        raise UsageError("--debug takes its commands from standard input, so the script must be in a file")
    if not (options.files or options.code is not None or options.show):
        if not terminal or options.debug or options.profile is not None:
            raise UsageError("no file given (- stands for standard input)")
        options.prompt = True
    return options


def _parse_switch(options: Options, word: str, words: Iterator[str]) -> bool:
    """Take one long option, written `--name VALUE` or `--name=VALUE`; false when there is none of that name."""
    name, equals, value = word.partition("=")
    if name in ("--allow-net", "--limit"):
        if not equals:
            value = _argument(name, words)
        if name == "--limit":
            _parse_limit(options.limits, value)
        else:
            options.allow_net += [rule for rule in value.split(",") if rule]
        return True
    if name == "--profile":
        if equals and not value:
            raise UsageError("option '--profile=' needs a file")
        options.profile = value
        return True
    if equals:
        return False
    if word in ("-h", "--help"):
        options.show = HELP
    elif word == "--version":
        options.show = f"sgs {VERSION} (SGScript 1.4.1), Python {sys.version.split()[0]}\n"
    elif word == "--no-cache":
        options.cache = False
    elif word == "--no-optimize":
        options.optimize = False
    elif word == "--debug":
        options.debug = True
        options.optimize = False
    elif word in ("--pretty", "--no-pretty"):
        options.pretty = word == "--pretty"
    elif word == "--no-io":
        options.io = False
    elif word == "--deny-net":
        options.network = False
    else:
        return False
    return True


def _argument(option: str, words: Iterator[str]) -> str:
    for word in words:
        return word
    raise UsageError(f"option '{option}' needs an argument")


def _meant(word: str, words: list[str]) -> str:
    """The end of a complaint about a word: the one that was likely meant, if there is one."""
    from .hints import nearest

    near = nearest(word, [item.rstrip(",") for item in words if item[:2] == word[:2]])
    return f"; did you mean '{near}'?" if near else ""


def _meant_file(path: str) -> str:
    """The same for a file that does not exist: a tool, or a file in the same folder."""
    folder, name = os.path.split(path)
    try:
        files = [os.path.join(folder, item) for item in os.listdir(folder or ".") if item.endswith(".sgs")]
    except OSError:
        return ""
    if path + ".sgs" in files:
        return f"; did you mean '{path}.sgs'?"
    return _meant(path, [*files, *(TOOLS if "." not in name else ())])


def _parse_limit(limits: dict[str, Any], text: str) -> None:
    name, _, number = text.partition("=")
    if name not in LIMITS:
        raise UsageError(f"no limit '{name}' (there are {', '.join(LIMITS)})")
    unit = UNITS.get(number[-1:].lower(), 1)
    try:
        value = float(number[:-1] if unit > 1 else number) * unit
        limits[name] = value if name == "seconds" else int(value)
    except (ValueError, OverflowError):
        raise UsageError(f"'{number}' is no value for the limit '{name}'") from None
    if not value >= 0:
        raise UsageError(f"'{number}' is no value for the limit '{name}'")


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
    except ScriptExit as end:
        status = end.code & 0xFF
    except (ScriptInterrupted, ScriptStop, KeyboardInterrupt):
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


def _explain(problem: ScriptError, stderr: BinaryIO) -> bytes:
    """What ended a script from outside, with the place where it was."""
    from .pretty import render, terminal_width, wants_color

    text = render(problem, color=wants_color(stderr), width=terminal_width(stderr))
    return text.encode("utf-8", "replace") + b"\n"


def _interruption(stderr: BinaryIO, explain: Callable[[ScriptError, BinaryIO], bytes] | None) -> bytes:
    """What is said after Ctrl-C."""
    if explain is not None:
        from .message import trace_of

        interrupted = ScriptInterrupted("Interrupted", trace_of(_interrupted_at))
        return explain(interrupted, stderr)
    if not _interrupted_at:
        return b"Interrupted\n"
    from .runtime.messages import format_frames

    return format_frames(_interrupted_at) + b"Interrupted\n"


def _attempt(
    start: Callable[[], Any], stderr: BinaryIO, explain: Callable[[ScriptError, BinaryIO], bytes] | None,
    path: str = "",
) -> int:  # fmt: skip
    """Run one piece of code; FAILED when it did not run to its end. The engine has printed the messages.

    With `explain` a limit that fires says where.
    """
    try:
        start()
    except (ScriptExit, ScriptInterrupted):
        raise
    except LimitExceeded as fired:
        plain = f"sgs: limit exceeded: {fired.which}\n".encode()
        stderr.write(explain(fired, stderr) if explain is not None else plain)
    except (ScriptSyntaxError, ScriptError):
        pass
    except OSError as problem:
        if problem.filename != path:
            raise  # not the opening of the file
        meant = _meant_file(path) if isinstance(problem, FileNotFoundError) else ""
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
    except (ScriptInterrupted, ScriptStop):
        stderr.write(b"Interrupted\n")
        return INTERRUPTED
    return status


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
    except UsageError as wrong:
        stderr.write(f"sgs: {wrong}\ntry 'sgs --help'\n".encode("utf-8", "surrogateescape"))
        status = USAGE
    stdout.flush()
    if argv is None:
        from . import start

        watched = options.profile is not None or options.debug
        if options.cache and not watched and "interp.pretty" not in sys.modules:
            start.keep()
        _leave(status)
    return status
