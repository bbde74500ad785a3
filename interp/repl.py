"""The prompt: `sgs` without arguments on a terminal.

Rules of this file: it is only imported when somebody sits at a terminal; with `prompt_toolkit` it edits, completes and
colours, without it reads lines as any program does. While the prompt waits, threads and socket watches go on, and what
they print appears above the line being typed. Ctrl-C belongs to the script while one runs, else to the line.
"""

from __future__ import annotations

import gc
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from time import monotonic
from typing import Any, BinaryIO

from .engine import Engine
from .errors import ScriptExit
from .session import HELP, Interrupt, Quit, Session, completions, is_complete

PROMPT, MORE = "sgs> ", "...> "
TICK = 0.01  # seconds that threads and watches may wait while a line is being typed


class Screen:
    """The engine's output: the terminal, or what stands in for it while a prompt is on it."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw
        self.above: Any = None
        self.at_start = True

    def write(self, data: Any) -> int:
        """Takes bytes."""
        if self.above is not None:
            self.above.write(bytes(data).decode("utf-8", "replace"))
        else:
            self.raw.write(data)
        if data:
            self.at_start = data[-1:] == b"\n"
        return len(data)

    def flush(self) -> None:
        """Shows what was written."""
        if self.above is None:
            self.raw.flush()

    def begin_line(self) -> None:
        """Ends an unfinished line: a prompt starts at the left."""
        if not self.at_start:
            self.write(b"\n")
        self.flush()


class Prompt:
    """Reads inputs and runs them in a session until the end."""

    def __init__(self, make: Callable[[Any, Any], Engine], stdin: BinaryIO, stdout: BinaryIO) -> None:
        self.screen = Screen(stdout)
        self.stdin = stdin
        self.session = Session(lambda: make(self.screen, self.screen), self.show)
        self.before = monotonic()
        self.read: Callable[[], str] = self._plain_reader()
        if find_spec("prompt_toolkit") is not None and find_spec("pygments") is not None:
            self.read = self._rich_reader()

    def show(self, text: str) -> None:
        """Writes a text of the prompt's own."""
        self.screen.write(text.encode("utf-8", "surrogateescape"))

    def run(self, version: str) -> int:
        """The whole conversation; the exit status."""
        gc.enable()  # a short script does without, a long conversation does not
        signal.signal(signal.SIGINT, self._on_interrupt)
        self.show(f"{version}:help shows what the prompt can do, Ctrl-D ends it.\n")
        try:
            while True:
                try:
                    self.screen.begin_line()
                    text = self.read()
                    self.session.enter(text)
                except (KeyboardInterrupt, Interrupt):
                    self.screen.begin_line()
                    self.show("Interrupted\n")
        except (Quit, EOFError):
            return 0
        except ScriptExit as end:
            return end.code & 0xFF
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.screen.begin_line()
            self.session.engine.close()

    def _on_interrupt(self, _number: int, _frame: Any) -> None:
        self.session.interrupt()

    # --- while the prompt waits ---------------------------------------------------------------------------------------

    def pump(self) -> float | None:
        """Gives threads and watches a turn; how long the terminal may be waited for, None for ever."""
        session = self.session
        now = monotonic()
        passed, self.before = now - self.before, now
        try:
            busy = session.pump(passed, TICK)
        except Interrupt:
            self.show("Interrupted\n")
            return 0.0
        if busy:
            return TICK
        return None if session.engine.thread_count == 0 else TICK

    def wait_for_input(self, descriptor: int, ready: Callable[[], bool]) -> None:
        """Returns when there is something to read; threads and watches go on until then."""
        self.before = monotonic()
        while not ready():
            with _interruptible(self.stdin.fileno()):
                timeout = self.pump()
            if not ready():
                select.select([descriptor], [], [], timeout)

    # --- without prompt_toolkit ---------------------------------------------------------------------------------------

    def _plain_reader(self) -> Callable[[], str]:
        try:
            import readline
        except ImportError:
            pass
        else:
            readline.set_completer(self._readline_completer())
            readline.set_completer_delims(" \t\n()[]{},;:=+-*/%&|^~!<>?$@.")
            readline.parse_and_bind("tab: complete")
            _readline_history(readline)
        return self._read_plain

    def _readline_completer(self) -> Callable[[str, int], str | None]:
        import readline

        def complete(_text: str, number: int) -> str | None:
            found = completions(self.session.engine, readline.get_line_buffer()[: readline.get_endidx()])
            return found[number][0] if number < len(found) else None

        return complete

    def _read_plain(self) -> str:
        text = self._read_line(PROMPT)
        while not text.startswith(":") and not is_complete(text):
            more = self._read_line(MORE)
            text += "\n" + more
            if not more.strip():
                break
        return text

    def _read_line(self, prompt: str) -> str:
        if self.pump() is None:
            return input(prompt)
        # readline would not let anything else run: the terminal's own line editing does
        self.show(prompt)
        self.screen.flush()
        descriptor = self.stdin.fileno()
        self.wait_for_input(descriptor, lambda: bool(select.select([descriptor], [], [], 0)[0]))
        self.screen.at_start = True
        line = self.stdin.readline()
        if not line:
            raise EOFError
        return line.decode("utf-8", "surrogateescape").rstrip("\n")

    # --- with prompt_toolkit ------------------------------------------------------------------------------------------

    def _rich_reader(self) -> Callable[[], str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.history import FileHistory, InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings
        from prompt_toolkit.layout.processors import TabsProcessor
        from prompt_toolkit.lexers import PygmentsLexer
        from prompt_toolkit.patch_stdout import StdoutProxy

        from .highlight import SgsLexer

        prompt = self

        class Words(Completer):
            def get_completions(self, document: Any, _event: Any) -> Iterator[Completion]:
                for word, replaced, note in completions(prompt.session.engine, document.text_before_cursor):
                    yield Completion(word, start_position=-replaced, display_meta=note)

        keys = KeyBindings()

        @Condition
        def unfinished() -> bool:
            buffer = line.default_buffer
            text = buffer.text
            # an empty line in the middle of something ends it, to see what is wrong with it
            gave_up = text.endswith("\n") and buffer.document.is_cursor_at_the_end
            return not (gave_up or text.strip()[:1] in ("", ":") or is_complete(text))

        @keys.add("enter", filter=unfinished)
        def _(event: Any) -> None:
            event.current_buffer.insert_text("\n")

        path = history_file()
        line: PromptSession[str] = PromptSession(
            history=FileHistory(path) if path else InMemoryHistory(),
            completer=Words(),
            complete_while_typing=False,
            lexer=PygmentsLexer(SgsLexer),
            key_bindings=keys,
            input_processors=[TabsProcessor(char1=" ", char2=" ")],  # pasted code has them
            prompt_continuation=MORE,
        )

        def read() -> str:
            self.screen.begin_line()
            proxy = StdoutProxy(raw=True)
            self.screen.above = proxy
            try:
                return line.prompt(PROMPT, inputhook=self._input_hook, handle_sigint=False)
            finally:
                self.screen.above = None
                proxy.close()

        return read

    def _input_hook(self, context: Any) -> None:
        """Called by prompt_toolkit when it has nothing to do, until there is input."""
        try:
            self.wait_for_input(context.fileno(), context.input_is_ready)
        except KeyboardInterrupt:
            from prompt_toolkit.application import get_app

            get_app().exit(exception=KeyboardInterrupt())


@contextmanager
def _interruptible(descriptor: int) -> Iterator[None]:
    """Lets Ctrl-C be a signal again: a thread that never pauses could not be stopped with a key that nobody reads."""
    import termios

    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield
        return
    changed = list(before)
    changed[3] |= termios.ISIG
    termios.tcsetattr(descriptor, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def history_file() -> str | None:
    """The file of earlier inputs, for this user's eyes only; None where there is no place for it."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    folder = os.path.join(base, "pysgs")
    path = os.path.join(folder, "history")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        return None
    return path


def _readline_history(readline: Any) -> None:
    path = history_file()
    if path is None:
        return
    path += "-plain"
    try:
        readline.read_history_file(path)
    except OSError:
        pass
    import atexit

    def save() -> None:
        try:
            readline.write_history_file(path)
        except OSError:
            pass

    atexit.register(save)


def run(make: Callable[[Any, Any], Engine], stdin: BinaryIO, stdout: BinaryIO, version: str) -> int:
    """Talks to the person at the terminal; the exit status.

    `make( stdout, stderr )` gives the engine; it must leave strings as bytes. `version` is the first line shown.
    """
    return Prompt(make, stdin, stdout).run(version)


__all__ = ["HELP", "run"]
