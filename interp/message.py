"""Messages of scripts as a host receives them (chapter 12 section 2)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger
    from typing import Any

_LEVELS = {b"Info": "info", b"Warning": "warning", b"Error": "error"}


class Message:
    """One message: `level` ("info", "warning", "error"), `text` (bytes), `trace`, `number` (the script's own level).

    `trace` is a list of (function, file, line), outermost first; line is None for natives. When the message is about a
    text that did not compile, `source` is that text and `file` its name, else both are None.
    """

    __slots__ = ("_subject", "_world", "file", "level", "number", "source", "text", "trace")

    def __init__(
        self, kind: bytes, number: int, text: bytes, trace: list[tuple[str, str, int | None]],
        refused: tuple[bytes, bytes, str] | None = None,
    ) -> None:  # fmt: skip
        self.level = _LEVELS[kind]
        self.number = number
        self.text = text
        self.trace = trace
        self.source: bytes | None = None
        self.file: str | None = None
        if refused is not None and text.endswith(refused[0]):
            _, self.source, self.file = refused
        # for the hints of `interp.pretty`, only while the handler runs
        self._world: Any = None
        self._subject: Any = None

    def __repr__(self) -> str:
        return f"Message({self.level!r}, {self.text!r})"

    def __str__(self) -> str:
        """The message as the command line prints it."""
        lines = [
            f'- "{function}" in {file}' + ("" if line is None else f", line {line}")
            for function, file, line in self.trace
        ]
        return "\n".join([*lines, f"{self.level.capitalize()}: {self.text.decode('utf-8', 'replace')}"])


def trace_of(frames: list[Any]) -> list[tuple[str, str, int | None]]:
    """Frames of the runtime as texts."""
    return [
        (name.decode("utf-8", "replace"), file.decode("utf-8", "surrogateescape"), line) for name, file, line in frames
    ]


def log_handler(logger: Logger) -> Callable[[Message], Any]:
    """A handler that gives messages to a logger, with the trace in the record's `script_trace`."""
    numbers = {"info": 20, "warning": 30, "error": 40}

    def handle(message: Message) -> None:
        text = message.text.decode("utf-8", "replace")
        logger.log(numbers[message.level], "%s", text, extra={"script_trace": message.trace})

    return handle
