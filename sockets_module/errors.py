"""The error slot and the names of error numbers (chapter 10 section 1).

Rules: an operation writes the slot once, when it returns to the script: `state.code = 0` on success, `state.fail( … )`
on failure. Only `OSError` and what Python raises for values no system call takes (`FAILURES`) are failures.
"""

from __future__ import annotations

import errno
import os

from interp.library import error

from .state import FAILURES, State, state

__all__ = ["ERRNO_NAMES", "FAILURES", "State", "socket_error", "socket_geterrnobyname", "state"]

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
