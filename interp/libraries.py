"""Which libraries an engine has: the core at once, the others when a script includes them.

Rule of this file: a library is found by name among what is installed (entry-point group `sgscript.libraries`); those
that come with the distribution are known without asking, as that takes time at start-up.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .runtime.state import World

# name -> module of the libraries that come with the distribution; the same as their entry points
BUILT_IN = {
    "string": "stdlib.string",
    "fmt": "stdlib.fmt",
    "re": "stdlib.re",
    "math": "stdlib.math",
    "io": "stdlib.io",
    "os": "stdlib.os",
    "json": "stdlib.json",
    "sgsjson": "stdlib.json",
    "sockets": "sockets_module",
    "sgssockets": "sockets_module",
}
OUTSIDE = frozenset(("io", "os"))

CORE = ("conversion", "containers", "arrays", "dump", "output", "system", "serialize", "sgson", "control", "threads", "loading")


class Choice:
    """The libraries one engine may include."""

    def __init__(self, libraries: Sequence[Any] | None) -> None:
        self._objects: dict[str, Any] = {}
        self._names: set[str] | None = None
        if libraries is None:
            self._names = set(BUILT_IN) - OUTSIDE
            return
        self._names = set()
        for item in libraries:
            if isinstance(item, str):
                if item not in BUILT_IN and item not in installed():
                    raise ValueError(f"no library {item!r}; installed are {', '.join(sorted(installed()))}")
                self._names.add(item)
            else:
                for name in (item.name, *item.aliases):
                    self._objects[name] = item

    def find(self, name: bytes) -> Any:
        """The library object of a name a script includes, None when it has none of that name."""
        text = name.decode("utf-8", "replace")
        if text in self._objects:
            return self._objects[text]
        if self._names is None or not self._allowed(text):
            return None
        if text in BUILT_IN:
            return importlib.import_module(BUILT_IN[text]).library
        entry = installed().get(text)
        return None if entry is None else entry.load()

    def _allowed(self, text: str) -> bool:
        assert self._names is not None
        if text in self._names:
            return True
        module = BUILT_IN.get(text)
        return module is not None and any(BUILT_IN.get(name) == module for name in self._names)


def installed() -> dict[str, Any]:
    """Entry points of all installed libraries by name; those of the distribution first."""
    from importlib.metadata import entry_points

    found: dict[str, Any] = dict.fromkeys(BUILT_IN)
    for entry in entry_points(group="sgscript.libraries"):
        if entry.name not in BUILT_IN:
            found[entry.name] = entry
    return found


_core: list[Any] | None = None


def install_core(world: World) -> None:
    """The functions that are always there, and the engine's own array type."""
    global _core
    if _core is None:
        _core = [importlib.import_module(f"stdlib.core.{name}").library for name in CORE]
    from stdlib.core.arrays import METHODS, array_call

    from .runtime.values import Record, array_class, dict_set, set_meta

    for library in _core:
        library.install(world)
    meta = Record()
    for name, native in METHODS.items():
        dict_set(meta, name.encode(), native)
    dict_set(meta, b"__call", array_call)
    set_meta(meta, None, True)
    world.array_meta = meta
    world.array_type = array_class(meta)
    world.namespace["array"] = meta
    world.namespace["$N_push"] = METHODS["push"]
    world.symbol_register(b"array", meta)
    for name, native in METHODS.items():
        world.symbol_register(b"array." + name.encode(), native)
    from stdlib.core.loading import SEARCH_PATH

    world.namespace["SGS_PATH"] = SEARCH_PATH
