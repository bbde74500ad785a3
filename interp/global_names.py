"""The script globals as the host sees them: `engine.globals` (chapter 12).

Rule of this file: names cross as the language has them (no name of the runtime, which all hold a `$`, is one), values
as `convert` says.
"""

from __future__ import annotations

from _collections_abc import MutableMapping
from _weakref import ref

from .runtime import environment, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .engine import Engine


class Globals(MutableMapping):  # type: ignore[type-arg] # subscribing costs start-up time
    """The script globals as a mapping of names to host values: `engine.globals`."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = ref(engine)

    def _owner(self) -> Engine:
        engine = self._engine()
        if engine is None:
            raise RuntimeError("the engine is gone")
        return engine

    @staticmethod
    def _name(name: object) -> bytes:
        if isinstance(name, str):
            name = name.encode()
        if not isinstance(name, bytes) or b"$" in name:
            raise KeyError(name)
        return name

    def __getitem__(self, name: str) -> Any:
        engine = self._owner()
        value = environment.global_get(engine._world, self._name(name))
        if value is values.MISSING:
            raise KeyError(name)
        return engine._convert.to_python(value)

    def __setitem__(self, name: str, value: Any) -> None:
        engine = self._owner()
        engine._check_idle()
        key = environment.python_name(self._name(name))
        engine._world.need((key,))
        engine._world.namespace[key] = engine._convert.to_script(value)

    def __delitem__(self, name: str) -> None:
        engine = self._owner()
        engine._check_idle()
        if name not in self:
            raise KeyError(name)
        environment.forget(engine._world)
        del engine._world.namespace[environment.python_name(self._name(name))]

    def __contains__(self, name: object) -> bool:
        try:
            return environment.global_get(self._owner()._world, self._name(name)) is not values.MISSING
        except KeyError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter([name.decode("utf-8", "replace") for name, _ in environment.global_items(self._owner()._world)])

    def __len__(self) -> int:
        return len(environment.global_items(self._owner()._world))

    def __repr__(self) -> str:
        return f"<Globals of {len(self)} names>"
