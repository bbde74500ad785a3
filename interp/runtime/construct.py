"""`new`: objects of script classes, at the speed of a call, and of everything else (chapter 02 section 7.1).

Rule of this file: a class whose constructor is a plain script function carries a *maker* as its Python attribute
`construct`, which generated code calls as `Class.construct( args )`; library objects that can be constructed have a
method of that name anyway. Whatever has none takes `construct` here, which is complete.
"""

from __future__ import annotations

from .calls import (
    begun,
    depth_left,
    enter_deep,
    enter_hop,
    enter_native,
    hook_multi,
    leave_hop,
    leave_native,
    stopped,
)
from .kinds import CodeType, FunctionType
from .messages import error
from .shapes import BIND_CODES, find_in_chain, instance_class
from .state import current
from .values import MISSING, Object, Record, is_closure, is_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def construct(callee: Any, *args: Any) -> Any:
    """`new callee( args )`."""
    if type(callee) is FunctionType and not is_closure(callee):
        made = Record()
        hook_multi(callee, made, *args)
        return made
    if not is_object(callee):
        return error(b"new: expected object")
    if isinstance(callee, Object) and hasattr(callee, "construct"):
        return callee.construct(*args)
    made = instance_class(callee, True)()
    constructor = find_in_chain(callee, b"__construct")
    if constructor is not MISSING:
        hook_multi(constructor, made, *args)
    return made


def construct_slow(exc: BaseException, callee: Any, *args: Any) -> Any:
    """After `exc` stopped `callee.construct( args )`: makes the object by the rules, or raises `exc` again."""
    if begun(exc, _CODES):
        return stopped(exc)
    if type(exc) is RecursionError:
        return enter_deep(construct, callee, args)
    context = current()
    enter_hop(context)
    try:
        return construct(callee, *args)
    finally:
        leave_hop(context)


# --- makers -----------------------------------------------------------------------------------------------------------

# What code refers to when it may call scripts or natives other than by a hook, and so suspend the running thread.
_CALLS = frozenset(("$call_x", "$method_x", "$not_begun", "$construct_x", "$call_n", "$sync_begin", "$sync_wait"))

_LEAF = """
def maker( cls, constructor ):
    def construct( meta{params} ):
        made = cls()
        constructor( made{args} )
        return made
    return construct
"""

# nothing may suspend across a constructor
_GENERAL = """
def maker( cls, constructor ):
    def construct( meta{params} ):
        made = cls()
        context = current()
        if not depth_left( context ):
            raise RecursionError
        enter_native( context )
        try:
            constructor( made{args} )
        finally:
            leave_native( context )
        return made
    return construct
"""

_makers: dict[tuple[int, bool], Callable[..., Any]] = {}
_CODES: set[CodeType] = set(BIND_CODES)  # of frames in which no constructor has begun yet


def maker(cls: type, constructor: Any) -> Any:
    """What makes instances of a class with this constructor (MISSING: with none); None where `construct` must."""
    if constructor is MISSING:
        return lambda meta, *args: cls()
    if type(constructor) is not FunctionType or "spec" in constructor.__dict__ or constructor.__code__.co_flags & 4:
        return None
    code = constructor.__code__
    kind = (code.co_argcount - 1, is_leaf(code))
    if kind not in _makers:
        names = [f"a{i}" for i in range(kind[0])]
        params = "".join(f", {name}=None" for name in names)
        args = "".join(f", {name}" for name in names)
        namespace: dict[str, Any] = {
            "current": current, "depth_left": depth_left, "enter_native": enter_native, "leave_native": leave_native,
        }  # fmt: skip
        exec((_LEAF if kind[1] else _GENERAL).format(params=params, args=args), namespace)
        _makers[kind] = namespace["maker"]
    made = _makers[kind](cls, constructor)
    _CODES.add(made.__code__)
    return made


def is_leaf(code: CodeType) -> bool:
    """Whether script code contains no call, so that only hooks can run other code, who see to themselves."""
    return _CALLS.isdisjoint(code.co_names) and not any(type(const) is CodeType for const in code.co_consts)
