"""The helper names of generated code: every global with a `$` that a script's code can load.

Rule of this file: `TABLE` is the whole contract between `interp.compiler` and the runtime.
"""

from __future__ import annotations

from . import access, calls, convert, operators
from .construct import construct_slow
from .iterators import NotIterable, dict_steps, get_iterator
from .kinds import FunctionType
from .messages import error, warning
from .shapes import find_in_chain, instance_class, shape_of
from .state import current
from .values import (
    INDEX_TEXT,
    MISSING,
    Array,
    IteratorError,
    Map,
    Pointer,
    Record,
    Table,
    dict_set,
    is_dict,
    is_object,
    own_keys,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def mute() -> None:
    """`@`: messages are dropped from here …"""
    current().suppress += 1


def unmute() -> None:
    """… to here."""
    context = current()
    context.suppress -= 1
    if context.world.overrun:
        calls.mend(context.world)


def make_map(entries: dict[bytes, Any] | None = None) -> Map:
    """A map literal whose keys are all strings."""
    return Map() if entries is None else Map(entries)


def registry() -> Any:
    return current().world.registry


def globals_view() -> Any:
    return current().world.globals_view


def set_globals(value: Any) -> None:
    """`_G = value`."""
    if not (is_dict(value) or isinstance(value, Map)):
        error(b"_G only accepts 'map'/'dict' values")
        return
    from .environment import replace_globals

    replace_globals(current().world, value)


def refuse_write(name: bytes, value: Any) -> None:
    warning(b"cannot change %b" % name)


def declare(name: bytes, function: Any) -> None:
    """A function statement at the top level registers its symbol."""
    current().world.symbol_register(name, function)


def call_n(count: int, function: Any, this: Any, *args: Any) -> tuple[Any, ...]:
    """A call whose first `count` results are wanted."""
    context = current()
    calls.enter_hop(context)
    try:
        results = calls.invoke_multi(function, this, *args)
    except RecursionError as exc:
        calls.overflow(exc)
        results = ()
    finally:
        calls.leave_hop(context)
    if len(results) == count:
        return results
    return (*results[:count], *(None,) * (count - len(results)))


# --- classes ----------------------------------------------------------------------------------------------------------


def class_begin(name: bytes, base: bytes | None) -> Any:
    """The dict of a `class` statement, linked to its base."""
    world = current().world
    made = own_keys(Record())
    dict_set(made, b"__name", name)
    dict_set(made, b"__inherit", base)
    dict_set(made, b"__getindex", world.symbol(b"mm_getindex_router"))
    dict_set(made, b"__setindex", world.symbol(b"mm_setindex_router"))
    world.symbol_register(name, made)
    if base is not None:
        from .environment import global_get

        parent = global_get(world, base)
        if parent is MISSING or not is_object(parent):
            error(b"Class '%b' cannot inherit from '%b' - no such global object" % (name, base))
        else:
            made.__class__ = instance_class(parent, True)
    shape_of(made)  # a meta-object from the start: its functions may be called as methods of its own
    return made


def class_inherited(made: Any, name: bytes, base: bytes | None) -> None:
    """Tells the base about a new class."""
    if base is None or made.meta is None:
        return
    parent = made.meta
    hook = access.lookup(parent, b"__inherited", True)
    if hook is not MISSING:
        calls.hook_multi(hook, parent, name)


def class_member(made: Any, key: bytes, value: Any, symbol: bytes | None) -> None:
    dict_set(made, key, value)
    if symbol is not None:
        current().world.symbol_register(symbol, value)


def tree_base(this: Any, obj: Any, base: bytes) -> None:
    """`decltree`: the base's constructor, if there is one."""
    from .environment import global_get

    parent = global_get(current().world, base)
    if parent is MISSING or not is_object(parent):
        return
    constructor = find_in_chain(parent, b"__construct")
    if constructor is not MISSING:
        calls.hook_multi(constructor, obj)


def tree_close(this: Any, obj: Any, parent: Any, node: Any) -> None:
    """`decltree`: tells the object that a node is complete."""
    hook = access.lookup(obj, b"__close_node", True)
    if hook is not MISSING:
        calls.invoke(hook, obj, parent, node)


# --- foreach ----------------------------------------------------------------------------------------------------------

_NOTHING: tuple[Any, Any, int] = ((), (), 0)


def each(source: Any, wanted: str) -> tuple[Any, Any, int]:
    """What `foreach` runs over: a Python iterator, the array whose size must not change, that size.

    `wanted` is "v", "k" or "kv".
    """
    if isinstance(source, Array):
        if wanted == "v":
            return iter(source), source, len(source)
        if wanted == "k":
            return iter(range(len(source))), source, len(source)
        return enumerate(source), source, len(source)
    if isinstance(source, (Record, Table, Map)):
        return dict_steps(source, wanted), (), 0
    try:
        iterator = get_iterator(source)
    except NotIterable as reason:
        text = str(reason)
    else:
        return _steps(iterator, wanted), (), 0
    error(text)
    error(b"iterator is not an object")
    return _NOTHING


def _steps(iterator: Any, wanted: str) -> Iterator[Any]:
    while True:
        try:
            if not iterator.advance():
                return
            key, value = iterator.data()
        except IteratorError as reason:
            text = str(reason)
            break
        yield value if wanted == "v" else key if wanted == "k" else (key, value)
    error(text)


def each_changed() -> None:
    error(b"array changed size during iteration")


def concat(*values: Any) -> bytes:
    """`a $ b $ …`"""
    try:
        return b"".join(values)
    except TypeError:
        return operators.concat(*values)


def grown(text: bytes) -> None:
    """A large text was joined; engines whose memory is limited have one that accounts for it."""


def fit(value: Any) -> Any:
    """An arithmetic result outside the quick range: reals stay, ints wrap."""
    if type(value) is int:
        if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
            return value
        return convert.wrap(value)
    return value


def bail() -> Any:
    """A closed copy met what it cannot do: the general code computes the call from its start."""
    raise TypeError


def product(one: Any, other: Any) -> Any:
    """The product of two numbers; TypeError for anything else, as an attempt may have no effects."""
    if (type(one) is int or type(one) is float) and (type(other) is int or type(other) is float):
        return fit(one * other)
    raise TypeError


def fitted(value: int) -> int:
    """A closed copy's int beyond the quick range: `bail` where it would wrap."""
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        return value
    raise TypeError


def remainder(left: int, right: int) -> int:
    """`left % right` of ints with the dividend's sign; ZeroDivisionError."""
    value = abs(left) % abs(right)
    return value if left >= 0 else -value


def probe() -> None:
    """An ordinary call, for the host's look at its recursion limit (`interp.compiler.unchecked`)."""


def poll() -> None:
    from ..library import poll as check

    check()


# Natives that generated code has shortcuts for; `$N_name` is set when a library brings the native.
KNOWN_NATIVES = frozenset(("sqrt", "sin", "cos", "toint", "tostring", "string_part", "isset"))


def _of_threads(name: str) -> Any:
    """A helper in `threads`, which the first call loads: most scripts have none."""

    def helper(*values: Any) -> Any:
        from . import threads

        return getattr(threads, name)(*values)

    return helper


TABLE: dict[str, Any] = {
    "$type": type,
    "$len": len,
    "$range": range,
    "$zip": zip,
    "$int": int,
    "$float": float,
    "$bool": bool,
    "$bytes": bytes,
    "$Function": FunctionType,
    "$Record": Record,
    "$Table": Table,
    "$TableType": Table,
    "$texts": INDEX_TEXT,
    "$Map": make_map,
    "$TypeError": TypeError,
    "$AttributeError": AttributeError,
    "$IndexErrors": (IndexError, TypeError, KeyError),
    "$DivErrors": (TypeError, ZeroDivisionError, OverflowError),
    "$TreeErrors": (
        AttributeError,
        TypeError,
        IndexError,
        KeyError,
        ZeroDivisionError,
        OverflowError,
        ValueError,
    ),
    "$CallErrors": calls.CALL_ERRORS,
    "$MethodErrors": calls.BAIL_ERRORS,
    "$BailErrors": calls.BAIL_ERRORS,
    "$bail": bail,
    "$probe": probe,
    "$remainder": remainder,
    "$fitted": fitted,
    "$product": product,
    "$whole": True,
    "$never": False,
    "$push_kept": True,
    "$append": object(),  # stands for the `push` that nobody has replaced
    "$join": b"".join,
    "$stop": False,
    **dict.fromkeys(["$N_" + name for name in KNOWN_NATIVES], MISSING),  # no value of a script: not even null
    "$pointer": Pointer,
    "$add": operators.add,
    "$sub": operators.sub,
    "$mul": operators.mul,
    "$div": operators.div,
    "$mod": operators.mod,
    "$fit": fit,
    "$wrap": convert.wrap,
    "$step": operators.increment,
    "$neg": operators.negate,
    "$invert": operators.invert,
    "$and": operators.bit_and,
    "$or": operators.bit_or,
    "$xor": operators.bit_xor,
    "$shl": operators.shift_left,
    "$shr": operators.shift_right,
    "$lt": operators.less,
    "$le": operators.less_equal,
    "$gt": operators.greater,
    "$ge": operators.greater_equal,
    "$eq": operators.equal,
    "$identical": operators.identical,
    "$cmp": operators.spaceship,
    "$concat": concat,
    "$large": False,
    "$grown": grown,
    "$to_int": convert.to_int,
    "$to_real": convert.to_real,
    "$getprop": access.get_property,
    "$getprop_x": access.get_property_after,
    "$setprop": access.set_property,
    "$setprop_x": access.set_property_after,
    "$getindex": access.get_index,
    "$setindex": access.set_index,
    "$literal_set": access.literal_set,
    "$call_x": calls.call_slow,
    "$method_x": calls.method_after,
    "$not_begun": calls.not_begun,
    "$call_n": call_n,
    "$construct_x": construct_slow,
    "$mute": mute,
    "$unmute": unmute,
    "$globals": globals_view,
    "$registry": registry,
    "$set_globals": set_globals,
    "$refuse_write": refuse_write,
    "$thread_now": _of_threads("thread_now"),
    "$declare": declare,
    "$class_begin": class_begin,
    "$class_inherited": class_inherited,
    "$class_member": class_member,
    "$tree_base": tree_base,
    "$tree_close": tree_close,
    "$each": each,
    "$each_changed": each_changed,
    "$sync_begin": _of_threads("sync_begin"),
    "$sync_test": _of_threads("sync_test"),
    "$race_test": _of_threads("race_test"),
    "$sync_wait": _of_threads("sync_wait"),
    "$poll": poll,
}
