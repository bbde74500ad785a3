"""The error slot and the names of error numbers (chapter 10 section 1).

Rules: an operation writes the slot once, when it returns to the script: `state.code = 0` on success, `state.fail( … )`
on failure. Only `OSError` and what Python raises for values no system call takes (`FAILURES`) are failures. Arguments
that are refused are a failure too in what chapter 11 adds ("misuse also gives a Warning"); what chapter 10 has leaves
the slot alone then, as it reaches no operating system.
"""

from __future__ import annotations

import errno
import os

from interp.library import error, method

from .state import FAILURES, State, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "ERRNO_NAMES", "FAILURES", "State", "misused", "misused_value", "operation", "socket_error",
    "socket_geterrnobyname", "state",
]  # fmt: skip

ERRNO_NAMES: dict[bytes, int] = {
    name.encode(): value for name, value in vars(errno).items() if name.startswith("E") and type(value) is int
}


def socket_error(as_text: bool) -> int | bytes:
    """The code of the last socket operation, 0 after a success; with `as_text` its text. Chapter 10 section 1."""
    slot = state()
    if not as_text:
        return slot.code
    if slot.code < 0:
        return slot.text
    text = os.strerror(slot.code).encode()
    return text + b": " + slot.text if slot.code and slot.code == slot.explained else text


def socket_geterrnobyname(name: bytes) -> int | None:
    """The number of an errno name such as `EWOULDBLOCK`; an unknown name is an Error and null. Chapter 10 section 1."""
    code = ERRNO_NAMES.get(name)
    if code is None:
        error("this socket errno value is unsupported on this platform")
    return code


# --- refused arguments (chapter 11) -----------------------------------------------------------------------------------


def misused() -> bool:
    """Records that an operation's arguments were refused: EINVAL. Returns False."""
    return state().fail(errno.EINVAL)


def misused_value() -> None:
    """The same for operations that give a value: returns None."""
    state().fail(errno.EINVAL)


def operation(signature: str, refused: Callable[[], Any] = misused, **options: Any) -> Callable[[Any], Any]:
    """`interp.library.method` for the operations of chapter 11."""
    return method(signature, refused=refused, **options)
