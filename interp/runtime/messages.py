"""Messages: levels, stack traces, handlers, and what an Error does (chapters 02 section 10 and 04 section 1).

Rules of this file: a message is a call that may return; only the handler in force decides whether it raises
`ScriptAbort`. The trace is read from the Python frames: script frames are those whose globals are the engine's
namespace, native frames those of the wrappers in `NATIVE_CODES`.
"""

from __future__ import annotations

import sys

from .state import ERROR, WARNING, ScriptAbort, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from .state import Context


class Codes:
    """A set of code objects by identity: their own hash looks at every instruction."""

    __slots__ = ("_codes",)

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}

    def add(self, code: CodeType) -> None:
        self._codes[id(code)] = code

    def __contains__(self, code: CodeType) -> bool:
        return id(code) in self._codes


# Code objects of the wrappers that stand for native functions; each has its `spec` as a local or free variable.
NATIVE_CODES = Codes()

# Code objects of bodies that rename the native frame around them; each has a local `frame_name`.
RENAMING_CODES = Codes()

# Host functions with this beginning of a name are parts of the script function around them.
OUTLINED = "$loop"

Frame = tuple[bytes, bytes, "int | None"]


class Place(int):
    """The line of a script frame that also knows the instruction at work: `code` and `offset`, as Python counts it.

    People's messages find the column through it; everybody else sees the number.
    """

    code: CodeType
    offset: int

    def __new__(cls, line: int, code: CodeType, offset: int) -> Place:
        made = super().__new__(cls, line)
        made.code = code
        made.offset = offset
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return int, (int(self),)  # code stays where it is


def stack(
    frame: FrameType | None, namespace: dict[str, Any], whole: bool = False, places: bool = False
) -> tuple[list[Frame], bytes | None]:
    """The active calls, outermost first, as (function, file, line), and the innermost native function's name.

    An innermost native frame gives the prefix name, and is in the list only when the `whole` stack is wanted. The line
    of native frames is None; with `places` the others are a `Place`.
    """
    frames: list[Frame] = []
    innermost: bytes | None = None
    first = True
    rename: bytes | None = None
    copied = False  # whether the frame before ran a closed copy: its caller is the same call in general code
    inner: CodeType | None = None  # what the frame before ran
    while frame is not None:
        code = frame.f_code
        if code in NATIVE_CODES:
            copied = False
            spec = frame.f_locals["spec"]
            if first:
                innermost = rename if rename is not None else spec.display
                first = False
                if whole:
                    frames.append((innermost, b"[C code]", None))
            else:
                # those without a name have it while their arguments are converted
                nameless = spec.nameless and inner is spec.body.__code__
                name = rename if rename is not None else (b"[C function]" if nameless else spec.display)
                frames.append((name, b"[C code]", None))
            rename = None
        elif code in RENAMING_CODES:
            rename = frame.f_locals.get("frame_name") or rename
        elif frame.f_globals is namespace and not code.co_kwonlyargcount:  # see hooked.py
            first = False
            line = Place(frame.f_lineno, code, frame.f_lasti) if places else frame.f_lineno
            while frame.f_code.co_name.startswith(OUTLINED) and frame.f_back is not None:
                frame = frame.f_back
            code = frame.f_code
            if copied and not is_closed_copy(code):
                copied = False
                frame = frame.f_back
                continue
            copied = is_closed_copy(code)
            frames.append((code.co_name.encode(), code.co_filename.encode("utf-8", "surrogateescape"), line))
        inner = code
        frame = frame.f_back
    frames.reverse()
    return frames, innermost


def is_closed_copy(code: CodeType) -> bool:
    """Whether code is a closed copy (`interp.compiler.closed`): all other script functions begin with `this`."""
    return code.co_argcount > 0 and code.co_varnames[0] != "this"


def innermost_native(frame: FrameType | None, namespace: dict[str, Any]) -> bytes | None:
    """The name of the native function that runs, None when the script's own code does; what `stack` gives as second."""
    rename: bytes | None = None
    while frame is not None:
        code = frame.f_code
        if code in NATIVE_CODES:
            name: bytes = frame.f_locals["spec"].display
            return name if rename is None else rename
        if code in RENAMING_CODES:
            rename = frame.f_locals.get("frame_name") or rename
        elif frame.f_globals is namespace and not code.co_kwonlyargcount:
            return None
        frame = frame.f_back
    return None


def format_frames(frames: list[Frame]) -> bytes:
    lines = []
    for name, file, line in frames:
        if line is None:
            lines.append(b'- "%b" in %b\n' % (name, file))
        else:
            lines.append(b'- "%b" in %b, line %d\n' % (name, file, line))
    return b"".join(lines)


class Handler:
    """One link of a context's handler chain. `alive` ends with the `pcall` that made it."""

    __slots__ = ("alive", "function", "outer")

    def __init__(self, function: Any, outer: Handler | None) -> None:
        self.function = function
        self.outer = outer
        self.alive = True


def live_handler(handler: Handler | None) -> Handler | None:
    while handler is not None and not handler.alive:
        handler = handler.outer
    return handler


def message(level: int, text: bytes, prefix: bool = True, whole: bool = False) -> None:
    """Emits a message from here. Returns when the script goes on, raises `ScriptAbort` when it does not.

    `prefix` puts the innermost native function's name before the text; `whole` shows that function in the trace, too
    (it is calling something).
    """
    context = current()
    if level < context.replevel or context.suppress:
        return
    if prefix:
        innermost = innermost_native(sys._getframe(1), context.world.namespace)
        if innermost is not None:
            text = innermost + b"(): " + text
    context.handler = live_handler(context.handler)
    _deliver(context, context.handler, level, text, whole)


def _deliver(context: Context, handler: Handler | None, level: int, text: bytes, whole: bool) -> None:
    if handler is None:
        _default(context, level, text, whole)
        return
    if handler.function is None:
        return
    from .calls import hook_multi
    from .convert import to_int

    before = context.handler
    context.handler = live_handler(handler.outer)
    try:
        results = hook_multi(handler.function, None, level, text)
    finally:
        context.handler = before
    new_level = to_int(results[0]) if results else 0
    if new_level > 0:
        _deliver(context, live_handler(handler.outer), new_level, text, whole)


def _default(context: Context, level: int, text: bytes, whole: bool) -> None:
    world = context.world
    frames, _ = stack(sys._getframe(1), world.namespace, whole, world.message_hook is not None or level >= ERROR)
    kind = b"Error" if level // 100 >= 3 else b"Warning" if level // 100 == 2 else b"Info"
    if world.message_hook is not None:
        if world.message_hook(kind, level, text, frames):
            return
    else:
        world.streams.errors(format_frames(frames) + kind + b": " + text + b"\n")
    if level >= ERROR:
        world.error_seen = True
        world.last_error = (frames, text)
        raise ScriptAbort(error=True)


def warning(text: bytes | str) -> Any:
    """Emits a Warning. Returns None, so that a native can `return warning( … )`."""
    message(WARNING, text if type(text) is bytes else text.encode())  # type: ignore[union-attr]


def error(text: bytes | str) -> Any:
    """Emits an Error; raises `ScriptAbort` unless a handler or `@` lets the script go on, then returns None."""
    message(ERROR, text if type(text) is bytes else text.encode())  # type: ignore[union-attr]
