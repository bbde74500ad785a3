"""Which libraries an engine has: the core at once, the others when a script includes them.

Rule of this file: a library is found by name among what is installed (entry-point group `sgscript.libraries`); those
that come with the distribution are known without asking, as that takes time at start-up.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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

CORE = (
    "conversion",
    "containers",
    "arrays",
    "dump",
    "output",
    "system",
    "serialize",
    "sgson",
    "control",
    "threads",
    "loading",
)


class Choice:
    """The libraries one engine may include.

    libraries   names or objects; None: those of the distribution that touch nothing outside, `sockets` with a network
    """

    def __init__(self, libraries: Sequence[Any] | None, network: bool = False) -> None:
        self._objects: dict[str, Any] = {}
        self._names: set[str] = set()
        if libraries is None:
            self._names = {name for name in BUILT_IN if name not in OUTSIDE and (network or "sockets" not in name)}
            return
        if isinstance(libraries, (str, bytes)):
            raise TypeError("libraries is a sequence of names and library objects")
        for item in libraries:
            if isinstance(item, str):
                if item not in BUILT_IN and item not in installed():
                    raise ValueError(f"no library {item!r}; installed are {', '.join(sorted(installed()))}")
                self._names.add(item)
            elif hasattr(item, "install") and hasattr(item, "name"):
                for name in (item.name, *getattr(item, "aliases", ())):
                    self._objects[name] = item
            else:
                raise TypeError(f"a library is a name or an object with name, aliases and install, not {item!r}")

    def find(self, name: bytes) -> Any:
        """The library object of a name a script includes, None when it has none of that name."""
        text = name.decode("utf-8", "replace")
        if text in self._objects:
            return self._objects[text]
        if text in BUILT_IN:
            module = BUILT_IN[text]
            allowed = text in self._names or any(BUILT_IN.get(other) == module for other in self._names)
            return _module(module).library if allowed else None
        for known in self._names:
            if known not in BUILT_IN:
                library = _load(known)
                if text == known or text == library.name or text in library.aliases:
                    return library
        return None

    def admit(self, name: bytes) -> bool:
        """Adds an installed library that was not named before; False when there is none of that name."""
        text = name.decode("utf-8", "replace")
        if text in BUILT_IN or text not in installed():
            return False
        self._names.add(text)
        return True

    def loaded_for(self, value: Any) -> Iterator[Any]:
        """The libraries of this engine that may know a host's value: they have `from_host( value )`."""
        for library in {id(item): item for item in self._objects.values()}.values():
            if hasattr(library, "from_host"):
                yield library
        names = {BUILT_IN[name] for name in self._names if name in BUILT_IN}
        if "sockets_module" in names and isinstance(value, _socket_type()):
            yield _module("sockets_module").library
        for name in self._names:
            if name not in BUILT_IN and hasattr(_load(name), "from_host"):
                yield _load(name)


def _module(name: str) -> Any:
    """A module by its full name, without `importlib`: start-up time counts."""
    __import__(name)
    return sys.modules[name]


def _socket_type() -> Any:
    module = sys.modules.get("socket")
    return () if module is None else module.socket


_loaded: dict[str, Any] = {}


def _load(name: str) -> Any:
    """The library behind an entry point."""
    found = _loaded.get(name)
    if found is None:
        found = _loaded[name] = installed()[name].load()
    return found


def installed() -> dict[str, Any]:
    """Entry points of all installed libraries by name; those of the distribution first."""
    from importlib.metadata import entry_points

    found: dict[str, Any] = dict.fromkeys(BUILT_IN)
    for entry in entry_points(group="sgscript.libraries"):
        if entry.name not in BUILT_IN:
            found[entry.name] = entry
    return found


_core: list[Any] | None = None


def load_core() -> list[Any]:
    """The libraries of the functions that are always there."""
    global _core
    if _core is None:
        _core = [_module(f"stdlib.core.{name}").library for name in CORE]
    return _core


def install_core(world: World) -> None:
    """The functions that are always there, and the engine's own array type."""
    core = load_core()
    from stdlib.core.arrays import METHODS, array_call

    from .runtime.shapes import array_class, set_meta
    from .runtime.values import Record, dict_set, own_keys

    for library in core:
        library.install(world)
    meta = own_keys(Record())
    for name, native in METHODS.items():
        dict_set(meta, name.encode(), native)
    dict_set(meta, b"__call", array_call)
    set_meta(meta, None, True)
    world.array_meta = meta
    world.array_type = array_class(meta)
    world.namespace["array"] = meta
    world.symbol_register(b"array", meta)
    world.natives_register({b"array." + name.encode(): native for name, native in METHODS.items()})
    from stdlib.core.loading import SEARCH_PATH

    world.namespace["SGS_PATH"] = SEARCH_PATH
