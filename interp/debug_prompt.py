"""`sgs --debug`: the commands that a person, or a pipe, gives a stopped script.

Rules of this file: commands have the names of Python's debugger, an empty line repeats the last one, and what is no
command is code of the script's language, run in the call that is looked at. It talks on the standard streams, as a
script does, so that a pipe may feed both.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from stdlib.core.dump import dump

from .debugger import CONTINUE, FINISH, NEXT, STEP, UNTIL, Breakpoint, Call, Debugger, Failed, Stop, same_file
from .errors import ScriptError
from .runtime.state import ScriptQuit
from .runtime.values import is_native

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, BinaryIO

    from .engine import Engine

PROMPT = "(sgs) "
AROUND = 5  # lines shown on each side of where the script is
DEPTH = 3  # levels of containers shown
LONG, SHORT = 200, 12  # lines of a value that `print` shows, and lists of variables
HELP = """\
break [PLACE] [if EXPR]   stop at LINE, FILE:LINE or FUNCTION (when EXPR is true); alone: lists breakpoints
tbreak PLACE [if EXPR]    the same, once
delete [NUMBER...]        remove breakpoints, alone all of them (clear)
enable, disable NUMBER    switch a breakpoint on and off
condition NUMBER [EXPR]   change a breakpoint's condition
step                      go on to the next statement, into calls and other threads
next                      to the next statement of this function, over calls
finish                    to the end of this function (return)
until [LINE]              to a line behind this one, out of a loop
continue                  to the next breakpoint
catch WHAT                stop at messages, too: errors (at first), warnings, info, off
where                     the calls that are active (bt)
up, down [NUMBER]         look at the call outside, inside
list [FIRST[, LAST]]      the source
print EXPR                the value of an expression in this call
VARIABLE = EXPR           or any other code: is run in this call; ! before it when it begins like a command
locals, globals           the variables of this call, of the scripts
threads                   the main program, threads and coroutines, with numbers
thread NUMBER             look at the calls of another one
quit                      end the script (Ctrl-D)
help                      this text
Short forms: b tb cl s n f r unt c w bt u d l p h q. An empty line repeats the last command. Ctrl-C stops a running
script.
"""
_SHORT = {
    "b": "break", "tb": "tbreak", "cl": "delete", "clear": "delete", "s": "step", "n": "next", "f": "finish",
    "r": "finish", "return": "finish", "unt": "until", "c": "continue", "cont": "continue", "w": "where",
    "bt": "where", "u": "up", "d": "down", "l": "list", "p": "print", "h": "help", "?": "help", "q": "quit",
    "exit": "quit",
}  # fmt: skip
_LEVELS = {"errors": 300, "warnings": 200, "info": 100, "off": None}


class Prompt:
    """A debugger that talks on streams. Between `start` and `stop` the scripts of its engine stop for it.

    An engine for it is made with `optimize=False`, so that variables are what the script says. Streams are binary; the
    process's stand in for None.
    """

    def __init__(
        self, engine: Engine, stdin: BinaryIO | None = None, stdout: BinaryIO | None = None, stderr: Any = None
    ) -> None:
        self._in = stdin or sys.stdin.buffer
        self._out = stdout or sys.stdout.buffer
        self.debugger = Debugger(engine, self.talk, self.say)
        self._read = self._reader()
        self._last = ""
        self._calls: list[Call] = []
        self._at = 0
        self._stop = Stop("step", [])
        self._over = False
        self._shown = 0
        self._before: Any = None

    def start(self) -> None:
        """Scripts stop from now on, the first time at their first statement; in the main thread Ctrl-C stops them."""
        self._before = None
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a parent that ignores it wants it so
            try:
                self._before = signal.signal(signal.SIGINT, self._on_interrupt)
            except ValueError:
                pass  # another thread
        self.debugger.start()

    def stop(self) -> None:
        """The end: scripts run freely."""
        self.debugger.stop()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def __enter__(self) -> Prompt:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _on_interrupt(self, _number: int, frame: FrameType | None) -> None:
        self.debugger.interrupt(frame)

    # --- reading and writing ------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Writes a text."""
        self._out.write(text.encode("utf-8", "surrogateescape"))

    def _reader(self) -> Callable[[], str]:
        if self._in.isatty() and self._out.isatty() and self._in.fileno() == 0:
            try:
                import readline
            except ImportError:
                return self._read_plain
            readline.set_completer(self._complete)
            readline.set_completer_delims(" \t\n()[]{},;:=+-*/%&|^~!<>?$@.")
            readline.parse_and_bind("tab: complete")
            return self._read_edited
        return self._read_plain

    def _read_plain(self) -> str:
        self.say(PROMPT)
        self._out.flush()
        line = self._in.readline()
        if not line:
            raise EOFError
        return line.decode("utf-8", "surrogateescape")

    def _read_edited(self) -> str:
        self._out.flush()
        return input(PROMPT)

    def _complete(self, text: str, number: int) -> str | None:
        import readline

        if readline.get_begidx() == 0:
            names = [name[4:] for name in dir(self) if name.startswith("_do_")]
        else:
            names = []
        if self._calls:
            names += [name for name, _, _ in self.debugger.variables(self._call())]
        names += [name for name, _ in self.debugger.globals()]
        found = sorted(name for name in dict.fromkeys(names) if name.startswith(text))
        return found[number] if number < len(found) else None

    # --- the conversation ---------------------------------------------------------------------------------------------

    def talk(self, stop: Stop) -> None:
        """What the debugger calls when a script has stopped."""
        self._stop = stop
        self._look_at(stop.calls)
        self._say_where(_why(stop))
        if stop.reason == "return":
            self.say("it ends without a value\n" if stop.unwound else f"it returns {self._text(stop.value)}\n")
        if stop.problem:
            self.say(f"the condition could not be evaluated: {stop.problem}\n")
        self._over = False
        while not self._over:
            try:
                line = self._read().strip()
            except EOFError:
                self.say("\n")
                raise ScriptQuit(0) from None
            except KeyboardInterrupt:
                self.say("\n")
                continue
            if line:
                self._last = line
            try:
                self._command(line or self._last)
            except KeyboardInterrupt:
                self.say("Interrupted\n")
        self._calls, self._stop = [], Stop("step", [])  # variables live as long as the script needs them
        self._out.flush()

    def _command(self, line: str) -> None:
        if not line:
            return
        word, _, rest = line.partition(" ")
        name = _SHORT.get(word, word)
        command = getattr(self, "_do_" + name, None) if name.isidentifier() else None
        # `list = 5` is code
        if command is None or (rest.lstrip()[:1] == "=" and name != "print"):
            self._run(line.removeprefix("!"))
        else:
            command(rest.strip())

    def _call(self) -> Call:
        return self._calls[self._at]

    def _look_at(self, calls: list[Call]) -> None:
        self._calls = calls
        self._at = next((i for i, call in enumerate(calls) if call.frame is not None), 0)
        self._shown = 0

    def _say_where(self, why: str = "") -> None:
        call = self._call()
        self.say(f"{why}{call.file}:{call.line} in {call.name}\n{self._source(call, call.line)}")

    def _source(self, call: Call, line: int) -> str:
        unit = self.debugger.unit_of(call)
        if unit is None or not 1 <= line <= len(unit.text):
            return ""
        points = [
            point
            for point in self.debugger.breakpoints.values()
            if point.line == line and same_file(unit.file, point.file) and point.enabled
        ]
        mark = ("->" if line == call.line else "  ") + ("b" if points else " ")
        return f"{mark}{line:4}  {unit.text[line - 1]}".rstrip() + "\n"

    def _text(self, value: Any, most: int = SHORT) -> str:
        """A value as `printvar` shows it, not too deep and not too long."""
        try:
            made: bytes = self.debugger.engine._enter(dump, value, DEPTH)
        except ScriptError:
            return "?"
        lines = made.decode("utf-8", "surrogateescape").split("\n")
        if len(lines) > most:
            lines[most:] = [f"... {len(lines) - most} more lines"]
        return "\n".join(lines)

    def _run(self, text: str) -> None:
        try:
            value, expression = self.debugger.evaluate(text, self._call())
        except Failed as failed:
            if str(failed):
                self.say(f"{failed}\n")
        else:
            if expression:
                self.say(self._text(value, LONG) + "\n")

    # --- going on -----------------------------------------------------------------------------------------------------

    def _go(self, mode: str, line: int = 0) -> None:
        self.debugger.go(mode, self._call() if mode not in (STEP, CONTINUE) else None, line)
        self._over = True

    def _do_step(self, _rest: str) -> None:
        self._go(STEP)

    def _do_next(self, _rest: str) -> None:
        self._go(NEXT)

    def _do_finish(self, _rest: str) -> None:
        self._go(FINISH)

    def _do_continue(self, _rest: str) -> None:
        self._go(CONTINUE)

    def _do_until(self, rest: str) -> None:
        if rest and not rest.isdigit():
            self.say("usage: until [LINE]\n")
            return
        self._go(UNTIL, int(rest) - 1 if rest else self._call().line)

    def _do_quit(self, _rest: str) -> None:
        raise ScriptQuit(0)

    # --- breakpoints --------------------------------------------------------------------------------------------------

    def _do_break(self, rest: str, once: bool = False) -> None:
        if not rest:
            self._list_breakpoints()
            return
        place, _, condition = f" {rest} ".partition(" if ")
        file, colon, line = place.strip().rpartition(":")
        try:
            if line.isdigit():
                made = self.debugger.add_breakpoint(
                    file if colon else self._call().file, int(line), "", condition.strip(), once
                )
            elif colon or " " in line:
                self.say("usage: break LINE, FILE:LINE or FUNCTION [if EXPR]\n")
                return
            else:
                made = self.debugger.add_breakpoint("", 0, line, condition.strip(), once)
        except ValueError as problem:
            self.say(f"{problem}\n")
            return
        loaded = not made.line or self.debugger.find_unit(made.file) is not None
        self.say(f"breakpoint {made.number} at {made.place()}{'' if loaded else ' (not loaded yet)'}\n")

    def _do_tbreak(self, rest: str) -> None:
        self._do_break(rest, True)

    def _list_breakpoints(self) -> None:
        for point in self.debugger.breakpoints.values():
            state = "" if point.enabled else " (disabled)"
            condition = f" if {point.condition}" if point.condition else ""
            self.say(f"{point.number}  {point.place()}{condition}{state}, {point.hits} stops\n")
        if not self.debugger.breakpoints:
            self.say("no breakpoints\n")

    def _point(self, word: str) -> Breakpoint | None:
        point = self.debugger.breakpoints.get(int(word)) if word.isdigit() else None
        if point is None:
            self.say(f"no breakpoint '{word}'\n")
        return point

    def _do_delete(self, rest: str) -> None:
        for word in rest.split() or [str(number) for number in self.debugger.breakpoints]:
            point = self._point(word)
            if point is not None:
                self.debugger.remove_breakpoint(point.number)

    def _do_enable(self, rest: str, enabled: bool = True) -> None:
        for word in rest.split() or [""]:
            point = self._point(word)
            if point is not None:
                point.enabled = enabled

    def _do_disable(self, rest: str) -> None:
        self._do_enable(rest, False)

    def _do_condition(self, rest: str) -> None:
        word, _, condition = rest.partition(" ")
        point = self._point(word)
        if point is not None:
            point.condition = condition.strip()

    def _do_catch(self, rest: str) -> None:
        if rest in _LEVELS:
            self.debugger.catch = _LEVELS[rest]
        else:
            self.say("usage: catch errors, warnings, info or off\n")

    # --- looking around -----------------------------------------------------------------------------------------------

    def _do_where(self, _rest: str) -> None:
        for i in range(len(self._calls) - 1, -1, -1):
            call = self._calls[i]
            mark = ">" if i == self._at else " "
            self.say(f"{mark} {call.name}  {f'{call.file}:{call.line}' if call.frame is not None else '(native)'}\n")

    def _move(self, rest: str, direction: int) -> None:
        count = int(rest) if rest.isdigit() else 1
        at = self._at
        while count:
            at += direction
            if not 0 <= at < len(self._calls):
                self.say("there is no call further out\n" if direction > 0 else "this is the innermost call\n")
                break
            if self._calls[at].frame is not None:
                self._at = at
                count -= 1
        else:
            self._shown = 0
            self._say_where()

    def _do_up(self, rest: str) -> None:
        self._move(rest, 1)

    def _do_down(self, rest: str) -> None:
        self._move(rest, -1)

    def _do_list(self, rest: str) -> None:
        call = self._call()
        unit = self.debugger.unit_of(call)
        if unit is None:
            self.say("no source\n")
            return
        words = rest.replace(",", " ").split()
        if not all(word.isdigit() for word in words) or len(words) > 2:
            self.say("usage: list [FIRST[, LAST]]\n")
            return
        first = int(words[0]) if words else self._shown + 1 if self._shown else max(1, call.line - AROUND)
        last = int(words[1]) if len(words) > 1 else first + 2 * AROUND
        self.say("".join(self._source(call, line) for line in range(first, last + 1)) or "the end of the source\n")
        self._shown = min(last, len(unit.text))
        self._last = "list"

    def _do_print(self, rest: str) -> None:
        if rest:
            self._run(rest)
        else:
            self.say("usage: print EXPR\n")

    def _do_locals(self, _rest: str) -> None:
        call = self._call()
        if call.frame is not None and call.frame.f_locals.get("this") is not None:
            self.say(f"this = {self._text(call.frame.f_locals['this'])}\n")
        for name, value, shared in self.debugger.variables(call):
            self.say(f"{name} = {self._text(value)}{'  (captured)' if shared else ''}\n")

    def _do_globals(self, _rest: str) -> None:
        for name, value in self.debugger.globals():
            if not is_native(value):
                self.say(f"{name} = {self._text(value)}\n")

    def _do_threads(self, _rest: str) -> None:
        for number, state, calls, running in self.debugger.threads():
            inner = self._stop.calls if running else calls
            place = next((f"{call.name}  {call.file}:{call.line}" for call in inner if call.frame is not None), "-")
            name = "main" if not number else f"thread {number}"
            self.say(f"{'>' if running else ' '} {number}  {name}: {place}" + (f"  ({state})" if state else "") + "\n")

    def _do_thread(self, rest: str) -> None:
        for number, _, calls, running in self.debugger.threads():
            if rest == str(number):
                calls = self._stop.calls if running else calls
                if any(call.frame is not None for call in calls):
                    self._look_at(calls)
                    self._say_where()
                else:
                    self.say("it runs no script function\n")
                return
        self.say(f"no thread '{rest}'\n")

    def _do_help(self, _rest: str) -> None:
        self.say(HELP)


def _why(stop: Stop) -> str:
    if stop.breakpoint is not None:
        return f"breakpoint {stop.breakpoint.number}: "
    return {"message": "message at ", "interrupt": "\ninterrupted at ", "return": "end of call at "}.get(
        stop.reason, ""
    )
