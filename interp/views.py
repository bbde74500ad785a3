"""Views: how a host sees the containers, functions and objects of a script (chapter 12 section 3).

Rules of this file: a view shows the script's own value, never a copy; two views are equal when they show the same
value; reading needs no running engine, calling does. Stores are plain ones, without hooks.
"""

from __future__ import annotations

from _collections_abc import MutableMapping, MutableSequence
from abc import ABCMeta
from itertools import islice
from types import FunctionType

from .convert import is_class
from .runtime import shapes as _shapes
from .runtime import values as _values
from .runtime.threads import Thread
from .runtime.values import MISSING, Array, Map, Object, Record, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .engine import Engine


SHOWN, NESTED, LONGEST = 6, 2, 60  # items, levels and characters of a text in a `repr`


class _Views(ABCMeta):
    """What counts as a view: instances, and the shortcuts of functions (see `boundary`), which are plain functions."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if type(instance) is FunctionType:
            return (cls is ScriptFunction or cls is ScriptValue) and is_shortcut(instance)
        return cls in type(instance).__mro__


class ScriptValue(metaclass=_Views):
    """Base of all views."""

    __slots__ = ("__weakref__", "_engine", "_value")

    def __init__(self, engine: Engine, value: Any) -> None:
        self._engine = engine
        self._value = value

    def __eq__(self, other: object) -> bool:
        return self._value is other._value if isinstance(other, ScriptValue) else NotImplemented

    def __hash__(self) -> int:
        return id(self._value)

    def __copy__(self) -> Any:
        """A script copy, as the script function `clone` makes it."""
        return self._engine._clone(self._value)

    def __deepcopy__(self, memo: Any) -> Any:
        return deep_copy(self._engine, self._value)

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} belongs to its engine; pickle its copy()")

    @property
    def type_name(self) -> str:
        """What the script's `typeof` calls it, without hooks."""
        from .runtime.convert import type_name

        return type_name(self._value)

    # metamethods decide what these do; without one the script's message is the ScriptError
    def _operate(self, name: str, left: Any, right: Any) -> Any:
        from .runtime import operators

        engine = self._engine
        function = getattr(operators, name)
        to_script = engine._convert.to_script
        return engine._convert.to_python(engine._enter(function, to_script(left), to_script(right)))

    def __add__(self, other: Any) -> Any:
        return self._operate("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._operate("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._operate("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._operate("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._operate("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._operate("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._operate("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._operate("div", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._operate("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._operate("mod", other, self)

    def __neg__(self) -> Any:
        from .runtime.operators import negate

        return self._engine._convert.to_python(self._engine._enter(negate, self._value))

    def __lt__(self, other: Any) -> bool:
        return bool(self._operate("less", self, other))

    def __le__(self, other: Any) -> bool:
        return bool(self._operate("less_equal", self, other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._operate("greater", self, other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._operate("greater_equal", self, other))


class ScriptArray(ScriptValue, MutableSequence):  # type: ignore[type-arg]
    """A script array."""

    __slots__ = ()
    __add__ = __radd__ = __mul__ = __rmul__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, index: Any) -> Any:
        to_python = self._engine._convert.to_python
        if isinstance(index, slice):
            return [to_python(item) for item in list.__getitem__(self._value, index)]
        return to_python(list.__getitem__(self._value, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._engine._check_idle()
        to_script = self._engine._convert.to_script
        if isinstance(index, slice):
            list.__setitem__(self._value, index, [to_script(item) for item in value])
        else:
            list.__setitem__(self._value, index, to_script(value))

    def __delitem__(self, index: Any) -> None:
        self._engine._check_idle()
        _values.capacity(self._value)
        list.__delitem__(self._value, index)

    def insert(self, index: int, value: Any) -> None:
        """Inserts before a position, as `list.insert` does."""
        self._engine._check_idle()
        _values.grow(self._value, 1)
        list.insert(self._value, index, self._engine._convert.to_script(value))

    def copy(self) -> list[Any]:
        """A plain Python deep copy."""
        return deep_copy(self._engine, self._value)

    def __repr__(self) -> str:
        return f"<ScriptArray {_brief(self, NESTED)}>"


def _brief(value: Any, depth: int) -> str:
    """A value in a few words: the first items of containers, `depth` levels of them."""
    if isinstance(value, (str, bytes)):
        return repr(value if len(value) <= LONGEST else value[:LONGEST]) + "..." * (len(value) > LONGEST)
    if isinstance(value, ScriptArray):
        opening, closing, keys = "[", "]", range(min(len(value), SHOWN))
        parts = [_brief(value[key], depth - 1) for key in keys] if depth else []
    elif isinstance(value, _Mapping):
        opening, closing = "{", "}"
        entries = [(key, value[key]) for key in islice(value, SHOWN)] if depth else []
        parts = [f"{_brief(key, 0)}: {_brief(item, depth - 1)}" for key, item in entries]
    else:
        return repr(value)
    more = len(value) - len(parts)
    rest = [] if not more else [f"... {more} more"] if depth else ["..."]
    return opening + ", ".join([*parts, *rest]) + closing


def is_shortcut(function: Any) -> bool:
    """Whether a Python function stands for a script function."""
    return "_engine" in function.__dict__ and "_value" in function.__dict__


class _Mapping(ScriptValue, MutableMapping):  # type: ignore[type-arg]
    """What dicts and maps share."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not MISSING

    def _find(self, key: Any) -> Any:
        raise NotImplementedError

    def __getitem__(self, key: Any) -> Any:
        value = self._find(key)
        if value is MISSING:
            raise KeyError(key)
        return self._engine._convert.to_python(value)

    def copy(self) -> dict[Any, Any]:
        """A plain Python deep copy."""
        return deep_copy(self._engine, self._value)

    def __eq__(self, other: object) -> bool:
        return ScriptValue.__eq__(self, other)

    def __hash__(self) -> int:
        return id(self._value)

    __or__ = __ror__ = __ior__ = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_brief(self, NESTED)}>"


class ScriptDict(_Mapping):
    """A script dict. Keys are texts, in the engine's encoding where they can be decoded."""

    __slots__ = ()

    def _key(self, key: Any) -> bytes | None:
        if isinstance(key, str):
            return self._engine._convert.encode(str(key))
        return bytes(key) if isinstance(key, (bytes, bytearray)) else None

    def _find(self, key: Any) -> Any:
        name = self._key(key)
        return MISSING if name is None else _values.dict_get(self._value, name)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._engine._check_idle()
        name = self._key(key)
        if name is None:
            raise TypeError(f"keys of a dict are texts, not {type(key).__name__}")
        _values.dict_set(self._value, name, self._engine._convert.to_script(value))

    def __delitem__(self, key: Any) -> None:
        self._engine._check_idle()
        name = self._key(key)
        if name is None or _values.dict_get(self._value, name) is MISSING:
            raise KeyError(key)
        _values.dict_unset(self._value, name)

    def __iter__(self) -> Iterator[Any]:
        to_python = self._engine._convert.to_python
        return iter([to_python(key) for key in _values.dict_keys(self._value)])

    def __len__(self) -> int:
        return _values.dict_size(self._value)


class ScriptMap(_Mapping):
    """A script map. Keys keep their type: 1, 1.0 and True are three keys."""

    __slots__ = ()

    def _find(self, key: Any) -> Any:
        try:
            return _values.map_get(self._value, self._engine._convert.to_script(key))
        except TypeError:
            return MISSING

    def __setitem__(self, key: Any, value: Any) -> None:
        self._engine._check_idle()
        to_script = self._engine._convert.to_script
        _values.map_set(self._value, to_script(key), to_script(value))

    def __delitem__(self, key: Any) -> None:
        self._engine._check_idle()
        if self._find(key) is MISSING:
            raise KeyError(key)
        _values.map_unset(self._value, self._engine._convert.to_script(key))

    def __iter__(self) -> Iterator[Any]:
        to_python = self._engine._convert.to_python
        return iter([to_python(key) for key, _ in _values.map_items(self._value)])

    def __len__(self) -> int:
        return _values.map_size(self._value)


class ScriptObject(ScriptDict):
    """An instance of a script class: its own entries, then those of its classes; functions come bound to it."""

    __slots__ = ()

    def _find(self, key: Any) -> Any:
        name = self._key(key)
        if name is None:
            return MISSING
        return _shapes.find_in_chain(self._value, name)

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return (
            value.bound_to(self) if isinstance(value, ScriptFunction) and not isinstance(value, ScriptClass) else value
        )

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Calls the object's `__call`."""
        return self._engine.call(self, *args, **options)


class ScriptHandle(ScriptValue):
    """Any other script value: a host can hold it and hand it back."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<ScriptHandle of type {self.type_name}>"


class ScriptThread(ScriptHandle):
    """A script thread or coroutine."""

    __slots__ = ()

    @property
    def state(self) -> str:
        """`fresh`, `active`, `suspended`, `parked` (in a socket operation) or `finished`."""
        return self._value.context.state

    @property
    def was_aborted(self) -> bool:
        """Whether it was ended by an abort."""
        return self._value.context.was_aborted

    def resume(self, *args: Any) -> Any:
        """Goes on with it; what it yields or returns: None, one value, or a tuple."""
        engine = self._engine
        return engine._results(engine.call_multi(engine.globals["co_resume"], self, *args))

    def abort(self) -> None:
        """Ends it without running any of its code."""
        self._engine.call("abort", self)

    def __repr__(self) -> str:
        return f"<ScriptThread {self.state}>"


class ScriptSocket(ScriptHandle):
    """A socket of a script."""

    __slots__ = ()

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return self._value.fileno()

    def close(self) -> None:
        """Closes it."""
        self._engine._enter(self._value.close)

    @property
    def read_ahead(self) -> bytes:
        """Bytes that were received already and stay behind when the socket is detached: take them before."""
        return bytes(self._value.ahead or b"")

    def detach(self) -> Any:
        """The socket as a Python `socket.socket`, which owns it from now on; OSError when it is closed already."""
        import errno
        import socket

        family, kind, protocol = (int(getattr(self._value.endpoint, name)) for name in ("family", "type", "proto"))
        descriptor = self._engine._enter(self._value.detach)[0]
        if descriptor is None:
            raise OSError(errno.EBADF, "the socket is closed")
        return socket.socket(family, kind, protocol, fileno=descriptor)

    def __repr__(self) -> str:
        return f"<ScriptSocket {self.fileno()}>"


class ScriptCancellable(ScriptHandle):
    """A script's `socket_cancellable()`. Unlike other values it may be used from any OS thread, at any time."""

    __slots__ = ()

    def cancel(self) -> None:
        """Ends the operations of all sockets that carry it with ECANCELED, also one that is waiting now."""
        self._value.cancel()

    def reset(self) -> None:
        """Lets operations begin again."""
        self._value.reset()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled and not reset since."""
        return bool(self._value.cancelled)

    def __repr__(self) -> str:
        return f"<ScriptCancellable {'cancelled' if self.cancelled else 'waiting'}>"


class ScriptFunction(ScriptValue):
    """A script function as a Python callable: `f( *args, this=None, timeout=None )` gives its first result.

    `__name__`, `file` and `line` tell where it stands (file and line are None for natives).
    """

    __slots__ = ("_this",)

    def __init__(self, engine: Engine, value: Any, this: Any = None) -> None:
        super().__init__(engine, value)
        self._this = this

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._engine.call(self, *args, **{"this": self._this, **options})

    def multi(self, *args: Any, **options: Any) -> tuple[Any, ...]:
        """The same with all results as a tuple."""
        return self._engine.call_multi(self, *args, **{"this": self._this, **options})

    def bound_to(self, this: Any) -> ScriptFunction:
        """The same function with its `this` given."""
        return ScriptFunction(self._engine, self._value, this)

    @property
    def __name__(self) -> str:
        spec = self._value.__dict__.get("spec")
        if spec is not None:
            return spec.name
        return self._value.__code__.co_name

    @property
    def file(self) -> str | None:
        """The file of the function's code."""
        return None if "spec" in self._value.__dict__ else self._value.__code__.co_filename

    @property
    def line(self) -> int | None:
        """The line where the function begins."""
        return None if "spec" in self._value.__dict__ else self._value.__code__.co_firstlineno

    def __repr__(self) -> str:
        return f"<ScriptFunction {self.__name__}>"


class ScriptClass(ScriptFunction):
    """A script class: calling it is `new`; its entries are items."""

    __slots__ = ()

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._engine._construct(self._value, args, **options)

    @property
    def __name__(self) -> str:
        return _values.dict_get(self._value, b"__name", b"?").decode("utf-8", "replace")

    @property
    def file(self) -> str | None:
        """The file of the class, where it has a function to tell."""
        code = self._code()
        return None if code is None else code.co_filename

    @property
    def line(self) -> int | None:
        """The line of the class's first function."""
        code = self._code()
        return None if code is None else code.co_firstlineno

    def _code(self) -> Any:
        for _, value in _values.dict_items(self._value):
            if type(value) is FunctionType and "spec" not in value.__dict__:
                return value.__code__
        return None

    def __getitem__(self, key: Any) -> Any:
        value = self._find(key)
        if value is MISSING:
            raise KeyError(key)
        return self._engine._convert.to_python(value)

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not MISSING

    def __setitem__(self, key: Any, value: Any) -> None:
        self._engine._check_idle()
        name = self._engine._convert.encode(key) if isinstance(key, str) else bytes(key)
        _values.dict_set(self._value, name, self._engine._convert.to_script(value))

    def _find(self, key: Any) -> Any:
        name = self._engine._convert.encode(key) if isinstance(key, str) else key
        return _shapes.find_in_chain(self._value, name) if type(name) is bytes else MISSING

    def __repr__(self) -> str:
        return f"<ScriptClass {self.__name__}>"


BASES = (ScriptValue,)


def view_of(engine: Engine, value: Any) -> Any:
    """The view that shows a script value which is no number, text or null."""
    if type(value) is FunctionType:
        from .boundary import fast_function

        return fast_function(engine, value)
    if isinstance(value, Array):
        return ScriptArray(engine, value)
    if isinstance(value, (Record, Table)):
        if is_class(value):
            return ScriptClass(engine, value)
        return ScriptDict(engine, value) if value.meta is None else ScriptObject(engine, value)
    if isinstance(value, Map):
        return ScriptMap(engine, value)
    if type(value) is Thread:
        return ScriptThread(engine, value)
    if isinstance(value, Object) and value.type_name == "socket" and hasattr(value, "endpoint"):
        return ScriptSocket(engine, value)
    if isinstance(value, Object) and value.type_name == "socket_cancellable" and hasattr(value, "flag"):
        return ScriptCancellable(engine, value)
    return ScriptHandle(engine, value)


def unwrap(engine: Engine, view: ScriptValue) -> Any:
    """The script value a view shows; TypeError when it belongs to another engine."""
    if view._engine is not engine:
        raise TypeError(f"this {type(view).__name__} belongs to another engine")
    return view._value


def deep_copy(engine: Engine, value: Any) -> Any:
    """Plain Python containers for script containers, cycles and sharing kept; everything else as it crosses."""
    to_python = engine._convert.to_python
    made: dict[int, Any] = {}
    pending: list[tuple[Any, Any]] = []

    def convert(item: Any) -> Any:
        if not isinstance(item, (Array, Table, Record, Map)) or is_class(item):
            return to_python(item)
        known = made.get(id(item))
        if known is None:
            known = made[id(item)] = [] if isinstance(item, Array) else {}
            pending.append((item, known))
        return known

    result = convert(value)
    while pending:
        source, target = pending.pop()
        if isinstance(source, Array):
            target.extend([convert(item) for item in list(source)])
        elif isinstance(source, Map):
            for key, item in _values.map_items(source):
                target[to_python(key)] = convert(item)
        else:
            for key, item in _values.dict_items(source):
                target[to_python(key)] = convert(item)
    return result
