"""Object types of libraries: a class whose members scripts can reach (chapter 04; libraries take them from `library`).

Rule of this file: what a script sees of a type is declared with `method` and `prop`; there is nothing else to reach.
"""

from __future__ import annotations

from .library import TYPES, make_native
from .runtime import values as _values
from .runtime.messages import warning
from .runtime.values import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .library import Spec


class _Method:
    def __init__(self, signature: str, body: Any, options: dict[str, Any]) -> None:
        self.signature = signature
        self.body = body
        self.options = options


def method(
    signature: str, *, display: str | None = None, exact: bool = False, multi: bool = False, raw: bool = False,
    quick: Callable[[Spec], Any] | None = None, refused: Callable[[], Any] | None = None,
) -> Callable[[Any], Any]:  # fmt: skip
    """Decorator for a method scripts can call; options as for `Library.function`. `display` replaces `type.name`.

    quick   for calls where every layer counts: makes the native itself from the `Spec`, with a default for `this` and
            each argument; it does the usual call, leaves the others to `spec.invoke` (as is done for those with more
            arguments), and names `spec`, which traces read from the frame
    """

    def declare(body: Any) -> Any:
        options = {"display": display, "exact": exact, "multi": multi, "raw": raw, "quick": quick, "refused": refused}
        return _Method(signature, body, options)

    return declare


class prop:
    """Decorator for a property of script objects; `@name.setter` gives the write form, called with the raw value."""

    def __init__(self, getter: Callable[[Any], Any]) -> None:
        self.getter = getter
        self.fset: Callable[[Any, Any], None] | None = None
        self.doc = getter.__doc__

    def setter(self, function: Callable[[Any, Any], None]) -> prop:
        self.fset = function
        return self

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else self.getter(obj)


class Object(_values.Object):
    """Base of a library's object types: `class File(Object, name="file")` with `@method` and `@prop` members.

    Hooks a type may define: `text`, `__bool__` (or `truth`), `compare`, `dump`, `clone`, `iterator`, `get_index`,
    `set_index`, `refuse_write`, `serialize_args`, `property_names`, and `call( this, *args ) -> tuple`.
    """

    __slots__ = ()
    members: dict[bytes, Any] = {}  # noqa: RUF012 - each subclass gets its own

    def __init_subclass__(cls, name: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if name is not None:
            cls.type_name = name
            TYPES[name] = cls
        cls.members = dict(cls.members)
        for key, member in list(cls.__dict__.items()):
            if isinstance(member, _Method):
                script_name = member.signature[: member.signature.index("(")].strip()
                settings = dict(member.options)
                settings["display"] = settings["display"] or f"{cls.type_name}.{script_name}"
                native = make_native(script_name, member.signature, member.body, this_kind=cls.type_name, **settings)
                setattr(cls, key, member.body)
                setattr(cls, "$" + script_name, staticmethod(native))
                setattr(cls, script_name + "$", native)
                cls.members[script_name.encode()] = native
            elif isinstance(member, prop):
                setattr(cls, "$" + key, property(member.getter, member.fset))
                cls.members[key.encode()] = member
        if cls.__dictoffset__ and "__setattr__" not in cls.__dict__:
            cls.__setattr__ = _guarded_setattr  # type: ignore[method-assign]
        if "truth" in cls.__dict__:
            cls.__bool__ = lambda self: self.truth()  # type: ignore[attr-defined]

    def own_get(self, key: Any, is_prop: bool) -> Any:
        if not is_prop:
            return self.get_index(key)
        return self._script_member(key)

    def _script_member(self, key: Any) -> Any:
        member = self.members.get(key, MISSING) if type(key) is bytes else MISSING
        return member.getter(self) if type(member) is prop else member

    def own_set(self, key: Any, value: Any, is_prop: bool) -> bool:
        if not is_prop:
            return self.set_index(key, value)
        return self._set_script_member(key, value)

    def _set_script_member(self, key: Any, value: Any) -> bool:
        member = self.members.get(key, MISSING) if type(key) is bytes else MISSING
        if member is MISSING:
            return False
        if type(member) is prop and member.fset is not None:
            member.fset(self, value)
        else:
            self.refuse_write(key)
        return True

    def get_index(self, key: Any) -> Any:
        """`obj[ key ]`: the value or MISSING; by default a text key reads the property of that name."""
        return self._script_member(key)

    def set_index(self, key: Any, value: Any) -> bool:
        """`obj[ key ] = value`: False when there is no such entry; by default writes the property of that name."""
        return self._set_script_member(key, value)

    def refuse_write(self, name: bytes) -> None:
        """Reports a write to a member that cannot be written."""
        warning(b'Writable property not found: "%b"' % name)

    def property_names(self) -> list[bytes]:
        return [key for key, member in self.members.items() if type(member) is prop]


def _guarded_setattr(self: Any, name: str, value: Any) -> None:
    # a script's direct store would otherwise make a Python attribute of any name
    if name[0] == "$":
        raise AttributeError(name)
    object.__setattr__(self, name, value)


class Iterator(Object, _values.Iterator):
    """Base of a library's iterator types: `advance() -> bool`, `data() -> (key, value)`."""

    __slots__ = ()
