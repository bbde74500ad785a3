"""What the host sees when a script fails (chapter 12 section 1).

Rule of this file: everything that a script can do wrong is a ScriptError; all of them can be pickled, as executors do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHOWN = 5  # calls at each end of a trace that a Python traceback shows


class ScriptError(Exception):
    """An Error ended the top-level code. `trace` is a list of (function, file, line), outermost first.

    Python's tracebacks show it below the text, as a note.
    """

    def __init__(self, text: str, trace: list[tuple[str, str, int | None]] | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.trace = trace or []

    @property
    def __notes__(self) -> list[str]:
        notes: list[str] | None = self.__dict__.get("_notes")
        if notes is None:
            notes = self._notes = [_note(self.trace)] if self.trace else []
        return notes  # `add_note` appends to it

    @__notes__.setter
    def __notes__(self, notes: list[str]) -> None:
        self._notes = notes

    def __reduce__(self) -> Any:
        return _again, (type(self), self.args, self.__dict__)


def _note(trace: list[tuple[str, str, int | None]]) -> str:
    """A trace in the form of Python's, the middle of a long one left out."""
    lines = ["Script trace (most recent call last):"]
    for number, (function, file, line) in enumerate(trace):
        if SHOWN <= number < len(trace) - SHOWN:
            if number == SHOWN:
                lines.append(f"  ... {len(trace) - 2 * SHOWN} more calls ...")
        else:
            lines.append(f'  File "{file}"' + ("" if line is None else f", line {line}") + f", in {function}")
    return "\n".join(lines)


def _again(kind: type[ScriptError], args: tuple[Any, ...], state: dict[str, Any]) -> ScriptError:
    made = kind.__new__(kind)
    made.args = args
    made.__dict__.update(state)
    return made


class ScriptSyntaxError(ScriptError):
    """A program that does not compile. `text` has no `[line N] ` prefix; `line` is None where there is none.

    `source` is the program; `trace` is empty.
    """

    def __init__(self, text: str, file: str, line: int | None, source: bytes | None = None) -> None:
        super().__init__(text)
        self.args = (f"{file}:{line}: {text}" if line is not None else f"{file}: {text}",)
        self.file = file
        self.line = line
        self.source = source


class ScriptInterrupted(ScriptError):
    """The host interrupted the script."""


class LimitExceeded(ScriptError):
    """A limit fired; `which` names the field of `Limits`."""

    def __init__(self, text: str, which: str) -> None:
        super().__init__(text)
        self.which = which


class PermissionDenied(ScriptError):
    """A policy denied an operation and was told to end the script."""


class ScriptExit(ScriptError):
    """A script called `app_exit`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit {code}")
        self.code = code
