"""What a host gives its scripts: functions and classes (chapter 12 sections 1 and 3).

Rules of this file: there is no bridge to Python's attributes: a script reaches exactly the names the host declared, and
an object that was not declared is opaque. A Python exception becomes `HostRaised`, which no script and no native stops;
inside `pcall` and `@` it is an Error of the language instead.
"""

from __future__ import annotations

from .boundary import MOST, short_native
from .library import Object, Spec, warning
from .library import type_name as text_of
from .limits import Stop
from .runtime.messages import NATIVE_CODES, error, live_handler
from .runtime.state import HostRaised, ScriptStop, current
from .runtime.values import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .convert import Converter
    from .engine import Engine


def _failed(problem: Exception) -> Any:
    """A host function raised: the language's Error where `pcall` or `@` wants it, else on to the host."""
    context = current()
    guard = context.world.ports.guard
    if guard is not None and type(guard.state) is Stop:
        raise ScriptStop(guard.state.text, guard.state.which) from None
    context.handler = live_handler(context.handler)
    if context.suppress or context.handler is not None:
        try:
            text = f"{type(problem).__name__}: {problem}"
        except Exception:
            text = f"{type(problem).__name__}: (its text cannot be had)"
        return error(text.encode("utf-8", "replace"))
    raise HostRaised(problem) from None


