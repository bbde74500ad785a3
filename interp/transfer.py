"""Script functions as data: what stands for one in the streams of `serialize` (chapter 04 section 7.5).

Rules of this file: a function travels as source text, never as code of the host, and comes back through the compiler;
the bytes are untrusted, and whatever does not fit is None. Only engines that opt in install these (`Engine(
data_functions=True )`).
"""

from __future__ import annotations

import re
import struct
from types import FunctionType

from .compiler.pipeline import CompileError
from .runtime.calls import call
from .runtime.functions import captured_names, source_text
from .syntax.nodes import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .engine import Compiler

_HEAD = struct.Struct("<IHHH")  # line, lengths of the name, the file and the captured names
_ANONYMOUS = "<anonymous function>"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?|<main>|")
_CAPTURED = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*(?:,(?!$)|$))*")
_LINE_MAX = 1 << 24  # the host's line numbers have room for more


def pack(function: Any) -> bytes | None:
    """The bytes that stand for a script function; None where its text is not known."""
    text = source_text(function)
    if text is None:
        return None
    code = function.__code__
    name = "" if code.co_name == _ANONYMOUS else code.co_name
    words = name, code.co_filename, ",".join([used.removesuffix("$") for used in captured_names(function)])
    parts = [word.encode("utf-8", "surrogateescape") for word in words]
    if max(map(len, parts)) > 0xFFFF:
        return None
    return _HEAD.pack(code.co_firstlineno, *map(len, parts)) + b"".join(parts) + text


def unpack(data: bytes, compiler: Compiler) -> Any:
    """The function that bytes stand for, a closure with variables of its own; None for faulty bytes."""
    if len(data) < _HEAD.size:
        return None
    line, *sizes = _HEAD.unpack_from(data)
    at = _HEAD.size
    words = []
    for size in sizes:
        words.append(data[at : at + size].decode("utf-8", "surrogateescape"))
        at += size
    name, file, captured = words
    if at > len(data) or not 1 <= line <= _LINE_MAX or "\0" in file:
        return None
    if not _NAME.fullmatch(name) or not _CAPTURED.fullmatch(captured):
        return None
    try:
        unit = compiler.load_function(data[at:], Origin(name, file, line, captured.split(",") if captured else []))
    except CompileError:
        return None
    function = unit if name == "<main>" else call(unit, None)
    return function if type(function) is FunctionType else None
