"""Values between host and scripts (chapter 12 section 3).

Rules of this file: nothing is converted by guessing: what is not in the table crosses as an opaque handle. Containers
of the host are copied, containers of scripts are shown by views; neither direction recurses on the host's stack.
"""

from __future__ import annotations

from .runtime.state import switch
from .runtime.values import Array, Map, Object, Record, Table, dict_set, map_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .engine import Engine

INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1
UNCHANGED = frozenset((bool, float, type(None)))
_CONTAINER: Any = object()  # the mark of a container to be copied


class Converter:
    """Both directions for one engine. `engine` is a weak reference: values must not keep it alive."""

    __slots__ = ("array_type", "classes", "encoding", "engine", "handles")

    def __init__(self, engine: Any, encoding: str | None) -> None:
        self.engine = engine
        self.encoding = encoding
        self.array_type: Any = None
        self.classes: dict[type, Any] = {}  # exposed host classes and the script types that stand for them
        self.handles: Any = None  # WeakValueDictionary[int, Any], made with the first one

    # --- to the host --------------------------------------------------------------------------------------------------

    def to_python(self, value: Any) -> Any:
        """A script value as the host sees it."""
        kind = type(value)
        if kind is int or kind in UNCHANGED:
            return value
        if kind is bytes:
            if self.encoding is None:
                return value
            try:
                return value.decode(self.encoding)
            except UnicodeDecodeError:
                return value
        return self._view(value)

    def _view(self, value: Any) -> Any:
        from . import views

        if isinstance(value, Object) and hasattr(value, "host_value"):
            return value.host_value()
        return views.view_of(self._owner(), value)

    def _owner(self) -> Engine:
        engine = self.engine()
        if engine is None:
            raise RuntimeError("the engine is gone")
        return engine

    # --- to the script ------------------------------------------------------------------------------------------------

    def to_script(self, value: Any) -> Any:
        """A host value as scripts see it. OverflowError beyond 64 bits, TypeError for views of another engine."""
        kind = type(value)
        if kind in UNCHANGED:
            return value
        if kind is int:
            if not INT_MIN <= value <= INT_MAX:
                raise OverflowError("int does not fit into 64 bits")
            return value
        if kind is str:
            return self.encode(value)
        if kind is bytes:
            return value
        made = self._simple(value)
        if made is not _CONTAINER:
            return made
        return self._copy(value)

    def encode(self, text: str) -> bytes:
        """A text as a script string."""
        if self.encoding is None:
            raise TypeError("with encoding=None a script string must be given as bytes, not str")
        return text.encode(self.encoding)

    def _simple(self, value: Any) -> Any:
        """Everything but containers of the host; `_CONTAINER` for those."""
        kind = type(value)
        for cls in kind.__mro__ if self.classes else ():
            if cls in self.classes:
                return self._handle(value, self.classes[cls])
        if isinstance(value, (bool, int, float, str, bytes)):
            bases: tuple[Any, ...] = (int, float, str, bytes)
            for base in bases:
                if isinstance(value, base):
                    return self.to_script(base.__getnewargs__(value)[0])
        if value is None:
            return None
        if isinstance(value, (bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, (list, tuple, dict)):
            return _CONTAINER
        from . import views

        if isinstance(value, views.BASES):
            return views.unwrap(self._owner(), value)
        found = self._from_library(value)
        if found is not None:
            return found
        if callable(value):
            from .expose import host_function

            return host_function(self, value)
        from .expose import Opaque

        return self._handle(value, Opaque)

    def _handle(self, value: Any, kind: Any) -> Any:
        """The script object for a host object, the same one as long as it lives."""
        if self.handles is None:
            from weakref import WeakValueDictionary

            self.handles = WeakValueDictionary()
        found = self.handles.get(id(value))
        if found is None or found.held is not value:
            found = self.handles[id(value)] = kind(value)
        return found

    def _from_library(self, value: Any) -> Any:
        """A value of a type that a library the engine has knows (a socket, …); None when there is none."""
        if type(value).__module__ in ("builtins", "__main__"):
            return None
        engine = self._owner()
        before = switch(engine._world.root)
        try:
            for library in engine._installed.loaded_for(value):
                made = library.from_host(value)
                if made is not None:
                    return made
            return None
        finally:
            switch(before)

    def _copy(self, value: Any) -> Any:
        """Deep copies of list, tuple and dict, with their cycles and sharing."""
        made: dict[int, Any] = {}
        pending: list[tuple[Any, Any]] = []

        def convert(item: Any) -> Any:
            kind = type(item)
            if kind is str:
                return self.encode(item)
            if kind is int or kind in UNCHANGED or not isinstance(item, (list, tuple, dict)):
                return self.to_script(item)
            known = made.get(id(item))
            if known is None:
                known = self._simple(item)
                if known is _CONTAINER:
                    if not isinstance(item, dict):
                        known = self.array_type()
                    elif all(isinstance(key, (str, bytes)) for key in item):
                        known = Table()
                    else:
                        known = Map()
                    pending.append((item, known))
                made[id(item)] = known
            return known

        result = convert(value)
        while pending:
            source, target = pending.pop()
            if isinstance(target, Array):
                target.extend([convert(item) for item in source])
            elif isinstance(target, Table):
                for key, item in source.items():
                    dict_set(target, key if type(key) is bytes else self.to_script(key), convert(item))
            else:
                for key, item in source.items():
                    map_set(target, convert(key), convert(item))
        return result


def is_class(value: Any) -> bool:
    """Whether a script value is what a `class` statement makes."""
    if isinstance(value, Record):
        own = value.__dict__
        return "$__name" in own and "$__inherit" in own
    return isinstance(value, Table) and b"__name" in value and b"__inherit" in value


__all__ = ["Converter", "is_class"]
