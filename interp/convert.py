"""Values between host and scripts (chapter 12 section 3)."""

from __future__ import annotations

from .runtime import environment, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .engine import Engine


def to_python(engine: Engine, value: Any) -> Any:
    """A script value as the host sees it."""
    if type(value) is bytes and engine.encoding is not None:
        try:
            return value.decode(engine.encoding)
        except UnicodeDecodeError:
            return value
    return value


def to_script(engine: Engine, value: Any) -> Any:
    """A host value as scripts see it."""
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return value
    if isinstance(value, str):
        if engine.encoding is None:
            raise TypeError("strings must be bytes when the engine has no encoding")
        return value.encode(engine.encoding)
    if isinstance(value, (list, tuple)):
        return engine._world.array_type([to_script(engine, item) for item in value])
    if isinstance(value, dict):
        return values.Table((to_script(engine, key), to_script(engine, item)) for key, item in value.items())
    return value


class Globals:
    """The script globals as a mapping of names to host values."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getitem__(self, name: str) -> Any:
        value = environment.global_get(self._engine._world, name.encode())
        if value is values.MISSING:
            raise KeyError(name)
        return to_python(self._engine, value)

    def __setitem__(self, name: str, value: Any) -> None:
        self._engine._world.namespace[environment.python_name(name.encode())] = to_script(self._engine, value)
