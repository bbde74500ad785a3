"""pysgs: SGScript for Python programs. `Engine` runs scripts; chapter 12 of the specification is its contract.

Rule of this file: names are imported when they are first used, as start-up time counts for the command line.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .engine import Engine
    from .errors import LimitExceeded, PermissionDenied, ScriptError, ScriptExit, ScriptInterrupted, ScriptSyntaxError
    from .limits import Limits
    from .message import Message
    from .program import Program
    from .stats import Stats, ThreadInfo
    from .views import (
        ScriptArray,
        ScriptCancellable,
        ScriptClass,
        ScriptDict,
        ScriptFunction,
        ScriptHandle,
        ScriptMap,
        ScriptObject,
        ScriptSocket,
        ScriptThread,
        ScriptValue,
    )

_HOMES = {
    "Engine": "engine",
    "Stats": "stats",
    "ThreadInfo": "stats",
    "Limits": "limits",
    "Program": "program",
    "Message": "message",
    **dict.fromkeys(
        ("LimitExceeded", "PermissionDenied", "ScriptError", "ScriptExit", "ScriptInterrupted", "ScriptSyntaxError"),
        "errors",
    ),
    **dict.fromkeys(
        ("ScriptArray", "ScriptCancellable", "ScriptClass", "ScriptDict", "ScriptFunction", "ScriptHandle", "ScriptMap",
         "ScriptObject", "ScriptSocket", "ScriptThread", "ScriptValue"), "views"
    ),
}  # fmt: skip

__all__ = [
    "Engine", "LimitExceeded", "Limits", "Message", "PermissionDenied", "Program", "ScriptArray", "ScriptCancellable",
    "ScriptClass", "ScriptDict", "ScriptError", "ScriptExit", "ScriptFunction", "ScriptHandle", "ScriptInterrupted",
    "ScriptMap", "ScriptObject", "ScriptSocket", "ScriptSyntaxError", "ScriptThread", "ScriptValue", "Stats",
    "ThreadInfo",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = f"{__name__}.{home}"
    __import__(home)  # without `importlib`: start-up time counts
    value = globals()[name] = getattr(sys.modules[home], name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