def host_function(convert: Converter, function: Callable[..., Any], name: str | None = None) -> Any:
    """The native function for a Python callable: arguments and result are converted, a tuple is several results."""
    if name is None:
        name = getattr(function, "__name__", None) or type(function).__name__
    spec = Spec(name, f"{name}( ... )", function, None, False, True, None, {})
    to_python, to_script = convert.to_python, convert.to_script

    def several(args: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            result = function(*[to_python(value) for value in args])
            if type(result) is tuple:
                return tuple([to_script(value) for value in result])
            return (to_script(result),)
        except Exception as problem:
            return (_failed(problem),)

    def first(result: Any) -> Any:
        if type(result) is tuple:
            return to_script(result[0]) if result else None
        return to_script(result)

    def all_results(this: Any = None, *args: Any) -> tuple[Any, ...]:
        return several(args) if spec is not None else ()  # names `spec`, which traces read from the frame

    utf8 = convert.encoding == "utf-8"
    native = short_native(*_arguments(function), utf8, spec, function, several, first, _failed, to_python)
    NATIVE_CODES.add(native.__code__)
    NATIVE_CODES.add(all_results.__code__)
    spec.multi = all_results
    native.spec = spec
    native.body = function
    native.__doc__ = None
    return native


def _arguments(function: Any) -> tuple[int, bool]:
    """How many arguments the function declares, for its shortcut, and whether it may take more."""
    code = getattr(function, "__code__", None)
    bound = 0
    if code is None:
        code = getattr(getattr(function, "__func__", None), "__code__", None)
        bound = 1
    if code is None:
        return 1, True
    count = max(code.co_argcount - bound, 0)
    return min(count, MOST), bool(code.co_flags & 4) or count > MOST


class HostObject(Object):
    """A host object in a script's hands."""

    __slots__ = ("held",)
    type_name = "host_object"

    def __init__(self, held: Any) -> None:
        self.held = held

    def host_value(self) -> Any:
        """The object itself, for the host."""
        return self.held

    def compare(self, other: Any) -> int | None:
        return 0 if isinstance(other, HostObject) and other.held is self.held else None


class Opaque(HostObject):
    """An object of a type nobody exposed: to be held and handed back, nothing more."""

    __slots__ = ()


class _Class(Object):
    """The global of an exposed class that scripts may construct: `Name( … )` and `new Name( … )`."""

    __slots__ = ("native", "type_name")

    def __init__(self, name: str, native: Any) -> None:
        self.type_name = name
        self.native = native

    def call(self, this: Any, *args: Any) -> tuple[Any, ...]:
        return self.native.spec.multi(None, *args)[:1]

    def construct(self, *args: Any) -> Any:
        return self.native.spec.multi(None, *args)[0]


def exposed_type(
    convert: Converter, cls: type, name: str, methods: Sequence[str], properties: Sequence[str]
) -> type[HostObject]:
    """The script type that stands for a host class; ValueError for names that must not or cannot be exposed."""
    if isinstance(methods, str) or isinstance(properties, str):
        raise TypeError("methods and properties are sequences of names")
    for member in (*methods, *properties):
        if not isinstance(member, str) or not member.isidentifier():
            raise ValueError(f"{member!r} is no name")
        if member.startswith("__") and member.endswith("__"):
            raise ValueError(f"{member!r} cannot be exposed")
        if member in properties:
            if not _declares(cls, member):
                raise ValueError(f"class {cls.__name__} has no {member!r}")
        elif not callable(getattr(cls, member, None)):
            raise ValueError(f"class {cls.__name__} has no method {member!r}")
    members: dict[bytes, Any] = {member.encode(): _method(convert, cls, name, member) for member in methods}
    for member in properties:
        members[member.encode()] = _Property(convert, member, _writable(cls, member))
    body: dict[str, Any] = {"__slots__": (), "type_name": name, "exposed": members}
    for member in methods:
        body["$" + member] = staticmethod(members[member.encode()])
        body[member + "$"] = members[member.encode()]
    return type(name, (_Exposed,), body)


def _declares(cls: type, name: str) -> bool:
    return hasattr(cls, name) or any(name in getattr(base, "__annotations__", ()) for base in cls.__mro__)


def _writable(cls: type, name: str) -> bool:
    """Whether a script may store: plain attributes and properties with a setter, not methods or constants."""
    for base in cls.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            if isinstance(found, property):
                return found.fset is not None
            if type(found).__name__ == "member_descriptor":
                return True
            return not callable(found) and name in getattr(cls, "__annotations__", ())
    return True


def _method(convert: Converter, cls: type, type_name: str, name: str) -> Any:
    def call(self: Any, *args: Any) -> Any:
        return getattr(self, name)(*args)

    spec_name = f"{type_name}.{name}"
    spec = Spec(name, f"{name}( ... )", call, spec_name, False, True, type_name, {})
    to_python, to_script = convert.to_python, convert.to_script

    def several(this: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if not isinstance(this, _Exposed) or not isinstance(this.held, cls):
            warning(f"'this' - expected {type_name}, got {text_of(this)}")
            return (None,)
        try:
            result = getattr(this.held, name)(*[to_python(value) for value in args])
            if type(result) is tuple:
                return tuple([to_script(value) for value in result])
            return (to_script(result),)
        except Exception as problem:
            return (_failed(problem),)

    def all_results(this: Any = None, *args: Any) -> tuple[Any, ...]:
        return several(this, args) if spec is not None else ()

    def native(this: Any = None, *args: Any) -> Any:
        results = several(this, args) if spec is not None else ()
        return results[0] if results else None

    NATIVE_CODES.add(all_results.__code__)
    NATIVE_CODES.add(native.__code__)
    spec.multi = all_results
    native.spec = spec  # type: ignore[attr-defined]
    native.body = call  # type: ignore[attr-defined]
    return native


class _Property:
    __slots__ = ("convert", "name", "writable")

    def __init__(self, convert: Converter, name: str, writable: bool) -> None:
        self.convert = convert
        self.name = name
        self.writable = writable


class _Exposed(HostObject):
    """Base of the types of exposed classes."""

    __slots__ = ()
    exposed: dict[bytes, Any] = {}  # noqa: RUF012 - each type has its own

    def get_index(self, key: Any) -> Any:
        return self._script_member(key)

    def _script_member(self, key: Any) -> Any:
        member = self.exposed.get(key, MISSING) if type(key) is bytes else MISSING
        if type(member) is not _Property:
            return member
        try:
            return member.convert.to_script(getattr(self.held, member.name))
        except Exception as problem:
            return _failed(problem)

    def _set_script_member(self, key: Any, value: Any) -> bool:
        member = self.exposed.get(key, MISSING) if type(key) is bytes else MISSING
        if member is MISSING:
            return False
        if type(member) is not _Property or not member.writable:
            self.refuse_write(key)
            return True
        try:
            setattr(self.held, member.name, member.convert.to_python(value))
        except Exception as problem:
            _failed(problem)
        return True

    def property_names(self) -> list[bytes]:
        return [key for key, member in self.exposed.items() if type(member) is _Property]


def expose(
    engine: Engine, cls: type, name: str, methods: Sequence[str], properties: Sequence[str], constructor: bool
) -> None:
    """Declares a class to an engine (chapter 12 section 3)."""
    if not isinstance(cls, type):
        raise TypeError(f"only classes can be exposed, not {cls!r}")
    convert = engine._convert
    made = exposed_type(convert, cls, name, methods, properties)
    convert.classes[cls] = made
    if constructor:

        def construct(*args: Any) -> Any:
            return cls(*args)

        native = host_function(convert, construct, name)
        namespace = engine._world.namespace
        from .runtime.environment import python_name

        key = python_name(name.encode())
        engine._world.need((key,))
        namespace[key] = _Class(name, native)
