"""What the host sees when a script fails (chapter 12 section 1)."""

from __future__ import annotations


class ScriptSyntaxError(Exception):
    """A program that does not compile. `text` has no `[line N] ` prefix; `line` is None where there is none.

    `source` is the program.
    """

    def __init__(self, text: str, file: str, line: int | None, source: bytes | None = None) -> None:
        super().__init__(f"{file}:{line}: {text}" if line is not None else f"{file}: {text}")
        self.text = text
        self.file = file
        self.line = line
        self.source = source


class ScriptError(Exception):
    """An Error ended the top-level code. `trace` is a list of (function, file, line), outermost first."""

    def __init__(self, text: str, trace: list[tuple[str, str, int | None]] | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.trace = trace or []


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
