"""Closures with metamethods enabled: who calls one calls the `__call` of its meta-objects (chapter 03 section 9.4).

Rule of this file: such a closure runs the code of an *entrance* instead of its own, so that no other call pays for the
possibility. What the code tells (name, place, captured variables, source) stays as it was. Entrances are the only
script code with keyword arguments; traces and the call depth leave their frames out.
"""

from __future__ import annotations

from .calls import call_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _entrance(this: Any, *args: Any, enter: Callable[..., Any]) -> Any:
    return enter(this, *args)


def hook_calls(function: Any, enabled: bool) -> None:
    """Has calls of a closure go to `__call`, or to its own code again."""
    own = function.__dict__
    if enabled == ("hooked" in own):
        return
    if not enabled:
        function.__code__, function.__doc__, twin = own.pop("hooked")
        function.__kwdefaults__ = None
        own.pop("twin")
        if twin is not None:
            own["twin"] = twin
        return

    def all_results(this: Any, *args: Any) -> tuple[Any, ...]:
        return call_object(function, this, args)

    def first_result(this: Any, *args: Any) -> Any:
        results = call_object(function, this, args)
        return results[0] if results else None

    code = function.__code__
    own["hooked"] = code, function.__doc__, own.get("twin")
    stand_in = _entrance.__code__
    function.__code__ = stand_in.replace(
        co_name=code.co_name,
        co_filename=code.co_filename,
        co_firstlineno=code.co_firstlineno,
        co_freevars=code.co_freevars,
        co_consts=(*stand_in.co_consts, *code.co_consts),  # the source stands last
    )
    function.__kwdefaults__ = {"enter": first_result}
    # "closure RESULTS …": whoever wants all results calls the twin
    kind, _results, rest = function.__doc__.split(" ", 2)
    function.__doc__ = f"{kind} many {rest}"
    own["twin"] = all_results
